// Owns Fourier transforms, windows and mel filters.
// Refuses transforms of an axis that does not exist; counts fast transforms, not naive ones.
#include <fmt/format.h>

#include "families.hpp"
#include "rules.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

// --- DFT

bool is_set(const OpContext& ctx, std::string_view name) { return ctx.attr_int(name, 0) != 0; }

/// X [..., 1 or 2]: the last axis holds real and imaginary parts and is never transformed.
/// The axis is an attribute in opset 17 and operand 2 from 20 on.
std::optional<std::size_t> dft_axis(const OpContext& ctx, std::size_t rank) {
  if (rank < 2)
    throw RuleError("bad-rank", fmt::format("input has rank {}, expected 2 or more", rank));
  std::int64_t axis = ctx.attr_int("axis", ctx.opset() < 20 ? 1 : -2);
  if (ctx.has_input(2)) {
    const auto given = scalar_int(ctx, 2);
    if (!given) return std::nullopt;
    axis = *given;
  }
  const std::size_t resolved = normalize_axis(axis, rank);
  if (resolved + 1 < rank) return resolved;
  throw RuleError("bad-axis", fmt::format("axis {} is the one of real and imaginary parts", axis));
}

std::int64_t dft_length(const OpContext& ctx, std::int64_t dim) {
  if (!ctx.has_input(1)) return dim;
  return size_operand(ctx, 1);
}

std::int64_t one_sided(std::int64_t n) { return n == kUnknownDim ? n : n / 2 + 1; }

void infer_dft(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  const bool half = is_set(ctx, "onesided");
  const bool inverse = is_set(ctx, "inverse");
  if (half && inverse && ctx.opset() < 20) {
    throw RuleError("bad-attribute", "DFT cannot be both inverse and onesided in this opset");
  }
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  Shape out = *x.shape;
  const std::optional<std::size_t> axis = dft_axis(ctx, out.size());
  if (!axis) return ctx.set_output(0, x.dtype, Shape(out.size(), kUnknownDim));
  // The inverse of half a spectrum is real and twice as long.
  const bool real = half && inverse;
  std::int64_t& dim = out[*axis];
  const std::int64_t full = real && dim > 0 ? (Count(2) * (dim - 1)).value() : dim;
  const std::int64_t n = dft_length(ctx, full);
  dim = half && !inverse ? one_sided(n) : n;
  out.back() = real ? 1 : 2;
  ctx.set_output(0, x.dtype, std::move(out));
}

/// 5 n log2 n operations, the usual count of a complex transform of n points.
Count fft(Count transforms, std::int64_t n) { return transforms * 5 * n * ceil_log2(n); }

Work dft_work(const OpContext& ctx) {
  const Shape& x = *ctx.shape(0);
  const Shape& out = *ctx.output_shape();
  const std::size_t axis = dft_axis(ctx, x.size()).value_or(x.size() - 2);
  const std::int64_t n = dft_length(ctx, std::max(x[axis], out[axis]));
  Count transforms = 1;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) transforms *= i == axis ? 1 : x[i];
  return {.arithmetic = fft(transforms, n == kUnknownDim ? out[axis] : n)};
}

// --- STFT

std::int64_t frame_length(const OpContext& ctx) {
  if (ctx.has_input(3)) return size_operand(ctx, 3);
  const Shape* window = ctx.shape(2);
  if (ctx.has_input(2)) return window && window->size() == 1 ? window->front() : kUnknownDim;
  throw RuleError("missing-input", "STFT needs a window or a frame length");
}

