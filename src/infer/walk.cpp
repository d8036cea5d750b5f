// Owns the typing and pricing of one node after the other: types in, types and costs out.
// Refuses to stop at a broken node: it becomes a diagnostic, its results what the model declares.
#include "walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "bind.hpp"
#include "cost.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::infer {
namespace {

using ir::at;

bool has_limits(const ir::TensorType& type) {
  return type.value_bound || (type.bound && !type.has_exact_shape());
}

/// Negative elements have no upper limit that carries over; what is known exactly (the -1 of a
/// Reshape) needs none.
bool is_limit(const ir::SmallValue& limit, const std::optional<ir::SmallValue>& exact) {
  if (!ir::is_known(limit)) return false;
  return std::visit(
      [&](const auto& list) {
        const auto* known = exact ? std::get_if<std::decay_t<decltype(list)>>(&*exact) : nullptr;
        for (std::size_t i = 0; i < list.size(); ++i) {
          const bool is_exact = known && i < known->size() && (*known)[i] == list[i];
          if (list[i] < 0 && !is_exact) return false;
        }
        return true;
      },
      limit);
}

/// False for limits beyond what any machine holds: they tell nothing, and sums of them overflow.
bool is_useful(const ir::Shape& limits) {
  constexpr double kMost = 1e12;  // elements
  double elements = 1;
  for (const std::int64_t size : limits) elements *= static_cast<double>(size);
  return elements <= kMost;
}

/// The type with upper limits in place of sizes and, if wanted, elements that data decide.
ir::TensorType limits_of(const ir::TensorType& type, bool with_elements) {
  ir::TensorType limits = type;
  if (type.bound && !type.has_exact_shape()) limits.shape = type.bound;
  if (type.value_bound && with_elements) limits.value = type.value_bound;
  return limits;
}

/// Operands whose elements may be limits: those that a row names, or what is only rearranged.
bool grows_with(const ops::OpSpec& spec, std::size_t operand) {
  if (operand >= 32) return spec.grows_with == ops::kEveryOperand;
  const bool rearranges = spec.cls == ops::OpClass::kView || spec.cls == ops::OpClass::kMovement;
  const std::uint32_t operands = spec.grows_with != 0 ? spec.grows_with : rearranges ? 1U : 0U;
  return (operands >> operand & 1U) != 0;
}

void check_arity(const ir::Node& node, const ops::OpSpec& spec) {
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

/// Copies of the node's types with limits in place of sizes that data decide.
struct Limits {
  std::vector<ir::TensorType> inputs = {};
  std::vector<const ir::TensorType*> pointers = {};
  std::vector<ir::TensorType> outputs = {};

  Limits(const ops::OpSpec* spec, const std::vector<const ir::TensorType*>& exact_inputs,
         const std::vector<ir::TensorType>& exact_outputs) {
    inputs.reserve(exact_inputs.size());
    for (const ir::TensorType* type : exact_inputs) {
      const bool with_elements = spec && grows_with(*spec, inputs.size());
      inputs.push_back(type ? limits_of(*type, with_elements) : ir::TensorType{});
      pointers.push_back(type ? &inputs.back() : nullptr);
    }
    for (const ir::TensorType& type : exact_outputs) outputs.push_back(limits_of(type, false));
  }
};

}  // namespace

Walk::Walk(const ir::Model& model, const Bindings& bindings, const ir::Graph& graph)
    : bindings_(bindings), graph_(graph) {
  typed.model = &model;
  resize();
}

void Walk::resize() {
  const std::size_t tensors = graph_.tensors.size();
  const std::size_t nodes = graph_.nodes.size();
  const auto forget = [nodes](std::map<std::string, ir::NodeId>& seen) {
    std::erase_if(seen, [nodes](const auto& entry) { return at(entry.second) >= nodes; });
  };
  if (nodes < typed.costs.size()) {
    forget(missing_ops_);
    forget(missing_domains_);
  }
  typed.types.resize(tensors);
  typed.is_constant.resize(tensors);
  declares_constant.resize(tensors);
  typed.costs.resize(nodes);
  const std::size_t known = std::min(viewed_.size(), tensors);
  viewed_.resize(tensors);
  std::iota(viewed_.begin() + static_cast<std::ptrdiff_t>(known), viewed_.end(),
            static_cast<ir::TensorId>(known));
}

void Walk::visit(ir::NodeId n, const Opsets& opsets) {
  const ir::Node& node = graph_.nodes[at(n)];
  NodeCost& cost = typed.costs[at(n)];
  cost.opset = opset_of(node.domain, opsets);
  cost.spec = ops::find_op(node.domain, node.op_type, cost.opset);
  inputs_.clear();
  for (const ir::TensorId id : node.inputs) {
    inputs_.push_back(id == ir::kNoTensor ? nullptr : &typed.types[at(id)]);
  }
  outputs_.assign(node.outputs.size(), {});
  ops::OpContext ctx(node, cost.opset, inputs_, outputs_);
  const bool sound = infer_types(n, ctx, cost);
  store_results(n);
  if (!sound) cost.spec = nullptr;
  // The rules read results through `ctx`: give them the types that pins and declarations completed.
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != ir::kNoTensor) outputs_[i] = typed.types[at(node.outputs[i])];
  }
  price(n, ctx, cost);
}

