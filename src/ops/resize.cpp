// Owns Resize and Upsample in all their encodings.
// Refuses sampling at computed positions: sampling.cpp has that.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

/// Operands of Resize: opset 10 has (X, scales), later ones (X, roi, scales, sizes).
struct ResizeSlots {
  int roi;
  int scales;
  int sizes;
};
ResizeSlots resize_slots(const OpContext& ctx) {
  return ctx.opset() < 11 ? ResizeSlots{-1, 1, -1} : ResizeSlots{1, 2, 3};
}

/// True unless the operand is omitted or, as exporters write it, an empty tensor.
bool is_given(const OpContext& ctx, int i) {
  if (!ctx.has_input(i)) return false;
  const ir::Shape* shape = ctx.shape(i);
  return !shape || shape->size() != 1 || shape->front() != 0;
}

/// The axes that scales and sizes speak of: attribute axes (opset 18), or all.
std::vector<std::size_t> resized_axes(const OpContext& ctx, std::size_t rank) {
  std::vector<std::size_t> axes;
  if (const Ints* given = ctx.attr_ints("axes")) {
    for (const std::int64_t axis : *given) axes.push_back(normalize_axis(axis, rank));
  } else {
    for (std::size_t i = 0; i < rank; ++i) axes.push_back(i);
  }
  return axes;
}

void check_length(std::size_t length, std::size_t axes, std::string_view name) {
  if (length == axes) return;
  shape_error(fmt::format("{} has {} elements for {} axes", name, length, axes),
              "give one element per axis of the input, or name the axes");
}

/// floor(size * scale). A float32 scale just below a rational must not lose a whole element.
std::int64_t scaled_size(std::int64_t size, double scale) {
  if (size == ir::kUnknownDim || std::isnan(scale)) return ir::kUnknownDim;
  if (scale <= 0) attribute_error(fmt::format("scale is {}, expected above 0", scale));
  const auto result = std::floor(static_cast<float>(size) * static_cast<float>(scale));
  if (!(result < 1e18F)) throw OverflowError();
  return static_cast<std::int64_t>(result);
}

ir::Shape scaled(const ir::Shape& x, const std::vector<std::size_t>& axes, const Doubles& scales) {
  check_length(scales.size(), axes.size(), "scales");
  ir::Shape out = x;
  for (std::size_t i = 0; i < axes.size(); ++i) out[axes[i]] = scaled_size(x[axes[i]], scales[i]);
  return out;
}

/// tf_crop_and_resize scales only the part of each axis that the region of interest covers.
Doubles with_roi(const OpContext& ctx, Doubles scales, int roi_slot) {
  if (ctx.attr_string("coordinate_transformation_mode", "") != "tf_crop_and_resize") return scales;
  const Doubles* roi = ctx.floats(roi_slot);
  const bool is_known = roi && roi->size() == 2 * scales.size();
  for (std::size_t i = 0; i < scales.size(); ++i) {
    scales[i] *=
        is_known ? (*roi)[scales.size() + i] - (*roi)[i] : std::numeric_limits<double>::quiet_NaN();
  }
  return scales;
}

/// One scale for all axes, so that no size exceeds (or none falls below) the wanted one.
ir::Shape keep_aspect(const ir::Shape& x, const std::vector<std::size_t>& axes, const Ints& sizes,
                      bool not_larger) {
  ir::Shape out = x;
  double scale = not_larger ? std::numeric_limits<double>::infinity() : 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t size = x[axes[i]];
    if (size < 1 || sizes[i] < 1) scale = std::numeric_limits<double>::quiet_NaN();
    const double wanted = static_cast<double>(sizes[i]) / static_cast<double>(size);
    if (not_larger ? wanted < scale : wanted > scale) scale = wanted;
  }
  for (const std::size_t axis : axes) {
    const double size = std::floor(scale * static_cast<double>(x[axis]) + 0.5);
    out[axis] = size < 1e18 ? static_cast<std::int64_t>(size) : ir::kUnknownDim;  // NaN too
  }
  return out;
}

