// Owns how a sweep reads on a terminal: what matters, a table of sizes, a plot.
// Refuses to compute costs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <set>

#include "plot.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/report/sweep.hpp"
#include "screen.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kNamedCrossings = 3;

std::string rate_text(const Sweep& sweep, double per_s) {
  return format_count(per_s) + (sweep.counts_items ? " items/s" : " runs/s");
}

/// "layer1.0/conv1/Conv": what a fused layer begins with.
std::string short_name(const std::string& layer) {
  constexpr std::size_t kWidth = 32;
  const std::string first = layer.substr(0, layer.find(" + "));
  std::string name;
  for (const std::string_view part : path_parts(first)) {
    name += (name.empty() ? "" : "/") + std::string(part);
  }
  return ellipsize(printable(name), kWidth);
}

std::string tick_text(double value) {
  constexpr double kThousand = 1e3;
  constexpr double kMillion = 1e6;
  if (value >= kMillion) return fmt::format("{:g} M", value / kMillion);
  return value >= kThousand ? fmt::format("{:g} k", value / kThousand) : fmt::format("{:g}", value);
}

/// "v100 fp16 sequence=128": what tells series apart.
std::string series_label(const SweepSeries& series) {
  const Result& result = series.points.front().result;
  std::string label = printable(result.hardware.id) + " " + result.precision;
  for (const auto& [name, size] : series.dims)
    label += fmt::format(" {}={}", printable(name), size);
  return label;
}

bool is_power_of_two(std::int64_t value) { return value > 0 && (value & (value - 1)) == 0; }

/// Sizes to list: both ends, the best, and powers of two or, where there are few, about `top` of
/// growing distance.
std::vector<std::size_t> shown(const SweepSeries& series, std::size_t top) {
  constexpr std::size_t kEnoughPowers = 4;
  const std::size_t count = series.points.size();
  std::set<std::size_t> rows;
  for (std::size_t i = 0; i < count; ++i) {
    if (top == 0 || count <= top || is_power_of_two(series.points[i].value)) rows.insert(i);
  }
  if (rows.size() < std::min(kEnoughPowers, count)) {
    for (std::size_t i = 0; i < top; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(top);
      rows.insert(static_cast<std::size_t>(std::pow(static_cast<double>(count), share)) - 1);
    }
  }
  rows.insert({0, count - 1});
  if (series.best) rows.insert(*series.best);
  return {rows.begin(), rows.end()};
}

void append_table(const Sweep& sweep, const SweepSeries& series, const TextOptions& options,
                  std::string& out) {
  Table table({{printable(sweep.axis), Align::kRight},
               {"latency", Align::kQuantity},
               {"throughput", Align::kQuantity},
               {.title = "roofline", .align = Align::kQuantity, .rank = 3},
               {.title = "FLOP/B", .align = Align::kRight, .rank = 2},
               {.title = "DRAM", .align = Align::kQuantity, .rank = 4},
               {"memory", Align::kQuantity},
               {.title = "bound", .rank = 1},
               {"bottleneck"}});
  for (const std::size_t i : shown(series, options.top)) {
    const SweepPoint& point = series.points[i];
    const Result& r = point.result;
    const bool best = series.best == i;
    const bool too_big = r.fits_in_memory.has_value() && !*r.fits_in_memory;
    table.add({{std::to_string(point.value), best ? Style::kBold : Style::kPlain},
               {at_least(seconds_text(r.predicted_latency_s), r.complete)},
               {point.throughput_per_s ? rate_text(sweep, *point.throughput_per_s) : "?",
                best ? Style::kBold : Style::kPlain},
               {seconds_text(r.roofline_latency_s)},
               {intensity_text(r.intensity)},
               {bytes_text(r.dram_bytes)},
               {bytes_text(r.peak_memory_bytes), too_big ? Style::kRed : Style::kPlain},
               {r.bound, bound_style(r.bound)},
               {r.bottleneck, bound_style(r.bottleneck)}});
  }
  table.render(options.width, Painter(options.color), out);
}

std::string memory_line(const Sweep& sweep, const SweepSeries& series) {
  const Result& result = series.points.front().result;
  if (!result.memory_capacity_bytes) return "the profile has no capacity";
  const std::string capacity = bytes_text(result.memory_capacity_bytes);
  if (!series.largest_that_fits) return "no size of the range fits in " + capacity;
  const auto most =
      std::max_element(series.points.begin(), series.points.end(),
                       [](const SweepPoint& a, const SweepPoint& b) { return a.value < b.value; });
  if (most->value == *series.largest_that_fits) return "every size fits in " + capacity;
  return fmt::format("{} {} is the largest that fits in {}", printable(sweep.axis),
                     *series.largest_that_fits, capacity);
}

