#pragma once
#include <string_view>

#include "roofline/ops/op_context.hpp"
#include "roofline/ops/op_spec.hpp"
#include "rules.hpp"

// What the files of onnxruntime's own operators share.
namespace roofline::ops {

inline constexpr std::string_view kContribSource = "onnxruntime ContribOperators.md";

/// A row of domain com.microsoft; those operators never left version 1.
constexpr OpSpec contrib(OpSpec row) {
  row.domain = "com.microsoft";
  row.since = 1;
  row.source = kContribSource;
  return row;
}

struct ContribRow {
  OpClass cls;
  std::string_view type;
  Arity arity;
  InferFn infer;
  WorkFn work;
  AccessFn access;
  std::string_view formula;
  Confidence confidence = Confidence::kExact;
};
constexpr OpSpec contrib_row(const ContribRow& row) {
  return contrib({.type = row.type,
                  .since = 1,
                  .cls = row.cls,
                  .arity = row.arity,
                  .infer = row.infer,
                  .work = row.work,
                  .access = row.access,
                  .formula = row.formula,
                  .confidence = row.confidence});
}

/// Says of weights in tensors of bytes how many share one: 8 / `bits`.
inline void set_packing(const OpContext& ctx, std::int64_t bits, AccessList& list) {
  for (Access& access : list) {
    if (access.is_output() || access.role != Role::kParameter) continue;
    const bool holds_bytes = ir::is_integer(ctx.input(access.index()).dtype) &&
                             ir::bits(ctx.input(access.index()).dtype) == 8;
    if (holds_bytes && bits >= 1 && bits < 8) access.packing = static_cast<int>(8 / bits);
  }
}

/// touch_as for weights of few bits, which attribute `bits` tells; 4 where it is not given.
template <Role... roles>
[[nodiscard]] AccessList touch_packed(const OpContext& ctx) {
  AccessList list = touch_as<roles...>(ctx);
  set_packing(ctx, ctx.attr_int("bits", 4), list);
  return list;
}

}  // namespace roofline::ops
