#pragma once
#include <cstdint>
#include <functional>
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
  /// True for an initializer or a Constant node's result.
  [[nodiscard]] bool is_stored(ir::TensorId id) const;
  [[nodiscard]] Finding finding(std::size_t n, std::string what) const;
  /// Tensors that bodies of control flow take from the model's own graph, once for each body.
  void each_captured(const std::function<void(ir::TensorId)>& visit) const;
  /// Those that the bodies of one node take.
  void each_captured(std::size_t n, const std::function<void(ir::TensorId)>& visit) const;

 private:
  const infer::TypedGraph& graph_;
  std::vector<ir::NodeId> walked_;
  std::unordered_map<std::string_view, ir::TensorId> names_ = {};  ///< filled where bodies are
};

/// Refuses picked nodes that hold weights but are not the model's own.
void refuse_inner_nodes(const infer::TypedGraph& graph, const infer::Selection& selection,
                        Outcome& outcome);
/// Errors that only the graph after a change has, in order.
[[nodiscard]] std::vector<Diagnostic> new_errors(const infer::TypedGraph& before,
                                                 const infer::TypedGraph& after);
/// Refuses nodes that the change of an input's size broke, and names the constants that only fit
/// the old one.
void refuse_broken(const OwnNodes& own, const infer::TypedGraph& after, Outcome& outcome);

/// True for an integer attribute that is given and not 0.
[[nodiscard]] bool has_flag(const ir::Node& node, std::string_view name);
/// A named attribute of a node, replaced or added.
void set_attribute(ir::Node& node, std::string_view name, ir::Attribute::Value value);
void erase_attributes(ir::Node& node, std::initializer_list<std::string_view> names);
/// Leaves a convolution a kernel of one tap, without stride, padding, dilation and groups.
void make_pointwise(ir::Node& conv);

/// A copy of a model in which nodes are inserted, replaced and removed. Nodes are named by their
/// index before the change; all other ids stay valid.
class Edit {
 public:
  explicit Edit(ir::Model model);

  [[nodiscard]] ir::Graph& graph() { return model_.graph; }
  [[nodiscard]] ir::Node& node(std::size_t n) { return model_.graph.nodes[n]; }
  /// `name`, or that with a number behind it if the model has a tensor of that name.
  [[nodiscard]] ir::TensorId add_constant(const std::string& name, ir::DType dtype, ir::Shape dims,
                                          std::optional<ir::SmallValue> value = std::nullopt);
  /// A node in front of node n, behind what was inserted there before: called "<name of n>/<part>",
  /// it reads `input` and new weights. Valid until the next is inserted.
  ir::Node& insert_layer(std::size_t n, std::string_view part, std::string_view op_type,
                         ir::TensorId input, ir::DType dtype, ir::Shape weights);
  /// Lets node n read `input` and new weights; further operands stay.
  void replace_operands(std::size_t n, ir::TensorId input, ir::DType dtype, ir::Shape weights);
  /// Adds a constant "<name of n>/<part>" behind the operands of node n.
  void add_operand(std::size_t n, std::string_view part, ir::DType dtype, ir::Shape dims);
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
