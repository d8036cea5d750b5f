// Owns the questions a graph and its types can answer about themselves.
// Refuses to know what an operator means.
#include "roofline/ir/graph.hpp"

#include <algorithm>
#include <cmath>

namespace roofline::ir {

bool is_known(const Shape& shape) {
  return std::find(shape.begin(), shape.end(), kUnknownDim) == shape.end();
}

std::optional<Count> element_count(const Shape& shape) {
  // Both questions come before the product, which may overflow where the answer is simple: an empty
  // axis empties the tensor, whatever the other ones are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return Count(0);
  if (!is_known(shape)) return std::nullopt;
  Count product = 1;
  for (const std::int64_t dim : shape) product *= dim;
  return product;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t dim : shape) {
    if (!text.empty()) text += 'x';
    text += dim == kUnknownDim ? "?" : std::to_string(dim);
  }
  return text;
}

std::size_t size(const SmallValue& value) {
  return std::visit([](const auto& elements) { return elements.size(); }, value);
}

bool is_known(const SmallValue& value) {
  if (const auto* elements = ints(value)) {
    return std::find(elements->begin(), elements->end(), kUnknownElement) == elements->end();
  }
  const auto& floats = std::get<std::vector<double>>(value);
  return std::none_of(floats.begin(), floats.end(), [](double x) { return std::isnan(x); });
}

std::optional<Count> TensorType::bytes() const {
  const std::optional<Count> count = elements();
  if (!count || dtype == DType::kUndefined) return std::nullopt;
  return ir::bytes(dtype, *count);
}

const Attribute* Node::attribute(std::string_view attribute_name) const {
  for (const Attribute& attribute : attributes) {
    if (attribute.name == attribute_name) return &attribute;
  }
  return nullptr;
}

std::optional<int> Model::opset(std::string_view domain) const {
  for (const auto& [name, version] : opsets) {
    if (name == domain) return version;
  }
  return std::nullopt;
}

std::string display_name(const Node& node, NodeId index) {
  return node.name.empty() ? node.op_type + "#" + std::to_string(index) : node.name;
}

}  // namespace roofline::ir
