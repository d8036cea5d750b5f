// Owns normalizations: statistics over a group of elements, then scale and shift.
// Refuses softmax, which is a family of its own.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;

std::int64_t channels_of(const ir::Shape& x) { return x.size() > 1 ? x[1] : 1; }

/// Operand i holds one element per channel of X.
void check_per_channel(const OpContext& ctx, int i, std::string_view name) {
  const ir::Shape* x = ctx.shape(0);
  const ir::Shape* scale = ctx.shape(i);
  if (!x || !scale || scale->size() != 1) return;
  if (sizes_differ(channels_of(*x), (*scale)[0])) {
    shape_error(fmt::format("input has {} channels, {} has {} elements", channels_of(*x), name,
                            (*scale)[0]),
                "check the layout of the input: channels come second");
  }
}

/// Groups of elements with statistics of their own cost this much each: mean and variance divided,
/// epsilon added, square root, reciprocal.
Work add_groups(Work work, Count groups) {
  work.arithmetic += groups * 4;
  work.transcendentals += groups;
  return work;
}

// --- BatchNormalization
bool is_training(const OpContext& ctx) {
  if (ctx.opset() >= 14) return ctx.attr_int("training_mode", 0) != 0;
  return ctx.has_output(1);  // before opset 14 the further results say so
}

void infer_batch_norm(OpContext& ctx) {
  same_as_input(ctx);
  check_per_channel(ctx, 1, "scale");
  check_per_channel(ctx, 2, "B");
  check_per_channel(ctx, 3, "mean");
  check_per_channel(ctx, 4, "var");
  for (int i = 1; i < ctx.output_count(); ++i) {
    const ir::TensorType& statistic = ctx.input(i % 2 == 1 ? 3 : 4);
    ctx.set_output(i, statistic.dtype, statistic.shape);
  }
}

Work batch_norm_work(const OpContext& ctx) {
  const Count n = ctx.elements(0);
  if (!is_training(ctx)) return {.arithmetic = n * 2};
  // Statistics 4 and scale-and-shift 2 per element; per channel also the two running averages.
  return add_groups({.arithmetic = n * 6 + ctx.elements(3) * 6}, ctx.elements(3));
}

// --- InstanceNormalization, GroupNormalization
void infer_instance_norm(OpContext& ctx) {
  same_as_input(ctx);
  check_per_channel(ctx, 1, "scale");
  check_per_channel(ctx, 2, "B");
}

Work instance_norm_work(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  return add_groups(per_input<6>(ctx), Count(x[0]) * channels_of(x));
}

std::int64_t group_total(const OpContext& ctx) {
  const std::int64_t groups = ctx.required_int("num_groups");
  if (groups < 1) {
    attribute_error(fmt::format("attribute 'num_groups' is {}, expected at least 1", groups));
  }
  return groups;
}

void check_norm_groups(const OpContext& ctx) {
  const ir::Shape* x = ctx.shape(0);
  const std::int64_t groups = group_total(ctx);
  if (!x || channels_of(*x) == ir::kUnknownDim || channels_of(*x) % groups == 0) return;
  shape_error(fmt::format("input has {} channels, not a multiple of num_groups {}", channels_of(*x),
                          groups));
}

void infer_group_norm_18(OpContext& ctx) {
  same_as_input(ctx);
  check_norm_groups(ctx);
  const ir::Shape* scale = ctx.shape(1);
  if (scale && scale->size() == 1 && sizes_differ((*scale)[0], group_total(ctx))) {
    shape_error(fmt::format("scale has {} elements, expected one per group ({})", (*scale)[0],
                            group_total(ctx)),
                "from opset 21 on scale and bias hold one element per channel");
  }
}

void infer_group_norm_21(OpContext& ctx) {
  infer_instance_norm(ctx);
  check_norm_groups(ctx);
}

template <int per_element>
Work group_norm_work(const OpContext& ctx) {
  return add_groups(per_input<per_element>(ctx), Count((*ctx.shape(0))[0]) * group_total(ctx));
}

// --- LayerNormalization, RMSNormalization: a row is everything from `axis` on
void infer_layer_norm(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  same_as_input(ctx);
  std::optional<ir::Shape> statistics = x.shape;
  if (x.shape) {
    const std::size_t axis = normalize_axis(ctx.attr_int("axis", -1), x.shape->size());
    std::fill(statistics->begin() + static_cast<std::ptrdiff_t>(axis), statistics->end(), 1);
    const ir::Shape* scale = ctx.shape(1);
    if (scale && scale->size() == 1 && x.shape->size() - axis == 1 && scale->front() != 1 &&
        sizes_differ(scale->front(), x.shape->back())) {
      shape_error(
          fmt::format("rows have {} elements, scale has {}", x.shape->back(), scale->front()));
    }
  }
  const ir::DType stash = ir::dtype_from_onnx(ctx.attr_int("stash_type", 1));
  ctx.set_output(1, stash, statistics);
  ctx.set_output(2, stash, statistics);
}

Count rows(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  return product(std::span(x).first(normalize_axis(ctx.attr_int("axis", -1), x.size())));
}

Work layer_norm_work(const OpContext& ctx) {
  const int per_element = ctx.has_input(2) ? 7 : 6;
  return add_groups({.arithmetic = ctx.elements(0) * per_element}, rows(ctx));
}

Work rms_norm_work(const OpContext& ctx) {
  Work work = per_input<4>(ctx);
  work.arithmetic += rows(ctx) * 3;
  work.transcendentals = rows(ctx);
  return work;
}

