#pragma once
#include "channels.hpp"

namespace roofline::transform {

/// The model with every constant, attribute and target shape as the groups' new sizes ask for.
[[nodiscard]] ir::Model edit_channels(Channels& channels);

}  // namespace roofline::transform
