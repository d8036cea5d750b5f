// Before: contraction -> BatchNormalization, bias -> activation, residual Add -> QuantizeLinear.
// After: one kernel, as far as the rules allow. Conditions: what folds comes before anything else
// and its factors are constants; pointwise operators behind it are few, give one result of the same
// size and read nothing else that is computed, but for one residual of a convolution. It does not
// model: which combinations a runtime has no kernel for.
#include <algorithm>

#include "kernel_rules.hpp"

namespace roofline::plan::rules {
namespace {

using ir::TensorId;

constexpr int kMostFolds = 8;  ///< constants behind one contraction

bool is_contraction(const Rewrite& graph, LaunchId l) {
  return graph.is_live(l) && motion_of(graph, l) == Motion::kContraction &&
         graph.at(l).inputs.size() >= 2;
}

/// An operator on stored integers: its kernel may write such as well.
bool is_on_integers(const Rewrite& graph, LaunchId l) {
  const Launch& launch = graph.at(l);
  if (!launch.live || launch.nodes.empty() || launch.outputs.size() != 1) return false;
  const auto n = static_cast<std::size_t>(launch.nodes.front());
  return graph.draft().quantized[n] == Quantized::kInteger && !graph.draft().host[n];
}

const ops::OpSpec& spec_of(const Rewrite& graph, LaunchId l) {
  return *graph.draft().cost(graph.at(l).nodes.front()).spec;
}

/// Every operand but one is a constant.
bool reads_nothing_else(const Rewrite& graph, LaunchId l, TensorId t) {
  const auto& inputs = graph.at(l).inputs;
  return std::all_of(inputs.begin(), inputs.end(), [&](TensorId id) {
    return id == ir::kNoTensor || id == t || graph.is_constant(id);
  });
}

/// A constant that varies along the contraction's output channels only.
bool is_bias(const Rewrite& graph, TensorId t, LaunchId contraction) {
  const auto& shape = graph.sizes.shape(t);
  const auto& full = graph.sizes.shape(graph.output(contraction));
  if (!graph.is_constant(t) || !shape || !full || full->size() < 2) return false;
  const bool is_conv = spec_of(graph, contraction).cls == ops::OpClass::kConv;
  const std::size_t channel_from_end = is_conv ? full->size() - 2 : 0;
  for (std::size_t i = 0; i < shape->size(); ++i) {
    if ((*shape)[shape->size() - 1 - i] != 1 && i != channel_from_end) return false;
  }
  return true;
}

/// BatchNormalization or bias behind the contraction: it becomes part of the weights.
LaunchId foldable(Rewrite& graph, LaunchId l, const NodeRules& node_rules) {
  const TensorId result = graph.output(l);
  const LaunchId reader = graph.sole_reader(result);
  if (!graph.is_live(reader) || !graph.same_region(reader, l)) return kNoLaunch;
  const KernelRules& rules = node_rules.of(graph, reader);
  const Motion motion = motion_of(graph, reader);
  if (motion == Motion::kScaleShift) {
    const bool folds = rules.folds_norms && graph.is_constant(graph.input(l, 1)) &&
                       reads_nothing_else(graph, reader, result);
    return folds ? reader : kNoLaunch;
  }
  if (motion != Motion::kPointwise || !rules.adds_bias) return kNoLaunch;
  if (spec_of(graph, reader).fusion != ops::Fusion::kAdd) return kNoLaunch;
  return is_bias(graph, graph.other_input(reader, result), l) ? reader : kNoLaunch;
}

bool has_bias(const Rewrite& graph, LaunchId l) {
  const auto& accesses = graph.draft().cost(graph.at(l).nodes.front()).accesses;
  return std::any_of(accesses.begin(), accesses.end(), [](const ops::Access& access) {
    return !access.is_output() && access.index() == 2;
  });
}

void fold(Rewrite& graph, LaunchId l, LaunchId next) {
  if (motion_of(graph, next) == Motion::kScaleShift) {
    graph.draft().folded_scale[static_cast<std::size_t>(graph.at(next).nodes.front())] = true;
    // Of its constants the shift remains, as the bias, if there is none yet.
    const bool biased = has_bias(graph, l) || !graph.at(l).fused.empty();
    const TensorId shift = graph.input(next, 2);
    graph.set_inputs(next, biased ? std::vector<TensorId>{graph.output(l)}
                                  : std::vector<TensorId>{graph.output(l), shift});
  }
  fuse_members(graph, {l, next}, graph.at(l).op);
}

/// What would end a contraction's kernel.
class Epilogue {
 public:
  Epilogue(Rewrite& graph, LaunchId l, const NodeRules& rules)
      : graph_(graph), rules_(rules), members_({l}) {}

  std::vector<LaunchId> grow() {
    while (true) {
      const LaunchId next = next_member();
      if (next == kNoLaunch) break;
      members_.push_back(next);
    }
    // All or nothing: a kernel does not end with half of a function.
    if (passes_ > limit_ || !has_one_result()) shrink();
    return members_;
  }

 private:
  [[nodiscard]] bool is_member(LaunchId l) const {
    return std::find(members_.begin(), members_.end(), l) != members_.end();
  }

