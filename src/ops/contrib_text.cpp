// Owns ONNX Runtime's operators on words and tokens, and its text generation loops.
// Refuses the cost of generation: the walk over the loops' subgraphs adds it.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "kin.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

using enum Role;
using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

// --- generation: (prompt, max_length, ...)
std::int64_t axis_of(const Shape* shape, std::size_t axis) {
  return shape && axis < shape->size() ? (*shape)[axis] : kUnknownDim;
}

std::int64_t vocabulary(const OpContext& ctx) {
  const std::int64_t size = ctx.attr_int("vocab_size", kUnknownDim);
  return size > 0 ? size : kUnknownDim;
}

/// Sequences, their scores, the scores of all tokens, attention to the audio, silence.
void infer_beam_search(OpContext& ctx) {
  const Shape* prompt = ctx.shape(0);
  const DType scores = ctx.has_input(5) ? ctx.input(5).dtype : DType::kFloat32;
  const std::int64_t batch = axis_of(prompt, 0);
  const std::int64_t prefix = axis_of(prompt, 1);
  const std::int64_t length = size_operand(ctx, 1);
  const std::int64_t beams = size_operand(ctx, 3);
  const std::int64_t returned = size_operand(ctx, 4);
  const bool open = length == kUnknownDim || prefix == kUnknownDim || length < prefix;
  ctx.set_output(0, DType::kInt32, Shape{batch, returned, length});
  ctx.set_output(1, scores, Shape{batch, returned});
  ctx.set_output(2, scores,
                 Shape{open ? kUnknownDim : length - prefix, batch, beams, vocabulary(ctx)});
  ctx.set_output(3, DType::kFloat32, std::nullopt);
  ctx.set_output(4, scores, Shape{batch});
}

void infer_greedy_search(OpContext& ctx) {
  const std::int64_t batch = axis_of(ctx.shape(0), 0);
  ctx.set_output(0, DType::kInt32, Shape{batch, size_operand(ctx, 1)});
  ctx.set_output(1, DType::kFloat32, Shape{batch, vocabulary(ctx)});
}

// --- tokens
/// [C] or [N, C] -> one more axis, as long as the text with most tokens.
void infer_tokenizer(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  if (!x) return ctx.set_output(0, DType::kString, std::nullopt);
  if (x->empty() || x->size() > 2) {
    shape_error(fmt::format("input has shape {}, expected rank 1 or 2", ir::to_string(*x)));
  }
  Shape out = *x;
  // An empty input stays as it is.
  if (std::find(x->begin(), x->end(), 0) == x->end()) out.push_back(kUnknownDim);
  ctx.set_output(0, DType::kString, std::move(out));
}

void infer_murmur(OpContext& ctx) {
  const bool is_positive = ctx.attr_int("positive", 1) != 0;
  ctx.set_output(0, is_positive ? DType::kUint32 : DType::kInt32, ctx.input(0).shape);
}

/// Per 4 bytes 11 (2 mul, 2 rotations of 3, xor, mul, add), and 9 to mix at the end; a string is
/// taken for 4 bytes.
Work murmur_work(const OpContext& ctx) {
  const int words = std::max(1, ir::bits(ctx.input(0).dtype) / 32);
  return {.arithmetic = ctx.elements(0) * (words * 11 + 9)};
}

void infer_repeat_block(OpContext& ctx) {
  ctx.set_output(0, ctx.input(1).dtype, ctx.input(1).shape);
}

/// Every position of a sequence is compared with its end.
Work repeat_block_work(const OpContext& ctx) {
  const std::int64_t size = ctx.required_int("ngram_size");
  return {.arithmetic = ctx.elements(0) * std::max<std::int64_t>(size, 1)};
}

/// Prediction, up to where it leaves the source, is appended; then its end is sought in the source.
void infer_bifurcation(OpContext& ctx) {
  const DType dtype = ctx.input(1).dtype;
  const Shape* current = ctx.shape(1);
  const Shape* predicted = ctx.shape(3);
  ctx.set_output(1, dtype, Shape{});
  if (!ctx.has_input(3)) return ctx.set_output(0, dtype, ctx.input(1).shape);
  ctx.set_output(0, dtype, Shape{kUnknownDim});
  const std::int64_t length = axis_of(current, 0);
  const std::int64_t added = axis_of(predicted, 0);
  if (length == kUnknownDim || added == kUnknownDim) return;
  ctx.set_bound(0, {(Count(length) + added).value()});
}