// --- MeanVarianceNormalization, LpNormalization, LRN
/// X's shape with 1 for every axis that shares its statistics. Before opset 9 each image is
/// normalized on its own, and each channel unless across_channels is set.
ir::Shape mean_variance_groups(const OpContext& ctx) {
  ir::Shape groups = *ctx.shape(0);
  std::vector<std::int64_t> axes = {0, 2, 3};
  if (ctx.opset() < 9) axes.front() = ctx.attr_int("across_channels", 0) != 0 ? 1 : 2;
  if (const auto* given = ctx.attr_ints("axes")) axes = *given;
  for (const std::int64_t axis : axes) groups[normalize_axis(axis, groups.size())] = 1;
  return groups;
}

void infer_mean_variance(OpContext& ctx) {
  same_as_input(ctx);
  if (ctx.shape(0)) static_cast<void>(mean_variance_groups(ctx));
}

Work mean_variance_work(const OpContext& ctx) {
  const Count groups = product(mean_variance_groups(ctx));
  Work work = per_input<5>(ctx);
  work.arithmetic += groups * 3;
  work.transcendentals = groups;
  return work;
}

void infer_axis_norm(OpContext& ctx) {
  same_as_input(ctx);
  if (const ir::Shape* x = ctx.shape(0)) {
    static_cast<void>(normalize_axis(ctx.attr_int("axis", -1), x->size()));
  }
}

Work lp_normalization_work(const OpContext& ctx) {
  Work work = per_input<3>(ctx);
  ir::Shape kept = *ctx.shape(0);
  kept[normalize_axis(ctx.attr_int("axis", -1), kept.size())] = 1;
  if (ctx.attr_int("p", 2) != 1) work.transcendentals = product(kept);
  return work;
}

void infer_lrn(OpContext& ctx) {
  same_as_input(ctx);
  if (ctx.required_int("size") < 1) {
    attribute_error(
        fmt::format("attribute 'size' is {}, expected at least 1", ctx.required_int("size")));
  }
}

Work lrn_work(const OpContext& ctx) {
  const Count n = ctx.elements(0);
  return {.arithmetic = n * (Count(ctx.required_int("size")) + 3), .transcendentals = n};
}

struct Row {
  std::string_view type;
  int since;
  Arity arity;
  InferFn infer;
  WorkFn work;
  std::string_view formula;
};

/// X, scale and shift.
constexpr OpSpec norm(const Row& r) {
  return {.type = r.type,
          .since = r.since,
          .cls = OpClass::kNormalization,
          .arity = r.arity,
          .infer = r.infer,
          .work = r.work,
          .access = touch_as<kData, kParameter, kParameter>,
          .formula = r.formula};
}

constexpr OpSpec kBatchNorm = {
    .type = "BatchNormalization",
    .since = 1,
    .cls = OpClass::kNormalization,
    .arity = {5, 5, 1, 5},
    .infer = infer_batch_norm,
    .work = batch_norm_work,
    .access = touch_as<kData, kParameter, kParameter, kBuffer, kBuffer>,
    .formula =
        "2 per element: scale and shift, folded from scale, B, mean and var ahead of the "
        "run; training: 6 per element, + 10 and a square root per channel",
    .fusion = Fusion::kScaleShift};

constexpr OpSpec kNormalizationOps[] = {
    kBatchNorm,
    norm(
        {"InstanceNormalization",
         1,
         {3, 3},
         infer_instance_norm,
         instance_norm_work,
         "6 per element: add (mean), sub, mul, add (variance), mul, add (scale and shift); + 4 and "
         "a square root per instance and channel"}),
    norm({"GroupNormalization",
          18,
          {3, 3},
          infer_group_norm_18,
          group_norm_work<6>,
          "6 per element: add (mean), sub, mul, add (variance), mul, add (scale and shift per "
          "group); + 4 and a square root per group"}),
    norm({"GroupNormalization",
          21,
          {3, 3},
          infer_group_norm_21,
          group_norm_work<7>,
          "7 per element: add (mean), sub, mul, add (variance), mul, mul, add (scale and shift per "
          "channel); + 4 and a square root per group"}),
    norm({"LayerNormalization",
          17,
          {2, 3, 1, 3},
          infer_layer_norm,
          layer_norm_work,
          "7 per element: add (mean), sub, mul, add (variance), mul, mul, add (scale, shift; 6 "
          "without B); + 4 and a square root per row"}),
    norm({"RMSNormalization",
          23,
          {2, 2},
          infer_layer_norm,
          rms_norm_work,
          "4 per element: mul, add (mean square), mul, mul (scale); + 3 and a square root per "
          "row"}),
    norm({"MeanVarianceNormalization",
          1,
          {1, 1},
          infer_mean_variance,
          mean_variance_work,
          "5 per element: add (mean), sub, mul, add (variance), div; + 3 and a square root per "
          "group"}),
    norm({"LpNormalization",
          1,
          {1, 1},
          infer_axis_norm,
          lp_normalization_work,
          "3 per element: mul (abs for p = 1), add, div; a square root per row unless p = 1"}),
    norm({"LRN",
          1,
          {1, 1},
          infer_lrn,
          lrn_work,
          "size + 3 per element: square, size - 1 adds, mul, add, div; and a pow each"}),
};

}  // namespace

std::span<const OpSpec> normalization_ops() { return kNormalizationOps; }

}  // namespace roofline::ops
