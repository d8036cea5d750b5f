// Owns ONNX Runtime's sequence models that carry a state: causal convolution, LSTM with attention.
// Refuses to shorten sequences: every one is taken to be as long as the longest.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "kin.hpp"

namespace roofline::ops {
namespace {

using enum Role;
using ir::kUnknownDim;
using ir::Shape;

// --- causal convolution, depthwise: weight [C, 1, kernel...]
void check_filter(const OpContext& ctx) {
  const Shape* w = ctx.shape(1);
  if (w && (w->size() < 3 || sizes_differ((*w)[1], 1))) {
    shape_error(
        fmt::format("weight has shape {}, expected [channels, 1, kernel...]", ir::to_string(*w)));
  }
  const std::string_view activation = ctx.attr_string("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish") {
    attribute_error(fmt::format("attribute 'activation' is '{}'", activation),
                    "expected none, silu or swish");
  }
}

/// Positions that one step looks back.
std::int64_t state_length(const OpContext& ctx) {
  const std::int64_t dilation = ctx.attr_int("dilation", 1);
  if (dilation < 1) attribute_error(fmt::format("attribute 'dilation' is {}", dilation));
  const Shape* w = ctx.shape(1);
  if (!w || w->back() == kUnknownDim) return kUnknownDim;
  return (std::max(Count(w->back()) - 1, Count(0)) * dilation).value();
}

/// Slots of the state; 0 means that it has no axis of slots.
std::int64_t state_window(const OpContext& ctx) {
  const std::int64_t window = ctx.attr_int("state_window", 0);
  if (window < 0) attribute_error(fmt::format("attribute 'state_window' is {}", window));
  return window;
}

void infer_causal(OpContext& ctx) {
  check_filter(ctx);
  const ir::TensorType& x = ctx.input(0);
  ctx.set_output(0, x.dtype, x.shape);
  if (!x.shape) return ctx.set_output(1, x.dtype, std::nullopt);
  Shape state = *x.shape;
  if (state.size() < 3) {
    shape_error(fmt::format("input has shape {}, expected batch, channels and length",
                            ir::to_string(state)));
  }
  const bool is_last = ctx.attr_int("channels_last", 0) != 0;
  (is_last ? state[1] : state.back()) = state_length(ctx);
  if (const std::int64_t window = state_window(ctx); window > 0) {
    state.insert(state.begin(), window);
  }
  ctx.set_output(1, x.dtype, std::move(state));
}

/// As ai.onnx CausalConvWithState counts it.
Work causal_work(const OpContext& ctx, bool has_bias) {
  const Shape& w = *ctx.shape(1);
  const Count outputs = ctx.elements(0);
  if (w[0] < 1) return {};
  const std::vector<std::int64_t> kernel(w.begin() + 2, w.end());
  const std::vector<std::int64_t> ones(kernel.size(), 1);
  std::vector<std::int64_t> dilation = ones;
  dilation.back() = ctx.attr_int("dilation", 1);
  Work work = contract({.batch = w[0],
                        .m = outputs.value() / w[0],
                        .n = 1,
                        .k = product(kernel),
                        .groups = w[0],
                        .kernel = kernel,
                        .stride = ones,
                        .dilation = dilation});
  if (has_bias) work.arithmetic += outputs;
  add_work(work, activation_work(ctx.attr_string("activation", "none"), outputs));
  return work;
}

Work state_conv_work(const OpContext& ctx) { return causal_work(ctx, ctx.has_input(2)); }
Work varlen_conv_work(const OpContext& ctx) { return causal_work(ctx, ctx.has_input(3)); }

/// Of a window of states only the newest is read.
AccessList touch_causal(const OpContext& ctx) {
  AccessList list = touch_as<kData, kParameter, kParameter>(ctx);
  if (!ctx.has_input(3)) return list;
  const std::int64_t slots = std::max<std::int64_t>(state_window(ctx), 1);
  list.push_back({.operand = 3, .elements = ctx.elements(3).value() / slots});
  return list;
}

/// Tokens of all sequences in one axis: (input, weight, offsets, bias, state, capture_count).
void infer_varlen(OpContext& ctx) {
  check_filter(ctx);
  const ir::TensorType& x = ctx.input(0);
  if (x.shape && x.shape->size() != 2) {
    shape_error(fmt::format("input has shape {}, expected rank 2 (tokens, channels)",
                            ir::to_string(*x.shape)));
  }
  const Shape* state = ctx.shape(4);
  const bool has_batch = state && !state->empty();
  ctx.set_output(0, x.dtype, x.shape);
  ctx.set_output(1, ctx.input(4).dtype, ctx.input(4).shape);
  ctx.set_output(2, x.dtype,
                 Shape{has_batch ? state->front() : kUnknownDim,
                       std::max<std::int64_t>(ctx.attr_int("state_update_capacity", 0), 0),
                       x.shape ? x.shape->back() : kUnknownDim});
}

// --- AttnLSTM: X, W, R, B, lengths, h, c, P, then QW, MW, V, M, memory lengths, AW
constexpr Kin kLstm = {.type = "LSTM", .slots = at(0, 1, 2, 3, 4, 5, 6, 7)};
constexpr int kQueryWeight = 8;
constexpr int kMemory = 11;
constexpr int kLayerWeight = 13;

/// The cell sees X and the attention state side by side.
void widen_input(const OpContext& ctx, KinNode& node) {
  std::optional<Shape>& x = node.operand(0).shape;
  const Shape* w = ctx.shape(1);
  if (x && !x->empty()) x->back() = w && w->size() == 3 ? w->back() : kUnknownDim;
}

void check_rank(const OpContext& ctx, int operand) {
  const Shape* shape = ctx.shape(operand);
  if (shape && shape->size() != 3) {
    shape_error(
        fmt::format("input {} has shape {}, expected rank 3", operand, ir::to_string(*shape)));
  }
}

void infer_attn_lstm(OpContext& ctx) {
  for (const int operand : {kQueryWeight, kMemory, kLayerWeight}) check_rank(ctx, operand);
  KinNode node(ctx, kLstm);
  widen_input(ctx, node);
  node.infer();
  for (int i = 0; i < ctx.output_count(); ++i) {
    ctx.output(i) = node.result(static_cast<std::size_t>(i));
  }
}

/// Keys once; per step a query, V * tanh(keys + query), a softmax, and the weighted memory.
Work attn_lstm_work(const OpContext& ctx) {
  KinNode node(ctx, kLstm);
  widen_input(ctx, node);
  Work work = node.work();
  if (!ctx.has_input(kQueryWeight) || !ctx.has_input(kMemory)) return work;
  const Shape& x = *ctx.shape(0);
  const Shape& query = *ctx.shape(kQueryWeight);
  const Shape& memory = *ctx.shape(kMemory);
  const Count states = Count(query[0]) * x[0] * x[1];
  const Count scores = states * memory[1];
  work.macs += Count(query[0]) * product(memory) * query[2] + states * query[1] * query[2] +
               scores * query[2] + scores * memory[2];
  if (ctx.has_input(kLayerWeight)) {
    const Shape& layer = *ctx.shape(kLayerWeight);
    work.macs += states * layer[1] * layer[2];
  }
  work.arithmetic += scores * (Count(query[2]) + 4);
  work.transcendentals += scores * (Count(query[2]) + 1);
  return work;
}

constexpr OpSpec kContribCausalOps[] = {
    contrib_row({OpClass::kConv,
                 "CausalConvWithState",
                 {2, 4, 1, 2},
                 infer_causal,
                 state_conv_work,
                 touch_causal,
                 "2*elements(out)*K, K taps, + 1 per output if bias, + 3 and an exp per output if "
                 "activation"}),
    contrib_row({OpClass::kConv,
                 "VarlenCausalConvWithState",
                 {5, 6, 1, 3},
                 infer_varlen,
                 varlen_conv_work,
                 touch_as<kData, kParameter, kBuffer, kParameter, kData, kBuffer>,
                 "CausalConvWithState"}),
    contrib_row(
        {OpClass::kRecurrent,
         "AttnLSTM",
         {3, 14, 0, 3},
         infer_attn_lstm,
         attn_lstm_work,
         touch_as<kData, kParameter, kParameter, kParameter, kBuffer, kData, kData, kParameter,
                  kParameter, kParameter, kParameter, kData, kBuffer, kParameter>,
         "LSTM; + 2*D*N*S*Dm*A (keys); per step and sequence: + 2*H*A (query), per memory "
         "step 3*A + 4 + 2*Dm, A tanh and an exp; + 2*(Dm + H)*Aw if AW"}),
};

}  // namespace

std::span<const OpSpec> contrib_causal_ops() { return kContribCausalOps; }

}  // namespace roofline::ops
