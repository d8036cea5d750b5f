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

}  // namespace roofline::plan
