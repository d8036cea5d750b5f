// Owns If, Loop and Scan: which of their bodies run, how often, on what types.
// Refuses to guess a number of iterations: where nothing tells it, the body's cost is per run.
#include <fmt/format.h>

#include <algorithm>

#include "expand.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::infer {
namespace {

using ir::kNoTensor;
using ir::kUnknownDim;
using ir::TensorType;

using ir::at;

std::int64_t int_attribute(const ir::Node& node, std::string_view name, std::int64_t fallback) {
  const ir::Attribute* attribute = node.attribute(name);
  const auto* value = attribute ? std::get_if<std::int64_t>(&attribute->value) : nullptr;
  return value ? *value : fallback;
}

std::int64_t list_attribute(const ir::Node& node, std::string_view name, std::size_t i) {
  const ir::Attribute* attribute = node.attribute(name);
  const auto* list =
      attribute ? std::get_if<std::vector<std::int64_t>>(&attribute->value) : nullptr;
  return list && i < list->size() ? (*list)[i] : 0;
}

void expect_count(std::string_view what, std::size_t found, std::size_t expected) {
  if (found == expected) return;
  throw RuleError("bad-subgraph",
                  fmt::format("the body has {} {}, the node needs {}", found, what, expected),
                  "export the model again");
}

/// Iteration number and condition are scalars; old bodies declare them as one-element vectors.
ir::Shape loop_scalar(const ir::Graph& body, std::size_t input) {
  if (input >= body.inputs.size()) return {};
  const auto& declared = body.tensors[at(body.inputs[input])].declared;
  return declared && declared->size() == 1 ? ir::Shape{1} : ir::Shape{};
}

/// `element` repeated along a new axis.
TensorType stack(const TensorType& element, std::int64_t axis, const Trips& trips) {
  TensorType type{.dtype = element.dtype};
  if (!element.shape) return type;
  const std::size_t rank = element.shape->size() + 1;
  const auto place = static_cast<std::ptrdiff_t>(ops::normalize_axis(axis, rank));
  const std::int64_t most = trips.count ? trips.count->value() : kUnknownDim;
  const auto stacked = [&](ir::Shape shape, std::int64_t size) {
    shape.insert(shape.begin() + place, size);
    return shape;
  };
  type.shape = stacked(*element.shape, trips.at_most ? kUnknownDim : most);
  const std::optional<ir::Shape>& limit = element.bound ? element.bound : element.shape;
  if (trips.count && ir::is_known(*limit) && !type.has_exact_shape()) {
    type.bound = stacked(*limit, most);
  }
  return type;
}

/// The type of one slice of `whole` along `axis`; sets or checks the number of slices.
TensorType slice_of(const TensorType& whole, std::int64_t axis, std::size_t leading,
                    std::optional<std::int64_t>& slices) {
  TensorType type{.dtype = whole.dtype};
  if (!whole.shape) return type;
  ir::Shape shape = *whole.shape;
  shape.erase(shape.begin(),
              shape.begin() + static_cast<std::ptrdiff_t>(std::min(leading, shape.size())));
  const std::size_t place = ops::normalize_axis(axis, shape.size());
  const std::int64_t size = shape[place];
  if (size != kUnknownDim) {
    if (slices && *slices != size) {
      throw RuleError("shape-mismatch",
                      fmt::format("scanned inputs have {} and {} slices", *slices, size));
    }
    slices = size;
  }
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(place));
  type.shape = std::move(shape);
  return type;
}

}  // namespace

const ir::Graph& graph_attribute(const ir::Node& node, std::string_view name) {
  const ir::Attribute* attribute = node.attribute(name);
  const auto* graph =
      attribute ? std::get_if<std::shared_ptr<const ir::Graph>>(&attribute->value) : nullptr;
  if (!graph || !*graph) {
    throw RuleError("missing-attribute", fmt::format("attribute '{}' is required: a graph", name));
  }
  return **graph;
}

Expander::Handler Expander::handler_of(const ir::Node& node) {
  // BeamSearch, GreedySearch, Sampling and their kin carry the models that they run.
  if (node.domain == "com.microsoft" && node.attribute("decoder")) {
    return &Expander::run_generation;
  }
  if (!node.domain.empty()) return nullptr;
  if (node.op_type == "If") return &Expander::run_if;
  if (node.op_type == "Loop") return &Expander::run_loop;
  if (node.op_type == "Scan") return &Expander::run_scan;
  if (node.op_type == "SequenceMap") return &Expander::run_sequence_map;
  return nullptr;
}