ir::Shape sized(const OpContext& ctx, const ir::Shape& x, const std::vector<std::size_t>& axes,
                const Ints& sizes) {
  check_length(sizes.size(), axes.size(), "sizes");
  const std::string_view policy = ctx.attr_string("keep_aspect_ratio_policy", "stretch");
  if (policy == "not_larger") return keep_aspect(x, axes, sizes, true);
  if (policy == "not_smaller") return keep_aspect(x, axes, sizes, false);
  ir::Shape out = x;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    out[axes[i]] = sizes[i] == ir::kUnknownElement ? ir::kUnknownDim : sizes[i];
  }
  return out;
}

std::optional<ir::Shape> resized_shape(const OpContext& ctx) {
  const ir::Shape* x = ctx.shape(0);
  if (!x) return std::nullopt;
  const ResizeSlots slots = resize_slots(ctx);
  const std::vector<std::size_t> axes = resized_axes(ctx, x->size());
  if (is_given(ctx, slots.sizes)) {
    if (const Ints* sizes = ctx.ints(slots.sizes)) return sized(ctx, *x, axes, *sizes);
  } else if (!is_given(ctx, slots.scales)) {
    shape_error("neither scales nor sizes are given", "re-export the model");
  } else if (const Doubles* scales = ctx.floats(slots.scales)) {
    return scaled(*x, axes, with_roi(ctx, *scales, slots.roi));
  }
  ir::Shape out = *x;
  for (const std::size_t axis : axes) out[axis] = ir::kUnknownDim;
  return out;
}

void infer_resize(OpContext& ctx) { ctx.set_output(0, ctx.input(0).dtype, resized_shape(ctx)); }

// --- Upsample
/// Scales per axis from wherever this opset has them; nullopt when not known.
std::optional<Doubles> upsample_scales(const OpContext& ctx) {
  if (ctx.opset() < 7) {
    return Doubles{1, 1, ctx.attr_float("height_scale", 1), ctx.attr_float("width_scale", 1)};
  }
  const Doubles* scales = ctx.opset() < 9 ? ctx.attr_floats("scales") : ctx.floats(1);
  return scales ? std::optional(*scales) : std::nullopt;
}

void infer_upsample(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  const std::optional<Doubles> scales = upsample_scales(ctx);
  const std::size_t rank = x.shape->size();
  ctx.set_output(0, x.dtype,
                 scales ? scaled(*x.shape, resized_axes(ctx, rank), *scales)
                        : ir::Shape(rank, ir::kUnknownDim));
}

// --- work
/// Input elements that one output element along an axis weighs.
std::int64_t taps_on_axis(const OpContext& ctx, std::int64_t in, std::int64_t out,
                          std::int64_t base) {
  if (in == out) return 1;
  if (ctx.attr_int("antialias", 0) == 0 || out >= in || out < 1) return base;
  // The filter is stretched by the factor of the reduction.
  return ceil_div(Count(base) * in, out).value();
}

Work resize_work(const OpContext& ctx) {
  const std::string_view mode = ctx.attr_string("mode", "nearest");
  const Count outputs = ctx.output_elements();
  if (mode == "nearest") return {.arithmetic = outputs};
  const ir::Shape& x = *ctx.shape(0);
  const ir::Shape& y = *ctx.output_shape();
  Count taps = 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    taps *= taps_on_axis(ctx, x[i], y[i], mode == "cubic" ? 4 : 2);
  }
  return {.arithmetic = outputs * (taps * 2 - 1)};
}

constexpr OpSpec resize(std::string_view type, int since, Arity arity, InferFn infer) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kResize,
          .arity = arity,
          .infer = infer,
          .work = resize_work,
          .access = touch_first,
          .formula =
              "nearest: 1 per output (where to read); linear: 2*2^k - 1 per output, cubic: "
              "2*4^k - 1, with k resized axes (a mul per tap, an add between taps); "
              "antialias widens a shrinking axis' taps by in/out",
          .source = "direct form; separable passes do fewer operations"};
}

constexpr OpSpec kResizeOps[] = {
    resize("Resize", 10, {1, 4}, infer_resize),
    resize("Upsample", 1, {1, 2}, infer_upsample),
};

}  // namespace

std::span<const OpSpec> resize_ops() { return kResizeOps; }

}  // namespace roofline::ops
