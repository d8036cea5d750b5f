// Owns the experimental operators of opset 1 that early exporters wrote and runtimes still know.
// Refuses ATen, which says nothing of what it computes.
#include <fmt/format.h>

#include "families.hpp"
#include "kin.hpp"
#include "movement.hpp"

namespace roofline::ops {
namespace {

using ir::kUnknownDim;
using ir::Shape;

// --- elementwise

Work image_scaler_work(const OpContext& ctx) {
  return ctx.has_attr("bias") ? per_output<2>(ctx) : per_output<1>(ctx);
}

// --- Crop: border is (left, top, right, bottom), scale (height, width)

std::int64_t cropped(std::int64_t dim, std::int64_t from, std::int64_t to) {
  if (dim == kUnknownDim) return dim;
  const std::int64_t size = (Count(dim) - from - to).value();
  if (size < 0) {
    shape_error(
        fmt::format("borders {} and {} take more than the {} elements of the axis", from, to, dim));
  }
  return size;
}

void infer_experimental_crop(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  if (x.shape->size() != 4) {
    throw RuleError("bad-rank", fmt::format("input {} has rank {}, expected 4 (NCHW)",
                                            ir::to_string(*x.shape), x.shape->size()));
  }
  const Ints* scale = ctx.attr_ints("scale");
  const Ints* border = ctx.attr_ints("border");
  Shape out = *x.shape;
  if (scale && scale->size() == 2) {
    out[2] = (*scale)[0];
    out[3] = (*scale)[1];
  } else if (border && border->size() == 4) {
    out[2] = cropped(out[2], (*border)[1], (*border)[3]);
    out[3] = cropped(out[3], (*border)[0], (*border)[2]);
  } else {
    attribute_error("Crop has neither 4 values in 'border' nor 2 in 'scale'");
  }
  ctx.set_output(0, x.dtype, std::move(out));
}

AccessList touch_crop(const OpContext& ctx) {
  return {
      {.operand = 0, .elements = ctx.output_elements(), .run_length = ctx.output_shape()->back()},
      {.operand = ~0, .elements = ctx.output_elements()}};
}

// --- ConstantFill, GivenTensorFill

/// Attribute shape, or operand 0's elements or shape with attribute extra_shape behind.
std::optional<Shape> filled_shape(const OpContext& ctx) {
  if (const Ints* shape = ctx.attr_ints("shape")) return *shape;
  std::optional<Shape> out;
  if (ctx.attr_int("input_as_shape", 0) != 0)
    out = shape_operand(ctx, 0, 0);
  else if (const Shape* like = ctx.shape(0))
    out = *like;
  const Ints* extra = ctx.attr_ints("extra_shape");
  if (out && extra) out->insert(out->end(), extra->begin(), extra->end());
  return out;
}

void infer_constant_fill(OpContext& ctx) {
  ctx.set_output(0, ir::dtype_from_onnx(ctx.attr_int("dtype", 1)), filled_shape(ctx));
}

void infer_given_fill(OpContext& ctx) { ctx.set_output(0, ir::DType::kFloat32, filled_shape(ctx)); }

// --- rows

constexpr Kin kSlice = {.type = "Slice", .slots = at(0, 1, 2, 3), .opset = 10};

constexpr OpSpec unary(OpClass cls, std::string_view type, WorkFn work, std::string_view formula) {
  return {.type = type,
          .since = 1,
          .cls = cls,
          .arity = {1, 1},
          .infer = same_as_input,
          .work = work,
          .access = touch_all,
          .formula = formula,
          .source = "ONNX 1.1, experimental operators"};
}

constexpr OpSpec kExperimentalOps[] = {
    unary(OpClass::kElementwise, "Affine", per_output<2>, "2*elements (mul, add)"),
    unary(OpClass::kElementwise, "Scale", per_output<1>, "elements (mul)"),
    unary(OpClass::kElementwise, "ImageScaler", image_scaler_work,
          "2*elements (mul, add), 1 without bias"),
    unary(OpClass::kActivation, "ScaledTanh", per_output<2, 1>,
          "2*elements (mul, mul), and elements transcendental"),
    unary(OpClass::kActivation, "ParametricSoftplus", per_output<3, 2>,
          "3*elements (mul, add, mul), and 2*elements transcendental (exp, log)"),
    {.type = "GRUUnit",
     .since = 1,
     .cls = OpClass::kRecurrent,
     .arity = {4, 4},
     .infer = same_as_input,
     .work = per_output<6, 2>,
     .access = touch_as<Role::kData, Role::kData, Role::kBuffer>,
     .formula = "6 per state (sigmoid, sub, mul, mul, add), and 2 transcendental (sigmoid, tanh): "
                "the gates' products are other nodes",
     .source = "ONNX 1.1, experimental operators"},
    move("Crop", 1, {1, 1}, infer_experimental_crop, touch_crop),
    move("DynamicSlice", 1, {3, 4}, infer_as<kSlice>, access_as<kSlice>),
    move("ConstantFill", 1, {0, 1}, infer_constant_fill, touch_results),
    move("GivenTensorFill", 1, {0, 1}, infer_given_fill, touch_results),
};

}  // namespace

std::span<const OpSpec> experimental_ops() { return kExperimentalOps; }

}  // namespace roofline::ops
