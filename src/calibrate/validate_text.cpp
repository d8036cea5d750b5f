// Owns how a validation reads on a terminal: accuracy first, then rows, then layers.
// Refuses to compute figures that validate_summary.cpp could.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>
#include <set>

#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/calibrate/validate.hpp"
#include "roofline/report/table.hpp"
#include "validate_format.hpp"

namespace roofline::calibrate {
namespace {

using report::Align;
using report::Cell;
using report::Column;
using report::Style;
using report::Table;

/// Errors above these are shown in yellow and in red.
constexpr double kNotable = 0.1;
constexpr double kBad = 0.3;
/// Unmatched operators that are named.
constexpr std::size_t kMostOps = 6;

struct Screen {
  const Validation& validation;
  const report::TextOptions& options;
  report::Painter painter;
  std::string text = {};

  void line(const std::string& words, Style style = Style::kPlain) {
    painter.append(text, words, style);
    text += '\n';
  }
  void table(const Table& rows) { rows.render(options.width, painter, text); }
};

std::string seconds_text(double seconds) { return format_quantity(seconds, Unit::kSecond); }

std::string signed_seconds(double seconds) {
  return (seconds < 0 ? "-" : "+") + seconds_text(std::fabs(seconds));
}

std::string signed_percent(double fraction) {
  return (fraction < 0 ? "-" : "+") + format_percent(std::fabs(fraction));
}

std::string percent_or_dash(std::optional<double> fraction) {
  return fraction ? format_percent(*fraction) : "-";
}

std::string tau_text(std::optional<double> tau) { return tau ? fmt::format("{:.3f}", *tau) : "-"; }

Style error_style(double error) {
  const double size = std::fabs(error);
  return size > kBad ? Style::kRed : size > kNotable ? Style::kYellow : Style::kGreen;
}

void append_head(Screen& screen) {
  std::set<std::string_view> models;
  std::set<std::string_view> machines;
  for (const ValidatedRow& row : screen.validation.rows) {
    models.insert(row.model);
    machines.insert(row.hardware);
  }
  screen.line(
      fmt::format("{} of {} on {}, {} roof", counted(screen.validation.rows.size(), "measurement"),
                  counted(models.size(), "model"), counted(machines.size(), "machine"),
                  screen.validation.roof == "datasheet" ? "data-sheet" : "measured"),
      Style::kBold);
  screen.text += '\n';
}

void add_group(const GroupAccuracy& group, bool is_total, Table& table) {
  const Accuracy& p = group.predicted;
  const std::string name = is_total ? "all" : printable(group.hardware);
  table.add({{name},
             {printable(group.runtime)},
             {printable(group.precision)},
             {std::to_string(p.rows)},
             {format_percent(p.mape), error_style(p.mape)},
             {format_percent(p.median)},
             {signed_percent(p.bias)},
             {format_percent(p.worst), error_style(p.worst)},
             {fmt::format("{:.0f}/{:.0f}/{:.0f}", 100 * p.within_10, 100 * p.within_20,
                          100 * p.within_30)},
             {tau_text(p.tau)},
             {format_percent(group.roofline.mape), Style::kDim},
             {tau_text(group.roofline.tau), Style::kDim},
             {percent_or_dash(group.repeat_error)}});
}

void append_groups(Screen& screen) {
  Table table({{"hardware"},
               {.title = "runtime", .rank = 2},
               {.title = "precision", .rank = 1},
               {"rows", Align::kRight},
               {"MAPE", Align::kRight},
               {"median", Align::kRight},
               {"bias", Align::kRight, 3},
               {"worst", Align::kRight},
               {"% within 10/20/30", Align::kRight},
               {"tau", Align::kRight},
               {"roofline MAPE", Align::kRight, 4},
               {"tau", Align::kRight, 5},
               {"repeats", Align::kRight, 6}});
  const auto& groups = screen.validation.groups;
  for (const GroupAccuracy& group : groups) add_group(group, false, table);
  if (groups.size() > 1) add_group(screen.validation.total, true, table);
  screen.table(table);
  const PairOrder& order = screen.validation.machines;
  if (!order.ordered()) return;
  screen.line(
      fmt::format("  order of machines: {} of {} as measured, {} by the roofline alone",
                  format_percent(*order.ordered()),
                  counted(static_cast<std::size_t>(order.pairs - order.measured_ties), "pair"),
                  percent_or_dash(screen.validation.machines_by_roofline.ordered())));
}

std::vector<std::size_t> sorted_rows(const Validation& validation, const std::string& key) {
  const auto& rows = validation.rows;
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto by = [&](auto value) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return value(rows[a]) > value(rows[b]); });
  };
  if (key == "error") by([](const ValidatedRow& row) { return std::fabs(row.time.error()); });
  if (key == "measured") by([](const ValidatedRow& row) { return row.time.measured_s; });
  if (key == "predicted") by([](const ValidatedRow& row) { return row.time.predicted_s; });
  if (key == "model") {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rows[a].model < rows[b].model; });
  }
  return order;
}

