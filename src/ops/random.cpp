// Owns random tensors.
// Refuses to count the generator's own integer operations: they differ from runtime to runtime.
#include <fmt/format.h>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

DType attr_dtype(const OpContext& ctx, DType fallback) {
  const std::int64_t code = ctx.attr_int("dtype", 0);
  return code == 0 ? fallback : ir::dtype_from_onnx(code);
}

void infer_from_shape(OpContext& ctx) {
  const auto& sizes = ctx.required_ints("shape");
  for (const std::int64_t size : sizes) {
    if (size < 0) throw RuleError("bad-shape", fmt::format("shape has the size {}", size));
  }
  ctx.set_output(0, attr_dtype(ctx, DType::kFloat32), Shape(sizes));
}

void infer_like(OpContext& ctx) {
  ctx.set_output(0, attr_dtype(ctx, ctx.input(0).dtype), ctx.input(0).shape);
}

/// X [N, classes] of log-probabilities -> [N, sample_size] of class numbers.
void infer_multinomial(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  if (x && x->size() != 2) {
    throw RuleError("bad-rank", fmt::format("input {} has rank {}, expected 2 (batch, classes)",
                                            ir::to_string(*x), x->size()));
  }
  const std::int64_t samples = ctx.attr_int("sample_size", 1);
  if (samples < 1) throw RuleError("bad-attribute", fmt::format("sample_size is {}", samples));
  ctx.set_output(0, attr_dtype(ctx, DType::kInt32), Shape{x ? x->front() : kUnknownDim, samples});
}

/// exp and running sum over the classes, then a binary search per sample.
Work multinomial_work(const OpContext& ctx) {
  const Count classes = ctx.elements(0);
  return {.arithmetic = classes + ctx.output_elements() * ceil_log2(ctx.shape(0)->back()),
          .transcendentals = classes};
}

constexpr OpSpec random(std::string_view type, Arity arity, InferFn infer, WorkFn work,
                        std::string_view formula) {
  return {.type = type,
          .since = 1,
          .cls = OpClass::kRandom,
          .arity = arity,
          .infer = infer,
          .work = work,
          .access = touch_results,
          .formula = formula,
          .source = "generator excluded; Box-Muller for normal numbers",
          .confidence = Confidence::kApproximate};
}

constexpr std::string_view kUniform = "2*elements (mul, add)";
constexpr std::string_view kNormal =
    "3*elements (mul, mul, add), and 2*elements transcendental (log and sqrt, sin and cos per "
    "pair)";

constexpr OpSpec kRandomOps[] = {
    random("RandomUniform", {0, 0}, infer_from_shape, per_output<2>, kUniform),
    random("RandomUniformLike", {1, 1}, infer_like, per_output<2>, kUniform),
    random("RandomNormal", {0, 0}, infer_from_shape, per_output<3, 2>, kNormal),
    random("RandomNormalLike", {1, 1}, infer_like, per_output<3, 2>, kNormal),
    {.type = "Bernoulli",
     .since = 15,
     .cls = OpClass::kRandom,
     .arity = {1, 1},
     .infer = infer_like,
     .work = per_output<1>,
     .access = touch_all,
     .formula = "elements (compare)",
     .source = "generator excluded",
     .confidence = Confidence::kApproximate},
    {.type = "Multinomial",
     .since = 7,
     .cls = OpClass::kRandom,
     .arity = {1, 1},
     .infer = infer_multinomial,
     .work = multinomial_work,
     .access = touch_all,
     .formula = "N*C + N*samples*ceil(log2 C), and N*C transcendental",
     .source = "generator excluded; running sum and binary search",
     .confidence = Confidence::kApproximate},
};

}  // namespace

std::span<const OpSpec> random_ops() { return kRandomOps; }

}  // namespace roofline::ops
