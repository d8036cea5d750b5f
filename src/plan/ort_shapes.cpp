// Owns what ONNX Runtime does not know about shapes before a run, though it never changes.
// Refuses to infer shapes: it marks sizes of those that inference found.
#include <array>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;
using Axes = std::uint32_t;  // one bit for each

constexpr Axes kAllAxes = ~Axes{0};

/// Operands that say what shape a result has.
struct ShapeOperands {
  std::string_view op;
  std::size_t from;
  std::size_t to;  // inclusive
};
constexpr std::array kShapeOperands = {
    ShapeOperands{"Reshape", 1, 1},
    ShapeOperands{"Expand", 1, 1},
    ShapeOperands{"Resize", 2, 3},
    ShapeOperands{"Slice", 1, 4},
    ShapeOperands{"Tile", 1, 1},
    ShapeOperands{"Pad", 1, 1},
    ShapeOperands{"ConstantOfShape", 0, 0},
    ShapeOperands{"Range", 0, 2},
    ShapeOperands{"TopK", 1, 1},
    ShapeOperands{"Upsample", 1, 1},
};

bool has_computed_shape(const Rewrite& graph, LaunchId l) {
  for (const ShapeOperands& rule : kShapeOperands) {
    if (rule.op != graph.at(l).op) continue;
    for (std::size_t i = rule.from; i <= rule.to; ++i) {
      const TensorId t = graph.input(l, i);
      if (t != ir::kNoTensor && !graph.is_constant(t)) return true;
    }
  }
  return false;
}

/// 0 keeps the operand's axis, -1 stands for what is left.
Axes of_reshape(const Rewrite& graph, LaunchId l) {
  const TensorId data = graph.input(l, 0);
  const auto* shape = graph.integers(graph.input(l, 1));
  if (shape == nullptr) return graph.sizes.vague(data);
  Axes axes = 0;
  for (std::size_t i = 0; i < shape->size() && i < 32; ++i) {
    const bool keeps = (*shape)[i] == 0 && graph.sizes.is_vague(data, i);
    const bool left =
        (*shape)[i] == -1 && (graph.sizes.is_vague(data) || !graph.sizes.is_fixed(data));
    if (keeps || left) axes |= Axes{1} << i;
  }
  return axes;
}

/// Axes of an operand as axes of a result of `rank`, counted from the last.
Axes aligned(const Rewrite& graph, TensorId t, std::size_t rank) {
  const Axes axes = graph.sizes.vague(t);
  if (axes == 0) return 0;
  const auto own = graph.sizes.rank(t);
  if (!own || *own > rank || rank > 31) return kAllAxes;
  return axes << (rank - *own);
}

Axes of_transpose(const Rewrite& graph, LaunchId l) {
  const Axes from = graph.sizes.vague(graph.input(l, 0));
  const Launch& launch = graph.at(l);
  const auto* perm = launch.perm.empty() ? integers_attribute(graph.node(l), "perm") : &launch.perm;
  if (perm == nullptr) return from == 0 ? 0 : kAllAxes;
  Axes axes = 0;
  for (std::size_t i = 0; i < perm->size() && i < 32; ++i) {
    if ((from >> ((*perm)[i] & 31) & 1U) != 0) axes |= Axes{1} << i;
  }
  return axes;
}

Axes vague_axes(const Rewrite& graph, LaunchId l, TensorId result) {
  const Launch& launch = graph.at(l);
  if (has_computed_shape(graph, l)) return kAllAxes;
  if (launch.op == "Shape") return 0;
  if (launch.op == "Reshape") return of_reshape(graph, l);
  if (launch.op == "Transpose") return of_transpose(graph, l);
  const auto rank = graph.sizes.rank(result);
  Axes axes = 0;
  for (const TensorId t : launch.inputs) {
    if (t != ir::kNoTensor) axes |= aligned(graph, t, rank.value_or(0));
  }
  // Weights give the channels.
  if (launch.op == "Conv") axes &= ~Axes{2};
  if (launch.op == "MatMul" && rank && *rank > 0 && graph.is_constant(graph.input(l, 1))) {
    axes &= ~(Axes{1} << (*rank - 1));
  }
  return axes;
}

}  // namespace

void mark_vague_sizes(Rewrite& graph, LaunchId l) {
  for (const TensorId t : graph.at(l).outputs) {
    if (t != ir::kNoTensor) graph.sizes.set_vague(t, vague_axes(graph, l, t));
  }
}

}  // namespace roofline::plan::ort
