#pragma once
#include <string_view>

#include "movement.hpp"
#include "rules.hpp"

// What the operators of ai.onnx.ml share. Their models are attributes, not operands: what they
// store is computed with, but counts neither as bytes read nor as parameters.
namespace roofline::ops {

inline constexpr std::string_view kMlDomain = "ai.onnx.ml";

/// X is [N, C]; [C] is one row.
struct Rows {
  std::int64_t count = ir::kUnknownDim;
  std::int64_t features = ir::kUnknownDim;
};
/// Throws RuleError on another rank.
[[nodiscard]] Rows rows_of(const OpContext& ctx);

/// The classes a classifier knows: text, or integers under the attribute `integers`.
struct Labels {
  ir::DType dtype = ir::DType::kInt64;
  std::int64_t count = 0;
};
[[nodiscard]] Labels labels_of(const OpContext& ctx, std::string_view integers);

/// An enumeration that opset 5 writes as its number and older ones as text; names[0] if absent.
[[nodiscard]] std::string_view attr_choice(const OpContext& ctx, std::string_view name,
                                           std::span<const std::string_view> names);
/// Attribute post_transform on that many scores. LOGISTIC is a sigmoid (add, div and an exp),
/// SOFTMAX a softmax (max, sub, add, div and an exp), PROBIT one evaluation.
[[nodiscard]] Work transform_work(const OpContext& ctx, Count scores);

constexpr OpSpec ml(std::string_view type, int since, Arity arity, InferFn infer, WorkFn work,
                    std::string_view formula, Confidence confidence = Confidence::kExact) {
  return {.domain = kMlDomain,
          .type = type,
          .since = since,
          .cls = OpClass::kMl,
          .arity = arity,
          .infer = infer,
          .work = work,
          .access = touch_all,
          .formula = formula,
          .confidence = confidence};
}

}  // namespace roofline::ops
