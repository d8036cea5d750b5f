#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "draft.hpp"

namespace roofline::plan {

/// Rows of an operand that rows [a, b) of a result are computed from: [stride * a + before,
/// stride * b + after), of which only those exist that lie in the operand.
struct Reach {
  std::int64_t stride = 1;
  std::int64_t before = 0;
  std::int64_t after = 0;

  /// Rows that two neighbouring tiles both need.
  [[nodiscard]] std::int64_t overlap() const { return after > before ? after - before : 0; }
};
/// Rows of the operand that `inner` reads for the rows that `outer` reads of its result.
[[nodiscard]] Reach compose(const Reach& outer, const Reach& inner);
/// Rows that either needs; nullopt where they move on at different speeds.
[[nodiscard]] std::optional<Reach> hull(const Reach& a, const Reach& b);

/// How a step goes over the rows of what it reads and writes.
struct RowMap {
  /// Why it cannot be computed a few rows at a time; empty where it can.
  std::string_view barrier = {};
  BufferId result = -1;
  std::size_t axis = 0;    ///< of the result, along which rows are counted
  std::int64_t rows = 0;   ///< of each item
  std::int64_t items = 1;  ///< of the batch, each with rows of its own
  /// Parallel to Step::accesses; nullopt: rows do not matter, all of it is needed for each row.
  std::vector<std::optional<Reach>> reaches = {};
};
/// `like_axis`: the axis to take for steps that can go along several.
[[nodiscard]] RowMap map_rows(const Draft& draft, const Plan& plan, const Step& step,
                              std::optional<std::size_t> like_axis);

}  // namespace roofline::plan
