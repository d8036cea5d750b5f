// Owns onnxruntime's attention operators that project their input to Q, K and V themselves.
// Refuses attention over projections made elsewhere: contrib_cache_attention.cpp has it.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "attention_rules.hpp"
#include "contrib.hpp"
#include "families.hpp"

namespace roofline::ops {
namespace {

using enum Role;
constexpr std::size_t kLengthAxis = 3;  // of past and present: [2, B, N, length, D]

// --- Attention, DecoderMaskedSelfAttention, QAttention: one weight for Q, K and V
struct AttentionSlots {
  int mask;
  int past;
  int attention_bias;
  int past_length;
  std::array<int, 4> scales = {-1, -1, -1, -1};  ///< and zero points
};
constexpr AttentionSlots kFloat = {.mask = 3, .past = 4, .attention_bias = 5, .past_length = 6};
constexpr AttentionSlots kQuantized = {
    .mask = 5, .past = 8, .attention_bias = -1, .past_length = -1, .scales = {3, 4, 6, 7}};

/// Columns of Q, K and V after the projection.
struct Hidden {
  std::int64_t q = kAny;
  std::int64_t k = kAny;
  std::int64_t v = kAny;
  [[nodiscard]] std::int64_t all() const { return add_sizes(add_sizes(q, k), v); }
};

/// Thirds of the weight's columns, or as attribute qkv_hidden_sizes says.
Hidden read_hidden(const OpContext& ctx, int weight, int bias) {
  if (const auto* sizes = ctx.attr_ints("qkv_hidden_sizes"); sizes && !sizes->empty()) {
    if (sizes->size() != 3 || *std::min_element(sizes->begin(), sizes->end()) < 1) {
      attribute_error("attribute 'qkv_hidden_sizes' must hold three positive sizes");
    }
    return {(*sizes)[0], (*sizes)[1], (*sizes)[2]};
  }
  const ir::Shape* w = shape_of_rank(ctx, weight, "weights", 2);
  const ir::Shape* b = shape_of_rank(ctx, bias, "bias", 1);
  const std::int64_t columns = known_size(w ? (*w)[1] : kAny, b ? (*b)[0] : kAny);
  const std::int64_t third = split_size(columns, 3, "the projection of Q, K and V");
  return {third, third, third};
}

struct Projected {
  std::int64_t batch = kAny;
  std::int64_t length = kAny;
  std::int64_t inputs = kAny;  ///< columns of the input
  Hidden hidden = {};
  std::int64_t heads = kAny;
  std::int64_t capacity = 0;  ///< tokens that the past has room for
  std::int64_t past = 0;      ///< tokens in it
  bool shares = false;        ///< past and present are one buffer: only new tokens are written

