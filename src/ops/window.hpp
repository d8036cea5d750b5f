#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "roofline/ops/op_context.hpp"

// Sliding windows over spatial axes: what convolution and pooling share.
namespace roofline::ops {

/// A window sliding along one spatial axis. Sizes may be ir::kUnknownDim.
struct Window {
  std::int64_t in = ir::kUnknownDim;
  std::int64_t kernel = ir::kUnknownDim;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_begin = 0;
  std::int64_t pad_end = 0;
  std::int64_t out = ir::kUnknownDim;

  /// Distance from the first to behind the last tap.
  [[nodiscard]] Count span() const { return Count(kernel - 1) * dilation + 1; }
};

enum class AutoPad { kNotSet, kSameUpper, kSameLower, kValid };
[[nodiscard]] AutoPad auto_pad(const OpContext& ctx);

/// The integer list attribute `name` with one entry per spatial axis, or `fallback` for each.
/// Throws RuleError on a wrong length or an entry below `minimum`.
[[nodiscard]] std::vector<std::int64_t> per_axis(const OpContext& ctx, std::string_view name,
                                                 std::size_t axes, std::int64_t fallback,
                                                 std::int64_t minimum);
/// Attributes strides, dilations and pads (zero under auto_pad) over axes of the given sizes; `out`
/// is not set.
[[nodiscard]] std::vector<Window> read_windows(const OpContext& ctx,
                                               std::span<const std::int64_t> in,
                                               std::span<const std::int64_t> kernel);
/// The same with auto_pad and ceil_mode applied and `out` set. Throws RuleError when a window does
/// not fit its padded input.
[[nodiscard]] std::vector<Window> slide_windows(const OpContext& ctx,
                                                std::span<const std::int64_t> in,
                                                std::span<const std::int64_t> kernel);

/// Pairs of window position and tap that fall on real input, not padding. Cost: O(kernel).
[[nodiscard]] Count valid_taps(const Window& window);

}  // namespace roofline::ops
