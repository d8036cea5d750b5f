// Before: pointwise operators and operators on rows, a kernel each. After: those that go over the
// same elements one behind the other are one kernel that reads and writes what crosses its border.
// Conditions: at most two results; whoever else reads a result stands behind the whole kernel, so
// that the order stays possible. It does not model: limits of registers and shared memory.
#include <algorithm>
#include <queue>

#include "kernel_rules.hpp"

namespace roofline::plan::rules {
namespace {

using ir::TensorId;

constexpr std::size_t kMostInRegion = 48;
constexpr std::size_t kMostResults = 2;

std::ptrdiff_t computed_operands(const Rewrite& graph, LaunchId l) {
  const auto& inputs = graph.at(l).inputs;
  return std::count_if(inputs.begin(), inputs.end(),
                       [&](TensorId t) { return t != ir::kNoTensor && !graph.is_constant(t); });
}

class Region {
 public:
  Region(Rewrite& graph, LaunchId seed, const NodeRules& rules)
      : graph_(graph),
        rules_(rules),
        kind_(rules.of(graph, seed).regions),
        elements_(largest(seed)) {
    add(seed);
  }

  std::vector<LaunchId> grow() {
    if (!elements_) return {};
    while (!candidates_.empty() && members_.size() < kMostInRegion) {
      const LaunchId l = candidates_.top().second;
      candidates_.pop();
      if (!is_member(l) && joins(l)) add(l);
    }
    // Members stand in the order of their positions: any prefix is a region.
    while (members_.size() > 1 && !is_valid()) members_.pop_back();
    if (members_.size() > 1) absorb_tables();
    return members_;
  }

  [[nodiscard]] static bool may_start(const Rewrite& graph, LaunchId l, const KernelRules& rules) {
    if (rules.regions == Regions::kNone) return false;
    if (motion_of(graph, l) != Motion::kPointwise) return is_norm(graph, l, rules);
    return rules.regions == Regions::kAny || computed_operands(graph, l) == 1;
  }

 private:
  /// One that regions may have; where they are functions, a BatchNormalization is none.
  [[nodiscard]] static bool is_norm(const Rewrite& graph, LaunchId l, const KernelRules& rules) {
    const Motion motion = motion_of(graph, l);
    return rules.regions_have_norms && (motion == Motion::kRow || (motion == Motion::kScaleShift &&
                                                                   rules.regions == Regions::kAny));
  }

  /// Rows that members read from a table by index are read by the kernel itself.
  void absorb_tables() {
    const std::vector<LaunchId> grown = members_;
    for (const LaunchId l : grown) {
      for (const TensorId t : graph_.at(l).inputs) {
        const LaunchId from = graph_.producer(t);
        if (graph_.is(from, {"Gather"}) && graph_.sole_reader(t) == l && !is_member(from) &&
            rules_.of(graph_, from).regions_have_norms &&
            motion_of(graph_, from) == Motion::kPointwise && graph_.same_region(from, l)) {
          members_.push_back(from);
        }
      }
    }
  }

  /// The elements that the kernel goes over: the most that a pass reads or writes.
  [[nodiscard]] std::optional<Count> largest(LaunchId l) const {
    std::optional<Count> most = elements_of(graph_, graph_.output(l));
    if (motion_of(graph_, l) == Motion::kRow) {
      const auto read = elements_of(graph_, graph_.input(l, 0));
      if (read && most) most = std::max(*read, *most);
    }
    return most;
  }

  void add(LaunchId l) {
    members_.push_back(l);
    for (const LaunchId reader : graph_.readers(graph_.output(l))) {
      if (graph_.same_region(reader, l)) candidates_.emplace(position_of(graph_, reader), reader);
    }
  }

  [[nodiscard]] bool is_member(LaunchId l) const {
    return std::find(members_.begin(), members_.end(), l) != members_.end();
  }

  bool joins(LaunchId l) {
    const KernelRules& rules = rules_.of(graph_, l);
    if (rules.regions < kind_) return false;
    if (motion_of(graph_, l) != Motion::kPointwise && !is_norm(graph_, l, rules)) return false;
    const std::optional<Count> size = largest(l);
    if (!size || *size == 0) return false;
    if (kind_ == Regions::kUnary && !reads_what_the_seed_reads(l)) return false;
    if (*size == *elements_) return true;
    if (!rules.regions_have_norms && kind_ == Regions::kUnary) return false;
    // Sums of rows: as many as a member wrote.
    return elements_->value() % size->value() == 0 && reads_sums_alone(l);
  }

  [[nodiscard]] bool reads_sums_alone(LaunchId l) const {
    const auto& inputs = graph_.at(l).inputs;
    return std::all_of(inputs.begin(), inputs.end(), [&](TensorId t) {
      return t == ir::kNoTensor || graph_.is_constant(t) || is_member(graph_.producer(t));
    });
  }

  /// Then all of it is a function of one tensor.
  [[nodiscard]] bool reads_what_the_seed_reads(LaunchId l) const {
    const auto& seeds = graph_.at(members_.front()).inputs;
    const auto& inputs = graph_.at(l).inputs;
    return std::all_of(inputs.begin(), inputs.end(), [&](TensorId t) {
      return t == ir::kNoTensor || graph_.is_constant(t) || is_member(graph_.producer(t)) ||
             std::find(seeds.begin(), seeds.end(), t) != seeds.end();
    });
  }

  bool is_valid() {
    std::size_t results = 0;
    const ir::NodeId last = position_of(graph_, members_.back());
    for (const LaunchId l : members_) {
      const TensorId t = graph_.output(l);
      bool is_result = graph_.is_wanted(t);
      for (const LaunchId reader : graph_.readers(t)) {
        if (is_member(reader)) continue;
        is_result = true;
        if (position_of(graph_, reader) < last) return false;
      }
      if (is_result) ++results;
    }
    return results <= (kind_ == Regions::kUnary ? 1 : kMostResults);
  }

  using Candidate = std::pair<ir::NodeId, LaunchId>;  // by position
  Rewrite& graph_;
  const NodeRules& rules_;
  Regions kind_;
  std::optional<Count> elements_;
  std::vector<LaunchId> members_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates_;
};

}  // namespace

void fuse_regions(Rewrite& graph, const NodeRules& rules) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || graph.at(l).nodes.empty()) continue;
    if (!Region::may_start(graph, l, rules.of(graph, l))) continue;
    const std::vector<LaunchId> members = Region(graph, l, rules).grow();
    if (members.size() < 2) continue;
    const auto row = std::find_if(members.begin(), members.end(),
                                  [&](LaunchId m) { return motion_of(graph, m) == Motion::kRow; });
    const bool has_row = row != members.end();
    const std::string_view op = has_row ? graph.at(*row).op : "Pointwise";
    const ir::NodeId lead = graph.at(has_row ? *row : l).nodes.front();
    fuse_members(graph, members, op);
    graph.at(l).cls = graph.draft().cost(lead).spec->cls;
  }
}

}  // namespace roofline::plan::rules
