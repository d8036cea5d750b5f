// Owns onnxruntime's activations, alone or fused with a bias, and its dropouts.
// Refuses training: dropouts pass their operand on.
#include <fmt/format.h>

#include "attention_rules.hpp"
#include "contrib.hpp"
#include "families.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

using enum Role;

/// x * sigmoid(alpha * x), as Swish counts it.
Work quick_gelu_work(const OpContext& ctx) {
  return ctx.attr_float("alpha", 1.702) == 1.0 ? per_output<3, 1>(ctx) : per_output<4, 1>(ctx);
}

/// Gelu's tanh form, behind a bias if there is one.
Work fast_gelu_work(const OpContext& ctx) {
  return ctx.has_input(1) ? per_output<9, 1>(ctx) : per_output<8, 1>(ctx);
}

// --- fused with a bias
/// X's left half times Gelu of its right half.
void infer_split_gelu(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape || x.shape->empty()) return ctx.set_output(0, x.dtype, std::nullopt);
  ir::Shape out = *x.shape;
  out.back() = split_size(out.back(), 2, "X");
  ctx.set_output(0, x.dtype, std::move(out));
}

Work split_gelu_work(const OpContext& ctx) {
  Work work = per_output<5, 1>(ctx);
  work.arithmetic += ctx.elements(0);
  return work;
}

// --- dropouts
/// Data, bias and residual are added; the mask, all ones, packs 32 elements into a word.
template <bool is_packed>
void infer_dropout(OpContext& ctx) {
  same_as_input(ctx);
  if (!is_packed) return ctx.set_output(1, ir::DType::kBool, ctx.input(0).shape);
  std::optional<ir::Shape> words = ir::Shape{ir::kUnknownDim};
  if (const auto n = ctx.input(0).elements()) words = ir::Shape{ceil_div(*n, 32).value()};
  ctx.set_output(1, ir::DType::kUint32, words);
}

Work bias_dropout_work(const OpContext& ctx) {
  return ctx.has_input(2) ? per_output<2>(ctx) : per_output<1>(ctx);
}

/// A view of the data: only the mask, if asked for, is written.
AccessList touch_dropout_mask(const OpContext& ctx) {
  if (!ctx.has_output(1)) return {};
  return {{.operand = ~1, .elements = ctx.output_elements(1)}};
}

using enum OpClass;

constexpr OpSpec kContribActivationOps[] = {
    contrib_row({kActivation,
                 "Gelu",
                 {1, 1},
                 same_as_input,
                 per_output<4, 1>,
                 touch_as<kData>,
                 "4*elements (mul, add, mul, mul), and elements transcendental"}),
    contrib_row({kActivation,
                 "FastGelu",
                 {1, 2},
                 same_as_input,
                 fast_gelu_work,
                 touch_as<kData, kParameter>,
                 "8*elements (Gelu's tanh form), + elements if bias, and elements transcendental"}),
    contrib_row({kActivation,
                 "QuickGelu",
                 {1, 1},
                 same_as_input,
                 quick_gelu_work,
                 touch_as<kData>,
                 "4*elements (mul, add, div, mul), 3 if alpha is 1, and elements transcendental"}),
    contrib_row({kActivation,
                 "BiasGelu",
                 {2, 2},
                 same_as_input,
                 per_output<5, 1>,
                 touch_as<kData, kParameter>,
                 "5*elements (bias, Gelu), and elements transcendental"}),
    contrib_row({kElementwise,
                 "BiasSplitGelu",
                 {2, 2},
                 infer_split_gelu,
                 split_gelu_work,
                 touch_as<kData, kParameter>,
                 "elements of X (bias), + 5 and an erf per output (Gelu, mul)"}),
    contrib_row({kElementwise,
                 "BiasAdd",
                 {3, 3},
                 same_as_input,
                 per_output<2>,
                 touch_as<kData, kParameter, kData>,
                 "2*elements (bias, skip)"}),
    contrib_row({kElementwise,
                 "GatedAdd",
                 {3, 3},
                 same_as_input,
                 per_output<2>,
                 touch_as<kData, kData, kData>,
                 "2*elements (mul, add)"}),
    contrib_row({kSoftmax,
                 "BiasSoftmax",
                 {2, 2},
                 same_as_input,
                 per_input<5, 1>,
                 touch_as<kData, kData>,
                 "5 per element: add, compare (max), sub, add, div; and an exp each"}),
    contrib_row({kElementwise,
                 "BiasDropout",
                 {2, 5, 1, 2},
                 infer_dropout<false>,
                 bias_dropout_work,
                 touch_as<kData, kParameter, kData>,
                 "elements (bias), + elements if residual (inference)"}),
    contrib_row({kElementwise,
                 "BitmaskBiasDropout",
                 {2, 5, 1, 2},
                 infer_dropout<true>,
                 bias_dropout_work,
                 touch_as<kData, kParameter, kData>,
                 "elements (bias), + elements if residual (inference)"}),
    contrib_row({kView,
                 "BitmaskDropout",
                 {1, 3, 1, 2},
                 infer_dropout<true>,
                 no_work,
                 touch_dropout_mask,
                 "0 (inference)"}),
};

}  // namespace

std::span<const OpSpec> contrib_activation_ops() { return kContribActivationOps; }

}  // namespace roofline::ops
