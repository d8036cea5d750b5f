#pragma once
#include <string>
#include <vector>

#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"
#include "roofline/report/table.hpp"

namespace roofline::report {

/// One point of a plot, in the axes' units.
struct PlotPoint {
  double x = 0;
  double y = 0;
  double weight = 0;      ///< share of the whole, 0 to 1: how large a dot is drawn
  std::string name = {};  ///< what a dot stands for, as it came from the model
};

enum class Mark { kDot, kLine };

struct PlotSeries {
  std::string label;
  Mark mark = Mark::kDot;
  char key = '*';  ///< what a dot looks like where colours do not tell series apart
  Style style = Style::kPlain;
  std::vector<PlotPoint> points = {};  ///< of a line: from left to right
};

struct PlotAxis {
  std::string title;
  std::string (*text)(double) = nullptr;  ///< a tick's label
  bool log = true;
};

/// What terminal and SVG plots are drawn from. Points that a logarithmic axis cannot show are left
/// out by whoever fills it.
struct Plot {
  std::string title;
  PlotAxis x;
  PlotAxis y;
  std::vector<PlotSeries> series = {};
  std::string note = {};  ///< what is not shown, and why; may be empty
};

/// Where an axis begins and ends, and what is marked on it: at least two ticks.
struct PlotRange {
  double low = 0;
  double high = 1;
  bool log = true;
  std::vector<double> ticks = {};
  /// Where `value` stands: 0 at the low end, 1 at the high end.
  [[nodiscard]] double place(double value) const;
};
/// Over the points of every series.
[[nodiscard]] PlotRange x_range(const Plot& plot);
[[nodiscard]] PlotRange y_range(const Plot& plot);

/// Every layer that computes as a dot, by its bottleneck, under the peaks and bandwidths that the
/// layers meet. Rates are of the predicted time.
[[nodiscard]] Plot roofline_plot(const Report& report, const Result& result);

/// Draws with Braille dots and bullets, or in ASCII, as wide as the screen.
void append_plot(const Plot& plot, const TextOptions& options, std::string& out);
}  // namespace roofline::report
