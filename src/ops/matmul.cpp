// Owns matrix products: Gemm, MatMul and their integer and quantized kin.
// Refuses Einsum, which has a file of its own.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

using enum Role;

// --- MatMul: NumPy's rules, leading axes broadcast
/// Operands as stacks of matrices: a vector is a row on the left and a column on the right.
struct Stacks {
  ir::Shape batch_a;
  ir::Shape batch_b;
  std::int64_t m = 1;
  std::int64_t k = 1;
  std::int64_t n = 1;
};

Stacks read_stacks(const ir::Shape& a, const ir::Shape& b) {
  if (a.empty() || b.empty()) {
    shape_error("a matrix product takes no scalar", "use Mul to scale a tensor");
  }
  Stacks s;
  const std::int64_t inner_b = b.size() == 1 ? b[0] : b[b.size() - 2];
  if (sizes_differ(a.back(), inner_b)) {
    shape_error(fmt::format("cannot multiply {} by {}: inner sizes {} and {} differ",
                            ir::to_string(a), ir::to_string(b), a.back(), inner_b));
  }
  s.k = known_size(a.back(), inner_b);
  if (a.size() > 1) {
    s.m = a[a.size() - 2];
    s.batch_a.assign(a.begin(), a.end() - 2);
  }
  if (b.size() > 1) {
    s.n = b.back();
    s.batch_b.assign(b.begin(), b.end() - 2);
  }
  return s;
}

std::optional<ir::Shape> matmul_shape(const OpContext& ctx, int a_slot, int b_slot) {
  const ir::Shape* a = ctx.shape(a_slot);
  const ir::Shape* b = ctx.shape(b_slot);
  if (!a || !b) return std::nullopt;
  const Stacks s = read_stacks(*a, *b);
  ir::Shape out = broadcast(s.batch_a, s.batch_b);
  if (a->size() > 1) out.push_back(s.m);
  if (b->size() > 1) out.push_back(s.n);
  return out;
}

Work matmul_contraction(const OpContext& ctx, int a_slot, int b_slot) {
  const Stacks s = read_stacks(*ctx.shape(a_slot), *ctx.shape(b_slot));
  const Count batch = product(broadcast(s.batch_a, s.batch_b));
  // One right-hand matrix for the whole stack: a single product with more rows.
  if (product(s.batch_b) == 1) return contract({.m = (batch * s.m).value(), .n = s.n, .k = s.k});
  return contract({.batch = batch.value(), .m = s.m, .n = s.n, .k = s.k});
}

void infer_matmul(OpContext& ctx) {
  ctx.set_output(0, ctx.input(0).dtype, matmul_shape(ctx, 0, 1));
}

Work matmul_work(const OpContext& ctx) { return matmul_contraction(ctx, 0, 1); }

void infer_matmul_integer(OpContext& ctx) {
  ctx.set_output(0, ir::DType::kInt32, matmul_shape(ctx, 0, 1));
}

Work matmul_integer_work(const OpContext& ctx) {
  Work work = matmul_contraction(ctx, 0, 1);
  if (ctx.has_input(2)) work.arithmetic += ctx.elements(0);
  if (ctx.has_input(3)) work.arithmetic += ctx.elements(1);
  return work;
}

void infer_qlinear_matmul(OpContext& ctx) {
  ctx.set_output(0, ctx.input(7).dtype, matmul_shape(ctx, 0, 3));
}

Work qlinear_matmul_work(const OpContext& ctx) {
  Work work = matmul_contraction(ctx, 0, 3);
  work.arithmetic = ctx.elements(0) + ctx.elements(3) + ctx.output_elements() * kRequantizeOps;
  return work;
}

// --- Gemm
struct Matrix {
  std::int64_t rows = ir::kUnknownDim;
  std::int64_t columns = ir::kUnknownDim;
};

