// Owns convolutions that slide forward: plain, integer, quantized, deformable, causal.
// Refuses to pick an algorithm: counts are those of the direct form, padding taps included.
#include <fmt/format.h>

#include "conv_rules.hpp"
#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;

constexpr ConvSlots kFloatConv = {};
constexpr ConvSlots kIntegerConv = {.x = 0, .w = 1, .bias = -1};
constexpr ConvSlots kQLinearConv = {.x = 0, .w = 3, .bias = 8};
constexpr ConvSlots kDeformConv = {.x = 0, .w = 1, .bias = 3};

// --- Conv
void infer_conv(OpContext& ctx) {
  ctx.set_output(0, ctx.input(0).dtype, conv_shape(ctx, kFloatConv));
}

Work conv_work(const OpContext& ctx) {
  Work work = direct_conv(ctx, kFloatConv);
  work.arithmetic = bias_adds(ctx, kFloatConv);
  return work;
}

// --- ConvInteger, QLinearConv
void infer_conv_integer(OpContext& ctx) {
  ctx.set_output(0, ir::DType::kInt32, conv_shape(ctx, kIntegerConv));
}

/// Zero points are subtracted from each element of an operand once, not at each tap.
Work conv_integer_work(const OpContext& ctx) {
  Work work = direct_conv(ctx, kIntegerConv);
  if (ctx.has_input(2)) work.arithmetic += ctx.elements(0);
  if (ctx.has_input(3)) work.arithmetic += ctx.elements(1);
  return work;
}

void infer_qlinear_conv(OpContext& ctx) {
  ctx.set_output(0, ctx.input(7).dtype, conv_shape(ctx, kQLinearConv));
}

Work qlinear_conv_work(const OpContext& ctx) {
  Work work = direct_conv(ctx, kQLinearConv);
  work.arithmetic = ctx.elements(0) + ctx.elements(3) + bias_adds(ctx, kQLinearConv) +
                    ctx.output_elements() * kRequantizeOps;
  return work;
}

// --- DeformConv
std::int64_t offset_groups(const OpContext& ctx) {
  const std::int64_t groups = ctx.attr_int("offset_group", 1);
  if (groups < 1) {
    attribute_error(fmt::format("attribute 'offset_group' is {}, expected at least 1", groups));
  }
  return groups;
}

void infer_deform_conv(OpContext& ctx) {
  ctx.set_output(0, ctx.input(0).dtype, conv_shape(ctx, kDeformConv));
  const ir::Shape* w = ctx.shape(1);
  const ir::Shape* offset = ctx.shape(2);
  if (!w || !offset || offset->size() != w->size()) return;
  const std::vector<std::int64_t> kernel = spatial_sizes(w, w->size());
  const std::int64_t taps = product(kernel);
  if (taps == ir::kUnknownDim) return;
  const Count expected =
      Count(taps) * offset_groups(ctx) * static_cast<std::int64_t>(kernel.size());
  if (sizes_differ((*offset)[1], expected.value())) {
    shape_error(fmt::format("offset has {} channels, expected {} (offset groups x taps x axes)",
                            (*offset)[1], expected.value()));
  }
}

/// Each tap of each offset group finds its place (per axis: add the offset, split into floor and
/// rest; then a weight per corner) and interpolates the channels of the group there.
Work deform_conv_work(const OpContext& ctx) {
  Work work = direct_conv(ctx, kDeformConv);
  const ir::Shape& x = *ctx.shape(0);
  const auto axes = static_cast<std::int64_t>(x.size() - 2);
  const Count corners = power(2, x.size() - 2);
  const Count places = ctx.elements(2).value() / axes;
  const Count samples = places * (x[1] / offset_groups(ctx));
  const Count per_sample = 2 * corners - 1 + (ctx.has_input(4) ? 1 : 0);
  work.arithmetic =
      bias_adds(ctx, kDeformConv) + places * (corners + 3 * axes) + samples * per_sample;
  return work;
}

