// Owns ranges and ticks of plots, and what a roofline plot shows.
// Refuses to draw: plot_terminal.cpp and plot_svg.cpp do.
#include "plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "format.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"

namespace roofline::report {
namespace {

constexpr double kMargin = 1.3;  ///< factor left free around the points of a logarithmic axis

/// 1, 2 and 5 times powers of ten; powers alone where those are enough.
std::vector<double> log_ticks(double low, double high) {
  const bool decades = high / low >= 100;
  std::vector<double> ticks;
  for (int e = static_cast<int>(std::floor(std::log10(low))); std::pow(10.0, e) <= high; ++e) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double tick = digit * std::pow(10.0, e);
      if (tick >= low && tick <= high && (digit == 1.0 || !decades)) ticks.push_back(tick);
    }
  }
  return ticks;
}

std::vector<double> linear_ticks(double low, double high) {
  constexpr double kAbout = 5;
  const double raw = (high - low) / kAbout;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double digit : {5.0, 2.0, 1.0}) {
    if (digit * power >= raw) step = digit * power;
  }
  std::vector<double> ticks;
  for (double tick = std::ceil(low / step) * step; tick <= high * (1 + 1e-9); tick += step) {
    ticks.push_back(tick);
  }
  return ticks;
}

PlotRange range(const Plot& plot, bool log, double PlotPoint::*coordinate) {
  PlotRange range{.low = std::numeric_limits<double>::infinity(), .high = 0, .log = log};
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& point : series.points) {
      range.low = std::min(range.low, point.*coordinate);
      range.high = std::max(range.high, point.*coordinate);
    }
  }
  if (range.high <= 0) range = {.low = 1, .high = 10, .log = log};
  if (log) {
    range.low /= kMargin;
    range.high *= kMargin;
    range.ticks = log_ticks(range.low, range.high);
  } else {
    range.low = 0;
    range.high *= 1.05;
    range.ticks = linear_ticks(range.low, range.high);
  }
  return range;
}

/// The lines of a roofline plot, by label.
struct Roofs {
  std::map<std::string, double> peaks;       ///< FLOP/s
  std::map<std::string, double> bandwidths;  ///< B/s
};

Roofs roofs(const Result& result) {
  Roofs found;
  for (const LayerRow& layer : result.layers) {
    if (!layer.peak_flops_per_s || layer.flops.value_or(0) == 0) continue;
    found.peaks.emplace(fmt::format("{} {} {}", printable(layer.unit), layer.dtype,
                                    format_quantity(*layer.peak_flops_per_s, Unit::kFlopPerSecond)),
                        *layer.peak_flops_per_s);
  }
  for (const LevelRow& level : result.levels) {
    if (!level.bytes_per_s) continue;
    found.bandwidths.emplace(fmt::format("{} {}", printable(level.name),
                                         format_quantity(*level.bytes_per_s, Unit::kBytePerSecond)),
                             *level.bytes_per_s);
  }
  return found;
}

/// Dots by bottleneck; counts the layers that have no place on logarithmic axes.
std::size_t add_layers(const Result& result, Plot& plot) {
  constexpr std::array<std::string_view, 3> kBottlenecks = {"compute", "memory", "overhead"};
  for (const std::string_view bottleneck : kBottlenecks) {
    plot.series.push_back({.label = std::string(bottleneck),
                           .key = bottleneck.front(),
                           .style = bound_style(bottleneck)});
  }
  std::size_t left_out = 0;
  for (const LayerRow& layer : result.layers) {
    const auto series = std::find(kBottlenecks.begin(), kBottlenecks.end(), layer.bottleneck);
    const bool has_place = layer.intensity.value_or(0) > 0 && layer.predicted_latency_s > 0 &&
                           series != kBottlenecks.end();
    if (!has_place) {
      ++left_out;
      continue;
    }
    plot.series[static_cast<std::size_t>(series - kBottlenecks.begin())].points.push_back(
        {.x = *layer.intensity,
         .y = layer.flops->as_double() / layer.predicted_latency_s,
         .weight = layer.share,
         .name = layer.name});
  }
  return left_out;
}

/// Slopes up to the highest peak, and peaks from where main memory can feed them.
void add_roofs(const Roofs& roofs, Plot& plot) {
  if (roofs.peaks.empty() || roofs.bandwidths.empty()) return;
  double top = 0;
  double slowest = std::numeric_limits<double>::infinity();
  for (const auto& [label, peak] : roofs.peaks) top = std::max(top, peak);
  for (const auto& [label, rate] : roofs.bandwidths) slowest = std::min(slowest, rate);
  PlotRange x = x_range(plot);
  PlotRange y = y_range(plot);
  x.low = std::min(x.low, top / slowest / 10);
  x.high = std::max(x.high, top / slowest * 3);
  for (const auto& [label, rate] : roofs.bandwidths) {
    const double left = std::max(x.low, std::min(y.low, top / 100) / rate);
    plot.series.push_back({.label = label,
                           .mark = Mark::kLine,
                           .style = Style::kDim,
                           .points = {{.x = left, .y = rate * left}, {.x = top / rate, .y = top}}});
  }
  for (const auto& [label, peak] : roofs.peaks) {
    plot.series.push_back({.label = label,
                           .mark = Mark::kLine,
                           .style = Style::kDim,
                           .points = {{.x = peak / slowest, .y = peak}, {.x = x.high, .y = peak}}});
  }
}

std::string rate_tick(double rate) { return exact_quantity(rate, Unit::kFlopPerSecond); }
std::string intensity_tick(double intensity) { return fmt::format("{:.3g}", intensity); }

}  // namespace

double PlotRange::place(double value) const {
  return log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
}

PlotRange x_range(const Plot& plot) { return range(plot, plot.x.log, &PlotPoint::x); }
PlotRange y_range(const Plot& plot) { return range(plot, plot.y.log, &PlotPoint::y); }

Plot roofline_plot(const Report& report, const Result& result) {
  Plot plot{.title = fmt::format("{} on {}", file_name(report.model.path),
                                 printable(result.hardware.name)),
            .x = {.title = "arithmetic intensity (FLOP/B)", .text = intensity_tick},
            .y = {.title = "attained", .text = rate_tick}};
  const std::size_t left_out = add_layers(result, plot);
  add_roofs(roofs(result), plot);
  if (left_out > 0) {
    plot.note = fmt::format("{} of {} layers do no arithmetic, or an unknown amount: not shown",
                            left_out, result.layers.size());
  }
  return plot;
}

}  // namespace roofline::report
