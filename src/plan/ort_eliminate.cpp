// Before: nodes that hand an operand on: Identity, Dropout, a Cast to the type at hand, a Slice of
// everything, an Expand to the shape at hand, adding 0, multiplying by 1, Relu before a Clip from
// 0. After: their readers read the operand. Conditions: one table row per operator. A graph output
// is written by the operand's producer if nobody else reads that. It does not model: Casts in a
// row.
#include <array>
#include <limits>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

bool always(Rewrite& /*graph*/, LaunchId /*l*/) { return true; }

bool drops_nothing(Rewrite& graph, LaunchId l) {
  const auto& outputs = graph.at(l).outputs;
  for (std::size_t i = 1; i < outputs.size(); ++i) {
    if (graph.uses(outputs[i]) > 0 || graph.is_wanted(outputs[i])) return false;
  }
  const TensorId training = graph.input(l, 2);
  return training == ir::kNoTensor || graph.number(training) == 0.0 ||
         graph.number(graph.input(l, 1)) == 0.0;
}

bool keeps_type(Rewrite& graph, LaunchId l) {
  const ir::DType from = graph.dtype(graph.input(l, 0));
  return from != ir::DType::kUndefined && from == graph.dtype(graph.output(l));
}

/// From 0 to the largest number; the runtime does not compare ends with sizes.
bool takes_everything(Rewrite& graph, LaunchId l) {
  const ir::Node* node = graph.node(l);
  const bool as_inputs = graph.at(l).inputs.size() > 1;
  const auto list = [&](std::size_t i, std::string_view name) {
    return as_inputs ? graph.integers(graph.input(l, i)) : integers_attribute(node, name);
  };
  const auto* starts = list(1, "starts");
  const auto* ends = list(2, "ends");
  const auto* axes = list(3, "axes");
  const auto* steps = list(4, "steps");
  if (starts == nullptr || ends == nullptr || starts->size() != ends->size()) return false;
  if (as_inputs && graph.input(l, 3) != ir::kNoTensor && axes == nullptr) return false;
  if (as_inputs && graph.input(l, 4) != ir::kNoTensor && steps == nullptr) return false;
  const bool narrow = as_inputs && graph.dtype(graph.input(l, 2)) == ir::DType::kInt32;
  const std::int64_t end =
      narrow ? std::numeric_limits<std::int32_t>::max() : std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < starts->size(); ++i) {
    if (steps != nullptr && (i >= steps->size() || (*steps)[i] != 1)) return false;
    if ((*starts)[i] != 0 || (*ends)[i] < end) return false;
  }
  return true;
}

bool widens_nothing(Rewrite& graph, LaunchId l) {
  const TensorId data = graph.input(l, 0);
  const auto* target = graph.integers(graph.input(l, 1));
  const auto rank = graph.sizes.rank(data);
  if (target == nullptr || !rank || target->size() > *rank) return false;
  const std::size_t skipped = *rank - target->size();
  for (std::size_t i = 0; i < target->size(); ++i) {
    if ((*target)[i] == 1) continue;
    if (graph.sizes.dim(data, i + skipped) != (*target)[i]) return false;
  }
  return true;
}

/// A constant of one element that has no more axes than the other operand.
bool is_neutral(Rewrite& graph, LaunchId l, std::size_t constant, double neutral) {
  const TensorId c = graph.input(l, constant);
  const TensorId data = graph.input(l, 1 - constant);
  if (graph.number(c) != neutral) return false;
  const auto rank = graph.sizes.rank(data);
  const auto own = graph.sizes.rank(c);
  return rank && own && *own <= *rank;
}

bool changes_nothing(Rewrite& graph, LaunchId l) {
  const std::string_view op = graph.at(l).op;
  return is_neutral(graph, l, 1, op == "Add" || op == "Sub" ? 0 : 1);
}

bool feeds_only_shape(Rewrite& graph, LaunchId l) {
  if (graph.is_wanted(graph.output(l))) return false;
  const std::vector<LaunchId> readers = graph.readers(graph.output(l));
  for (const LaunchId reader : readers) {
    if (!graph.is(reader, {"Shape"})) return false;
  }
  return !readers.empty();
}

