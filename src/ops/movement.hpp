#pragma once
#include "roofline/base/text.hpp"
#include "rules.hpp"
#include "values.hpp"

// What the files of movement operators share: rows, and lengths of contiguous runs.
namespace roofline::ops {

/// A row of an operator that moves elements and computes nothing.
constexpr OpSpec move(std::string_view type, int since, Arity arity, InferFn infer,
                      AccessFn access) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kMovement,
          .arity = arity,
          .infer = infer,
          .work = no_work,
          .access = access,
          .formula = "0"};
}

/// Elements behind one step of `axis` in a known shape: the product of all later axes.
[[nodiscard]] inline std::int64_t run_behind(const ir::Shape& shape, std::size_t axis) {
  Count run = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) run *= shape[i];
  return run.value();
}

[[nodiscard]] inline bool is_numeric(ir::DType dtype) {
  return ir::is_float(dtype) || ir::is_integer(dtype) || dtype == ir::DType::kBool;
}

}  // namespace roofline::ops
