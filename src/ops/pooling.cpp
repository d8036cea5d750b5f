// Owns pooling: sliding windows without weights, and their global and inverse forms.
// Refuses regions of interest: roi.cpp has those.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"
#include "window.hpp"

namespace roofline::ops {
namespace {

using enum Role;

void check_rank(const ir::Shape& x) {
  if (x.size() < 3) {
    shape_error(
        fmt::format("input has rank {}, expected at least 3 (N, C, spatial axes)", x.size()));
  }
}

Ints kernel_of(const OpContext& ctx, const ir::Shape& x) {
  const Ints& kernel = ctx.required_ints("kernel_shape");
  if (kernel.size() + 2 != x.size()) {
    attribute_error(fmt::format("attribute 'kernel_shape' has {} values, input has {} spatial axes",
                                kernel.size(), x.size() - 2));
  }
  return kernel;
}

// --- sliding windows
void infer_pool(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) {
    ctx.set_output(0, x.dtype, std::nullopt);
    return ctx.set_output(1, ir::DType::kInt64, std::nullopt);
  }
  check_rank(*x.shape);
  const Ints spatial(x.shape->begin() + 2, x.shape->end());
  ir::Shape out = {(*x.shape)[0], (*x.shape)[1]};
  for (const Window& w : slide_windows(ctx, spatial, kernel_of(ctx, *x.shape))) {
    out.push_back(w.out);
  }
  ctx.set_output(1, ir::DType::kInt64, out);
  ctx.set_output(0, x.dtype, std::move(out));
}

Count kernel_volume(const OpContext& ctx) { return product(ctx.required_ints("kernel_shape")); }

Work max_pool_work(const OpContext& ctx) {
  return {.arithmetic = ctx.output_elements() * (kernel_volume(ctx) - 1)};
}

Work average_pool_work(const OpContext& ctx) {
  return {.arithmetic = ctx.output_elements() * kernel_volume(ctx)};
}

/// Sums |x|^p of `inputs` elements to `outputs`, of each of which the p-th root is taken.
Work lp_norm(const OpContext& ctx, Count inputs, Count outputs) {
  // Opset 1 has p as a float.
  const double p =
      ctx.opset() < 2 ? ctx.attr_float("p", 2.0) : static_cast<double>(ctx.attr_int("p", 2));
  const Count arithmetic = inputs + (inputs - std::min(inputs, outputs));
  if (p == 1) return {.arithmetic = arithmetic};
  if (p == 2) return {.arithmetic = arithmetic, .transcendentals = outputs};
  return {.arithmetic = arithmetic, .transcendentals = inputs + outputs};
}

Work lp_pool_work(const OpContext& ctx) {
  const Count outputs = ctx.output_elements();
  return lp_norm(ctx, outputs * kernel_volume(ctx), outputs);
}

// --- global windows
void infer_global_pool(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  if (x.shape->size() < 2) {
    shape_error(fmt::format("input has rank {}, expected at least 2 (N, C)", x.shape->size()));
  }
  ir::Shape out = *x.shape;
  std::fill(out.begin() + 2, out.end(), 1);
  ctx.set_output(0, x.dtype, std::move(out));
}

Work global_max_work(const OpContext& ctx) {
  return {.arithmetic = ctx.elements(0) - std::min(ctx.elements(0), ctx.output_elements())};
}

Work global_lp_work(const OpContext& ctx) {
  return lp_norm(ctx, ctx.elements(0), ctx.output_elements());
}

// --- MaxUnpool
void infer_max_unpool(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  check_rank(*x.shape);
  ir::Shape out = *x.shape;
  const Ints spatial(out.begin() + 2, out.end());
  const std::vector<Window> windows = read_windows(ctx, spatial, kernel_of(ctx, out));
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Window& w = windows[i];
    if (w.in == ir::kUnknownDim) continue;
    out[i + 2] = (Count(w.in - 1) * w.stride + w.kernel - w.pad_begin - w.pad_end).value();
  }
  if (!ctx.has_input(2)) return ctx.set_output(0, x.dtype, std::move(out));
  const Ints* stated = ctx.known_ints(2);
  if (stated && stated->size() == out.size()) return ctx.set_output(0, x.dtype, *stated);
  ctx.set_output(0, x.dtype, ir::Shape(out.size(), ir::kUnknownDim));
}

struct Pool {
  std::string_view type;
  int since;
  Arity arity;
  WorkFn work;
  std::string_view formula;
};

constexpr OpSpec pool(const Pool& p) {
  return {.type = p.type,
          .since = p.since,
          .cls = OpClass::kPooling,
          .arity = p.arity,
          .infer = infer_pool,
          .work = p.work,
          .access = touch_as<kData>,
          .formula = p.formula};
}

constexpr OpSpec global_pool(const Pool& p) {
  OpSpec row = pool(p);
  row.infer = infer_global_pool;
  return row;
}

constexpr OpSpec kPoolingOps[] = {
    pool({"MaxPool", 1, {1, 1, 1, 2}, max_pool_work, "N*C*OH*OW*(KH*KW - 1) compares"}),
    pool({"AveragePool",
          1,
          {1, 1},
          average_pool_work,
          "N*C*OH*OW*KH*KW: KH*KW - 1 adds and a division"}),
    pool({"LpPool",
          1,
          {1, 1},
          lp_pool_work,
          "N*C*OH*OW*(2*KH*KW - 1): abs or square, and add, per tap; a root per output unless p = "
          "1; pow per tap if p > 2"}),
    global_pool({"GlobalMaxPool", 1, {1, 1}, global_max_work, "N*C*(H*W - 1) compares"}),
    global_pool({"GlobalAveragePool",
                 1,
                 {1, 1},
                 per_input<1>,
                 "N*C*H*W: H*W - 1 adds and a division per channel"}),
    global_pool({"GlobalLpPool",
                 1,
                 {1, 1},
                 global_lp_work,
                 "N*C*(2*H*W - 1): abs or square, and add, per element; a root per output unless p "
                 "= 1; pow per element if p > 2"}),
    {.type = "MaxUnpool",
     .since = 9,
     .cls = OpClass::kMovement,
     .arity = {2, 3},
     .infer = infer_max_unpool,
     .work = no_work,
     .access = touch_as<kData, kBuffer>,
     .formula = "0: scatters the maxima into zeros"},
};

}  // namespace

std::span<const OpSpec> pooling_ops() { return kPoolingOps; }

}  // namespace roofline::ops
