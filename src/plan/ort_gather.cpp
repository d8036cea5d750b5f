// Before: Gathers of single indices and Slices that together take a tensor apart along an axis; a
// Gather of a Range. After: one Split, and a Squeeze for each index; a Slice whose bounds are made
// by Unsqueeze. Conditions: constant bounds, each part once; the runtime knows the axis' size; only
// the Gather reads the Range. It does not model: indices of int32.
#include <algorithm>
#include <limits>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

/// What a Gather of one index, or a Slice along one axis, takes.
struct Part {
  std::int64_t axis = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  LaunchId launch = kNoLaunch;
  bool loses_axis = false;
};

std::int64_t from_start(std::int64_t index, std::int64_t size) {
  return std::clamp<std::int64_t>(index < 0 ? index + size : index, 0, size);
}

std::optional<Part> taken_part(const Rewrite& graph, LaunchId l, TensorId data, std::int64_t rank) {
  Part part = {.launch = l};
  std::optional<double> start = graph.number(graph.input(l, 1));
  std::optional<double> end;
  if (graph.is(l, {"Gather"})) {
    part.loses_axis = graph.sizes.rank(graph.input(l, 1)) == 0U;
    part.axis = graph.axis(l, 0);
    if (start) end = *start + 1;
    if (start == -1.0 || graph.sizes.rank(graph.input(l, 1)).value_or(2) > 1) return std::nullopt;
  } else if (graph.is(l, {"Slice"})) {
    end = graph.number(graph.input(l, 2));
    const auto axis = graph.number(graph.input(l, 3));
    const TensorId step = graph.input(l, 4);
    if (!axis || (step != ir::kNoTensor && graph.number(step) != 1.0)) return std::nullopt;
    part.axis = static_cast<std::int64_t>(*axis);
  }
  if (part.axis < 0) part.axis += rank;
  if (!start || !end || part.axis < 0 || part.axis >= rank) return std::nullopt;
  const std::int64_t size = graph.sizes.dim(data, static_cast<std::size_t>(part.axis));
  const double limit = static_cast<double>(std::numeric_limits<std::int32_t>::max());
  part.start = from_start(static_cast<std::int64_t>(std::clamp(*start, -limit, limit)), size);
  part.end = from_start(static_cast<std::int64_t>(std::clamp(*end, -limit, limit)), size);
  return part;
}

/// The parts that the readers take, in order, when they make up the whole.
std::vector<Part> parts_of(Rewrite& graph, TensorId data, LaunchId producer) {
  const auto rank = graph.sizes.rank(data);
  if (!rank || graph.uses(data) < 2) return {};
  std::vector<Part> parts;
  for (const LaunchId l : graph.readers(data)) {
    if (!graph.is(l, {"Gather", "Slice"}) || graph.input(l, 0) != data) continue;
    const auto part = taken_part(graph, l, data, static_cast<std::int64_t>(*rank));
    if (!part || !graph.same_region(l, producer)) return {};
    if (!parts.empty() && part->axis != parts.front().axis) return {};
    parts.push_back(*part);
  }
  if (parts.size() < 2) return {};
  const auto axis = static_cast<std::size_t>(parts.front().axis);
  const std::int64_t size = graph.sizes.dim(data, axis);
  if (size == ir::kUnknownDim || graph.sizes.is_vague(data, axis)) return {};
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.start < b.start; });
  std::int64_t reached = 0;
  for (const Part& part : parts) {
    if (part.start != reached || part.end <= part.start) return {};
    reached = part.end;
  }
  return reached == size ? parts : std::vector<Part>{};
}

void split(Rewrite& graph, TensorId data, LaunchId producer) {
  const std::vector<Part> parts = parts_of(graph, data, producer);
  if (parts.empty()) return;
  std::vector<LaunchId> members;
  std::vector<TensorId> results;
  std::vector<TensorId> pieces;
  for (const Part& part : parts) {
    members.push_back(part.launch);
    results.push_back(graph.output(part.launch));
    pieces.push_back(results.back());
    if (!part.loses_axis) continue;
    const std::int64_t axis = part.axis;
    pieces.back() = graph.make(results.back(), [axis](ir::Shape shape) {
      const auto where = std::min<std::int64_t>(axis, static_cast<std::int64_t>(shape.size()));
      shape.insert(shape.begin() + where, 1);
      return shape;
    });
  }
  graph.fuse(members, "Split", {data}, pieces);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i] == results[i]) continue;
    graph.insert({.op = "Squeeze", .inputs = {pieces[i]}, .outputs = {results[i]}},
                 members.front());
  }
}

}  // namespace

void split_gathers(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || graph.at(l).outputs.size() != 1 || graph.at(l).op == "Shape") continue;
    split(graph, graph.output(l), l);
  }
}

void slice_ranges(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"Range"}) || graph.at(l).inputs.size() != 3) continue;
    const LaunchId gather = graph.next(l, {"Gather"});
    if (gather == kNoLaunch || graph.input(gather, 1) != graph.output(l)) continue;
    std::vector<TensorId> operands = {graph.input(gather, 0)};
    for (const TensorId bound : std::vector<TensorId>(graph.at(l).inputs)) {
      operands.push_back(graph.make(bound, [](const ir::Shape&) { return ir::Shape{1}; }));
      graph.insert(
          {.op = "Unsqueeze", .inputs = {bound}, .outputs = {operands.back()}, .before = true}, l);
    }
    graph.fuse({gather, l}, "Slice", operands, graph.at(gather).outputs);
  }
}

}  // namespace roofline::plan::ort
