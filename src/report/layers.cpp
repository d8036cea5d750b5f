// Owns the layer table of a text report: which columns, which rows, in which order.
// Refuses to compute costs.
#include <fmt/format.h>

#include <algorithm>

#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/report/table.hpp"
#include "rows.hpp"
#include "screen.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kBarWidth = 8;

struct Context {
  const Screen& screen;
  const Result* result;
  double total = 0;    ///< of the weight that `share` is a part of
  double largest = 0;  ///< weight of the heaviest row
};

/// One column of the table and how a row fills it.
struct LayerField {
  Column column;
  Cell (*cell)(const Context&, const Row&);
};

/// What shares and bars are parts of: time on a machine, FLOPs without one.
double weight(const Result* result, const Row& row) {
  return result ? row.seconds : row.flops.value_or(0).as_double();
}

/// What is not known may cost something.
bool costs_something(const Result* result, const Row& row) {
  return weight(result, row) > 0 || (!row.complete && row.repeat != Count(0));
}

const LayerRow& layer_of(const Context& c, const Row& row) { return c.result->layers[row.index]; }

Style quiet_if_zero(std::optional<Count> count) {
  return count && *count == 0 ? Style::kDim : Style::kPlain;
}

Cell share_cell(const Context& c, const Row& row) {
  if (!c.result && !row.flops) return {"?"};
  return {format_percent(ratio(weight(c.result, row), c.total))};
}

Cell bar_cell(const Context& c, const Row& row) {
  const bool colored = c.result && row.group.empty();
  return {bar(ratio(weight(c.result, row), c.largest), kBarWidth, c.screen.options.unicode),
          colored ? bound_style(layer_of(c, row).bottleneck) : Style::kPlain};
}

/// "12 x " in front of what a loop runs.
std::string repeat_text(const Row& row) {
  if (!row.repeat) return "? x ";
  if (*row.repeat == 0) return "not counted: ";
  return *row.repeat == 1 ? "" : count_text(row.repeat) + " x ";
}

Cell name_cell(const Context& c, const Row& row) {
  if (!row.group.empty()) return {row.group};
  return {repeat_text(row) +
          (c.result ? c.screen.names.layer(layer_of(c, row)) : c.screen.names.node(row.index))};
}

Cell op_cell(const Context& c, const Row& row) {
  const NodeRow* node = first_node(c.screen.report, c.result, row.index);
  return {node ? op_text(*node) : "?"};
}

Cell output_cell(const Context& c, const Row& row) {
  const NodeRow* node = c.result && !layer_of(c, row).nodes.empty()
                            ? &c.screen.report.nodes[layer_of(c, row).nodes.back()]
                            : first_node(c.screen.report, c.result, row.index);
  return {node ? output_text(*node) : "?"};
}

Cell quantity_cell(std::string text, std::optional<Count> count, const Row& row) {
  return {count ? at_least(std::move(text), !row.lower_bound) : "?", quiet_if_zero(count)};
}

Cell time_cell(const Context&, const Row& row) {
  return {at_least(seconds_text(row.seconds), !row.lower_bound)};
}
/// Beside scenarios: what it took before.
Cell before_cell(const Context& c, const Row& row) {
  const std::optional<double>& before = layer_of(c, row).base_latency_s;
  return {before ? seconds_text(*before) : "new"};
}
Cell macs_cell(const Context&, const Row& row) {
  return quantity_cell(count_text(row.macs), row.macs, row);
}
Cell flops_cell(const Context&, const Row& row) {
  return quantity_cell(count_text(row.flops), row.flops, row);
}
Cell traffic_cell(const Context&, const Row& row) {
  return quantity_cell(bytes_text(row.traffic), row.traffic, row);
}
Cell parameters_cell(const Context&, const Row& row) {
  return {count_text(row.parameters), quiet_if_zero(row.parameters)};
}
Cell memory_cell(const Context&, const Row& row) { return {bytes_text(row.memory)}; }
Cell intensity_cell(const Context&, const Row& row) {
  const bool unknown = !row.intensity && (!row.traffic || *row.traffic > 0);
  return {unknown ? "?" : intensity_text(row.intensity)};
}
Cell bound_cell(const Context& c, const Row& row) {
  const std::string& bound = layer_of(c, row).bound;
  return {bound, bound_style(bound)};
}
Cell bottleneck_cell(const Context& c, const Row& row) {
  const std::string& bottleneck = layer_of(c, row).bottleneck;
  return {bottleneck, bound_style(bottleneck)};
}
Cell members_cell(const Context&, const Row& row) { return {fmt::format("{}", row.members)}; }

