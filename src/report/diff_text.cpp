// Owns what_of people read of a difference: totals before and after, then the layers that changed.
// Refuses to compare anything itself.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "amount.hpp"
#include "format.hpp"
#include "roofline/base/text.hpp"
#include "sheet.hpp"

namespace roofline::report {
namespace {

/// Growth is bad news here, whatever grew.
Style growth_style(double growth) {
  return growth > 0 ? Style::kRed : growth < 0 ? Style::kGreen : Style::kPlain;
}

std::string title(const Words& path) {
  const bool ambiguous = path.changed() && file_name(path.before) == file_name(path.after);
  if (ambiguous) return printable(path.before) + " -> " + printable(path.after);
  return file_name(path.before) + " -> " + file_name(path.after);
}

std::vector<Column> totals_columns() {
  return {{"total"},
          {"before", Align::kQuantity},
          {"after", Align::kQuantity},
          {"change", Align::kQuantity},
          {"relative", Align::kRight}};
}

/// The growth of a lower bound is not known.
void add_total(const Change& change, Table& table) {
  const Metric& metric = *change.metric;
  const auto text = [&](const Amount& amount, bool complete) {
    return at_least(amount_text(as_double(amount), metric.measure), complete);
  };
  std::vector<Cell> cells = {{std::string(metric.title)},
                             {text(change.before, change.before_complete)},
                             {text(change.after, change.after_complete)}};
  if (!change.complete()) {
    cells.insert(cells.end(), {{"?"}, {"?"}});
  } else if (!change.changed()) {
    cells.insert(cells.end(), {{"none"}, {}});
  } else {
    const double grown = as_double(growth(change.before, change.after));
    const Style style = growth_style(grown);
    cells.push_back({growth_text(grown, metric.measure), style});
    cells.push_back({relative_text(as_double(change.before), grown), style});
  }
  table.add(std::move(cells));
}

void add_words(std::string_view name, const Words& words, Table& table) {
  if (words.changed()) table.add({{std::string(name)}, {words.before}, {words.after}, {}, {}});
}

/// What a layer costs where its costs are compared: time on a machine, FLOPs without one.
std::string cost_text(const std::optional<LayerCost>& cost, bool on_machine) {
  if (!cost) return "-";
  if (on_machine) return at_least(seconds_text(cost->seconds), cost->complete);
  return count_text(cost->flops);
}

std::string growth_of_cost(const LayerChange& change, bool on_machine) {
  if (on_machine) return growth_text(change.seconds(), Measure::kSeconds);
  const std::optional<Count> flops = change.flops();
  return flops ? growth_text(flops->as_double(), Measure::kCount) : "?";
}

/// What became of a layer besides its cost.
std::string what_of(const LayerChange& change) {
  if (!change.before) return "added: " + change.after->op;
  if (!change.after) return "removed: " + change.before->op;
  std::vector<std::string> parts;
  const auto add = [&](std::string_view name, const std::string& before, const std::string& after) {
    if (before != after) parts.push_back(fmt::format("{}{} -> {}", name, before, after));
  };
  add("", change.before->op, change.after->op);
  add("", change.before->output, change.after->output);
  add("", change.before->dtype, change.after->dtype);
  if (change.before->label != change.after->label) parts.push_back("was " + change.before->label);
  return join(parts, ", ");
}

/// A column of growth, which is left out where nothing grew or shrank.
struct GrowthColumn {
  std::string_view title;
  Measure measure;
  int rank;
  std::optional<Count> (*growth)(const LayerChange&);

