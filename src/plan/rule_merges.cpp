// Before: several products of one tensor with weights of their own (the projections of an
// attention). After: one product with all of these weights side by side. Conditions: the same rows
// and depth, nothing but bias behind them, no reader that comes before the last of them. It does
// not model: convolutions side by side.
#include <algorithm>
#include <map>
#include <tuple>

#include "kernel_rules.hpp"

namespace roofline::plan::rules {
namespace {

constexpr std::size_t kMostMerged = 8;

const ops::Contraction* projection(const Rewrite& graph, LaunchId l) {
  if (!graph.is_live(l) || motion_of(graph, l) != Motion::kContraction) return nullptr;
  const infer::NodeCost& cost = graph.draft().cost(graph.at(l).nodes.front());
  if (cost.spec->cls != ops::OpClass::kMatmul || !graph.is_constant(graph.input(l, 1))) {
    return nullptr;
  }
  const auto& fused = graph.at(l).fused;
  const bool plain =
      std::all_of(fused.begin(), fused.end(), [](std::string_view op) { return op == "Add"; });
  return plain ? cost.work.contraction.get() : nullptr;
}

/// Nobody reads a result before the last of them has run.
bool may_merge(Rewrite& graph, const std::vector<LaunchId>& members) {
  const ir::NodeId last = position_of(graph, members.back());
  return std::all_of(members.begin(), members.end(), [&](LaunchId l) {
    const std::vector<LaunchId> readers = graph.readers(graph.output(l));
    return std::all_of(readers.begin(), readers.end(),
                       [&](LaunchId r) { return position_of(graph, r) > last; });
  });
}

}  // namespace

void merge_projections(Rewrite& graph, const NodeRules& rules) {
  using Key = std::tuple<ir::TensorId, std::int64_t, std::int64_t, std::int64_t>;
  std::map<Key, std::vector<LaunchId>> groups;
  for (LaunchId l = 0; l < graph.count(); ++l) {
    const ops::Contraction* c = projection(graph, l);
    if (c == nullptr || !rules.of(graph, l).merges_projections) continue;
    std::vector<LaunchId>& group = groups[{graph.input(l, 0), c->batch, c->m, c->k}];
    if (group.size() == kMostMerged) continue;
    if (group.empty() || graph.same_region(group.front(), l)) group.push_back(l);
  }
  for (const auto& [key, members] : groups) {
    if (members.size() < 2 || !may_merge(graph, members)) continue;
    fuse_members(graph, members, graph.at(members.front()).op);
    graph.at(members.front()).merged = true;
  }
}

}  // namespace roofline::plan::rules
