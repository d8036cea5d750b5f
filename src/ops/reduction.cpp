// Owns reductions over axes, and running sums.
// Refuses pooling and search (TopK).
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;

/// What a reduction does to its axes.
struct Axes {
  bool is_known = true;
  std::vector<bool> reduced;  ///< per axis of the input
};

Axes read_axes(const OpContext& ctx, std::size_t rank) {
  bool unknown = false;
  const std::optional<Ints> axes = ctx.ints_attr_or_input("axes", 1, &unknown);
  if (unknown) return {.is_known = false, .reduced = {}};
  Axes result = {.is_known = true, .reduced = std::vector<bool>(rank, false)};
  if (!axes || axes->empty()) {
    result.reduced.assign(rank, ctx.attr_int("noop_with_empty_axes", 0) == 0);
    return result;
  }
  for (const std::int64_t axis : *axes) result.reduced[normalize_axis(axis, rank)] = true;
  return result;
}

ir::Shape reduced_shape(const ir::Shape& x, const std::vector<bool>& reduced, bool keep) {
  ir::Shape out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!reduced[i]) out.push_back(x[i]);
    if (reduced[i] && keep) out.push_back(1);
  }
  return out;
}

/// The shape when axes are given but not known: the rank may still be.
std::optional<ir::Shape> vague_shape(const OpContext& ctx, const ir::Shape& x, bool keep) {
  if (keep) return ir::Shape(x.size(), ir::kUnknownDim);
  const ir::Shape* axes = ctx.shape(1);
  if (!axes || axes->size() != 1) return std::nullopt;
  const std::int64_t count = axes->front();
  if (count < 1 || count > static_cast<std::int64_t>(x.size())) return std::nullopt;
  return ir::Shape(x.size() - static_cast<std::size_t>(count), ir::kUnknownDim);
}

std::optional<ir::Shape> reduction_shape(const OpContext& ctx) {
  const ir::Shape* x = ctx.shape(0);
  if (!x) return std::nullopt;
  const bool keep = ctx.attr_int("keepdims", 1) != 0;
  const Axes axes = read_axes(ctx, x->size());
  return axes.is_known ? reduced_shape(*x, axes.reduced, keep) : vague_shape(ctx, *x, keep);
}

void infer_reduce(OpContext& ctx) { ctx.set_output(0, ctx.input(0).dtype, reduction_shape(ctx)); }

// --- small values: sums, products and extremes of shapes
/// Two elements to one; false when the result does not fit.
struct Sum {
  static bool fold(std::int64_t a, std::int64_t b, std::int64_t* r) {
    return !__builtin_add_overflow(a, b, r);
  }
  static bool fold(double a, double b, double* r) {
    *r = a + b;
    return true;
  }
};
struct Product {
  static bool fold(std::int64_t a, std::int64_t b, std::int64_t* r) {
    return !__builtin_mul_overflow(a, b, r);
  }
  static bool fold(double a, double b, double* r) {
    *r = a * b;
    return true;
  }
};
struct Max {
  template <class T>
  static bool fold(T a, T b, T* r) {
    *r = std::max(a, b);
    return true;
  }
};
struct Min {
  template <class T>
  static bool fold(T a, T b, T* r) {
    *r = std::min(a, b);
    return true;
  }
};

template <class Op, class T>
std::optional<ir::SmallValue> folded(const std::vector<T>& values) {
  if (values.empty()) return std::nullopt;
  T result = values.front();
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (!Op::fold(result, values[i], &result)) return std::nullopt;
  }
  return std::vector<T>{result};
}

/// Folds known elements to one; larger results carry no value, shape arithmetic has none.
template <class Op>
void infer_folded(OpContext& ctx) {
  infer_reduce(ctx);
  const std::optional<Count> outputs = ctx.output().elements();
  const auto& value = ctx.input(0).value;
  if (!outputs || *outputs != 1 || !value || !ir::is_known(*value)) return;
  ctx.output().value = std::visit([](const auto& values) { return folded<Op>(values); }, *value);
}

// --- work: n elements reduced to m
struct ReducedSizes {
  Count n;
  Count m;
  Count merged;  ///< additions or comparisons: n - m
};

ReducedSizes sizes(const OpContext& ctx) {
  const Count n = ctx.elements(0);
  const Count m = ctx.output_elements();
  return {n, m, n - std::min(n, m)};
}

/// `merges` operations per merged element, `each` per element and `last` per result, and
/// transcendentals `each_t` per element and `last_t` per result.
template <int merges, int each, int last, int each_t = 0, int last_t = 0>
Work reduce_work(const OpContext& ctx) {
  const ReducedSizes s = sizes(ctx);
  return {.arithmetic = s.merged * merges + s.n * each + s.m * last,
          .transcendentals = s.n * each_t + s.m * last_t};
}

