// Owns operators that reorder, repeat, pad or convert elements without computing with them.
// Refuses permutations, block sizes and pads that do not fit the operand.
#include "movement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "roofline/ops/transpose.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

// --- Transpose

/// The permutation, reversed axes by default.
Ints permutation(const OpContext& ctx, std::size_t rank) {
  Ints perm(rank);
  for (std::size_t i = 0; i < rank; ++i) perm[i] = static_cast<std::int64_t>(rank - 1 - i);
  const Ints* given = ctx.attr_ints("perm");
  if (!given) return perm;
  Ints sorted;
  for (const std::int64_t axis : *given) {
    sorted.push_back(static_cast<std::int64_t>(normalize_axis(axis, rank)));
  }
  const Ints result = sorted;
  std::sort(sorted.begin(), sorted.end());
  std::sort(perm.begin(), perm.end());
  if (sorted != perm) {
    throw RuleError("bad-attribute", fmt::format("perm [{}] does not name each of {} axes once",
                                                 fmt::join(*given, ","), rank));
  }
  return result;
}

void infer_transpose(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  const Ints perm = permutation(ctx, x.shape->size());
  Shape out;
  for (const std::int64_t axis : perm) out.push_back((*x.shape)[static_cast<std::size_t>(axis)]);
  std::optional<ir::SmallValue> value;
  if (const ir::SmallValue* from = small_value(ctx, 0)) {
    const Ints dense = row_strides(*x.shape);
    Ints strides;
    for (const std::int64_t axis : perm) strides.push_back(dense[static_cast<std::size_t>(axis)]);
    value = pick(*from, strided_sources(out, strides, 0));
  }
  ctx.set_output(0, x.dtype, std::move(out), std::move(value));
}

AccessList touch_transpose(const OpContext& ctx) {
  const Ints perm = permutation(ctx, ctx.shape(0)->size());
  const std::int64_t run = transposed_runs(perm, *ctx.output_shape()).run;
  return {{.operand = 0, .elements = ctx.elements(0), .run_length = run},
          {.operand = ~0, .elements = ctx.output_elements(), .run_length = run}};
}

// --- Expand, Tile

void infer_expand(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  const std::optional<Shape> target = shape_operand(ctx, 1, 0);
  if (!x.shape || !target) return ctx.set_output(0, x.dtype, std::nullopt);
  Shape out = broadcast(*x.shape, *target);
  std::optional<ir::SmallValue> value;
  if (const ir::SmallValue* from = small_value(ctx, 0))
    value = broadcast_value(*from, *x.shape, out);
  ctx.set_output(0, x.dtype, std::move(out), std::move(value));
}

/// Repeats per axis; opset 1 repeats one axis, by scalars `tiles` and `axis`.
std::optional<Shape> tile_repeats(const OpContext& ctx, std::size_t rank) {
  if (ctx.opset() >= 6) return shape_operand(ctx, 1, 0);
  const std::optional<std::int64_t> tiles = scalar_int(ctx, 1);
  const std::optional<std::int64_t> axis = scalar_int(ctx, 2);
  if (!axis || (tiles && *tiles < 0)) return Shape(rank, kUnknownDim);
  Shape repeats(rank, 1);
  repeats[normalize_axis(*axis, rank)] = tiles.value_or(kUnknownDim);
  return repeats;
}

/// Result axis i is (repeat, element), so that the source strides are (0, stride).
std::optional<ir::SmallValue> tile_value(const OpContext& ctx, const Shape& x, const Shape& repeats,
                                         const Shape& out) {
  const ir::SmallValue* from = small_value(ctx, 0);
  if (!from || !small_size(out)) return std::nullopt;
  const Ints dense = row_strides(x);
  Shape split;
  Ints strides;
  for (std::size_t i = 0; i < x.size(); ++i) {
    split.insert(split.end(), {repeats[i], x[i]});
    strides.insert(strides.end(), {0, dense[i]});
  }
  return pick(*from, strided_sources(split, strides, 0));
}

