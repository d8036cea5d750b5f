// Owns conversions between real and quantized tensors by scale and zero point.
// Refuses scales that fit neither the tensor, an axis, nor its blocks.
#include <fmt/format.h>

#include "contrib.hpp"
#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

/// One scale per block of block_size elements along the axis: same rank, that axis divided.
void check_blocked(const OpContext& ctx, const Shape& x, const Shape& scale, std::size_t axis) {
  const std::int64_t block = ctx.attr_int("block_size", 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == kUnknownDim || scale[i] == kUnknownDim) continue;
    const std::int64_t wanted = i == axis && block > 0 ? ceil_div(x[i], block).value() : x[i];
    // Without block_size any number of blocks is taken: the size follows from the shapes.
    if (scale[i] == wanted || (i == axis && block == 0)) continue;
    throw RuleError("shape-mismatch",
                    fmt::format("scale {} does not fit input {} in blocks of {} along axis {}",
                                ir::to_string(scale), ir::to_string(x), block, axis));
  }
}

/// A scale is one number, one per element of an axis, or one per block (opset 21).
void check_scale(const OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  const Shape* scale = ctx.shape(1);
  if (!x || !scale || scale->empty() || *scale == Shape{1}) return;
  const std::size_t axis = normalize_axis(ctx.attr_int("axis", 1), x->size());
  if (scale->size() == 1 && ctx.attr_int("block_size", 0) == 0) {
    const std::int64_t n = scale->front();
    if (n == (*x)[axis] || n == kUnknownDim || (*x)[axis] == kUnknownDim) return;
    throw RuleError("shape-mismatch",
                    fmt::format("{} scales for axis {} of size {}", n, axis, (*x)[axis]));
  }
  if (scale->size() != x->size()) {
    throw RuleError("shape-mismatch", fmt::format("scale {} does not fit input {}",
                                                  ir::to_string(*scale), ir::to_string(*x)));
  }
  check_blocked(ctx, *x, *scale, axis);
}

DType output_dtype(const OpContext& ctx, DType fallback) {
  const std::int64_t code = ctx.attr_int("output_dtype", 0);
  return code == 0 ? fallback : ir::dtype_from_onnx(code);
}

void infer_quantize(OpContext& ctx) {
  check_scale(ctx);
  const DType dtype = ctx.has_input(2) ? ctx.input(2).dtype : output_dtype(ctx, DType::kUint8);
  ctx.set_output(0, dtype, ctx.input(0).shape);
}

void infer_dequantize(OpContext& ctx) {
  check_scale(ctx);
  ctx.set_output(0, output_dtype(ctx, ctx.input(1).dtype), ctx.input(0).shape);
}

/// Result, its scale and its zero point.
void infer_dynamic_quantize(OpContext& ctx) {
  ctx.set_output(0, DType::kUint8, ctx.input(0).shape);
  ctx.set_output(1, DType::kFloat32, Shape{});
  ctx.set_output(2, DType::kUint8, Shape{});
}

/// Divide, round, add the zero point (if any), clamp by two comparisons.
Work quantize_work(const OpContext& ctx) {
  return ctx.has_input(2) ? per_output<5>(ctx) : per_output<4>(ctx);
}

/// Subtract the zero point (if any), multiply.
Work dequantize_work(const OpContext& ctx) {
  return ctx.has_input(2) ? per_output<2>(ctx) : per_output<1>(ctx);
}

AccessList touch_quantize(const OpContext& ctx, Role data) {
  AccessList list;
  read_whole(ctx, 0, data, list);
  read_whole(ctx, 1, Role::kBuffer, list);
  read_whole(ctx, 2, Role::kBuffer, list);
  write_all(ctx, list);
  return list;
}

AccessList touch_data(const OpContext& ctx) { return touch_quantize(ctx, Role::kData); }

/// A constant here is a quantized weight: a parameter although it holds integers.
AccessList touch_weight(const OpContext& ctx) { return touch_quantize(ctx, Role::kParameter); }

constexpr OpSpec kQuantizeLinear = {
    .type = "QuantizeLinear",
    .since = 10,
    .cls = OpClass::kQuantize,
    .arity = {2, 3},
    .infer = infer_quantize,
    .work = quantize_work,
    .access = touch_data,
    .formula = "5*elements (div, round, add, min, max), 4 without zero point",
    .fusion = Fusion::kQuantize};

constexpr OpSpec kDequantize = {.type = "DequantizeLinear",
                                .since = 10,
                                .cls = OpClass::kQuantize,
                                .arity = {2, 3},
                                .infer = infer_dequantize,
                                .work = dequantize_work,
                                .access = touch_weight,
                                .formula = "2*elements (sub, mul), 1 without zero point",
                                .fusion = Fusion::kDequantize};

constexpr OpSpec kQuantizeOps[] = {
    kQuantizeLinear,
    kDequantize,
    contrib(kQuantizeLinear),
    contrib(kDequantize),
    {.type = "DynamicQuantizeLinear",
     .since = 11,
     .cls = OpClass::kQuantize,
     .arity = {1, 1, 3, 3},
     .infer = infer_dynamic_quantize,
     .work = per_input<7>,
     .access = touch_all,
     .formula = "7*elements (min, max over all, then div, round, add, min, max)"},
};

}  // namespace

std::span<const OpSpec> quantize_ops() { return kQuantizeOps; }

}  // namespace roofline::ops