/// False when the node broke the specification (then a diagnostic says how).
bool Walk::infer_types(ir::NodeId n, ops::OpContext& ctx, const NodeCost& cost) {
  if (!cost.spec) {
    report_missing_row(n);
    return true;
  }
  return guarded(n, [&] {
    check_arity(ctx.node(), *cost.spec);
    cost.spec->infer(ctx);
    infer_bounds(ctx.node(), cost);
  });
}

/// Sizes that follow from sizes with upper limits have upper limits themselves: the same rule finds
/// them.
void Walk::infer_bounds(const ir::Node& node, const NodeCost& cost) {
  const auto limited = [](const ir::TensorType* type) { return type && has_limits(*type); };
  if (std::none_of(inputs_.begin(), inputs_.end(), limited)) return;
  Limits limits(cost.spec, inputs_, std::vector<ir::TensorType>(outputs_.size()));
  try {
    ops::OpContext ctx(node, cost.opset, limits.pointers, limits.outputs);
    cost.spec->infer(ctx);
  } catch (const RuleError&) {
    return;  // limits of different operands need not fit each other
  } catch (const OverflowError&) {
    return;
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const ir::TensorType& limit = limits.outputs[i];
    const bool knows_value = outputs_[i].value && ir::is_known(*outputs_[i].value);
    if (!knows_value && limit.value && is_limit(*limit.value, outputs_[i].value)) {
      outputs_[i].value_bound = limit.value;
    }
    if (outputs_[i].has_exact_shape()) continue;
    outputs_[i].bound = limit.has_exact_shape() ? limit.shape : limit.bound;
  }
}

/// Completes inferred results by what the model declares, then by what the user pins.
void Walk::store_results(ir::NodeId n) {
  const ir::Node& node = graph_.nodes[at(n)];
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == ir::kNoTensor) continue;
    const ir::Tensor& tensor = graph_.tensors[at(node.outputs[i])];
    complete(tensor, tensor.name, n, outputs_[i]);
    if (tensor.declared) bind_derived(tensor, outputs_[i], n);
    typed.types[at(node.outputs[i])] = std::move(outputs_[i]);
  }
}

void Walk::complete(const ir::Tensor& tensor, const std::string& name, ir::NodeId reporter,
                    ir::TensorType& type) {
  if (type.dtype == ir::DType::kUndefined) type.dtype = tensor.dtype;
  if (type.kind == ir::ValueKind::kTensor) {
    if (tensor.kind != type.kind && !type.shape) type.kind = tensor.kind;
    if (tensor.declared && tensor.kind == type.kind) merge_declared(tensor, name, type, reporter);
  }
  apply_pins(bindings_, name, type);
  if (type.bound && (type.has_exact_shape() || !is_useful(*type.bound))) type.bound.reset();
  if (type.value && ir::is_known(*type.value)) type.value_bound.reset();
  know_empty(type);
}

void Walk::merge_declared(const ir::Tensor& tensor, const std::string& name, ir::TensorType& type,
                          ir::NodeId n) {
  const ir::Shape declared = resolve(*tensor.declared, typed.dims);
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
        fmt::format("the model declares '{}' as {}, its operators make it {}", name,
                    ir::to_string(declared), ir::to_string(*type.shape)),
        "", n);
  }
}

/// A symbol that no input declares takes the size that inference finds first, and keeps it.
void Walk::bind_derived(const ir::Tensor& tensor, const ir::TensorType& type, ir::NodeId n) {
  if (typed.costs[at(n)].scope != 0 || !type.shape ||
      type.shape->size() != tensor.declared->size()) {
    return;
  }
  for (std::size_t axis = 0; axis < type.shape->size(); ++axis) {
    const std::string& symbol = (*tensor.declared)[axis].symbol;
    const std::int64_t size = (*type.shape)[axis];
    if (symbol.empty() || size == ir::kUnknownDim || typed.dims.contains(symbol)) continue;
    const auto& [first_size, first] =
        derived_.emplace(symbol, std::pair(size, tensor.name)).first->second;
    if (first_size == size) continue;
    add(Severity::kWarning, "dim-conflict",
        fmt::format("dimension '{}' is {} in '{}', but {} in axis {} of '{}'", symbol, first_size,
                    first, size, axis, tensor.name),
        "equal symbols should stand for equal sizes", n);
  }
}

