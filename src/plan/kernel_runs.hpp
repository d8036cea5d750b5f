#pragma once
#include <vector>

#include "roofline/ir/tensor_type.hpp"
#include "roofline/ops/op_spec.hpp"

namespace roofline::plan {

/// Elements of a tensor behind axis `from`, that axis included; 1 when there is none.
[[nodiscard]] double product(const ir::Shape& shape, std::size_t from);

/// Elements behind the innermost axis in which the shapes differ.
[[nodiscard]] double common_tail(const ir::Shape& a, const ir::Shape& b);

/// Innermost elements over which every operand either steps or stands still. Not empty.
[[nodiscard]] double broadcast_run(const std::vector<const ir::Shape*>& shapes);

/// Contiguous elements of a run: on average over the pieces that are joined or split, else on the
/// side with the shorter ones; infinite where no operand has runs.
[[nodiscard]] double contiguous_run(const std::vector<ops::Access>& accesses);

inline constexpr double kAliasBytes =
    4096;  ///< from one set of a first-level cache to the same set

/// Of a kernel that goes down columns: sets of the first cache in which its rows start, for each
/// row. Those of one set drive each other out.
[[nodiscard]] double sets_over_rows(double rows, double row_bytes);

}  // namespace roofline::plan
