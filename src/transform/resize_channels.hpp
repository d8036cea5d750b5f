#pragma once
#include <cstdint>
#include <functional>

#include "roofline/infer/selection.hpp"

namespace roofline::transform {

/// The new number of channels of a group that has `size`; both are multiples of `step`.
using ChannelPolicy = std::function<std::int64_t(std::int64_t size, std::int64_t step)>;

/// Gives the channels that the scenario's nodes make the sizes that the policy asks for, and lets
/// everything that is coupled with them follow. The result is inferred: groups whose change would
/// break a node, or a size that must stay, are refused. Throws Error (kUsage, "bad-scenario") where
/// no picked node makes channels with constant weights.
[[nodiscard]] ir::Model resize_channels(const infer::TypedGraph& graph, const Scenario& scenario,
                                        const infer::Bindings& bindings,
                                        const ChannelPolicy& policy, Outcome& outcome);

}  // namespace roofline::transform
