// Owns sampling at computed positions: grids and regions of interest.
// Refuses regular resizing.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;

// --- AffineGrid: theta [N, axes, axes + 1], size [N, C, spatial]
void infer_affine_grid(OpContext& ctx) {
  const ir::DType dtype = ctx.input(0).dtype;
  const Ints* size = ctx.ints(1);
  if (!size) return ctx.set_output(0, dtype, std::nullopt);
  if (size->size() != 4 && size->size() != 5) {
    shape_error(fmt::format("size has {} elements, expected 4 (N, C, H, W) or 5 (N, C, D, H, W)",
                            size->size()));
  }
  ir::Shape out = *size;
  std::replace(out.begin(), out.end(), ir::kUnknownElement, kAny);
  out.erase(out.begin() + 1);
  out.push_back(static_cast<std::int64_t>(size->size()) - 2);
  ctx.set_output(0, dtype, std::move(out));
}

/// A coordinate is a row of theta times the position: a mul and an add per axis.
Work affine_grid_work(const OpContext& ctx) {
  return {.arithmetic = ctx.output_elements() * 2 * ctx.output_shape()->back()};
}

// --- GridSample: X [N, C, in...], grid [N, out..., axes]
void infer_grid_sample(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  const ir::Shape* grid = ctx.shape(1);
  if (!x.shape && !grid) return ctx.set_output(0, x.dtype, std::nullopt);
  const std::size_t rank = x.shape ? x.shape->size() : grid->size();
  if (rank < 3 || (grid && grid->size() != rank)) {
    shape_error(fmt::format("X has rank {}, grid has rank {}, expected the same and at least 3",
                            rank, grid ? grid->size() : rank));
  }
  const auto axes = static_cast<std::int64_t>(rank) - 2;
  if (grid && sizes_differ(grid->back(), axes)) {
    shape_error(fmt::format("grid gives {} coordinates per point, X has {} spatial axes",
                            grid->back(), axes));
  }
  ir::Shape out(rank, kAny);
  if (x.shape) out[1] = (*x.shape)[1];
  out[0] = known_size(x.shape ? x.shape->front() : kAny, grid ? grid->front() : kAny);
  if (grid) std::copy(grid->begin() + 1, grid->end() - 1, out.begin() + 2);
  ctx.set_output(0, x.dtype, std::move(out));
}

/// Per point: each axis is scaled to pixels (mul, add), split into floor and rest (2), and each tap
/// gets a weight. Per output: a mul per tap, an add between taps.
Work grid_sample_work(const OpContext& ctx) {
  const std::string_view mode = ctx.attr_string("mode", "linear");
  const std::size_t axes = ctx.shape(0)->size() - 2;
  const auto axis_count = static_cast<std::int64_t>(axes);
  const Count points = ctx.elements(1).value() / axis_count;
  if (mode == "nearest") return {.arithmetic = points * 3 * axis_count};
  const bool is_cubic = mode == "cubic" || mode == "bicubic";
  const Count taps = power(is_cubic ? 4 : 2, axes);
  return {.arithmetic = points * (taps + 4 * axis_count) + ctx.output_elements() * (taps * 2 - 1)};
}

// --- regions of interest: X [N, C, H, W]
ir::Shape roi_shape(const OpContext& ctx, std::int64_t rows, std::int64_t columns) {
  const ir::Shape* x = ctx.shape(0);
  const ir::Shape* rois = ctx.shape(1);
  if (x && x->size() != 4) {
    shape_error(fmt::format("X has shape {}, expected rank 4 (N, C, H, W)", ir::to_string(*x)));
  }
  if (rois && rois->size() != 2) {
    shape_error(fmt::format("rois have shape {}, expected rank 2", ir::to_string(*rois)));
  }
  if (rows < 1 || columns < 1) {
    attribute_error(
        fmt::format("a pooled region has {}x{} bins, expected at least 1x1", rows, columns));
  }
  return {rois ? (*rois)[0] : kAny, x ? (*x)[1] : kAny, rows, columns};
}

void infer_roi_align(OpContext& ctx) {
  ctx.set_output(0, ctx.input(0).dtype,
                 roi_shape(ctx, ctx.attr_int("output_height", 1), ctx.attr_int("output_width", 1)));
}

/// Samples per bin and axis; 0 lets the region's size decide, which is data: 2 is assumed.
std::int64_t sampling_ratio(const OpContext& ctx) {
  const std::int64_t ratio = ctx.attr_int("sampling_ratio", 0);
  return ratio > 0 ? ratio : 2;
}

Work roi_align_work(const OpContext& ctx) {
  const ir::Shape& y = *ctx.output_shape();
  const Count samples = Count(sampling_ratio(ctx)) * sampling_ratio(ctx);
  const Count positions = Count(y[0]) * y[2] * y[3] * samples;
  return {.arithmetic = positions * 12 + ctx.output_elements() * samples * 8};
}

void infer_max_roi_pool(OpContext& ctx) {
  const Ints& pooled = ctx.required_ints("pooled_shape");
  if (pooled.size() != 2) {
    attribute_error(
        fmt::format("attribute 'pooled_shape' has {} values, expected 2", pooled.size()));
  }
  ctx.set_output(0, ctx.input(0).dtype, roi_shape(ctx, pooled[0], pooled[1]));
}

Work max_roi_pool_work(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  return {.arithmetic = Count((*ctx.shape(1))[0]) * x[1] * x[2] * x[3]};
}

constexpr OpSpec kSamplingOps[] = {
    {.type = "AffineGrid",
     .since = 20,
     .cls = OpClass::kResize,
     .arity = {2, 2},
     .infer = infer_affine_grid,
     .work = affine_grid_work,
     .access = touch_first,
     .formula = "2*axes per coordinate: a mul and an add per axis"},
    {.type = "GridSample",
     .since = 16,
     .cls = OpClass::kResize,
     .arity = {2, 2},
     .infer = infer_grid_sample,
     .work = grid_sample_work,
     .access = touch_as<kData, kData>,
     .formula = "linear: 4*k + 2^k per point, 2*2^k - 1 per output, k axes; cubic: 4^k for 2^k; "
                "nearest: 3*k per point"},
    {.type = "RoiAlign",
     .since = 10,
     .cls = OpClass::kPooling,
     .arity = {3, 3},
     .infer = infer_roi_align,
     .work = roi_align_work,
     .access = touch_as<kData, kData, kBuffer>,
     .formula = "R*OH*OW*s^2*12 (coordinates and corner weights) + R*C*OH*OW*8*s^2 (7 per sample, "
                "then the mean or maximum), s = sampling_ratio, 2 where adaptive",
     .confidence = Confidence::kApproximate},
    {.type = "MaxRoiPool",
     .since = 1,
     .cls = OpClass::kPooling,
     .arity = {2, 2},
     .infer = infer_max_roi_pool,
     .work = max_roi_pool_work,
     .access = touch_as<kData, kData>,
     .formula = "at most R*C*H*W compares: every region taken to cover the whole image",
     .confidence = Confidence::kApproximate},
};

}  // namespace

std::span<const OpSpec> sampling_ops() { return kSamplingOps; }

}  // namespace roofline::ops