  [[nodiscard]] std::int64_t width() const { return split_size(hidden.k, heads, "K"); }
  [[nodiscard]] Count tokens() const { return Count(batch) * length; }
  [[nodiscard]] Count projected() const { return tokens() * hidden.all(); }
  /// Keys and values of `n` tokens in all heads.
  [[nodiscard]] Count cached(std::int64_t n) const { return Count(2) * batch * n * hidden.k; }
};

void read_past(const OpContext& ctx, const AttentionSlots& slots, Projected& p) {
  const ir::Shape* past = shape_of_rank(ctx, slots.past, "past", 5);
  if (!ctx.has_input(slots.past)) return;
  p.capacity = past ? (*past)[kLengthAxis] : kAny;
  p.shares = ctx.attr_int("past_present_share_buffer", 0) != 0;
  // A length that is only known at run time is bounded by the buffer.
  p.past = p.shares ? known_length(ctx, slots.past_length).value_or(p.capacity) : p.capacity;
}

Projected read_projected(const OpContext& ctx, const AttentionSlots& slots) {
  Projected p;
  p.heads = head_attribute(ctx, "num_heads");
  p.hidden = read_hidden(ctx, 1, 2);
  if (const ir::Shape* x = shape_of_rank(ctx, 0, "input", 3)) {
    p.batch = (*x)[0];
    p.length = (*x)[1];
    p.inputs = (*x)[2];
    const ir::Shape* w = ctx.shape(1);
    if (w && sizes_differ((*w)[0], p.inputs)) {
      shape_error(fmt::format("input has {} columns, weights have {} rows", p.inputs, (*w)[0]));
    }
  }
  static_cast<void>(split_size(p.hidden.q, p.heads, "Q"));
  static_cast<void>(split_size(p.hidden.v, p.heads, "V"));
  read_past(ctx, slots, p);
  return p;
}

template <const AttentionSlots& slots>
void infer_projected(OpContext& ctx) {
  const Projected p = read_projected(ctx, slots);
  const ir::DType dtype = ctx.has_input(2) ? ctx.input(2).dtype : ctx.input(0).dtype;
  ctx.set_output(0, dtype, ir::Shape{p.batch, p.length, p.hidden.v});
  if (const ir::Shape* past = ctx.shape(slots.past)) {
    ir::Shape present = *past;
    if (!p.shares) present[kLengthAxis] = add_sizes(present[kLengthAxis], p.length);
    return ctx.set_output(1, dtype, present);
  }
  const bool grows = ctx.has_input(slots.past);
  ctx.set_output(1, dtype, ir::Shape{2, p.batch, p.heads, grows ? kAny : p.length, p.width()});
}

/// Scores and values; a mask of any rank is added to every score.
Work projected_scores(const OpContext& ctx, const AttentionSlots& slots, const Projected& p) {
  return attend({.batch = p.batch,
                 .heads = p.heads,
                 .queries = p.length,
                 .keys = add_sizes(p.past, p.length),
                 .width = p.width(),
                 .v_width = p.hidden.v / p.heads,
                 .masks = (ctx.has_input(slots.mask) ? 1 : 0) +
                          (ctx.has_input(slots.attention_bias) ? 1 : 0) +
                          (ctx.attr_int("unidirectional", 0) != 0 ? 1 : 0)});
}

template <const AttentionSlots& slots>
Work projected_work(const OpContext& ctx) {
  const Projected p = read_projected(ctx, slots);
  Work work = join(contract({.m = p.tokens().value(), .n = p.hidden.all(), .k = p.inputs}),
                   projected_scores(ctx, slots, p));
  if (ctx.has_input(2)) work.arithmetic += p.projected();
  if (ctx.attr_int("do_rotary", 0) != 0) {
    work.arithmetic += rotation(p.tokens() * p.heads * 2 * rotary_width(ctx, p.width()));
  }
  return work;
}

/// Zero points as in MatMulInteger, and a scale for each projected element.
Work qattention_work(const OpContext& ctx) {
  Work work = projected_work<kQuantized>(ctx);
  work.arithmetic += read_projected(ctx, kQuantized).projected();
  if (ctx.has_input(6)) work.arithmetic += ctx.elements(0);
  if (ctx.has_input(7)) work.arithmetic += ctx.elements(1);
  return work;
}

template <const AttentionSlots& slots>
AccessList touch_projected(const OpContext& ctx) {
  const Projected p = read_projected(ctx, slots);
  AccessList list;
  read_whole(ctx, 0, kData, list);
  read_whole(ctx, 1, kParameter, list);
  read_whole(ctx, 2, kParameter, list);
  for (const int i : slots.scales) read_whole(ctx, i, kBuffer, list);
  read_whole(ctx, slots.mask, kBuffer, list);
  read_part(ctx, slots.past, p.cached(p.past), kData, list);
  read_whole(ctx, slots.attention_bias, kData, list);
  write_part(ctx, 0, ctx.output_elements(), list);
  if (ctx.has_output(1)) {
    write_part(ctx, 1, p.shares ? p.cached(p.length) : ctx.output_elements(1), list);
  }
  return list;
}

// --- QOrderedAttention: int8 with a weight each for Q, K and V
Projected read_qordered(const OpContext& ctx) {
  Projected p;
  p.heads = head_attribute(ctx, "num_heads");
  if (const ir::Shape* x = shape_of_rank(ctx, 0, "input", 3)) {
    p.batch = (*x)[0];
    p.length = (*x)[1];
    p.inputs = (*x)[2];
  }
  const auto columns = [&ctx](int weight) {
    const ir::Shape* w = shape_of_rank(ctx, weight, "weight", 2);
    return w ? (*w)[1] : kAny;
  };
  p.hidden = {columns(5), columns(6), columns(7)};
  static_cast<void>(split_size(p.hidden.q, p.heads, "Q"));
  static_cast<void>(split_size(p.hidden.v, p.heads, "V"));
  return p;
}

void infer_qordered(OpContext& ctx) {
  const Projected p = read_qordered(ctx);
  ctx.set_output(0, ctx.input(0).dtype, ir::Shape{p.batch, p.length, p.hidden.v});
}

Work qordered_work(const OpContext& ctx) {
  const Projected p = read_qordered(ctx);
  constexpr AttentionSlots kSlots = {
      .mask = 17, .past = -1, .attention_bias = 19, .past_length = -1};
  const Work scores = projected_scores(ctx, kSlots, p);
  Work work = join(contract({.m = p.tokens().value(), .n = p.hidden.all(), .k = p.inputs}), scores);
  work.arithmetic += p.projected() * (1 + kSymmetricOps);
  work.arithmetic += (scores.transcendentals + ctx.output_elements()) * kSymmetricOps;
  return work;
}

// --- PackedAttention: the tokens of a batch without padding
struct Packed {
  Projected tokens;          ///< batch and length are those of the padded batch
  std::int64_t rows = kAny;  ///< tokens
};

Packed read_packed(const OpContext& ctx) {
  Packed p;
  p.tokens.heads = head_attribute(ctx, "num_heads");
  p.tokens.hidden = read_hidden(ctx, 1, 2);
  static_cast<void>(split_size(p.tokens.hidden.q, p.tokens.heads, "Q"));
  static_cast<void>(split_size(p.tokens.hidden.v, p.tokens.heads, "V"));
  if (const ir::Shape* x = shape_of_rank(ctx, 0, "input", 2)) {
    p.rows = (*x)[0];
    p.tokens.inputs = (*x)[1];
  }
  if (const ir::Shape* offset = shape_of_rank(ctx, 3, "token_offset", 2)) {
    p.tokens.batch = (*offset)[0];
    p.tokens.length = (*offset)[1];
  }
  return p;
}

void infer_packed(OpContext& ctx) {
  const Packed p = read_packed(ctx);
  ctx.set_output(0, ctx.input(0).dtype, ir::Shape{p.rows, p.tokens.hidden.v});
}

Work packed_work(const OpContext& ctx) {
  const Packed p = read_packed(ctx);
  constexpr AttentionSlots kSlots = {
      .mask = -1, .past = -1, .attention_bias = 5, .past_length = -1};
  Work work = join(contract({.m = p.rows, .n = p.tokens.hidden.all(), .k = p.tokens.inputs}),
                   projected_scores(ctx, kSlots, p.tokens));
  work.arithmetic += Count(p.rows) * p.tokens.hidden.all();
  return work;
}

constexpr std::string_view kProjectedFormula =
    "2*B*L*I*(Hq + Hk + Hv) and 1 per projected element (bias); 2*B*N*L*T*(D + Dv), masked scores "
    "included, T with the past; per score 5 (scale, softmax), 1 per mask (mask_index, "
    "attention_bias, unidirectional) and an exp; 3 per element of Q and K if do_rotary. A shared "
    "buffer is read as far as past_sequence_length says, whole if not known, and gets new tokens "
    "only";
constexpr OpSpec kContribAttentionOps[] = {
    contrib_row({OpClass::kAttention,
                 "Attention",
                 {2, 7, 1, 2},
                 infer_projected<kFloat>,
                 projected_work<kFloat>,
                 touch_projected<kFloat>,
                 kProjectedFormula}),
    contrib_row({OpClass::kAttention,
                 "DecoderMaskedSelfAttention",
                 {3, 9, 1, 2},
                 infer_projected<kFloat>,
                 projected_work<kFloat>,
                 touch_projected<kFloat>,
                 kProjectedFormula}),
    contrib_row({OpClass::kAttention,
                 "QAttention",
                 {5, 9, 1, 2},
                 infer_projected<kQuantized>,
                 qattention_work,
                 touch_projected<kQuantized>,
                 "as Attention, + 1 per projected element (scale), + 1 per element of input and of "
                 "weight whose zero point is given"}),
    contrib_row({OpClass::kAttention,
                 "QOrderedAttention",
                 {14, 20},
                 infer_qordered,
                 qordered_work,
                 touch_as<kData, kBuffer, kBuffer, kBuffer, kBuffer, kParameter, kParameter,
                          kParameter, kBuffer, kBuffer, kBuffer, kParameter, kParameter, kParameter,
                          kBuffer, kBuffer, kBuffer, kBuffer, kData, kData>,
                 "as Attention, + 4 (mul, round, min, max) per projected element, score and output",
                 Confidence::kApproximate}),
    contrib_row(
        {OpClass::kAttention,
         "PackedAttention",
         {5, 6},
         infer_packed,
         packed_work,
         touch_as<kData, kParameter, kParameter, kBuffer, kBuffer, kData>,
         "as Attention on T tokens without padding; scores of the padded batch, B*N*S*S, are "
         "an upper bound",
         Confidence::kApproximate}),
};

}  // namespace

std::span<const OpSpec> contrib_attention_ops() { return kContribAttentionOps; }

}  // namespace roofline::ops
