// Owns arithmetic, comparison, logic and select over broadcast operands.
// Refuses operands that do not broadcast.
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

// --- shapes

/// Opsets 1 to 6: equal shapes, or with broadcast=1 the second operand laid onto the first from
/// `axis` on (onto its last axes by default). The result has the first operand's shape.
std::optional<ir::Shape> legacy_shape(const OpContext& ctx) {
  const ir::Shape* x = ctx.shape(0);
  const ir::Shape* y = ctx.shape(1);
  if (!x || !y) return x ? std::optional(*x) : std::nullopt;
  if (ctx.attr_int("broadcast", 0) == 0) {
    if (x->size() != y->size()) {
      throw RuleError("shape-mismatch",
                      fmt::format("shapes {} and {} differ, and this opset broadcasts only on "
                                  "request",
                                  ir::to_string(*x), ir::to_string(*y)),
                      "set broadcast=1, or convert the model to opset 7 or newer");
    }
    return broadcast(*x, *y);
  }
  const auto room = static_cast<std::int64_t>(x->size()) - static_cast<std::int64_t>(y->size());
  const std::int64_t axis = ctx.attr_int("axis", room);
  if (room < 0 || axis < 0 || axis > room) {
    throw RuleError("bad-axis", fmt::format("shape {} does not fit into {} from axis {}",
                                            ir::to_string(*y), ir::to_string(*x), axis));
  }
  ir::Shape aligned(x->size() - static_cast<std::size_t>(axis), 1);
  std::copy(y->begin(), y->end(), aligned.begin());
  return broadcast(*x, aligned);
}

bool is_legacy(const OpContext& ctx) { return ctx.node().domain.empty() && ctx.opset() < 7; }

std::optional<ir::Shape> result_shape(const OpContext& ctx) {
  return is_legacy(ctx) && ctx.input_count() == 2 ? legacy_shape(ctx) : broadcast_shape(ctx);
}

DType first_dtype(const OpContext& ctx) {
  for (int i = 0; i < ctx.input_count(); ++i) {
    if (ctx.has_input(i) && ctx.input(i).dtype != DType::kUndefined) return ctx.input(i).dtype;
  }
  return DType::kUndefined;
}

// --- small values

/// Operand i's value broadcast to `shape`.
std::optional<ir::SmallValue> spread(const OpContext& ctx, int i, const ir::Shape& shape) {
  const ir::SmallValue* value = small_value(ctx, i);
  return value ? broadcast_value(*value, *ctx.shape(i), shape) : std::nullopt;
}

/// Op folded over all operands; nullopt unless each has a value.
template <class Op>
std::optional<ir::SmallValue> fold(const OpContext& ctx, const std::optional<ir::Shape>& shape,
                                   DType dtype) {
  // An explicit axis aligns operands as broadcast_value does not; no exporter of shape arithmetic
  // ever used it.
  if (!shape || (is_legacy(ctx) && ctx.has_attr("axis"))) return std::nullopt;
  std::optional<ir::SmallValue> result;
  for (int i = 0; i < ctx.input_count(); ++i) {
    const std::optional<ir::SmallValue> next = spread(ctx, i, *shape);
    if (!next) return std::nullopt;
    result = result ? fit(map2<Op>(*result, *next), dtype) : *next;
  }
  return result;
}

template <class Op>
void infer_arithmetic(OpContext& ctx) {
  const DType dtype = first_dtype(ctx);
  std::optional<ir::Shape> shape = result_shape(ctx);
  std::optional<ir::SmallValue> value = fold<Op>(ctx, shape, dtype);
  ctx.set_output(0, dtype, std::move(shape), std::move(value));
}

/// Pow's exponent may have another type: the result is converted to the base's.
void infer_pow(OpContext& ctx) {
  const DType dtype = ctx.input(0).dtype;
  std::optional<ir::Shape> shape = result_shape(ctx);
  std::optional<ir::SmallValue> value = fold<a::Pow>(ctx, shape, dtype);
  if (value) value = convert(*value, dtype);
  ctx.set_output(0, dtype, std::move(shape), std::move(value));
}

void infer_mod(OpContext& ctx) {
  ctx.attr_int("fmod", 0) != 0 ? infer_arithmetic<a::Fmod>(ctx) : infer_arithmetic<a::Mod>(ctx);
}

void infer_mean(OpContext& ctx) { ctx.set_output(0, first_dtype(ctx), result_shape(ctx)); }

template <class Op>
void infer_test(OpContext& ctx) {
  std::optional<ir::Shape> shape = result_shape(ctx);
  std::optional<ir::SmallValue> value = fold<Op>(ctx, shape, DType::kBool);
  ctx.set_output(0, DType::kBool, std::move(shape), std::move(value));
}

void infer_bit_shift(OpContext& ctx) {
  const std::string_view direction = ctx.attr_string("direction", "");
  if (direction == "LEFT") return infer_arithmetic<a::ShiftLeft>(ctx);
  if (direction == "RIGHT") return infer_arithmetic<a::ShiftRight>(ctx);
  throw RuleError("bad-attribute",
                  fmt::format("attribute 'direction' is '{}', expected LEFT or RIGHT", direction));
}

