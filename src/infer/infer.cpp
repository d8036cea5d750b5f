// Owns the walk: node by node in order, types in, types and costs out.
// Refuses to stop at a broken node: it becomes a diagnostic, its results what the model declares.
#include "roofline/infer/infer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bind.hpp"
#include "cost.hpp"
#include "roofline/ops/op_context.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::infer {
namespace {

class Walk {
 public:
  Walk(const ir::Model& model, const Bindings& bindings) : model_(model), bindings_(bindings) {
    graph_.model = &model;
    graph_.types.resize(model.graph.tensors.size());
    graph_.is_constant.resize(model.graph.tensors.size());
    graph_.costs.resize(model.graph.nodes.size());
    declares_constant_.resize(model.graph.tensors.size());
    counted_.resize(model.graph.tensors.size());
  }

  TypedGraph run() {
    bind_inputs(bindings_, graph_);
    for (std::size_t i = 0; i < model_.graph.tensors.size(); ++i) {
      const bool constant = model_.graph.tensors[i].constant.has_value();
      graph_.is_constant[i] = constant;
      declares_constant_[i] = constant;
    }
    for (std::size_t i = 0; i < model_.graph.nodes.size(); ++i) {
      visit(static_cast<ir::NodeId>(i));
    }
    return std::move(graph_);
  }