Matrix read_matrix(const OpContext& ctx, int i, std::string_view transpose) {
  const ir::Shape* shape = ctx.shape(i);
  if (!shape) return {};
  if (shape->size() != 2) {
    shape_error(
        fmt::format("{} has shape {}, expected rank 2", i == 0 ? "A" : "B", ir::to_string(*shape)),
        "flatten the input, or use MatMul for stacks of matrices");
  }
  Matrix matrix = {(*shape)[0], (*shape)[1]};
  if (ctx.attr_int(transpose, 0) != 0) std::swap(matrix.rows, matrix.columns);
  return matrix;
}

void check_inner(const Matrix& a, const Matrix& b) {
  if (!sizes_differ(a.columns, b.rows)) return;
  std::string hint = "check which tensor feeds A";
  if (a.columns == b.columns) hint = "check attribute 'transB': the other value would fit";
  if (a.rows == b.rows) hint = "check attribute 'transA': the other value would fit";
  shape_error(
      fmt::format("A has {} columns, B has {} rows (after transA and transB)", a.columns, b.rows),
      std::move(hint));
}

void infer_gemm(OpContext& ctx) {
  const Matrix a = read_matrix(ctx, 0, "transA");
  const Matrix b = read_matrix(ctx, 1, "transB");
  check_inner(a, b);
  const ir::Shape out = {a.rows, b.columns};
  const ir::Shape* c = ctx.shape(2);
  if (c && ir::is_known(out) && ir::is_known(*c) && broadcast(out, *c) != out) {
    shape_error(fmt::format("C has shape {}, which does not broadcast to {}", ir::to_string(*c),
                            ir::to_string(out)));
  }
  ctx.set_output(0, ctx.input(0).dtype, out);
}

Work gemm_work(const OpContext& ctx) {
  const Matrix a = read_matrix(ctx, 0, "transA");
  const Matrix b = read_matrix(ctx, 1, "transB");
  Work work = contract({.m = a.rows, .n = b.columns, .k = a.columns});
  const Count outputs = ctx.output_elements();
  if (ctx.attr_float("alpha", 1.0) != 1.0) work.arithmetic += outputs;
  if (!ctx.has_input(2)) return work;
  if (ctx.attr_float("beta", 1.0) != 1.0) work.arithmetic += ctx.elements(2);
  work.arithmetic += outputs;
  return work;
}

constexpr OpSpec kMatmulOps[] = {
    {.type = "Gemm",
     .since = 1,
     .cls = OpClass::kMatmul,
     .arity = {2, 3},
     .infer = infer_gemm,
     .work = gemm_work,
     .access = touch_as<kData, kParameter, kParameter>,
     .formula = "2*M*N*K, + M*N if C, + M*N if alpha != 1, + elements of C if beta != 1"},
    {.type = "MatMul",
     .since = 1,
     .cls = OpClass::kMatmul,
     .arity = {2, 2},
     .infer = infer_matmul,
     .work = matmul_work,
     .access = touch_as<kData, kParameter>,
     .formula = "2*batch*M*N*K"},
    {.type = "MatMulInteger",
     .since = 10,
     .cls = OpClass::kMatmul,
     .arity = {2, 4},
     .infer = infer_matmul_integer,
     .work = matmul_integer_work,
     .access = touch_as<kData, kParameter, kBuffer, kBuffer>,
     .formula = "2*batch*M*N*K, + 1 per element of A and of B whose zero point is given"},
    {.type = "QLinearMatMul",
     .since = 10,
     .cls = OpClass::kMatmul,
     .arity = {8, 8},
     .infer = infer_qlinear_matmul,
     .work = qlinear_matmul_work,
     .access = touch_as<kData, kBuffer, kBuffer, kParameter, kBuffer, kBuffer, kBuffer, kBuffer>,
     .formula = "2*batch*M*N*K, + 1 per element of a and b (zero points), + 5 per output "
                "(requantize: mul, round, add, min, max)"},
};

}  // namespace

std::span<const OpSpec> matmul_ops() { return kMatmulOps; }

}  // namespace roofline::ops
