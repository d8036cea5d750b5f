// Owns onnxruntime's attention operators with a recurrent state instead of scores, and their gates.
// Refuses the chunked form of the recurrence, which computes more to run in parallel.
#include <fmt/format.h>

#include "attention_rules.hpp"
#include "contrib.hpp"
#include "families.hpp"

namespace roofline::ops {
namespace {

using enum Role;

// --- LinearAttention
/// A window of states stands in front: the last tokens' states, to roll back to.
void infer_linear(OpContext& ctx) {
  const LinearSizes s = read_linear(ctx);
  ctx.set_output(0, ctx.input(0).dtype,
                 ir::Shape{s.q.batch, s.q.length, multiply_sizes(s.heads(), s.v.width)});
  ir::Shape state = {s.k.batch, s.k.heads, s.k.width, s.v.width};
  const std::int64_t window = ctx.attr_int("state_window", 0);
  if (window < 0) attribute_error(fmt::format("attribute 'state_window' is {}", window));
  if (window > 0) state.insert(state.begin(), window);
  ctx.set_output(1, ctx.has_input(3) ? ctx.input(3).dtype : ctx.input(0).dtype, state);
}

Work linear_work(const OpContext& ctx) {
  const LinearRule rule = update_rule(ctx);
  return linear_attention(rule, read_linear(ctx), rule.has_gate ? ctx.elements(4) : 0);
}

/// Of a window of past states the last one is read.
AccessList touch_linear(const OpContext& ctx) {
  const LinearSizes s = read_linear(ctx);
  AccessList list;
  for (const int i : {0, 1, 2}) read_whole(ctx, i, kData, list);
  read_part(ctx, 3, Count(s.k.batch) * s.k.heads * s.k.width * s.v.width, kData, list);
  for (const int i : {4, 5}) read_whole(ctx, i, kData, list);
  write_all(ctx, list);
  return list;
}

// --- LinearAttentionGate
void infer_gate(OpContext& ctx) {
  same_as_input(ctx);
  const ir::TensorType& b = ctx.has_input(3) ? ctx.input(3) : ctx.input(0);
  ctx.set_output(1, b.dtype, b.shape);
}

/// decay: add, softplus (add, exp, log), mul. beta: a sigmoid.
Work gate_work(const OpContext& ctx) {
  Work work = per_input<3, 2>(ctx);
  if (ctx.has_output(1)) {
    work.arithmetic += ctx.output_elements(1) * 2;
    work.transcendentals += ctx.output_elements(1);
  }
  return work;
}

// --- GatedDeltaNet: tokens of all sequences side by side, [T, heads, width] or [B, L, heads,
// width]
Heads token_major(const OpContext& ctx, int i, std::string_view name) {
  const ir::Shape* x = ctx.shape(i);
  if (!x) return {};
  if (x->size() == 3) return {1, (*x)[1], (*x)[0], (*x)[2]};
  if (x->size() == 4) return {(*x)[0], (*x)[2], (*x)[1], (*x)[3]};
  shape_error(fmt::format("{} has shape {}, expected rank 3 or 4", name, ir::to_string(*x)));
}

LinearSizes read_delta_net(const OpContext& ctx) {
  const LinearSizes s = {token_major(ctx, 0, "query"), token_major(ctx, 1, "key"),
                         token_major(ctx, 2, "value")};
  check_widths(s.q, s.k, "check which tensors feed query and key");
  check_groups(s.v.heads, s.k.heads);
  return s;
}

void infer_delta_net(OpContext& ctx) {
  const LinearSizes s = read_delta_net(ctx);
  const ir::TensorType& q = ctx.input(0);
  std::optional<ir::Shape> out = q.shape;
  if (out) {
    out->at(out->size() - 2) = s.heads();
    out->back() = s.v.width;
  }
  ctx.set_output(0, q.dtype, std::move(out));
  std::int64_t batch = kAny;
  if (const ir::Shape* ends = shape_of_rank(ctx, 3, "cu_seqlens", 1)) {
    if ((*ends)[0] == 0) shape_error("cu_seqlens is empty, expected one more than sequences");
    batch = (*ends)[0] == kAny ? kAny : (*ends)[0] - 1;
  }
  if (const ir::Shape* state = shape_of_rank(ctx, 6, "initial_state", 4)) batch = (*state)[0];
  ctx.set_output(1, ir::DType::kFloat32, ir::Shape{batch, s.v.heads, s.v.width, s.k.width});
  const std::int64_t capacity = ctx.attr_int("state_update_capacity", 0);
  if (capacity < 0) attribute_error(fmt::format("state_update_capacity is {}", capacity));
  const std::int64_t step = add_sizes(s.v.heads, add_sizes(s.k.columns(), s.v.columns()));
  ctx.set_output(2, ir::DType::kFloat32, ir::Shape{batch, multiply_sizes(capacity, step)});
}

Work delta_net_work(const OpContext& ctx) {
  const LinearSizes s = read_delta_net(ctx);
  const LinearRule rule = update_rule(ctx);
  const Count decays = rule.has_gate && ctx.has_input(4) ? ctx.elements(4) : Count(0);
  Work work = linear_attention(rule, s, decays);
  if (ctx.attr_string("gate_activation", "none") == "qwen") {
    work.arithmetic += decays * 3;
    work.transcendentals += decays * 2 + s.v.heads;
  }
  if (ctx.attr_string("beta_activation", "none") == "sigmoid" && ctx.has_input(5)) {
    work.arithmetic += ctx.elements(5) * 2;
    work.transcendentals += ctx.elements(5);
  }
  if (ctx.attr_int("qk_l2_norm", 0) != 0) {
    work.arithmetic += (ctx.elements(0) + ctx.elements(1)) * 3;
    work.transcendentals += Count(s.q.batch) * s.q.length * (Count(s.q.heads) + s.k.heads);
  }
  return work;
}

// --- EngramGate: sigmoid of the signed root of a normalized dot product, times value
void infer_engram(OpContext& ctx) {
  static_cast<void>(shape_of_rank(ctx, 0, "key", 4));
  same_as_input(ctx);
  ctx.set_output(1, ctx.input(0).dtype, ctx.input(0).shape);
}

Work engram_work(const OpContext& ctx) {
  const ir::Shape& key = *ctx.shape(0);
  const Count n = ctx.elements(0);
  const Count rows = Count(key[0]) * key[1] * key[2];
  const int norms = ctx.has_output(1) ? 3 : 2;
  return {.arithmetic = n * (norms * 4 + 2 + 1) + rows * (norms * 3 + 6),
          .transcendentals = rows * (norms + 2)};
}

constexpr OpSpec kContribLinearAttentionOps[] = {
    contrib_row(
        {OpClass::kAttention,
         "LinearAttention",
         {3, 6, 1, 2},
         infer_linear,
         linear_work,
         touch_linear,
         "2*B*L*Dk*Dv*(Hkv + max(Hq, Hkv)), recurrent form; + 2*B*L*Hkv*Dk*Dv and 2*B*L*Hkv*Dv "
         "for a delta rule; + B*L*Hkv*Dk*Dv and an exp per decay for a gate; + 1 per output "
         "(scale)",
         Confidence::kApproximate}),
    contrib_row({OpClass::kElementwise,
                 "LinearAttentionGate",
                 {3, 4, 1, 2},
                 infer_gate,
                 gate_work,
                 touch_as<kData, kParameter, kParameter, kData>,
                 "3 (add, softplus, mul), an exp and a log per decay; 2 and an exp per beta",
                 Confidence::kApproximate}),
    contrib_row(
        {OpClass::kAttention,
         "GatedDeltaNet",
         {3, 11, 1, 3},
         infer_delta_net,
         delta_net_work,
         touch_as<kData, kData, kData, kBuffer, kData, kData, kData, kParameter, kParameter,
                  kBuffer>,
         "as LinearAttention with a state per value head; 3, an exp and a log per decay for "
         "qwen's gate; 2 and an exp per beta for a sigmoid; 3 per element of q and k and a "
         "square root per head for qk_l2_norm",
         Confidence::kApproximate}),
    contrib_row(
        {OpClass::kElementwise,
         "EngramGate",
         {5, 6, 1, 2},
         infer_engram,
         engram_work,
         touch_as<kData, kData, kData, kParameter, kParameter, kParameter>,
         "two RMSNormalizations (three if normed output), + 3 per element (dot, gate), + 6, a "
         "square root and an exp per row",
         Confidence::kApproximate}),
};

}  // namespace

std::span<const OpSpec> contrib_linear_attention_ops() { return kContribLinearAttentionOps; }

}  // namespace roofline::ops
