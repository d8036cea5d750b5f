// Owns why a node runs as a kernel of its own: the first condition that keeps it out of another.
// Refuses nodes of which a pass has said something already, and changes no plan.
#include <fmt/format.h>

#include <algorithm>

#include "kernel_rules.hpp"

namespace roofline::plan {
namespace {

using ir::NodeId;
using ir::TensorId;

constexpr int kMostBetween = 8;  ///< pointwise operators to look through for a contraction

class Unfused {
 public:
  Unfused(Rewrite& graph, const NodeRules& rules)
      : graph_(graph),
        draft_(graph.draft()),
        ir_(graph.draft().graph.graph()),
        rules_(rules),
        readers_(ir_.tensors.size()) {
    for (std::size_t n = 0; n < ir_.nodes.size(); ++n) {
      if (draft_.host[n]) continue;
      for (const TensorId t : ir_.nodes[n].inputs) {
        if (t != ir::kNoTensor) ++readers_[static_cast<std::size_t>(t)];
      }
    }
  }

  [[nodiscard]] Apart why(LaunchId l) const {
    const NodeId n = graph_.at(l).nodes.front();
    if (is_norm(n)) return {Fusing::kNorm, norm(n)};
    switch (motion_of(graph_, l)) {
      case Motion::kPointwise:
        return {kind_of(n), fusing(n)};
      case Motion::kRow:
        return {Fusing::kLayerNorm, fusing(n)};
      default:
        return copy(l, n);
    }
  }

  [[nodiscard]] bool is_norm(NodeId n) const {
    return spec(n) != nullptr && spec(n)->fusion == ops::Fusion::kScaleShift;
  }

 private:
  [[nodiscard]] const ops::OpSpec* spec(NodeId n) const { return draft_.cost(n).spec; }
  [[nodiscard]] bool contracts(NodeId n) const {
    return spec(n) != nullptr && draft_.cost(n).work.contraction != nullptr;
  }
  [[nodiscard]] bool is_pointwise(NodeId n) const {
    return spec(n) != nullptr && (spec(n)->cls == ops::OpClass::kActivation ||
                                  spec(n)->cls == ops::OpClass::kElementwise);
  }
  [[nodiscard]] bool is_constant(TensorId t) const {
    return draft_.graph.is_constant[static_cast<std::size_t>(t)];
  }

  /// The kernel that makes an operand; kNoNode for inputs, constants and what nothing runs for.
  [[nodiscard]] NodeId maker(TensorId t) const {
    if (t == ir::kNoTensor || is_constant(t)) return ir::kNoNode;
    const NodeId n = ir_.tensors[static_cast<std::size_t>(t)].producer;
    return n == ir::kNoNode || draft_.host[static_cast<std::size_t>(n)] ? ir::kNoNode : n;
  }

  /// Operands that kernels make; first one of a contraction, where there is any.
  [[nodiscard]] TensorId operand(NodeId n) const {
    TensorId first = ir::kNoTensor;
    for (const TensorId t : draft_.node(n).inputs) {
      const NodeId from = maker(t);
      if (from == ir::kNoNode) continue;
      if (contracts(from)) return t;
      if (first == ir::kNoTensor) first = t;
    }
    return first;
  }

  [[nodiscard]] Fusing kind_of(NodeId n) const {
    if (spec(n)->cls == ops::OpClass::kActivation) return Fusing::kActivation;
    const TensorId t = operand(n);
    if (spec(n)->fusion != ops::Fusion::kAdd || t == ir::kNoTensor || !contracts(maker(t))) {
      return Fusing::kElementwise;
    }
    const auto& inputs = draft_.node(n).inputs;
    const bool constant = std::any_of(inputs.begin(), inputs.end(), [&](TensorId id) {
      return id != ir::kNoTensor && is_constant(id);
    });
    return constant ? Fusing::kBias : Fusing::kResidual;
  }

  /// What keeps any kernel from going on to a reader of its result; empty: nothing.
  [[nodiscard]] std::string edge(TensorId t, NodeId reader) const {
    const auto i = static_cast<std::size_t>(t);
    if (readers_[i] > 1) return fmt::format("its result has {} readers", readers_[i]);
    if (draft_.kept[i]) return "its result is a graph output";
    const NodeId from = maker(t);
    if (draft_.graph.scope(from).region != draft_.graph.scope(reader).region) {
      return "the border of a branch or a loop's body lies between";
    }
    return {};
  }