void Expander::run_control(Frame& frame, ir::NodeId n, ir::Node node, Handler handler) {
  const ir::NodeId slot = append_node(frame, n, std::move(node));
  NodeCost& cost = walk_.typed.costs[at(slot)];
  const ir::Node& control = graph_->nodes[at(slot)];
  cost.opset = walk_.opset_of(control.domain, frame.opsets);
  cost.spec = ops::find_op(control.domain, control.op_type, cost.opset);
  cost.confidence = ops::Confidence::kExact;
  cost.bytes_known = true;
  const Mark before = mark();
  Ids results;
  const bool sound = walk_.guarded(slot, [&] {
    try {
      results = (this->*handler)(frame, slot);
    } catch (...) {
      take_back(before);
      for (const ir::TensorId local : frame.graph.nodes[at(n)].outputs) {
        if (local == kNoTensor) continue;
        ir::TensorId& id = frame.ids[at(local)];
        if (id >= static_cast<ir::TensorId>(before.tensors)) id = kNoTensor;
      }
      throw;
    }
  });
  if (!sound) {
    walk_.typed.costs[at(slot)].spec = nullptr;
    walk_.typed.costs[at(slot)].confidence = ops::Confidence::kUnknown;
  }
  const Ids& locals = frame.graph.nodes[at(n)].outputs;
  finish_results(frame, locals, results);
  for (const ir::TensorId local : locals) {
    graph_->nodes[at(slot)].outputs.push_back(local == kNoTensor ? kNoTensor
                                                                 : frame.ids[at(local)]);
  }
}

Expander::Body Expander::run_body(Frame& frame, ir::NodeId slot, const ir::Graph& body,
                                  const std::string& label, const Trips& trips,
                                  const std::vector<BodyInput>& inputs) {
  expect_count(body.inputs.size() == 1 ? "input" : "inputs", body.inputs.size(), inputs.size());
  const std::string why = refusal(frame, body, nullptr);
  if (!why.empty()) throw RuleError("too-large", why, "simplify the model");
  Body result{.first_node = graph_->nodes.size()};
  Frame inner{.graph = body,
              .outer = &frame,
              .caller = &frame,
              .arguments = frame.arguments,
              .opsets = frame.opsets,
              .scope = add_scope(frame, walk_.typed.costs[at(slot)].index, graph_->nodes[at(slot)],
                                 label, trips, false),
              .ids = Ids(body.tensors.size(), kNoTensor)};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::TensorId id = inner.ids[at(body.inputs[i])] = append_tensor(inner, body.inputs[i]);
    TensorType type = inputs[i].type;
    walk_.complete(graph_->tensors[at(id)], graph_->tensors[at(id)].name, slot, type);
    walk_.typed.types[at(id)] = std::move(type);
    const ir::TensorId source = inputs[i].source;
    if (source == kNoTensor) continue;
    share(id, source);
    if (!inputs[i].is_slice) continue;
    walk_.typed.is_constant[at(id)] = walk_.typed.is_constant[at(source)];
    walk_.declares_constant[at(id)] = walk_.declares_constant[at(source)];
  }
  bind_constants_and_captures(inner);
  run_nodes(inner);
  for (const ir::TensorId output : body.outputs) {
    result.results.push_back(inner.ids[at(output)]);
  }
  return result;
}

// --- If
Expander::Ids Expander::run_if(Frame& frame, ir::NodeId slot) {
  const ir::Node node = graph_->nodes[at(slot)];
  if (node.inputs.size() != 1) {
    throw RuleError("bad-arity", fmt::format("{} inputs given, expected 1", node.inputs.size()));
  }
  const ir::Graph& then_graph = graph_attribute(node, "then_branch");
  const ir::Graph& else_graph = graph_attribute(node, "else_branch");
  if (const auto condition = known_scalar(operand_type(node, 0))) {
    return *condition != 0 ? run_body(frame, slot, then_graph, "then", {}, {}).results
                           : run_body(frame, slot, else_graph, "else", {}, {}).results;
  }
  const Mark before = mark();
  const Body then_body = run_body(frame, slot, then_graph, "then", {}, {});
  const Mark between = mark();
  const Body else_body = run_body(frame, slot, else_graph, "else", {}, {});
  const Mark after = mark();
  // Exporters guard what fits only some shapes: the branch that breaks on these is not taken.
  const bool then_breaks = is_broken(before, between);
  const bool else_breaks = !then_breaks && is_broken(between, after);
  const bool then_counts =
      !then_breaks && (else_breaks || cost_between(before.nodes, between.nodes) >=
                                          cost_between(between.nodes, after.nodes));
  if (then_counts)
    drop(between, after, else_breaks);
  else
    drop(before, between, then_breaks);
  expect_count("results in its else branch", else_body.results.size(), then_body.results.size());
  Ids results;
  for (std::size_t i = 0; i < then_body.results.size(); ++i) {
    const ir::TensorId a = then_body.results[i];
    const ir::TensorId b = else_body.results[i];
    if (a == kNoTensor || b == kNoTensor) {
      results.push_back(kNoTensor);
      continue;
    }
    const TensorType result = then_breaks   ? type(b)
                              : else_breaks ? type(a)
                                            : ir::join(type(a), type(b));
    results.push_back(new_result(frame, slot, i, result));
    if (results.back() != kNoTensor) share(results.back(), then_counts ? a : b);
  }
  return results;
}

