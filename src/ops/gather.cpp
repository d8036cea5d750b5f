// Owns operators that read or write at indices held in a tensor.
// Refuses index tensors of a rank or shape that does not fit the data.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "movement.hpp"

namespace roofline::ops {
namespace {

using ir::kUnknownDim;
using ir::Shape;

std::size_t axis_of(const OpContext& ctx, std::size_t rank) {
  return normalize_axis(ctx.attr_int("axis", 0), rank);
}

/// Throws RuleError unless the shapes agree where both are known.
void expect_shape(const Shape& found, const Shape& wanted, std::string_view what) {
  const bool fits = std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(),
                               [](std::int64_t a, std::int64_t b) {
                                 return a == b || a == kUnknownDim || b == kUnknownDim;
                               });
  if (fits) return;
  throw RuleError("shape-mismatch", fmt::format("{} are {}, expected {}", what,
                                                ir::to_string(found), ir::to_string(wanted)));
}

// --- Gather

/// A known index counted from the front; kUnknownElement when unknown or outside.
std::int64_t front_index(std::int64_t index, std::int64_t dim) {
  if (!known(index) || index < -dim || index >= dim) return ir::kUnknownElement;
  return index < 0 ? index + dim : index;
}

/// Elements taken from the value of X: for each outer row, for each index, one run.
std::optional<ir::SmallValue> gather_value(const OpContext& ctx, const Shape& out,
                                           std::size_t axis) {
  const ir::SmallValue* from = small_value(ctx, 0);
  const ir::SmallValue* at = small_value(ctx, 1);
  if (!from || !at || !ir::ints(*at) || !small_size(out)) return std::nullopt;
  const Shape& x = *ctx.shape(0);
  const std::int64_t run = run_behind(x, axis);
  std::int64_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= x[i];
  Ints sources;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const std::int64_t index : *ir::ints(*at)) {
      const std::int64_t i = front_index(index, x[axis]);
      for (std::int64_t r = 0; r < run; ++r) {
        sources.push_back(known(i) ? (o * x[axis] + i) * run + r : -1);
      }
    }
  }
  return pick(*from, sources);
}

void infer_gather(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  const Shape* indices = ctx.shape(1);
  if (!x.shape || !indices) return ctx.set_output(0, x.dtype, std::nullopt);
  const std::size_t axis = axis_of(ctx, x.shape->size());
  const auto cut = static_cast<std::ptrdiff_t>(axis);
  Shape out(x.shape->begin(), x.shape->begin() + cut);
  out.insert(out.end(), indices->begin(), indices->end());
  out.insert(out.end(), x.shape->begin() + cut + 1, x.shape->end());
  std::optional<ir::SmallValue> value = gather_value(ctx, out, axis);
  ctx.set_output(0, x.dtype, std::move(out), std::move(value));
}

/// Rows of `run` elements read at random, indices, and the result.
AccessList touch_rows(const OpContext& ctx, std::int64_t run) {
  AccessList list = {{.operand = 0, .elements = ctx.output_elements(), .run_length = run}};
  read_whole(ctx, 1, Role::kBuffer, list);
  write_all(ctx, list);
  return list;
}

AccessList touch_gather(const OpContext& ctx) {
  const Shape& x = *ctx.shape(0);
  return touch_rows(ctx, run_behind(x, axis_of(ctx, x.size())));
}

// --- GatherElements, GatherND

void expect_same_rank(const OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  const Shape* indices = ctx.shape(1);
  if (!x || !indices || x->size() == indices->size()) return;
  throw RuleError("bad-rank", fmt::format("data has rank {} and indices have rank {}, expected "
                                          "the same",
                                          x->size(), indices->size()));
}

void infer_gather_elements(OpContext& ctx) {
  expect_same_rank(ctx);
  if (const Shape* x = ctx.shape(0)) static_cast<void>(axis_of(ctx, x->size()));
  ctx.set_output(0, ctx.input(0).dtype, ctx.input(1).shape);
}

AccessList touch_gather_elements(const OpContext& ctx) { return touch_rows(ctx, 1); }

/// Axes of X that one index tuple fixes, batch axes included; nullopt when not known.
std::optional<std::size_t> indexed_axes(const OpContext& ctx, std::size_t batch) {
  const Shape& indices = *ctx.shape(1);
  const std::size_t rank = ctx.shape(0)->size();
  if (indices.empty()) throw RuleError("bad-rank", "indices are a scalar, expected rank 1 or more");
  if (indices.back() == kUnknownDim) return std::nullopt;
  const std::int64_t room = static_cast<std::int64_t>(rank) - static_cast<std::int64_t>(batch);
  if (indices.back() > room || batch >= indices.size()) {
    throw RuleError("shape-mismatch",
                    fmt::format("indices {} name {} axes, the data has {} behind its batch axes",
                                ir::to_string(indices), indices.back(), room));
  }
  return batch + static_cast<std::size_t>(indices.back());
}