// --- CausalConvWithState
void infer_causal_conv(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  const ir::Shape* w = ctx.shape(1);
  ctx.set_output(0, x.dtype, x.shape);
  if (!x.shape && !w) return ctx.set_output(1, x.dtype, std::nullopt);
  if ((x.shape && x.shape->size() != 3) || (w && w->size() != 3)) {
    shape_error(fmt::format("input {} and weight {}, expected rank 3 (batch, channels, length)",
                            x.shape ? ir::to_string(*x.shape) : "?", w ? ir::to_string(*w) : "?"));
  }
  const ir::Shape* state = ctx.shape(3);
  const std::int64_t channels = size_or_unknown(ctx.shape(0), 1);
  const std::int64_t kernel = size_or_unknown(w, 2);
  if (sizes_differ(channels, size_or_unknown(w, 0))) {
    shape_error(fmt::format("input has {} channels, weight expects {}", channels, (*w)[0]));
  }
  const std::int64_t kept = kernel == ir::kUnknownDim ? ir::kUnknownDim : kernel - 1;
  ctx.set_output(
      1, x.dtype,
      ir::Shape{size_or_unknown(ctx.shape(0), 0), known_size(channels, size_or_unknown(w, 0)),
                known_size(kept, state && state->size() == 3 ? (*state)[2] : kept)});
}

Work causal_conv_work(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  const std::int64_t kernel = (*ctx.shape(1))[2];
  const Window window = {.in = x[2], .kernel = kernel, .pad_begin = kernel - 1, .out = x[2]};
  // A carried state is real input; without one the taps before the sequence are padding.
  const Count taps = ctx.has_input(3) ? Count(x[2]) * kernel : valid_taps(window);
  Work work = contract({.batch = x[1],
                        .m = (Count(x[0]) * x[2]).value(),
                        .n = 1,
                        .k = kernel,
                        .groups = x[1],
                        .kernel = {kernel},
                        .stride = {1},
                        .dilation = {1},
                        .valid_macs = Count(x[0]) * x[1] * taps});
  if (ctx.has_input(2)) work.arithmetic += ctx.output_elements();
  if (ctx.attr_string("activation", "none") != "none") {
    work.arithmetic += ctx.output_elements() * 3;
    work.transcendentals = ctx.output_elements();
  }
  return work;
}

constexpr OpSpec kConvOps[] = {
    {.type = "Conv",
     .since = 1,
     .cls = OpClass::kConv,
     .arity = {2, 3},
     .infer = infer_conv,
     .work = conv_work,
     .access = touch_as<kData, kParameter, kParameter>,
     .formula = "2*N*Cout*OH*OW*(Cin/g)*KH*KW, + N*Cout*OH*OW if bias"},
    {.type = "ConvInteger",
     .since = 10,
     .cls = OpClass::kConv,
     .arity = {2, 4},
     .infer = infer_conv_integer,
     .work = conv_integer_work,
     .access = touch_as<kData, kParameter, kBuffer, kBuffer>,
     .formula = "2*N*Cout*OH*OW*(Cin/g)*KH*KW, + 1 per element of x and of w whose zero point is "
                "given"},
    {.type = "QLinearConv",
     .since = 10,
     .cls = OpClass::kConv,
     .arity = {8, 9},
     .infer = infer_qlinear_conv,
     .work = qlinear_conv_work,
     .access = touch_as<kData, kBuffer, kBuffer, kParameter, kBuffer, kBuffer, kBuffer, kBuffer,
                        kParameter>,
     .formula = "2*N*Cout*OH*OW*(Cin/g)*KH*KW, + N*Cout*OH*OW if bias, + 1 per element of x and w "
                "(zero points), + 5 per output (requantize: mul, round, add, min, max)"},
    {.type = "DeformConv",
     .since = 19,
     .cls = OpClass::kConv,
     .arity = {3, 5},
     .infer = infer_deform_conv,
     .work = deform_conv_work,
     .access = touch_as<kData, kParameter, kData, kParameter, kData>,
     .formula = "2*N*Cout*OH*OW*(Cin/g)*KH*KW, + N*Cout*OH*OW if bias, + 10 per sampling place "
                "(coordinates and 4 corner weights), + 7 per sample (+ 1 if mask)",
     .confidence = Confidence::kApproximate},
    {.type = "CausalConvWithState",
     .since = 27,
     .cls = OpClass::kConv,
     .arity = {2, 4, 1, 2},
     .infer = infer_causal_conv,
     .work = causal_conv_work,
     .access = touch_as<kData, kParameter, kParameter, kData>,
     .formula = "2*N*C*L*K, + N*C*L if bias, + 3*N*C*L and N*C*L exp if activation"},
};

}  // namespace

std::span<const OpSpec> conv_ops() { return kConvOps; }

}  // namespace roofline::ops
