// Owns the geometry of sliding windows: padding, output sizes and the taps that hit real input.
// Refuses to know what is computed inside a window.
#include "window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "rules.hpp"

namespace roofline::ops {
namespace {

/// Splits SAME padding so that the output has ceil(in / stride) positions.
void pad_same(Window& w, AutoPad mode) {
  w.out = (Count(w.in) + (w.stride - 1)).value() / w.stride;
  const Count covered = Count(std::max<std::int64_t>(w.out - 1, 0)) * w.stride + w.span();
  const std::int64_t total = std::max<std::int64_t>((covered - w.in).value(), 0);
  const std::int64_t larger = total - total / 2;
  w.pad_begin = mode == AutoPad::kSameLower ? larger : total / 2;
  w.pad_end = total - w.pad_begin;
}

void slide(Window& w, std::size_t axis, bool ceil_mode) {
  const Count room = Count(w.in) + w.pad_begin + w.pad_end - w.span();
  if (room < 0) {
    shape_error(fmt::format("spatial axis {}: input of {} with padding {}+{} is smaller than a "
                            "kernel of {} with dilation {}",
                            axis, w.in, w.pad_begin, w.pad_end, w.kernel, w.dilation),
                "the input resolution is too small for this network, or 'pads' is wrong");
  }
  const Count steps = ceil_mode ? room + (w.stride - 1) : room;
  w.out = steps.value() / w.stride + 1;
  // A window that would start in the padding behind the input is dropped, as PyTorch and every
  // current runtime do; the text of opsets before 22 does not say so.
  if (ceil_mode && Count(w.out - 1) * w.stride >= Count(w.in) + w.pad_begin) --w.out;
}

void check_kernel(std::span<const std::int64_t> kernel) {
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    if (kernel[i] != ir::kUnknownDim && kernel[i] < 1) {
      attribute_error(
          fmt::format("kernel has size {} on spatial axis {}, expected "
                      "at least 1",
                      kernel[i], i));
    }
  }
}

}  // namespace

AutoPad auto_pad(const OpContext& ctx) {
  const std::string_view mode = ctx.attr_string("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty()) return AutoPad::kNotSet;
  if (mode == "SAME_UPPER") return AutoPad::kSameUpper;
  if (mode == "SAME_LOWER") return AutoPad::kSameLower;
  if (mode == "VALID") return AutoPad::kValid;
  attribute_error(fmt::format("attribute 'auto_pad' is '{}'", mode),
                  "expected NOTSET, SAME_UPPER, SAME_LOWER or VALID");
}

Ints per_axis(const OpContext& ctx, std::string_view name, std::size_t axes, std::int64_t fallback,
              std::int64_t minimum) {
  const Ints* given = ctx.attr_ints(name);
  if (!given || given->empty()) return Ints(axes, fallback);
  if (given->size() != axes) {
    attribute_error(
        fmt::format("attribute '{}' has {} values, expected {}", name, given->size(), axes));
  }
  const std::int64_t least = *std::min_element(given->begin(), given->end());
  if (least < minimum) {
    attribute_error(
        fmt::format("attribute '{}' holds {}, expected at least {}", name, least, minimum));
  }
  return *given;
}

std::vector<Window> read_windows(const OpContext& ctx, std::span<const std::int64_t> in,
                                 std::span<const std::int64_t> kernel) {
  check_kernel(kernel);
  const std::size_t axes = in.size();
  const Ints strides = per_axis(ctx, "strides", axes, 1, 1);
  const Ints dilations = per_axis(ctx, "dilations", axes, 1, 1);
  // Negative pads crop: not in the specification, but runtimes take them.
  Ints pads(2 * axes, 0);
  if (auto_pad(ctx) == AutoPad::kNotSet) {
    pads = per_axis(ctx, "pads", 2 * axes, 0, std::numeric_limits<std::int64_t>::min());
  }
  std::vector<Window> windows(axes);
  for (std::size_t i = 0; i < axes; ++i) {
    windows[i] = {.in = in[i],
                  .kernel = kernel[i],
                  .stride = strides[i],
                  .dilation = dilations[i],
                  .pad_begin = pads[i],
                  .pad_end = pads[axes + i]};
  }
  return windows;
}

std::vector<Window> slide_windows(const OpContext& ctx, std::span<const std::int64_t> in,
                                  std::span<const std::int64_t> kernel) {
  std::vector<Window> windows = read_windows(ctx, in, kernel);
  const AutoPad mode = auto_pad(ctx);
  const bool ceil_mode = ctx.attr_int("ceil_mode", 0) != 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Window& w = windows[i];
    if (w.in == ir::kUnknownDim || w.kernel == ir::kUnknownDim) continue;
    if (mode == AutoPad::kSameUpper || mode == AutoPad::kSameLower) {
      pad_same(w, mode);
    } else {
      slide(w, i, ceil_mode);
    }
  }
  return windows;
}

Count valid_taps(const Window& w) {
  // Only a hostile file has a million taps on one axis; all are taken for valid then.
  constexpr std::int64_t kMostTaps = 1 << 20;
  if (w.kernel > kMostTaps) return Count(w.out) * w.kernel;
  Count taps = 0;
  for (std::int64_t k = 0; k < w.kernel; ++k) {
    const std::int64_t shift = (Count(w.pad_begin) - Count(k) * w.dilation).value();
    const std::int64_t last = (Count(w.in) - 1 + shift).value();
    if (last < 0) break;
    const std::int64_t first = shift <= 0 ? 0 : (shift - 1) / w.stride + 1;
    taps += std::max<std::int64_t>(std::min(last / w.stride, w.out - 1) - first + 1, 0);
  }
  return taps;
}

}  // namespace roofline::ops
