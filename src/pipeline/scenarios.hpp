#pragma once
#include "roofline/base/scenario.hpp"
#include "roofline/transform/transform.hpp"

namespace roofline {

/// The change of the model that a scenario asks for; nullptr when it asks for something else.
[[nodiscard]] const transform::Transform* find_transform(const Scenario& scenario);

}  // namespace roofline