// --- ArgMax, ArgMin
void infer_arg(OpContext& ctx) {
  const ir::Shape* x = ctx.shape(0);
  if (!x) return ctx.set_output(0, ir::DType::kInt64, std::nullopt);
  std::vector<bool> reduced(x->size(), false);
  reduced[normalize_axis(ctx.attr_int("axis", 0), x->size())] = true;
  ctx.set_output(0, ir::DType::kInt64,
                 reduced_shape(*x, reduced, ctx.attr_int("keepdims", 1) != 0));
}

// --- CumSum, CumProd
template <class Op>
void infer_cumulative(OpContext& ctx) {
  same_as_input(ctx);
  const ir::Shape* x = ctx.shape(0);
  const Ints* axis = ctx.known_ints(1);
  if (x && axis && axis->size() == 1) static_cast<void>(normalize_axis(axis->front(), x->size()));
  const Ints* values = ctx.known_ints(0);
  const bool is_plain = ctx.attr_int("exclusive", 0) == 0 && ctx.attr_int("reverse", 0) == 0;
  if (!values || !x || x->size() != 1 || !is_plain) return;
  Ints running = *values;
  for (std::size_t i = 1; i < running.size(); ++i) {
    if (!Op::fold(running[i - 1], running[i], &running[i])) return;
  }
  ctx.output().value = std::move(running);
}

struct ReductionRow {
  std::string_view type;
  InferFn infer;
  WorkFn work;
  std::string_view formula;
  std::uint32_t grows_with = 0;
};

constexpr OpSpec reduce(const ReductionRow& r) {
  return {.type = r.type,
          .since = 1,
          .cls = OpClass::kReduction,
          .arity = {1, 2},
          .infer = r.infer,
          .work = r.work,
          .access = touch_first,
          .formula = r.formula,
          .grows_with = r.grows_with};
}

constexpr OpSpec arg(std::string_view type) {
  OpSpec row = reduce({type, infer_arg, reduce_work<1, 0, 0>, "n - m compares (n elements to m)"});
  row.arity = {1, 1};
  return row;
}

constexpr OpSpec cumulative(std::string_view type, int since, InferFn infer,
                            std::string_view formula) {
  OpSpec row = reduce({type, infer, per_input<1>, formula});
  row.since = since;
  row.arity = {2, 2};
  return row;
}

constexpr OpSpec kReductionOps[] = {
    reduce({"ReduceSum", infer_folded<Sum>, reduce_work<1, 0, 0>, "n - m adds (n elements to m)",
            0b01}),
    reduce({"ReduceMean", infer_reduce, reduce_work<1, 0, 1>,
            "n: n - m adds and m divisions (n elements to m)"}),
    reduce({"ReduceMax", infer_folded<Max>, reduce_work<1, 0, 0>,
            "n - m compares (n elements to m)", 0b01}),
    reduce({"ReduceMin", infer_folded<Min>, reduce_work<1, 0, 0>,
            "n - m compares (n elements to m)", 0b01}),
    reduce({"ReduceProd", infer_folded<Product>, reduce_work<1, 0, 0>,
            "n - m multiplications (n elements to m)", 0b01}),
    reduce({"ReduceL1", infer_reduce, reduce_work<1, 1, 0>,
            "2n - m: an abs per element, n - m adds (n elements to m)"}),
    reduce({"ReduceL2", infer_reduce, reduce_work<1, 1, 0, 0, 1>,
            "2n - m: a square per element, n - m adds; m square roots (n elements to m)"}),
    reduce({"ReduceSumSquare", infer_reduce, reduce_work<1, 1, 0>,
            "2n - m: a square per element, n - m adds (n elements to m)"}),
    reduce({"ReduceLogSum", infer_reduce, reduce_work<1, 0, 0, 0, 1>,
            "n - m adds; m logarithms (n elements to m)"}),
    reduce({"ReduceLogSumExp", infer_reduce, reduce_work<2, 1, 1, 1, 1>,
            "3n - m: the maximum is taken out first; n exp, m log (n elements to m)"}),
    arg("ArgMax"),
    arg("ArgMin"),
    cumulative("CumSum", 11, infer_cumulative<Sum>, "1 add per element"),
    cumulative("CumProd", 26, infer_cumulative<Product>, "1 multiplication per element"),
};

}  // namespace

std::span<const OpSpec> reduction_ops() { return kReductionOps; }

}  // namespace roofline::ops
