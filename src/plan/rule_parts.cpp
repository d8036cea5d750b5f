// Before: Concat copies its operands; Split and Slice copy parts of theirs. After: who makes an
// operand of a Concat writes it where the whole will be, and who reads a part reads it from the
// whole. Conditions: a tensor is part of one whole only; the others still copy it, and what no
// kernel makes. It does not model: alignment of the parts, which some kernels need.
#include <algorithm>

#include "kernel_rules.hpp"

namespace roofline::plan::rules {
namespace {

using ir::TensorId;

/// One that the runtime can lay out as it likes, and has not yet.
bool is_free(const Rewrite& graph, TensorId t) {
  return t != ir::kNoTensor && !graph.is_constant(t) && !graph.is_wanted(t) &&
         graph.draft().part_of[static_cast<std::size_t>(t)] == ir::kNoTensor;
}

void place_operands(Rewrite& graph, LaunchId l) {
  const TensorId whole = graph.output(l);
  const std::vector<TensorId> operands = graph.at(l).inputs;
  std::vector<TensorId> copied;
  for (const TensorId t : operands) {
    const LaunchId producer = graph.producer(t);
    const bool is_made = graph.is_live(producer) && graph.same_region(producer, l);
    if (is_made && is_free(graph, t) && graph.dtype(t) == graph.dtype(whole)) {
      graph.draft().part_of[static_cast<std::size_t>(t)] = whole;
    } else if (t != ir::kNoTensor) {
      copied.push_back(t);
    }
  }
  if (copied.size() == operands.size()) return;
  if (copied.empty()) return graph.remove(l, "its operands are written where it would put them");
  Count written = 0;
  for (const TensorId t : copied) written += elements_of(graph, t).value_or(0);
  graph.explain(l, "copies only what is part of another tensor or of none");
  graph.set_inputs(l, std::move(copied));
  graph.at(l).copied = written;
}

/// Takes one piece along one axis: Split, Slice, and Gather of a single index.
bool takes_parts(const Rewrite& graph, LaunchId l) {
  if (graph.is(l, {"Split", "Slice"})) return true;
  return graph.is(l, {"Gather"}) && elements_of(graph, graph.input(l, 1)) == Count(1);
}

void view_results(Rewrite& graph, LaunchId l) {
  const TensorId whole = graph.input(l, 0);
  const std::vector<TensorId> results = graph.at(l).outputs;
  if (whole == ir::kNoTensor || graph.is_constant(whole) ||
      !std::all_of(results.begin(), results.end(),
                   [&](TensorId t) { return t == ir::kNoTensor || is_free(graph, t); })) {
    return;
  }
  for (const TensorId t : results) {
    if (t != ir::kNoTensor) graph.draft().part_of[static_cast<std::size_t>(t)] = whole;
  }
  graph.remove(l, "its readers read from the whole");
}

void prepare(Draft& draft) { draft.part_of.resize(draft.graph.types.size(), ir::kNoTensor); }

}  // namespace

void view_parts(Rewrite& graph, const NodeRules& rules) {
  prepare(graph.draft());
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (takes_parts(graph, l) && rules.of(graph, l).views_parts) view_results(graph, l);
  }
}

void place_parts(Rewrite& graph, const NodeRules& rules) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"Concat"}) || graph.at(l).outputs.size() != 1) continue;
    if (!rules.of(graph, l).places_parts || graph.output(l) == ir::kNoTensor) continue;
    place_operands(graph, l);
  }
}

}  // namespace roofline::plan::rules
