// Owns operators that sort, select or compare elements: their results often depend on the data.
// Refuses to guess how many elements are found: that size stays unknown.
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
  if (const Shape* x = ctx.shape(0)) {
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
    return ctx.set_output(0, DType::kInt64, Shape{rank, kUnknownDim});
  }
  Ints found = nonzero_coordinates(*value, *x);
  const auto size = static_cast<std::int64_t>(found.size());
  std::optional<ir::SmallValue> result;
  if (size <= ir::kMaxSmallValueElements) result = std::move(found);
  ctx.set_output(0, DType::kInt64, Shape{rank, size / rank}, std::move(result));
}

void infer_compress(OpContext& ctx) {
  const DType dtype = ctx.input(0).dtype;
  if (!ctx.has_attr("axis")) return ctx.set_output(0, dtype, Shape{kUnknownDim});
  const Shape* x = ctx.shape(0);
  if (!x) return ctx.set_output(0, dtype, std::nullopt);
  Shape out = *x;
  std::int64_t& dim = out[normalize_axis(ctx.attr_int("axis", 0), out.size())];
  dim = kUnknownDim;
  if (const Ints* flags = ctx.known_ints(1)) {
    dim = std::count_if(flags->begin(), flags->end(), [](std::int64_t flag) { return flag != 0; });
  }
  ctx.set_output(0, dtype, std::move(out));
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
  std::optional<Shape> values = Shape{kUnknownDim};
  std::optional<Shape> inverse = Shape{kUnknownDim};
  if (ctx.has_attr("axis")) {
    values = x ? std::optional(*x) : std::nullopt;
    if (x) {
      const std::size_t axis = normalize_axis(ctx.attr_int("axis", 0), x->size());
      inverse = Shape{(*x)[axis]};
      (*values)[axis] = kUnknownDim;
    }
  } else if (const auto count = x ? ir::element_count(*x) : std::nullopt) {
    inverse = Shape{count->value()};
  }
  ctx.set_output(0, ctx.input(0).dtype, std::move(values));
  ctx.set_output(1, DType::kInt64, Shape{kUnknownDim});
  ctx.set_output(2, DType::kInt64, std::move(inverse));
  ctx.set_output(3, DType::kInt64, Shape{kUnknownDim});
}

/// A sort of all elements.
Work unique_work(const OpContext& ctx) {
  const Count n = ctx.elements(0);
  return {.arithmetic = n * (1 + ceil_log2(n.value()))};
}

// --- NonMaxSuppression

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

constexpr OpSpec kTable[] = {
    search("TopK", 1, {1, 2, 2, 2}, infer_top_k, top_k_work, touch_first,
           "elements(in)*(1 + ceil(log2 k))", "one heap of k per row"),
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

std::span<const OpSpec> search_ops() { return kTable; }

}  // namespace roofline::ops
