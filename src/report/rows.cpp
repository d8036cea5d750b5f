// Owns what a line of the layer table measures, the order of lines and their sums.
// Refuses to format anything.
#include "rows.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "format.hpp"
#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

Row node_row(const NodeRow& node, std::size_t index) {
  Row row;
  row.index = index;
  row.macs = node.macs;
  row.flops = node.flops;
  row.traffic = node.traffic_bytes;
  row.memory = node.live_bytes;
  row.parameters = node.parameters;
  row.intensity = node.intensity;
  row.complete = node.flops.has_value() && node.traffic_bytes.has_value() && node.repeat;
  row.repeat = node.repeat;
  return row;
}

Row layer_row(const Report& report, const LayerRow& layer, std::size_t index) {
  Row row;
  row.index = index;
  row.seconds = layer.predicted_latency_s;
  row.macs = layer.macs;
  row.flops = layer.flops;
  row.traffic = layer.planned_bytes;
  row.intensity = layer.intensity;
  row.complete = layer.complete && layer.repeat;
  row.lower_bound = !row.complete;
  row.repeat = layer.repeat;
  for (const std::size_t n : layer.nodes) {
    const NodeRow& node = report.nodes[n];
    row.parameters += node.parameters;
    if (node.live_bytes) row.memory = std::max(row.memory.value_or(0), *node.live_bytes);
  }
  return row;
}

double known(std::optional<Count> count) { return count ? count->as_double() : -1; }

double sort_value(const Row& row, const std::string& key) {
  if (key == "time") return row.seconds;
  if (key == "macs") return known(row.macs);
  if (key == "flops") return known(row.flops);
  if (key == "traffic") return known(row.traffic);
  if (key == "intensity") return row.intensity.value_or(-1);
  if (key == "parameters") return row.parameters.as_double();
  if (key == "memory") return known(row.memory);
  return 0;
}

void add(std::optional<Count>& sum, std::optional<Count> part) {
  if (part) sum = sum.value_or(0) + *part;
}

void add(Row& sum, const Row& part) {
  add(sum.macs, part.macs);
  add(sum.flops, part.flops);
  add(sum.traffic, part.traffic);
  if (part.memory) sum.memory = std::max(sum.memory.value_or(0), *part.memory);
  sum.seconds += part.seconds;
  sum.parameters += part.parameters;
  sum.members += part.members;
  sum.complete = sum.complete && part.complete;
  sum.lower_bound = !sum.complete;
}

std::vector<std::string> group_names(const Report& report, const Result* result,
                                     const std::vector<Row>& rows, GroupBy group_by) {
  std::vector<std::string> names;
  if (group_by == GroupBy::kScope) {
    std::vector<std::string_view> full_names;
    std::vector<double> weights;
    for (const Row& row : rows) {
      const NodeRow* node = first_node(report, result, row.index);
      full_names.push_back(node ? std::string_view(node->name) : std::string_view());
      weights.push_back(result ? row.seconds : std::max(0.0, known(row.flops)));
    }
    names = scopes(full_names, weights);
    for (std::string& name : names) name = name.empty() ? "(no scope)" : printable(name);
    return names;
  }
  for (const Row& row : rows) {
    const NodeRow* node = first_node(report, result, row.index);
    if (group_by == GroupBy::kOp)
      names.push_back(node ? printable(node->op_type) : "?");
    else
      names.push_back(result ? result->layers[row.index].cls : node->cls);
  }
  return names;
}

}  // namespace

std::vector<std::string> sort_keys() {
  return {"time", "order", "macs", "flops", "traffic", "intensity", "parameters", "memory"};
}

const NodeRow* first_node(const Report& report, const Result* result, std::size_t index) {
  if (!result) return &report.nodes[index];
  const LayerRow& layer = result->layers[index];
  return layer.nodes.empty() ? nullptr : &report.nodes[layer.nodes.front()];
}

std::vector<Row> make_rows(const Report& report, const Result* result) {
  std::vector<Row> rows;
  if (!result) {
    rows.reserve(report.nodes.size());
    for (std::size_t i = 0; i < report.nodes.size(); ++i) {
      rows.push_back(node_row(report.nodes[i], i));
    }
    return rows;
  }
  rows.reserve(result->layers.size());
  for (std::size_t i = 0; i < result->layers.size(); ++i) {
    rows.push_back(layer_row(report, result->layers[i], i));
  }
  return rows;
}

std::vector<Row> group_rows(const Report& report, const Result* result,
                            const std::vector<Row>& rows, GroupBy group_by) {
  const std::vector<std::string> names = group_names(report, result, rows, group_by);
  std::vector<Row> groups;
  std::unordered_map<std::string_view, std::size_t> index_of;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [entry, is_new] = index_of.try_emplace(names[i], groups.size());
    if (is_new) {
      groups.push_back({});
      groups.back().index = i;
      groups.back().group = names[i];
      groups.back().members = 0;
    }
    add(groups[entry->second], rows[i]);
  }
  for (Row& group : groups) {
    const bool moves = group.traffic && *group.traffic > 0;
    if (moves && group.flops)
      group.intensity = group.flops->as_double() / group.traffic->as_double();
  }
  return groups;
}

std::vector<std::size_t> sorted(const std::vector<Row>& rows, const std::string& key,
                                std::size_t top) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(sort_value(row, key));
  const std::size_t shown = top == 0 ? rows.size() : std::min(top, rows.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return values[a] != values[b] ? values[a] > values[b] : a < b;
                    });
  order.resize(shown);
  return order;
}

}  // namespace roofline::report
