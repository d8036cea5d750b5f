// Owns the derivation that --explain prints: one node's figures and its layers', term by term.
// Refuses to recompute: every figure is the report's.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "screen.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kLabelWidth = 12;
/// Candidates named when a name is ambiguous.
constexpr std::size_t kCandidates = 5;

Error unknown_node(const Report& report, std::string_view name) {
  std::vector<std::string> candidates;
  for (const NodeRow& node : report.nodes) {
    candidates.push_back(node.name);
    candidates.push_back(node.id);
  }
  std::string hint = did_you_mean_hint(name, candidates);
  if (hint.empty()) hint = "--format csv lists all ids and names";
  return {ExitCode::kUsage,
          {Severity::kError,
           "unknown-node",
           fmt::format("--explain: the model has no node '{}'", printable(name)),
           printable(hint),
           {},
           {}}};
}

Error ambiguous_node(const Report& report, std::string_view name,
                     const std::vector<std::size_t>& found) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < std::min(found.size(), kCandidates); ++i) {
    ids.push_back(report.nodes[found[i]].id);
  }
  if (found.size() > kCandidates) ids.push_back("...");
  return {ExitCode::kUsage,
          {Severity::kError,
           "ambiguous-node",
           fmt::format("--explain: {} nodes are called '{}'", found.size(), printable(name)),
           "give one id: " + printable(join(ids, ", ")),
           {},
           {}}};
}

std::size_t find_node(const Screen& screen, std::string_view name) {
  const Report& report = screen.report;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    if (report.nodes[i].id == name) return i;
    if (report.nodes[i].name == name) found.push_back(i);
  }
  for (std::size_t i = 0; found.empty() && i < report.nodes.size(); ++i) {
    if (screen.names.node(i) == name) return i;
  }
  for (const Result& result : report.results) {
    for (const LayerRow& layer : result.layers) {
      if (!found.empty() || layer.nodes.empty()) continue;
      if (layer.name == name || screen.names.layer(layer) == name) return layer.nodes.front();
    }
  }
  if (found.empty()) throw unknown_node(report, name);
  if (found.size() > 1) throw ambiguous_node(report, name, found);
  return found.front();
}

void term(Screen& screen, std::string_view label, std::string_view text) {
  screen.text += "  ";
  screen.painter.append(screen.text, label, Style::kDim);
  screen.text.append(kLabelWidth - std::min(kLabelWidth - 1, label.size()), ' ');
  screen.text += text;
  screen.text += '\n';
}

std::string exact_or_unknown(std::optional<Count> count) {
  return count ? exact_text(*count) : "?";
}

void append_operands(Screen& screen, const std::vector<OperandRow>& operands) {
  if (operands.empty()) return;
  const bool counted = operands.front().elements.has_value();
  std::vector<Column> columns = {
      {"role"},
      {.title = "tensor", .max_width = 44, .flexible = true, .min_width = 16},
      {"shape"},
      {"dtype"},
      {"bytes", Align::kRight}};
  if (counted) columns.insert(columns.end() - 1, {"elements", Align::kRight, 1});
  Table table(std::move(columns));
  for (const OperandRow& o : operands) {
    std::vector<Cell> cells = {{o.role},
                               {printable(o.name)},
                               {shape_text(o.shape)},
                               {o.dtype},
                               {exact_or_unknown(o.bytes)}};
    if (counted) cells.insert(cells.end() - 1, Cell{exact_or_unknown(o.elements)});
    table.add(std::move(cells));
  }
  table.render(screen.options.width, screen.painter, screen.text);
  screen.text += '\n';
}

std::string runs_text(const NodeRow& node) {
  const bool once = !node.repeat || *node.repeat == 1;
  return once ? "" : fmt::format("{} runs x ", exact_text(*node.repeat));
}