void Walk::price(ir::NodeId n, const ops::OpContext& ctx, NodeCost& cost) {
  const ir::Node& node = ctx.node();
  mark_constants(node, cost);
  const auto inexact = [](const ir::TensorType& type) {
    return type.bound && !type.has_exact_shape();
  };
  const bool approximate =
      std::any_of(inputs_.begin(), inputs_.end(),
                  [&](const ir::TensorType* type) { return type && inexact(*type); }) ||
      std::any_of(outputs_.begin(), outputs_.end(), inexact);
  const bool priced = guarded(n, [&] {
    if (!approximate) return cost_node(node, ctx, declares_constant, typed, cost);
    Limits limits(cost.spec, inputs_, outputs_);
    const ops::OpContext at_most(node, cost.opset, limits.pointers, limits.outputs);
    cost_node(node, at_most, declares_constant, typed, cost);
    if (cost.confidence == ops::Confidence::kExact) {
      cost.confidence = ops::Confidence::kApproximate;
    }
  });
  if (priced) return;
  cost = {.spec = cost.spec, .opset = cost.opset, .scope = cost.scope, .index = cost.index};
}

/// A result is constant when all operands are, and the operator draws no random numbers.
void Walk::mark_constants(const ir::Node& node, const NodeCost& cost) {
  if (!cost.spec || cost.spec->cls == ops::OpClass::kRandom) return;
  const bool constant = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) {
    return id == ir::kNoTensor || typed.is_constant[at(id)];
  });
  if (!constant) return;
  for (const ir::TensorId id : node.outputs) {
    if (id == ir::kNoTensor) continue;
    typed.is_constant[at(id)] = true;
    // Without operands the tensor comes from an attribute: the model stores it.
    declares_constant[at(id)] = node.inputs.empty();
  }
  if (cost.spec->cls != ops::OpClass::kView || node.inputs.empty() ||
      !declares_constant[at(node.inputs[0])] || node.outputs[0] == ir::kNoTensor) {
    return;
  }
  // A weight in another shape is that weight.
  declares_constant[at(node.outputs[0])] = true;
  viewed_[at(node.outputs[0])] = node.inputs[0];
}

ir::TensorId Walk::root(ir::TensorId id) const {
  while (true) {
    const ir::TensorId whole = viewed_[at(typed.storage.empty() ? id : typed.storage[at(id)])];
    if (whole == id) return id;
    id = whole;
  }
}

void Walk::count_weights() {
  counted_.assign(graph_.tensors.size(), 0);
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    for (const ops::Access& access : typed.costs[n].accesses) {
      count_weight(graph_.nodes[n], access);
    }
  }
}

/// Adds a constant to the model's parameters and weight bytes the first time it is read.
void Walk::count_weight(const ir::Node& node, const ops::Access& access) {
  if (access.is_output()) return;
  const ir::TensorId operand = node.inputs[static_cast<std::size_t>(access.index())];
  if (!declares_constant[at(operand)]) return;
  const std::size_t id = at(root(operand));
  const ir::TensorType& type = typed.types[id];
  if (!(counted_[id] & kBytes)) {
    counted_[id] |= kBytes;
    typed.weight_bytes += type.bytes().value_or(0);
  }
  if (!(counted_[id] & kParameter) && is_parameter(node, access, declares_constant, typed)) {
    counted_[id] |= kParameter;
    typed.parameters += access.packing * type.elements().value_or(0);
  }
}

int Walk::opset_of(const std::string& domain, const Opsets& opsets) {
  for (const auto& [name, version] : opsets) {
    if (name == domain) return version;
  }
  // What a function forgets to import, its model may have imported.
  if (const std::optional<int> version = typed.model->opset(domain)) return *version;
  const auto node = static_cast<ir::NodeId>(graph_.nodes.size()) - 1;
  if (missing_domains_.emplace(domain, node).second) {
    typed.diagnostics.push_back(
        {.severity = Severity::kWarning,
         .code = "domain-not-imported",
         .message = fmt::format("operators of domain '{}' are used, but the model does not import "
                                "it: version 1 assumed",
                                domain),
         .hint = "add the domain to the model's opset_import",
         .location = typed.model->path});
  }
  return 1;
}

void Walk::report_missing_row(ir::NodeId n) {
  const ir::Node& node = graph_.nodes[at(n)];
  const std::string name = node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
  if (!missing_ops_.emplace(name, n).second) return;
  add(Severity::kWarning, "unknown-op",
      fmt::format("operator {} is not in the table: its bytes are counted, its work is not", name),
      "the sums are lower bounds", n);
}

void Walk::add(Severity severity, std::string code, std::string message, std::string hint,
               ir::NodeId n) {
  typed.diagnostics.push_back({.severity = severity,
                               .code = std::move(code),
                               .message = std::move(message),
                               .hint = std::move(hint),
                               .location = node_location(typed, graph_.nodes[at(n)], n),
                               .node_id = typed.node_id(n)});
}

}  // namespace roofline::infer
