// Owns onnxruntime's attention operators with grouped heads and a cache of keys and values.
// Refuses to follow masks inside a block or window: what a kernel skips as a whole is not counted.
#include <fmt/format.h>

#include <algorithm>

#include "attention_rules.hpp"
#include "contrib.hpp"
#include "families.hpp"

namespace roofline::ops {
namespace {

using enum Role;

struct GroupedSlots {
  int total;  ///< length of keys, new and cached
  int cos;    ///< sin comes next
  bool is_sparse;
};
constexpr GroupedSlots kDense = {.total = 6, .cos = 7, .is_sparse = false};
constexpr GroupedSlots kSparse = {.total = 7, .cos = 9, .is_sparse = true};
constexpr int kPast = 3;  // of keys; the past values come next

struct Grouped {
  Heads q;
  Heads k;                    ///< the new ones
  std::int64_t capacity = 0;  ///< tokens that the cache has room for
  std::int64_t total = kAny;  ///< tokens attended to; unknown when only the run tells
  std::int64_t window = 0;    ///< 0: none

  /// Tokens attended to, at most.
  [[nodiscard]] std::int64_t bound() const {
    return total == kAny ? add_sizes(capacity, k.length) : total;
  }
  [[nodiscard]] Count past() const { return std::max(Count(0), Count(bound()) - k.length); }
  [[nodiscard]] Count past_seen() const {
    return window > 0 ? std::min(past(), Count(window) - 1) : past();
  }
};

void read_query(const OpContext& ctx, Grouped& g) {
  const std::int64_t heads = head_attribute(ctx, "num_heads");
  const std::int64_t kv_heads = head_attribute(ctx, "kv_num_heads");
  check_groups(heads, kv_heads);
  const ir::Shape* query = shape_of_rank(ctx, 0, "query", 3);
  // Some exporters leave placeholders of rank 1 where a packed query needs no key.
  const ir::Shape* key = ctx.shape(1);
  const bool packed = !ctx.has_input(1) || (key && key->size() < 3);
  if (query) {
    const Count stacks = packed ? Count(kv_heads) * 2 + heads : Count(heads);
    const std::int64_t width = split_size((*query)[2], stacks.value(), "query");
    g.q = {(*query)[0], heads, (*query)[1], width};
    if (packed) g.k = {(*query)[0], kv_heads, (*query)[1], width};
  }
  g.q.heads = heads;
  if (!packed) g.k = read_heads(ctx, 1, "key", "kv_num_heads");
  g.k.heads = known_size(g.k.heads, kv_heads);
  check_widths(g.q, g.k, "check attributes 'num_heads' and 'kv_num_heads'");
}

Grouped read_grouped(const OpContext& ctx, const GroupedSlots& slots) {
  Grouped g;
  read_query(ctx, g);
  if (slots.is_sparse) {
    for (const int i : {5, 6}) static_cast<void>(ctx.input(i));
  }
  g.window = std::max(std::int64_t{0}, ctx.attr_int("local_window_size", -1));
  if (ctx.has_input(kPast)) {
    const ir::Shape* past = shape_of_rank(ctx, kPast, "past_key", 4);
    g.capacity = past ? (*past)[2] : kAny;
  }
  if (const auto total = known_length(ctx, slots.total))
    g.total = *total;
  else if (g.capacity == 0)
    g.total = g.k.length;
  return g;
}

/// Where the run decides the length along `axis`, cache and new tokens bound it.
void set_growing(OpContext& ctx, int i, ir::DType dtype, ir::Shape shape, std::size_t axis,
                 const Grouped& g) {
  ctx.set_output(i, dtype, shape);
  if (i >= ctx.output_count() || shape[axis] != kAny) return;
  shape[axis] = add_sizes(g.capacity, g.k.length);
  if (ir::is_known(shape)) ctx.set_bound(i, std::move(shape));
}

/// A buffer keeps its length; what does not fit into it makes a longer present.
template <const GroupedSlots& slots>
void infer_grouped(OpContext& ctx) {
  const Grouped g = read_grouped(ctx, slots);
  const ir::DType dtype = ctx.input(0).dtype;
  ctx.set_output(0, dtype, ir::Shape{g.q.batch, g.q.length, multiply_sizes(g.q.heads, g.q.width)});
  const bool keeps = slots.is_sparse || ctx.attr_int("sliding_window_cache", 0) != 0;
  for (const int i : {0, 1}) {
    const bool has_past = ctx.has_input(kPast + i);
    ir::Shape present = {g.k.batch, g.k.heads, g.k.length, g.k.width};
    if (const ir::Shape* past = shape_of_rank(ctx, kPast + i, "past", 4)) present = *past;
    if (!keeps || !has_past) {
      const bool is_known = g.total != kAny && g.capacity != kAny;
      present[2] = is_known ? std::max(g.capacity, g.total) : kAny;
    }
    set_growing(ctx, 1 + i, has_past ? ctx.input(kPast + i).dtype : dtype, present, 2, g);
  }
  set_growing(ctx, 3, dtype, {g.q.batch, g.q.heads, g.q.length, g.total}, 3, g);
}

/// Keys per query. Of a sparse layout the average: blocks listed, over rows of blocks.
std::int64_t keys_per_query(const OpContext& ctx, const GroupedSlots& slots, const Grouped& g) {
  if (!slots.is_sparse) return g.window > 0 ? std::min(g.bound(), g.window) : g.bound();
  const std::int64_t block = head_attribute(ctx, "sparse_block_size");
  const ir::Shape& rows = *ctx.shape(5);
  const ir::Shape& columns = *ctx.shape(6);
  if (rows.empty() || columns.empty() || rows.back() < 2) return g.bound();
  const Count listed = Count(columns.back()) * block;
  return std::min(ceil_div(listed, rows.back() - 1), Count(g.bound())).value();
}

/// What the kernel does to Q, K and V around the scores.
Work around_scores(const OpContext& ctx, const GroupedSlots& slots, const Grouped& g) {
  Work work;
  const Count rows = Count(g.q.batch) * g.q.length * g.q.heads;
  const Count row = Count(g.k.batch) * g.k.heads * g.k.width;
  const Count vectors = rows + Count(g.k.batch) * g.k.length * g.k.heads;
  if (ctx.attr_int("do_rotary", 0) != 0) {
    const ir::Shape* cos = ctx.shape(slots.cos);
    const Count width = cos && !cos->empty() ? Count(cos->back()) * 2 : Count(g.q.width);
    work.arithmetic += rotation(vectors * std::min(width, Count(g.q.width)));
  }
  if (slots.is_sparse) return work;
  if (ctx.has_input(14)) work = join(work, head_norms(vectors, g.q.width));
  for (const int scale : {12, 13}) {
    if (!ctx.has_input(scale)) continue;
    work.arithmetic += cache_scaling(row * g.past_seen(), row * g.k.length);
  }
  const bool has_sink = ctx.has_input(11) || ctx.attr_int("smooth_softmax", 0) == 1;
  return has_sink ? join(work, head_sinks(rows)) : work;
}

template <const GroupedSlots& slots>
Work grouped_work(const OpContext& ctx) {
  const Grouped g = read_grouped(ctx, slots);
  const bool has_bias = !slots.is_sparse && ctx.has_input(10);
  const bool is_causal = slots.is_sparse || ctx.attr_int("causal", 1) != 0;
  return join(attend({.batch = g.q.batch,
                      .heads = g.q.heads,
                      .queries = g.q.length,
                      .keys = keys_per_query(ctx, slots, g),
                      .width = g.q.width,
                      .v_width = g.k.width,
                      .masks = (is_causal ? 1 : 0) + (has_bias ? 1 : 0),
                      .has_softcap = ctx.attr_float("softcap", 0.0) != 0.0}),
              around_scores(ctx, slots, g));
}

/// Past and present of one length are one buffer: what is seen is read, new tokens are written.
/// Otherwise the past is copied into a longer present.
void touch_cache(const OpContext& ctx, const Grouped& g, AccessList& list) {
  for (const int i : {0, 1}) {
    const ir::Shape* past = ctx.shape(kPast + i);
    const std::int64_t width = past ? past->back() : g.k.width;
    const Count row = Count(g.k.batch) * g.k.heads * width;
    const bool copies =
        past && ctx.has_output(1 + i) && ctx.output_elements(1 + i) != ctx.elements(kPast + i);
    read_part(ctx, kPast + i, row * (copies ? g.past() : g.past_seen()), kData, list);
    const Count written = copies ? Count(g.bound()) : Count(g.k.length);
    write_part(ctx, 1 + i, row * written, list);
  }
}

template <const GroupedSlots& slots>
AccessList touch_grouped(const OpContext& ctx) {
  const Grouped g = read_grouped(ctx, slots);
  AccessList list;
  for (const int i : {0, 1, 2}) read_whole(ctx, i, kData, list);
  if (slots.is_sparse) {
    for (const int i : {5, 6, 8}) read_whole(ctx, i, kBuffer, list);
  } else {
    for (const int i : {5, 9, 12, 13}) read_whole(ctx, i, kBuffer, list);
    read_whole(ctx, 10, kData, list);
    for (const int i : {11, 14, 15}) read_whole(ctx, i, kParameter, list);
  }
  for (const int i : {0, 1}) {
    read_rotary_cache(ctx, slots.cos + i, Count(g.q.batch) * g.q.length, list);
  }
  touch_cache(ctx, g, list);
  write_part(ctx, 0, ctx.output_elements(), list);
  if (ctx.has_output(3)) write_part(ctx, 3, ctx.output_elements(3), list);
  return list;
}

constexpr OpSpec kContribGroupedAttentionOps[] = {
    contrib_row(
        {OpClass::kAttention,
         "GroupQueryAttention",
         {1, 16, 1, 4},
         infer_grouped<kDense>,
         grouped_work<kDense>,
         touch_grouped<kDense>,
         "2*B*N*L*T*2*D, T = total_sequence_length, or cache + new tokens if not known, capped by "
         "local_window_size; causally masked scores included; per score 5 (scale, softmax), 1 per "
         "mask (causal, attention_bias), 2 and a tanh if softcap, and an exp; 3 per rotated "
         "element of Q and new K; 4 per normalized element of Q and K; 1 per cached and 4 per new "
         "element of a quantized cache; 1 and an exp per row of scores for a sink. K and V are "
         "read once per key head; a buffer shared by "
         "past and present (same length) is read as far as attended to and gets new tokens only"}),
    contrib_row(
        {OpClass::kAttention,
         "SparseAttention",
         {1, 11, 1, 3},
         infer_grouped<kSparse>,
         grouped_work<kSparse>,
         touch_grouped<kSparse>,
         "as GroupQueryAttention with block_col_indices*sparse_block_size/rows of blocks keys per "
         "query: the average of a full cache, an estimate",
         Confidence::kApproximate}),
};

}  // namespace

std::span<const OpSpec> contrib_grouped_attention_ops() { return kContribGroupedAttentionOps; }

}  // namespace roofline::ops