void append_work(Screen& screen, const NodeRow& node) {
  if (!node.formula.empty()) term(screen, "formula", node.formula);
  if (node.contraction && node.macs) {
    const ContractionRow& c = *node.contraction;
    term(screen, "MACs",
         fmt::format("{}batch {} x m {} x n {} x k {} = {}", runs_text(node), exact_text(c.batch),
                     exact_text(c.m), exact_text(c.n), exact_text(c.k), exact_text(*node.macs)));
  } else {
    term(screen, "MACs", exact_or_unknown(node.macs));
  }
  if (node.macs && node.flops && *node.macs > 0) {
    const Count multiplied = 2 * *node.macs;
    term(screen, "FLOPs",
         fmt::format("2 x {} MACs + {} other operations = {}", exact_text(*node.macs),
                     exact_text(*node.flops - multiplied), exact_text(*node.flops)));
  } else {
    term(screen, "FLOPs", exact_or_unknown(node.flops));
  }
  if (node.transcendentals && *node.transcendentals > 0) {
    term(screen, "",
         fmt::format("{} transcendental evaluations, counted apart",
                     exact_text(*node.transcendentals)));
  }
}

void append_node(Screen& screen, const NodeRow& node) {
  screen.painter.append(screen.text, printable(node.name), Style::kBold);
  screen.text += '\n';
  std::string facts =
      fmt::format("{}, class {}, node {} of {}, cost {}", op_text(node), node.cls,
                  printable(node.id), file_name(screen.report.model.path), node.confidence);
  if (const std::string dims = dims_text(screen.report.model); !dims.empty()) facts += ", " + dims;
  screen.painter.append(screen.text, facts, Style::kDim);
  screen.text += "\n\n";
  append_operands(screen, node.operands);
  append_work(screen, node);
  term(screen, "traffic",
       fmt::format("{} B activations read + {} B weights read + {} B written = {} B",
                   exact_or_unknown(node.activation_read_bytes),
                   exact_or_unknown(node.weight_read_bytes), exact_or_unknown(node.written_bytes),
                   exact_or_unknown(node.traffic_bytes)));
  if (node.intensity) {
    term(screen, "intensity",
         fmt::format("{} FLOPs / {} B = {} FLOP/B", exact_or_unknown(node.flops),
                     exact_or_unknown(node.traffic_bytes), intensity_text(node.intensity)));
  }
  if (node.parameters > 0) term(screen, "parameters", exact_text(node.parameters));
  if (node.live_bytes)
    term(screen, "memory", bytes_text(node.live_bytes) + " of activations in use");
  if (!node.repeat) {
    term(screen, "repeat", "not known: the figures are those of one run");
  } else if (*node.repeat == 0) {
    term(screen, "repeat", "0: in a branch that is not counted, as the other one costs more");
  } else if (*node.repeat > 1) {
    term(screen, "repeat",
         fmt::format("{} times, included above; operands are those of one run",
                     exact_text(*node.repeat)));
  }
}

std::string executed_text(const LayerRow& layer) {
  return flops_text(Count(std::llround(layer.executed_flops)));
}

/// "a + b + c" over the nodes of a layer.
std::string parts_text(const Report& report, const LayerRow& layer,
                       std::optional<Count> NodeRow::*member) {
  std::string text;
  for (const std::size_t n : layer.nodes) {
    if (!text.empty()) text += " + ";
    text += exact_or_unknown(report.nodes[n].*member);
  }
  return text;
}

void append_roof(Screen& screen, const Result& result, const LayerRow& layer) {
  if (!layer.peak_flops_per_s) {
    term(screen, "peak", "no unit of this machine runs it, or there is nothing to compute");
  } else {
    term(screen, "peak",
         fmt::format("{} ({} on {}, {})",
                     format_quantity(*layer.peak_flops_per_s, Unit::kFlopPerSecond), layer.dtype,
                     printable(layer.unit), roof_text(result)));
  }
  const auto dram_rate = layer.levels.empty() ? std::nullopt : layer.levels.back().bytes_per_s;
  if (layer.peak_flops_per_s && dram_rate) {
    term(screen, "ridge",
         fmt::format("{} / {} = {} FLOP/B",
                     format_quantity(*layer.peak_flops_per_s, Unit::kFlopPerSecond),
                     format_quantity(*dram_rate, Unit::kBytePerSecond),
                     intensity_text(*layer.peak_flops_per_s / *dram_rate)));
  }
  if (layer.attainable_flops_per_s) {
    term(screen, "attainable",
         fmt::format("{} at this intensity: {}-bound",
                     format_quantity(*layer.attainable_flops_per_s, Unit::kFlopPerSecond),
                     layer.bound));
  }
}

