// Owns the text of many reports: one line per model and machine.
// Refuses to look ahead: a line is written before the next model is read, so columns are fixed.
#include <fmt/format.h>

#include <ostream>

#include "format.hpp"
#include "roofline/base/text.hpp"
#include "roofline/report/render.hpp"

namespace roofline::report {
namespace {

/// Columns of a quantity: ">= 12.3", a blank, "GFLOP"; or "M" of a count.
constexpr std::size_t kNumberWidth = 7;
constexpr std::size_t kUnitWidth = 5;
constexpr std::size_t kCountUnitWidth = 2;
constexpr std::size_t kMachineWidth = 16;
constexpr std::size_t kBottleneckWidth = 14;

void add_quantity(std::string& line, std::string_view text, std::size_t unit_width = kUnitWidth) {
  const std::size_t blank = text.find(' ', text.starts_with(">= ") ? 3 : 0);
  const std::string_view number = text.substr(0, blank);
  const std::string_view unit = blank == std::string_view::npos ? "" : text.substr(blank + 1);
  line += fmt::format(" {:>{}} {:<{}}", number, kNumberWidth, unit, unit_width);
}

void add_title(std::string& line, std::string_view title, std::size_t unit_width = kUnitWidth) {
  line += fmt::format(" {:>{}}", title, kNumberWidth + 1 + unit_width);
}

std::string finished(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string path_text(const Report& report, std::size_t width) {
  const std::string path = printable(report.model.path);
  const std::size_t used = display_width(path);
  return path + std::string(width > used ? width - used : 0, ' ');
}

/// Why a line's figures need a second look; "" when they do not.
std::string remarks(const Report& report, bool complete, const Result* result) {
  std::vector<std::string> parts;
  if (report.coverage.unknown > 0) {
    parts.push_back(
        fmt::format("{} of {} nodes unknown", report.coverage.unknown, report.model.nodes));
  } else if (!complete) {
    parts.emplace_back("lower bounds");
  }
  if (result != nullptr && result->fits_in_memory && !*result->fits_in_memory) {
    parts.push_back("does not fit in " + bytes_text(result->memory_capacity_bytes));
  }
  if (result != nullptr && result->hardware.calibration_status == "uncalibrated") {
    parts.emplace_back("uncalibrated");
  }
  return join(parts, ", ");
}

std::string counts_line(const Report& report, std::size_t path_width) {
  const Totals& totals = report.totals;
  std::string line = path_text(report, path_width);
  add_quantity(line, at_least(count_text(totals.macs), totals.complete), kCountUnitWidth);
  add_quantity(line, at_least(flops_text(totals.flops), totals.complete));
  add_quantity(line, count_text(report.model.parameters), kCountUnitWidth);
  add_quantity(line, at_least(bytes_text(totals.traffic_bytes), totals.complete));
  add_quantity(line, at_least(bytes_text(totals.peak_memory_bytes), totals.complete));
  return finished(line + "  " + remarks(report, totals.complete, nullptr));
}

std::string result_line(const Report& report, const Result& result, std::size_t path_width) {
  const bool complete = result.complete;
  std::string line = path_text(report, path_width);
  line += fmt::format("  {:<{}}", printable(result.hardware.id), kMachineWidth);
  add_quantity(line, at_least(seconds_text(result.predicted_latency_s), complete));
  add_quantity(line, at_least(seconds_text(result.roofline_latency_s), complete));
  line += fmt::format("  {:<{}}", result.bottleneck, kBottleneckWidth - 2);
  add_quantity(line, at_least(flops_text(result.flops), complete));
  add_quantity(line, at_least(bytes_text(result.dram_bytes), complete));
  add_quantity(line, at_least(bytes_text(result.peak_memory_bytes), complete));
  return finished(line + "  " + remarks(report, complete, &result));
}

}  // namespace

std::string line_header(bool machines, std::size_t path_width) {
  std::string line = fmt::format("{:<{}}", "model", path_width);
  if (!machines) {
    add_title(line, "MACs", kCountUnitWidth);
    add_title(line, "work");
    add_title(line, "parameters", kCountUnitWidth);
    for (const char* title : {"traffic", "peak memory"}) add_title(line, title);
    return finished(line);
  }
  line += fmt::format("  {:<{}}", "hardware", kMachineWidth);
  add_title(line, "predicted");
  add_title(line, "roofline");
  line += fmt::format("  {:<{}}", "bottleneck", kBottleneckWidth - 2);
  for (const char* title : {"work", "DRAM traffic", "peak memory"}) add_title(line, title);
  return finished(line);
}

void render_lines(const Report& report, std::size_t path_width, std::ostream& out) {
  if (report.results.empty()) out << counts_line(report, path_width);
  for (const Result& result : report.results) out << result_line(report, result, path_width);
}

}  // namespace roofline::report
