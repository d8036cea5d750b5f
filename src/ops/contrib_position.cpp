// Owns onnxruntime's operators about positions: rotary embeddings, relative biases, padding,
// windows and alignment of sequences. Refuses the rotation inside attention operators, which their
// rows count.
#include <fmt/format.h>

#include <numeric>

#include "attention_rules.hpp"
#include "contrib.hpp"
#include "families.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

using enum Role;

// --- RotaryEmbedding, MRotaryEmbedding: without num_heads all columns are rotated
/// The heads that attributes num_heads and rotary_embedding_dim tell apart; nullopt without them.
std::optional<Heads> partly_rotated(const OpContext& ctx) {
  const ir::Shape* x = ctx.shape(0);
  if (!x) return std::nullopt;
  if (x->size() != 3 && x->size() != 4) {
    shape_error(fmt::format("input has shape {}, expected rank 3 or 4", ir::to_string(*x)));
  }
  const bool splits =
      ctx.attr_int("rotary_embedding_dim", 0) != 0 && ctx.attr_int("num_heads", 0) != 0;
  if (x->size() == 3 && !splits) return std::nullopt;
  Heads h = read_heads(ctx, 0, "input", "num_heads");
  h.width = rotary_width(ctx, h.width);
  return h;
}

void infer_contrib_rotary(OpContext& ctx) {
  same_as_input(ctx);
  static_cast<void>(partly_rotated(ctx));
}

Count rotated(const OpContext& ctx) {
  const std::optional<Heads> part = partly_rotated(ctx);
  return part ? part->elements() : ctx.elements(0);
}

Work contrib_rotary_work(const OpContext& ctx) { return {.arithmetic = rotation(rotated(ctx))}; }

AccessList touch_rotary(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  AccessList list;
  read_whole(ctx, 0, kData, list);
  read_whole(ctx, 1, kBuffer, list);
  const Count tokens = Count(x[0]) * x[x.size() - 2];
  for (const int cache : {2, 3}) read_rotary_cache(ctx, cache, tokens, list);
  write_all(ctx, list);
  return list;
}

// --- GemmaRotaryEmbedding: both states at once, sine and cosine taken on the way
void infer_gemma_rotary(OpContext& ctx) {
  ctx.set_output(0, ctx.input(1).dtype, ctx.input(1).shape);
  ctx.set_output(1, ctx.input(3).dtype, ctx.input(3).shape);
}

Work gemma_rotary_work(const OpContext& ctx) {
  return {.arithmetic = rotation(ctx.elements(1) + ctx.elements(3)),
          .transcendentals = ctx.elements(0) * 2};
}

// --- RelativePositionBias: T5's buckets of distances
void infer_relative_bias(OpContext& ctx) {
  const ir::Shape* table = shape_of_rank(ctx, 0, "bias_table", 2);
  const auto length = [&ctx](int i) { return known_length(ctx, i).value_or(kAny); };
  ctx.set_output(0, ctx.input(0).dtype,
                 ir::Shape{1, table ? (*table)[1] : kAny, length(1), length(2)});
}

/// A bucket per query and key: sub, abs, compare, div, log, mul, add, min, select.
Work relative_bias_work(const OpContext& ctx) {
  const ir::Shape& table = *ctx.shape(0);
  const Count pairs = table[1] == 0 ? Count(0) : Count(ctx.output_elements().value() / table[1]);
  return {.arithmetic = pairs * 8, .transcendentals = pairs};
}

AccessList touch_relative_bias(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, kParameter, list);
  write_all(ctx, list);
  return list;
}

// --- GatedRelativePositionBias
struct Gated {
  std::int64_t batch = kAny;
  std::int64_t length = kAny;
  std::int64_t heads = kAny;
};

/// [B, L, N*D], or packed tokens [T, N*D] with their offsets [B, L].
Gated read_gated(const OpContext& ctx) {
  Gated g;
  g.heads = head_attribute(ctx, "num_heads");
  const ir::Shape* x =
      shape_of_rank(ctx, ctx.has_input(6) ? 6 : 0,
                    ctx.has_input(6) ? "token_offset" : "query_layer", ctx.has_input(6) ? 2 : 3);
  if (x) {
    g.batch = (*x)[0];
    g.length = (*x)[1];
  }
  static_cast<void>(shape_of_rank(ctx, 3, "weight", 2));
  return g;
}

void infer_gated_bias(OpContext& ctx) {
  const Gated g = read_gated(ctx);
  ctx.set_output(0, ctx.input(0).dtype, ir::Shape{g.batch, g.heads, g.length, g.length});
}

