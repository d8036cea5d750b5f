#pragma once
#include "draft.hpp"

namespace roofline::plan {

/// Arithmetic that converts one element; 0 between equal types.
[[nodiscard]] std::int64_t conversion_cost(ir::DType from, ir::DType to);
/// A step that reads `elements` of one form of a buffer and writes them to another one.
[[nodiscard]] Step conversion(const Draft& draft, const PrecisionRules& precision, const Plan& plan,
                              BufferId from, BufferId to, Count elements);

}  // namespace roofline::plan
