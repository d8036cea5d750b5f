// Owns operators that cut a tensor along an axis or join pieces: Slice, Split, Concat.
// Refuses pieces that do not fit together.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "families.hpp"
#include "movement.hpp"

namespace roofline::ops {
namespace {

using ir::kUnknownDim;
using ir::Shape;

// --- Slice

/// Start, end and step of one axis, resolved against its size.
struct Cut {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t length = kUnknownDim;
};

/// tf2onnx ends a reversing slice at the smallest int64, which is also our mark of the unknown:
/// with a negative step it is taken for "to the first element". No exporter computes such an end.
bool means_first(std::int64_t end, std::int64_t step) { return !known(end) && step < 0; }

std::int64_t clamp_bound(std::int64_t bound, std::int64_t dim, std::int64_t low,
                         std::int64_t high) {
  return std::clamp(bound < 0 ? bound + dim : bound, low, high);
}

Cut cut_axis(std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (step == 0) throw RuleError("bad-value", "Slice has the step 0");
  const bool to_first = means_first(end, step);
  if (dim == kUnknownDim || !known(start) || !known(step) || (!known(end) && !to_first)) return {};
  if (step > 0) {
    const std::int64_t from = clamp_bound(start, dim, 0, dim);
    const std::int64_t to = clamp_bound(end, dim, 0, dim);
    return {from, step, to > from ? (to - from - 1) / step + 1 : 0};
  }
  const std::int64_t from = clamp_bound(start, dim, -1, dim - 1);
  const std::int64_t to = to_first ? -1 : clamp_bound(end, dim, -1, dim - 1);
  return {from, step, from > to ? (from - to - 1) / -step + 1 : 0};
}

/// A list given as attribute (opset 1) or operand; unknown elements where it is not known.
std::optional<Ints> slice_list(const OpContext& ctx, std::string_view name, int operand) {
  if (const Ints* attribute = ctx.attr_ints(name)) return *attribute;
  if (const Ints* values = ctx.ints(operand)) return *values;
  const Shape* length = ctx.shape(operand);
  if (!length || length->size() != 1 || length->front() == kUnknownDim) return std::nullopt;
  if (length->front() > ir::kMaxSmallValueElements) return std::nullopt;
  return Ints(static_cast<std::size_t>(length->front()), ir::kUnknownElement);
}

Ints default_list(std::size_t size, bool count_up) {
  Ints list(size, 1);
  for (std::size_t i = 0; count_up && i < size; ++i) list[i] = static_cast<std::int64_t>(i);
  return list;
}

/// One Cut per axis of X; nullopt when even the axes are not known.
std::optional<std::vector<Cut>> slice_cuts(const OpContext& ctx, const Shape& x) {
  if (!ctx.has_attr("starts")) static_cast<void>(ctx.input(1));  // required without the attribute
  if (!ctx.has_attr("ends")) static_cast<void>(ctx.input(2));
  const std::optional<Ints> starts = slice_list(ctx, "starts", 1);
  const std::optional<Ints> ends = slice_list(ctx, "ends", 2);
  if (!starts || !ends) return std::nullopt;
  std::optional<Ints> axes = slice_list(ctx, "axes", 3);
  if (!axes && !ctx.has_input(3)) axes = default_list(starts->size(), true);
  std::optional<Ints> steps = slice_list(ctx, "steps", 4);
  if (!steps && !ctx.has_input(4)) steps = default_list(starts->size(), false);
  if (!axes || !steps || !ir::is_known(ir::SmallValue(*axes))) return std::nullopt;
  const std::size_t n = starts->size();
  if (ends->size() != n || axes->size() != n || steps->size() != n) {
    throw RuleError("shape-mismatch",
                    fmt::format("Slice has {} starts, {} ends, {} axes and {} steps", n,
                                ends->size(), axes->size(), steps->size()),
                    "give one of each per sliced axis");
  }
  std::vector<Cut> cuts;
  for (const std::int64_t dim : x) cuts.push_back({.length = dim});
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t axis = normalize_axis((*axes)[i], x.size());
    cuts[axis] = cut_axis(x[axis], (*starts)[i], (*ends)[i], (*steps)[i]);
  }
  return cuts;
}

std::optional<ir::SmallValue> slice_value(const OpContext& ctx, const std::vector<Cut>& cuts,
                                          const Shape& out) {
  const ir::SmallValue* from = small_value(ctx, 0);
  if (!from || !small_size(out)) return std::nullopt;
  Ints strides = row_strides(*ctx.shape(0));
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    if (cuts[i].length > 0) offset += cuts[i].start * strides[i];
    // A step may be huge when it takes one element only; then it is never used.
    strides[i] = cuts[i].length > 1 ? strides[i] * cuts[i].step : 0;
  }
  return pick(*from, strided_sources(out, strides, offset));
}

