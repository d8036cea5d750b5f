// Owns operators that sort, select or compare elements: their results often depend on the data.
// Refuses to guess how many elements are found: that size stays unknown, but has a limit.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "movement.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

// --- TopK

std::optional<std::int64_t> top_k(const OpContext& ctx) {
  if (ctx.opset() < 10) return ctx.required_int("k");
  static_cast<void>(ctx.input(1));  // required without the attribute
  return scalar_int(ctx, 1);
}

/// Values and their indices.
void infer_top_k(OpContext& ctx) {
  std::optional<Shape> shape;
  const Shape* x = ctx.shape(0);
  if (x) {
    shape = *x;
    const std::optional<std::int64_t> k = top_k(ctx);
    std::int64_t& dim = (*shape)[normalize_axis(ctx.attr_int("axis", -1), x->size())];
    if (k && (*k < 0 || (dim != kUnknownDim && *k > dim))) {
      throw RuleError("bad-value", fmt::format("k is {}, the axis has {} elements", *k, dim));
    }
    dim = k.value_or(kUnknownDim);
  }
  ctx.set_output(0, ctx.input(0).dtype, shape);
  ctx.set_output(1, DType::kInt64, shape);
  for (int i = 0; x && i < ctx.output_count(); ++i) limit_output(ctx, i, *x);
}

/// Every element is tried on a heap of k.
Work top_k_work(const OpContext& ctx) {
  const Shape& out = *ctx.output_shape();
  const std::int64_t k = out[normalize_axis(ctx.attr_int("axis", -1), out.size())];
  return {.arithmetic = ctx.elements(0) * (1 + ceil_log2(k))};
}

// --- NonZero, Compress, Unique

/// The coordinates of elements that are not 0, one per column.
Ints nonzero_coordinates(const ir::SmallValue& value, const Shape& x) {
  const Ints strides = row_strides(x);
  const Doubles elements = to_doubles(value);
  Ints out;
  for (std::size_t axis = 0; axis < x.size(); ++axis) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (elements[i] == 0.0) continue;
      out.push_back(static_cast<std::int64_t>(i) / strides[axis] % x[axis]);
    }
  }
  return out;
}

void infer_non_zero(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  if (!x) return ctx.set_output(0, DType::kInt64, Shape{kUnknownDim, kUnknownDim});
  const auto rank = static_cast<std::int64_t>(x->size());
  const ir::SmallValue* value = small_value(ctx, 0);
  if (!value || !ir::is_known(*value) || rank == 0) {
    ctx.set_output(0, DType::kInt64, Shape{rank, kUnknownDim});
    return limit_output(ctx, 0, {rank, product(*x)});
  }
  Ints found = nonzero_coordinates(*value, *x);
  const auto size = static_cast<std::int64_t>(found.size());
  std::optional<ir::SmallValue> result;
  if (size <= ir::kMaxSmallValueElements) result = std::move(found);
  ctx.set_output(0, DType::kInt64, Shape{rank, size / rank}, std::move(result));
}

/// The smaller of two limits, of which one may not be known.
std::int64_t smaller_limit(std::int64_t a, std::int64_t b) {
  return a == kUnknownDim || b == kUnknownDim ? known_size(a, b) : std::min(a, b);
}

/// Without an axis, X counts as one row of all its elements.
void infer_compress(OpContext& ctx) {
  const bool is_flat = !ctx.has_attr("axis");
  const Shape* x = ctx.shape(0);
  if (!x && !is_flat) return ctx.set_output(0, ctx.input(0).dtype, std::nullopt);
  Shape limits = is_flat ? Shape{x ? product(*x) : kUnknownDim} : *x;
  const std::size_t axis = normalize_axis(ctx.attr_int("axis", 0), limits.size());
  Shape out = limits;
  out[axis] = kUnknownDim;
  if (const Ints* flags = ctx.known_ints(1)) {
    out[axis] = std::count_if(flags->begin(), flags->end(), [](std::int64_t f) { return f != 0; });
  } else if (const Shape* length = ctx.shape(1)) {
    limits[axis] = smaller_limit(limits[axis], product(*length));
  }
  ctx.set_output(0, ctx.input(0).dtype, std::move(out));
  limit_output(ctx, 0, std::move(limits));
}

AccessList touch_compress(const OpContext& ctx) {
  AccessList list = {{.operand = 0, .elements = ctx.output_elements()}};
  read_whole(ctx, 1, Role::kBuffer, list);
  write_all(ctx, list);
  return list;
}

