// Owns fused attention: scaled dot-product and linear attention, rotary embeddings.
// Refuses to leave out masked scores: what a mask hides is computed and then hidden.
#include <fmt/format.h>

#include "attention_rules.hpp"
#include "families.hpp"

namespace roofline::ops {
namespace {

using enum Role;

/// The shape of `h` in the layout that operand `like` has.
std::optional<ir::Shape> heads_shape(const OpContext& ctx, int like, const Heads& h) {
  const ir::Shape* shape = ctx.shape(like);
  if (!shape) return std::nullopt;
  if (shape->size() == 4) return ir::Shape{h.batch, h.heads, h.length, h.width};
  return ir::Shape{h.batch, h.length, multiply_sizes(h.heads, h.width)};
}

// --- Attention
struct AttentionSizes {
  Heads q;
  Heads k;
  Heads v;
  std::int64_t total = kAny;  ///< keys and values attended to, cache included
};

AttentionSizes read_attention(const OpContext& ctx) {
  AttentionSizes s;
  s.q = read_heads(ctx, 0, "Q", "q_num_heads");
  s.k = read_heads(ctx, 1, "K", "kv_num_heads");
  s.v = read_heads(ctx, 2, "V", "kv_num_heads");
  check_widths(s.q, s.k, "check attributes 'q_num_heads' and 'kv_num_heads'");
  check_groups(s.q.heads, s.k.heads);
  if (sizes_differ(s.k.length, s.v.length)) {
    shape_error(fmt::format("K has length {}, V has length {}", s.k.length, s.v.length));
  }
  s.total = s.k.length;
  if (ctx.has_input(4)) {
    const ir::Shape* past = ctx.shape(4);
    s.total = add_sizes(s.k.length, past && past->size() == 4 ? (*past)[2] : kAny);
  }
  return s;
}

void infer_attention(OpContext& ctx) {
  const AttentionSizes s = read_attention(ctx);
  const ir::DType dtype = ctx.input(0).dtype;
  Heads y = s.q;
  y.width = s.v.width;
  ctx.set_output(0, dtype, heads_shape(ctx, 0, y));
  ctx.set_output(1, ctx.input(1).dtype, ir::Shape{s.k.batch, s.k.heads, s.total, s.k.width});
  ctx.set_output(2, ctx.input(2).dtype, ir::Shape{s.v.batch, s.v.heads, s.total, s.v.width});
  ctx.set_output(3, dtype, ir::Shape{s.q.batch, s.q.heads, s.q.length, s.total});
}

Work attention_work(const OpContext& ctx) {
  const AttentionSizes s = read_attention(ctx);
  return attend({.batch = s.q.batch,
                 .heads = s.q.heads,
                 .queries = s.q.length,
                 .keys = s.total,
                 .width = s.q.width,
                 .v_width = s.v.width,
                 .masks = (ctx.has_input(3) ? 1 : 0) + (ctx.attr_int("is_causal", 0) != 0 ? 1 : 0) +
                          (ctx.has_input(6) ? 1 : 0),
                 .has_softcap = ctx.attr_float("softcap", 0.0) != 0.0});
}

// --- RotaryEmbedding
void infer_rotary(OpContext& ctx) {
  same_as_input(ctx);
  static_cast<void>(rotary_width(ctx, read_heads(ctx, 0, "X", "num_heads").width));
}

Work rotary_work(const OpContext& ctx) {
  const Heads x = read_heads(ctx, 0, "X", "num_heads");
  return {.arithmetic = rotation(Count(x.batch) * x.heads * x.length * rotary_width(ctx, x.width))};
}

/// With position ids, rows of the caches are gathered: one per position, never more than there are.
AccessList rotary_accesses(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, kData, list);
  const Heads x = read_heads(ctx, 0, "X", "num_heads");
  for (const int cache : {1, 2}) {
    if (ctx.has_input(3))
      read_rotary_cache(ctx, cache, Count(x.batch) * x.length, list);
    else
      read_whole(ctx, cache, kBuffer, list);
  }
  read_whole(ctx, 3, kBuffer, list);
  write_all(ctx, list);
  return list;
}

// --- LinearAttention: a recurrent state [d_k, d_v] per key head instead of scores
void infer_linear_attention(OpContext& ctx) {
  const LinearSizes s = read_linear(ctx);
  Heads y = s.q;
  y.width = s.v.width;
  ctx.set_output(0, ctx.input(0).dtype, heads_shape(ctx, 0, y));
  ctx.set_output(1, ctx.has_input(3) ? ctx.input(3).dtype : ctx.input(0).dtype,
                 ir::Shape{s.k.batch, s.k.heads, s.k.width, s.v.width});
}

Work linear_attention_work(const OpContext& ctx) {
  const LinearRule rule = update_rule(ctx);
  return linear_attention(rule, read_linear(ctx), rule.has_gate ? ctx.elements(4) : 0);
}

constexpr OpSpec kAttentionOps[] = {
    {.type = "Attention",
     .since = 23,
     .cls = OpClass::kAttention,
     .arity = {3, 7, 1, 4},
     .infer = infer_attention,
     .work = attention_work,
     .access = touch_as<kData, kData, kData, kBuffer, kData, kData, kBuffer>,
     .formula =
         "2*B*Hq*Lq*Lkv*(D + Dv), masked scores included, Lkv with the cache; per score: 5 "
         "(scale, softmax) and an exp, + 1 per mask (attn_mask, is_causal, padding), + 2 and "
         "a tanh if softcap"},
    {.type = "RotaryEmbedding",
     .since = 23,
     .cls = OpClass::kElementwise,
     .arity = {3, 4},
     .infer = infer_rotary,
     .work = rotary_work,
     .access = rotary_accesses,
     .formula = "3 per rotated element: per pair 4 mul, an add and a sub"},
    {.type = "LinearAttention",
     .since = 27,
     .cls = OpClass::kAttention,
     .arity = {3, 6, 1, 2},
     .infer = infer_linear_attention,
     .work = linear_attention_work,
     .access = touch_as<kData, kData, kData, kData, kData, kData>,
     .formula = "2*B*L*Dk*Dv*(Hkv + Hq), recurrent form; + 2*B*L*Hkv*Dk*Dv and 2*B*L*Hkv*Dv for a "
                "delta rule; + B*L*Hkv*Dk*Dv and an exp per decay for a gate; + B*L*Hq*Dv (scale)",
     .confidence = Confidence::kApproximate},
};

}  // namespace

std::span<const OpSpec> attention_ops() { return kAttentionOps; }

}  // namespace roofline::ops