std::size_t batch_dims(const OpContext& ctx) {
  const std::int64_t batch = ctx.attr_int("batch_dims", 0);
  const std::int64_t rank = static_cast<std::int64_t>(ctx.shape(0)->size());
  if (batch >= 0 && batch <= rank) return static_cast<std::size_t>(batch);
  throw RuleError("bad-attribute",
                  fmt::format("batch_dims is {}, the data has rank {}", batch, rank));
}

/// Index tuples taken from a value without batch axes.
std::optional<ir::SmallValue> gather_nd_value(const OpContext& ctx, const Shape& out,
                                              std::size_t fixed) {
  const ir::SmallValue* from = small_value(ctx, 0);
  const ir::SmallValue* at = small_value(ctx, 1);
  if (!from || !at || !ir::ints(*at) || !small_size(out) || fixed == 0) return std::nullopt;
  const Shape& x = *ctx.shape(0);
  const Ints strides = row_strides(x);
  const Ints& tuples = *ir::ints(*at);
  const std::int64_t run = run_behind(x, fixed - 1);
  Ints sources;
  for (std::size_t first = 0; first + fixed <= tuples.size(); first += fixed) {
    std::int64_t base = 0;
    for (std::size_t d = 0; d < fixed && base >= 0; ++d) {
      const std::int64_t i = front_index(tuples[first + d], x[d]);
      base = known(i) ? base + i * strides[d] : -1;
    }
    for (std::int64_t r = 0; r < run; ++r) sources.push_back(base < 0 ? -1 : base + r);
  }
  return pick(*from, sources);
}

void infer_gather_nd(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  const Shape* indices = ctx.shape(1);
  if (!x.shape || !indices) return ctx.set_output(0, x.dtype, std::nullopt);
  const std::size_t batch = batch_dims(ctx);
  const std::optional<std::size_t> fixed = indexed_axes(ctx, batch);
  if (!fixed) return ctx.set_output(0, x.dtype, std::nullopt);
  Shape out(indices->begin(), indices->end() - 1);
  out.insert(out.end(), x.shape->begin() + static_cast<std::ptrdiff_t>(*fixed), x.shape->end());
  std::optional<ir::SmallValue> value;
  if (batch == 0) value = gather_nd_value(ctx, out, *fixed);
  ctx.set_output(0, x.dtype, std::move(out), std::move(value));
}

AccessList touch_gather_nd(const OpContext& ctx) {
  const Shape& x = *ctx.shape(0);
  const std::size_t fixed = indexed_axes(ctx, batch_dims(ctx)).value_or(x.size());
  return touch_rows(ctx, fixed == 0 ? 0 : run_behind(x, fixed - 1));
}

// --- Scatter

void check_reduction(const OpContext& ctx) {
  const std::string_view reduction = ctx.attr_string("reduction", "none");
  for (const std::string_view name : {"none", "add", "mul", "max", "min"}) {
    if (reduction == name) return;
  }
  throw RuleError("bad-attribute", fmt::format("reduction is '{}'", reduction),
                  "expected none, add, mul, max or min");
}

void infer_scatter_elements(OpContext& ctx) {
  check_reduction(ctx);
  expect_same_rank(ctx);
  const Shape* x = ctx.shape(0);
  if (x) static_cast<void>(axis_of(ctx, x->size()));
  const Shape* indices = ctx.shape(1);
  const Shape* updates = ctx.shape(2);
  if (indices && updates) expect_shape(*updates, *indices, "updates");
  same_as_input(ctx);
}

/// What one update writes: [indices' outer axes..., the data's axes behind the indexed ones...].
Shape update_shape(const Shape& x, const Shape& indices, std::size_t fixed) {
  Shape out(indices.begin(), indices.end() - 1);
  out.insert(out.end(), x.begin() + static_cast<std::ptrdiff_t>(fixed), x.end());
  return out;
}

/// Writes the updates' elements over the data's, tuple by tuple; unknown tuples spoil everything.
std::optional<ir::SmallValue> scatter_nd_value(const OpContext& ctx, std::size_t fixed) {
  const ir::SmallValue* into = small_value(ctx, 0);
  const Ints* tuples = ctx.known_ints(1);
  const std::optional<ir::SmallValue> updates = value_or_unknown(ctx, 2);
  const bool plain = ctx.attr_string("reduction", "none") == "none" && fixed > 0;
  if (!into || !ir::ints(*into) || !tuples || !updates || !ir::ints(*updates) || !plain) {
    return std::nullopt;
  }
  const Shape& x = *ctx.shape(0);
  const Ints strides = row_strides(x);
  const auto run = static_cast<std::size_t>(run_behind(x, fixed - 1));
  Ints out = *ir::ints(*into);
  const Ints& from = *ir::ints(*updates);
  for (std::size_t t = 0; (t + 1) * fixed <= tuples->size(); ++t) {
    std::int64_t base = 0;
    for (std::size_t d = 0; d < fixed; ++d) {
      const std::int64_t i = front_index((*tuples)[t * fixed + d], x[d]);
      if (!known(i)) return std::nullopt;
      base += i * strides[d];
    }
    if ((t + 1) * run > from.size()) return std::nullopt;
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(t * run), run,
                out.begin() + static_cast<std::ptrdiff_t>(base));
  }
  return out;
}