std::string remarks(const ValidatedRow& row) {
  std::vector<std::string> words;
  if (row.noisy) words.emplace_back("noisy");
  if (!row.complete) words.emplace_back("lower bound");
  if (row.calibration != "calibrated") words.push_back(row.calibration);
  return join(words, ", ");
}

void append_rows(Screen& screen) {
  const GroupAccuracy& total = screen.validation.total;
  // What is the same in all rows stands above, and goes first.
  const auto rank = [](const std::string& common, int else_rank) {
    return common.empty() ? else_rank : 6;
  };
  Table table({{"measured", Align::kQuantity},
               {"predicted", Align::kQuantity},
               {"error", Align::kRight},
               {"roofline", Align::kQuantity, 5},
               {"error", Align::kRight, 5},
               {.title = "model", .flexible = true, .min_width = 16},
               {.title = "dims", .rank = 1},
               {.title = "threads", .align = Align::kRight, .rank = 4},
               {.title = "hardware", .rank = rank(total.hardware, 1)},
               {.title = "runtime", .rank = rank(total.runtime, 2)},
               {.title = "precision", .rank = rank(total.precision, 2)},
               {.title = "", .rank = 3}});
  const std::vector<std::size_t> order = sorted_rows(screen.validation, screen.options.sort);
  const std::size_t top = screen.options.top == 0 ? order.size() : screen.options.top;
  for (std::size_t i = 0; i < std::min(top, order.size()); ++i) {
    const ValidatedRow& row = screen.validation.rows[order[i]];
    const double error = row.time.error();
    table.add({{seconds_text(row.time.measured_s)},
               {(row.complete ? "" : ">= ") + seconds_text(row.time.predicted_s), Style::kBold},
               {signed_percent(error), error_style(error)},
               {seconds_text(row.roofline_s), Style::kDim},
               {signed_percent(row.roofline().error()), Style::kDim},
               {printable(row.model)},
               {printable(dims_text(row.dims))},
               {row.threads > 0 ? std::to_string(row.threads) : "all"},
               {printable(row.hardware)},
               {printable(row.runtime)},
               {printable(row.precision)},
               {remarks(row), Style::kDim}});
  }
  screen.text += '\n';
  screen.table(table);
  if (top < order.size()) {
    screen.line(fmt::format("  {} more: --top 0 lists all", order.size() - top), Style::kDim);
  }
}

void append_kinds(Screen& screen) {
  Table table({{"kernel"},
               {"layers", Align::kRight},
               {"measured", Align::kQuantity},
               {"share", Align::kRight},
               {"bias", Align::kRight},
               {"error", Align::kRight}});
  for (const KindAccuracy& kind : screen.validation.kinds) {
    if (kind.measured_s <= 0) continue;
    const double error = kind.absolute_error_s / kind.measured_s;
    table.add({{printable(kind.kernel)},
               {std::to_string(kind.layers)},
               {seconds_text(kind.measured_s)},
               {format_percent(kind.share)},
               {signed_percent(kind.predicted_s / kind.measured_s - 1)},
               {format_percent(error), error_style(error)}});
  }
  screen.table(table);
}