/// Unique values, their first indices, the inverse indices, and the counts.
void infer_unique(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  const bool is_flat = !ctx.has_attr("axis");
  std::optional<Shape> limits;
  if (is_flat)
    limits = Shape{x ? product(*x) : kUnknownDim};
  else if (x)
    limits = *x;
  std::int64_t length = kUnknownDim;
  std::optional<Shape> values = limits;
  if (limits) {
    const std::size_t axis = normalize_axis(ctx.attr_int("axis", 0), limits->size());
    length = (*limits)[axis];
    (*values)[axis] = kUnknownDim;
  }
  ctx.set_output(0, ctx.input(0).dtype, std::move(values));
  ctx.set_output(1, DType::kInt64, Shape{kUnknownDim});
  ctx.set_output(2, DType::kInt64, Shape{length});
  ctx.set_output(3, DType::kInt64, Shape{kUnknownDim});
  if (limits) limit_output(ctx, 0, std::move(*limits));
  for (const int i : {1, 3}) limit_output(ctx, i, {length});
}

/// A sort of all elements.
Work unique_work(const OpContext& ctx) {
  const Count n = ctx.elements(0);
  return {.arithmetic = n * (1 + ceil_log2(n.value()))};
}

// --- NonMaxSuppression

/// Per batch and class no more boxes than operand 2 says (0 when it is left out) or there are.
std::int64_t nms_limit(const OpContext& ctx, const Shape& scores) {
  std::int64_t per_class = scores[2];
  const std::optional<std::int64_t> most = ctx.has_input(2) ? scalar_int(ctx, 2) : 0;
  if (most) per_class = smaller_limit(per_class, std::max<std::int64_t>(*most, 0));
  return product(Shape{scores[0], scores[1], per_class});
}

/// boxes [N,B,4], scores [N,C,B] -> [selected, 3].
void infer_nms(OpContext& ctx) {
  const Shape* boxes = ctx.shape(0);
  const Shape* scores = ctx.shape(1);
  if (boxes && (boxes->size() != 3 || (boxes->back() != 4 && boxes->back() != kUnknownDim))) {
    throw RuleError("shape-mismatch",
                    fmt::format("boxes are {}, expected [batch, boxes, 4]", ir::to_string(*boxes)));
  }
  if (scores && scores->size() != 3) {
    throw RuleError("bad-rank", fmt::format("scores are {}, expected [batch, classes, boxes]",
                                            ir::to_string(*scores)));
  }
  ctx.set_output(0, DType::kInt64, Shape{kUnknownDim, 3});
  if (boxes && scores) limit_output(ctx, 0, {nms_limit(ctx, *scores), 3});
}

/// Per score a step of the sort, per selected box an overlap with each of its class: 4 min and max
/// for the intersection, 2 sub, 2 max, 1 mul, then add, sub, div, compare (areas once per box: 3).
Work nms_work(const OpContext& ctx) {
  constexpr std::int64_t kOverlap = 13;
  constexpr std::int64_t kArea = 3;
  const std::int64_t boxes = (*ctx.shape(0))[1];
  const Count scores = ctx.elements(1);
  const Count selected = (*ctx.output_shape())[0];
  return {.arithmetic = scores * (1 + ceil_log2(boxes)) + ctx.elements(0).value() / 4 * kArea +
                        selected * boxes * kOverlap};
}

/// The limits (operands 2 to 4) are configuration.
AccessList touch_nms(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, Role::kData, list);
  read_whole(ctx, 1, Role::kData, list);
  write_all(ctx, list);
  return list;
}

// --- rows

constexpr OpSpec search(std::string_view type, int since, Arity arity, InferFn infer, WorkFn work,
                        AccessFn access, std::string_view formula, std::string_view source) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kSearch,
          .arity = arity,
          .infer = infer,
          .work = work,
          .access = access,
          .formula = formula,
          .source = source,
          .confidence = Confidence::kApproximate};
}

constexpr OpSpec kSearchOps[] = {
    growing(0b10, search("TopK", 1, {1, 2, 2, 2}, infer_top_k, top_k_work, touch_first,
                         "elements(in)*(1 + ceil(log2 k))", "one heap of k per row")),
    search("Unique", 11, {1, 1, 1, 4}, infer_unique, unique_work, touch_all,
           "elements(in)*(1 + ceil(log2 elements(in)))", "sort and compare"),
    search("NonMaxSuppression", 10, {2, 5}, infer_nms, nms_work, touch_nms,
           "scores*(1 + ceil(log2 boxes)) + 3*boxes + 13*selected*boxes",
           "sort, then each selected box against all of its class: an upper bound"),
    {.type = "NonZero",
     .since = 9,
     .cls = OpClass::kSearch,
     .arity = {1, 1},
     .infer = infer_non_zero,
     .work = per_input<1>,
     .access = touch_all,
     .formula = "elements(in) (compare)"},
    move("Compress", 9, {2, 2}, infer_compress, touch_compress),
};

}  // namespace

std::span<const OpSpec> search_ops() { return kSearchOps; }

}  // namespace roofline::ops
