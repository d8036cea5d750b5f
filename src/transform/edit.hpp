#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "roofline/infer/selection.hpp"

namespace roofline::transform {

/// The nodes of the model's own graph as the walk saw them. Nodes in functions and bodies of
/// control flow are none of them: they may run at several places.
class OwnNodes {
 public:
  explicit OwnNodes(const infer::TypedGraph& graph);

  [[nodiscard]] const infer::TypedGraph& graph() const { return graph_; }
  [[nodiscard]] const std::vector<ir::Node>& nodes() const { return graph_.model->graph.nodes; }
  [[nodiscard]] std::size_t size() const { return walked_.size(); }
  /// The node's id in graph(); kNoNode for calls of functions and for control flow.
  [[nodiscard]] ir::NodeId walked(std::size_t n) const { return walked_[n]; }
  /// nullptr where the operator is not known or the node is broken.
  [[nodiscard]] const ops::OpSpec* spec(std::size_t n) const;
  [[nodiscard]] int opset(std::size_t n) const;
  [[nodiscard]] const ir::TensorType& type(ir::TensorId id) const {
    return graph_.types[static_cast<std::size_t>(id)];
  }
  /// Type of operand i, nullptr where it is left out.
  [[nodiscard]] const ir::TensorType* input(std::size_t n, std::size_t i) const;
  /// Shape of operand i, nullptr where it is left out or not known.
  [[nodiscard]] const ir::Shape* input_shape(std::size_t n, std::size_t i) const;
  /// Shape of the first result, nullptr where it is left out or not known.
  [[nodiscard]] const ir::Shape* result_shape(std::size_t n) const;
  /// True for an operand that is an initializer or a Constant node's result.
  [[nodiscard]] bool has_stored_input(std::size_t n, std::size_t i) const;
  [[nodiscard]] Finding finding(std::size_t n, std::string what) const;

 private:
  const infer::TypedGraph& graph_;
  std::vector<ir::NodeId> walked_;
};

/// Refuses picked nodes that hold weights but are not the model's own.
void refuse_inner_nodes(const infer::TypedGraph& graph, const infer::Selection& selection,
                        Outcome& outcome);
/// "1 node", "3 nodes".
[[nodiscard]] std::string count_of(std::int64_t count, std::string_view what);

/// A named attribute of a node, replaced or added.
void set_attribute(ir::Node& node, std::string_view name, ir::Attribute::Value value);
void erase_attributes(ir::Node& node, std::initializer_list<std::string_view> names);

/// A copy of a model in which nodes are inserted, replaced and removed. Nodes are named by their
/// index before the change; all other ids stay valid.
class Edit {
 public:
  explicit Edit(ir::Model model);

  [[nodiscard]] ir::Graph& graph() { return model_.graph; }
  [[nodiscard]] ir::Node& node(std::size_t n) { return model_.graph.nodes[n]; }
  /// `name`, or that with a number behind it if the model has a tensor of that name.
  [[nodiscard]] ir::TensorId add_constant(const std::string& name, ir::DType dtype,
                                          ir::Shape dims,
                                          std::optional<ir::SmallValue> value = std::nullopt);
  [[nodiscard]] ir::TensorId add_result(const std::string& name, ir::DType dtype);
  /// In front of node n, behind what was inserted there before.
  void insert(std::size_t n, ir::Node node) { inserted_.emplace_back(n, std::move(node)); }
  void remove(std::size_t n) { is_removed_[n] = true; }
  /// The model with nodes in order and producers set.
  [[nodiscard]] ir::Model finish() &&;

 private:
  ir::TensorId add_tensor(const std::string& name);

  ir::Model model_;
  std::vector<std::pair<std::size_t, ir::Node>> inserted_ = {};
  std::vector<bool> is_removed_;
  std::unordered_map<std::string, int> names_ = {};  ///< and how often each was asked for
};

}  // namespace roofline::transform