Work bifurcation_work(const OpContext& ctx) {
  const std::int64_t longest = std::max<std::int64_t>(ctx.attr_int("max_ngram_size", 3), 1);
  const Count predicted = ctx.has_input(3) ? ctx.elements(3) : Count(0);
  return {.arithmetic = ctx.elements(0) * longest + predicted};
}

/// Costs [M, N] or [1, M, N] -> a path [2, steps].
void infer_warping(OpContext& ctx) {
  ctx.set_output(0, DType::kInt32, Shape{2, kUnknownDim});
  const Shape* x = ctx.shape(0);
  if (!x) return;
  if (x->size() != 2 && x->size() != 3) {
    shape_error(fmt::format("input has shape {}, expected rank 2 or 3", ir::to_string(*x)));
  }
  const std::int64_t rows = (*x)[x->size() - 2];
  if (rows == kUnknownDim || x->back() == kUnknownDim) return;
  ctx.set_bound(0, {2, (Count(rows) + x->back()).value()});
}

// --- hashes of n-grams: ids [batch, length] or [tokens], one hash per head of each order
std::int64_t orders(const OpContext& ctx) {
  const std::int64_t longest = ctx.required_int("max_ngram_size");
  if (longest < 2) {
    attribute_error(fmt::format("attribute 'max_ngram_size' is {}, expected at least 2", longest));
  }
  return longest - 1;
}

/// Results are the hashes, and the ids (and segments) to go on with, [batch, orders].
void set_hashes(OpContext& ctx, std::int64_t batch) {
  const DType dtype = ctx.input(0).dtype;
  std::optional<Shape> hashes = ctx.input(0).shape;
  if (hashes) {
    const std::int64_t heads = ctx.required_int("n_head_per_ngram");
    if (heads < 0) attribute_error(fmt::format("attribute 'n_head_per_ngram' is {}", heads));
    hashes->push_back((Count(orders(ctx)) * heads).value());
  }
  ctx.set_output(0, dtype, std::move(hashes));
  ctx.set_output(1, dtype, Shape{batch, orders(ctx)});
  ctx.set_output(2, DType::kInt32, Shape{batch, orders(ctx)});
}

void infer_hash(OpContext& ctx) { set_hashes(ctx, axis_of(ctx.shape(0), 0)); }

/// Operand 3 holds batch + 1 offsets.
void infer_varlen_hash(OpContext& ctx) {
  const std::int64_t offsets = axis_of(ctx.shape(3), 0);
  set_hashes(ctx, offsets > 0 ? offsets - 1 : kUnknownDim);
}

/// Per token a mul per shift and a xor between them; per hash a remainder, and an offset if given.
template <int offset_slot>
Work hash_work(const OpContext& ctx) {
  const int each = ctx.has_input(offset_slot) ? 2 : 1;
  return {.arithmetic =
              ctx.elements(0) * (Count(orders(ctx)) * 2 + 1) + ctx.output_elements() * each};
}

// --- WordConvEmbedding: words [..., characters], W [filters, 1, window, width], B, table
void infer_word_conv(OpContext& ctx) {
  const Shape* words = ctx.shape(0);
  const Shape* w = ctx.shape(1);
  const DType dtype = ctx.input(1).dtype;
  if ((words && words->empty()) || (w && w->size() != 4)) {
    shape_error("expected words [..., characters] and a weight [filters, 1, window, width]");
  }
  if (!words) return ctx.set_output(0, dtype, std::nullopt);
  Shape out = *words;
  out.back() = axis_of(w, 0);
  ctx.set_output(0, dtype, std::move(out));
}

