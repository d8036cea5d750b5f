// Owns what people read of a comparison: one row for each model on each machine.
// Refuses to compute anything, and to repeat in every row what all rows have in common.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "format.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/report/compare.hpp"
#include "sheet.hpp"

namespace roofline::report {
namespace {

/// How a run was priced: a column where runs differ, a fact above the table where they do not.
struct Use {
  std::string_view title;
  std::string (*text)(const ComparedRun&);
};
constexpr std::array kUses = {
    Use{"precision", [](const ComparedRun& r) { return r.computed_in; }},
    Use{"runtime", [](const ComparedRun& r) { return "runtime " + r.runtime; }},
    Use{"threads",
        [](const ComparedRun& r) {
          return r.threads > 0 ? fmt::format("{} threads", r.threads) : std::string();
        }},
    Use{"roof",
        [](const ComparedRun& r) {
          return r.roof == "datasheet" ? std::string("data-sheet roof") : r.roof + " roof";
        }},
};

bool differs(const Comparison& comparison, const Use& use) {
  return std::any_of(comparison.runs.begin(), comparison.runs.end(), [&](const ComparedRun& run) {
    return use.text(run) != use.text(comparison.runs.front());
  });
}

std::string model_text(const ComparedModel& model) {
  return fmt::format("{} MACs, {} parameters", at_least(count_text(model.macs), model.complete),
                     count_text(model.parameters));
}

std::string speedup_text(std::optional<double> speedup) {
  return speedup ? fmt::format("{:#.3g}x", *speedup) : "?";
}

std::string memory_text(const ComparedRun& run) {
  std::string text = at_least(bytes_text(run.peak_memory_bytes), run.complete);
  if (run.memory_capacity_bytes) text += " of " + bytes_text(run.memory_capacity_bytes);
  return text;
}

/// What a row shows; ranks say what a narrow screen loses first.
struct RunField {
  Column column;
  Cell (*cell)(const Comparison&, const ComparedRun&);
};

std::vector<RunField> fields(const Comparison& comparison) {
  using C = const Comparison&;
  using R = const ComparedRun&;
  std::vector<RunField> list;
  if (comparison.models.size() > 1) {
    list.push_back({{.title = "model", .flexible = true, .min_width = 24},
                    [](C c, R r) -> Cell { return {file_name(c.models[r.model].path)}; }});
  }
  list.push_back({{.title = "machine", .flexible = true, .min_width = 12},
                  [](C, R r) -> Cell { return {printable(r.hardware.id)}; }});
  list.push_back({{"predicted", Align::kQuantity}, [](C, R r) -> Cell {
                    return {at_least(seconds_text(r.predicted_latency_s), r.complete)};
                  }});
  list.push_back({{"runs/s", Align::kQuantity, 3}, [](C, R r) -> Cell {
                    return {r.throughput_per_s ? intensity_text(r.throughput_per_s) : "?"};
                  }});
  list.push_back(
      {{"vs first", Align::kRight, 1}, [](C, R r) -> Cell { return {speedup_text(r.speedup)}; }});
  list.push_back({{"bound", Align::kLeft, 4}, [](C, R r) -> Cell {
                    return {r.bound, bound_style(r.bound)};
                  }});
  list.push_back({{"memory", Align::kRight, 2},
                  [](C, R r) -> Cell { return {format_percent(r.memory_share)}; }});
  list.push_back({{"compute", Align::kRight, 2},
                  [](C, R r) -> Cell { return {format_percent(r.compute_share)}; }});
  list.push_back({{"overhead", Align::kRight, 2},
                  [](C, R r) -> Cell { return {format_percent(r.overhead_share)}; }});
  list.push_back({{"attained", Align::kRight, 5},
                  [](C, R r) -> Cell { return {format_percent(r.attained)}; }});
  list.push_back(
      {{"peak memory", Align::kRight, 6}, [](C, R r) -> Cell { return {memory_text(r)}; }});
  list.push_back({{"fits", Align::kLeft}, [](C, R r) -> Cell {
                    if (!r.fits_in_memory) return {"?"};
                    return *r.fits_in_memory ? Cell{"yes"} : Cell{"no", Style::kRed};
                  }});
  return list;
}

void append_runs(Sheet& sheet, const Comparison& comparison) {
  const std::vector<RunField> shown = fields(comparison);
  std::vector<Use> uses;
  std::copy_if(kUses.begin(), kUses.end(), std::back_inserter(uses),
               [&](const Use& use) { return differs(comparison, use); });
  std::vector<Column> columns;
  for (const RunField& field : shown) columns.push_back(field.column);
  // Behind the machine, in front of the first figure.
  const std::ptrdiff_t at = comparison.models.size() > 1 ? 2 : 1;
  for (std::size_t u = 0; u < uses.size(); ++u) {
    columns.insert(columns.begin() + at + static_cast<std::ptrdiff_t>(u),
                   Column{std::string(uses[u].title)});
  }
  Table table(std::move(columns));
  for (const ComparedRun& run : comparison.runs) {
    std::vector<Cell> cells;
    for (const RunField& field : shown) cells.push_back(field.cell(comparison, run));
    std::vector<Cell> how;
    for (const Use& use : uses) how.push_back({printable(use.text(run))});
    cells.insert(cells.begin() + at, how.begin(), how.end());
    table.add(std::move(cells));
  }
  append_table(sheet, table);
}

/// "memory 1.2 us": bound and time on one run; "-" where the layer does not exist.
std::string on_run_text(const BoundChange& layer, std::size_t run) {
  for (const LayerOnRun& on : layer.runs) {
    if (on.run == run) return fmt::format("{} {}", on.bound, seconds_text(on.seconds));
  }
  return "-";
}

/// One table for each model that has such layers: its runs are the columns.
void append_layers(Sheet& sheet, const Comparison& comparison, std::size_t model) {
  std::vector<const BoundChange*> layers;
  for (const BoundChange& layer : comparison.layers) {
    if (layer.model == model) layers.push_back(&layer);
  }
  if (layers.empty()) return;
  append_gap(sheet);
  if (comparison.models.size() > 1) append_heading(sheet, file_name(comparison.models[model].path));
  std::vector<Column> columns = {
      {.title = "layer", .max_width = 48, .flexible = true, .min_width = 24},
      {.title = "op", .rank = 1, .max_width = 22}};
  std::vector<std::size_t> runs;
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    if (comparison.runs[r].model != model) continue;
    runs.push_back(r);
    columns.push_back({printable(comparison.runs[r].hardware.id)});
  }
  const std::size_t top = sheet.options.top;
  const std::size_t shown = top == 0 ? layers.size() : std::min(top, layers.size());
  Table table(std::move(columns));
  for (std::size_t i = 0; i < shown; ++i) {
    std::vector<Cell> cells = {{layers[i]->label}, {layers[i]->op}};
    for (const std::size_t r : runs) cells.push_back({on_run_text(*layers[i], r)});
    table.add(std::move(cells));
  }
  append_table(sheet, table);
  if (shown < layers.size()) {
    append_remark(sheet, fmt::format("{} more: --top 0 lists all", layers.size() - shown));
  }
}

}  // namespace

void render_text(const Comparison& comparison, const TextOptions& options, bool layers,
                 std::ostream& out) {
  Sheet sheet{options};
  const bool one = comparison.models.size() == 1;
  append_heading(sheet, one ? file_name(comparison.models.front().path)
                            : fmt::format("{} models", comparison.models.size()));
  std::vector<std::string> facts;
  if (one) facts.push_back(model_text(comparison.models.front()));
  for (const Use& use : kUses) {
    if (!differs(comparison, use)) facts.push_back(printable(use.text(comparison.runs.front())));
  }
  append_facts(sheet, facts);
  append_runs(sheet, comparison);
  if (layers) {
    for (std::size_t m = 0; m < comparison.models.size(); ++m) append_layers(sheet, comparison, m);
  }
  if (!layers && !comparison.layers.empty()) {
    append_gap(sheet);
    append_remark(
        sheet,
        fmt::format("{} layer{} not bound alike on every machine: --layers lists them",
                    comparison.layers.size(), comparison.layers.size() == 1 ? " is" : "s are"));
  }
  append_notes(sheet, comparison.notes);
  out << sheet.text;
}

}  // namespace roofline::report
