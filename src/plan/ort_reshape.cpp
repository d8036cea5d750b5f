// Before: a Reshape to a shape that is put together from sizes of its own operand, numbers, and at
// most one other size. After: a Reshape to a constant shape (0: as the operand's, -1: what is
// left). Conditions: only the Reshape reads the Concat; a size is Shape -> Gather of the axis at
// hand -> Unsqueeze, or Shape -> Slice. It does not model: shapes of int32.
#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

/// Shape of `data` -> Gather of `axis` -> Unsqueeze; of another tensor, if the sizes are one.
bool is_own_size(const Rewrite& graph, TensorId part, TensorId data, std::int64_t axis) {
  const LaunchId unsqueeze = graph.producer(part);
  if (!graph.is(unsqueeze, {"Unsqueeze"})) return false;
  const LaunchId gather = graph.producer(graph.input(unsqueeze, 0));
  if (!graph.is(gather, {"Gather"})) return false;
  const LaunchId shape = graph.producer(graph.input(gather, 0));
  if (!graph.is(shape, {"Shape"}) ||
      graph.number(graph.input(gather, 1)) != static_cast<double>(axis)) {
    return false;
  }
  const TensorId other = graph.input(shape, 0);
  if (other == data) return true;
  const auto i = static_cast<std::size_t>(axis);
  return graph.sizes.rank(data).value_or(0) > i && graph.sizes.rank(other).value_or(0) > i &&
         !graph.sizes.is_vague(data, i) && !graph.sizes.is_vague(other, i) &&
         graph.sizes.same_dim(data, i, other, i);
}

bool is_one_element(const Rewrite& graph, TensorId part) {
  return graph.sizes.rank(part) == 1U && graph.sizes.dim(part, 0) == 1;
}

void fuse(Rewrite& graph, LaunchId reshape) {
  const LaunchId concat = graph.previous(reshape, 1, {"Concat"});
  if (concat == kNoLaunch || graph.sole_reader(graph.input(reshape, 1)) != reshape) return;
  std::int64_t axis = 0;
  int open = 0;
  for (const TensorId part : graph.at(concat).inputs) {
    if (const auto* values = graph.integers(part)) {
      axis += static_cast<std::int64_t>(values->size());
      for (const std::int64_t value : *values) open += value == -1 ? 1 : 0;
      continue;
    }
    const bool own = is_own_size(graph, part, graph.input(reshape, 0), axis);
    if (!own && !is_one_element(graph, part)) return;
    ++axis;
    open += own ? 0 : 1;
  }
  if (open > 1) return;
  graph.set_input(reshape, 1, ir::kNoTensor);
  graph.remove_unread(concat, "eliminated: the shape is a constant up to its operand's sizes");
}

}  // namespace

void fuse_reshape(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Reshape"}) && graph.at(l).inputs.size() == 2) fuse(graph, l);
  }
}

}  // namespace roofline::plan::ort
