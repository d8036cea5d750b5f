// Owns the preview domains: FlexAttention, and the operators of training.
// Refuses optimizers whose tensors do not come in complete groups.
#include <fmt/format.h>

#include "attention_rules.hpp"
#include "families.hpp"

namespace roofline::ops {
namespace {

// --- FlexAttention

struct PreviewStacks {
  Heads q;
  Heads k;
  Heads v;
};

PreviewStacks read_stacks(const OpContext& ctx) {
  const auto read = [&ctx](int i, std::string_view name) {
    return shape_of_rank(ctx, i, name, 4) ? read_heads(ctx, i, name, "") : Heads{};
  };
  const PreviewStacks s = {read(0, "Q"), read(1, "K"), read(2, "V")};
  check_widths(s.q, s.k, "");
  check_groups(s.q.heads, s.k.heads);
  return s;
}

void infer_flex_attention(OpContext& ctx) {
  const PreviewStacks s = read_stacks(ctx);
  ctx.set_output(0, ctx.input(0).dtype, ir::Shape{s.q.batch, s.q.heads, s.q.length, s.v.width});
}

Work flex_attention_work(const OpContext& ctx) {
  const PreviewStacks s = read_stacks(ctx);
  return attend({.batch = s.q.batch,
                 .heads = s.q.heads,
                 .queries = s.q.length,
                 .keys = s.k.length,
                 .width = s.q.width,
                 .v_width = s.v.width});
}

// --- training

/// As many results as attribute xs names tensors, each the size of the operand it belongs to.
void infer_gradient(OpContext& ctx) {
  for (int i = 0; i < ctx.output_count(); ++i) {
    const ir::TensorType& x = ctx.input(i);
    ctx.set_output(i, x.dtype, x.shape);
  }
}

/// Learning rate, step count, then the optimized tensors, their gradients and `states` moments
/// each: X1 X2 .. G1 G2 .. V1 V2 ..
template <int states>
int tensors(const OpContext& ctx) {
  const int rest = ctx.input_count() - 2;
  if (rest % (states + 2) != 0) {
    throw RuleError("bad-arity",
                    fmt::format("{} tensors do not come in groups of {}", rest, states + 2));
  }
  return rest / (states + 2);
}

/// The new tensors, then their new moments; gradients have no new value.
template <int states>
void infer_optimizer(OpContext& ctx) {
  const int count = tensors<states>(ctx);
  for (int i = 0; i < ctx.output_count() && i < count * (states + 1); ++i) {
    const ir::TensorType& old = ctx.input(2 + (i < count ? i : i + count));
    ctx.set_output(i, old.dtype, old.shape);
  }
}

Count optimized_elements(const OpContext& ctx, int count) {
  Count sum = 0;
  for (int i = 0; i < count; ++i) sum += ctx.elements(2 + i);
  return sum;
}

template <int states, int arithmetic>
Work root_mean_square_work(const OpContext& ctx) {
  const Count n = optimized_elements(ctx, tensors<states>(ctx));
  return {.arithmetic = n * arithmetic, .transcendentals = n};
}

Work momentum_work(const OpContext& ctx) {
  const bool is_nesterov = ctx.attr_string("mode", "standard") == "nesterov";
  return {.arithmetic = optimized_elements(ctx, tensors<1>(ctx)) * (is_nesterov ? 9 : 7)};
}

/// Rate and step count are configuration.
AccessList touch_optimizer(const OpContext& ctx) {
  AccessList list;
  for (int i = 2; i < ctx.input_count(); ++i) read_whole(ctx, i, Role::kData, list);
  write_all(ctx, list);
  return list;
}

constexpr OpSpec optimizer(std::string_view type, InferFn infer, WorkFn work,
                           std::string_view formula) {
  return {.domain = "ai.onnx.preview.training",
          .type = type,
          .since = 1,
          .cls = OpClass::kOther,
          .arity = {3, kMany, 1, kMany},
          .infer = infer,
          .work = work,
          .access = touch_optimizer,
          .formula = formula};
}

constexpr OpSpec kPreviewOps[] = {
    {.domain = "ai.onnx.preview",
     .type = "FlexAttention",
     .since = 1,
     .cls = OpClass::kAttention,
     .arity = {3, 3},
     .infer = infer_flex_attention,
     .work = flex_attention_work,
     .access = touch_all,
     .formula = "2*B*Hq*Lq*Lkv*(D + Dv); per score 5 (scale, softmax) and an exp; the graphs that "
                "modify scores and probabilities are not counted",
     .confidence = Confidence::kApproximate},
    {.domain = "ai.onnx.preview.training",
     .type = "Gradient",
     .since = 1,
     .cls = OpClass::kOther,
     .arity = {1, kMany, 1, kMany},
     .infer = infer_gradient,
     .work = per_output<1>,
     .access = touch_all,
     .formula = "unknown: depends on the graph that is differentiated",
     .confidence = Confidence::kUnknown},
    optimizer("Adagrad", infer_optimizer<1>, root_mean_square_work<1, 8>,
              "8 per element: mul, add (regularize), mul, add (square sum), add (epsilon), mul, "
              "div, sub; and a square root"),
    optimizer("Adam", infer_optimizer<2>, root_mean_square_work<2, 14>,
              "14 per element: mul, add (regularize), mul, mul, add (momentum), mul, mul, mul, add "
              "(square), add (epsilon), mul, div, sub, mul; and a square root"),
    optimizer(
        "Momentum", infer_optimizer<1>, momentum_work,
        "7 per element: mul, add (regularize), mul, mul, add (momentum), mul, sub; nesterov 9"),
};

}  // namespace

std::span<const OpSpec> preview_ops() { return kPreviewOps; }

}  // namespace roofline::ops