std::string_view group_title(GroupBy group_by) {
  switch (group_by) {
    case GroupBy::kNone:
      return "layer";
    case GroupBy::kOp:
      return "op";
    case GroupBy::kClass:
      return "class";
    case GroupBy::kScope:
      return "scope";
  }
  return "layer";
}

/// Ranks say what a narrow screen loses first: the bar, then what follows from other columns.
std::vector<LayerField> layer_fields(const Result* result) {
  const bool on_machine = result != nullptr;
  std::vector<LayerField> fields;
  if (on_machine && result->base) fields.push_back({{"before", Align::kQuantity}, before_cell});
  if (on_machine)
    fields.push_back({{"time", Align::kQuantity}, time_cell});
  else
    fields.push_back({{"FLOPs", Align::kQuantity}, flops_cell});
  fields.push_back({{"share", Align::kRight, 1}, share_cell});
  fields.push_back({{"", Align::kLeft, 8}, bar_cell});
  fields.push_back(
      {{.title = "layer", .max_width = 48, .flexible = true, .min_width = 32}, name_cell});
  fields.push_back({{.title = "op", .rank = 4, .max_width = 22}, op_cell});
  fields.push_back({{.title = "output", .rank = 7, .max_width = 18}, output_cell});
  fields.push_back({{"MACs", Align::kQuantity, 5}, macs_cell});
  if (!on_machine) fields.push_back({{"params", Align::kQuantity, 3}, parameters_cell});
  fields.push_back({{"traffic", Align::kQuantity, 2}, traffic_cell});
  fields.push_back({{"FLOP/B", Align::kRight, 6}, intensity_cell});
  if (!on_machine) fields.push_back({{"memory", Align::kQuantity, 8}, memory_cell});
  if (on_machine) fields.push_back({{"bound", Align::kLeft, 9}, bound_cell});
  if (on_machine) fields.push_back({{"bottleneck", Align::kLeft, 1}, bottleneck_cell});
  return fields;
}

std::vector<LayerField> group_fields(bool on_machine, GroupBy group_by) {
  std::vector<LayerField> fields;
  if (on_machine) fields.push_back({{"time", Align::kQuantity}, time_cell});
  fields.push_back({{"FLOPs", Align::kQuantity, on_machine ? 6 : 0}, flops_cell});
  fields.push_back({{"share", Align::kRight, 1}, share_cell});
  fields.push_back({{"", Align::kLeft, 8}, bar_cell});
  fields.push_back(
      {{.title = std::string(group_title(group_by)), .flexible = true, .min_width = 12},
       name_cell});
  fields.push_back({{on_machine ? "layers" : "nodes", Align::kRight, 3}, members_cell});
  fields.push_back({{"MACs", Align::kQuantity, 5}, macs_cell});
  fields.push_back({{"params", Align::kQuantity, 4}, parameters_cell});
  fields.push_back({{"traffic", Align::kQuantity, 2}, traffic_cell});
  fields.push_back({{"FLOP/B", Align::kRight, 7}, intensity_cell});
  return fields;
}

