// Owns ONNX Runtime's forerunners of ONNX operators, transforms, distances and causal convolution.
// Refuses words and tokens: contrib_text.cpp has those.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "kin.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

using enum Role;
using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

// --- what ONNX took over
constexpr Kin kGridSample = {.type = "GridSample", .slots = at(0, 1)};
constexpr Kin kTrilu = {.type = "Trilu"};
constexpr Kin kPad = {.type = "Pad", .slots = at(0, 1, 2)};
constexpr Kin kGatherND = {.type = "GatherND", .slots = at(0, 1)};
constexpr Kin kGather = {.type = "Gather", .slots = at(0, 1)};
constexpr Kin kRange = {.type = "Range", .slots = at(0, 1, 2)};
constexpr Kin kUnique = {.type = "Unique"};
constexpr Kin kIdentity = {.type = "Identity"};

/// The step is 1 where it is not given.
void infer_contrib_range(OpContext& ctx) {
  KinNode node(ctx, kRange);
  if (!ctx.has_input(2)) {
    ir::TensorType one = {.dtype = ctx.input(0).dtype, .shape = Shape{}};
    one.value = ir::is_float(one.dtype) ? ir::SmallValue(Doubles{1.0}) : ir::SmallValue(Ints{1});
    node.add_operand(2, std::move(one));
  }
  node.infer();
  ctx.output(0) = node.result();
}

void infer_expand_dims(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  Shape out = *x.shape;
  const std::optional<std::int64_t> axis = scalar_int(ctx, 1);
  if (!axis) return ctx.set_output(0, x.dtype, Shape(out.size() + 1, kUnknownDim));
  const std::size_t at = normalize_axis(*axis, out.size() + 1);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), 1);
  ctx.set_output(0, x.dtype, std::move(out), x.value);
}

/// Values in order of appearance, the place of each element among them, and their counts.
void infer_contrib_unique(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  const std::int64_t n = x ? product(*x) : kUnknownDim;
  ctx.set_output(0, ctx.input(0).dtype, Shape{kUnknownDim});
  ctx.set_output(1, DType::kInt64, Shape{n});
  ctx.set_output(2, DType::kInt64, Shape{kUnknownDim});
  if (n == kUnknownDim) return;
  ctx.set_bound(0, {n});
  ctx.set_bound(2, {n});
}

// --- CropAndResize: X [N, C, H, W], rois [R, 4], batch indices [R], crop size [2]
void infer_crop(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  const Shape* rois = ctx.shape(1);
  if ((x && x->size() != 4) || (rois && rois->size() != 2)) {
    shape_error(fmt::format("X has shape {}, rois have shape {}, expected ranks 4 and 2",
                            x ? ir::to_string(*x) : "?", rois ? ir::to_string(*rois) : "?"));
  }
  const std::optional<Shape> size = shape_operand(ctx, 3, 0);
  if (size && size->size() != 2) {
    shape_error(fmt::format("crop_size has {} elements, expected 2", size->size()));
  }
  ctx.set_output(0, ctx.input(0).dtype,
                 Shape{rois ? rois->front() : kUnknownDim, x ? (*x)[1] : kUnknownDim,
                       size ? (*size)[0] : kUnknownDim, size ? (*size)[1] : kUnknownDim});
}

/// Per place 12 (coordinates and corner weights, as in RoiAlign), per output 7; nearest: 6 per
/// place.
Work crop_work(const OpContext& ctx) {
  const Shape& y = *ctx.output_shape();
  const Count places = Count(y[0]) * y[2] * y[3];
  if (ctx.attr_string("mode", "bilinear") == "nearest") return {.arithmetic = places * 6};
  return {.arithmetic = places * 12 + ctx.output_elements() * 7};
}

// --- Inverse, CDist
void infer_inverse(OpContext& ctx) {
  same_as_input(ctx);
  const Shape* x = ctx.shape(0);
  if (!x) return;
  if (x->size() < 2 || sizes_differ(x->back(), (*x)[x->size() - 2])) {
    shape_error(fmt::format("input {} holds no square matrices", ir::to_string(*x)));
  }
}