void append_roofline(Screen& screen, const LayerRow& layer) {
  if (layer.peak_flops_per_s && layer.flops) {
    const double padding = layer.flops->as_double() - layer.executed_flops;
    term(screen, "compute",
         fmt::format("{} / {} = {}{}", executed_text(layer),
                     format_quantity(*layer.peak_flops_per_s, Unit::kFlopPerSecond),
                     seconds_text(layer.compute_s),
                     padding >= 1 ? " (without what meets padding, or the algorithm saves)" : ""));
  } else {
    term(screen, "compute", seconds_text(layer.compute_s));
  }
  for (const LevelRow& level : layer.levels) {
    if (!level.bytes_per_s) continue;
    term(screen, "memory",
         fmt::format("{} / {} = {} ({})", bytes_text(level.bytes),
                     format_quantity(*level.bytes_per_s, Unit::kBytePerSecond),
                     seconds_text(level.seconds), printable(level.name)));
  }
  term(screen, "roofline",
       fmt::format("max({}, {}) = {}", seconds_text(layer.compute_s), seconds_text(layer.memory_s),
                   at_least(seconds_text(layer.roofline_latency_s), layer.complete)));
}

/// "x (1 + 8/64) x (1 + 4/128) = 1.16": how small extents slow a kernel down.
std::string saturation_text(const DerivationRow& row) {
  std::string text;
  for (std::size_t i = 0; i < row.extents.size(); ++i) {
    if (row.timing->half[i] <= 0 || !std::isfinite(row.extents[i])) continue;
    text += fmt::format(" x (1 + {:.3g}/{:.6g})", row.timing->half[i], row.extents[i]);
  }
  return text;
}

void append_kernel_time(Screen& screen, const DerivationRow& row) {
  const estimate::StepTime& time = row.time;
  if (time.tile) {
    term(screen, "tile",
         fmt::format("{:.0f} x {:.0f}, k in {:.0f}, {:.3g} waves over the cores", time.tile->rows,
                     time.tile->columns, time.tile->split, time.tile->waves));
    term(screen, "compute",
         fmt::format("tiles at {:.3g} of {}, x {:.3g} to load operands = {}", time.efficiency,
                     format_quantity(time.peak, Unit::kFlopPerSecond), time.tile->slowdown,
                     seconds_text(time.compute_s)));
  } else {
    term(screen, "compute",
         fmt::format("{:.4g} / ({} x {:.3g}){} = {}", row.work,
                     format_quantity(time.peak, Unit::kFlopPerSecond), time.efficiency,
                     saturation_text(row),
                     seconds_text(time.compute_s - time.fused_s - time.beside_s)));
  }
  if (!row.fused.empty()) {
    term(screen, "",
         fmt::format("+ {} for {} behind it", seconds_text(time.fused_s), printable(row.fused)));
  }
  if (time.beside_s > 0) {
    term(screen, "",
         fmt::format("+ {} for transforms and conversions in the kernel",
                     seconds_text(time.beside_s)));
  }
  if (time.power_load > 0) {
    term(screen, "power",
         fmt::format("at full clock {:.3g} of the budget: x (1 + {:.3g}^2)^(1/4), in the above",
                     time.power_load, time.power_load));
  }
  term(screen, "on chip",
       fmt::format("{} x {:.3g}", seconds_text(time.cached_s), row.timing->cached));
  term(screen, "main memory",
       fmt::format("{} x {:.3g} beside the rest, x {:.3g} added to it", seconds_text(time.dram_s),
                   row.timing->overlapped, row.timing->streamed));
}

/// What several threads leave to one of them, and what it costs to use them.
void append_threads(Screen& screen, const DerivationRow& row) {
  const estimate::StepTime& time = row.time;
  if (time.fork_s <= 0 && time.serial_s <= 0) return;
  term(screen, "threads",
       fmt::format("work for {:.3g}, {:.3g} of it for one alone: + {}", time.threads,
                   row.timing->serial, seconds_text(time.serial_s)));
}

