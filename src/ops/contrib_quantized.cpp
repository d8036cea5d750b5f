// Owns ONNX Runtime's operators on quantized tensors, element by element, over axes and windows.
// Refuses shortcuts: a function that a runtime looks up in 256 entries is counted as computed.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "kin.hpp"
#include "movement.hpp"

namespace roofline::ops {
namespace {

using enum Role;
using ir::DType;

// --- dequantize, an ONNX function, quantize: (X, x_scale, x_zero_point, y_scale, y_zero_point)
constexpr Kin kSigmoid = {.type = "Sigmoid"};
constexpr Kin kLeakyRelu = {.type = "LeakyRelu"};
constexpr Kin kQAveragePool = {.type = "AveragePool", .layout = Layout::kByAttribute};
constexpr Kin kQGlobalAveragePool = {.type = "GlobalAveragePool", .layout = Layout::kByAttribute};
constexpr Kin kReduceMean = {.type = "ReduceMean"};
constexpr Kin kSoftmaxRows = {.type = "Softmax", .opset = 1};
constexpr Kin kSoftmaxAxis = {.type = "Softmax", .opset = 13};

Count quantization(const OpContext& ctx) {
  return dequantize_ops(ctx, 0, 2) + quantize_ops(ctx, 4);
}

template <const Kin& kin>
Work around_work(const OpContext& ctx) {
  Work work = work_as<kin>(ctx);
  work.arithmetic += quantization(ctx);
  return work;
}

/// Attribute `opset` says which Softmax it was.
bool is_row_softmax(const OpContext& ctx) { return ctx.attr_int("opset", 13) < 13; }

void infer_softmax(OpContext& ctx) {
  is_row_softmax(ctx) ? infer_as<kSoftmaxRows>(ctx) : infer_as<kSoftmaxAxis>(ctx);
}

Work softmax_work(const OpContext& ctx) {
  return is_row_softmax(ctx) ? around_work<kSoftmaxRows>(ctx) : around_work<kSoftmaxAxis>(ctx);
}

// --- two operands: (A, a_scale, a_zero_point, B, b_scale, b_zero_point, c_scale, c_zero_point)
std::optional<ir::Shape> broadcast_of(const OpContext& ctx, std::initializer_list<int> operands) {
  ir::Shape out;
  for (const int i : operands) {
    const ir::Shape* shape = ctx.shape(i);
    if (!shape) return std::nullopt;
    out = broadcast(out, *shape);
  }
  return out;
}

void infer_qlinear_binary(OpContext& ctx) {
  ctx.set_output(0, ctx.input(0).dtype, broadcast_of(ctx, {0, 3}));
}

Work qlinear_add_work(const OpContext& ctx) {
  return {.arithmetic = dequantize_ops(ctx, 0, 2) + dequantize_ops(ctx, 3, 5) +
                        ctx.output_elements() + quantize_ops(ctx, 7)};
}

/// Subtracting an operand's zero point, where it has one.
Count center_ops(const OpContext& ctx, int data, int zero_point) {
  return ctx.has_input(zero_point) ? ctx.elements(data) : Count(0);
}

/// All scales are one factor.
Work qlinear_mul_work(const OpContext& ctx) {
  return {.arithmetic = center_ops(ctx, 0, 2) + center_ops(ctx, 3, 5) + ctx.output_elements() +
                        quantize_ops(ctx, 7)};
}

void infer_mul_integer(OpContext& ctx) {
  ctx.set_output(0, DType::kInt32, broadcast_of(ctx, {0, 2}));
}

Work mul_integer_work(const OpContext& ctx) {
  return {.arithmetic = center_ops(ctx, 0, 1) + center_ops(ctx, 2, 3) + ctx.output_elements()};
}

// --- QLinearWhere, QLinearConcat: to the result's scale (sub, then requantize)
constexpr int kRescaleOps = 1 + kRequantizeOps;

void infer_quantized_where(OpContext& ctx) {
  ctx.set_output(0, ctx.input(1).dtype, broadcast_of(ctx, {0, 1, 4}));
}

Work where_work(const OpContext& ctx) {
  return {.arithmetic = (ctx.elements(1) + ctx.elements(4)) * kRescaleOps + ctx.output_elements()};
}

/// Lays `part` behind `out` along the axis.
void append(ir::Shape& out, const ir::Shape& part, std::size_t axis) {
  if (part.size() != out.size()) {
    shape_error(fmt::format("parts have ranks {} and {}", out.size(), part.size()));
  }
  for (std::size_t d = 0; d < out.size(); ++d) {
    if (d == axis) continue;
    if (sizes_differ(out[d], part[d])) {
      shape_error(fmt::format("parts have sizes {} and {} on axis {}", out[d], part[d], d));
    }
    out[d] = known_size(out[d], part[d]);
  }
  const bool open = out[axis] == ir::kUnknownDim || part[axis] == ir::kUnknownDim;
  out[axis] = open ? ir::kUnknownDim : (Count(out[axis]) + part[axis]).value();
}

/// (y_scale, y_zero_point), then (tensor, scale, zero point) of each part, all of known rank.
ir::Shape concat(const OpContext& ctx) {
  ir::Shape out = *ctx.shape(2);
  const std::size_t axis = normalize_axis(ctx.required_int("axis"), out.size());
  for (int i = 5; i < ctx.input_count(); i += 3) append(out, *ctx.shape(i), axis);
  return out;
}

void infer_quantized_concat(OpContext& ctx) {
  if (ctx.input_count() < 3) shape_error("there is nothing to concatenate");
  bool is_ranked = true;
  for (int i = 2; i < ctx.input_count(); i += 3) is_ranked = is_ranked && ctx.shape(i);
  std::optional<ir::Shape> shape;
  if (is_ranked) shape = concat(ctx);
  ctx.set_output(0, ctx.input(2).dtype, std::move(shape));
}

AccessList touch_quantized_concat(const OpContext& ctx) {
  AccessList list;
  for (int i = 0; i < ctx.input_count(); ++i) {
    read_whole(ctx, i, i >= 2 && (i - 2) % 3 == 0 ? kData : kBuffer, list);
  }
  write_all(ctx, list);
  return list;
}

// --- ReduceSumInteger
constexpr Kin kReduceSum = {.type = "ReduceSum", .opset = 11};

void infer_reduce_sum_integer(OpContext& ctx) {
  infer_as<kReduceSum>(ctx);
  ctx.output(0).dtype = ctx.input(0).dtype == DType::kUint8 ? DType::kUint32 : DType::kInt32;
}

// --- block floating point: blocks share an exponent
/// How many bytes a block takes, the specification leaves to the format.
void infer_quantize_bfp(OpContext& ctx) {
  const ir::Shape* x = ctx.shape(0);
  const ir::Shape rank = {x ? static_cast<std::int64_t>(x->size()) : ir::kUnknownDim};
  ctx.set_output(0, DType::kUint8, ir::Shape{ir::kUnknownDim});
  ctx.set_output(1, DType::kInt64, rank);
  ctx.set_output(2, DType::kInt64, rank);
}

void infer_dequantize_bfp(OpContext& ctx) {
  ctx.set_output(0, ir::dtype_from_onnx(ctx.attr_int("dtype", 1)), shape_operand(ctx, 1, 0));
}

// --- layouts of cublasLt: (X, scale), symmetric
void infer_quantize_order(OpContext& ctx) { ctx.set_output(0, DType::kInt8, ctx.input(0).shape); }

void infer_dequantize_order(OpContext& ctx) {
  ctx.set_output(0, ir::dtype_from_onnx(ctx.required_int("to")), ctx.input(0).shape);
}

constexpr Kin kGelu = {.type = "Gelu", .opset = 20};

/// No zero points: a multiplication in, 4 operations out.
Work ordered_gelu_work(const OpContext& ctx) {
  Work work = work_as<kGelu>(ctx);
  work.arithmetic += ctx.elements(0) * (1 + 4);
  return work;
}

constexpr Kin kQLayerNorm = {.type = "LayerNormalization", .slots = at(0, 2, 3)};

void infer_ordered_norm(OpContext& ctx) {
  infer_as<kQLayerNorm>(ctx);
  ctx.output(0).dtype = ctx.input(0).dtype;
}

Work ordered_norm_work(const OpContext& ctx) {
  Work work = work_as<kQLayerNorm>(ctx);
  work.arithmetic += ctx.elements(0) * (1 + 4);
  return work;
}

// --- rows
template <const Kin& kin>
constexpr OpSpec around(OpClass cls, std::string_view type, std::string_view formula) {
  return contrib_row({cls,
                      type,
                      {4, 5},
                      infer_as<kin>,
                      around_work<kin>,
                      touch_as<kData, kBuffer, kBuffer, kBuffer, kBuffer>,
                      formula});
}

constexpr AccessFn kTouchPairs =
    touch_as<kData, kBuffer, kBuffer, kData, kBuffer, kBuffer, kBuffer, kBuffer>;

constexpr OpSpec kContribQuantizedOps[] = {
    around<kSigmoid>(OpClass::kActivation, "QLinearSigmoid",
                     "Sigmoid, + 2 per element of X (dequantize), + 5 per output (quantize)"),
    around<kLeakyRelu>(OpClass::kActivation, "QLinearLeakyRelu",
                       "LeakyRelu, + 2 per element of X (dequantize), + 5 per output (quantize)"),
    around<kQAveragePool>(
        OpClass::kPooling, "QLinearAveragePool",
        "AveragePool, + 2 per element of X (dequantize), + 5 per output (quantize)"),
    around<kQGlobalAveragePool>(
        OpClass::kPooling, "QLinearGlobalAveragePool",
        "GlobalAveragePool, + 2 per element of X (dequantize), + 5 per output (quantize)"),
    around<kReduceMean>(
        OpClass::kReduction, "QLinearReduceMean",
        "ReduceMean, + 2 per element of data (dequantize), + 5 per output (quantize)"),
    contrib_row({OpClass::kSoftmax,
                 "QLinearSoftmax",
                 {5, 5},
                 infer_softmax,
                 softmax_work,
                 touch_as<kData, kBuffer, kBuffer, kBuffer, kBuffer>,
                 "Softmax, + 2 per element of X (dequantize), + 5 per output (quantize)"}),
    contrib_row({OpClass::kElementwise,
                 "QLinearAdd",
                 {7, 8},
                 infer_qlinear_binary,
                 qlinear_add_work,
                 kTouchPairs,
                 "2 per element of A and of B (dequantize), + 6 per output (add, quantize)"}),
    contrib_row({OpClass::kElementwise,
                 "QLinearMul",
                 {7, 8},
                 infer_qlinear_binary,
                 qlinear_mul_work,
                 kTouchPairs,
                 "1 per element of A and of B (zero points), + 6 per output (mul, requantize)"}),
    contrib_row({OpClass::kElementwise,
                 "MulInteger",
                 {3, 4},
                 infer_mul_integer,
                 mul_integer_work,
                 touch_as<kData, kBuffer, kData, kBuffer>,
                 "1 per output, + 1 per element of A and of B whose zero point is given"}),
    contrib_row(
        {OpClass::kElementwise,
         "QLinearWhere",
         {9, 9},
         infer_quantized_where,
         where_work,
         touch_as<kBuffer, kData, kBuffer, kBuffer, kData, kBuffer, kBuffer, kBuffer, kBuffer>,
         "6 per element of X and of Y (rescale: sub, mul, round, add, min, max), + 1 per output"}),
    contrib_row({OpClass::kElementwise,
                 "QLinearConcat",
                 {3, kMany},
                 infer_quantized_concat,
                 per_output<kRescaleOps>,
                 touch_quantized_concat,
                 "6 per element (rescale: sub, mul, round, add, min, max)"}),
    contrib_row({OpClass::kReduction,
                 "ReduceSumInteger",
                 {1, 1},
                 infer_reduce_sum_integer,
                 work_as<kReduceSum>,
                 touch_first,
                 "n - m adds (n elements to m)"}),
    contrib_row({OpClass::kQuantize,
                 "QuantizeBFP",
                 {1, 1, 3, 3},
                 infer_quantize_bfp,
                 per_input<5>,
                 touch_first,
                 "5 per element: compare (a block's largest), mul, round, min, max",
                 Confidence::kApproximate}),
    contrib_row({OpClass::kQuantize,
                 "DequantizeBFP",
                 {3, 3},
                 infer_dequantize_bfp,
                 per_output<1>,
                 touch_as<kParameter>,
                 "1 per element (scale)"}),
    contrib_row({OpClass::kQuantize,
                 "QuantizeWithOrder",
                 {2, 2},
                 infer_quantize_order,
                 per_output<4>,
                 touch_as<kData, kBuffer>,
                 "4*elements (div, round, min, max)"}),
    contrib_row({OpClass::kQuantize,
                 "DequantizeWithOrder",
                 {2, 2},
                 infer_dequantize_order,
                 per_output<1>,
                 touch_as<kParameter, kBuffer>,
                 "elements (mul)"}),
    contrib_row({OpClass::kActivation,
                 "QOrderedGelu",
                 {3, 3},
                 infer_as<kGelu>,
                 ordered_gelu_work,
                 touch_as<kData, kBuffer, kBuffer>,
                 "Gelu, + 5 per element (dequantize, quantize)"}),
    contrib_row({OpClass::kNormalization,
                 "QOrderedLayerNormalization",
                 {4, 5},
                 infer_ordered_norm,
                 ordered_norm_work,
                 touch_as<kData, kBuffer, kParameter, kParameter, kBuffer>,
                 "LayerNormalization, + 5 per element (dequantize, quantize)"}),
};

}  // namespace

std::span<const OpSpec> contrib_quantized_ops() { return kContribQuantizedOps; }

}  // namespace roofline::ops
