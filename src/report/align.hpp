#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace roofline::report {

/// Two items that stand for each other: indices before and after.
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

/// Pairs of equal keys in the order of both sequences: a longest common subsequence where the two
/// differ in at most a few hundred places, a good one beyond. Time is linear in their lengths.
[[nodiscard]] Pairs align(const std::vector<std::uint64_t>& before,
                          const std::vector<std::uint64_t>& after);

}  // namespace roofline::report