  [[nodiscard]] std::string fusing(NodeId n) const {
    const TensorId t = operand(n);
    const auto& results = draft_.node(n).outputs;
    if (t == ir::kNoTensor || results.empty() || results[0] == ir::kNoTensor) return {};
    const NodeId from = maker(t);
    std::string why = edge(t, n);
    const auto read = draft_.type(t).elements();
    const auto written = draft_.type(results[0]).elements();
    if (why.empty() && read && written && *written > *read) why = "it widens the result";
    if (why.empty()) {
      why = "the runtime has no kernel of " + draft_.node(from).op_type + " with " +
            draft_.node(n).op_type + " here";
    }
    return "not fused into " + draft_.name(from) + ": " + why;
  }

  [[nodiscard]] std::string norm(NodeId n) const {
    const auto& operands = draft_.node(n).inputs;
    const TensorId t = operands.empty() ? ir::kNoTensor : operands[0];
    const NodeId from = maker(t);
    if (from == ir::kNoNode) return {};
    if (!contracts(from)) return behind_something(n, from);
    std::string why = edge(t, n);
    if (why.empty() && !has_constants(n, 1)) why = "its factors are not constant";
    if (why.empty() && !has_constants(from, 1)) why = "the weights are not constant";
    if (why.empty()) why = "the runtime does not fold it";
    return fmt::format("not folded into {}: {}", draft_.name(from), why);
  }

  [[nodiscard]] bool has_constants(NodeId n, std::size_t first) const {
    const auto& inputs = draft_.node(n).inputs;
    return std::all_of(inputs.begin() + static_cast<std::ptrdiff_t>(first), inputs.end(),
                       [&](TensorId t) { return t == ir::kNoTensor || is_constant(t); });
  }

  /// Of a BatchNormalization whose operand no contraction makes.
  [[nodiscard]] std::string behind_something(NodeId n, NodeId from) const {
    NodeId above = from;
    for (int i = 0; i < kMostBetween && is_pointwise(above); ++i) {
      const TensorId t = operand(above);
      above = t == ir::kNoTensor ? ir::kNoNode : maker(t);
      if (above == ir::kNoNode) break;
      if (!contracts(above)) continue;
      const bool activates = spec(from)->cls == ops::OpClass::kActivation;
      return fmt::format(
          "not folded into {}: {} ({} '{}') lies between {} and {}, so the scale cannot move into "
          "the weights",
          draft_.name(above), activates ? "an activation" : "a sum or product",
          draft_.node(from).op_type, draft_.name(from), draft_.node(above).op_type,
          draft_.node(n).op_type);
    }
    return fmt::format("not folded: no contraction comes before it, but {} '{}'",
                       draft_.node(from).op_type, draft_.name(from));
  }

  /// Of what moves its operands and computes nothing.
  [[nodiscard]] Apart copy(LaunchId l, NodeId n) const {
    const KernelRules& rules = rules_.of(n);
    if (graph_.is(l, {"Transpose"})) {
      return {Fusing::kShuffle,
              "copies: the runtime has no kernel beside it that follows its order"};
    }
    if (graph_.is(l, {"Concat"})) {
      return {Fusing::kConcat, rules.places_parts
                                   ? "copies: its operands are inputs, constants or parts of others"
                                   : "copies: the runtime does not write its parts in place"};
    }
    if (graph_.is(l, {"Split", "Slice"})) {
      return {Fusing::kConcat,
              rules.views_parts ? "copies: a part is needed elsewhere or inside of another tensor"
                                : "copies: the runtime has no views of parts"};
    }
    return {};
  }

  Rewrite& graph_;
  const Draft& draft_;
  const ir::Graph& ir_;
  const NodeRules& rules_;
  std::vector<std::uint32_t> readers_;  ///< by tensor: operands of nodes that run
};

}  // namespace

void explain_unfused(Rewrite& graph, const NodeRules& rules) {
  const Unfused unfused(graph, rules);
  Draft& draft = graph.draft();
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || graph.at(l).nodes.size() != 1) continue;
    const ir::NodeId node = graph.at(l).nodes.front();
    const auto n = static_cast<std::size_t>(node);
    const bool open = draft.reasons[n].empty() || unfused.is_norm(node);
    if (!draft.host[n] && open) draft.apart[n] = unfused.why(l);
  }
}

}  // namespace roofline::plan
