// Before: nodes whose operands are constants, and Shape of a tensor whose sizes the model fixes.
// After: they are gone; their results are constants. Conditions: every operand is a constant; the
// node draws no random numbers and has no body; it is no DequantizeLinear, which kernels absorb.
// It does not model: operators that the runtime has no kernel for and leaves alone.
#include <algorithm>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

/// All sizes that a Shape node returns are fixed.
bool returns_fixed_sizes(const Rewrite& graph, LaunchId l) {
  const auto rank = graph.sizes.rank(graph.input(l, 0));
  if (!rank || graph.sizes.is_vague(graph.input(l, 0))) return false;
  const auto axes = static_cast<std::int64_t>(*rank);
  const auto clamp = [axes](std::int64_t axis) {
    return std::clamp<std::int64_t>(axis < 0 ? axis + axes : axis, 0, axes);
  };
  const std::int64_t start = clamp(integer_attribute(graph.node(l), "start", 0));
  const std::int64_t end = clamp(integer_attribute(graph.node(l), "end", axes));
  for (std::int64_t axis = start; axis < end; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    if (graph.sizes.dim(graph.input(l, 0), i) == ir::kUnknownDim) return false;
  }
  return true;
}

bool is_foldable(const Rewrite& graph, LaunchId l) {
  const Launch& launch = graph.at(l);
  const ops::OpSpec* spec = graph.draft().cost(launch.nodes.front()).spec;
  if (spec == nullptr || spec->cls == ops::OpClass::kRandom ||
      spec->cls == ops::OpClass::kControl || launch.op == "DequantizeLinear") {
    return false;
  }
  if (launch.op == "Constant") return true;
  if (launch.op == "Shape" && returns_fixed_sizes(graph, l)) return true;
  bool any = false;
  for (const TensorId t : launch.inputs) {
    if (t == ir::kNoTensor) continue;
    if (!graph.is_constant(t)) return false;
    any = true;
  }
  return any;
}

}  // namespace

void fold_constants(Rewrite& graph) {
  for (const LaunchId l : std::vector<LaunchId>(graph.order())) {
    if (!graph.is_live(l) || graph.at(l).nodes.empty()) continue;
    mark_vague_sizes(graph, l);
    if (!is_foldable(graph, l)) continue;
    graph.remove(l, "folded: depends on constants and shapes alone");
    for (const TensorId t : graph.at(l).outputs) graph.set_constant(t);
  }
}

}  // namespace roofline::plan::ort
