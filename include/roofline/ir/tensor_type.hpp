#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "roofline/ir/dtype.hpp"

namespace roofline::ir {

/// Sizes of a tensor's axes, outermost first; kUnknownDim where a size is not known. {} is a
/// scalar.
using Shape = std::vector<std::int64_t>;
inline constexpr std::int64_t kUnknownDim = -1;

[[nodiscard]] bool is_known(const Shape& shape);
/// Number of elements; nullopt when a dimension is unknown (and none is 0). Throws OverflowError.
[[nodiscard]] std::optional<Count> element_count(const Shape& shape);
/// "1x3x224x224", "?" for an unknown size, "scalar" for rank 0.
[[nodiscard]] std::string to_string(const Shape& shape);

/// The elements of a small tensor, row-major: integers and booleans as int64, floats as double.
/// An element that is not known is kUnknownElement (integers) or NaN (floats).
using SmallValue = std::variant<std::vector<std::int64_t>, std::vector<double>>;
inline constexpr std::int64_t kUnknownElement = std::numeric_limits<std::int64_t>::min();
/// Tensors above this many elements carry no SmallValue: shape arithmetic never needs more.
inline constexpr std::int64_t kMaxSmallValueElements = 1024;

/// The integer elements, or nullptr when the value holds floats.
[[nodiscard]] inline const std::vector<std::int64_t>* ints(const SmallValue& v) {
  return std::get_if<std::vector<std::int64_t>>(&v);
}
[[nodiscard]] std::size_t size(const SmallValue& value);
/// True when no element is unknown.
[[nodiscard]] bool is_known(const SmallValue& value);

/// Everything inference knows about one tensor.
struct TensorType {
  DType dtype = DType::kUndefined;
  std::optional<Shape> shape = std::nullopt;       ///< nullopt: not even the rank is known
  std::optional<SmallValue> value = std::nullopt;  ///< shape arithmetic's operands and results

  [[nodiscard]] std::optional<Count> elements() const {
    return shape ? element_count(*shape) : std::nullopt;
  }
  /// Bytes as stored, densely packed; nullopt when the shape or dtype is unknown.
  [[nodiscard]] std::optional<Count> bytes() const;
};

}  // namespace roofline::ir