  [[nodiscard]] std::string text(const LayerChange& change) const {
    const std::optional<Count> count = growth(change);
    return count ? growth_text(count->as_double(), measure) : "?";
  }
};
constexpr std::array kGrowthColumns = {
    GrowthColumn{"MACs", Measure::kCount, 3, [](const LayerChange& c) { return c.macs(); }},
    GrowthColumn{"traffic", Measure::kBytes, 2, [](const LayerChange& c) { return c.bytes(); }},
    GrowthColumn{"params", Measure::kCount, 4,
                 [](const LayerChange& c) { return std::optional(c.parameters()); }},
};

/// Changes to list: without --top 0, those that change no cost are left out, if others do.
std::span<const LayerChange> listed(std::span<const LayerChange> changes, std::size_t top) {
  if (top == 0) return changes;
  const auto costs = [](const LayerChange& change) {
    return change.seconds() != 0 || change.flops() != Count(0) || change.bytes() != Count(0);
  };
  const auto free = std::find_if_not(changes.begin(), changes.end(), costs);
  const auto costing = static_cast<std::size_t>(free - changes.begin());
  return changes.first(std::min(top, costing == 0 ? changes.size() : costing));
}

void append_rest(Sheet& sheet, std::span<const LayerChange> rest, bool on_machine) {
  if (rest.empty()) return;
  double grown = 0;
  for (const LayerChange& change : rest) {
    grown += on_machine ? change.seconds() : change.flops().value_or(0).as_double();
  }
  const std::string growth = growth_text(grown, on_machine ? Measure::kSeconds : Measure::kFlops);
  append_remark(sheet, fmt::format("{} more {}{}: --top 0 lists all", rest.size(),
                                   rest.size() == 1 ? "change" : "changes",
                                   growth.empty() ? "" : ", " + growth + " in all"));
}

void append_changes(Sheet& sheet, const std::vector<LayerChange>& changes, bool on_machine) {
  if (changes.empty()) return;
  const std::span<const LayerChange> all(changes);
  const std::span<const LayerChange> shown = listed(all, sheet.options.top);
  std::vector<GrowthColumn> growths;
  for (const GrowthColumn& column : kGrowthColumns) {
    const auto grew = [&](const LayerChange& change) { return !column.text(change).empty(); };
    if (std::any_of(shown.begin(), shown.end(), grew)) growths.push_back(column);
  }
  const std::string cost = on_machine ? "time" : "FLOPs";
  std::vector<Column> columns = {
      {cost, Align::kQuantity},
      {"before", Align::kQuantity, 5},
      {"after", Align::kQuantity, 1},
      {.title = on_machine ? "layer" : "node", .max_width = 48, .flexible = true, .min_width = 32},
      {.title = "what", .max_width = 48, .flexible = true, .min_width = 24}};
  for (const GrowthColumn& g : growths) {
    columns.push_back({std::string(g.title), Align::kQuantity, g.rank});
  }
  Table table(std::move(columns));
  for (const LayerChange& change : shown) {
    const double grown = on_machine ? change.seconds() : change.flops().value_or(0).as_double();
    std::vector<Cell> cells = {{growth_of_cost(change, on_machine), growth_style(grown)},
                               {cost_text(change.before, on_machine)},
                               {cost_text(change.after, on_machine)},
                               {change.layer().label},
                               {what_of(change)}};
    for (const GrowthColumn& g : growths) cells.push_back({g.text(change)});
    table.add(std::move(cells));
  }
  append_table(sheet, table);
  append_rest(sheet, all.subspan(shown.size()), on_machine);
}

/// A model's figure that every machine has in its own way.
bool is_of_machines(const Change& change) {
  return change.metric->key == "traffic" || change.metric->key == "peak_memory";
}

void append_totals(Sheet& sheet, const Difference& difference) {
  Table table(totals_columns());
  bool any = false;
  for (const Change& change : difference.totals) {
    if (!change.changed() || (is_of_machines(change) && !difference.results.empty())) continue;
    add_total(change, table);
    any = true;
  }
  if (any) append_table(sheet, table);
}

/// The predicted latency in any case.
void append_totals(Sheet& sheet, const ResultDifference& result) {
  Table table(totals_columns());
  for (const Change& change : result.totals) {
    if (change.changed() || change.metric->key == "latency") add_total(change, table);
  }
  add_words("bound", result.bound, table);
  add_words("bottleneck", result.bottleneck, table);
  append_table(sheet, table);
}

void append_result(Sheet& sheet, const ResultDifference& result) {
  const MachineUse& machine = result.machine;
  append_gap(sheet);
  append_heading(sheet, "on " + printable(machine.name));
  append_facts(sheet, {machine.precision, "runtime " + machine.runtime,
                       machine.roof == "datasheet" ? "data-sheet roof" : machine.roof + " roof",
                       machine.threads > 0 ? fmt::format("{} threads", machine.threads) : ""});
  append_totals(sheet, result);
  append_changes(sheet, result.layers, true);
}

}  // namespace

void render_text(const Difference& difference, const TextOptions& options, std::ostream& out) {
  Sheet sheet{options};
  append_heading(sheet, title(difference.path));
  if (difference.empty()) {
    append_gap(sheet);
    append_remark(sheet, "no difference");
  } else {
    append_totals(sheet, difference);
    append_changes(sheet, difference.nodes, false);
    for (const ResultDifference& result : difference.results) append_result(sheet, result);
  }
  append_notes(sheet, difference.notes);
  out << sheet.text;
}

}  // namespace roofline::report
