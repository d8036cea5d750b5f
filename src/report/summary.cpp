// Owns the block of figures at the top of a text report.
// Refuses to list layers.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "screen.hpp"

namespace roofline::report {
namespace {

/// Dims, inputs and unknown operators named one by one; the rest is counted.
constexpr std::size_t kListed = 4;
/// Transcendental evaluations are mentioned from this share of the FLOPs on.
constexpr double kNotableShare = 0.01;

std::string listed(const std::vector<std::string>& items) {
  const std::size_t shown = std::min(items.size(), kListed);
  std::string text = join({items.data(), shown}, ", ");
  if (shown < items.size()) text += fmt::format(" and {} more", items.size() - shown);
  return text;
}

std::string inputs_text(const ModelInfo& model) {
  std::vector<std::string> inputs;
  for (const TensorInfo& input : model.inputs) {
    inputs.push_back(fmt::format("{} {} {}", ellipsize(printable(input.name), 24),
                                 shape_text(input.shape), input.dtype));
  }
  return inputs.empty() ? "no input" : (inputs.size() == 1 ? "input " : "inputs ") + listed(inputs);
}

std::string work_text(const Totals& totals, Count macs, Count flops, bool complete) {
  std::string text =
      at_least(count_text(macs), complete) + " MACs   " + at_least(flops_text(flops), complete);
  if (totals.transcendentals.as_double() > kNotableShare * flops.as_double()) {
    text += fmt::format("   {} transcendentals",
                        at_least(count_text(totals.transcendentals), totals.complete));
  }
  return text;
}

std::string parameters_text(const ModelInfo& model) {
  return count_text(model.parameters) + "   " + bytes_text(model.weight_bytes);
}

/// Shown only when some figure is not exact.
void add_coverage(const Screen& screen, bool complete, std::vector<FigureLine>& lines) {
  const Coverage& coverage = screen.report.coverage;
  if (coverage.approximate == 0 && coverage.unknown == 0 && complete) return;
  std::string text = counted(coverage.exact, "node") + " exact";
  if (coverage.approximate > 0) text += fmt::format(", {} approximate", coverage.approximate);
  if (coverage.unknown > 0) text += fmt::format(", {} unknown", coverage.unknown);
  if (!coverage.unknown_ops.empty()) {
    std::vector<std::string> ops;
    for (const std::string& op : coverage.unknown_ops) ops.push_back(printable(op));
    text += " (" + listed(ops) + ")";
  }
  if (!complete) text += ": sums are lower bounds";
  lines.push_back({{"coverage", text, complete ? Style::kPlain : Style::kYellow}});
}

std::string bottleneck_text(const Result& result) {
  std::vector<std::pair<double, std::string>> parts;
  for (const auto& [name, seconds] : result.time_by_bottleneck_s)
    parts.emplace_back(-seconds, name);
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const auto& [seconds, name] : parts) {
    const double share = ratio(-seconds, result.predicted_latency_s);
    if (share < 0.0005) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "   ", name, format_percent(share));
  }
  return text.empty() ? "none" : text;
}

LabelledValue verdict(const Result& result) {
  if (!result.ridge_point) return {};
  std::string text = intensity_text(result.ridge_point) + " FLOP/B";
  if (result.bound == "compute" || result.bound == "memory") {
    text += fmt::format(": {}-bound as a whole", result.bound);
  }
  return {"ridge", text};
}

std::string traffic_text(const Screen& screen, const Result& result) {
  const bool cached = result.dram_bytes != result.planned_bytes;
  std::string text =
      at_least(bytes_text(cached ? result.dram_bytes : result.planned_bytes), result.complete);
  text += cached ? fmt::format(" DRAM   {} planned", bytes_text(result.planned_bytes)) : " planned";
  const Count algorithmic = screen.report.totals.traffic_bytes;
  if (algorithmic != result.planned_bytes) {
    text += fmt::format("   {} algorithmic", bytes_text(algorithmic));
  }
  return text;
}

LabelledValue memory_figure(const Result& result) {
  std::string text = at_least(bytes_text(result.peak_memory_bytes), result.complete) + " peak";
  if (result.memory_capacity_bytes) text += " of " + bytes_text(result.memory_capacity_bytes);
  const bool too_big = result.fits_in_memory.has_value() && !*result.fits_in_memory;
  if (too_big) text += ": does not fit";
  return {"memory", text, too_big ? Style::kRed : Style::kPlain};
}

LabelledValue calibration_figure(const Result& result) {
  const HardwareInfo& hardware = result.hardware;
  if (hardware.calibration_status == "uncalibrated") {
    return {"calibration", "uncalibrated: efficiency 1; 'hardware show' lists calibrated runtimes",
            Style::kYellow};
  }
  std::string text = fmt::format("{} {}, {}", hardware.calibration_runtime,
                                 hardware.calibration_version, hardware.calibration_date);
  if (hardware.calibration_error) {
    text += fmt::format(", error {}", format_percent(*hardware.calibration_error));
  }
  const bool own = hardware.calibration_status == "calibrated";
  if (!own) text += " on machines of this kind";
  const bool unvalidated = hardware.calibration_status == "unvalidated";
  if (unvalidated) text += "; unvalidated on this one";
  if (result.untimed_share >= kNotableShare) {
    text +=
        fmt::format("; {} of the time in kernels it lacks", format_percent(result.untimed_share));
  }
  return {"calibration", text, unvalidated ? Style::kYellow : Style::kPlain};
}