void infer_slice(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  const auto cuts = slice_cuts(ctx, *x.shape);
  if (!cuts) {
    ctx.set_output(0, x.dtype, Shape(x.shape->size(), kUnknownDim));
    return limit_output(ctx, 0, *x.shape);
  }
  Shape out;
  for (const Cut& cut : *cuts) out.push_back(cut.length);
  std::optional<ir::SmallValue> value = slice_value(ctx, *cuts, out);
  Shape limits = *x.shape;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (out[i] != kUnknownDim) limits[i] = out[i];
  }
  ctx.set_output(0, x.dtype, std::move(out), std::move(value));
  limit_output(ctx, 0, std::move(limits));
}

/// Contiguous elements of X per piece taken; 0 when the piece is one run. The step of a one-element
/// axis does not matter.
std::int64_t slice_run(const Shape& x, const Shape& out, const std::vector<Cut>* cuts) {
  Count run = 1;
  for (std::size_t i = x.size(); i-- > 0;) {
    if (cuts && (*cuts)[i].step != 1 && out[i] != 1) return run.value();
    run *= out[i];
    if (out[i] == x[i]) continue;
    const bool whole = std::all_of(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(i),
                                   [](std::int64_t dim) { return dim == 1; });
    return whole ? 0 : run.value();
  }
  return 0;
}

AccessList touch_slice(const OpContext& ctx) {
  const Shape& x = *ctx.shape(0);
  const auto cuts = slice_cuts(ctx, x);
  const std::int64_t run = slice_run(x, *ctx.output_shape(), cuts ? &*cuts : nullptr);
  return {{.operand = 0, .elements = ctx.output_elements(), .run_length = run},
          {.operand = ~0, .elements = ctx.output_elements()}};
}

// --- runs of Split and Concat

/// True when all axes before `axis` have size 1: pieces along it are contiguous.
bool is_outermost(const Shape& shape, std::size_t axis) {
  return std::all_of(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis),
                     [](std::int64_t dim) { return dim == 1; });
}

std::int64_t piece_run(const Shape& piece, std::size_t axis) {
  return is_outermost(piece, axis) ? 0 : (Count(piece[axis]) * run_behind(piece, axis)).value();
}

/// The joined tensor is touched in runs of the shortest piece.
void shorten(std::int64_t& joined, std::int64_t run) {
  if (run > 0) joined = joined == 0 ? run : std::min(joined, run);
}

// --- Concat

/// Opset 1 joins along axis 1 by default; from 4 on the axis is required.
std::size_t concat_axis(const OpContext& ctx, std::size_t rank) {
  const std::int64_t axis = ctx.opset() < 4 ? ctx.attr_int("axis", 1) : ctx.required_int("axis");
  return normalize_axis(axis, rank);
}

/// Merges what operand i says of the result's shape into `out`.
void join_shape(Shape& out, const Shape& piece, std::size_t axis, int i) {
  for (std::size_t d = 0; d < out.size(); ++d) {
    if (d == axis) {
      const bool open = out[d] == kUnknownDim || piece[d] == kUnknownDim;
      out[d] = open ? kUnknownDim : (Count(out[d]) + piece[d]).value();
    } else if (out[d] == kUnknownDim) {
      out[d] = piece[d];
    } else if (piece[d] != kUnknownDim && piece[d] != out[d]) {
      throw RuleError("shape-mismatch",
                      fmt::format("input {} has size {} on axis {}, the others have {}", i,
                                  piece[d], d, out[d]),
                      fmt::format("only axis {} may differ", axis));
    }
  }
}

