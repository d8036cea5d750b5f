// Owns what the convolution operators share: operand checks, output shape, the direct contraction.
// Refuses rows of the operator table.
#include "conv_rules.hpp"

#include <fmt/format.h>

#include "rules.hpp"

namespace roofline::ops {
namespace {

/// Channels of X against groups times channels per group of W.
void check_channels(std::int64_t channels, std::int64_t per_group, std::int64_t group) {
  if (channels == ir::kUnknownDim || per_group == ir::kUnknownDim) return;
  if (Count(per_group) * group == channels) return;
  const std::string expects =
      group == 1 ? fmt::to_string(per_group) : fmt::format("{} x {}", group, per_group);
  std::string hint = "check which tensor feeds this input, and its layout (channels come second)";
  if (per_group > 0 && channels > 0 && channels % per_group == 0) {
    hint = fmt::format("check attribute 'group' ({}): {} would fit", group, channels / per_group);
  }
  shape_error(fmt::format("input has {} channels, weight expects {}", channels, expects),
              std::move(hint));
}

std::vector<Window> conv_windows(const OpContext& ctx, ConvSlots slots, std::size_t rank) {
  return slide_windows(ctx, spatial_sizes(ctx.shape(slots.x), rank),
                       kernel_sizes(ctx, slots, rank));
}

}  // namespace

std::optional<std::size_t> conv_rank(const OpContext& ctx, ConvSlots slots) {
  const ir::Shape* x = ctx.shape(slots.x);
  const ir::Shape* w = ctx.shape(slots.w);
  if (!x && !w) return std::nullopt;
  const std::size_t rank = x ? x->size() : w->size();
  if (w && w->size() != rank) {
    shape_error(fmt::format("input has rank {} ({}), weight has rank {} ({})", rank,
                            ir::to_string(*x), w->size(), ir::to_string(*w)));
  }
  if (rank < 3) {
    shape_error(fmt::format("input has rank {}, expected at least 3 (N, C, spatial axes)", rank));
  }
  return rank;
}

std::int64_t size_or_unknown(const ir::Shape* shape, std::size_t axis) {
  return shape ? (*shape)[axis] : ir::kUnknownDim;
}

Ints spatial_sizes(const ir::Shape* shape, std::size_t rank) {
  return shape ? Ints(shape->begin() + 2, shape->end()) : Ints(rank - 2, ir::kUnknownDim);
}

Ints kernel_sizes(const OpContext& ctx, ConvSlots slots, std::size_t rank) {
  Ints kernel = spatial_sizes(ctx.shape(slots.w), rank);
  const Ints stated = per_axis(ctx, "kernel_shape", rank - 2, ir::kUnknownDim, 1);
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    if (sizes_differ(kernel[i], stated[i])) {
      shape_error(fmt::format("attribute 'kernel_shape' says {} on spatial axis {}, weight has {}",
                              stated[i], i, kernel[i]));
    }
    kernel[i] = known_size(kernel[i], stated[i]);
  }
  return kernel;
}

std::int64_t group_count(const OpContext& ctx) {
  const std::int64_t group = ctx.attr_int("group", 1);
  if (group < 1) {
    attribute_error(fmt::format("attribute 'group' is {}, expected at least 1", group));
  }
  return group;
}

void check_divides(std::int64_t group, std::int64_t channels, std::string_view what) {
  if (channels == ir::kUnknownDim || channels % group == 0) return;
  shape_error(fmt::format("{} {} channels are not a multiple of group {}", channels, what, group));
}

void check_bias(const OpContext& ctx, int bias, std::int64_t channels) {
  const ir::Shape* b = ctx.shape(bias);
  if (!b) return;
  if (b->size() != 1) {
    shape_error(fmt::format("bias has shape {}, expected one axis", ir::to_string(*b)));
  }
  if (sizes_differ((*b)[0], channels)) {
    shape_error(fmt::format("bias has {} elements for {} output channels", (*b)[0], channels));
  }
}

ir::Shape windows_shape(std::int64_t batch, std::int64_t channels,
                        const std::vector<Window>& windows) {
  ir::Shape shape = {batch, channels};
  for (const Window& w : windows) shape.push_back(w.out);
  return shape;
}

std::optional<ir::Shape> conv_shape(const OpContext& ctx, ConvSlots slots) {
  const std::optional<std::size_t> rank = conv_rank(ctx, slots);
  if (!rank) return std::nullopt;
  const ir::Shape* x = ctx.shape(slots.x);
  const ir::Shape* w = ctx.shape(slots.w);
  const std::int64_t group = group_count(ctx);
  const std::int64_t channels = size_or_unknown(w, 0);
  check_channels(size_or_unknown(x, 1), size_or_unknown(w, 1), group);
  check_divides(group, channels, "output");
  check_bias(ctx, slots.bias, channels);
  return windows_shape(size_or_unknown(x, 0), channels, conv_windows(ctx, slots, *rank));
}

void describe_windows(const std::vector<Window>& windows, Contraction& contraction) {
  for (const Window& w : windows) {
    contraction.kernel.push_back(w.kernel);
    contraction.stride.push_back(w.stride);
    contraction.dilation.push_back(w.dilation);
  }
}

Count all_valid_taps(const std::vector<Window>& windows) {
  Count taps = 1;
  for (const Window& w : windows) taps *= valid_taps(w);
  return taps;
}

Work direct_conv(const OpContext& ctx, ConvSlots slots) {
  const ir::Shape& x = *ctx.shape(slots.x);
  const ir::Shape& w = *ctx.shape(slots.w);
  const std::vector<Window> windows = conv_windows(ctx, slots, x.size());
  const std::int64_t group = group_count(ctx);
  Count positions = x[0];
  Count taps = w[1];
  for (const Window& window : windows) {
    positions *= window.out;
    taps *= window.kernel;
  }
  Contraction c = {.batch = group,
                   .m = positions.value(),
                   .n = w[0] / group,
                   .k = taps.value(),
                   .groups = group,
                   .valid_macs = Count(x[0]) * w[0] * w[1] * all_valid_taps(windows)};
  describe_windows(windows, c);
  return contract(std::move(c));
}

Count bias_adds(const OpContext& ctx, ConvSlots slots) {
  return ctx.has_input(slots.bias) ? ctx.output_elements() : Count(0);
}

}  // namespace roofline::ops
