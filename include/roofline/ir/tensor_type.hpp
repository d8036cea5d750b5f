#pragma once
#include <cstdint>
#include <limits>
#include <memory>
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

/// What kind of ONNX value a name stands for.
enum class ValueKind : std::uint8_t { kTensor, kSparseTensor, kSequence, kOptional, kMap, kOpaque };

struct Content;

/// Everything inference knows about one value: a tensor, or a sequence or optional of values.
struct TensorType {
  DType dtype = DType::kUndefined;                 ///< of a sequence: of its elements
  std::optional<Shape> shape = std::nullopt;       ///< nullopt: not even the rank is known
  std::optional<SmallValue> value = std::nullopt;  ///< shape arithmetic's operands and results
  /// Upper limits of the sizes, of shape's rank, where `shape` has sizes that depend on data.
  std::optional<Shape> bound = std::nullopt;
  /// Upper limits of the elements, where `value` does not know them all.
  std::optional<SmallValue> value_bound = std::nullopt;
  ValueKind kind = ValueKind::kTensor;
  std::shared_ptr<const Content> content = nullptr;  ///< of a sequence or optional, if known

  /// Elements, at most so many where sizes have upper limits only; of a sequence all together.
  [[nodiscard]] std::optional<Count> elements() const;
  /// Bytes as stored, densely packed; nullopt when the shape or dtype is unknown.
  [[nodiscard]] std::optional<Count> bytes() const;
  /// True when every size is known, not only limited.
  [[nodiscard]] bool has_exact_shape() const;
};

/// What a sequence or optional holds.
struct Content {
  TensorType common = {};  ///< what all elements share
  /// Each element, when their number is known and small; an optional holds 0 or 1.
  std::optional<std::vector<TensorType>> each = std::nullopt;
  std::optional<std::int64_t> length = std::nullopt;  ///< when known, though `each` is not

  /// Number of elements, if known.
  [[nodiscard]] std::optional<std::int64_t> size() const;
};

/// Containers describe each of so many elements at most, so that a chain of inserts stays cheap.
inline constexpr std::int64_t kMaxContentElements = 256;
/// The content of a container of these elements. `common` is `unknown` when there are none.
[[nodiscard]] Content content_of(std::vector<TensorType> each, TensorType unknown = {});

/// What is true of both: dtypes, ranks, sizes and elements in which they differ become unknown, and
/// unknown sizes keep the larger limit when all limits are known.
[[nodiscard]] TensorType join(const TensorType& a, const TensorType& b);

}  // namespace roofline::ir