std::optional<Shape> concat_shape(const OpContext& ctx) {
  std::optional<Shape> out;
  bool complete = true;
  for (int i = 0; i < ctx.input_count(); ++i) {
    const Shape* piece = ctx.shape(i);
    if (!piece) {
      complete = false;
    } else if (!out) {
      out = *piece;
    } else if (piece->size() != out->size()) {
      throw RuleError("shape-mismatch", fmt::format("input {} has rank {}, the others have {}", i,
                                                    piece->size(), out->size()));
    } else {
      join_shape(*out, *piece, concat_axis(ctx, out->size()), i);
    }
  }
  if (!out) return std::nullopt;
  const std::size_t axis = concat_axis(ctx, out->size());
  if (!complete) (*out)[axis] = kUnknownDim;
  return out;
}

/// Interleaves the operands' runs; works on either kind of element.
template <class T>
std::vector<T> join_values(const std::vector<std::vector<T>>& pieces, std::size_t outer) {
  std::vector<T> out;
  for (std::size_t o = 0; o < outer; ++o) {
    for (const std::vector<T>& piece : pieces) {
      const auto run = static_cast<std::ptrdiff_t>(piece.size() / outer);
      const auto first = piece.begin() + static_cast<std::ptrdiff_t>(o) * run;
      out.insert(out.end(), first, first + run);
    }
  }
  return out;
}

std::optional<ir::SmallValue> concat_value(const OpContext& ctx, const Shape& out) {
  if (!small_size(out)) return std::nullopt;
  std::vector<ir::SmallValue> values;
  bool any = false;
  bool all_ints = true;
  for (int i = 0; i < ctx.input_count(); ++i) {
    std::optional<ir::SmallValue> value = value_or_unknown(ctx, i);
    if (!value) return std::nullopt;
    any = any || small_value(ctx, i);
    all_ints = all_ints && ir::ints(*value);
    values.push_back(std::move(*value));
  }
  if (!any) return std::nullopt;
  const std::size_t axis = concat_axis(ctx, out.size());
  std::size_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= static_cast<std::size_t>(out[i]);
  if (outer == 0) return std::nullopt;
  if (all_ints) {
    std::vector<Ints> pieces;
    for (const ir::SmallValue& v : values) pieces.push_back(*ir::ints(v));
    return join_values(pieces, outer);
  }
  std::vector<Doubles> pieces;
  for (const ir::SmallValue& v : values) pieces.push_back(to_doubles(v));
  return join_values(pieces, outer);
}

void infer_concat(OpContext& ctx) {
  std::optional<Shape> out = concat_shape(ctx);
  std::optional<ir::SmallValue> value = out ? concat_value(ctx, *out) : std::nullopt;
  ctx.set_output(0, ctx.input(0).dtype, std::move(out), std::move(value));
}

AccessList touch_concat(const OpContext& ctx) {
  const std::size_t axis = concat_axis(ctx, ctx.output_shape()->size());
  AccessList list;
  std::int64_t joined = 0;
  for (int i = 0; i < ctx.input_count(); ++i) {
    if (!ctx.has_input(i)) continue;
    const std::int64_t run = piece_run(*ctx.shape(i), axis);
    shorten(joined, run);
    list.push_back({.operand = i, .elements = ctx.elements(i), .run_length = run});
  }
  list.push_back({.operand = ~0, .elements = ctx.output_elements(), .run_length = joined});
  return list;
}

// --- Split

/// Equal pieces; from opset 18 on the last one may be smaller.
Ints equal_split(const OpContext& ctx, std::int64_t dim, std::int64_t pieces) {
  if (pieces != ctx.output_count()) {
    throw RuleError("bad-attribute", fmt::format("num_outputs is {}, but there are {} results",
                                                 pieces, ctx.output_count()));
  }
  const auto count = static_cast<std::size_t>(pieces);
  if (dim == kUnknownDim) return Ints(count, kUnknownDim);
  if (dim % pieces != 0 && ctx.opset() < 18) {
    throw RuleError("shape-mismatch",
                    fmt::format("cannot split {} elements into {} equal pieces", dim, pieces),
                    "give the sizes of the pieces");
  }
  const std::int64_t size = ceil_div(dim, pieces).value();
  Ints sizes(count, size);
  for (std::size_t i = 0; i < count; ++i) {
    sizes[i] = std::clamp<std::int64_t>(dim - static_cast<std::int64_t>(i) * size, 0, size);
  }
  return sizes;
}