 private:
  void visit(ir::NodeId index) {
    const ir::Node& node = model_.graph.nodes[static_cast<std::size_t>(index)];
    NodeCost& cost = graph_.costs[static_cast<std::size_t>(index)];
    cost.opset = opset_of(node);
    cost.spec = ops::find_op(node.domain, node.op_type, cost.opset);
    inputs_.clear();
    for (const ir::TensorId id : node.inputs) {
      inputs_.push_back(id == ir::kNoTensor ? nullptr
                                            : &graph_.types[static_cast<std::size_t>(id)]);
    }
    outputs_.assign(node.outputs.size(), {});
    ops::OpContext ctx(node, cost.opset, inputs_, outputs_);
    const bool sound = infer_types(index, ctx, cost);
    store_results(node, index);
    if (!sound) cost.spec = nullptr;
    // The rules read results through `ctx`: give them the types that pins and declarations
    // completed.
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != ir::kNoTensor) {
        outputs_[i] = graph_.types[static_cast<std::size_t>(node.outputs[i])];
      }
    }
    price(index, ctx, cost);
  }

  /// False when the node broke the specification (then a diagnostic says how).
  bool infer_types(ir::NodeId index, ops::OpContext& ctx, const NodeCost& cost) {
    if (!cost.spec) {
      report_missing_row(index);
      return true;
    }
    return guarded(index, [&] {
      check_arity(ctx.node(), *cost.spec);
      cost.spec->infer(ctx);
    });
  }

  void price(ir::NodeId index, const ops::OpContext& ctx, NodeCost& cost) {
    const ir::Node& node = ctx.node();
    mark_constants(node, cost);
    if (!guarded(index, [&] { cost_node(node, ctx, declares_constant_, graph_, cost); })) {
      cost.confidence = ops::Confidence::kUnknown;
      cost.bytes_known = false;
      return;
    }
    for (const ops::Access& access : cost.accesses) count_weight(node, access);
  }

  template <class Rule>
  bool guarded(ir::NodeId index, Rule rule) {
    try {
      rule();
      return true;
    } catch (const RuleError& e) {
      add(Severity::kError, e.code(), e.what(), e.hint(), index);
    } catch (const OverflowError&) {
      add(Severity::kError, "overflow", "a size or count of this node exceeds 2^63-1",
          "check the dimensions given by --dim and --shape, and the model's constants", index);
    }
    return false;
  }

  static void check_arity(const ir::Node& node, const ops::OpSpec& spec) {
    const auto check = [](std::string_view what, std::size_t count, int low, int high) {
      const auto n = static_cast<std::int64_t>(count);
      if (n >= low && n <= high) return;
      const std::string expected = high == ops::kMany ? fmt::format("at least {}", low)
                                   : low == high      ? fmt::format("{}", low)
                                                      : fmt::format("{} to {}", low, high);
      throw RuleError("bad-arity", fmt::format("{} {} given, expected {}", n, what, expected));
    };
    check(node.inputs.size() == 1 ? "input" : "inputs", node.inputs.size(), spec.arity.min_inputs,
          spec.arity.max_inputs);
    check(node.outputs.size() == 1 ? "output" : "outputs", node.outputs.size(),
          spec.arity.min_outputs, spec.arity.max_outputs);
    const bool variadic = spec.arity.max_inputs == ops::kMany;
    const std::size_t required =
        variadic ? node.inputs.size() : static_cast<std::size_t>(spec.arity.min_inputs);
    for (std::size_t i = 0; i < required; ++i) {
      if (node.inputs[i] == ir::kNoTensor) {
        throw RuleError("missing-input", fmt::format("input {} is required but left out", i));
      }
    }
  }

  /// Completes inferred results by what the model declares, then by what the user pins.
  void store_results(const ir::Node& node, ir::NodeId index) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == ir::kNoTensor) continue;
      const ir::Tensor& tensor = model_.graph.tensors[static_cast<std::size_t>(node.outputs[i])];
      ir::TensorType& type = outputs_[i];
      if (type.dtype == ir::DType::kUndefined) type.dtype = tensor.dtype;
      if (tensor.declared) merge_declared(tensor, type, index);
      apply_pins(bindings_, tensor.name, type);
      graph_.types[static_cast<std::size_t>(node.outputs[i])] = std::move(type);
    }
  }

  void merge_declared(const ir::Tensor& tensor, ir::TensorType& type, ir::NodeId index) {
    const ir::Shape declared = resolve(*tensor.declared, graph_.dims);
    if (!type.shape) {
      type.shape = declared;
      return;
    }
    bool stale = type.shape->size() != declared.size();
    for (std::size_t axis = 0; !stale && axis < declared.size(); ++axis) {
      std::int64_t& size = (*type.shape)[axis];
      if (size == ir::kUnknownDim)
        size = declared[axis];
      else
        stale = declared[axis] != ir::kUnknownDim && declared[axis] != size;
    }
    if (stale) {
      add(Severity::kWarning, "stale-value-info",
          fmt::format("the model declares '{}' as {}, its operators make it {}", tensor.name,
                      ir::to_string(declared), ir::to_string(*type.shape)),
          "", index);
    }
  }

  /// A result is constant when all operands are, and the operator draws no random numbers.
  void mark_constants(const ir::Node& node, const NodeCost& cost) {
    if (!cost.spec || cost.spec->cls == ops::OpClass::kRandom) return;
    const bool constant = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) {
      return id == ir::kNoTensor || graph_.is_constant[static_cast<std::size_t>(id)];
    });
    if (!constant) return;
    for (const ir::TensorId id : node.outputs) {
      if (id == ir::kNoTensor) continue;
      graph_.is_constant[static_cast<std::size_t>(id)] = true;
      // Without operands the tensor comes from an attribute: the model stores it.
      declares_constant_[static_cast<std::size_t>(id)] = node.inputs.empty();
    }
  }

  /// Adds a constant to the model's parameters and weight bytes the first time it is read.
  void count_weight(const ir::Node& node, const ops::Access& access) {
    if (access.is_output()) return;
    const auto id = static_cast<std::size_t>(node.inputs[static_cast<std::size_t>(access.index())]);
    if (!declares_constant_[id]) return;
    const ir::TensorType& type = graph_.types[id];
    if (!(counted_[id] & kBytes)) {
      counted_[id] |= kBytes;
      graph_.weight_bytes += type.bytes().value_or(0);
    }
    if (!(counted_[id] & kParameter) && is_parameter(node, access, declares_constant_, graph_)) {
      counted_[id] |= kParameter;
      graph_.parameters += type.elements().value_or(0);
    }
  }

  int opset_of(const ir::Node& node) {
    if (const std::optional<int> version = model_.opset(node.domain)) return *version;
    if (missing_domains_.insert(node.domain).second) {
      graph_.diagnostics.push_back(
          {.severity = Severity::kWarning,
           .code = "domain-not-imported",
           .message =
               fmt::format("operators of domain '{}' are used, but the model does not import "
                           "it: version 1 assumed",
                           node.domain),
           .hint = "add the domain to the model's opset_import",
           .location = model_.path});
    }
    return 1;
  }

  void report_missing_row(ir::NodeId index) {
    const ir::Node& node = model_.graph.nodes[static_cast<std::size_t>(index)];
    const std::string name = node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
    if (!missing_ops_.insert(name).second) return;
    add(Severity::kWarning, "unknown-op",
        fmt::format("operator {} is not in the table: its bytes are counted, its work is not",
                    name),
        "the sums are lower bounds", index);
  }

  void add(Severity severity, std::string code, std::string message, std::string hint,
           ir::NodeId index) {
    graph_.diagnostics.push_back({.severity = severity,
                                  .code = std::move(code),
                                  .message = std::move(message),
                                  .hint = std::move(hint),
                                  .location = node_location(model_, index),
                                  .node_id = std::to_string(index)});
  }

  static constexpr std::uint8_t kBytes = 1;
  static constexpr std::uint8_t kParameter = 2;

  const ir::Model& model_;
  const Bindings& bindings_;
  TypedGraph graph_ = {};
  std::vector<bool> declares_constant_ = {};
  std::vector<std::uint8_t> counted_ = {};
  std::vector<const ir::TensorType*> inputs_ = {};  // scratch of visit()
  std::vector<ir::TensorType> outputs_ = {};        // scratch of visit()
  std::set<std::string> missing_domains_ = {};
  std::set<std::string> missing_ops_ = {};
};

}  // namespace

TypedGraph infer(const ir::Model& model, const Bindings& bindings) {
  return Walk(model, bindings).run();
}

}  // namespace roofline::infer
