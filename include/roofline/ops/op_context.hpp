#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/diagnostic.hpp"
#include "roofline/ir/graph.hpp"
#include "roofline/ir/tensor_type.hpp"
#include "roofline/ops/op_spec.hpp"

namespace roofline::ops {

using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;

/// What an operator's rules see of a node: attributes, and the *types* of operands and results.
/// Rules never see the graph, so a plan can cost the same node in another precision or tile.
class OpContext {
 public:
  /// `inputs[i]` is nullptr for an omitted operand. `outputs` has one entry per declared result.
  OpContext(const ir::Node& node, int opset, std::span<const ir::TensorType* const> inputs,
            std::span<ir::TensorType> outputs);

  [[nodiscard]] const ir::Node& node() const { return node_; }
  /// Imported version of the node's domain.
  [[nodiscard]] int opset() const { return opset_; }

  // --- operands
  [[nodiscard]] int input_count() const { return static_cast<int>(inputs_.size()); }
  [[nodiscard]] bool has_input(int i) const;
  /// Throws RuleError when operand i is omitted.
  [[nodiscard]] const ir::TensorType& input(int i) const;
  /// The operand's shape, or nullptr when its rank is unknown or it is omitted.
  [[nodiscard]] const ir::Shape* shape(int i) const;
  /// Integer elements of a small operand, or nullptr when not known (or omitted, or floats).
  /// Single elements may still be ir::kUnknownElement.
  [[nodiscard]] const std::vector<std::int64_t>* ints(int i) const;
  /// Same, nullptr unless every element is known.
  [[nodiscard]] const std::vector<std::int64_t>* known_ints(int i) const;
  /// Elements of a small float operand, or nullptr when not known. Single elements may be NaN.
  [[nodiscard]] const std::vector<double>* floats(int i) const;
  /// Number of elements of operand i / result i; RuleError-free precondition: shapes are known.
  [[nodiscard]] Count elements(int i) const;
  [[nodiscard]] Count output_elements(int i = 0) const;

  // --- attributes
  [[nodiscard]] bool has_attr(std::string_view name) const;
  [[nodiscard]] std::int64_t attr_int(std::string_view name, std::int64_t fallback) const;
  [[nodiscard]] double attr_float(std::string_view name, double fallback) const;
  [[nodiscard]] std::string_view attr_string(std::string_view name,
                                             std::string_view fallback) const;
  /// nullptr when absent.
  [[nodiscard]] const std::vector<std::int64_t>* attr_ints(std::string_view name) const;
  [[nodiscard]] const std::vector<double>* attr_floats(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>* attr_strings(std::string_view name) const;
  [[nodiscard]] const ir::Constant* attr_tensor(std::string_view name) const;
  /// Throws RuleError "missing-attribute".
  [[nodiscard]] std::int64_t required_int(std::string_view name) const;
  [[nodiscard]] const std::vector<std::int64_t>& required_ints(std::string_view name) const;
  /// An integer list that older opsets give as attribute `name`, newer ones as operand `operand`.
  /// nullopt when neither is given; `*unknown` (if not null) is set when it is given but not known.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> ints_attr_or_input(
      std::string_view name, int operand, bool* unknown = nullptr) const;

  // --- results
  [[nodiscard]] int output_count() const { return static_cast<int>(outputs_.size()); }
  /// False for a result the node leaves out; setting it is then a no-op.
  [[nodiscard]] bool has_output(int i) const;
  [[nodiscard]] ir::TensorType& output(int i = 0);
  [[nodiscard]] const ir::TensorType& output(int i = 0) const;
  [[nodiscard]] const ir::Shape* output_shape(int i = 0) const;
  /// Throws RuleError "bad-shape" for a negative size.
  void set_output(int i, ir::DType dtype, std::optional<ir::Shape> shape,
                  std::optional<ir::SmallValue> value = std::nullopt);
  /// Upper limits of result i's sizes, where set_output left sizes unknown because data decide.
  /// Rules that compute sizes from sizes need not call it: they run a second time on the limits of
  /// their operands.
  void set_bound(int i, ir::Shape bound);
  /// Result i is a sequence or an optional.
  void set_container(int i, ir::ValueKind kind, ir::Content content);

 private:
  const ir::Node& node_;
  int opset_;
  std::span<const ir::TensorType* const> inputs_;
  std::span<ir::TensorType> outputs_;
  mutable ir::TensorType scratch_ = {};  ///< receives results the node leaves out
};

/// Resolves a possibly negative axis against `rank`. Throws RuleError "bad-axis".
[[nodiscard]] std::size_t normalize_axis(std::int64_t axis, std::size_t rank);
/// NumPy broadcasting; unknown sizes stay unknown unless the other side decides. Throws RuleError.
[[nodiscard]] ir::Shape broadcast(const ir::Shape& a, const ir::Shape& b);

}  // namespace roofline::ops
