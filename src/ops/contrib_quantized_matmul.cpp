// Owns ONNX Runtime's products of quantized operands: matrices, recurrent cells, gathered tables.
// Refuses products of floats: contrib_matmul.cpp has those.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "kin.hpp"
#include "movement.hpp"

namespace roofline::ops {
namespace {

using enum Role;
using ir::DType;

Count outputs_if(const OpContext& ctx, int operand) {
  return ctx.has_input(operand) ? ctx.output_elements() : Count(0);
}

// --- A and B are integers
constexpr Kin kMatMulInteger = {.type = "MatMulInteger", .slots = at(0, 1)};
/// (A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias)
constexpr Kin kIntegerToFloat = {.type = "MatMulInteger", .slots = at(0, 1, 4, 5)};
/// (A, B, b_scale, b_zero_point, bias)
constexpr Kin kDynamicMatMul = {.type = "MatMulInteger", .slots = at(0, 1, -1, 3)};
constexpr Kin kDynamicQuantize = {.type = "DynamicQuantizeLinear"};
/// (A, scale_A, B, scale_B, scale_Y, bias, C, scale_C)
constexpr Kin kOrderedMatMul = {.type = "MatMul", .slots = at(0, 2)};
/// (A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point)
constexpr Kin kQGemm = {.type = "Gemm", .slots = at(0, 3, 6)};

/// Unsigned only if both operands are.
void infer_integer16(OpContext& ctx) {
  infer_as<kMatMulInteger>(ctx);
  const bool is_unsigned =
      ctx.input(0).dtype == DType::kUint16 && ctx.input(1).dtype == DType::kUint16;
  ctx.output(0).dtype = is_unsigned ? DType::kUint32 : DType::kInt32;
}

template <const Kin& kin, int typed_like>
void infer_scaled(OpContext& ctx) {
  infer_as<kin>(ctx);
  ctx.output(0).dtype = ctx.input(typed_like).dtype;
}

/// Both scales are one factor per output.
Work integer_to_float_work(const OpContext& ctx) {
  Work work = work_as<kIntegerToFloat>(ctx);
  work.arithmetic += ctx.output_elements() + outputs_if(ctx, 6);
  return work;
}

/// A is quantized at run time and always has a zero point then.
Work dynamic_matmul_work(const OpContext& ctx) {
  Work work = work_as<kDynamicMatMul>(ctx);
  add_work(work, work_as<kDynamicQuantize>(ctx));
  work.arithmetic += ctx.elements(0) + ctx.output_elements() + outputs_if(ctx, 4);
  return work;
}

/// Symmetric: mul, round, min, max; C is scaled and added.
Work ordered_matmul_work(const OpContext& ctx) {
  Work work = work_as<kOrderedMatMul>(ctx);
  work.arithmetic += ctx.output_elements() * 4 + outputs_if(ctx, 5) + outputs_if(ctx, 6) * 2;
  return work;
}

void infer_qgemm(OpContext& ctx) {
  infer_as<kQGemm>(ctx);
  ctx.output(0).dtype = ctx.has_input(8) ? ctx.input(8).dtype : DType::kFloat32;
}

/// alpha is part of the scale; without y_scale the result is scaled to floats.
Work qgemm_work(const OpContext& ctx) {
  Work work = KinNode(ctx, kQGemm).work();
  work.arithmetic = ctx.elements(0) + ctx.elements(3) + outputs_if(ctx, 6) +
                    ctx.output_elements() * (ctx.has_input(7) ? kRequantizeOps : 1);
  return work;
}

// --- DynamicQuantizeLSTM: weights are [directions, columns, 4*hidden]
constexpr Kin kDynamicLstm = {.type = "LSTM", .slots = at(0, 1, 2, 3, 4, 5, 6, 7)};

void transpose_weights(KinNode& node) {
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    std::optional<ir::Shape>& shape = node.operand(i).shape;
    if (shape && shape->size() == 3) std::swap((*shape)[1], (*shape)[2]);
  }
}

void infer_lstm(OpContext& ctx) {
  KinNode node(ctx, kDynamicLstm);
  transpose_weights(node);
  node.infer();
  for (int i = 0; i < ctx.output_count(); ++i) {
    ctx.output(i) = node.result(static_cast<std::size_t>(i));
  }
}

/// Quantizing X once per direction and each hidden state once; both products of a gate are scaled.
Work lstm_work(const OpContext& ctx) {
  KinNode node(ctx, kDynamicLstm);
  transpose_weights(node);
  Work work = node.work();
  const ir::Shape& r = *ctx.shape(2);
  const ir::Shape& x = *ctx.shape(0);
  const Count states = Count(x[0]) * x[1] * r[0] * r[1];
  constexpr int kQuantizeOps = 7 + 1;  // DynamicQuantizeLinear, and its zero point
  work.arithmetic += (ctx.elements(0) * r[0] + states) * kQuantizeOps +
                     Count(x[0]) * x[1] * r[0] * r[2] * 2 + ctx.elements(1) + ctx.elements(2);
  return work;
}

// --- GatherBlockQuantized: (data, indices, scales, zero_points)
/// Values in an element of data: uint8 is packed along the last axis.
std::int64_t values_per_element(const OpContext& ctx) {
  if (ctx.input(0).dtype != DType::kUint8) return 1;
  const std::int64_t bits = ctx.attr_int("bits", 4);
  if (bits != 2 && bits != 4 && bits != 8) {
    attribute_error(fmt::format("attribute 'bits' is {}, expected 2, 4 or 8", bits));
  }
  return 8 / bits;
}

std::size_t gather_axis(const OpContext& ctx, const ir::Shape& data) {
  return normalize_axis(ctx.attr_int("gather_axis", 0), data.size());
}

void infer_block_gather(OpContext& ctx) {
  const DType dtype = ctx.input(2).dtype;
  const ir::Shape* data = ctx.shape(0);
  const ir::Shape* indices = ctx.shape(1);
  const std::int64_t values = values_per_element(ctx);
  if (!data || !indices) return ctx.set_output(0, dtype, std::nullopt);
  const auto axis = static_cast<std::ptrdiff_t>(gather_axis(ctx, *data));
  ir::Shape table = *data;
  if (table.back() != ir::kUnknownDim) table.back() = (Count(table.back()) * values).value();
  ir::Shape out(table.begin(), table.begin() + axis);
  out.insert(out.end(), indices->begin(), indices->end());
  out.insert(out.end(), table.begin() + axis + 1, table.end());
  ctx.set_output(0, dtype, std::move(out));
}

/// Floats of 8 and 4 bits have no zero point; integers have one even where it is not given.
Work gather_work(const OpContext& ctx) {
  return ir::is_float(ctx.input(0).dtype) ? per_output<1>(ctx) : per_output<2>(ctx);
}

/// Of `operand`, the part that belongs to what is gathered: one slice per index.
void read_slices(const OpContext& ctx, int operand, Role role, AccessList& list) {
  if (!ctx.has_input(operand)) return;
  const ir::Shape& data = *ctx.shape(0);
  const std::size_t axis = gather_axis(ctx, data);
  const ir::Shape& shape = *ctx.shape(operand);
  if (operand == 0 || (shape.size() == data.size() && shape[axis] == data[axis])) {
    Count slice = 1;
    for (std::size_t i = 0; i < shape.size(); ++i) slice *= i == axis ? 1 : shape[i];
    const Count touched = slice * ctx.elements(1);
    list.push_back({.operand = operand,
                    .elements = operand == 0 ? touched : std::min(touched, ctx.elements(operand)),
                    .run_length = run_behind(shape, axis),
                    .role = role});
    return;
  }
  read_whole(ctx, operand, role, list);
}

AccessList touch_block_gather(const OpContext& ctx) {
  AccessList list;
  read_slices(ctx, 0, kParameter, list);
  read_whole(ctx, 1, kBuffer, list);
  read_slices(ctx, 2, kBuffer, list);
  read_slices(ctx, 3, kBuffer, list);
  write_all(ctx, list);
  set_packing(ctx, ctx.attr_int("bits", 4), list);
  return list;
}

using enum OpClass;

constexpr OpSpec kContribQuantizedMatmulOps[] = {
    contrib_row({kMatmul,
                 "MatMulInteger16",
                 {2, 2},
                 infer_integer16,
                 work_as<kMatMulInteger>,
                 touch_as<kData, kParameter>,
                 "2*batch*M*N*K"}),
    contrib_row({kMatmul,
                 "MatMulIntegerToFloat",
                 {4, 7},
                 infer_scaled<kIntegerToFloat, 2>,
                 integer_to_float_work,
                 touch_as<kData, kParameter, kBuffer, kBuffer, kBuffer, kBuffer, kParameter>,
                 "MatMulInteger, + 1 per output (scale), + 1 per output if bias"}),
    contrib_row({kMatmul,
                 "DynamicQuantizeMatMul",
                 {3, 5},
                 infer_scaled<kDynamicMatMul, 0>,
                 dynamic_matmul_work,
                 touch_as<kData, kParameter, kBuffer, kBuffer, kParameter>,
                 "2*batch*M*N*K, + 8 per element of A (DynamicQuantizeLinear, zero point), + 1 per "
                 "element of B if it has a zero point, + 1 per output (scale), + 1 if bias"}),
    contrib_row({kMatmul,
                 "QGemm",
                 {6, 9},
                 infer_qgemm,
                 qgemm_work,
                 touch_as<kData, kBuffer, kBuffer, kParameter, kBuffer, kBuffer, kParameter,
                          kBuffer, kBuffer>,
                 "2*M*N*K, + 1 per element of A and of B (zero points), + M*N if C, + 5 per output "
                 "(requantize), 1 if the result is float"}),
    contrib_row({kMatmul,
                 "QOrderedMatMul",
                 {5, 8},
                 infer_scaled<kOrderedMatMul, 0>,
                 ordered_matmul_work,
                 touch_as<kData, kBuffer, kParameter, kBuffer, kBuffer, kParameter, kData, kBuffer>,
                 "2*batch*M*N*K, + 4 per output (requantize), + 1 if bias, + 2 if C"}),
    contrib_row({kRecurrent,
                 "DynamicQuantizeLSTM",
                 {12, 12, 0, 3},
                 infer_lstm,
                 lstm_work,
                 touch_as<kData, kParameter, kParameter, kParameter, kBuffer, kData, kData,
                          kParameter, kBuffer, kBuffer, kBuffer, kBuffer>,
                 "LSTM, + 8 per element of X and direction, and per hidden state (quantize), + 2 "
                 "per gate (scale), + 1 per weight (zero point)",
                 Confidence::kApproximate}),
    contrib_row({kQuantize,
                 "GatherBlockQuantized",
                 {3, 4},
                 infer_block_gather,
                 gather_work,
                 touch_block_gather,
                 "2 per output (sub, mul), 1 for data of float8 or float4"}),
};

}  // namespace

std::span<const OpSpec> contrib_quantized_matmul_ops() { return kContribQuantizedMatmulOps; }

}  // namespace roofline::ops