void infer_tile(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  std::optional<Shape> repeats = tile_repeats(ctx, x.shape->size());
  if (!repeats) repeats = Shape(x.shape->size(), kUnknownDim);
  if (repeats->size() != x.shape->size()) {
    throw RuleError("shape-mismatch", fmt::format("{} repeats for an input of rank {}",
                                                  repeats->size(), x.shape->size()));
  }
  Shape out;
  for (std::size_t i = 0; i < repeats->size(); ++i) {
    const std::int64_t dim = (*x.shape)[i];
    const bool open = dim == kUnknownDim || (*repeats)[i] == kUnknownDim;
    out.push_back(open ? kUnknownDim : (Count(dim) * (*repeats)[i]).value());
  }
  std::optional<ir::SmallValue> value = tile_value(ctx, *x.shape, *repeats, out);
  ctx.set_output(0, x.dtype, std::move(out), std::move(value));
}

// --- Pad, CenterCropPad

/// Axes that `pads` speaks of: operand 3 from opset 18 on, all by default.
std::optional<Ints> pad_axes(const OpContext& ctx, std::size_t rank) {
  if (ctx.has_input(3)) {
    const Ints* given = ctx.known_ints(3);
    return given ? std::optional(*given) : std::nullopt;
  }
  Ints all(rank);
  for (std::size_t i = 0; i < rank; ++i) all[i] = static_cast<std::int64_t>(i);
  return all;
}

/// Begin and end pads, in the order of their axes; nullptr when computed at run time.
const Ints* pads_of(const OpContext& ctx) {
  if (const Ints* attribute = ctx.attr_ints("pads")) return attribute;
  if (const Ints* attribute = ctx.attr_ints("paddings")) return attribute;  // opset 1
  static_cast<void>(ctx.input(1));  // required without the attribute
  return ctx.ints(1);
}

std::int64_t padded(std::int64_t dim, std::int64_t begin, std::int64_t end) {
  if (dim == kUnknownDim || !known(begin) || !known(end)) return kUnknownDim;
  const std::int64_t size = (Count(dim) + begin + end).value();
  if (size < 0) {
    throw RuleError("bad-value", fmt::format("pads {} and {} take more than the {} elements of "
                                             "the axis",
                                             begin, end, dim));
  }
  return size;
}

void infer_pad(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  const std::size_t rank = x.shape->size();
  const std::optional<Ints> axes = pad_axes(ctx, rank);
  const Ints* pads = pads_of(ctx);
  if (!pads || !axes) return ctx.set_output(0, x.dtype, Shape(rank, kUnknownDim));
  const std::size_t n = axes->size();
  if (pads->size() != 2 * n) {
    throw RuleError("shape-mismatch",
                    fmt::format("{} pads for {} axes, expected {}", pads->size(), n, 2 * n),
                    "pads are all begins, then all ends");
  }
  Shape out = *x.shape;
  for (std::size_t i = 0; i < n; ++i) {
    std::int64_t& dim = out[normalize_axis((*axes)[i], rank)];
    dim = padded(dim, (*pads)[i], (*pads)[n + i]);
  }
  ctx.set_output(0, x.dtype, std::move(out));
}

void infer_center_crop_pad(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  const std::size_t rank = x.shape->size();
  Ints axes(rank);
  for (std::size_t i = 0; i < rank; ++i) axes[i] = static_cast<std::int64_t>(i);
  if (const Ints* given = ctx.attr_ints("axes")) axes = *given;
  const std::optional<Shape> target = shape_operand(ctx, 1, 0);
  if (target && target->size() != axes.size()) {
    throw RuleError("shape-mismatch",
                    fmt::format("{} sizes for {} axes", target->size(), axes.size()));
  }
  Shape out = *x.shape;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    out[normalize_axis(axes[i], rank)] = target ? (*target)[i] : kUnknownDim;
  }
  ctx.set_output(0, x.dtype, std::move(out));
}