/// Gauss-Jordan: 2*M operations for each of M*M elements.
Work inverse_work(const OpContext& ctx) {
  return {.arithmetic = ctx.elements(0) * 2 * ctx.shape(0)->back()};
}

void infer_cdist(OpContext& ctx) {
  const Shape* a = ctx.shape(0);
  const Shape* b = ctx.shape(1);
  if ((a && a->size() != 2) || (b && b->size() != 2)) {
    shape_error("distances are taken between the rows of two matrices, expected rank 2");
  }
  if (a && b && sizes_differ(a->back(), b->back())) {
    shape_error(fmt::format("rows have {} and {} elements", a->back(), b->back()));
  }
  ctx.set_output(0, ctx.input(0).dtype,
                 Shape{a ? a->front() : kUnknownDim, b ? b->front() : kUnknownDim});
}

/// Per pair and element: sub, mul, add.
Work cdist_work(const OpContext& ctx) {
  Work work = {.arithmetic = ctx.output_elements() * ctx.shape(0)->back() * 3};
  if (ctx.attr_string("metric", "sqeuclidean") == "euclidean") {
    work.transcendentals = ctx.output_elements();
  }
  return work;
}

// --- Rfft, Irfft: real [..., n] <-> half a spectrum [..., n/2 + 1, 2]
std::size_t signal_axes(const OpContext& ctx, const Shape& signal) {
  const std::int64_t axes = ctx.attr_int("signal_ndim", 1);
  if (axes < 1 || axes > static_cast<std::int64_t>(signal.size())) {
    attribute_error(
        fmt::format("attribute 'signal_ndim' is {}, the signal has {} axes", axes, signal.size()));
  }
  return static_cast<std::size_t>(axes);
}

void infer_rfft(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  Shape out = *x.shape;
  static_cast<void>(signal_axes(ctx, out));
  if (out.back() != kUnknownDim) out.back() = out.back() / 2 + 1;
  out.push_back(2);
  ctx.set_output(0, x.dtype, std::move(out));
}

void infer_irfft(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  Shape out = *x.shape;
  if (out.size() < 2 || sizes_differ(out.back(), 2)) {
    shape_error(fmt::format("input has shape {}, expected pairs (real, imaginary) on the last axis",
                            ir::to_string(out)));
  }
  out.pop_back();
  static_cast<void>(signal_axes(ctx, out));
  if (out.back() > 0) out.back() = (Count(out.back() - 1) * 2).value();
  ctx.set_output(0, x.dtype, std::move(out));
}

/// 5 n log2 n of each signal's n real elements, as DFT counts it.
Work fft_work(const OpContext& ctx, const Shape& real, Count elements) {
  const std::size_t axes = signal_axes(ctx, real);
  const std::int64_t n = product(std::span(real).last(axes));
  return {.arithmetic = elements * 5 * ceil_log2(n)};
}
Work rfft_work(const OpContext& ctx) { return fft_work(ctx, *ctx.shape(0), ctx.elements(0)); }
Work irfft_work(const OpContext& ctx) {
  return fft_work(ctx, *ctx.output_shape(), ctx.output_elements());
}

// --- UnfoldTensor
void infer_unfold(OpContext& ctx) {
  const std::int64_t size = ctx.required_int("size");
  const std::int64_t step = ctx.attr_int("step", 1);
  if (size < 1 || step < 1) {
    attribute_error(
        fmt::format("attributes 'size' {} and 'step' {}, expected at least 1", size, step));
  }
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  Shape out = *x.shape;
  std::int64_t& dim = out[normalize_axis(ctx.attr_int("dim", -1), out.size())];
  if (dim != kUnknownDim && dim < size) {
    shape_error(fmt::format("slices of {} do not fit an axis of {}", size, dim));
  }
  if (dim != kUnknownDim) dim = (dim - size) / step + 1;
  out.push_back(size);
  ctx.set_output(0, x.dtype, std::move(out));
}

void infer_all_finite(OpContext& ctx) { ctx.set_output(0, DType::kBool, Shape{}); }

