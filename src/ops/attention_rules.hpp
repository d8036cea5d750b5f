#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "rules.hpp"

// What fused attention operators share: heads, scores, rotations and caches.
namespace roofline::ops {

/// Sum and product of sizes; unknown when one is. Throws OverflowError.
[[nodiscard]] std::int64_t add_sizes(std::int64_t a, std::int64_t b);
[[nodiscard]] std::int64_t multiply_sizes(std::int64_t a, std::int64_t b);
/// The quotient; unknown when the size is. Throws RuleError when `size` does not divide.
[[nodiscard]] std::int64_t split_size(std::int64_t size, std::int64_t parts, std::string_view name);

/// Number of heads in attribute `name`, or another positive size. Throws RuleError below 1.
[[nodiscard]] std::int64_t head_attribute(const OpContext& ctx, std::string_view name);
/// The shape of operand i, or nullptr when not known. Throws RuleError on another rank.
[[nodiscard]] const ir::Shape* shape_of_rank(const OpContext& ctx, int i, std::string_view name,
                                             std::size_t rank);

/// A stack of heads: [batch, length, heads * width] or [batch, heads, length, width].
struct Heads {
  std::int64_t batch = ir::kUnknownDim;
  std::int64_t heads = ir::kUnknownDim;
  std::int64_t length = ir::kUnknownDim;
  std::int64_t width = ir::kUnknownDim;

  [[nodiscard]] std::int64_t columns() const { return multiply_sizes(heads, width); }
  [[nodiscard]] Count elements() const { return Count(batch) * heads * length * width; }
};
/// `attribute` holds the number of heads where the shape does not.
[[nodiscard]] Heads read_heads(const OpContext& ctx, int i, std::string_view name,
                               std::string_view attribute);
/// Throws RuleError unless queries and keys have heads of one width.
void check_widths(const Heads& q, const Heads& k, std::string_view hint);
/// Throws RuleError unless each key head serves the same number of query heads.
void check_groups(std::int64_t query_heads, std::int64_t key_heads);

// --- scores
/// softmax(Q * K^T) * V: every query against every key, whatever a mask hides afterwards.
struct Scores {
  std::int64_t batch;
  std::int64_t heads;  ///< of the queries
  std::int64_t queries;
  std::int64_t keys;  ///< attended to, a cache's included
  std::int64_t width;
  std::int64_t v_width;
  int masks = 0;  ///< added or selected, one operation per score each
  bool has_softcap = false;

  [[nodiscard]] Count count() const { return Count(batch) * heads * queries * keys; }
};
/// Both products share their stack of score matrices: one contraction with k = width + v_width.
/// Per score a scale, a softmax of 4 and an exp, 1 per mask, 2 and a tanh for a softcap.
[[nodiscard]] Work attend(const Scores& s);
/// What an int8 kernel without zero points does to a result: multiply, round, clamp (min, max).
inline constexpr int kSymmetricOps = kRequantizeOps - 1;
/// Both works; of their contractions the larger one.
[[nodiscard]] Work join(Work a, const Work& b);

// --- around the scores
/// RMS normalization of that many vectors, as RMSNormalization counts it.
[[nodiscard]] inline Work head_norms(Count vectors, std::int64_t width) {
  return {.arithmetic = vectors * width * 4 + vectors * 3, .transcendentals = vectors};
}
/// A sink adds one exponential to the sum of each row of scores.
[[nodiscard]] inline Work head_sinks(Count rows) {
  return {.arithmetic = rows, .transcendentals = rows};
}
/// A quantized cache: what is read is scaled, what is written divided, rounded and clamped.
[[nodiscard]] inline Count cache_scaling(Count read, Count written) {
  return read + written * kSymmetricOps;
}

// --- rotary embeddings
/// Rotating that many elements in pairs: per pair 4 mul, an add and a sub.
[[nodiscard]] inline Count rotation(Count elements) { return elements * 3; }
/// Elements of each head that attribute rotary_embedding_dim rotates: all of them if 0 or absent.
[[nodiscard]] std::int64_t rotary_width(const OpContext& ctx, std::int64_t head_width);
/// Appends one row of cache i (cos or sin) per position, never more than the cache has.
void read_rotary_cache(const OpContext& ctx, int i, Count positions, AccessList& list);

// --- caches of keys and values
/// Appends at most `elements` of operand i, if present.
void read_part(const OpContext& ctx, int i, Count elements, Role role, AccessList& list);
/// Appends at most `elements` of result i, if present.
void write_part(const OpContext& ctx, int i, Count elements, AccessList& list);
/// The length that one-element operand i holds, if it is known.
[[nodiscard]] std::optional<std::int64_t> known_length(const OpContext& ctx, int i);

// --- LinearAttention: a recurrent state [d_k, d_v] per key head instead of scores
struct LinearSizes {
  Heads q;
  Heads k;
  Heads v;
  /// One result per query head; per value head where those outnumber them.
  [[nodiscard]] std::int64_t heads() const;
};
[[nodiscard]] LinearSizes read_linear(const OpContext& ctx);
struct LinearRule {
  bool has_delta;
  bool has_gate;
};
/// What attribute update_rule names.
[[nodiscard]] LinearRule update_rule(const OpContext& ctx);
/// Updates of the state per value head and its reads per result's head; an exp per decay.
[[nodiscard]] Work linear_attention(const LinearRule& rule, const LinearSizes& s, Count decays);

}  // namespace roofline::ops
