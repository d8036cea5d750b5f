// Owns how exporters' long node names are shortened for the screen.
// Refuses to rename anything a script could read.
#include "names.hpp"

#include <algorithm>

#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

/// Nodes of a fused layer named one by one; the rest is counted.
constexpr std::size_t kNamedNodes = 4;

std::string_view directory(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

std::string joined(const std::vector<std::string_view>& parts, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < parts.size(); ++i) {
    if (i > from) text += '/';
    text += parts[i];
  }
  return printable(text);
}

}  // namespace

std::vector<std::string_view> path_parts(std::string_view name) {
  const char separator = name.find('/') == std::string_view::npos ? '.' : '/';
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(name, separator)) {
    if (part.empty()) continue;
    const bool repeats_parent = !parts.empty() && part.size() > parts.back().size() &&
                                part.starts_with(parts.back()) && part[parts.back().size()] == '.';
    if (repeats_parent)
      parts.back() = part;
    else
      parts.push_back(part);
  }
  return parts;
}

Names::Names(const Report& report) : report_(report) {
  nodes_in_.reserve(report.nodes.size());
  for (const NodeRow& node : report.nodes) ++nodes_in_[directory(node.name)];
}

std::vector<std::string_view> Names::short_parts(const NodeRow& node) const {
  if (node.name.find('/') == std::string::npos) return {node.name};
  std::vector<std::string_view> parts = path_parts(node.name);
  const auto found = nodes_in_.find(directory(node.name));
  const bool alone = found != nodes_in_.end() && found->second == 1;
  if (alone && parts.size() > 1 && parts.back() == node.op_type) parts.pop_back();
  return parts;
}

std::string Names::node(std::size_t index) const {
  const NodeRow& row = report_.nodes[index];
  std::string text = joined(short_parts(row), 0);
  return text.empty() ? printable(row.id) : text;
}

std::string Names::fused_part(std::size_t index, const std::vector<std::string_view>& first) const {
  const NodeRow& row = report_.nodes[index];
  const std::vector<std::string_view> parts = short_parts(row);
  const auto [differs, end] = std::mismatch(parts.begin(), parts.end(), first.begin(), first.end());
  const std::string text = joined(parts, static_cast<std::size_t>(differs - parts.begin()));
  return text.empty() ? printable(row.op_type) : text;
}

std::string Names::layer(const LayerRow& layer) const {
  if (layer.nodes.empty()) return printable(layer.name);
  std::string text = node(layer.nodes.front());
  const std::vector<std::string_view> first = short_parts(report_.nodes[layer.nodes.front()]);
  for (std::size_t i = 1; i < layer.nodes.size(); ++i) {
    const std::size_t left = layer.nodes.size() - i;
    if (i == kNamedNodes - 1 && left > 1) return text + " + " + std::to_string(left) + " more";
    text += " + " + fused_part(layer.nodes[i], first);
  }
  return text;
}

}  // namespace roofline::report
