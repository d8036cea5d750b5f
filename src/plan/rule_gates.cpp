// Before: a squeeze-and-excite block (arXiv:1709.01507): global pool -> two products with weights,
// activations behind each -> Mul with the map that was pooled. After: all but the Mul is one
// kernel, which reads the map and the weights and writes one factor for each channel. Conditions:
// nothing else reads what lies between; two products, of constant weights. The Mul stays: it needs
// every factor's sum first, and reads the map again.
// It does not model: that little of a machine is busy with so few results.
#include <algorithm>
#include <queue>

#include "kernel_rules.hpp"

namespace roofline::plan::rules {
namespace {

using ir::TensorId;

constexpr std::size_t kMostMembers = 24;
constexpr int kProducts = 2;

/// Sums all of each channel: [N, C, ...] to N times C results.
bool is_global_pool(const Rewrite& graph, LaunchId l) {
  const Launch& launch = graph.at(l);
  if (!launch.live || launch.nodes.empty() || launch.outputs.size() != 1) return false;
  const ops::OpSpec* spec = graph.draft().cost(launch.nodes.front()).spec;
  if (spec == nullptr ||
      (spec->cls != ops::OpClass::kPooling && spec->cls != ops::OpClass::kReduction)) {
    return false;
  }
  const auto& map = graph.sizes.shape(graph.input(l, 0));
  const auto results = elements_of(graph, graph.output(l));
  const auto elements = elements_of(graph, graph.input(l, 0));
  return map && map->size() > 2 && results && elements && *elements > *results &&
         *results == Count((*map)[0]) * Count((*map)[1]);
}

class Gate {
 public:
  Gate(Rewrite& graph, LaunchId pool) : graph_(graph), pool_(pool) {}

  /// The members, the pool first; empty when this pool is none of such a block.
  std::vector<LaunchId> grow() {
    add(pool_);
    while (!candidates_.empty() && members_.size() < kMostMembers) {
      const LaunchId l = candidates_.top().second;
      candidates_.pop();
      if (!is_member(l) && joins(l)) add(l);
    }
    if (products_ != kProducts || !scales_the_map()) members_.clear();
    return members_;
  }

 private:
  [[nodiscard]] bool is_member(LaunchId l) const {
    return std::find(members_.begin(), members_.end(), l) != members_.end();
  }

  void add(LaunchId l) {
    members_.push_back(l);
    if (motion_of(graph_, l) == Motion::kContraction) ++products_;
    for (const LaunchId reader : graph_.readers(graph_.output(l))) {
      if (graph_.same_region(reader, l)) candidates_.emplace(position_of(graph_, reader), reader);
    }
  }

  bool joins(LaunchId l) {
    if (graph_.at(l).nodes.empty() || graph_.at(l).outputs.size() != 1) return false;
    const auto from_members = [&](TensorId t) {
      return t == ir::kNoTensor || graph_.is_constant(t) || is_member(graph_.producer(t));
    };
    if (graph_.draft().alias[static_cast<std::size_t>(graph_.at(l).nodes.front())]) {
      return from_members(graph_.input(l, 0));
    }
    const Motion motion = motion_of(graph_, l);
    const bool product = motion == Motion::kContraction && products_ < kProducts;
    const auto& inputs = graph_.at(l).inputs;
    return (product || motion == Motion::kPointwise || motion == Motion::kScaleShift) &&
           std::all_of(inputs.begin(), inputs.end(), from_members);
  }

  /// One result goes out, to a pointwise kernel that also reads as much as the pool did.
  [[nodiscard]] bool scales_the_map() {
    const auto map = elements_of(graph_, graph_.input(pool_, 0));
    LaunchId outside = kNoLaunch;
    for (const LaunchId l : members_) {
      if (graph_.is_wanted(graph_.output(l))) return false;
      for (const LaunchId reader : graph_.readers(graph_.output(l))) {
        if (is_member(reader)) continue;
        if (outside != kNoLaunch) return false;
        outside = reader;
      }
    }
    if (outside == kNoLaunch) return false;
    const auto& inputs = graph_.at(outside).inputs;
    return motion_of(graph_, outside) == Motion::kPointwise &&
           std::any_of(inputs.begin(), inputs.end(),
                       [&](TensorId t) { return elements_of(graph_, t) == map; });
  }

  using Candidate = std::pair<ir::NodeId, LaunchId>;  // by position
  Rewrite& graph_;
  LaunchId pool_;
  int products_ = 0;
  std::vector<LaunchId> members_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates_;
};

}  // namespace

void fuse_gates(Rewrite& graph, const NodeRules& rules) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!is_global_pool(graph, l) || !rules.of(graph, l).fuses_gates) continue;
    const std::vector<LaunchId> members = Gate(graph, l).grow();
    if (members.empty()) continue;
    fuse_members(graph, members, graph.at(l).op);
    graph.at(l).cls = graph.draft().cost(graph.at(l).nodes.front()).spec->cls;
  }
}

}  // namespace roofline::plan::rules