bool feeds_clip_from_zero(Rewrite& graph, LaunchId l) {
  const LaunchId clip = graph.next(l, {"Clip"});
  if (clip == kNoLaunch) return false;
  const auto low = graph.number(graph.input(clip, 1));
  const auto attribute = number_attribute(graph.node(clip), "min");
  return (low && *low >= 0) || (attribute && *attribute >= 0);
}

struct Rule {
  std::string_view op;
  bool (*applies)(Rewrite&, LaunchId);
  std::string_view why;
};
constexpr std::array kRules = {
    Rule{"Identity", always, "eliminated: hands its operand on"},
    Rule{"Dropout", drops_nothing, "eliminated: drops nothing in inference"},
    Rule{"Cast", keeps_type, "eliminated: casts to the type at hand"},
    Rule{"Cast", feeds_only_shape, "eliminated: only its shape is asked for"},
    Rule{"Slice", takes_everything, "eliminated: takes the whole operand"},
    Rule{"Expand", widens_nothing, "eliminated: the operand has the shape already"},
    Rule{"Add", changes_nothing, "eliminated: adds 0"},
    Rule{"Sub", changes_nothing, "eliminated: subtracts 0"},
    Rule{"Mul", changes_nothing, "eliminated: multiplies by 1"},
    Rule{"Div", changes_nothing, "eliminated: divides by 1"},
    Rule{"Relu", feeds_clip_from_zero, "eliminated: the Clip behind it cuts at 0 as well"},
};

/// The same with the constant first.
void eliminate_mirrored(Rewrite& graph, LaunchId l) {
  if (graph.is(l, {"Add"}) && is_neutral(graph, l, 0, 0)) {
    graph.eliminate(l, 1, "eliminated: adds 0");
  } else if (graph.is(l, {"Mul"}) && is_neutral(graph, l, 0, 1)) {
    graph.eliminate(l, 1, "eliminated: multiplies by 1");
  }
}

/// Mul(Div(1, x), y) is Div(y, x).
void fuse_reciprocal(Rewrite& graph, LaunchId l) {
  if (!graph.is(l, {"Div"}) || graph.number(graph.input(l, 0)) != 1.0) return;
  const LaunchId mul = graph.next(l, {"Mul"});
  if (mul == kNoLaunch || graph.at(mul).inputs.size() != 2) return;
  const TensorId y = graph.other_input(mul, graph.output(l));
  graph.fuse({l, mul}, "Div", {y, graph.input(l, 1)}, graph.at(mul).outputs);
}

/// Where(Not(c), a, b) is Where(c, b, a).
void fuse_negation(Rewrite& graph, LaunchId l) {
  if (!graph.is(l, {"Not"}) || graph.is_wanted(graph.output(l))) return;
  const TensorId negated = graph.output(l);
  const std::vector<LaunchId> readers = graph.readers(negated);
  for (const LaunchId reader : readers) {
    if (!graph.is(reader, {"Where"}) || graph.at(reader).inputs.size() != 3 ||
        graph.input(reader, 0) != negated) {
      return;
    }
  }
  if (readers.empty()) return;
  const TensorId condition = graph.input(l, 0);
  for (const LaunchId reader : readers) {
    graph.set_inputs(reader, {condition, graph.input(reader, 2), graph.input(reader, 1)});
  }
  graph.remove(l, "eliminated: the Where behind it swaps its operands");
  graph.set_root(negated, condition);
}

}  // namespace

void eliminate_no_ops(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || graph.at(l).nodes.size() != 1 || graph.at(l).outputs.empty() ||
        graph.at(l).inputs.empty()) {
      continue;
    }
    for (const Rule& rule : kRules) {
      if (!graph.is(l, {rule.op}) || !rule.applies(graph, l)) continue;
      if (graph.eliminate(l, 0, rule.why)) break;
    }
    if (!graph.is_live(l)) continue;
    eliminate_mirrored(graph, l);
    if (graph.is_live(l)) fuse_reciprocal(graph, l);
    if (graph.is_live(l)) fuse_negation(graph, l);
  }
}

}  // namespace roofline::plan::ort
