// Before: products of any number of channels. After: channels are computed and stored in multiples
// of N, as blocked CPU layouts and vector kernels do: 23 cost what 24 cost.
// Conditions: a convolution or matrix product; of a depthwise one, its groups are the channels.
// It does not model: that kernels run faster on full vectors (calibrations' kinds do, in part), nor
// elementwise arithmetic on the padding, whose bytes are counted.
#include <fmt/format.h>

#include <array>

#include "channel_padding.hpp"

namespace roofline::plan {
namespace {

constexpr std::int64_t kMostChannels = 1024;
constexpr std::array kArguments = {
    ScenarioArgument{"", "MULTIPLE", "channels of a block, as 4, 8, 16 or 32", false, true},
    infer::kSelectionArguments[0],
    infer::kSelectionArguments[1],
    infer::kSelectionArguments[2],
};

void apply(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  const std::int64_t multiple = scenario.integer("", 1, 2, kMostChannels);
  const infer::Selection selection(change.draft.graph, scenario);
  ChannelPadding padding(change.draft, change.plan);
  for (Step& step : change.plan.steps) {
    if (step.nodes.empty() || !picks(selection, step)) continue;
    if (!is_product(step)) {
      if (selection.is_whole() || step.kind == StepKind::kHost) continue;
      outcome.refused.push_back(finding(change.draft, step, "no convolution or matrix product"));
      continue;
    }
    if (step.algorithm && !step.algorithm->contraction) {
      outcome.refused.push_back(
          finding(change.draft, step, "runs by " + step.algorithm->name + ", in blocks already"));
      continue;
    }
    const bool blocked = step.kernel.layout == Layout::kBlocked;
    const PaddedChannels channels = padding.pad(step, multiple, blocked ? change.block : 1);
    if (channels.factor == 1) {
      outcome.refused.push_back(
          finding(change.draft, step, fmt::format("channels are multiples of {}", multiple)));
    } else {
      outcome.changed.push_back(finding(change.draft, step, describe(channels)));
    }
  }
  padding.apply();
}

}  // namespace

const PlanScenario kAlign{
    {"align", "compute and store channels in multiples of a block", kArguments}, apply};

}  // namespace roofline::plan
