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
constexpr std::array kAlignChannelsArguments = infer::with_selection(
    ScenarioArgument{"", "MULTIPLE", "channels of a block, as 4, 8, 16 or 32", false, true});

void apply_align_channels(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  const std::int64_t multiple = scenario.integer("", 1, 2, kMostChannels);
  ChannelPadding padding(change.draft, change.plan);
  for_each_product(change, scenario, outcome, Products::kAll, [&](Step& step) {
    if (step.algorithm && !step.algorithm->contraction) {
      outcome.refused.push_back(
          finding(change.draft, step, "runs by " + step.algorithm->name + ", in blocks already"));
      return;
    }
    const bool blocked = step.kernel.layout == Layout::kBlocked;
    const PaddedChannels channels = padding.pad(step, multiple, blocked ? change.block : 1);
    if (channels.factor == 1) {
      outcome.refused.push_back(
          finding(change.draft, step, fmt::format("channels are multiples of {}", multiple)));
    } else {
      outcome.changed.push_back(finding(change.draft, step, describe(channels)));
    }
  });
  padding.apply();
}

}  // namespace

const PlanScenario kAlign{
    {"align", "compute and store channels in multiples of a block", kAlignChannelsArguments},
    apply_align_channels};

}  // namespace roofline::plan
