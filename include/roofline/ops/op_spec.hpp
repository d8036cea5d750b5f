#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "roofline/base/count.hpp"

namespace roofline::ops {

class OpContext;

/// What later rooms may know of an operator: they ask the class, never the operator's name.
enum class OpClass : std::uint8_t {
  kConv,           ///< convolutions, transposed and integer ones included
  kMatmul,         ///< Gemm, MatMul, Einsum and quantized kin
  kAttention,      ///< fused attention operators
  kRecurrent,      ///< RNN, GRU, LSTM
  kElementwise,    ///< arithmetic, comparison, logic, select
  kActivation,     ///< unary functions a runtime fuses into a producer
  kNormalization,  ///< BatchNorm, LayerNorm, ...
  kSoftmax,
  kReduction,
  kPooling,
  kResize,
  kQuantize,  ///< QuantizeLinear, DequantizeLinear, ...
  kRandom,
  kSearch,  ///< TopK, NonMaxSuppression, sorting, ...
  kSignal,  ///< DFT, STFT, windows
  kMl,      ///< ai.onnx.ml
  kOther,
  // Movement classes: only these may have no_work.
  kMovement,  ///< Transpose, Concat, Slice, Gather, Pad, Cast, ...: bytes, no arithmetic
  kView,      ///< Reshape, Squeeze, Identity, ...: neither
  kShape,     ///< Shape, Size, Constant, ...: metadata only
  kControl,   ///< If, Loop, Scan, sequence handling
};
[[nodiscard]] std::string_view class_name(OpClass cls);  ///< "conv", "matmul", ...
/// True for the classes whose operators may do no arithmetic (kMovement .. kControl).
[[nodiscard]] bool may_have_no_work(OpClass cls);

/// A contraction in matrix form: `batch` independent groups of [m,k] x [k,n].
/// A convolution is m = N*OH*OW, n = Cout/groups, k = Cin/groups * kernel volume.
struct Contraction {
  std::int64_t batch = 1;
  std::int64_t m = 1;
  std::int64_t n = 1;
  std::int64_t k = 1;
  std::int64_t groups = 1;                ///< of a convolution
  std::vector<std::int64_t> kernel = {};  ///< empty when not a convolution
  std::vector<std::int64_t> stride = {};
  std::vector<std::int64_t> dilation = {};
  Count valid_macs = 0;  ///< MACs whose tap falls on real input, not padding
};

/// What a node computes. Exact integers.
struct Work {
  Count macs = 0;        ///< multiply-accumulates of contractions, padding taps included
  Count arithmetic = 0;  ///< every other add, sub, mul, div, compare, min, max, select
  Count transcendentals =
      0;  ///< exp, log, tanh, erf, sqrt, pow, ...: counted apart, not in flops()
  /// nullptr when there is none. Shared: plans of one node describe the same contraction.
  std::shared_ptr<const Contraction> contraction = nullptr;
  /// 1 MAC = 2 FLOPs, said here and nowhere else.
  [[nodiscard]] Count flops() const { return 2 * macs + arithmetic; }
};

/// How an operand's bytes count.
enum class Role : std::uint8_t {
  kData,  ///< activation; a constant here is a weight, and a parameter if floating and not single
  kParameter,  ///< a weight slot (Conv W, Gemm B, LSTM R, ...): a constant of any dtype is a
               ///< parameter
  kBuffer,  ///< a constant here is weight traffic but no parameter (BatchNorm mean, indices, masks)
};

/// One read or write of an operand by a node. Operands not listed are not touched
/// (shape vectors, axes and other configuration: metadata that the compiler bakes in).
struct Access {
  int operand = 0;              ///< input index; ~index for an output (see is_output)
  Count elements = 0;           ///< elements touched, each once
  std::int64_t run_length = 0;  ///< contiguous elements per run; 0 = the whole operand is one run
  Role role = Role::kData;
  int packing = 1;  ///< parameters in one element: 2 for 4-bit weights in a tensor of bytes
  [[nodiscard]] bool is_output() const { return operand < 0; }
  [[nodiscard]] int index() const { return operand < 0 ? ~operand : operand; }
};
using AccessList = std::vector<Access>;

struct Arity {
  int min_inputs;
  int max_inputs;
  int min_outputs = 1;
  int max_outputs = 1;
};
inline constexpr int kMany = std::numeric_limits<int>::max();

enum class Confidence : std::uint8_t { kExact, kApproximate, kUnknown };
[[nodiscard]] std::string_view confidence_name(Confidence confidence);

/// Sets every output's type from the operands' types. Throws RuleError when the node is wrong;
/// leaves dtype, shape or value unset where it cannot be known.
using InferFn = void (*)(OpContext&);
/// Work of a node whose operands and results all have known shapes.
using WorkFn = Work (*)(const OpContext&);
/// Operands touched, same precondition.
using AccessFn = AccessList (*)(const OpContext&);

/// What an operator can become inside a neighbouring kernel. Operators of class kActivation with
/// one activation operand qualify as the end of a contraction's kernel by class.
enum class Fusion : std::uint8_t {
  kNone,
  kScaleShift,  ///< per-channel factor and offset that fold into the weights (BatchNormalization)
  kAdd,         ///< a bias or a residual at the end of a contraction
  kPad,         ///< a border that the convolution or pooling behind it can produce by itself
  kQuantize,    ///< ends a kernel on integers (QuantizeLinear)
  kDequantize,  ///< a kernel on integers, or one that unpacks its weights, does without it
};

/// One row of the operator table: all that the tool knows about an operator from opset `since` on.
/// Only a change of meaning needs a second row; changes of encoding hide in OpContext.
struct OpSpec {
  std::string_view domain = {};  ///< "" is ai.onnx
  std::string_view type;
  int since;  ///< first opset of this meaning
  OpClass cls;
  Arity arity;
  InferFn infer;
  WorkFn work;
  AccessFn access;
  std::string_view formula;  ///< FLOPs in terms of the operands, as docs and `roofline ops` show it
  std::string_view source = {};  ///< where formula or rule come from, if not the ONNX specification
  Confidence confidence =
      Confidence::kExact;  ///< kApproximate for a stated upper bound or estimate
  Fusion fusion = Fusion::kNone;
  /// Bit i: larger elements of operand i make results larger or equal, in size and elements, so
  /// that their upper limits carry over. For non-negative elements only.
  std::uint32_t grows_with = 0;
};
inline constexpr std::uint32_t kEveryOperand = ~std::uint32_t{0};
/// The row, growing with those operands.
constexpr OpSpec growing(std::uint32_t operands, OpSpec row) {
  row.grows_with = operands;
  return row;
}

}  // namespace roofline::ops