/// Says what is not shown, and how to see it.
void append_rest(Screen& screen, const std::vector<Row>& rows,
                 const std::vector<std::size_t>& shown, const Context& context) {
  if (rows.size() == shown.size()) return;
  double rest = context.total - (context.result ? context.result->run_overhead_s : 0);
  std::size_t costing = 0;
  for (const Row& row : rows) costing += costs_something(context.result, row) ? 1U : 0U;
  for (const std::size_t i : shown) {
    rest -= weight(context.result, rows[i]);
    costing -= costs_something(context.result, rows[i]) ? 1U : 0U;
  }
  const bool grouped = screen.options.group_by != GroupBy::kNone;
  const std::string_view what = grouped          ? "more group"
                                : context.result ? "more layer"
                                                 : "more node";
  const std::size_t free = rows.size() - shown.size() - costing;
  const std::string share = format_percent(std::max(0.0, ratio(rest, context.total)));
  const std::string_view unit = context.result ? "time" : "FLOPs";
  const std::string_view for_free = context.result ? "at no cost" : "without FLOPs";
  std::string line;
  if (costing > 0) line += fmt::format("{}, {} of the {}", counted(costing, what), share, unit);
  if (costing > 0 && free > 0) line += fmt::format(", and {} {}", free, for_free);
  if (costing == 0) line += fmt::format("{} {}", counted(free, what), for_free);
  append_remark(screen, line);
  if (!grouped) {
    append_remark(screen, "--top 0 lists all, --group-by op sums them, --explain NAME derives one");
  }
}

/// Rows to list. Without --top 0, what costs nothing is left out of a list of what costs most.
std::vector<std::size_t> rows_shown(const TextOptions& options, const Result* result,
                                    const std::vector<Row>& rows) {
  const std::string by_weight = result ? "time" : "flops";
  const std::string key = options.sort == "time" ? by_weight : options.sort;
  std::vector<std::size_t> shown = sorted(rows, key, options.top);
  const auto is_free = [&](std::size_t i) { return !costs_something(result, rows[i]); };
  if (options.top != 0 && key == by_weight && !std::all_of(shown.begin(), shown.end(), is_free)) {
    std::erase_if(shown, is_free);
  }
  return shown;
}

/// What no layer accounts for, so that the list adds up to the total.
void append_run_overhead(Screen& screen, const Result* result) {
  if (result && result->base && result->base->gone_s > 0) {
    append_remark(screen, seconds_text(result->base->gone_s) +
                              " before were of layers that are no more, beside these");
  }
  if (!result || result->run_overhead_s <= 0) return;
  const double share = ratio(result->run_overhead_s, result->predicted_latency_s);
  std::string line = fmt::format("{} ({}) is overhead of the run as a whole, in no layer",
                                 seconds_text(result->run_overhead_s), format_percent(share));
  if (result->copy_s > 0) {
    line += fmt::format(" ({} copies over the host link)", seconds_text(result->copy_s));
  }
  append_remark(screen, line);
}

}  // namespace

void append_layers(Screen& screen, const Result* result) {
  const TextOptions& options = screen.options;
  std::vector<Row> rows = make_rows(screen.report, result);
  const bool grouped = options.group_by != GroupBy::kNone;
  if (grouped) rows = group_rows(screen.report, result, rows, options.group_by);
  if (rows.empty()) return;
  Context context{screen, result, result ? result->predicted_latency_s : 0};
  for (const Row& row : rows) {
    if (!result) context.total += weight(result, row);
    context.largest = std::max(context.largest, weight(result, row));
  }
  const std::vector<std::size_t> shown = rows_shown(options, result, rows);
  const std::vector<LayerField> fields =
      grouped ? group_fields(result != nullptr, options.group_by) : layer_fields(result);
  std::vector<Column> columns;
  columns.reserve(fields.size());
  for (const LayerField& field : fields) columns.push_back(field.column);
  Table table(std::move(columns));
  for (const std::size_t i : shown) {
    std::vector<Cell> cells;
    cells.reserve(fields.size());
    for (const LayerField& field : fields) cells.push_back(field.cell(context, rows[i]));
    table.add(std::move(cells));
  }
  append_table(screen, table);
  append_run_overhead(screen, result);
  append_rest(screen, rows, shown, context);
}

}  // namespace roofline::report
