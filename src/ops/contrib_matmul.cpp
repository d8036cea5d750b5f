// Owns ONNX Runtime's matrix products on floats: fused, and over weights stored in few bits.
// Refuses integer products: contrib_quantized.cpp has those.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "kin.hpp"

namespace roofline::ops {
namespace {

using enum Role;

constexpr Kin kMatMul = {.type = "MatMul", .slots = at(0, 1)};
constexpr Kin kGemm = {.type = "Gemm", .slots = at(0, 1, 2)};

Count if_given(const OpContext& ctx, int operand, Count count) {
  return ctx.has_input(operand) ? count : Count(0);
}

// --- FusedMatMul and kin
/// The operand as MatMul wants it. transBatch moves the first axis in front of the last; a vector
/// is never transposed.
void arrange(const OpContext& ctx, std::string_view trans, std::string_view trans_batch,
             std::optional<ir::Shape>& shape) {
  if (!shape || shape->size() < 2) return;
  ir::Shape& s = *shape;
  if (ctx.attr_int(trans_batch, 0) != 0) std::rotate(s.begin(), s.begin() + 1, s.end() - 1);
  if (ctx.attr_int(trans, 0) != 0) std::swap(s[s.size() - 2], s[s.size() - 1]);
}

void arrange_operands(const OpContext& ctx, KinNode& node) {
  arrange(ctx, "transA", "transBatchA", node.operand(0).shape);
  arrange(ctx, "transB", "transBatchB", node.operand(1).shape);
}

void infer_fused_matmul(OpContext& ctx) {
  check_activation(ctx);
  KinNode node(ctx, kMatMul);
  arrange_operands(ctx, node);
  node.infer();
  // The dense operand's type, where A is sparse.
  ctx.set_output(0, ctx.input(1).dtype, node.result().shape);
}

Work fused_matmul_work(const OpContext& ctx) {
  KinNode node(ctx, kMatMul);
  arrange_operands(ctx, node);
  Work work = node.work();
  if (ctx.attr_float("alpha", 1.0) != 1.0) work.arithmetic += ctx.output_elements();
  add_work(work, fused_activation_work(ctx));
  return work;
}

// --- Gemm and kin
void infer_fused_gemm(OpContext& ctx) {
  check_activation(ctx);
  infer_as<kGemm>(ctx);
}

Work fused_gemm_work(const OpContext& ctx) {
  Work work = work_as<kGemm>(ctx);
  add_work(work, fused_activation_work(ctx));
  return work;
}

void infer_gemm_float8(OpContext& ctx) {
  infer_fused_gemm(ctx);
  ctx.output(0).dtype = ir::dtype_from_onnx(ctx.attr_int("dtype", 1));
}

/// The scales of A and B are one factor per output, unless alpha is one already.
Work gemm_float8_work(const OpContext& ctx) {
  Work work = fused_gemm_work(ctx);
  const bool is_scaled = ctx.has_input(3) || ctx.has_input(4);
  if (is_scaled && ctx.attr_float("alpha", 1.0) == 1.0) work.arithmetic += ctx.output_elements();
  work.arithmetic += if_given(ctx, 5, ctx.output_elements());
  return work;
}

/// FastGelu is Gelu in its tanh form.
Work gemm_fast_gelu_work(const OpContext& ctx) {
  Work work = work_as<kMatMul>(ctx);
  add_work(work, per_output<8, 1>(ctx));
  work.arithmetic += if_given(ctx, 2, ctx.output_elements());
  return work;
}

// --- weights [K, N] in few bits
std::int64_t size_attribute(const OpContext& ctx, std::string_view name) {
  const std::int64_t size = ctx.required_int(name);
  if (size < 0) attribute_error(fmt::format("attribute '{}' is {}", name, size));
  return size;
}

/// Rows and columns of the weight that the stored operand stands for.
struct Weight {
  std::int64_t k = ir::kUnknownDim;
  std::int64_t n = ir::kUnknownDim;
  [[nodiscard]] Count elements() const { return Count(k) * n; }
};
using ReadWeight = Weight (*)(const OpContext&);

Weight weight_of_attributes(const OpContext& ctx) {
  return {size_attribute(ctx, "K"), size_attribute(ctx, "N")};
}

Weight weight_of_bnb4(const OpContext& ctx) {
  Weight w = weight_of_attributes(ctx);
  if (ctx.attr_int("transB", 1) == 0) std::swap(w.k, w.n);
  return w;
}

/// Operand 2 holds [K, N].
Weight weight_of_blob(const OpContext& ctx) {
  const Ints* shape = ctx.known_ints(2);
  if (!shape) return {};
  if (shape->size() != 2 || *std::min_element(shape->begin(), shape->end()) < 0) {
    shape_error(fmt::format("B_shape is [{}], expected K and N", fmt::join(*shape, ",")));
  }
  return {(*shape)[0], (*shape)[1]};
}

/// Operand 1 is [N, K], or [N, K/2] with two values in a byte.
template <int values_per_byte>
Weight weight_of_rows(const OpContext& ctx) {
  const ir::Shape* b = ctx.shape(1);
  if (!b) return {};
  if (b->size() != 2) {
    shape_error(fmt::format("B has shape {}, expected rank 2 (N, K)", ir::to_string(*b)));
  }
  const std::int64_t k = (*b)[1];
  return {k == ir::kUnknownDim ? k : (Count(k) * values_per_byte).value(), (*b)[0]};
}

void set_weight(KinNode& node, const Weight& w) {
  node.add_operand(1, {.dtype = node.operand(0).dtype, .shape = ir::Shape{w.k, w.n}});
}

template <ReadWeight read>
void infer_low_bit(OpContext& ctx) {
  KinNode node(ctx, kMatMul);
  set_weight(node, read(ctx));
  node.infer();
  ctx.output(0) = node.result();
}

/// Each weight is dequantized once, by `each` operations.
template <ReadWeight read, int each>
Work low_bit_work(const OpContext& ctx) {
  const Weight w = read(ctx);
  KinNode node(ctx, kMatMul);
  set_weight(node, w);
  Work work = node.work();
  work.arithmetic += w.elements() * each;
  return work;
}

Work matmul_nbits_work(const OpContext& ctx) {
  Work work = low_bit_work<weight_of_attributes, 2>(ctx);
  work.arithmetic += if_given(ctx, 5, ctx.output_elements());
  return work;
}

/// A block's scale is multiplied by the global one first.
Work fp4_work(const OpContext& ctx) {
  Work work = low_bit_work<weight_of_rows<2>, 1>(ctx);
  work.arithmetic += ctx.elements(2) + if_given(ctx, 5, ctx.output_elements());
  return work;
}

/// With a scale of its own, A is quantized (div, round, min, max) and multiplied back.
Work fp8_work(const OpContext& ctx) {
  Work work = low_bit_work<weight_of_rows<1>, 1>(ctx);
  work.arithmetic +=
      if_given(ctx, 3, ctx.elements(0) * 5) + if_given(ctx, 4, ctx.output_elements());
  return work;
}

// --- several products of one normalized operand
constexpr Kin kRmsNorm = {.type = "RMSNormalization", .slots = at(0, 2), .opset = 23};

/// [..., columns] for operand 0 [..., K].
std::optional<ir::Shape> projected(const OpContext& ctx, std::string_view columns) {
  KinNode node(ctx, kMatMul);
  set_weight(node, {size_attribute(ctx, "K"), size_attribute(ctx, columns)});
  node.infer();
  return node.result().shape;
}

/// All products as one with `columns` columns, weights dequantized by 2 operations each; before
/// them, operand 1 is added and operand 2 scales a norm.
Work projections(const OpContext& ctx, std::int64_t columns) {
  const Weight w = {size_attribute(ctx, "K"), columns};
  KinNode node(ctx, kMatMul);
  set_weight(node, w);
  Work work = node.work();
  work.arithmetic += w.elements() * 2 + if_given(ctx, 1, ctx.elements(0));
  if (ctx.has_input(2)) add_work(work, work_as<kRmsNorm>(ctx));
  return work;
}

void infer_mlp(OpContext& ctx) {
  check_activation(ctx);
  ctx.set_output(0, ctx.input(0).dtype, projected(ctx, "N"));
  ctx.set_output(1, ctx.input(0).dtype, ctx.input(0).shape);
}

Work mlp_work(const OpContext& ctx) {
  Work work = projections(ctx, (Count(size_attribute(ctx, "N")) * 2).value());
  const Count outputs = ctx.output_elements();
  work.arithmetic += outputs + if_given(ctx, 5, outputs) + if_given(ctx, 8, outputs);
  add_work(work, fused_activation_work(ctx));
  return work;
}

void infer_qkv(OpContext& ctx) {
  const ir::DType dtype = ctx.input(0).dtype;
  ctx.set_output(0, dtype, projected(ctx, "Nq"));
  ctx.set_output(1, dtype, projected(ctx, "Nkv"));
  ctx.set_output(2, dtype, projected(ctx, "Nkv"));
  ctx.set_output(3, dtype, ctx.input(0).shape);
}

Work qkv_work(const OpContext& ctx) {
  const Count columns = Count(size_attribute(ctx, "Nq")) + Count(size_attribute(ctx, "Nkv")) * 2;
  Work work = projections(ctx, columns.value());
  for (int i = 0; i < 3; ++i) {
    if (ctx.has_output(i)) work.arithmetic += if_given(ctx, 5 + 3 * i, ctx.output_elements(i));
  }
  return work;
}

using enum OpClass;
constexpr std::string_view kFusedFormula =
    "2*batch*M*N*K, + 1 per output if alpha != 1, + the activation";
constexpr AccessFn kTouchPair = touch_as<kData, kParameter>;
constexpr AccessFn kTouchTriple = touch_as<kData, kParameter, kParameter>;

constexpr OpSpec kContribMatmulOps[] = {
    contrib_row({kMatmul,
                 "FusedMatMul",
                 {2, 2},
                 infer_fused_matmul,
                 fused_matmul_work,
                 kTouchPair,
                 kFusedFormula}),
    contrib_row({kMatmul,
                 "TransposeMatMul",
                 {2, 2},
                 infer_fused_matmul,
                 fused_matmul_work,
                 kTouchPair,
                 kFusedFormula}),
    contrib_row({kMatmul,
                 "FusedMatMulActivation",
                 {2, 2},
                 infer_fused_matmul,
                 fused_matmul_work,
                 kTouchPair,
                 kFusedFormula}),
    // How many elements of A are stored is data: all of them is the limit.
    contrib_row({kMatmul,
                 "SparseToDenseMatMul",
                 {2, 2},
                 infer_fused_matmul,
                 fused_matmul_work,
                 kTouchPair,
                 "2*batch*M*N*K as if A were dense, + 1 per output if alpha != 1",
                 Confidence::kApproximate}),
    contrib_row({kMatmul,
                 "FusedGemm",
                 {2, 3},
                 infer_fused_gemm,
                 fused_gemm_work,
                 kTouchTriple,
                 "Gemm, + the activation"}),
    contrib_row({kMatmul,
                 "GemmFastGelu",
                 {2, 3},
                 infer_as<kMatMul>,
                 gemm_fast_gelu_work,
                 kTouchTriple,
                 "2*batch*M*N*K, + 8 per output and a tanh, + 1 per output if bias"}),
    contrib_row(
        {kMatmul,
         "GemmFloat8",
         {2, 6},
         infer_gemm_float8,
         gemm_float8_work,
         touch_as<kData, kParameter, kParameter, kBuffer, kBuffer, kBuffer>,
         "Gemm, + 1 per output if A or B is scaled and alpha = 1, + 1 if Y is scaled, + the "
         "activation"}),
    contrib_row({kMatmul,
                 "MatMulNBits",
                 {3, 6},
                 infer_low_bit<weight_of_attributes>,
                 matmul_nbits_work,
                 touch_packed<kData, kParameter, kBuffer, kBuffer, kBuffer, kParameter>,
                 "2*M*N*K, + 2*N*K (dequantize each weight once: sub, mul), + M*N if bias"}),
    contrib_row({kMatmul,
                 "MatMulNBitsMlp",
                 {8, 9, 1, 2},
                 infer_mlp,
                 mlp_work,
                 touch_packed<kData, kData, kParameter, kParameter, kBuffer, kParameter, kParameter,
                              kBuffer, kParameter>,
                 "2*M*2N*K, + 2*2N*K (dequantize), + M*N per bias, + the activation, + M*N (gate * "
                 "up); + M*K if skip, + RMSNormalization if norm_scale"}),
    contrib_row(
        {kMatmul,
         "MatMulNBitsQkv",
         {11, 12, 3, 4},
         infer_qkv,
         qkv_work,
         touch_packed<kData, kData, kParameter, kParameter, kBuffer, kParameter, kParameter,
                      kBuffer, kParameter, kParameter, kBuffer, kParameter>,
         "2*M*(Nq + 2*Nkv)*K, + 2*(Nq + 2*Nkv)*K (dequantize), + 1 per output with bias; + M*K "
         "if skip, + RMSNormalization"}),
    contrib_row({kMatmul,
                 "MatMulBlockQuantizedFp4Weight",
                 {4, 6},
                 infer_low_bit<weight_of_rows<2>>,
                 fp4_work,
                 touch_packed<kData, kParameter, kBuffer, kBuffer, kBuffer, kParameter>,
                 "2*M*N*K, + N*K (scale each weight once), + 1 per block (global scale), + M*N if "
                 "bias"}),
    contrib_row(
        {kMatmul,
         "MatMulBlockQuantizedFp8Weight",
         {3, 5},
         infer_low_bit<weight_of_rows<1>>,
         fp8_work,
         touch_as<kData, kParameter, kBuffer, kBuffer, kParameter>,
         "2*M*N*K, + N*K (scale each weight once), + 5 per element of A if a_scale, + M*N if "
         "bias"}),
    contrib_row({kMatmul,
                 "MatMulBnb4",
                 {3, 3},
                 infer_low_bit<weight_of_bnb4>,
                 low_bit_work<weight_of_bnb4, 1>,
                 touch_packed<kData, kParameter, kBuffer>,
                 "2*M*N*K, + N*K (scale each weight once; values are looked up)"}),
    contrib_row({kMatmul,
                 "MatMulFpQ4",
                 {3, 3},
                 infer_low_bit<weight_of_blob>,
                 low_bit_work<weight_of_blob, 2>,
                 kTouchPair,
                 "2*M*N*K, + 2*N*K (dequantize each weight once: sub, mul)"}),
};

}  // namespace

std::span<const OpSpec> contrib_matmul_ops() { return kContribMatmulOps; }

}  // namespace roofline::ops
