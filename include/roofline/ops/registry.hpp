#pragma once
#include <span>
#include <string>
#include <string_view>

#include "roofline/ops/op_spec.hpp"

namespace roofline::ops {

/// The row for an operator at an imported opset: greatest `since` <= opset; nullptr when none.
[[nodiscard]] const OpSpec* find_op(std::string_view domain, std::string_view type, int opset);
/// All rows, sorted by domain, type and since.
[[nodiscard]] std::span<const OpSpec> all_ops();
/// The operator table as markdown (docs/operators.md).
[[nodiscard]] std::string operators_markdown();

}  // namespace roofline::ops
