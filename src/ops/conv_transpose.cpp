// Owns the transposed convolution and its scatter half, Col2Im.
// Refuses to pick an algorithm: counts are those of one MAC per input element and tap.
#include <fmt/format.h>

#include <algorithm>

#include "conv_rules.hpp"
#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;

constexpr ConvSlots kSlots = {};

// --- ConvTranspose
/// Sets `out`, and the padding that leads to it where the attributes do not state it.
void slide_transposed(Window& w, AutoPad mode, std::int64_t output_padding, std::int64_t stated) {
  const bool is_known = w.in != ir::kUnknownDim && w.kernel != ir::kUnknownDim;
  const bool is_same = mode == AutoPad::kSameUpper || mode == AutoPad::kSameLower;
  if (stated != ir::kUnknownDim) w.out = stated;
  if (!is_known) return;
  const Count full = Count(w.in - 1) * w.stride + w.span() + output_padding;
  if (stated == ir::kUnknownDim && !is_same) {
    w.out = (full - w.pad_begin - w.pad_end).value();
    return;
  }
  if (stated == ir::kUnknownDim) w.out = (Count(w.in) * w.stride).value();
  const std::int64_t total = std::max<std::int64_t>((full - w.out).value(), 0);
  w.pad_begin = mode == AutoPad::kSameUpper ? total / 2 : total - total / 2;
  w.pad_end = total - w.pad_begin;
}

/// Attribute output_shape per spatial axis; some exporters write batch and channels in front.
Ints stated_output(const OpContext& ctx, std::size_t axes) {
  const Ints* stated = ctx.attr_ints("output_shape");
  if (!stated || stated->size() != axes + 2) {
    return per_axis(ctx, "output_shape", axes, ir::kUnknownDim, 1);
  }
  return Ints(stated->begin() + 2, stated->end());
}

std::vector<Window> transposed_windows(const OpContext& ctx, std::size_t rank) {
  const Ints in = spatial_sizes(ctx.shape(0), rank);
  std::vector<Window> windows = read_windows(ctx, in, kernel_sizes(ctx, kSlots, rank));
  const Ints output_padding = per_axis(ctx, "output_padding", in.size(), 0, 0);
  const Ints stated = stated_output(ctx, in.size());
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Window& w = windows[i];
    slide_transposed(w, auto_pad(ctx), output_padding[i], stated[i]);
    if (w.out != ir::kUnknownDim && w.out < 1) {
      shape_error(fmt::format("spatial axis {}: padding {}+{} leaves an output of {}", i,
                              w.pad_begin, w.pad_end, w.out),
                  "check attributes 'pads' and 'output_shape'");
    }
  }
  return windows;
}

void infer_conv_transpose(OpContext& ctx) {
  const ir::DType dtype = ctx.input(0).dtype;
  const std::optional<std::size_t> rank = conv_rank(ctx, kSlots);
  if (!rank) return ctx.set_output(0, dtype, std::nullopt);
  const ir::Shape* x = ctx.shape(0);
  const ir::Shape* w = ctx.shape(1);
  const std::int64_t group = group_count(ctx);
  const std::int64_t channels_in = size_or_unknown(x, 1);
  if (sizes_differ(channels_in, size_or_unknown(w, 0))) {
    shape_error(fmt::format("input has {} channels, weight expects {}", channels_in, (*w)[0]),
                "a transposed convolution's weight is [Cin, Cout/group, kernel]");
  }
  check_divides(group, channels_in, "input");
  const std::int64_t per_group = size_or_unknown(w, 1);
  const std::int64_t channels =
      per_group == ir::kUnknownDim ? ir::kUnknownDim : (Count(per_group) * group).value();
  check_bias(ctx, 2, channels);
  ctx.set_output(0, dtype,
                 windows_shape(size_or_unknown(x, 0), channels, transposed_windows(ctx, *rank)));
}

Work conv_transpose_work(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  const ir::Shape& w = *ctx.shape(1);
  std::vector<Window> windows = transposed_windows(ctx, x.size());
  const std::int64_t group = group_count(ctx);
  Contraction c = {.batch = group, .k = x[1] / group, .groups = group};
  Count positions = x[0];
  Count taps = w[1];
  for (Window& window : windows) {
    positions *= window.in;
    taps *= window.kernel;
    // Seen from its output, a transposed convolution slides over it.
    std::swap(window.in, window.out);
  }
  c.m = positions.value();
  c.n = taps.value();
  c.valid_macs = Count(x[0]) * x[1] * w[1] * all_valid_taps(windows);
  describe_windows(windows, c);
  Work work = contract(std::move(c));
  work.arithmetic = bias_adds(ctx, kSlots);
  return work;
}

// --- Col2Im
void infer_col2im(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  const Ints* image = ctx.ints(1);
  const Ints* block = ctx.known_ints(2);
  if (!image || image->size() > 16) return ctx.set_output(0, x.dtype, std::nullopt);
  ir::Shape shape = {size_or_unknown(ctx.shape(0), 0), ir::kUnknownDim};
  if (x.shape && x.shape->size() != 3) {
    shape_error(
        fmt::format("input has rank {}, expected 3 (N, C x block, blocks)", x.shape->size()));
  }
  const std::int64_t columns = size_or_unknown(ctx.shape(0), 1);
  if (block && columns != ir::kUnknownDim) {
    const std::int64_t volume = product(*block);
    if (volume < 1 || columns % volume != 0) {
      shape_error(
          fmt::format("{} columns are not a multiple of the block volume {}", columns, volume));
    }
    shape[1] = columns / volume;
  }
  for (const std::int64_t size : *image) {
    shape.push_back(size == ir::kUnknownElement ? ir::kUnknownDim : size);
  }
  ctx.set_output(0, x.dtype, std::move(shape));
}

constexpr OpSpec kConvTransposeOps[] = {
    {.type = "ConvTranspose",
     .since = 1,
     .cls = OpClass::kConv,
     .arity = {2, 3},
     .infer = infer_conv_transpose,
     .work = conv_transpose_work,
     .access = touch_as<kData, kParameter, kParameter>,
     .formula = "2*N*Cin*IH*IW*(Cout/g)*KH*KW, + N*Cout*OH*OW if bias"},
    {.type = "Col2Im",
     .since = 18,
     .cls = OpClass::kReduction,
     .arity = {3, 3},
     .infer = infer_col2im,
     .work = per_input<1>,
     .access = touch_first,
     .formula = "1 add per input element"},
};

}  // namespace

std::span<const OpSpec> conv_transpose_ops() { return kConvTransposeOps; }

}  // namespace roofline::ops