/// Cropped elements are not read; padding is written, not read.
AccessList touch_padded(const OpContext& ctx) {
  const Count read = std::min(ctx.elements(0), ctx.output_elements());
  return {{.operand = 0, .elements = read}, {.operand = ~0, .elements = ctx.output_elements()}};
}

// --- DepthToSpace, SpaceToDepth

std::int64_t block_size(const OpContext& ctx) {
  const std::int64_t block = ctx.required_int("blocksize");
  if (block < 1) throw RuleError("bad-attribute", fmt::format("blocksize is {}", block));
  return block;
}

/// `dim` divided by `by`, unknown staying unknown.
std::int64_t divide(std::int64_t dim, std::int64_t by, std::string_view what) {
  if (dim == kUnknownDim) return dim;
  if (dim % by != 0) {
    throw RuleError("shape-mismatch", fmt::format("{} {} is no multiple of {}", what, dim, by));
  }
  return dim / by;
}

std::int64_t multiply(std::int64_t dim, std::int64_t by) {
  return dim == kUnknownDim ? dim : (Count(dim) * by).value();
}

/// X [N,C,H,W]; throws RuleError on another rank.
const Shape* image_shape(const OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  if (x && x->size() != 4) {
    throw RuleError("bad-rank", fmt::format("input {} has rank {}, expected 4 (NCHW)",
                                            ir::to_string(*x), x->size()));
  }
  return x;
}

void infer_depth_to_space(OpContext& ctx) {
  const std::int64_t b = block_size(ctx);
  const Shape* x = image_shape(ctx);
  if (!x) return ctx.set_output(0, ctx.input(0).dtype, Shape(4, kUnknownDim));
  const std::int64_t area = (Count(b) * b).value();
  ctx.set_output(0, ctx.input(0).dtype,
                 Shape{(*x)[0], divide((*x)[1], area, "channel count"), multiply((*x)[2], b),
                       multiply((*x)[3], b)});
}

void infer_space_to_depth(OpContext& ctx) {
  const std::int64_t b = block_size(ctx);
  const Shape* x = image_shape(ctx);
  if (!x) return ctx.set_output(0, ctx.input(0).dtype, Shape(4, kUnknownDim));
  const std::int64_t area = (Count(b) * b).value();
  ctx.set_output(0, ctx.input(0).dtype,
                 Shape{(*x)[0], multiply((*x)[1], area), divide((*x)[2], b, "height"),
                       divide((*x)[3], b, "width")});
}

AccessList touch_scattered(const OpContext& ctx) {
  return {{.operand = 0, .elements = ctx.elements(0), .run_length = 1},
          {.operand = ~0, .elements = ctx.output_elements(), .run_length = 1}};
}

// --- Cast, Trilu, ReverseSequence

void set_cast(OpContext& ctx, DType to) {
  std::optional<ir::SmallValue> value;
  if (const ir::SmallValue* from = small_value(ctx, 0); from && is_numeric(to)) {
    value = convert(*from, to);
  }
  ctx.set_output(0, to, ctx.input(0).shape, std::move(value));
}

/// Opset 1 names the target type by a string, later ones by its number.
DType cast_target(const OpContext& ctx) {
  const ir::Attribute* to = ctx.node().attribute("to");
  if (to && std::holds_alternative<std::string>(to->value)) {
    std::string text = to_lower(ctx.attr_string("to", ""));
    if (text == "float") text = "float32";
    if (text == "double") text = "float64";
    if (const auto dtype = ir::dtype_from_name(text)) return *dtype;
    throw RuleError("bad-attribute", fmt::format("attribute 'to' is '{}': no such type", text));
  }
  const DType dtype = ir::dtype_from_onnx(ctx.required_int("to"));
  if (dtype == DType::kUndefined) {
    throw RuleError("bad-attribute",
                    fmt::format("attribute 'to' is {}: no such type", ctx.required_int("to")));
  }
  return dtype;
}

void infer_cast(OpContext& ctx) { set_cast(ctx, cast_target(ctx)); }
void infer_cast_like(OpContext& ctx) { set_cast(ctx, ctx.input(1).dtype); }

