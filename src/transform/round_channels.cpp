// Before: any numbers of channels. After: numbers that are multiples of MULTIPLE, which vector and
// matrix units fill; up by default. Conditions: those of prune. Added channels hold zeros, and
// weights behind them ignore them: results stay, but not where an operator averages over channels
// (LayerNormalization, GroupNormalization, reductions), so those are not enlarged; nor are those of
// a convolution with groups if the next multiple of both is more than twice as many. Fewer channels
// than MULTIPLE are not rounded down.
// It does not model: what the model still gets right where channels are removed.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "passes.hpp"
#include "resize_channels.hpp"
#include "roofline/infer/selection.hpp"

namespace roofline::transform {
namespace {

constexpr std::array kRoundChannelsArguments = infer::with_selection(
    ScenarioArgument{"", "MULTIPLE", "of which numbers of channels shall be", false, true},
    ScenarioArgument{"direction", "up|down|nearest", "to round to; up by default"});

constexpr std::array<std::string_view, 3> kDirections = {"up", "down", "nearest"};
constexpr std::int64_t kMostMultiple = 65536;

ir::Model apply_round_channels(const infer::TypedGraph& graph, const Scenario& scenario,
                               infer::Bindings& bindings, Outcome& outcome) {
  const std::int64_t multiple = scenario.integer("", 1, 1, kMostMultiple);
  const std::string direction = scenario.choice("direction", "up", kDirections);
  const auto round = [&](std::int64_t size, std::int64_t step) -> std::optional<std::int64_t> {
    const std::int64_t unit = std::lcm(multiple, step);
    const std::int64_t below = size / unit * unit;
    const std::int64_t above = below == size ? size : below + unit;
    const bool goes_up = direction == "up" ||
                         (direction == "nearest" && (below == 0 || above - size <= size - below));
    const std::int64_t rounded = goes_up ? above : below;
    if (rounded == 0 || (step > 1 && rounded / 2 > size)) return std::nullopt;
    return rounded;
  };
  const ChannelPolicy policy{
      round, "have no such multiple within reach: at least one stays, groups at most double", ""};
  ir::Model model = resize_channels(graph, scenario, bindings, policy, outcome);
  if (outcome.changed.empty()) return model;
  outcome.warnings.emplace_back(
      direction == "up" ? "added channels hold zeros: results stay as they are"
                        : "where channels are removed, results change; added ones hold zeros");
  return model;
}

}  // namespace

const Transform kRoundChannels{
    {"round-channels", "make numbers of channels multiples that vector units fill",
     kRoundChannelsArguments, true},
    apply_round_channels};

}  // namespace roofline::transform
