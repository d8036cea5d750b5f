// Owns what people read of a request: its totals, its stages, and what they keep busy.
// Refuses to compute anything.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "format.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/report/request.hpp"
#include "sheet.hpp"

namespace roofline::report {
namespace {

constexpr std::string_view kUnknown = "?";
constexpr std::size_t kNameWidth = 20;

std::string utilisation_text(const ResourceRow& row) {
  return row.utilisation ? format_percent(*row.utilisation) : std::string(kUnknown);
}

void append_totals(Sheet& sheet, const RequestReport& report) {
  const std::string latency = at_least(seconds_text(report.serial_latency_s), report.complete);
  const bool known = report.throughput_per_s.has_value();
  append_figures(
      sheet,
      {{{"latency", latency + " alone", Style::kBold},
        {"throughput",
         known ? format_quantity(*report.throughput_per_s, Unit::kPerSecond) + " pipelined"
               : std::string(kUnknown),
         Style::kBold}},
       {{"bound by", known ? fmt::format("{}: {}", report.bottleneck,
                                         ellipsize(printable(report.bottleneck_stage), kNameWidth))
                           : std::string(kUnknown)},
        {"in flight", known ? fmt::format("{:#.3g} requests at that rate", *report.in_flight)
                            : std::string(kUnknown)}}});
}

std::string what_text(const StageRow& stage) {
  return stage.model.empty() ? stage.kind : file_name(stage.model);
}

/// A column that is shown where it tells stages apart.
struct StageField {
  Column column;
  Cell (*cell)(const StageRow&);
  bool shown = true;
};

std::vector<StageField> fields(const RequestReport& report) {
  using S = const StageRow&;
  const auto any = [&](auto condition) {
    return std::any_of(report.stages.begin(), report.stages.end(), condition);
  };
  std::vector<StageField> list = {
      {{.title = "stage", .flexible = true, .min_width = 20},
       [](S s) -> Cell { return {printable(s.name)}; }},
      {{.title = "does", .rank = 2, .flexible = true, .min_width = 10},
       [](S s) -> Cell { return {printable(what_text(s))}; }},
      {{.title = "on"}, [](S s) -> Cell { return {s.on}; }},
      {{.title = "runs", .align = Align::kRight},
       [](S s) -> Cell { return {fmt::format("{:.3g}", s.runs)}; },
       any([](S s) { return s.runs != 1; })},
      {{.title = "starts", .align = Align::kQuantity, .rank = 3},
       [](S s) -> Cell { return {seconds_text(s.start_s)}; }},
      {{.title = "latency", .align = Align::kQuantity},
       [](S s) -> Cell { return {at_least(seconds_text(s.latency_s), s.complete)}; }},
      {{.title = "share", .align = Align::kRight},
       [](S s) -> Cell { return {format_percent(s.share)}; }},
      {{.title = "critical", .rank = 1},
       [](S s) -> Cell { return {s.critical ? "yes" : "no"}; },
       any([](S s) { return !s.critical; })},
      {{.title = "bottleneck"},
       [](S s) -> Cell {
         return {s.bottleneck, bound_style(s.bottleneck)};
       }},
      {{.title = "copied", .align = Align::kQuantity},
       [](S s) -> Cell { return {s.kind == "copy" ? bytes_text(s.copied_bytes) : ""}; },
       any([](S s) { return s.kind == "copy"; })},
      {{.title = "calibration", .rank = 4}, [](S s) -> Cell { return {s.calibration}; }},
  };
  return list;
}

void append_stages(Sheet& sheet, const RequestReport& report) {
  std::vector<StageField> shown;
  for (const StageField& field : fields(report)) {
    if (field.shown) shown.push_back(field);
  }
  std::vector<Column> columns;
  for (const StageField& field : shown) columns.push_back(field.column);
  Table table(std::move(columns));
  for (const StageRow& stage : report.stages) {
    std::vector<Cell> cells;
    for (const StageField& field : shown) cells.push_back(field.cell(stage));
    table.add(std::move(cells));
  }
  append_table(sheet, table);
}

std::string device_text(const DeviceRow& device) {
  std::string text = fmt::format("{}, runtime {}, {}", printable(device.hardware.id),
                                 device.runtime, device.precision);
  if (device.threads > 0) text += fmt::format(", {} threads", device.threads);
  return text;
}

std::string link_text(const LinkRow& link) {
  std::string text = format_quantity(link.bytes_per_s, Unit::kBytePerSecond);
  if (link.source == "memory") text += ", within the memory of both";
  if (link.latency_s > 0) text += " and " + seconds_text(link.latency_s) + " each";
  return text;
}

void append_resources(Sheet& sheet, const RequestReport& report) {
  Table table({{.title = "resource"},
               {.title = "what", .max_width = 60, .flexible = true, .min_width = 16},
               {.title = "busy a request", .align = Align::kQuantity},
               {.title = "utilisation", .align = Align::kRight}});
  const auto add = [&](const ResourceRow& row, std::string what) {
    const Style style = row.name == report.bottleneck ? Style::kBold : Style::kPlain;
    table.add({{row.name, style},
               {std::move(what)},
               {seconds_text(row.busy_s)},
               {utilisation_text(row), style}});
  };
  for (const DeviceRow& device : report.devices) add(device, device_text(device));
  for (const LinkRow& link : report.links) add(link, link_text(link));
  append_table(sheet, table);
}

}  // namespace

void render_text(const RequestReport& report, const TextOptions& options, std::ostream& out) {
  Sheet sheet{options};
  append_heading(sheet, printable(report.name));
  append_facts(sheet, {fmt::format("input {} on {}", report.input, report.input_on)});
  append_totals(sheet, report);
  append_stages(sheet, report);
  append_resources(sheet, report);
  append_notes(sheet, report.diagnostics);
  out << sheet.text;
}

}  // namespace roofline::report