/// Each window of characters: filters, bias, tanh, and the largest over the windows.
Work word_conv_work(const OpContext& ctx) {
  const Shape& words = *ctx.shape(0);
  const Shape& w = *ctx.shape(1);
  const Count per_word = std::max(Count(words.back()) - w[2] + 1, Count(0));
  const Count count = product(std::span(words).first(words.size() - 1));
  Work work =
      contract({.m = (count * per_word).value(), .n = w[0], .k = (Count(w[2]) * w[3]).value()});
  const Count results = count * per_word * w[0];
  work.arithmetic += results * 2;
  work.transcendentals += results;
  return work;
}

/// Embeddings are looked up: one row per character.
AccessList touch_word_conv(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, kBuffer, list);
  read_whole(ctx, 1, kParameter, list);
  read_whole(ctx, 2, kParameter, list);
  const std::int64_t width = ctx.shape(1)->back();
  list.push_back({.operand = 3,
                  .elements = std::min(ctx.elements(0) * width, ctx.elements(3)),
                  .run_length = width,
                  .role = kParameter});
  write_all(ctx, list);
  return list;
}

// --- rows
using enum OpClass;

/// The walk over the subgraphs adds what the decoder costs; how its logits are processed and drawn
/// from is left out.
constexpr OpSpec generation(std::string_view type, Arity arity, InferFn infer) {
  return contrib_row({kControl, type, arity, infer, no_work, touch_first, "that of its subgraphs",
                      Confidence::kApproximate});
}

constexpr OpSpec kContribTextOps[] = {
    generation("BeamSearch", {5, 12, 1, 3}, infer_beam_search),
    generation("WhisperBeamSearch", {5, 15, 1, 5}, infer_beam_search),
    generation("GreedySearch", {2, 7}, infer_greedy_search),
    generation("Sampling", {2, 9, 1, 2}, infer_greedy_search),
    contrib_row({kOther,
                 "Tokenizer",
                 {1, 1},
                 infer_tokenizer,
                 per_output<1>,
                 touch_all,
                 "unknown: depends on the data",
                 Confidence::kUnknown}),
    contrib_row({kOther,
                 "MurmurHash3",
                 {1, 1},
                 infer_murmur,
                 murmur_work,
                 touch_all,
                 "20 per element of 4 bytes, 31 of 8 bytes (integer mul, shift, xor)",
                 Confidence::kApproximate}),
    contrib_row({kSearch,
                 "NGramRepeatBlock",
                 {2, 2},
                 infer_repeat_block,
                 repeat_block_work,
                 touch_as<kBuffer, kData>,
                 "batch*length*ngram_size compares",
                 Confidence::kApproximate}),
    contrib_row({kSearch,
                 "BifurcationDetector",
                 {3, 4, 2, 2},
                 infer_bifurcation,
                 bifurcation_work,
                 touch_all,
                 "elements(src)*max_ngram_size + elements(pred) compares",
                 Confidence::kApproximate}),
    contrib_row({kSearch,
                 "DynamicTimeWarping",
                 {1, 1},
                 infer_warping,
                 per_input<3>,
                 touch_all,
                 "3*elements(in): two compares and an add per cell",
                 Confidence::kApproximate}),
    contrib_row(
        {kSearch,
         "NGramHashMapping",
         {3, 7, 1, 2},
         infer_hash,
         hash_work<4>,
         touch_as<kData, kBuffer, kBuffer, kData, kBuffer, kBuffer, kBuffer>,
         "(2*max_ngram_size - 1) per token (mul, xor), + 1 per hash (remainder), + 1 with an "
         "offset"}),
    contrib_row(
        {kSearch,
         "VarlenNGramHashMapping",
         {4, 9, 1, 3},
         infer_varlen_hash,
         hash_work<5>,
         touch_as<kData, kBuffer, kBuffer, kBuffer, kData, kBuffer, kBuffer, kBuffer, kBuffer>,
         "NGramHashMapping"}),
    contrib_row({kConv,
                 "WordConvEmbedding",
                 {4, 4},
                 infer_word_conv,
                 word_conv_work,
                 touch_word_conv,
                 "2*windows*filters*window*width, + 2 per window and filter (bias, max) and a tanh",
                 Confidence::kApproximate}),
};

}  // namespace

std::span<const OpSpec> contrib_text_ops() { return kContribTextOps; }

}  // namespace roofline::ops