std::string best_line(const Sweep& sweep, const SweepSeries& series) {
  const std::string limit =
      sweep.max_latency_s ? fmt::format(", within {}", seconds_text(*sweep.max_latency_s)) : "";
  if (!series.best)
    return limit.empty() ? "no size can be timed" : "no size of the range is" + limit.substr(1);
  const SweepPoint& point = series.points[*series.best];
  return fmt::format("{} at {} {}: {}{}", rate_text(sweep, *point.throughput_per_s),
                     printable(sweep.axis), point.value,
                     seconds_text(point.result.predicted_latency_s), limit);
}

/// What happens to the whole, then how many layers cross and the first of them.
std::string ridge_line(const Sweep& sweep, const SweepSeries& series) {
  std::string text;
  std::set<std::string> layers;
  std::vector<std::string> named;
  for (const SweepCrossing& crossing : series.crossings) {
    if (crossing.layer_id.empty()) {
      text +=
          fmt::format("{}-bound from {} {}; ", crossing.to, printable(sweep.axis), crossing.value);
    } else if (layers.insert(crossing.layer_id).second && named.size() < kNamedCrossings) {
      named.push_back(fmt::format("{} at {}", short_name(crossing.layer), crossing.value));
    }
  }
  if (text.empty()) {
    text = fmt::format("{}-bound as a whole at every size; ", series.points.front().result.bound);
  }
  if (layers.empty()) return text + "no layer crosses";
  return text + fmt::format("{} of {} layers cross: {}{}", layers.size(), series.layers,
                            join(named, ", "), layers.size() > named.size() ? ", ..." : "");
}

Plot throughput_plot(const Sweep& sweep) {
  constexpr double kDotWeight = 0.05;
  constexpr std::array kStyles = {Style::kGreen,  Style::kBlue, Style::kMagenta,
                                  Style::kYellow, Style::kRed,  Style::kPlain};
  Plot plot{.title = {},
            .x = {.title = printable(sweep.axis), .text = tick_text},
            .y = {.title = sweep.counts_items ? "throughput (items/s)" : "throughput (runs/s)",
                  .text = tick_text}};
  for (std::size_t s = 0; s < sweep.series.size(); ++s) {
    PlotSeries series{.label = series_label(sweep.series[s]),
                      .key = static_cast<char>('a' + s % 26),
                      .style = kStyles[s % kStyles.size()]};
    for (const SweepPoint& point : sweep.series[s].points) {
      if (point.throughput_per_s && point.value > 0) {
        series.points.push_back(
            {static_cast<double>(point.value), *point.throughput_per_s, kDotWeight, {}});
      }
    }
    plot.series.push_back(std::move(series));
  }
  // Machines far apart would else lie on the axis.
  constexpr double kFarApart = 30;
  plot.y.log = true;
  const PlotRange y = y_range(plot);
  plot.y.log = y.high > kFarApart * y.low;
  return plot;
}

void append_line(std::string_view label, const std::string& text, std::string& out) {
  out += fmt::format("  {:<12}{}\n", label, text);
}

void append_series(const Sweep& sweep, const SweepSeries& series, const TextOptions& options,
                   std::string& out) {
  const Result& result = series.points.front().result;
  const Painter painter(options.color);
  painter.append(
      out, fmt::format("{} on {}", file_name(sweep.model.path), printable(result.hardware.name)),
      Style::kBold);
  out += fmt::format("\n{}, runtime {}, {}{}\n\n", series_label(series), result.runtime,
                     roof_text(result),
                     result.threads > 0 ? fmt::format(", {} threads", result.threads) : "");
  append_line("best", best_line(sweep, series), out);
  append_line("memory", memory_line(sweep, series), out);
  append_line("ridge", ridge_line(sweep, series), out);
  out += '\n';
  append_table(sweep, series, options, out);
}

}  // namespace

void render_text(const Sweep& sweep, const TextOptions& options, std::ostream& out) {
  std::string text;
  for (const SweepSeries& series : sweep.series) {
    append_series(sweep, series, options, text);
    text += '\n';
  }
  append_plot(throughput_plot(sweep), options, text);
  for (const Diagnostic& d : sweep.diagnostics) {
    text += fmt::format("\n  {}: {}", severity_name(d.severity), printable(d.message));
  }
  if (!sweep.diagnostics.empty()) text += '\n';
  out << text;
}

}  // namespace roofline::report
