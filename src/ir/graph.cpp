// Owns the questions a graph can answer about itself.
// Refuses to know what an operator means.
#include "roofline/ir/graph.hpp"

namespace roofline::ir {

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
