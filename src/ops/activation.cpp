// Owns functions of one tensor, element by element: activations and elementary mathematics.
// Refuses nothing but operands that do not fit (PRelu's slope).
#include <fmt/format.h>

#include <algorithm>

#include "arithmetic.hpp"
#include "families.hpp"
#include "rules.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

namespace a = arithmetic;
using ir::DType;

// --- types

template <class Op>
void infer_value(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  std::optional<ir::SmallValue> value;
  if (const ir::SmallValue* known_value = small_value(ctx, 0)) {
    value = fit(map1<Op>(*known_value), x.dtype);
  }
  ctx.set_output(0, x.dtype, x.shape, std::move(value));
}

void infer_test(OpContext& ctx) { ctx.set_output(0, DType::kBool, ctx.input(0).shape); }

void infer_not(OpContext& ctx) {
  infer_value<a::Not>(ctx);
  ctx.output(0).dtype = DType::kBool;
}

/// The slope broadcasts to X and never widens it; before opset 7 it has one element per channel.
void infer_prelu(OpContext& ctx) {
  same_as_input(ctx);
  const ir::Shape* x = ctx.shape(0);
  const ir::Shape* slope = ctx.shape(1);
  if (!x || !slope || ctx.opset() < 7) return;
  if (slope->size() > x->size() || broadcast(*x, *slope).size() != x->size()) {
    throw RuleError("shape-mismatch", fmt::format("slope {} does not broadcast to input {}",
                                                  ir::to_string(*slope), ir::to_string(*x)));
  }
}

/// One bound of Clip: operand i from opset 11 on, an attribute before.
std::optional<ir::SmallValue> clip_bound(const OpContext& ctx, int i, std::string_view name) {
  if (ctx.has_input(i) && ctx.input(i).value) return *ctx.input(i).value;
  if (ctx.has_attr(name)) return Doubles{ctx.attr_float(name, 0.0)};
  return std::nullopt;
}

template <class Op>
ir::SmallValue clip_by(const ir::SmallValue& value, const std::optional<ir::SmallValue>& bound) {
  if (!bound || ir::size(*bound) != 1) return value;
  const Ints everywhere(ir::size(value), 0);
  return map2<Op>(value, pick(*bound, everywhere));
}

void infer_clip(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  std::optional<ir::SmallValue> value;
  const bool bounds_known =
      (!ctx.has_input(1) || ctx.input(1).value) && (!ctx.has_input(2) || ctx.input(2).value);
  if (const ir::SmallValue* known_value = small_value(ctx, 0); known_value && bounds_known) {
    value = clip_by<a::Min>(clip_by<a::Max>(*known_value, clip_bound(ctx, 1, "min")),
                            clip_bound(ctx, 2, "max"));
    value = convert(*value, x.dtype);
  }
  ctx.set_output(0, x.dtype, x.shape, std::move(value));
}

/// Gate and value have one shape: nothing broadcasts.
void infer_swiglu(OpContext& ctx) {
  const ir::Shape* a = ctx.shape(0);
  const ir::Shape* b = ctx.shape(1);
  std::optional<ir::Shape> out = a || !b ? ctx.input(0).shape : *b;
  for (std::size_t i = 0; a && b && i < std::max(a->size(), b->size()); ++i) {
    if (a->size() != b->size() || sizes_differ((*a)[i], (*b)[i])) {
      shape_error(fmt::format("A is {}, B is {}, expected one shape", ir::to_string(*a),
                              ir::to_string(*b)));
    }
    (*out)[i] = known_size((*a)[i], (*b)[i]);
  }
  ctx.set_output(0, ctx.input(0).dtype, std::move(out));
}

// --- work

Work clip_work(const OpContext& ctx) {
  const int bounds = (ctx.has_input(1) || ctx.has_attr("min") ? 1 : 0) +
                     (ctx.has_input(2) || ctx.has_attr("max") ? 1 : 0);
  return {.arithmetic = ctx.output_elements() * bounds};
}

/// erf form: 0.5*x*(1 + erf(x/sqrt(2))). tanh form: 0.5*x*(1 + tanh(c*(x + 0.044715*x*x*x))).
Work gelu_work(const OpContext& ctx) {
  return ctx.attr_string("approximate", "none") == "tanh" ? per_output<8, 1>(ctx)
                                                          : per_output<4, 1>(ctx);
}

/// Swish(A) * B.
Work swiglu_work(const OpContext& ctx) {
  return ctx.attr_float("alpha", 1.0) == 1.0 ? per_output<4, 1>(ctx) : per_output<5, 1>(ctx);
}

/// x / (1 + exp(-alpha*x)); alpha = 1 costs nothing.
Work swish_work(const OpContext& ctx) {
  return ctx.attr_float("alpha", 1.0) == 1.0 ? per_output<3, 1>(ctx) : per_output<4, 1>(ctx);
}

AccessList touch_prelu(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, Role::kData, list);
  read_whole(ctx, 1, Role::kParameter, list);
  write_all(ctx, list);
  return list;
}

// --- rows

constexpr OpSpec unary(OpClass cls, std::string_view type, int since, WorkFn work,
                       std::string_view formula, InferFn infer) {
  return {.type = type,
          .since = since,
          .cls = cls,
          .arity = {1, 1},
          .infer = infer,
          .work = work,
          .access = touch_all,
          .formula = formula};
}