void infer_reverse_sequence(OpContext& ctx) {
  same_as_input(ctx);
  const Shape* x = ctx.shape(0);
  if (x && x->size() < 2) {
    throw RuleError("bad-rank",
                    fmt::format("input {} needs a time and a batch axis", ir::to_string(*x)));
  }
}

AccessList touch_reverse_sequence(const OpContext& ctx) {
  const Shape& x = *ctx.shape(0);
  const auto batch = normalize_axis(ctx.attr_int("batch_axis", 1), x.size());
  const auto time = normalize_axis(ctx.attr_int("time_axis", 0), x.size());
  const std::int64_t run = run_behind(x, std::max(batch, time));
  AccessList list = {{.operand = 0, .elements = ctx.elements(0), .run_length = run}};
  read_whole(ctx, 1, Role::kBuffer, list);
  write_all(ctx, list);
  return list;
}

constexpr OpSpec pad(OpSpec row) {
  row.fusion = Fusion::kPad;
  return row;
}

constexpr OpSpec kMovementOps[] = {
    move("Transpose", 1, {1, 1}, infer_transpose, touch_transpose),
    growing(0b11, move("Expand", 8, {2, 2}, infer_expand, touch_first)),
    growing(0b11, move("Tile", 1, {2, 3}, infer_tile, touch_first)),
    pad(move("Pad", 1, {1, 4}, infer_pad, touch_padded)),
    move("CenterCropPad", 18, {2, 2}, infer_center_crop_pad, touch_padded),
    move("DepthToSpace", 1, {1, 1}, infer_depth_to_space, touch_scattered),
    move("SpaceToDepth", 1, {1, 1}, infer_space_to_depth, touch_scattered),
    move("Cast", 1, {1, 1}, infer_cast, touch_first),
    move("CastLike", 15, {2, 2}, infer_cast_like, touch_first),
    move("Trilu", 14, {1, 2}, same_as_input, touch_first),
    move("ReverseSequence", 10, {2, 2}, infer_reverse_sequence, touch_reverse_sequence),
};

}  // namespace

TransposedRuns transposed_runs(const Ints& perm, const Shape& result) {
  if (perm.size() != result.size()) return {};
  Ints from;  // the axes that count, in the result's order
  for (std::size_t i = 0; i < perm.size(); ++i) {
    if (result[i] != 1) from.push_back(perm[i]);
  }
  if (std::is_sorted(from.begin(), from.end())) return {.run = 0};
  std::sort(from.begin(), from.end());
  Count run = 1;
  for (std::size_t i = perm.size(); i-- > 0;) {
    if (result[i] == 1) continue;
    if (perm[i] != from.back()) break;
    run *= result[i];
    from.pop_back();
  }
  TransposedRuns runs = {.run = run.value()};
  const auto elements = [&](std::size_t first, std::size_t end) {
    Count product = 1;
    for (std::size_t i = first; i < std::min(end, result.size()); ++i) product *= result[i];
    return product.value();
  };
  // The first axis out of its place came from further in, or went there.
  std::size_t out = 0;
  while (perm[out] == static_cast<std::int64_t>(out)) ++out;
  const auto is_sorted_without = [&](std::int64_t axis) {
    Ints rest = perm;
    std::erase(rest, axis);
    return std::is_sorted(rest.begin(), rest.end());
  };
  if (is_sorted_without(perm[out])) {
    runs.columns = result[out];
    runs.rows = elements(out + 1, static_cast<std::size_t>(perm[out]) + 1);
  } else if (is_sorted_without(static_cast<std::int64_t>(out))) {
    const auto at = std::find(perm.begin(), perm.end(), static_cast<std::int64_t>(out));
    const auto in = static_cast<std::size_t>(at - perm.begin());
    runs.columns = elements(out, in);
    runs.rows = result[in];
  } else {
    runs.moves_one_axis = false;
  }
  return runs;
}

std::span<const OpSpec> movement_ops() { return kMovementOps; }

}  // namespace roofline::ops
