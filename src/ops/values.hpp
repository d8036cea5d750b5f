#pragma once
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <variant>
#include <vector>

#include "roofline/ops/op_context.hpp"

// Small values: how the integers, booleans and floats of shape arithmetic move and combine.
namespace roofline::ops {

[[nodiscard]] inline bool known(std::int64_t element) { return element != ir::kUnknownElement; }
[[nodiscard]] inline bool known(double element) { return !std::isnan(element); }

/// The value of operand i if it has one that fits its shape, else nullptr.
[[nodiscard]] const ir::SmallValue* small_value(const OpContext& ctx, int i);
/// Same, but a small operand of known shape without value gives unknown elements, so that the known
/// parts of its neighbours survive (Concat of a runtime size and a constant).
[[nodiscard]] std::optional<ir::SmallValue> value_or_unknown(const OpContext& ctx, int i);
/// Elements of a known shape if a value may have it, else nullopt.
[[nodiscard]] std::optional<std::size_t> small_size(const ir::Shape& shape);
/// The only element of a one-element operand; nullopt when not known (or not an integer).
[[nodiscard]] std::optional<std::int64_t> scalar_int(const OpContext& ctx, int i);
/// A size that input i holds, ir::kUnknownDim where it is not known. Throws RuleError
/// ("bad-value") for a negative one.
[[nodiscard]] std::int64_t size_operand(const OpContext& ctx, int i);
[[nodiscard]] std::optional<double> scalar_float(const OpContext& ctx, int i);

/// The shape that the integers of operand i name, unknown where they are; only the rank when the
/// operand's length is all that is known. Throws RuleError on sizes below `lowest`.
[[nodiscard]] std::optional<ir::Shape> shape_operand(const OpContext& ctx, int i,
                                                     std::int64_t lowest);

// --- moving
/// Row-major strides of a known shape.
[[nodiscard]] Ints row_strides(const ir::Shape& shape);
/// For each element of `out`, row-major: offset + coordinates . strides.
[[nodiscard]] Ints strided_sources(const ir::Shape& out, const Ints& strides, std::int64_t offset);
/// Element j of the result is element sources[j] of `value`; unknown where sources[j] < 0.
[[nodiscard]] ir::SmallValue pick(const ir::SmallValue& value,
                                  std::span<const std::int64_t> sources);
/// `value` of shape `from` broadcast to `to`; nullopt when `to` is unknown, large or does not fit.
[[nodiscard]] std::optional<ir::SmallValue> broadcast_value(const ir::SmallValue& value,
                                                            const ir::Shape& from,
                                                            const ir::Shape& to);

// --- converting
/// ONNX Cast: floats truncate to integers; what does not fit becomes unknown.
[[nodiscard]] ir::SmallValue convert(const ir::SmallValue& value, ir::DType to);
/// Forces computed elements into the range and precision of `dtype`.
[[nodiscard]] ir::SmallValue fit(ir::SmallValue value, ir::DType dtype);
[[nodiscard]] Doubles to_doubles(const ir::SmallValue& value);

// --- computing: Op::apply(T...) for T = int64 and double, only called with known elements
template <class R>
[[nodiscard]] R unknown_element() {
  if constexpr (std::is_same_v<R, double>)
    return std::nan("");
  else
    return ir::kUnknownElement;
}

template <class Op, class T>
[[nodiscard]] ir::SmallValue apply1(const std::vector<T>& x) {
  using R = decltype(Op::apply(T{}));
  std::vector<R> out;
  out.reserve(x.size());
  for (const T e : x) out.push_back(known(e) ? Op::apply(e) : unknown_element<R>());
  return out;
}

template <class Op, class T>
[[nodiscard]] ir::SmallValue apply2(const std::vector<T>& x, const std::vector<T>& y) {
  using R = decltype(Op::apply(T{}, T{}));
  std::vector<R> out;
  out.reserve(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    out.push_back(known(x[i]) && known(y[i]) ? Op::apply(x[i], y[i]) : unknown_element<R>());
  }
  return out;
}

/// Op over one value.
template <class Op>
[[nodiscard]] ir::SmallValue map1(const ir::SmallValue& x) {
  return std::visit([](const auto& elements) { return apply1<Op>(elements); }, x);
}

/// Op over two values of the same size; a mixed pair computes in doubles.
template <class Op>
[[nodiscard]] ir::SmallValue map2(const ir::SmallValue& x, const ir::SmallValue& y) {
  const Ints* xi = ir::ints(x);
  const Ints* yi = ir::ints(y);
  return xi && yi ? apply2<Op>(*xi, *yi) : apply2<Op>(to_doubles(x), to_doubles(y));
}

}  // namespace roofline::ops
