// Before: product of two computed matrices -> scale, mask -> Softmax -> product with a third.
// After: one kernel, together with the transposes and scalings of its operands and the transpose
// of its result; scores never reach memory. Conditions: nothing else reads what lies between; what
// is applied to the scores is pointwise. It does not model: limits on head sizes and lengths.
#include <algorithm>

#include "kernel_rules.hpp"

namespace roofline::plan::rules {
namespace {

constexpr int kMostScorePasses = 8;  ///< pointwise operators between product and Softmax

class AttentionMatcher {
 public:
  AttentionMatcher(Rewrite& graph, LaunchId softmax, bool takes_bias)
      : graph_(graph), softmax_(softmax), takes_bias_(takes_bias) {}

  /// The members, the first product first; empty when this Softmax is none of an attention.
  [[nodiscard]] std::vector<LaunchId> match() {
    scores_ = elements_of(graph_, graph_.output(softmax_));
    if (!scores_ || !find_scores() || !find_values()) return {};
    const LaunchId values = members_.back();
    absorb_operands(members_.front());
    absorb_operands(values);
    const LaunchId reader = graph_.sole_reader(graph_.output(values));
    if (joins(reader) && graph_.is(reader, {"Transpose"})) members_.push_back(reader);
    return members_;
  }

 private:
  [[nodiscard]] bool joins(LaunchId l) const {
    return graph_.is_live(l) && graph_.same_region(l, softmax_) && !graph_.at(l).nodes.empty();
  }

  /// A product of two computed matrices.
  [[nodiscard]] bool is_product(LaunchId l) const {
    return joins(l) && motion_of(graph_, l) == Motion::kContraction &&
           graph_.at(l).inputs.size() == 2 && !graph_.is_constant(graph_.input(l, 0)) &&
           !graph_.is_constant(graph_.input(l, 1));
  }

  /// Upwards from the Softmax: what is applied to the scores, and the product that makes them.
  bool find_scores() {
    std::vector<LaunchId> passes;
    LaunchId l = softmax_;
    for (int steps = 0; steps <= kMostScorePasses; ++steps) {
      const LaunchId from = producer_of_scores(l);
      if (from == kNoLaunch) return false;
      if (is_product(from)) {
        members_ = {from};
        members_.insert(members_.end(), passes.rbegin(), passes.rend());
        members_.push_back(softmax_);
        return true;
      }
      if (motion_of(graph_, from) != Motion::kPointwise) return false;
      if (!takes_bias_ && differs_by_head(from)) return false;
      passes.push_back(from);
      l = from;
    }
    return false;
  }

  /// Another operand than the scores has an axis of heads: the third from the end.
  [[nodiscard]] bool differs_by_head(LaunchId l) const {
    for (const ir::TensorId t : graph_.at(l).inputs) {
      if (t == ir::kNoTensor || elements_of(graph_, t) == scores_) continue;
      const auto& shape = graph_.sizes.shape(t);
      if (shape && shape->size() > 2 && (*shape)[shape->size() - 3] != 1) return true;
    }
    return false;
  }

  /// The producer of an operand that is as large as the scores and read by `l` alone.
  [[nodiscard]] LaunchId producer_of_scores(LaunchId l) {
    for (const ir::TensorId t : graph_.at(l).inputs) {
      if (elements_of(graph_, t) != scores_ || graph_.sole_reader(t) != l) continue;
      const LaunchId from = graph_.producer(t);
      if (joins(from)) return from;
    }
    return kNoLaunch;
  }

  /// Downwards from the Softmax to the product with the values.
  bool find_values() {
    LaunchId l = softmax_;
    for (int steps = 0; steps <= kMostScorePasses; ++steps) {
      const LaunchId reader = graph_.sole_reader(graph_.output(l));
      if (!joins(reader)) return false;
      members_.push_back(reader);
      if (is_product(reader)) return true;
      if (motion_of(graph_, reader) != Motion::kPointwise) return false;
      l = reader;
    }
    return false;
  }

  /// Transposes and scalings by a constant, which the kernel does as it loads.
  void absorb_operands(LaunchId product) {
    for (const ir::TensorId operand : graph_.at(product).inputs) {
      ir::TensorId t = operand;
      LaunchId reader = product;
      while (graph_.sole_reader(t) == reader) {
        const LaunchId from = graph_.producer(t);
        if (!joins(from) || is_member(from)) break;
        const bool transposes = graph_.is(from, {"Transpose"});
        const bool scales = motion_of(graph_, from) == Motion::kPointwise && is_by_number(from);
        if (!transposes && !scales) break;
        members_.push_back(from);
        t = computed_input(from);
        reader = from;
      }
    }
  }

  [[nodiscard]] bool is_member(LaunchId l) const {
    return std::find(members_.begin(), members_.end(), l) != members_.end();
  }

  [[nodiscard]] ir::TensorId computed_input(LaunchId l) const {
    for (const ir::TensorId t : graph_.at(l).inputs) {
      if (t != ir::kNoTensor && !graph_.is_constant(t)) return t;
    }
    return ir::kNoTensor;
  }

  /// One computed operand, and constants of one element.
  [[nodiscard]] bool is_by_number(LaunchId l) const {
    int computed = 0;
    for (const ir::TensorId t : graph_.at(l).inputs) {
      if (t == ir::kNoTensor) continue;
      if (!graph_.is_constant(t)) ++computed;
      if (graph_.is_constant(t) && elements_of(graph_, t) != Count(1)) return false;
    }
    return computed == 1;
  }

  Rewrite& graph_;
  LaunchId softmax_;
  bool takes_bias_;
  std::optional<Count> scores_;
  std::vector<LaunchId> members_;
};

}  // namespace

void fuse_attention(Rewrite& graph, const NodeRules& rules) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || !rules.of(graph, l).fuses_attention) continue;
    if (graph.at(l).nodes.empty()) continue;
    const ops::OpSpec* spec = graph.draft().cost(graph.at(l).nodes.front()).spec;
    if (spec == nullptr || spec->cls != ops::OpClass::kSoftmax) continue;
    if (motion_of(graph, l) != Motion::kRow) continue;
    const std::vector<LaunchId> members =
        AttentionMatcher(graph, l, rules.of(graph, l).biases_attention).match();
    if (members.empty()) continue;
    fuse_members(graph, members, "Attention");
    graph.at(members.front()).cls = ops::OpClass::kAttention;
  }
}

}  // namespace roofline::plan::rules