void infer_scatter_nd(OpContext& ctx) {
  check_reduction(ctx);
  same_as_input(ctx);
  const Shape* x = ctx.shape(0);
  const Shape* indices = ctx.shape(1);
  if (!x || !indices) return;
  const std::optional<std::size_t> fixed = indexed_axes(ctx, 0);
  if (!fixed) return;
  if (const Shape* updates = ctx.shape(2)) {
    const Shape wanted = update_shape(*x, *indices, *fixed);
    expect_shape(*updates, wanted, "updates");
  }
  ctx.output().value = scatter_nd_value(ctx, *fixed);
}

/// One operation per update where it is combined with the data, none where it replaces it.
Work scatter_work(const OpContext& ctx) {
  if (ctx.attr_string("reduction", "none") == "none") return {};
  return {.arithmetic = ctx.elements(2)};
}

/// The data is copied whole: nothing is assumed to happen in place.
AccessList touch_scatter(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, Role::kData, list);
  read_whole(ctx, 1, Role::kBuffer, list);
  read_whole(ctx, 2, Role::kData, list);
  write_all(ctx, list);
  return list;
}

/// Each update has an index of its own.
AccessList touch_scatter_elements(const OpContext& ctx) {
  AccessList list = touch_scatter(ctx);
  list.back().run_length = 1;
  return list;
}

constexpr OpSpec scatter(std::string_view type, int since, InferFn infer, AccessFn access) {
  OpSpec row = move(type, since, {3, 3}, infer, access);
  row.work = scatter_work;
  row.formula = "0, or elements(updates) with a reduction";
  return row;
}

// --- TensorScatter

void infer_tensor_scatter(OpContext& ctx) {
  same_as_input(ctx);
  const Shape* cache = ctx.shape(0);
  const Shape* update = ctx.shape(1);
  if (!cache) return;
  const std::size_t axis = normalize_axis(ctx.attr_int("axis", -2), cache->size());
  if (!update) return;
  expect_same_rank(ctx);
  for (std::size_t i = 0; i < cache->size(); ++i) {
    const bool open = (*cache)[i] == kUnknownDim || (*update)[i] == kUnknownDim;
    const bool fits = i == axis ? (*update)[i] <= (*cache)[i] : (*update)[i] == (*cache)[i];
    if (!open && !fits) {
      throw RuleError("shape-mismatch",
                      fmt::format("update {} does not fit into cache {} along axis {}",
                                  ir::to_string(*update), ir::to_string(*cache), axis));
    }
  }
}

AccessList touch_tensor_scatter(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, Role::kData, list);
  read_whole(ctx, 1, Role::kData, list);
  read_whole(ctx, 2, Role::kBuffer, list);
  write_all(ctx, list);
  return list;
}

// --- OneHot

void infer_one_hot(OpContext& ctx) {
  const Shape* indices = ctx.shape(0);
  const ir::DType dtype = ctx.input(2).dtype;
  if (!indices) return ctx.set_output(0, dtype, std::nullopt);
  const std::optional<std::int64_t> depth = scalar_int(ctx, 1);
  if (depth && *depth < 0) {
    throw RuleError("bad-value", fmt::format("depth is {}", *depth));
  }
  Shape out = *indices;
  const std::size_t axis = normalize_axis(ctx.attr_int("axis", -1), out.size() + 1);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(axis), depth.value_or(kUnknownDim));
  ctx.set_output(0, dtype, std::move(out));
}

AccessList touch_one_hot(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, Role::kBuffer, list);
  write_all(ctx, list);
  return list;
}

constexpr OpSpec kGatherOps[] = {
    move("Gather", 1, {2, 2}, infer_gather, touch_gather),
    move("GatherElements", 11, {2, 2}, infer_gather_elements, touch_gather_elements),
    move("GatherND", 11, {2, 2}, infer_gather_nd, touch_gather_nd),
    scatter("Scatter", 9, infer_scatter_elements, touch_scatter_elements),
    scatter("ScatterElements", 11, infer_scatter_elements, touch_scatter_elements),
    scatter("ScatterND", 11, infer_scatter_nd, touch_scatter),
    move("TensorScatter", 24, {2, 3}, infer_tensor_scatter, touch_tensor_scatter),
    move("OneHot", 9, {3, 3}, infer_one_hot, touch_one_hot),
};

}  // namespace

std::span<const OpSpec> gather_ops() { return kGatherOps; }

}  // namespace roofline::ops