/// signal [N, L, 1 or 2] -> [N, frames, bins, 2].
void infer_stft(OpContext& ctx) {
  const Shape* signal = ctx.shape(0);
  if (signal && signal->size() < 2) {
    throw RuleError("bad-rank", fmt::format("signal {} has rank {}, expected 3 (batch, length, "
                                            "parts)",
                                            ir::to_string(*signal), signal->size()));
  }
  const std::int64_t n = frame_length(ctx);
  const std::int64_t step = size_operand(ctx, 1);
  if (step == 0) throw RuleError("bad-value", "STFT has the frame step 0");
  const std::int64_t length = signal ? (*signal)[1] : kUnknownDim;
  const bool open = n == kUnknownDim || step == kUnknownDim || length == kUnknownDim;
  if (!open && (n > length || n < 1)) {
    throw RuleError("bad-value", fmt::format("frames of {} every {} do not fit a signal of {}", n,
                                             step, length));
  }
  const std::int64_t frames = open ? kUnknownDim : (length - n) / step + 1;
  const std::int64_t bins = ctx.attr_int("onesided", 1) != 0 ? one_sided(n) : n;
  ctx.set_output(0, ctx.input(0).dtype,
                 Shape{signal ? signal->front() : kUnknownDim, frames, bins, 2});
}

/// One multiplication by the window per sample of a frame, then its transform.
Work stft_work(const OpContext& ctx) {
  const Shape& out = *ctx.output_shape();
  std::int64_t n = frame_length(ctx);
  if (n == kUnknownDim) n = out[2];
  const Count transforms = Count(out[0]) * out[1];
  return {.arithmetic = (ctx.has_input(2) ? transforms * n : 0) + fft(transforms, n)};
}

/// Frames overlap, but each sample is read from memory once.
AccessList touch_stft(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, Role::kData, list);
  read_whole(ctx, 2, Role::kBuffer, list);
  write_all(ctx, list);
  return list;
}

// --- windows, MelWeightMatrix

DType output_dtype(const OpContext& ctx) {
  return ir::dtype_from_onnx(ctx.attr_int("output_datatype", 1));
}

void infer_window(OpContext& ctx) {
  ctx.set_output(0, output_dtype(ctx), Shape{size_operand(ctx, 0)});
}

void infer_mel(OpContext& ctx) {
  ctx.set_output(0, output_dtype(ctx),
                 Shape{one_sided(size_operand(ctx, 1)), size_operand(ctx, 0)});
}

/// Each weight is a slope: subtract, divide, compare; each band edge is converted from mels.
Work mel_work(const OpContext& ctx) {
  return {.arithmetic = ctx.output_elements() * 3,
          .transcendentals = ctx.output_shape()->back() + 2};
}

constexpr OpSpec signal(std::string_view type, int since, Arity arity, InferFn infer, WorkFn work,
                        AccessFn access, std::string_view formula, std::string_view source = {}) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kSignal,
          .arity = arity,
          .infer = infer,
          .work = work,
          .access = access,
          .formula = formula,
          .source = source,
          .confidence = source.empty() ? Confidence::kExact : Confidence::kApproximate};
}

constexpr std::string_view kFft = "fast transform of n points, twiddle factors precomputed";

constexpr OpSpec kSignalOps[] = {
    signal("DFT", 17, {1, 3}, infer_dft, dft_work, touch_first,
           "5*n*ceil(log2 n) per transform of n points", kFft),
    signal("STFT", 17, {2, 4}, infer_stft, stft_work, touch_stft,
           "frames*(n + 5*n*ceil(log2 n)), n without a window left out", kFft),
    signal("HannWindow", 17, {1, 1}, infer_window, per_output<3, 1>, touch_results,
           "3*elements (mul, mul, sub), and elements transcendental"),
    signal("HammingWindow", 17, {1, 1}, infer_window, per_output<3, 1>, touch_results,
           "3*elements (mul, mul, sub), and elements transcendental"),
    signal("BlackmanWindow", 17, {1, 1}, infer_window, per_output<6, 2>, touch_results,
           "6*elements (two angles, two weights, sub, add), and 2*elements transcendental"),
    signal("MelWeightMatrix", 17, {5, 5}, infer_mel, mel_work, touch_results,
           "3*elements, and bins + 2 transcendental", "triangular filters, one slope per weight"),
};

}  // namespace

std::span<const OpSpec> signal_ops() { return kSignalOps; }

}  // namespace roofline::ops
