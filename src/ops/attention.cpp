// Owns fused attention: scaled dot-product and linear attention, rotary embeddings.
// Refuses to leave out masked scores: what a mask hides is computed and then hidden.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;
constexpr std::int64_t kAny = ir::kUnknownDim;

std::int64_t add_sizes(std::int64_t a, std::int64_t b) {
  return a == kAny || b == kAny ? kAny : (Count(a) + b).value();
}

std::int64_t multiply_sizes(std::int64_t a, std::int64_t b) {
  return a == kAny || b == kAny ? kAny : (Count(a) * b).value();
}

/// A stack of heads: [batch, length, heads * width] or [batch, heads, length, width].
struct Heads {
  std::int64_t batch = kAny;
  std::int64_t heads = kAny;
  std::int64_t length = kAny;
  std::int64_t width = kAny;
};

std::int64_t head_attribute(const OpContext& ctx, std::string_view name) {
  const std::int64_t heads = ctx.required_int(name);
  if (heads < 1) {
    attribute_error(fmt::format("attribute '{}' is {}, expected at least 1", name, heads));
  }
  return heads;
}

Heads read_heads(const OpContext& ctx, int i, std::string_view name, std::string_view attribute) {
  const ir::Shape* shape = ctx.shape(i);
  if (!shape) return {};
  const ir::Shape& x = *shape;
  if (x.size() == 4) return {x[0], x[1], x[2], x[3]};
  if (x.size() != 3) {
    shape_error(fmt::format("{} has shape {}, expected rank 3 or 4", name, ir::to_string(x)));
  }
  const std::int64_t heads = head_attribute(ctx, attribute);
  if (x[2] != kAny && x[2] % heads != 0) {
    shape_error(fmt::format("{} has {} columns, not a multiple of {} heads", name, x[2], heads),
                fmt::format("check attribute '{}'", attribute));
  }
  return {x[0], heads, x[1], x[2] == kAny ? kAny : x[2] / heads};
}

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
  if (sizes_differ(s.q.width, s.k.width)) {
    shape_error(fmt::format("Q has heads of {}, K has heads of {}", s.q.width, s.k.width),
                "check attributes 'q_num_heads' and 'kv_num_heads'");
  }
  if (s.q.heads != kAny && s.k.heads != kAny && (s.k.heads < 1 || s.q.heads % s.k.heads != 0)) {
    shape_error(
        fmt::format("{} query heads are not a multiple of {} key heads", s.q.heads, s.k.heads));
  }
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

/// Both products share their stack of score matrices: one contraction with k = D + Dv.
Work attention_work(const OpContext& ctx) {
  const AttentionSizes s = read_attention(ctx);
  Work work = contract({.batch = (Count(s.q.batch) * s.q.heads).value(),
                        .m = s.q.length,
                        .n = s.total,
                        .k = (Count(s.q.width) + s.v.width).value()});
  const Count scores = Count(s.q.batch) * s.q.heads * s.q.length * s.total;
  const bool has_softcap = ctx.attr_float("softcap", 0.0) != 0.0;
  const int masks = (ctx.has_input(3) ? 1 : 0) + (ctx.attr_int("is_causal", 0) != 0 ? 1 : 0) +
                    (ctx.has_input(6) ? 1 : 0);
  work.arithmetic = scores * (1 + masks + (has_softcap ? 2 : 0) + 4);
  work.transcendentals = scores * (has_softcap ? 2 : 1);
  return work;
}

// --- RotaryEmbedding
std::int64_t rotary_width(const OpContext& ctx, std::int64_t head_width) {
  const std::int64_t rotated = ctx.attr_int("rotary_embedding_dim", 0);
  if (rotated == 0) return head_width;
  if (rotated < 0 || (head_width != kAny && rotated > head_width)) {
    attribute_error(fmt::format("attribute 'rotary_embedding_dim' is {}, heads have {} elements",
                                rotated, head_width));
  }
  return rotated;
}

void infer_rotary(OpContext& ctx) {
  same_as_input(ctx);
  static_cast<void>(rotary_width(ctx, read_heads(ctx, 0, "X", "num_heads").width));
}

Work rotary_work(const OpContext& ctx) {
  const Heads x = read_heads(ctx, 0, "X", "num_heads");
  return {.arithmetic = Count(x.batch) * x.heads * x.length * rotary_width(ctx, x.width) * 3};
}

/// With position ids, rows of the caches are gathered: one per position, never more than there are.
AccessList rotary_accesses(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, kData, list);
  const Heads x = read_heads(ctx, 0, "X", "num_heads");
  const std::int64_t half = rotary_width(ctx, x.width) / 2;
  const bool gathers = ctx.has_input(3);
  for (const int cache : {1, 2}) {
    const Count rows = Count(x.batch) * x.length * half;
    list.push_back({.operand = cache,
                    .elements = gathers ? std::min(ctx.elements(cache), rows) : ctx.elements(cache),
                    .run_length = gathers ? half : 0,
                    .role = kBuffer});
  }
  read_whole(ctx, 3, kBuffer, list);
  write_all(ctx, list);
  return list;
}

// --- LinearAttention: a recurrent state [d_k, d_v] per key head instead of scores
struct LinearSizes {
  Heads q;
  Heads k;
  Heads v;
};

LinearSizes read_linear(const OpContext& ctx) {
  const LinearSizes s = {read_heads(ctx, 0, "query", "q_num_heads"),
                         read_heads(ctx, 1, "key", "kv_num_heads"),
                         read_heads(ctx, 2, "value", "kv_num_heads")};
  if (sizes_differ(s.q.width, s.k.width)) {
    shape_error(fmt::format("query has heads of {}, key has heads of {}", s.q.width, s.k.width),
                "check attributes 'q_num_heads' and 'kv_num_heads'");
  }
  return s;
}

void infer_linear_attention(OpContext& ctx) {
  const LinearSizes s = read_linear(ctx);
  Heads y = s.q;
  y.width = s.v.width;
  ctx.set_output(0, ctx.input(0).dtype, heads_shape(ctx, 0, y));
  ctx.set_output(1, ctx.has_input(3) ? ctx.input(3).dtype : ctx.input(0).dtype,
                 ir::Shape{s.k.batch, s.k.heads, s.k.width, s.v.width});
}

Work linear_attention_work(const OpContext& ctx) {
  const LinearSizes s = read_linear(ctx);
  const std::string_view rule = ctx.attr_string("update_rule", "gated_delta");
  const bool has_delta = rule == "delta" || rule == "gated_delta";
  const bool has_gate = rule == "gated" || rule == "gated_delta";
  const Count state = Count(s.k.width) * s.v.width;
  const Count updates = Count(s.k.batch) * s.k.heads * s.k.length;
  const Count reads = Count(s.q.batch) * s.q.heads * s.q.length;
  Work work = {.macs = (updates * (has_delta ? 2 : 1) + reads) * state};
  work.arithmetic = reads * s.v.width;
  if (has_gate) {
    work.arithmetic += updates * state;
    work.transcendentals = ctx.elements(4);
  }
  if (has_delta) work.arithmetic += updates * s.v.width * 2;
  return work;
}

constexpr OpSpec kTable[] = {
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

std::span<const OpSpec> attention_ops() { return kTable; }

}  // namespace roofline::ops
