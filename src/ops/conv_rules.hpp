#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "roofline/ops/op_context.hpp"
#include "roofline/ops/op_spec.hpp"
#include "window.hpp"

// Rule functions that the convolution files share.
namespace roofline::ops {

/// Where a convolution's operands are; -1 for one it does not have.
struct ConvSlots {
  int x = 0;
  int w = 1;
  int bias = 2;
};

/// Rank of X and W, from whichever is known; nullopt when neither is.
[[nodiscard]] std::optional<std::size_t> conv_rank(const OpContext& ctx, ConvSlots slots);
[[nodiscard]] std::int64_t size_or_unknown(const ir::Shape* shape, std::size_t axis);
/// Sizes of the axes behind batch and channels.
[[nodiscard]] std::vector<std::int64_t> spatial_sizes(const ir::Shape* shape, std::size_t rank);
/// Kernel sizes from the weight, or from attribute kernel_shape where that is not known.
[[nodiscard]] std::vector<std::int64_t> kernel_sizes(const OpContext& ctx, ConvSlots slots,
                                                     std::size_t rank);
[[nodiscard]] std::int64_t group_count(const OpContext& ctx);
/// Throws RuleError when `channels` of `what` ("input", "output") are not a multiple of `group`.
void check_divides(std::int64_t group, std::int64_t channels, std::string_view what);
void check_bias(const OpContext& ctx, int bias, std::int64_t channels);
/// [batch, channels, out of each window].
[[nodiscard]] ir::Shape windows_shape(std::int64_t batch, std::int64_t channels,
                                      const std::vector<Window>& windows);

/// Output shape of a convolution that slides forward. Throws RuleError where operands disagree.
[[nodiscard]] std::optional<ir::Shape> conv_shape(const OpContext& ctx, ConvSlots slots);
/// Its contraction, without bias.
[[nodiscard]] Work direct_conv(const OpContext& ctx, ConvSlots slots);
/// One addition per output element if there is a bias.
[[nodiscard]] Count bias_adds(const OpContext& ctx, ConvSlots slots);

/// Kernel, stride and dilation of `windows`.
void describe_windows(const std::vector<Window>& windows, Contraction& contraction);
/// Product of valid_taps over all axes.
[[nodiscard]] Count all_valid_taps(const std::vector<Window>& windows);

}  // namespace roofline::ops
