// Owns operators on strings and encoded files.
// Refuses to cost them: how long the strings are, a model does not say.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

/// Stop words may drop elements of [C] or [1,C].
void infer_string_normalizer(OpContext& ctx) {
  std::optional<Shape> shape = ctx.input(0).shape;
  if (shape && (shape->empty() || shape->size() > 2)) {
    throw RuleError("bad-rank", fmt::format("input {} has rank {}, expected 1 or 2",
                                            ir::to_string(*shape), shape->size()));
  }
  const bool drops = shape && ctx.has_attr("stopwords");
  if (drops) shape->back() = kUnknownDim;
  ctx.set_output(0, DType::kString, std::move(shape));
  if (!drops) return;
  // When all are dropped, an empty string stays.
  Shape limits = *ctx.input(0).shape;
  if (limits.back() != kUnknownDim) limits.back() = std::max<std::int64_t>(limits.back(), 1);
  limit_output(ctx, 0, std::move(limits));
}

void infer_string_concat(OpContext& ctx) {
  ctx.set_output(0, DType::kString, broadcast_shape(ctx));
}

/// Substrings, padded to the longest list, and their numbers.
void infer_string_split(OpContext& ctx) {
  std::optional<Shape> parts = ctx.input(0).shape;
  if (parts) parts->push_back(kUnknownDim);
  ctx.set_output(0, DType::kString, parts);
  ctx.set_output(1, DType::kInt64, ctx.input(0).shape);
  if (!parts || !ctx.has_attr("maxsplit")) return;
  parts->back() = (Count(std::max<std::int64_t>(ctx.attr_int("maxsplit", 0), 0)) + 1).value();
  limit_output(ctx, 0, std::move(*parts));
}

void infer_regex(OpContext& ctx) { ctx.set_output(0, DType::kBool, ctx.input(0).shape); }

/// X [C] or [N,C] -> counts of n-grams, as many as the largest index says.
void infer_tf_idf(OpContext& ctx) {
  const auto& indexes = ctx.required_ints("ngram_indexes");
  if (indexes.empty() || *std::min_element(indexes.begin(), indexes.end()) < 0) {
    throw RuleError("bad-attribute", "ngram_indexes is empty or has a negative entry");
  }
  const std::int64_t shortest = ctx.attr_int("min_gram_length", 1);
  const std::int64_t longest = ctx.attr_int("max_gram_length", 1);
  if (shortest < 1 || longest < shortest) {
    throw RuleError("bad-attribute", fmt::format("grams are {} to {} long", shortest, longest));
  }
  const Shape* x = ctx.shape(0);
  if (!x) return ctx.set_output(0, DType::kFloat32, std::nullopt);
  if (x->empty() || x->size() > 2) {
    throw RuleError("bad-rank", fmt::format("input {} has rank {}, expected 1 or 2",
                                            ir::to_string(*x), x->size()));
  }
  const std::int64_t largest = *std::max_element(indexes.begin(), indexes.end());
  Shape out = *x;
  out.back() = (Count(largest) + 1).value();
  ctx.set_output(0, DType::kFloat32, std::move(out));
}

/// An n-gram of each length starts at each element: look it up, count it.
Work tf_idf_work(const OpContext& ctx) {
  const Count lengths =
      Count(ctx.attr_int("max_gram_length", 1)) - ctx.attr_int("min_gram_length", 1) + 1;
  return {.arithmetic = ctx.elements(0) * lengths * 2};
}

/// The bytes of an encoded image -> [H, W, channels].
void infer_image_decoder(OpContext& ctx) {
  const std::string_view format = ctx.attr_string("pixel_format", "RGB");
  ctx.set_output(0, DType::kUint8, Shape{kUnknownDim, kUnknownDim, format == "Grayscale" ? 1 : 3});
}

constexpr OpSpec text(std::string_view type, int since, Arity arity, InferFn infer) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kOther,
          .arity = arity,
          .infer = infer,
          .work = per_output<1>,
          .access = touch_all,
          .formula = "unknown: depends on the data",
          .confidence = Confidence::kUnknown};
}

constexpr OpSpec kTextOps[] = {
    text("StringNormalizer", 10, {1, 1}, infer_string_normalizer),
    text("StringConcat", 20, {2, 2}, infer_string_concat),
    text("StringSplit", 20, {1, 1, 2, 2}, infer_string_split),
    text("RegexFullMatch", 20, {1, 1}, infer_regex),
    text("ImageDecoder", 20, {1, 1}, infer_image_decoder),
    {.type = "TfIdfVectorizer",
     .since = 9,
     .cls = OpClass::kOther,
     .arity = {1, 1},
     .infer = infer_tf_idf,
     .work = tf_idf_work,
     .access = touch_all,
     .formula = "2*elements(in)*(max_gram_length - min_gram_length + 1)",
     .source = "one look-up and one count per n-gram",
     .confidence = Confidence::kApproximate},
};

}  // namespace

std::span<const OpSpec> text_ops() { return kTextOps; }

}  // namespace roofline::ops
