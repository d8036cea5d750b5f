#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "roofline/infer/selection.hpp"

namespace roofline::transform {

struct ChannelPolicy {
  /// The new number of channels of a group that has `size`; both are multiples of `step`. nullopt:
  /// there is none.
  std::function<std::optional<std::int64_t>(std::int64_t size, std::int64_t step)> resize;
  std::string_view impossible;  ///< what is wrong with channels where there is none
  std::string_view unchanged;   ///< why `resize` gave the same number; empty: as it should be
};

/// Gives the channels that the scenario's nodes make the sizes that the policy asks for, and lets
/// everything that is coupled with them follow. The result is inferred: groups whose change would
/// break a node, or a size that must stay, are refused. Throws Error (kUsage, "bad-scenario") where
/// no picked node makes channels with constant weights.
[[nodiscard]] ir::Model resize_channels(const infer::TypedGraph& graph, const Scenario& scenario,
                                        const infer::Bindings& bindings,
                                        const ChannelPolicy& policy, Outcome& outcome);

}  // namespace roofline::transform
