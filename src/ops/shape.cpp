// Owns where shape arithmetic begins: sizes, constants, and tensors made from them.
// Refuses to read tensor data: only small values flow.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "families.hpp"
#include "rules.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

std::int64_t element_of_dim(std::int64_t dim) {
  return dim == kUnknownDim ? ir::kUnknownElement : dim;
}

// --- Shape, Size

/// Clamps a possibly negative `start` or `end` to 0..rank.
std::size_t clamp_axis(std::int64_t axis, std::size_t rank) {
  const auto limit = static_cast<std::int64_t>(rank);
  const std::int64_t forward = axis < 0 ? axis + limit : axis;
  return static_cast<std::size_t>(std::clamp<std::int64_t>(forward, 0, limit));
}

void infer_shape(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  if (!x) return ctx.set_output(0, DType::kInt64, Shape{kUnknownDim});
  const std::size_t rank = x->size();
  const std::size_t start = clamp_axis(ctx.attr_int("start", 0), rank);
  const std::size_t end = clamp_axis(ctx.attr_int("end", static_cast<std::int64_t>(rank)), rank);
  Ints sizes;
  for (std::size_t i = start; i < end; ++i) sizes.push_back(element_of_dim((*x)[i]));
  Shape shape = {static_cast<std::int64_t>(sizes.size())};
  ctx.set_output(0, DType::kInt64, std::move(shape), std::move(sizes));
}

void infer_size(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  const std::optional<Count> count = x ? ir::element_count(*x) : std::nullopt;
  ctx.set_output(0, DType::kInt64, Shape{}, Ints{count ? count->value() : ir::kUnknownElement});
}

// --- Constant

template <class T>
const T* attribute(const OpContext& ctx, std::string_view name) {
  const ir::Attribute* found = ctx.node().attribute(name);
  return found ? std::get_if<T>(&found->value) : nullptr;
}

template <class T>
void set_list(OpContext& ctx, DType dtype, const std::vector<T>& list) {
  std::optional<ir::SmallValue> value;
  if (list.size() <= static_cast<std::size_t>(ir::kMaxSmallValueElements)) value = list;
  ctx.set_output(0, dtype, Shape{static_cast<std::int64_t>(list.size())}, std::move(value));
}

bool infer_constant_list(OpContext& ctx) {
  if (const auto* reals = attribute<Doubles>(ctx, "value_floats")) {
    set_list(ctx, DType::kFloat32, *reals);
  } else if (const auto* integers = attribute<Ints>(ctx, "value_ints")) {
    set_list(ctx, DType::kInt64, *integers);
  } else if (const auto* texts = attribute<std::vector<std::string>>(ctx, "value_strings")) {
    ctx.set_output(0, DType::kString, Shape{static_cast<std::int64_t>(texts->size())});
  } else {
    return false;
  }
  return true;
}

void infer_constant(OpContext& ctx) {
  for (const std::string_view name : {"value", "sparse_value"}) {
    if (const ir::Constant* c = ctx.attr_tensor(name)) {
      return ctx.set_output(0, c->dtype, c->dims, c->value);
    }
  }
  if (infer_constant_list(ctx)) return;
  if (const auto* real = attribute<double>(ctx, "value_float")) {
    return ctx.set_output(0, DType::kFloat32, Shape{}, Doubles{*real});
  }
  if (const auto* integer = attribute<std::int64_t>(ctx, "value_int")) {
    return ctx.set_output(0, DType::kInt64, Shape{}, Ints{*integer});
  }
  if (ctx.has_attr("value_string")) return ctx.set_output(0, DType::kString, Shape{});
  throw RuleError("missing-attribute", "Constant has none of its value attributes",
                  "one of value, sparse_value, value_int(s), value_float(s), value_string(s)");
}

// --- ConstantOfShape, EyeLike

void infer_constant_of_shape(OpContext& ctx) {
  std::optional<Shape> shape = shape_operand(ctx, 0, 0);
  const ir::Constant* fill = ctx.attr_tensor("value");
  const DType dtype = fill ? fill->dtype : DType::kFloat32;
  const ir::SmallValue one = fill && fill->value ? *fill->value
                             : fill              ? ir::SmallValue(Ints{ir::kUnknownElement})
                                                 : ir::SmallValue(Doubles{0.0});
  std::optional<ir::SmallValue> value;
  if (const auto size = shape ? small_size(*shape) : std::nullopt)
    value = pick(one, Ints(*size, 0));
  ctx.set_output(0, dtype, std::move(shape), std::move(value));
}

