// Owns onnxruntime's attention operators over Q, K and V that are projected elsewhere, one key head
// per query head.
// Refuses grouped heads, which contrib_grouped_attention.cpp has.
#include <fmt/format.h>

#include "attention_rules.hpp"
#include "contrib.hpp"
#include "families.hpp"

namespace roofline::ops {
namespace {

using enum Role;
constexpr std::string_view kHeadHint = "check attribute 'num_heads'";

// --- MultiHeadAttention, DecoderMaskedMultiHeadAttention
struct CacheSlots {
  int bias;
  int mask;
  int attention_bias;
  int past;  ///< the past values come next
  int past_length;
  bool length_means_shared;  ///< no attribute says so: the length is given if past is a buffer
};
constexpr CacheSlots kMultiHead = {.bias = 3,
                                   .mask = 4,
                                   .attention_bias = 5,
                                   .past = 6,
                                   .past_length = 8,
                                   .length_means_shared = true};
constexpr CacheSlots kDecoderMasked = {.bias = 10,
                                       .mask = 3,
                                       .attention_bias = 4,
                                       .past = 5,
                                       .past_length = 7,
                                       .length_means_shared = false};
constexpr int kIndirection = 9;

struct CacheStacks {
  Heads q;
  Heads k;
  Heads v;
  std::int64_t past = 0;  ///< cached tokens attended to
  bool shares = false;    ///< past and present are one buffer: only new tokens are written
  bool is_cross = false;  ///< K and V come with heads apart: projected and biased earlier
};

/// Q, K and V side by side: [B, L, N, 3, D], or thirds of the columns of [B, L, 3*N*D].
void read_packed_query(const OpContext& ctx, const ir::Shape& x, std::int64_t heads,
                       CacheStacks& s) {
  if (x.size() == 5)
    s.q = {x[0], x[2], x[1], x[4]};
  else
    s.q = {x[0], heads, x[1], split_size(x[2], (Count(heads) * 3).value(), "packed QKV")};
  if (x.size() == 5 || !ctx.has_input(1)) s.k = s.v = s.q;
}

void read_keys(const OpContext& ctx, CacheStacks& s) {
  const ir::Shape* key = ctx.shape(1);
  if (key && key->size() == 5) {
    s.k = s.v = {(*key)[0], (*key)[2], (*key)[1], (*key)[4]};
    return;
  }
  s.k = read_heads(ctx, 1, "K", "num_heads");
  s.v = ctx.has_input(2) ? read_heads(ctx, 2, "V", "num_heads") : s.k;
  s.is_cross = key && key->size() == 4;
}

CacheStacks read_stacks(const OpContext& ctx, const CacheSlots& slots) {
  CacheStacks s;
  const std::int64_t heads = head_attribute(ctx, "num_heads");
  const ir::Shape* query = ctx.shape(0);
  const bool packed = !ctx.has_input(1);
  if (query && query->size() != 3 && query->size() != 5) {
    shape_error(
        fmt::format("Q has shape {}, expected rank 3, or 5 with K and V", ir::to_string(*query)));
  }
  if (query && (packed || query->size() == 5))
    read_packed_query(ctx, *query, heads, s);
  else if (query)
    s.q = read_heads(ctx, 0, "Q", "num_heads");
  if (ctx.has_input(1)) read_keys(ctx, s);
  check_widths(s.q, s.k, kHeadHint);
  if (sizes_differ(s.k.length, s.v.length)) {
    shape_error(fmt::format("K has length {}, V has length {}", s.k.length, s.v.length));
  }
  if (!ctx.has_input(slots.past)) return s;
  const ir::Shape* past = shape_of_rank(ctx, slots.past, "past_key", 4);
  s.shares = slots.length_means_shared ? ctx.has_input(slots.past_length)
                                       : ctx.attr_int("past_present_share_buffer", 0) != 0;
  s.past = past ? (*past)[2] : kAny;
  // A length that is only known at run time is bounded by the buffer.
  if (s.shares) s.past = known_length(ctx, slots.past_length).value_or(s.past);
  return s;
}

template <const CacheSlots& slots>
void infer_multi_head(OpContext& ctx) {
  const CacheStacks s = read_stacks(ctx, slots);
  const ir::DType dtype = ctx.input(0).dtype;
  ctx.set_output(0, dtype, ir::Shape{s.q.batch, s.q.length, multiply_sizes(s.q.heads, s.v.width)});
  const std::int64_t total = add_sizes(s.past, s.k.length);
  for (const int i : {0, 1}) {
    const Heads& fresh = i == 0 ? s.k : s.v;
    ir::Shape present = {s.q.batch, s.q.heads, total, fresh.width};
    if (const ir::Shape* past = shape_of_rank(ctx, slots.past + i, "past", 4)) {
      present = *past;
      if (!s.shares) present[2] = total;
    }
    const bool has_past = ctx.has_input(slots.past + i);
    ctx.set_output(1 + i, has_past ? ctx.input(slots.past + i).dtype : dtype, present);
  }
  ctx.set_output(3, dtype, ir::Shape{s.q.batch, s.q.heads, s.q.length, total});
}

template <const CacheSlots& slots>
Work multi_head_work(const OpContext& ctx) {
  const CacheStacks s = read_stacks(ctx, slots);
  Work work = attend({.batch = s.q.batch,
                      .heads = s.q.heads,
                      .queries = s.q.length,
                      .keys = add_sizes(s.past, s.k.length),
                      .width = s.q.width,
                      .v_width = s.v.width,
                      .masks = (ctx.has_input(slots.mask) ? 1 : 0) +
                               (ctx.has_input(slots.attention_bias) ? 1 : 0) +
                               (ctx.attr_int("unidirectional", 0) != 0 ? 1 : 0)});
  if (ctx.has_input(slots.bias)) {
    work.arithmetic += s.q.elements();
    if (!s.is_cross) work.arithmetic += s.k.elements() + s.v.elements();
  }
  return work;
}

template <const CacheSlots& slots>
AccessList touch_multi_head(const OpContext& ctx) {
  const CacheStacks s = read_stacks(ctx, slots);
  const Count rows = Count(s.q.batch) * s.q.heads;
  AccessList list;
  for (const int i : {0, 1, 2}) read_whole(ctx, i, kData, list);
  read_whole(ctx, slots.bias, kParameter, list);
  read_whole(ctx, slots.mask, kBuffer, list);
  read_whole(ctx, slots.attention_bias, kData, list);
  read_part(ctx, slots.past, rows * s.past * s.k.width, kData, list);
  read_part(ctx, slots.past + 1, rows * s.past * s.v.width, kData, list);
  read_whole(ctx, kIndirection, kBuffer, list);
  if (!s.shares) {
    write_all(ctx, list);
    return list;
  }
  write_part(ctx, 0, ctx.output_elements(), list);
  write_part(ctx, 1, rows * s.k.length * s.k.width, list);
  write_part(ctx, 2, rows * s.v.length * s.v.width, list);
  if (ctx.has_output(3)) write_part(ctx, 3, ctx.output_elements(3), list);
  return list;
}

// --- PackedMultiHeadAttention: the tokens of a batch without padding
struct PackedHeads {
  std::int64_t tokens = kAny;
  std::int64_t heads = kAny;
  std::int64_t width = kAny;
  std::int64_t v_width = kAny;
};

PackedHeads read_packed_heads(const OpContext& ctx) {
  PackedHeads p;
  p.heads = head_attribute(ctx, "num_heads");
  const ir::Shape* query = ctx.shape(0);
  if (query && query->size() == 4) {
    p.tokens = (*query)[0];
    p.width = p.v_width = (*query)[3];
  } else if (const ir::Shape* q = shape_of_rank(ctx, 0, "query", 2)) {
    p.tokens = (*q)[0];
    p.width = split_size((*q)[1], p.heads, "query");
    const ir::Shape* value = shape_of_rank(ctx, 2, "value", 2);
    p.v_width = value              ? split_size((*value)[1], p.heads, "value")
                : ctx.has_input(2) ? kAny
                                   : p.width;
  }
  return p;
}

void infer_packed_heads(OpContext& ctx) {
  const PackedHeads p = read_packed_heads(ctx);
  static_cast<void>(ctx.input(4));
  static_cast<void>(shape_of_rank(ctx, 4, "token_offset", 2));
  ctx.set_output(0, ctx.input(0).dtype, ir::Shape{p.tokens, multiply_sizes(p.heads, p.v_width)});
}

Work packed_heads_work(const OpContext& ctx) {
  const PackedHeads p = read_packed_heads(ctx);
  const ir::Shape& padded = *shape_of_rank(ctx, 4, "token_offset", 2);
  Work work = attend({.batch = padded[0],
                      .heads = p.heads,
                      .queries = padded[1],
                      .keys = padded[1],
                      .width = p.width,
                      .v_width = p.v_width,
                      .masks = ctx.has_input(6) ? 1 : 0});
  if (ctx.has_input(3)) {
    work.arithmetic += (Count(p.width) * 2 + p.v_width) * p.heads * p.tokens;
  }
  return work;
}

constexpr std::string_view kMultiHeadFormula =
    "2*B*N*L*T*(D + Dv), masked scores included, T with the past; per score 5 (scale, softmax), 1 "
    "per mask (padding, attention_bias, unidirectional) and an exp; 1 per element of Q, new K and "
    "V if bias. A shared buffer is read as far as past_sequence_length says, whole if not known, "
    "and gets new tokens only";

constexpr OpSpec kContribCacheAttentionOps[] = {
    contrib_row({OpClass::kAttention,
                 "MultiHeadAttention",
                 {1, 10, 1, 4},
                 infer_multi_head<kMultiHead>,
                 multi_head_work<kMultiHead>,
                 touch_multi_head<kMultiHead>,
                 kMultiHeadFormula}),
    contrib_row({OpClass::kAttention,
                 "DecoderMaskedMultiHeadAttention",
                 {1, 11, 1, 4},
                 infer_multi_head<kDecoderMasked>,
                 multi_head_work<kDecoderMasked>,
                 touch_multi_head<kDecoderMasked>,
                 kMultiHeadFormula}),
    contrib_row({OpClass::kAttention,
                 "PackedMultiHeadAttention",
                 {1, 7},
                 infer_packed_heads,
                 packed_heads_work,
                 touch_as<kData, kData, kData, kParameter, kBuffer, kBuffer, kData>,
                 "as MultiHeadAttention; scores of the padded batch, B*N*S*S, are an upper "
                 "bound",
                 Confidence::kApproximate}),
};

}  // namespace

std::span<const OpSpec> contrib_cache_attention_ops() { return kContribCacheAttentionOps; }

}  // namespace roofline::ops