struct WorstLayer {
  const ValidatedRow* row;
  const LayerPair* layer;
};

void append_worst_layers(Screen& screen) {
  std::vector<WorstLayer> layers;
  for (const ValidatedRow& row : screen.validation.rows) {
    if (!row.layers) continue;
    for (const LayerPair& layer : row.layers->layers) layers.push_back({&row, &layer});
  }
  std::stable_sort(layers.begin(), layers.end(), [](const WorstLayer& a, const WorstLayer& b) {
    return std::fabs(a.layer->lost_s()) > std::fabs(b.layer->lost_s());
  });
  if (screen.options.top > 0 && layers.size() > screen.options.top) {
    layers.resize(screen.options.top);
  }
  Table table({{"off by", Align::kQuantity},
               {"measured", Align::kQuantity},
               {"predicted", Align::kQuantity},
               {.title = "model", .rank = 2},
               {.title = "layer", .flexible = true, .min_width = 16},
               {.title = "op", .rank = 1},
               {.title = "kernel", .rank = 3},
               {.title = "bound", .rank = 4}});
  for (const auto& [row, layer] : layers) {
    table.add({{signed_seconds(layer->lost_s())},
               {seconds_text(layer->time.measured_s)},
               {seconds_text(layer->time.predicted_s)},
               {printable(row->model)},
               {printable(layer->name)},
               {printable(layer->op)},
               {printable(layer->kernel)},
               {layer->bound}});
  }
  screen.text += '\n';
  screen.line("  layers by the time that the prediction is off", Style::kDim);
  screen.table(table);
}

/// Operators without a partner, those that take the longest first.
std::string unmatched_text(const std::map<std::string, double>& seconds) {
  std::vector<std::pair<double, std::string>> ops;
  for (const auto& [op, time] : seconds) ops.emplace_back(-time, printable(op));
  std::sort(ops.begin(), ops.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(ops.size(), kMostOps); ++i) {
    names.push_back(fmt::format("{} {}", ops[i].second, seconds_text(-ops[i].first)));
  }
  if (ops.size() > kMostOps) names.push_back(fmt::format("{} more", ops.size() - kMostOps));
  return join(names, ", ");
}

void append_layers(Screen& screen) {
  LayerComparison sum;
  std::size_t matched = 0;
  std::map<std::string, double> nodes;
  std::map<std::string, double> layers;
  for (const ValidatedRow& row : screen.validation.rows) {
    if (!row.layers) continue;
    sum.measured_s += row.layers->measured_s;
    sum.matched_s += row.layers->matched_s;
    sum.absolute_error_s += row.layers->absolute_error_s;
    matched += row.layers->layers.size();
    for (const MeasuredNode& node : row.layers->unmatched_nodes) {
      nodes[node.op.empty() ? node.name : node.op] += node.seconds;
    }
    for (const LayerPair& layer : row.layers->unmatched_layers) {
      layers[layer.op] += layer.time.predicted_s;
    }
  }
  if (sum.measured_s <= 0) return;
  screen.text += '\n';
  screen.line(fmt::format("{} matched, {} of the measured time; error weighted by time {}",
                          counted(matched, "layer"), format_percent(sum.matched_share()),
                          format_percent(sum.error())),
              Style::kBold);
  if (!nodes.empty()) screen.line("  measured, not in the plan: " + unmatched_text(nodes));
  if (!layers.empty()) screen.line("  in the plan, not measured: " + unmatched_text(layers));
  screen.text += '\n';
  append_kinds(screen);
  append_worst_layers(screen);
}

}  // namespace

std::vector<std::string> validation_sort_keys() {
  return {"error", "order", "measured", "predicted", "model"};
}

void render_text(const Validation& validation, const report::TextOptions& options,
                 std::ostream& out) {
  Screen screen{validation, options, report::Painter(options.color)};
  append_head(screen);
  append_groups(screen);
  append_rows(screen);
  append_layers(screen);
  out << screen.text;
}

}  // namespace roofline::calibrate