Ints split_sizes(const OpContext& ctx, std::int64_t dim) {
  const auto results = static_cast<std::size_t>(ctx.output_count());
  const std::optional<Ints> given = slice_list(ctx, "split", 1);
  if (!given) {
    if (ctx.has_input(1)) return Ints(results, kUnknownDim);
    return equal_split(ctx, dim, ctx.attr_int("num_outputs", ctx.output_count()));
  }
  Count sum = 0;
  Ints sizes;
  for (const std::int64_t size : *given) {
    if (known(size) && size < 0) {
      throw RuleError("bad-shape", fmt::format("split asks for the size {}", size));
    }
    sizes.push_back(known(size) ? size : kUnknownDim);
    sum += std::max<std::int64_t>(size, 0);
  }
  const bool complete = ir::is_known(ir::SmallValue(*given));
  if (given->size() != results || (complete && dim != kUnknownDim && sum != dim)) {
    throw RuleError("shape-mismatch",
                    fmt::format("split [{}] does not cut an axis of {} into {} results",
                                fmt::join(sizes, ","), dim, results));
  }
  return sizes;
}

std::optional<ir::SmallValue> split_value(const OpContext& ctx, const Shape& out, std::size_t axis,
                                          std::int64_t start) {
  const ir::SmallValue* from = small_value(ctx, 0);
  if (!from || !small_size(out) || start == kUnknownDim) return std::nullopt;
  const Ints strides = row_strides(*ctx.shape(0));
  return pick(*from, strided_sources(out, strides, start * strides[axis]));
}

void infer_split(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) {
    for (int i = 0; i < ctx.output_count(); ++i) ctx.set_output(i, x.dtype, std::nullopt);
    return;
  }
  const std::size_t axis = normalize_axis(ctx.attr_int("axis", 0), x.shape->size());
  const Ints sizes = split_sizes(ctx, (*x.shape)[axis]);
  std::int64_t start = 0;
  for (int i = 0; i < ctx.output_count(); ++i) {
    const auto index = static_cast<std::size_t>(i);
    Shape out = *x.shape;
    out[axis] = index < sizes.size() ? sizes[index] : kUnknownDim;
    std::optional<ir::SmallValue> value = split_value(ctx, out, axis, start);
    const bool open = start == kUnknownDim || out[axis] == kUnknownDim;
    start = open ? kUnknownDim : start + out[axis];
    ctx.set_output(i, x.dtype, std::move(out), std::move(value));
    limit_output(ctx, i, *x.shape);
  }
}

AccessList touch_split(const OpContext& ctx) {
  const std::size_t axis = normalize_axis(ctx.attr_int("axis", 0), ctx.shape(0)->size());
  AccessList list = {{.operand = 0, .elements = 0}};
  for (int i = 0; i < ctx.output_count(); ++i) {
    if (!ctx.has_output(i)) continue;
    const std::int64_t run = piece_run(*ctx.output_shape(i), axis);
    shorten(list[0].run_length, run);
    list[0].elements += ctx.output_elements(i);
    list.push_back({.operand = ~i, .elements = ctx.output_elements(i), .run_length = run});
  }
  return list;
}

constexpr OpSpec kSliceOps[] = {
    growing(0b101, move("Slice", 1, {1, 5}, infer_slice, touch_slice)),
    growing(kEveryOperand, move("Concat", 1, {1, kMany}, infer_concat, touch_concat)),
    move("Split", 1, {1, 2, 1, kMany}, infer_split, touch_split),
};

}  // namespace

std::span<const OpSpec> slice_ops() { return kSliceOps; }

}  // namespace roofline::ops