/// The predicted time, term by term. Figures are those of one run of the layer.
void append_prediction(Screen& screen, const LayerRow& layer) {
  const std::string total =
      fmt::format("{}, {} of the total, limited by {}",
                  at_least(seconds_text(layer.predicted_latency_s), layer.complete),
                  format_percent(layer.share), layer.bottleneck);
  if (!layer.derivation) {
    term(screen, "overhead", seconds_text(layer.overhead_s) + " to launch it");
    term(screen, "predicted",
         fmt::format("{} + {} = {}", seconds_text(layer.roofline_latency_s),
                     seconds_text(layer.overhead_s), total));
    return;
  }
  const DerivationRow& row = *layer.derivation;
  const estimate::StepTime& time = row.time;
  screen.text += '\n';
  term(screen, "kernel",
       fmt::format("{} ({})", layer.kernel_kind.empty() ? "none" : layer.kernel_kind,
                   layer.op.empty() ? "nothing runs" : printable(layer.op)));
  if (row.timing) {
    append_kernel_time(screen, row);
    append_threads(screen, row);
  } else if (!layer.kernel_kind.empty()) {
    term(screen, "", "the calibration has no times of this kind: the roofline stands in");
  }
  term(screen, "overhead",
       seconds_text(time.overhead_s) +
           (row.calls > 1 ? fmt::format(" with {:.0f} calls", row.calls) : "") +
           (time.fork_s > 0 ? fmt::format(", {} of it to start the threads and wait for them",
                                          seconds_text(time.fork_s))
                            : ""));
  const bool is_floor = layer.predicted_latency_s > 1.0001 * time.total_s;
  term(screen, "predicted",
       fmt::format(
           "{} + {:.3g} x ({} as {:.3g}-norm + {}{}) = {}{}", seconds_text(time.overhead_s),
           time.scale, seconds_text(time.combined_s), row.exponent, seconds_text(time.streamed_s),
           time.serial_s > 0 ? " + " + seconds_text(time.serial_s) : "", seconds_text(time.total_s),
           is_floor && layer.repeat == Count(1) ? ", but not below the roofline" : ""));
  term(screen, "", total);
}

void append_layer(Screen& screen, const Result& result, const LayerRow& layer) {
  screen.text += '\n';
  screen.painter.append(screen.text, "on " + printable(result.hardware.name), Style::kBold);
  screen.text += '\n';
  screen.painter.append(
      screen.text,
      fmt::format("layer {}, kind {}, runtime {}, precision {}", screen.names.layer(layer),
                  layer.kind, result.runtime, result.precision),
      Style::kDim);
  screen.text += "\n\n";
  append_operands(screen, layer.operands);
  const std::string flops = exact_or_unknown(layer.flops);
  if (layer.nodes.size() > 1) {
    term(screen, "FLOPs", parts_text(screen.report, layer, &NodeRow::flops) + " = " + flops);
    term(screen, "traffic",
         fmt::format("{} B planned (one by one the nodes move {} B)",
                     exact_text(layer.planned_bytes),
                     parts_text(screen.report, layer, &NodeRow::traffic_bytes)));
  } else {
    term(screen, "FLOPs", flops);
    term(screen, "traffic", exact_text(layer.planned_bytes) + " B planned");
  }
  if (layer.intensity) {
    term(screen, "intensity",
         fmt::format("{} FLOPs / {} B = {} FLOP/B", exact_or_unknown(layer.flops),
                     exact_text(layer.planned_bytes), intensity_text(layer.intensity)));
  }
  append_roof(screen, result, layer);
  append_roofline(screen, layer);
  append_prediction(screen, layer);
  for (std::size_t i = 0; i < layer.reasons.size(); ++i) {
    term(screen, i == 0 ? "because" : "", printable(layer.reasons[i]));
  }
}

}  // namespace

void render_explanation(const Report& report, std::string_view node, const TextOptions& options,
                        std::ostream& out) {
  Screen screen(report, options);
  const std::size_t index = find_node(screen, node);
  append_node(screen, report.nodes[index]);
  for (const Result& result : report.results) {
    for (const LayerRow& layer : result.layers) {
      const bool has =
          std::find(layer.nodes.begin(), layer.nodes.end(), index) != layer.nodes.end();
      if (has) append_layer(screen, result, layer);
    }
  }
  append_notes(screen, report.nodes[index].id);
  out << screen.text;
}

}  // namespace roofline::report
