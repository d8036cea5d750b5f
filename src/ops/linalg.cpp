// Owns linear algebra other than contractions: the determinant.
// Refuses matrices that are not square.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using ir::Shape;

/// X [*, M, M] -> [*].
void infer_det(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  const Shape& shape = *x.shape;
  const std::size_t rank = shape.size();
  const bool open =
      rank >= 2 && (shape[rank - 1] == ir::kUnknownDim || shape[rank - 2] == ir::kUnknownDim);
  if (rank < 2 || (!open && shape[rank - 1] != shape[rank - 2])) {
    throw RuleError("shape-mismatch",
                    fmt::format("input {} holds no square matrices", ir::to_string(shape)));
  }
  ctx.set_output(0, x.dtype, Shape(shape.begin(), shape.end() - 2));
}

/// LU factorization: sum over i < M of i divisions and 2 i^2 updates, then M - 1 multiplications.
Work det_work(const OpContext& ctx) {
  const Count m = ctx.shape(0)->back();
  const Count divisions = m * (m - 1);              // twice
  const Count updates = m * (m - 1) * (2 * m - 1);  // three times
  const Count each = divisions.value() / 2 + updates.value() / 3 + std::max<Count>(m - 1, 0);
  return {.arithmetic = ctx.output_elements() * each};
}

constexpr OpSpec kLinalgOps[] = {
    {.type = "Det",
     .since = 11,
     .cls = OpClass::kOther,
     .arity = {1, 1},
     .infer = infer_det,
     .work = det_work,
     .access = touch_all,
     .formula = "matrices*(M*(M-1)*(2*M-1)/3 + M*(M-1)/2 + M-1)",
     .source = "LU factorization without pivoting",
     .confidence = Confidence::kApproximate},
};

}  // namespace

std::span<const OpSpec> linalg_ops() { return kLinalgOps; }

}  // namespace roofline::ops