Work gated_bias_work(const OpContext& ctx) {
  const Gated g = read_gated(ctx);
  const ir::Shape& weight = *ctx.shape(3);
  const Count rows = Count(g.batch) * g.length * g.heads;
  Work work = contract({.m = rows.value(), .n = weight[1], .k = weight[0]});
  // Two biases; the halves' sums; two sigmoids and 4 for the gate per row; the product.
  work.arithmetic = ctx.elements(0) + rows * (Count(weight[1]) * 2 + 8) + ctx.output_elements();
  work.transcendentals = rows * 2;
  return work;
}

// --- RemovePadding, RestorePadding
void infer_remove_padding(OpContext& ctx) {
  const ir::DType index = ctx.input(1).dtype;
  std::int64_t batch = kAny, length = kAny, columns = kAny;
  if (const ir::Shape* x = shape_of_rank(ctx, 0, "input", 3)) {
    batch = (*x)[0];
    length = (*x)[1];
    columns = (*x)[2];
  }
  std::int64_t tokens = kAny;
  if (const auto* counts = ctx.known_ints(1)) {
    tokens = std::accumulate(counts->begin(), counts->end(), Count(0)).value();
  }
  ctx.set_output(0, ctx.input(0).dtype, ir::Shape{tokens, columns});
  ctx.set_output(1, index, ir::Shape{batch, length});
  ctx.set_output(2, index, ir::Shape{add_sizes(batch, 1)});
  ctx.set_output(3, index, ir::Shape{1});
  const std::int64_t most = multiply_sizes(batch, length);
  if (tokens == kAny && most != kAny && columns != kAny) ctx.set_bound(0, {most, columns});
}

AccessList touch_remove_padding(const OpContext& ctx) {
  AccessList list;
  read_part(ctx, 0, ctx.output_elements(), kData, list);
  read_whole(ctx, 1, kBuffer, list);
  write_all(ctx, list);
  return list;
}

void infer_restore_padding(OpContext& ctx) {
  const ir::Shape* x = shape_of_rank(ctx, 0, "input", 2);
  const ir::Shape* offset = shape_of_rank(ctx, 1, "token_offset", 2);
  const std::int64_t batch = offset ? (*offset)[0] : kAny;
  const std::int64_t length = offset ? (*offset)[1] : kAny;
  ctx.set_output(0, ctx.input(0).dtype, ir::Shape{batch, length, x ? (*x)[1] : kAny});
}

using enum OpClass;

constexpr OpSpec kContribPositionOps[] = {
    contrib_row({kElementwise,
                 "RotaryEmbedding",
                 {4, 4},
                 infer_contrib_rotary,
                 contrib_rotary_work,
                 touch_rotary,
                 "3 per rotated element: per pair 4 mul, an add and a sub"}),
    contrib_row({kElementwise,
                 "MRotaryEmbedding",
                 {4, 4},
                 infer_contrib_rotary,
                 contrib_rotary_work,
                 touch_rotary,
                 "3 per rotated element: per pair 4 mul, an add and a sub"}),
    contrib_row(
        {kElementwise,
         "GemmaRotaryEmbedding",
         {5, 5, 2, 2},
         infer_gemma_rotary,
         gemma_rotary_work,
         touch_all,
         "3 per element of q and k (two mul, add); a sine and a cosine per element of emb"}),
    contrib_row({kElementwise,
                 "RelativePositionBias",
                 {3, 3},
                 infer_relative_bias,
                 relative_bias_work,
                 touch_relative_bias,
                 "8 and a log per query and key (bucket of their distance)",
                 Confidence::kApproximate}),
    contrib_row(
        {kAttention,
         "GatedRelativePositionBias",
         {6, 7},
         infer_gated_bias,
         gated_bias_work,
         touch_as<kData, kParameter, kData, kParameter, kParameter, kParameter, kBuffer>,
         "2*B*L*N*D*K for weight DxK; 1 per element of query_layer; per token and head 2*K + "
         "8 (bias, sums, two sigmoids, gate) and 2 exp; 1 per output"}),
    contrib_row({kMovement,
                 "RemovePadding",
                 {2, 2, 1, 4},
                 infer_remove_padding,
                 no_work,
                 touch_remove_padding,
                 "0"}),
    contrib_row({kMovement,
                 "RestorePadding",
                 {2, 2},
                 infer_restore_padding,
                 no_work,
                 touch_as<kData, kBuffer>,
                 "0"}),
};

}  // namespace

std::span<const OpSpec> contrib_position_ops() { return kContribPositionOps; }

}  // namespace roofline::ops