std::string predicted_text(const Result& result) {
  std::string text = at_least(seconds_text(result.predicted_latency_s), result.complete);
  if (result.throughput_per_s) {
    text += fmt::format("   {}{} runs/s",
                        result.complete ? "" : "<= ", intensity_text(result.throughput_per_s));
  }
  return text;
}

std::string roofline_text(const Result& result) {
  const double attained = ratio(result.roofline_latency_s, result.predicted_latency_s);
  std::string text = at_least(seconds_text(result.roofline_latency_s), result.complete);
  return text + fmt::format("   {} attained", format_percent(attained));
}

/// What the figures were without the scenarios.
void add_base(const Result& result, std::vector<FigureLine>& lines) {
  const BaseResult& base = *result.base;
  std::string text = at_least(seconds_text(base.predicted_latency_s), base.complete);
  if (result.complete && base.complete) {
    text +=
        "   now " + ratio_text(base.predicted_latency_s, result.predicted_latency_s / base.items);
    if (base.items != 1) text += " for each item";
  }
  lines.insert(
      lines.begin() + 1,
      {FigureLine{{"before", text}},
       FigureLine{{"moved", fmt::format("{} DRAM before, {} planned", bytes_text(base.dram_bytes),
                                        bytes_text(base.planned_bytes))}}});
}

void add_base(const BaseModel& base, std::vector<FigureLine>& lines) {
  lines.insert(lines.begin(),
               {FigureLine{{"before", work_text({}, base.macs, base.flops, base.complete)}},
                FigureLine{{"before", fmt::format("{} parameters   {} algorithmic",
                                                  count_text(base.parameters),
                                                  bytes_text(base.traffic_bytes))}}});
}

std::string whole_intensity(std::optional<double> intensity, bool complete) {
  return intensity_text(intensity) + " FLOP/B" + (complete ? "" : " of the known part");
}

}  // namespace

std::string dims_text(const ModelInfo& model) {
  std::vector<std::string> dims;
  for (const auto& [symbol, size] : model.dims) {
    dims.push_back(fmt::format("{}={}", ellipsize(printable(symbol), 32), size));
  }
  return dims.empty() ? "" : listed(dims);
}

std::string precision_text(const Result& result) {
  std::set<std::string_view> used;
  for (const LayerRow& layer : result.layers) {
    if (!layer.dtype.empty() && layer.flops.value_or(0) > 0) used.insert(layer.dtype);
  }
  if (used.empty() || (used.size() == 1 && *used.begin() == result.precision))
    return result.precision;
  return fmt::format("{} ({})", result.precision, fmt::join(used, ", "));
}

std::string roof_text(const Result& result) {
  return result.roof == "datasheet" ? "data-sheet roof" : result.roof + " roof";
}

void append_summary(Screen& screen) {
  const Report& report = screen.report;
  const Totals& totals = report.totals;
  append_heading(screen, file_name(report.model.path));
  append_facts(screen, {counted(report.model.nodes, "node"), inputs_text(report.model),
                        dims_text(report.model)});
  append_gap(screen);
  const auto bytes = [&](Count count) { return at_least(bytes_text(count), totals.complete); };
  std::vector<FigureLine> lines = {
      {{"work", work_text(totals, totals.macs, totals.flops, totals.complete)},
       {"intensity", whole_intensity(totals.intensity, totals.complete)}},
      {{"parameters", parameters_text(report.model)},
       {"memory", fmt::format("{} peak   {} activations", bytes(totals.peak_memory_bytes),
                              bytes_text(totals.peak_activation_bytes))}},
      {{"traffic", bytes(totals.traffic_bytes) + " algorithmic"},
       {"of which", fmt::format("{} weights + {} activations", bytes_text(totals.weight_read_bytes),
                                bytes_text(totals.activation_read_bytes + totals.written_bytes))}}};
  if (report.base) add_base(*report.base, lines);
  add_coverage(screen, totals.complete, lines);
  append_figures(screen, lines);
  append_scenarios(screen, report.scenarios);
}

void append_summary(Screen& screen, const Result& result) {
  const Report& report = screen.report;
  append_heading(screen, fmt::format("{} on {}", file_name(report.model.path),
                                     printable(result.hardware.name)));
  append_facts(screen, {precision_text(result), "runtime " + result.runtime, roof_text(result),
                        result.threads > 0 ? fmt::format("{} threads", result.threads) : "",
                        inputs_text(report.model), dims_text(report.model)});
  append_gap(screen);
  std::vector<FigureLine> lines = {
      {{"predicted", predicted_text(result), Style::kBold}, {"roofline", roofline_text(result)}},
      {{"bottleneck", bottleneck_text(result) + "   of the predicted time"}},
      {{"intensity", whole_intensity(result.intensity, result.complete)}, verdict(result)},
      {{"work", work_text(report.totals, result.macs, result.flops, result.complete)},
       {"traffic", traffic_text(screen, result)}},
      {{"parameters", parameters_text(report.model)}, memory_figure(result)},
      {calibration_figure(result)}};
  if (result.base) add_base(result, lines);
  add_coverage(screen, result.complete, lines);
  append_figures(screen, lines);
  append_scenarios(screen, report.scenarios);
  append_scenarios(screen, result.scenarios);
}

}  // namespace roofline::report
