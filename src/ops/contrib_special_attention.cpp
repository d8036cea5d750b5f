// Owns onnxruntime's attention operators whose scores follow a layout of their own: windows with
// global tokens, sparse blocks, pages, and flags at run time.
// Refuses to look into masks that only the data decide: their rows say what is assumed.
#include <fmt/format.h>

#include <algorithm>

#include "attention_rules.hpp"
#include "contrib.hpp"
#include "families.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

using enum Role;

// --- LongformerAttention: a window of W tokens on each side, and a few tokens that see all
void infer_longformer(OpContext& ctx) {
  same_as_input(ctx);
  const std::int64_t heads = head_attribute(ctx, "num_heads");
  static_cast<void>(head_attribute(ctx, "window"));
  if (const ir::Shape* x = shape_of_rank(ctx, 0, "input", 3)) {
    static_cast<void>(split_size((*x)[2], heads, "input"));
  }
}

/// Which tokens attend globally is data: their projections are counted, which the kernel makes for
/// all tokens as soon as there is one, their scores are not.
Work longformer_work(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  const std::int64_t heads = head_attribute(ctx, "num_heads");
  const std::int64_t width = split_size(x[2], heads, "input");
  const Count columns = Count(x[2]) * 3;
  const Count seen = Count(head_attribute(ctx, "window")) * 2 + 1;
  const Work scores = attend({.batch = x[0],
                              .heads = heads,
                              .queries = x[1],
                              .keys = std::min(seen, Count(x[1])).value(),
                              .width = width,
                              .v_width = width,
                              .masks = 1});
  const Work projection =
      contract({.m = (Count(x[0]) * x[1]).value(), .n = columns.value(), .k = x[2]});
  Work work = join(join(projection, projection), scores);
  work.arithmetic += ctx.elements(0) * 3 * 2;
  return work;
}

/// int8: each projected and each resulting element is scaled, rounded and clamped.
Work qordered_longformer_work(const OpContext& ctx) {
  Work work = longformer_work(ctx);
  work.arithmetic += (ctx.elements(0) * 3 * 2 + ctx.output_elements()) * kSymmetricOps;
  return work;
}

// --- DecoderAttention: flags at run time choose self or cross attention, with or without cache
struct Decoder {
  std::int64_t length = kAny;
  std::int64_t batch = kAny;
  std::int64_t hidden = kAny;
  std::int64_t heads = kAny;
  bool is_known = true;    ///< all flags are
  std::int64_t fresh = 0;  ///< tokens whose keys and values are projected
  std::int64_t past = 0;   ///< tokens taken from the cache
  bool reads_key = false;
};

Decoder read_decoder(const OpContext& ctx) {
  Decoder d;
  d.heads = head_attribute(ctx, "num_heads");
  if (const ir::Shape* q = shape_of_rank(ctx, 0, "query", 3)) {
    d.length = (*q)[0];
    d.batch = (*q)[1];
    d.hidden = (*q)[2];
  }
  static_cast<void>(split_size(d.hidden, d.heads, "query"));
  const auto is_static = scalar_int(ctx, 8);
  const auto use_past = scalar_int(ctx, 9);
  const auto has_state = scalar_int(ctx, 10);
  d.is_known = is_static && use_past && has_state;
  // Without flags: self attention, on the cache if there is one.
  const bool cached = use_past.value_or(1) != 0 && has_state.value_or(1) != 0 && ctx.has_input(6);
  const bool crosses = is_static.value_or(0) != 0;
  const ir::Shape* key = shape_of_rank(ctx, 1, "key", 3);
  d.reads_key = crosses && !cached;
  if (d.reads_key)
    d.fresh = key ? (*key)[0] : kAny;
  else if (!crosses)
    d.fresh = d.length;
  const ir::Shape* cache = shape_of_rank(ctx, 6, "key_cache", 4);
  if (cached) d.past = cache ? (*cache)[2] : kAny;
  return d;
}

void infer_decoder(OpContext& ctx) {
  same_as_input(ctx);
  const Decoder d = read_decoder(ctx);
  const std::int64_t length = add_sizes(d.fresh, d.past);
  ir::Shape cache = {d.batch, d.heads, length, split_size(d.hidden, d.heads, "query")};
  for (const int i : {1, 2}) {
    ctx.set_output(i, ctx.input(0).dtype, cache);
    // Cross attention projects the key, self attention the query: the longer one bounds both.
    const ir::Shape* key = ctx.shape(1);
    if (d.is_known || !ir::is_known(cache) || !key || (*key)[0] == kAny) continue;
    ctx.output(i).shape->at(2) = kAny;
    ir::Shape bound = cache;
    bound[2] = add_sizes(d.past, std::max(d.fresh, (*key)[0]));
    ctx.set_bound(i, std::move(bound));
  }
}