  /// The first reader of the members' results that may join them.
  LaunchId next_member() {
    if (passes_ > limit_) return kNoLaunch;
    for (const LaunchId l : members_) {
      const TensorId result = graph_.output(l);
      if (graph_.is_wanted(result)) continue;
      for (const LaunchId reader : graph_.readers(result)) {
        if (!is_member(reader) && graph_.same_region(reader, l) && joins(reader)) return reader;
      }
    }
    return kNoLaunch;
  }

  bool joins(LaunchId l) {
    if (graph_.at(l).nodes.empty() || graph_.at(l).outputs.size() != 1) return false;
    const ops::OpSpec* spec = graph_.draft().cost(graph_.at(l).nodes.front()).spec;
    if (spec == nullptr) return false;
    if (spec->fusion == ops::Fusion::kQuantize) return joins_quantize(l);
    if (motion_of(graph_, l) != Motion::kPointwise || quantized_) return false;
    if (spec->cls != ops::OpClass::kActivation && !is_contraction(graph_, members_.front())) {
      return false;
    }
    const TensorId contracted = graph_.output(members_.front());
    if (graph_.sizes.shape(graph_.output(l)) != graph_.sizes.shape(contracted)) return false;
    TensorId other = ir::kNoTensor;
    for (const TensorId t : graph_.at(l).inputs) {
      if (t == ir::kNoTensor || graph_.is_constant(t) || is_member(graph_.producer(t))) continue;
      if (other != ir::kNoTensor) return false;
      other = t;
    }
    if (other != ir::kNoTensor) return joins_residual(l, *spec, other);
    const KernelRules& rules = rules_.of(graph_, l);
    const int narrow = is_on_integers(graph_, members_.front()) ? rules.narrow_epilogue : 0;
    const int most = std::max(rules.epilogue, narrow);
    if (most == 0) return false;
    if (rules.only_activations && spec->cls != ops::OpClass::kActivation) return false;
    limit_ = std::max(limit_, most);
    ++passes_;
    return true;
  }

  bool joins_residual(LaunchId l, const ops::OpSpec& spec, TensorId other) {
    const KernelRules& rules = rules_.of(graph_, l);
    if (!rules.adds_residual || residual_ || spec.fusion != ops::Fusion::kAdd) return false;
    const bool is_conv = spec_of(graph_, members_.front()).cls == ops::OpClass::kConv;
    if (!is_conv && !rules.adds_to_products) return false;
    if (graph_.sizes.shape(other) != graph_.sizes.shape(graph_.output(l))) return false;
    residual_ = true;
    return true;
  }

  bool joins_quantize(LaunchId l) {
    if (!is_on_integers(graph_, members_.front()) || quantized_) return false;
    if (!rules_.of(graph_, l).requantizes) return false;
    quantized_ = true;
    return is_member(graph_.producer(graph_.input(l, 0)));
  }

  /// Members whose results are read outside, the last one aside, would be written as well.
  bool has_one_result() {
    int results = 0;
    for (const LaunchId l : members_) {
      const TensorId t = graph_.output(l);
      const std::vector<LaunchId> readers = graph_.readers(t);
      if (graph_.is_wanted(t) || readers.empty() ||
          std::any_of(readers.begin(), readers.end(), [&](LaunchId r) { return !is_member(r); })) {
        ++results;
      }
    }
    return results == 1;
  }

  /// What is certain: a chain in which each reads the one before it alone, and activations only.
  void shrink() {
    const std::vector<LaunchId> grown = std::exchange(members_, {members_.front()});
    bool residual = false;
    for (std::size_t i = 1; i < grown.size(); ++i) {
      const TensorId result = graph_.output(members_.back());
      if (graph_.sole_reader(result) != grown[i]) return;
      const ops::OpSpec& spec = spec_of(graph_, grown[i]);
      const bool adds = spec.fusion == ops::Fusion::kAdd && !residual &&
                        rules_.of(graph_, grown[i]).adds_residual &&
                        !graph_.is_constant(graph_.other_input(grown[i], result));
      if (spec.cls != ops::OpClass::kActivation && !adds) return;
      residual = residual || adds;
      members_.push_back(grown[i]);
      if (spec.cls == ops::OpClass::kActivation) return;
    }
  }

  Rewrite& graph_;
  const NodeRules& rules_;
  std::vector<LaunchId> members_;
  int passes_ = 0;
  int limit_ = 0;  ///< of them
  bool residual_ = false;
  bool quantized_ = false;
};

}  // namespace

void fold_into_contractions(Rewrite& graph, const NodeRules& rules) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!is_contraction(graph, l)) continue;
    for (int folds = 0; folds < kMostFolds; ++folds) {
      const LaunchId next = foldable(graph, l, rules);
      if (next == kNoLaunch) break;
      fold(graph, l, next);
    }
  }
}

void fuse_epilogues(Rewrite& graph, const NodeRules& rules) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!is_contraction(graph, l) && !is_on_integers(graph, l)) continue;
    const std::vector<LaunchId> members = Epilogue(graph, l, rules).grow();
    if (members.size() > 1) fuse_members(graph, members, graph.at(l).op);
  }
}

}  // namespace roofline::plan::rules
