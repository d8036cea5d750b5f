#pragma once
#include <algorithm>
#include <array>

#include "roofline/infer/selection.hpp"

namespace roofline::transform {

/// A scenario's own arguments, and those that pick nodes.
template <std::size_t count>
constexpr auto with_selection(const std::array<ScenarioArgument, count>& own) {
  std::array<ScenarioArgument, count + infer::kSelectionArguments.size()> all{};
  std::copy(infer::kSelectionArguments.begin(), infer::kSelectionArguments.end(),
            std::copy(own.begin(), own.end(), all.begin()));
  return all;
}

}  // namespace roofline::transform