/// A function that runtimes fuse into the producer of its operand.
constexpr OpSpec activation(std::string_view type, int since, WorkFn work, std::string_view formula,
                            InferFn infer = same_as_input) {
  return unary(OpClass::kActivation, type, since, work, formula, infer);
}

constexpr OpSpec arithmetic_op(std::string_view type, int since, InferFn infer = same_as_input) {
  return unary(OpClass::kElementwise, type, since, per_output<1>, "elements", infer);
}

constexpr OpSpec transcendental(std::string_view type, int since, InferFn infer = same_as_input) {
  return unary(OpClass::kElementwise, type, since, per_output<0, 1>,
               "0, and elements transcendental", infer);
}

constexpr OpSpec kActivationOps[] = {
    activation("Relu", 1, per_output<1>, "elements (max)", infer_value<a::Relu>),
    activation("LeakyRelu", 1, per_output<2>, "2*elements (compare, mul)"),
    activation("ThresholdedRelu", 1, per_output<2>, "2*elements (compare, select)"),
    activation("Elu", 1, per_output<3, 1>,
               "3*elements (compare, sub, mul), and elements transcendental"),
    activation("Selu", 1, per_output<4, 1>,
               "4*elements (compare, mul, sub, mul), and elements transcendental"),
    activation("Celu", 12, per_output<6, 1>,
               "6*elements (max, div, sub, mul, min, add), and elements transcendental"),
    activation("Sigmoid", 1, per_output<2, 1>,
               "2*elements (add, div), and elements transcendental"),
    activation("HardSigmoid", 1, per_output<4>, "4*elements (mul, add, min, max)"),
    activation("HardSwish", 14, per_output<5>, "5*elements (mul, add, min, max, mul)"),
    activation("Tanh", 1, per_output<0, 1>, "0, and elements transcendental"),
    activation("Softplus", 1, per_output<1, 2>,
               "elements (add), and 2*elements transcendental (exp, log)"),
    activation("Softsign", 1, per_output<3>, "3*elements (abs, add, div)"),
    activation("Gelu", 20, gelu_work,
               "4*elements (mul, add, mul, mul), 8*elements with approximate=tanh, and elements "
               "transcendental"),
    activation("Mish", 18, per_output<2, 3>,
               "2*elements (add, mul), and 3*elements transcendental (exp, log, tanh)"),
    activation("Swish", 24, swish_work,
               "3*elements (add, div, mul), one more if alpha is not 1, and elements "
               "transcendental"),
    {.type = "SwiGLU",
     .since = 28,
     .cls = OpClass::kElementwise,
     .arity = {2, 2},
     .infer = infer_swiglu,
     .work = swiglu_work,
     .access = touch_all,
     .formula = "4*elements (Swish: add, div, mul; mul), one more if alpha is not 1, and elements "
                "transcendental"},
    activation("Shrink", 9, per_output<3>, "3*elements (two compares, add)"),
    {.type = "PRelu",
     .since = 1,
     .cls = OpClass::kActivation,
     .arity = {2, 2},
     .infer = infer_prelu,
     .work = per_output<2>,
     .access = touch_prelu,
     .formula = "2*elements (compare, mul)"},
    {.type = "Clip",
     .since = 1,
     .cls = OpClass::kActivation,
     .arity = {1, 3},
     .infer = infer_clip,
     .work = clip_work,
     .access = touch_all,
     .formula = "elements per bound given (min, max)"},
    arithmetic_op("Abs", 1, infer_value<a::Abs>),
    arithmetic_op("Neg", 1, infer_value<a::Neg>),
    growing(0b01, arithmetic_op("Floor", 1, infer_value<a::Float<a::floor>>)),
    growing(0b01, arithmetic_op("Ceil", 1, infer_value<a::Float<a::ceil>>)),
    growing(0b01, arithmetic_op("Round", 11, infer_value<a::Float<a::round>>)),
    arithmetic_op("Reciprocal", 1, infer_value<a::Float<a::reciprocal>>),
    arithmetic_op("Not", 1, infer_not),
    arithmetic_op("BitwiseNot", 18, infer_value<a::BitwiseNot>),
    arithmetic_op("IsNaN", 9, infer_test),
    unary(OpClass::kElementwise, "IsInf", 10, per_output<2>, "2*elements (abs, compare)",
          infer_test),
    unary(OpClass::kElementwise, "Sign", 9, per_output<2>, "2*elements (two compares)",
          infer_value<a::Sign>),
    transcendental("Sqrt", 1, infer_value<a::Float<a::sqrt>>),
    transcendental("Exp", 1, infer_value<a::Float<a::exp>>),
    transcendental("Log", 1, infer_value<a::Float<a::log>>),
    transcendental("Erf", 9),
    transcendental("Sin", 7),
    transcendental("Cos", 7),
    transcendental("Tan", 7),
    transcendental("Asin", 7),
    transcendental("Acos", 7),
    transcendental("Atan", 7),
    transcendental("Sinh", 9),
    transcendental("Cosh", 9),
    transcendental("Asinh", 9),
    transcendental("Acosh", 9),
    transcendental("Atanh", 9),
};

}  // namespace

std::span<const OpSpec> activation_ops() { return kActivationOps; }

}  // namespace roofline::ops