Work decoder_work(const OpContext& ctx) {
  const Decoder d = read_decoder(ctx);
  const std::int64_t width = d.hidden / d.heads;
  const Count queries = Count(d.length) * d.batch;
  const Count fresh = Count(d.fresh) * d.batch;
  Work work =
      join(join(contract({.m = queries.value(), .n = d.hidden, .k = d.hidden}),
                contract({.m = fresh.value(), .n = (Count(d.hidden) * 2).value(), .k = d.hidden})),
           attend({.batch = d.batch,
                   .heads = d.heads,
                   .queries = d.length,
                   .keys = add_sizes(d.fresh, d.past),
                   .width = width,
                   .v_width = width,
                   .masks = ctx.has_input(5) ? 1 : 0}));
  work.arithmetic += (queries + fresh * 2) * d.hidden;
  return work;
}

AccessList touch_decoder(const OpContext& ctx) {
  const Decoder d = read_decoder(ctx);
  AccessList list;
  read_whole(ctx, 0, kData, list);
  if (d.reads_key) read_whole(ctx, 1, kData, list);
  read_whole(ctx, 2, kParameter, list);
  if (d.fresh != 0) read_whole(ctx, 3, kParameter, list);
  read_whole(ctx, 4, kParameter, list);
  read_whole(ctx, 5, kBuffer, list);
  if (d.past != 0) {
    read_whole(ctx, 6, kData, list);
    read_whole(ctx, 7, kData, list);
  }
  write_all(ctx, list);
  return list;
}

// --- PagedAttention: packed tokens over a cache of blocks, updated in place
struct Paged {
  std::int64_t tokens = kAny;
  std::int64_t heads = kAny;
  std::int64_t kv_heads = kAny;
  std::int64_t width = kAny;
  std::int64_t v_width = kAny;
};

Paged read_paged(const OpContext& ctx) {
  Paged p;
  p.heads = head_attribute(ctx, "num_heads");
  p.kv_heads = head_attribute(ctx, "kv_num_heads");
  check_groups(p.heads, p.kv_heads);
  static_cast<void>(ctx.input(3));
  static_cast<void>(shape_of_rank(ctx, 3, "key_cache", 4));
  if (const ir::Shape* q = shape_of_rank(ctx, 0, "query", 2)) {
    const bool packed = !ctx.has_input(1);
    const Count stacks = packed ? Count(p.kv_heads) * 2 + p.heads : Count(p.heads);
    p.tokens = (*q)[0];
    p.width = split_size((*q)[1], stacks.value(), "query");
  }
  const std::int64_t narrow = ctx.attr_int("v_head_size", 0);
  if (narrow < 0) attribute_error(fmt::format("attribute 'v_head_size' is {}", narrow));
  p.v_width = narrow == 0 ? p.width : narrow;
  return p;
}

void infer_paged(OpContext& ctx) {
  const Paged p = read_paged(ctx);
  ctx.set_output(0, ctx.input(0).dtype, ir::Shape{p.tokens, multiply_sizes(p.heads, p.v_width)});
  for (const int cache : {3, 4}) {
    if (ctx.has_input(cache)) {
      ctx.set_output(cache - 2, ctx.input(cache).dtype, ctx.input(cache).shape);
    }
  }
}

/// Query-key pairs of one head, and cached tokens that they need.
struct Pages {
  Count pairs = 0;
  Count cached = 0;
};

/// What lengths say when they are known; else every token sees as much as the pages of a sequence
/// hold.
Pages read_pages(const OpContext& ctx, const Paged& p) {
  const std::int64_t window = ctx.attr_int("local_window_size", -1);
  const auto seen = [window](Count n) { return window > 0 ? std::min(n, Count(window)) : n; };
  const auto* ends = ctx.known_ints(5);
  const auto* past = ctx.known_ints(6);
  Pages pages;
  if (ends && past && ends->size() == past->size() + 1) {
    for (std::size_t i = 0; i < past->size(); ++i) {
      const Count fresh = std::max(Count(0), Count((*ends)[i + 1]) - (*ends)[i]);
      const Count before = std::max(std::int64_t{0}, (*past)[i]);
      pages.pairs += fresh * seen(before + fresh);
      pages.cached += seen(before);
    }
    return pages;
  }
  const ir::Shape* table = ctx.shape(7);
  const ir::Shape& cache = *ctx.shape(3);
  const bool fits = table && table->size() == 2;
  const Count room = fits ? Count((*table)[1]) * cache[1] : Count(cache[0]) * cache[1];
  return {.pairs = seen(room) * p.tokens, .cached = seen(room) * (fits ? (*table)[0] : 1)};
}

