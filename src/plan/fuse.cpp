// Before: kernels as the runtime makes them. After: fuse - those kinds of fusion are done that it
// does not do; unfuse - those that it does are not. Conditions: those of each pass, under the rules
// of the runtime for everything else; ONNX Runtime keeps its own passes and takes the others after
// them. It does not model: whether anybody has written such kernels, nor how well they would do:
// their times are those of the kernel that each starts with.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "roofline/infer/selection.hpp"
#include "scenario.hpp"

namespace roofline::plan {
namespace {

constexpr int kMostPointwise = 4;  ///< operators behind a contraction, as TensorRT has them

/// In the order of Fusing.
constexpr std::array<std::string_view, kFusings> kNames = {
    "norm",      "bias",           "activation", "residual", "elementwise", "layernorm",
    "attention", "squeeze-excite", "shuffle",    "qdq",      "concat",      "constants"};

constexpr std::array kFuseArguments = infer::with_selection(
    ScenarioArgument{"", "WHAT",
                     "norm, bias, activation, residual, elementwise, layernorm, attention, "
                     "squeeze-excite, shuffle, qdq, concat or constants; all of them by default",
                     true});

Fusings asked_for(const Scenario& scenario) {
  Fusings kinds;
  for (const std::string& name : scenario.all("")) {
    const std::string known = Scenario(scenario.name(), {{"", name}}).choice("", "", kNames);
    kinds.set(
        static_cast<std::size_t>(std::find(kNames.begin(), kNames.end(), known) - kNames.begin()));
  }
  return kinds.any() ? kinds : kinds.set();
}

bool has(const Fusings& kinds, Fusing kind) { return kinds[static_cast<std::size_t>(kind)]; }

void add(KernelRules& rules, const Fusings& kinds) {
  // ONNX Runtime has passes of its own for these, which run earlier.
  const bool first = rules.views != Views::kLaunched;
  rules.folds_constants |= has(kinds, Fusing::kConstants) && first;
  rules.takes_quantized |= has(kinds, Fusing::kQdq) && first;
  rules.requantizes |= has(kinds, Fusing::kQdq) && first;
  rules.folds_norms |= has(kinds, Fusing::kNorm);
  rules.adds_bias |= has(kinds, Fusing::kBias);
  rules.adds_residual |= has(kinds, Fusing::kResidual);
  rules.fuses_attention |= has(kinds, Fusing::kAttention);
  rules.biases_attention |= has(kinds, Fusing::kAttention);
  rules.fuses_gates |= has(kinds, Fusing::kSqueezeExcite);
  rules.absorbs_shuffles |= has(kinds, Fusing::kShuffle);
  rules.views_parts |= has(kinds, Fusing::kConcat);
  rules.places_parts |= has(kinds, Fusing::kConcat);
  if (has(kinds, Fusing::kLayerNorm)) {
    rules.regions = std::max(rules.regions, Regions::kUnary);
    rules.regions_have_norms = true;
  }
  if (has(kinds, Fusing::kElementwise)) {
    rules.regions = Regions::kAny;
    rules.only_activations = false;
  }
  if (has(kinds, Fusing::kActivation) || rules.epilogue > 0) {
    rules.epilogue = std::max(rules.epilogue, rules.only_activations ? 1 : kMostPointwise);
  }
}

void take_away(KernelRules& rules, const Fusings& kinds) {
  rules.folds_constants &= !has(kinds, Fusing::kConstants);
  rules.takes_quantized &= !has(kinds, Fusing::kQdq);
  rules.requantizes &= !has(kinds, Fusing::kQdq);
  rules.folds_norms &= !has(kinds, Fusing::kNorm);
  rules.adds_bias &= !has(kinds, Fusing::kBias);
  rules.adds_residual &= !has(kinds, Fusing::kResidual);
  rules.fuses_attention &= !has(kinds, Fusing::kAttention);
  rules.fuses_gates &= !has(kinds, Fusing::kSqueezeExcite);
  rules.absorbs_shuffles &= !has(kinds, Fusing::kShuffle);
  rules.views_parts &= !has(kinds, Fusing::kConcat);
  rules.places_parts &= !has(kinds, Fusing::kConcat);
  if (has(kinds, Fusing::kActivation)) rules.epilogue = rules.narrow_epilogue = 0;
  if (has(kinds, Fusing::kElementwise)) {
    rules.only_activations = true;
    rules.regions = std::min(rules.regions, Regions::kUnary);
  }
  if (has(kinds, Fusing::kLayerNorm)) {
    rules.regions_have_norms = false;
    if (rules.regions == Regions::kUnary) rules.regions = Regions::kNone;
  }
}

void change_fusing(RuleChange& change, const Scenario& scenario, Outcome& outcome) {
  const Fusings kinds = asked_for(scenario);
  const infer::Selection selection(change.graph, scenario);
  change.rules.change(change.graph, selection, [&](KernelRules& rules) { add(rules, kinds); });
  change.wanted = [kinds, selection](ir::NodeId n, Fusing kind) {
    return has(kinds, kind) && selection.has(n);
  };
  if (selection.is_whole()) {
    change.own.added |= kinds;
    change.own.taken &= ~kinds;
  }
  outcome.warnings.push_back(
      fmt::format("where {} has no such kernels, somebody has to write them: their times are "
                  "those of the kernels that they start with",
                  change.runtime));
}

void change_unfusing(RuleChange& change, const Scenario& scenario, Outcome& /*outcome*/) {
  const Fusings kinds = asked_for(scenario);
  const infer::Selection selection(change.graph, scenario);
  const bool has_passes = change.rules.common().views == Views::kLaunched;
  if (has_passes && !selection.is_whole()) {
    fail_scenario(scenario,
                  fmt::format("picks nodes, but the passes of {} are for all", change.runtime),
                  "leave out node=, op= and class=, or take another runtime");
  }
  change.rules.change(change.graph, selection,
                      [&](KernelRules& rules) { take_away(rules, kinds); });
  change.own.taken |= kinds;
  change.own.added &= ~kinds;
}

/// For each node the first one of its step, or kNoNode where nothing runs.
std::vector<ir::NodeId> leads(const Draft& draft, const Plan& plan) {
  std::vector<ir::NodeId> lead(draft.graph.costs.size(), ir::kNoNode);
  for (const Step& step : plan.steps) {
    if (step.kind == StepKind::kHost) continue;
    for (const ir::NodeId n : step.nodes) lead[static_cast<std::size_t>(n)] = step.nodes.front();
  }
  return lead;
}

/// `reason`: that was not there before. Nodes of one kind get one text: reports count them by it.
std::string what_is_new(const Draft& after, ir::NodeId n, ir::NodeId lead, bool was_none,
                        const std::string& reason) {
  if (lead == n) {
    if (was_none) return "runs now";
    return reason.empty() ? "a kernel of its own now" : reason;
  }
  if (lead != ir::kNoNode) return "into the kernel of " + after.node(lead).op_type;
  return reason.empty() ? "does not run any more" : reason;
}

}  // namespace

void compare_kernels(const Draft& before, const Plan& old_plan, const Draft& after,
                     const Plan& new_plan, Outcome& outcome) {
  const std::vector<ir::NodeId> old_leads = leads(before, old_plan);
  const std::vector<ir::NodeId> new_leads = leads(after, new_plan);
  for (std::size_t i = 0; i < new_leads.size(); ++i) {
    const std::vector<std::string>& old_reasons = before.reasons[i];
    const auto is_new = [&](const std::string& reason) {
      return std::find(old_reasons.begin(), old_reasons.end(), reason) == old_reasons.end();
    };
    const auto& reasons = after.reasons[i];
    const auto reason = std::find_if(reasons.begin(), reasons.end(), is_new);
    if (old_leads[i] == new_leads[i] && reason == reasons.end()) continue;
    const auto n = static_cast<ir::NodeId>(i);
    outcome.changed.push_back(
        infer::finding(after.graph, n,
                       what_is_new(after, n, new_leads[i], old_leads[i] == ir::kNoNode,
                                   reason == reasons.end() ? std::string() : *reason)));
  }
}

const PlanScenario kFuse{
    {"fuse", "make one kernel of what the runtime runs as several", kFuseArguments},
    nullptr,
    change_fusing};
const PlanScenario kUnfuse{
    {"unfuse", "run as several kernels what the runtime makes one of", kFuseArguments},
    nullptr,
    change_unfusing};

}  // namespace roofline::plan
