#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "roofline/infer/infer.hpp"
#include "roofline/ops/op_context.hpp"

namespace roofline::infer {

using Opsets = std::vector<std::pair<std::string, int>>;

/// Types and prices the nodes of the graph that runs, one at a time, in order.
class Walk {
 public:
  /// `graph` is what runs: it may grow while the walk goes on.
  Walk(const ir::Model& model, const Bindings& bindings, const ir::Graph& graph);

  /// Makes room for tensors and nodes that were added to the graph, or forgets removed ones.
  void resize();
  /// Types node n's results and costs it. `opsets` are the imports that apply to it.
  void visit(ir::NodeId n, const Opsets& opsets);
  /// Completes a type by what the model declares for the tensor and by what the user pins.
  void complete(const ir::Tensor& tensor, const std::string& name, ir::NodeId reporter,
                ir::TensorType& type);
  /// Sums parameters and weights: call once, at the end.
  void count_weights();

  /// Runs `rule`; a RuleError becomes an error diagnostic of node n. False if there was one.
  template <class Rule>
  bool guarded(ir::NodeId n, Rule rule) {
    try {
      rule();
      return true;
    } catch (const RuleError& e) {
      add(Severity::kError, e.code(), e.what(), e.hint(), n);
    } catch (const OverflowError&) {
      add(Severity::kError, "overflow", "a size or count of this node exceeds 2^63-1",
          "check the dimensions given by --dim and --shape, and the model's constants", n);
    }
    return false;
  }
  void add(Severity severity, std::string code, std::string message, std::string hint,
           ir::NodeId n);
  int opset_of(const std::string& domain, const Opsets& opsets);

  TypedGraph typed;
  /// Initializers and results of Constant nodes: what the model stores.
  std::vector<bool> declares_constant = {};

 private:
  bool infer_types(ir::NodeId n, ops::OpContext& ctx, const NodeCost& cost);
  void infer_bounds(const ir::Node& node, const NodeCost& cost);
  void store_results(ir::NodeId n);
  void merge_declared(const ir::Tensor& tensor, const std::string& name, ir::TensorType& type,
                      ir::NodeId n);
  void bind_derived(const ir::Tensor& tensor, const ir::TensorType& type, ir::NodeId n);
  void price(ir::NodeId n, const ops::OpContext& ctx, NodeCost& cost);
  void mark_constants(const ir::Node& node, const NodeCost& cost);
  void count_weight(const ir::Node& node, const ops::Access& access);
  void report_missing_row(ir::NodeId n);
  [[nodiscard]] ir::TensorId root(ir::TensorId id) const;

  static constexpr std::uint8_t kBytes = 1;
  static constexpr std::uint8_t kParameter = 2;

  const Bindings& bindings_;
  const ir::Graph& graph_;
  /// The stored tensor that a view of a weight is taken from, or the tensor itself.
  std::vector<ir::TensorId> viewed_ = {};
  std::vector<std::uint8_t> counted_ = {};
  std::vector<const ir::TensorType*> inputs_ = {};  // scratch of visit()
  std::vector<ir::TensorType> outputs_ = {};        // scratch of visit()
  /// Symbols that no input has: their size, and the tensor it was inferred for first.
  std::map<std::string, std::pair<std::int64_t, std::string>> derived_ = {};
  std::map<std::string, ir::NodeId> missing_ops_ = {};
  std::map<std::string, ir::NodeId> missing_domains_ = {};
};

}  // namespace roofline::infer