Work paged_work(const OpContext& ctx) {
  const Paged p = read_paged(ctx);
  const Pages pages = read_pages(ctx, p);
  Work work = attend({.batch = 1,
                      .heads = p.heads,
                      .queries = 1,
                      .keys = pages.pairs.value(),
                      .width = p.width,
                      .v_width = p.v_width,
                      .masks = ctx.attr_int("is_causal", 1) != 0 ? 1 : 0,
                      .has_softcap = ctx.attr_float("softcap", 0.0) != 0.0});
  const Count vectors = (Count(p.heads) + p.kv_heads) * p.tokens;
  if (ctx.attr_int("do_rotary", 0) != 0) work.arithmetic += rotation(vectors * p.width);
  if (ctx.has_input(11)) work = join(work, head_sinks(Count(p.heads) * p.tokens));
  if (ctx.has_input(12)) work = join(work, head_norms(vectors, p.width));
  for (const int scale : {14, 15}) {
    const Count row = Count(p.kv_heads) * p.width;
    if (ctx.has_input(scale)) work.arithmetic += cache_scaling(row * pages.cached, row * p.tokens);
  }
  return work;
}

AccessList touch_paged(const OpContext& ctx) {
  const Paged p = read_paged(ctx);
  const Count row = Count(p.kv_heads) * ctx.shape(3)->back();
  AccessList list;
  for (const int i : {0, 1, 2}) read_whole(ctx, i, kData, list);
  for (const int i : {3, 4}) read_part(ctx, i, read_pages(ctx, p).cached * row, kData, list);
  for (const int i : {5, 6, 7}) read_whole(ctx, i, kBuffer, list);
  for (const int i : {8, 9}) read_rotary_cache(ctx, i, p.tokens, list);
  read_whole(ctx, 10, kBuffer, list);
  for (const int i : {11, 12, 13}) read_whole(ctx, i, kParameter, list);
  for (const int i : {14, 15}) read_whole(ctx, i, kBuffer, list);
  write_part(ctx, 0, ctx.output_elements(), list);
  for (const int i : {1, 2}) write_part(ctx, i, Count(p.tokens) * row, list);
  return list;
}

constexpr std::string_view kLongformerFormula =
    "2 projections of 2*B*S*H*3H and 1 per projected element; 2*B*N*S*min(S, 2*window + 1)*2*D; "
    "per score 6 (scale, mask, softmax) and an exp; scores of tokens that attend globally are data "
    "and not counted";

constexpr OpSpec kContribSpecialAttentionOps[] = {
    contrib_row({OpClass::kAttention,
                 "LongformerAttention",
                 {7, 7},
                 infer_longformer,
                 longformer_work,
                 touch_as<kData, kParameter, kParameter, kBuffer, kParameter, kParameter, kBuffer>,
                 kLongformerFormula,
                 Confidence::kApproximate}),
    contrib_row({OpClass::kAttention,
                 "QOrderedLongformerAttention",
                 {14, 14},
                 infer_longformer,
                 qordered_longformer_work,
                 touch_as<kData, kBuffer, kParameter, kBuffer, kParameter, kBuffer, kBuffer,
                          kBuffer, kParameter, kBuffer, kParameter, kBuffer, kBuffer, kBuffer>,
                 "as LongformerAttention, + 4 (mul, round, min, max) per projected element "
                 "and output",
                 Confidence::kApproximate}),
    contrib_row({OpClass::kAttention,
                 "DecoderAttention",
                 {5, 12, 1, 3},
                 infer_decoder,
                 decoder_work,
                 touch_decoder,
                 "2*L*B*H*H for Q, 2*Lnew*B*H*2H for K and V, 1 per projected element (bias); "
                 "2*B*N*L*T*2*D, T = Lnew + cache; per score 5 (scale, softmax), 1 for the "
                 "mask and an exp; unknown flags are taken as self attention on the cache",
                 Confidence::kApproximate}),
    contrib_row({OpClass::kAttention,
                 "PagedAttention",
                 {1, 17, 1, 3},
                 infer_paged,
                 paged_work,
                 touch_paged,
                 "2*N*pairs*(D + Dv); pairs = sum of new*(past + new) over sequences, capped "
                 "by local_window_size; with unknown lengths tokens*blocks*block_size, an "
                 "upper bound; per score 5 (scale, softmax), 1 if causal, 2 and a tanh if "
                 "softcap, and an exp; around them as GroupQueryAttention. Caches are "
                 "updated in place: new tokens are written",
                 Confidence::kApproximate}),
};

}  // namespace

std::span<const OpSpec> contrib_special_attention_ops() { return kContribSpecialAttentionOps; }

}  // namespace roofline::ops