/// Element by element; where the condition is not known, neither is the result, unless both agree.
template <class T>
std::vector<T> select(const Ints& condition, const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> out;
  out.reserve(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (known(condition[i]))
      out.push_back(condition[i] != 0 ? x[i] : y[i]);
    else
      out.push_back(known(x[i]) && !(x[i] < y[i]) && !(y[i] < x[i]) ? x[i] : unknown_element<T>());
  }
  return out;
}

std::optional<ir::SmallValue> select_value(const OpContext& ctx, const ir::Shape& shape) {
  const std::optional<ir::SmallValue> condition = spread(ctx, 0, shape);
  const std::optional<ir::SmallValue> x = spread(ctx, 1, shape);
  const std::optional<ir::SmallValue> y = spread(ctx, 2, shape);
  if (!condition || !x || !y || !ir::ints(*condition)) return std::nullopt;
  const Ints& flags = *ir::ints(*condition);
  if (ir::ints(*x) && ir::ints(*y)) return select(flags, *ir::ints(*x), *ir::ints(*y));
  return select(flags, to_doubles(*x), to_doubles(*y));
}

void infer_where(OpContext& ctx) {
  std::optional<ir::Shape> shape = broadcast_shape(ctx);
  std::optional<ir::SmallValue> value = shape ? select_value(ctx, *shape) : std::nullopt;
  const DType dtype =
      ctx.input(1).dtype == DType::kUndefined ? ctx.input(2).dtype : ctx.input(1).dtype;
  ctx.set_output(0, dtype, std::move(shape), std::move(value));
}

// --- work and accesses

/// Folding N operands takes N - 1 operations per element.
Work fold_work(const OpContext& ctx) {
  return {.arithmetic = ctx.output_elements() * (ctx.input_count() - 1)};
}

/// N - 1 additions and one multiplication.
Work mean_work(const OpContext& ctx) {
  return {.arithmetic = ctx.output_elements() * ctx.input_count()};
}

AccessList touch_where(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, Role::kBuffer, list);
  read_whole(ctx, 1, Role::kData, list);
  read_whole(ctx, 2, Role::kData, list);
  write_all(ctx, list);
  return list;
}

// --- rows

constexpr OpSpec binary(std::string_view type, int since, InferFn infer,
                        Fusion fusion = Fusion::kNone) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kElementwise,
          .arity = {2, 2},
          .infer = infer,
          .work = per_output<1>,
          .access = touch_all,
          .formula = "elements(out)",
          .fusion = fusion};
}

constexpr OpSpec variadic(std::string_view type, InferFn infer, WorkFn work,
                          std::string_view formula) {
  return {.type = type,
          .since = 1,
          .cls = OpClass::kElementwise,
          .arity = {1, kMany},
          .infer = infer,
          .work = work,
          .access = touch_all,
          .formula = formula};
}

constexpr OpSpec kElementwiseOps[] = {
    growing(kEveryOperand, binary("Add", 1, infer_arithmetic<a::Add>, Fusion::kAdd)),
    growing(0b01, binary("Sub", 1, infer_arithmetic<a::Sub>)),
    growing(kEveryOperand, binary("Mul", 1, infer_arithmetic<a::Mul>)),
    growing(0b01, binary("Div", 1, infer_arithmetic<a::Div>)),
    binary("Mod", 10, infer_mod),
    {.type = "Pow",
     .since = 1,
     .cls = OpClass::kElementwise,
     .arity = {2, 2},
     .infer = infer_pow,
     .work = per_output<0, 1>,
     .access = touch_all,
     .formula = "0, and elements(out) transcendental"},
    binary("Equal", 1, infer_test<a::Equal>),
    binary("Greater", 1, infer_test<a::Greater>),
    binary("GreaterOrEqual", 12, infer_test<a::GreaterOrEqual>),
    binary("Less", 1, infer_test<a::Less>),
    binary("LessOrEqual", 12, infer_test<a::LessOrEqual>),
    binary("And", 1, infer_test<a::And>),
    binary("Or", 1, infer_test<a::Or>),
    binary("Xor", 1, infer_test<a::Xor>),
    binary("BitShift", 11, infer_bit_shift),
    binary("BitwiseAnd", 18, infer_arithmetic<a::BitwiseAnd>),
    binary("BitwiseOr", 18, infer_arithmetic<a::BitwiseOr>),
    binary("BitwiseXor", 18, infer_arithmetic<a::BitwiseXor>),
    growing(kEveryOperand, variadic("Min", infer_arithmetic<a::Min>, fold_work,
                                    "(N-1)*elements(out), N operands")),
    growing(kEveryOperand, variadic("Max", infer_arithmetic<a::Max>, fold_work,
                                    "(N-1)*elements(out), N operands")),
    growing(kEveryOperand, variadic("Sum", infer_arithmetic<a::Add>, fold_work,
                                    "(N-1)*elements(out), N operands")),
    variadic("Mean", infer_mean, mean_work, "N*elements(out), N operands"),
    {.type = "Where",
     .since = 9,
     .cls = OpClass::kElementwise,
     .arity = {3, 3},
     .infer = infer_where,
     .work = per_output<1>,
     .access = touch_where,
     .formula = "elements(out)"},
};

}  // namespace

std::span<const OpSpec> elementwise_ops() { return kElementwiseOps; }

}  // namespace roofline::ops
