// Before: a Reshape to a shape that is put together from sizes of its own operand, numbers, and at
// most one other size; or views in a row. After: a Reshape to a constant shape (0: as the
// operand's, -1: what is left); one Reshape. Conditions: only the Reshape reads the Concat; a size
// is Shape -> Gather of the axis at hand -> Unsqueeze; views in a row are read by the next one only
// and lead to sizes that are fixed. It does not model: several sizes at once by a Slice of a Shape.
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

/// What changes the shape once more, by constants and to sizes that are fixed.
LaunchId next_view(Rewrite& graph, LaunchId l) {
  const LaunchId next = graph.next(l, {"Reshape", "Squeeze", "Unsqueeze"});
  if (next == kNoLaunch) return kNoLaunch;
  const bool inserted = graph.at(next).nodes.empty();  // by a pass that knew the shape
  if ((!inserted && !graph.is_constant(graph.input(next, 1))) ||
      !graph.sizes.is_fixed(graph.output(next)) || graph.sizes.is_vague(graph.output(next))) {
    return kNoLaunch;
  }
  return next;
}

/// The views in a row end as one Reshape.
void join_views(Rewrite& graph, LaunchId l) {
  std::vector<LaunchId> members = {l};
  for (LaunchId next = next_view(graph, l); next != kNoLaunch; next = next_view(graph, next)) {
    members.push_back(next);
  }
  if (members.size() < 2) return;
  const TensorId data = graph.input(l, 0);
  // The last one of the model stays: a view of several nodes would not be one.
  const LaunchId last = members.back();
  members.pop_back();
  for (const LaunchId member : members) {
    graph.remove(member, "eliminated: the Reshape behind it gives another shape");
  }
  graph.set_inputs(last, {data});
  graph.at(last).op = "Reshape";
}

}  // namespace

void fuse_reshape(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"Reshape"})) continue;
    if (graph.at(l).inputs.size() == 2) fuse(graph, l);
    join_views(graph, l);
  }
}

}  // namespace roofline::plan::ort
