// Owns how a rule reads a node: operands, attributes, and encodings that changed between opsets.
// Refuses to know the graph around the node.
#include "roofline/ops/op_context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace roofline::ops {
namespace {

template <class T>
const T* attr_value(const ir::Node& node, std::string_view name) {
  const ir::Attribute* attribute = node.attribute(name);
  if (!attribute) return nullptr;
  const T* value = std::get_if<T>(&attribute->value);
  if (!value) {
    throw RuleError("bad-attribute", fmt::format("attribute '{}' has the wrong type", name),
                    "re-export the model, or validate it with onnx.checker");
  }
  return value;
}

}  // namespace

OpContext::OpContext(const ir::Node& node, int opset, std::span<const ir::TensorType* const> inputs,
                     std::span<ir::TensorType> outputs)
    : node_(node), opset_(opset), inputs_(inputs), outputs_(outputs) {}

bool OpContext::has_input(int i) const {
  return i >= 0 && i < input_count() && inputs_[static_cast<std::size_t>(i)] != nullptr;
}

const ir::TensorType& OpContext::input(int i) const {
  if (!has_input(i)) {
    throw RuleError("missing-input", fmt::format("input {} is required but missing", i));
  }
  return *inputs_[static_cast<std::size_t>(i)];
}

const ir::Shape* OpContext::shape(int i) const {
  if (!has_input(i)) return nullptr;
  const auto& shape = input(i).shape;
  return shape ? &*shape : nullptr;
}

const Ints* OpContext::ints(int i) const {
  if (!has_input(i) || !input(i).value) return nullptr;
  return ir::ints(*input(i).value);
}

const Ints* OpContext::known_ints(int i) const {
  const Ints* values = ints(i);
  return values && ir::is_known(*input(i).value) ? values : nullptr;
}

const std::vector<double>* OpContext::floats(int i) const {
  if (!has_input(i) || !input(i).value) return nullptr;
  return std::get_if<std::vector<double>>(&*input(i).value);
}

Count OpContext::elements(int i) const { return input(i).elements().value(); }
Count OpContext::output_elements(int i) const { return output(i).elements().value(); }

bool OpContext::has_attr(std::string_view name) const { return node_.attribute(name) != nullptr; }

std::int64_t OpContext::attr_int(std::string_view name, std::int64_t fallback) const {
  const auto* value = attr_value<std::int64_t>(node_, name);
  return value ? *value : fallback;
}

double OpContext::attr_float(std::string_view name, double fallback) const {
  const auto* value = attr_value<double>(node_, name);
  return value ? *value : fallback;
}

std::string_view OpContext::attr_string(std::string_view name, std::string_view fallback) const {
  const auto* value = attr_value<std::string>(node_, name);
  return value ? std::string_view(*value) : fallback;
}

const Ints* OpContext::attr_ints(std::string_view name) const {
  return attr_value<Ints>(node_, name);
}

const std::vector<double>* OpContext::attr_floats(std::string_view name) const {
  return attr_value<std::vector<double>>(node_, name);
}

const std::vector<std::string>* OpContext::attr_strings(std::string_view name) const {
  return attr_value<std::vector<std::string>>(node_, name);
}

const ir::Constant* OpContext::attr_tensor(std::string_view name) const {
  return attr_value<ir::Constant>(node_, name);
}

std::int64_t OpContext::required_int(std::string_view name) const {
  const auto* value = attr_value<std::int64_t>(node_, name);
  if (!value) {
    throw RuleError("missing-attribute", fmt::format("attribute '{}' is required", name));
  }
  return *value;
}

const Ints& OpContext::required_ints(std::string_view name) const {
  const Ints* value = attr_ints(name);
  if (!value) {
    throw RuleError("missing-attribute", fmt::format("attribute '{}' is required", name));
  }
  return *value;
}

std::optional<Ints> OpContext::ints_attr_or_input(std::string_view name, int operand,
                                                  bool* unknown) const {
  if (const Ints* attribute = attr_ints(name)) return *attribute;
  if (!has_input(operand)) return std::nullopt;
  if (const Ints* values = known_ints(operand)) return *values;
  if (unknown) *unknown = true;
  return std::nullopt;
}

bool OpContext::has_output(int i) const {
  return i < output_count() &&
         (node_.outputs.empty() || node_.outputs[static_cast<std::size_t>(i)] != ir::kNoTensor);
}

ir::TensorType& OpContext::output(int i) {
  return i < output_count() ? outputs_[static_cast<std::size_t>(i)] : scratch_;
}

const ir::TensorType& OpContext::output(int i) const {
  return i < output_count() ? outputs_[static_cast<std::size_t>(i)] : scratch_;
}

const ir::Shape* OpContext::output_shape(int i) const {
  const auto& shape = output(i).shape;
  return shape ? &*shape : nullptr;
}

void OpContext::set_output(int i, ir::DType dtype, std::optional<ir::Shape> shape,
                           std::optional<ir::SmallValue> value) {
  if (i >= output_count()) return;
  // Hostile attributes reach sizes on many ways: here all of them pass.
  for (const std::int64_t dim : shape.value_or(ir::Shape{})) {
    if (dim >= 0 || dim == ir::kUnknownDim) continue;
    throw RuleError("bad-shape", fmt::format("output {} would have the size {}", i, dim),
                    "check the node's attributes and constant inputs");
  }
  output(i) = ir::TensorType{dtype, std::move(shape), std::move(value)};
}

void OpContext::set_bound(int i, ir::Shape bound) { output(i).bound = std::move(bound); }

void OpContext::set_container(int i, ir::ValueKind kind, ir::Content content) {
  ir::TensorType type{.dtype = content.common.dtype, .kind = kind};
  type.content = std::make_shared<const ir::Content>(std::move(content));
  output(i) = std::move(type);
}

std::size_t normalize_axis(std::int64_t axis, std::size_t rank) {
  const auto limit = static_cast<std::int64_t>(rank);
  if (axis < -limit || axis >= limit) {
    throw RuleError("bad-axis", fmt::format("axis {} does not fit a tensor of rank {}", axis, rank),
                    fmt::format("use an axis from {} to {}", -limit, limit - 1));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + limit : axis);
}

ir::Shape broadcast(const ir::Shape& a, const ir::Shape& b) {
  const ir::Shape& longer = a.size() >= b.size() ? a : b;
  const ir::Shape& shorter = a.size() >= b.size() ? b : a;
  ir::Shape out = longer;
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    const std::int64_t x = longer[offset + i];
    const std::int64_t y = shorter[i];
    if (x == y || y == 1) continue;
    if (x == 1 || (x == ir::kUnknownDim && y != ir::kUnknownDim)) {
      // An unknown size against 1 stays unknown; against more it can only be that or 1.
      out[offset + i] = y;
    } else if (y != ir::kUnknownDim) {
      throw RuleError("shape-mismatch",
                      fmt::format("shapes {} and {} do not broadcast: {} against {} on axis {}",
                                  ir::to_string(a), ir::to_string(b), x, y, offset + i));
    }
  }
  return out;
}

}  // namespace roofline::ops
