// Owns what people read of advice: what saves most, why, what goes together, what is pointless.
// Refuses to compute anything.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "format.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/report/advice.hpp"
#include "screen.hpp"
#include "sheet.hpp"

namespace roofline::report {
namespace {

std::string part_text(const MachineAdvice& machine) {
  std::vector<std::pair<double, std::string_view>> parts = {{machine.parts.overhead_s, "overhead"},
                                                            {machine.parts.memory_s, "memory"},
                                                            {machine.parts.compute_s, "compute"}};
  std::sort(parts.rbegin(), parts.rend());
  std::string text;
  for (const auto& [seconds, name] : parts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "   ", name,
                        format_percent(ratio(seconds, machine.latency_s)));
  }
  return text;
}

/// What a user has to check or do before it holds.
std::string price_text(const Advice& advice) {
  if (advice.needs_training) return "train again";
  return advice.changes_results ? "check accuracy" : "";
}

std::string together_text(const Advice& advice) {
  return advice.added_s ? seconds_text(*advice.added_s) : "-";
}

/// Many small kernels: the machine waits to be told what to do next.
std::string launches_text(const MachineAdvice& machine) {
  if (machine.short_launches * 2 < machine.launches || machine.short_launches == 0) return "";
  return fmt::format("{} of {} layers take less time than starting them", machine.short_launches,
                     machine.launches);
}

void append_table_of(Sheet& sheet, const MachineAdvice& machine) {
  Table table({{"saves", Align::kQuantity},
               {"share", Align::kRight, 1},
               {"in all", Align::kQuantity, 3},
               {"scenario"},
               {"takes off", Align::kLeft, 4},
               {"needs", Align::kLeft, 5}});
  for (const Advice& advice : machine.advice) {
    table.add({{seconds_text(advice.saved_s)},
               {format_percent(ratio(advice.saved_s, machine.latency_s))},
               {together_text(advice), advice.added_s ? Style::kPlain : Style::kDim},
               {printable(advice.scenario), Style::kBold},
               {advice.addresses, bound_style(advice.addresses)},
               {price_text(advice), Style::kYellow}});
  }
  append_table(sheet, table);
}

/// Two sentences for each advice, and the layers that gain most.
void append_reasons(Sheet& sheet, const MachineAdvice& machine, std::size_t top) {
  const std::size_t shown = top == 0 ? machine.advice.size() : std::min(top, machine.advice.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Advice& advice = machine.advice[i];
    append_gap(sheet);
    append_remark(sheet, fmt::format("{} ({}): {}", printable(advice.scenario), advice.summary,
                                     printable(advice.why)));
    std::string layers;
    for (const AdvisedLayer& layer : advice.layers) {
      layers += fmt::format("{}{} {} -> {}", layers.empty() ? "" : "; ",
                            ellipsize(printable(layer.name), 56), seconds_text(layer.before_s),
                            seconds_text(layer.after_s));
    }
    if (!layers.empty()) append_remark(sheet, "  most in " + layers);
    for (const std::string& warning : advice.warnings) {
      append_remark(sheet, "  " + printable(warning));
    }
  }
}

void append_together(Sheet& sheet, const MachineAdvice& machine) {
  if (machine.combination.size() < 2) return;
  append_gap(sheet);
  append_remark(
      sheet, fmt::format("together {}: {} -> {}, {}", join(machine.combination, " + "),
                         seconds_text(machine.latency_s), seconds_text(machine.combined_latency_s),
                         ratio_text(machine.latency_s, machine.combined_latency_s)));
}

void append_pointless(Sheet& sheet, const MachineAdvice& machine) {
  if (machine.pointless.empty()) return;
  append_gap(sheet);
  append_remark(sheet, "pointless here:");
  for (const PointlessAdvice& pointless : machine.pointless) {
    append_remark(
        sheet, fmt::format("  {:<16} {}", printable(pointless.scenario), printable(pointless.why)));
  }
}

}  // namespace

void render_text(const AdviceReport& advice, const TextOptions& options, std::ostream& out) {
  Sheet sheet{options};
  for (const MachineAdvice& machine : advice.machines) {
    append_gap(sheet);
    append_heading(sheet, fmt::format("{} on {}", file_name(advice.model.path),
                                      printable(machine.hardware.name)));
    append_facts(sheet, {machine.precision, "runtime " + machine.runtime, dims_text(advice.model),
                         machine.threads > 0 ? fmt::format("{} threads", machine.threads) : "",
                         machine.hardware.calibration_status});
    append_figures(
        sheet,
        {{{"predicted", at_least(seconds_text(machine.latency_s), machine.complete), Style::kBold}},
         {{"spent on", part_text(machine)}, {"launches", launches_text(machine)}}});
    if (machine.advice.empty()) {
      append_gap(sheet);
      append_remark(sheet, "nothing that is tried here saves time");
    } else {
      append_table_of(sheet, machine);
      append_together(sheet, machine);
      append_reasons(sheet, machine, options.top);
    }
    append_pointless(sheet, machine);
  }
  append_notes(sheet, advice.diagnostics);
  out << sheet.text;
}

}  // namespace roofline::report