Work all_finite_work(const OpContext& ctx) {
  Work work;
  for (int i = 0; i < ctx.input_count(); ++i) {
    if (ctx.has_input(i)) work.arithmetic += ctx.elements(i) * 3;
  }
  return work;
}

// --- rows
/// The kin's row in all but the name.
template <const Kin& kin>
constexpr OpSpec same(OpClass cls, std::string_view type, Arity arity, std::string_view formula) {
  return contrib_row({cls, type, arity, infer_as<kin>, work_as<kin>, access_as<kin>, formula});
}

constexpr OpSpec kContribMiscOps[] = {
    same<kGridSample>(OpClass::kResize, "GridSample", {2, 2}, "as in ai.onnx"),
    same<kTrilu>(OpClass::kMovement, "Trilu", {1, 2}, "0"),
    same<kPad>(OpClass::kMovement, "Pad", {2, 3}, "0"),
    same<kGatherND>(OpClass::kMovement, "GatherND", {2, 2}, "0"),
    same<kGather>(OpClass::kMovement, "TorchEmbedding", {2, 4}, "0"),
    same<kIdentity>(OpClass::kView, "SampleOp", {1, 1}, "0"),
    contrib_row({OpClass::kMovement,
                 "Range",
                 {2, 3},
                 infer_contrib_range,
                 per_output<2>,
                 touch_results,
                 "2*elements(out) (start + i*delta)"}),
    contrib_row(
        {OpClass::kView, "ExpandDims", {2, 2}, infer_expand_dims, no_work, touch_nothing, "0"}),
    contrib_row({OpClass::kSearch,
                 "Unique",
                 {1, 1, 3, 3},
                 infer_contrib_unique,
                 work_as<kUnique>,
                 touch_all,
                 "elements(in)*(1 + ceil(log2 elements(in)))",
                 Confidence::kApproximate}),
    contrib_row({OpClass::kPooling,
                 "CropAndResize",
                 {4, 4},
                 infer_crop,
                 crop_work,
                 touch_as<kData, kData, kBuffer>,
                 "12*R*OH*OW (coordinates, corner weights) + 7*elements(out); nearest: 6*R*OH*OW"}),
    contrib_row({OpClass::kOther,
                 "Inverse",
                 {1, 1},
                 infer_inverse,
                 inverse_work,
                 touch_all,
                 "2*matrices*M^3",
                 Confidence::kApproximate}),
    contrib_row({OpClass::kOther,
                 "CDist",
                 {2, 2},
                 infer_cdist,
                 cdist_work,
                 touch_all,
                 "3*M*K*N (sub, mul, add); a square root per output if euclidean"}),
    contrib_row({OpClass::kSignal,
                 "Rfft",
                 {1, 1},
                 infer_rfft,
                 rfft_work,
                 touch_all,
                 "5*elements(in)*ceil(log2 n), n elements per signal"}),
    contrib_row({OpClass::kSignal,
                 "Irfft",
                 {1, 1},
                 infer_irfft,
                 irfft_work,
                 touch_all,
                 "5*elements(out)*ceil(log2 n), n elements per signal"}),
    contrib_row({OpClass::kElementwise,
                 "ComplexMul",
                 {2, 2},
                 broadcast_inputs,
                 per_output<3>,
                 touch_all,
                 "3*elements(out): per pair 4 mul, an add and a sub"}),
    contrib_row({OpClass::kElementwise,
                 "ComplexMulConj",
                 {2, 2},
                 broadcast_inputs,
                 per_output<3>,
                 touch_all,
                 "3*elements(out): per pair 4 mul, an add and a sub"}),
    contrib_row(
        {OpClass::kMovement, "UnfoldTensor", {1, 1}, infer_unfold, no_work, touch_first, "0"}),
    contrib_row({OpClass::kReduction,
                 "IsAllFinite",
                 {1, kMany},
                 infer_all_finite,
                 all_finite_work,
                 touch_all,
                 "3 per element (abs, compare, and)"}),
};

}  // namespace

std::span<const OpSpec> contrib_misc_ops() { return kContribMiscOps; }

}  // namespace roofline::ops