void infer_eye_like(OpContext& ctx) {
  const std::int64_t wanted = ctx.attr_int("dtype", 0);
  const Shape* x = ctx.shape(0);
  if (x && x->size() != 2) {
    throw RuleError("bad-rank", fmt::format("EyeLike needs a matrix, found {}", ir::to_string(*x)));
  }
  ctx.set_output(0, wanted != 0 ? ir::dtype_from_onnx(wanted) : ctx.input(0).dtype,
                 ctx.input(0).shape);
}

// --- Range

/// ceil((limit - start) / delta), at least 0, in the operands' own type.
std::optional<std::int64_t> range_length(const OpContext& ctx) {
  const auto start = scalar_float(ctx, 0);
  const auto limit = scalar_float(ctx, 1);
  const auto delta = scalar_float(ctx, 2);
  if (!start || !limit || !delta) return std::nullopt;
  if (*delta == 0.0) throw RuleError("bad-value", "Range has the step 0");
  const double steps = std::ceil((*limit - *start) / *delta);
  if (!(steps < 9e15)) throw RuleError("bad-value", fmt::format("Range has {} elements", steps));
  return static_cast<std::int64_t>(std::max(steps, 0.0));
}

ir::SmallValue int_range(std::int64_t start, std::int64_t delta, std::int64_t length) {
  Ints out;
  // Each element but the last is followed by one below the limit: the sum cannot overflow.
  for (std::int64_t next = start; length > 0; next += delta) {
    out.push_back(next);
    if (--length == 0) break;
  }
  return out;
}

ir::SmallValue float_range(double start, double delta, std::int64_t length, DType dtype) {
  Doubles out;
  for (std::int64_t i = 0; i < length; ++i) out.push_back(start + static_cast<double>(i) * delta);
  return fit(std::move(out), dtype);
}

std::optional<ir::SmallValue> range_value(const OpContext& ctx, std::int64_t length) {
  if (length > ir::kMaxSmallValueElements) return std::nullopt;
  const DType dtype = ctx.input(0).dtype;
  const auto start = scalar_int(ctx, 0);
  const auto delta = scalar_int(ctx, 2);
  if (ir::is_integer(dtype) && start && delta) return int_range(*start, *delta, length);
  return float_range(*scalar_float(ctx, 0), *scalar_float(ctx, 2), length, dtype);
}

void infer_range(OpContext& ctx) {
  const DType dtype = ctx.input(0).dtype;
  const std::optional<std::int64_t> length = range_length(ctx);
  if (!length) return ctx.set_output(0, dtype, Shape{kUnknownDim});
  ctx.set_output(0, dtype, Shape{*length}, range_value(ctx, *length));
}

// --- rows

constexpr OpSpec metadata(std::string_view type, int since, Arity arity, InferFn infer) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kShape,
          .arity = arity,
          .infer = infer,
          .work = no_work,
          .access = touch_nothing,
          .formula = "0"};
}

constexpr OpSpec fill(std::string_view type, int since, Arity arity, InferFn infer, WorkFn work,
                      std::string_view formula) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kMovement,
          .arity = arity,
          .infer = infer,
          .work = work,
          .access = touch_results,
          .formula = formula};
}

constexpr OpSpec kShapeOps[] = {
    metadata("Shape", 1, {1, 1}, infer_shape),
    metadata("Size", 1, {1, 1}, infer_size),
    metadata("Constant", 1, {0, 0}, infer_constant),
    growing(0b01, fill("ConstantOfShape", 9, {1, 1}, infer_constant_of_shape, no_work, "0")),
    fill("EyeLike", 9, {1, 1}, infer_eye_like, no_work, "0"),
    growing(0b10, fill("Range", 11, {3, 3}, infer_range, per_output<2>,
                       "2*elements(out) (start + i*delta)")),
};

}  // namespace

std::span<const OpSpec> shape_ops() { return kShapeOps; }

}  // namespace roofline::ops