bool Expander::is_broken(const Mark& first, const Mark& last) const {
  const auto begin = walk_.typed.diagnostics.begin();
  return std::any_of(begin + static_cast<std::ptrdiff_t>(first.diagnostics),
                     begin + static_cast<std::ptrdiff_t>(last.diagnostics),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

/// What was laid out between two marks does not count; nor are its errors any if it cannot run.
void Expander::drop(const Mark& first, const Mark& last, bool cannot_run) {
  for (std::size_t s = first.scopes; s < last.scopes; ++s) {
    walk_.typed.scopes[s].repeat = Count(0);
  }
  for (std::size_t d = first.diagnostics; cannot_run && d < last.diagnostics; ++d) {
    walk_.typed.diagnostics[d].severity = Severity::kNote;
  }
}

/// FLOPs and bytes together: which of two branches does more.
Count Expander::cost_between(std::size_t first_node, std::size_t last_node) const {
  Count sum = 0;
  for (std::size_t n = first_node; n < last_node; ++n) {
    const NodeCost& cost = walk_.typed.costs[n];
    const Count runs = walk_.typed.scope(static_cast<ir::NodeId>(n)).repeat.value_or(1);
    sum += runs * (cost.work.flops() + cost.traffic_bytes());
  }
  return sum;
}

/// A tensor for result i of the control node in `slot`, which does not exist in its body as it is.
ir::TensorId Expander::new_result(Frame& frame, ir::NodeId slot, std::size_t i, TensorType type) {
  const ir::Node& node = frame.graph.nodes[at(walk_.typed.costs[at(slot)].index)];
  if (i >= node.outputs.size() || node.outputs[i] == kNoTensor) return kNoTensor;
  const ir::TensorId id = result_of(frame, node.outputs[i]);
  walk_.typed.types[at(id)] = std::move(type);
  return id;
}

const TensorType& Expander::type(ir::TensorId id) const { return walk_.typed.types[at(id)]; }

TensorType Expander::operand_type(const ir::Node& node, std::size_t i) const {
  return i >= node.inputs.size() || node.inputs[i] == kNoTensor ? TensorType{}
                                                                : type(node.inputs[i]);
}

// --- Loop
Expander::Ids Expander::run_loop(Frame& frame, ir::NodeId slot) {
  const ir::Node node = graph_->nodes[at(slot)];
  if (node.inputs.size() < 2) {
    throw RuleError("bad-arity",
                    fmt::format("{} inputs given, expected at least 2", node.inputs.size()));
  }
  Recurrence loop{.body = graph_attribute(node, "body"),
                  .first_input = 1,
                  .states = node.inputs.size() - 1,
                  .counts = true};
  if (loop.body.outputs.size() < loop.states) {
    throw RuleError("bad-subgraph",
                    fmt::format("the body has {} results, the node needs at least {}",
                                loop.body.outputs.size(), loop.states),
                    "export the model again");
  }
  loop.inputs.push_back({{.dtype = ir::DType::kInt64, .shape = loop_scalar(loop.body, 0)}});
  TensorType condition = operand_type(node, 1);
  condition.dtype = ir::DType::kBool;
  condition.shape = loop_scalar(loop.body, 1);
  if (node.inputs[1] == kNoTensor) condition.value = std::vector<std::int64_t>{1};
  loop.inputs.push_back({condition});
  for (std::size_t i = 2; i < node.inputs.size(); ++i) {
    loop.inputs.push_back({operand_type(node, i), node.inputs[i]});
  }
  const Outcome outcome = iterate(frame, slot, loop_trips(slot), loop);
  report_trips(slot, outcome.trips);
  Ids results;
  for (std::size_t i = 1; i < outcome.results.size(); ++i) {
    const bool is_state = i < loop.states;
    results.push_back(
        new_result(frame, slot, i - 1,
                   is_state ? outcome.results[i] : stack(outcome.results[i], 0, outcome.trips)));
    if (results.back() == kNoTensor || outcome.ids[i] == kNoTensor) continue;
    // The last state is the loop's result; a stacked result holds that of each iteration.
    is_state ? share(results.back(), outcome.ids[i]) : share(outcome.ids[i], results.back());
  }
  return results;
}

// --- Scan
/// What the body of a Scan is given for operand i of the node.
BodyInput Expander::scan_input(const ir::Node& node, std::size_t i, bool is_state,
                               ScanSizes& sizes) const {
  TensorType whole = operand_type(node, i);
  if (sizes.batched && whole.shape && !whole.shape->empty()) {
    if (whole.shape->front() != kUnknownDim) sizes.batch = whole.shape->front();
    if (is_state) whole.shape->erase(whole.shape->begin());
  }
  if (sizes.batched || !is_state) whole.value.reset();
  if (is_state) return {whole, node.inputs[i]};
  const std::int64_t axis =
      sizes.batched ? 0 : list_attribute(node, "scan_input_axes", i - sizes.first_slice);
  return {slice_of(whole, axis, sizes.batched ? 1 : 0, sizes.slices), node.inputs[i], true};
}

Recurrence Expander::read_scan(ir::NodeId slot, ScanSizes& sizes) const {
  const ir::Node& node = graph_->nodes[at(slot)];
  // Opset 8 scans axis 1 of batches and has the lengths of their sequences as operand 0.
  sizes.batched = walk_.typed.costs[at(slot)].opset < 9;
  const std::size_t first = sizes.batched ? 1 : 0;
  const std::int64_t scanned = int_attribute(node, "num_scan_inputs", 0);
  const auto operands = static_cast<std::int64_t>(node.inputs.size() - first);
  if (node.inputs.size() < first || scanned < 1 || scanned > operands) {
    throw RuleError("bad-attribute", fmt::format("num_scan_inputs is {}, the node has {} inputs",
                                                 scanned, node.inputs.size()));
  }
  Recurrence scan{.body = graph_attribute(node, "body"),
                  .states = static_cast<std::size_t>(operands - scanned)};
  if (scan.body.outputs.size() < scan.states) {
    throw RuleError(
        "bad-subgraph",
        fmt::format("the body has {} results for {} states", scan.body.outputs.size(), scan.states),
        "export the model again");
  }
  sizes.first_slice = first + scan.states;
  for (std::size_t i = first; i < node.inputs.size(); ++i) {
    scan.inputs.push_back(scan_input(node, i, i < sizes.first_slice, sizes));
  }
  return scan;
}

Expander::Ids Expander::run_scan(Frame& frame, ir::NodeId slot) {
  ScanSizes sizes;
  const Recurrence scan = read_scan(slot, sizes);
  const auto trips_of = [](std::optional<std::int64_t> count) {
    return Trips{.count = count ? std::optional<Count>(*count) : std::nullopt};
  };
  Trips trips = trips_of(sizes.slices);
  if (sizes.batched) {
    trips.count = sizes.slices && sizes.batch ? std::optional(Count(*sizes.slices) * *sizes.batch)
                                              : std::nullopt;
  }
  const Outcome outcome = iterate(frame, slot, trips, scan);
  report_trips(slot, outcome.trips);
  Ids results;
  for (std::size_t i = 0; i < outcome.results.size(); ++i) {
    const bool is_state = i < scan.states;
    const std::int64_t axis =
        is_state || sizes.batched
            ? 0
            : list_attribute(graph_->nodes[at(slot)], "scan_output_axes", i - scan.states);
    TensorType result =
        is_state ? outcome.results[i] : stack(outcome.results[i], axis, trips_of(sizes.slices));
    if (sizes.batched) result = stack(result, 0, trips_of(sizes.batch));
    results.push_back(new_result(frame, slot, i, std::move(result)));
    if (results.back() == kNoTensor || outcome.ids[i] == kNoTensor) continue;
    is_state ? share(results.back(), outcome.ids[i]) : share(outcome.ids[i], results.back());
  }
  return results;
}

}  // namespace roofline::infer
