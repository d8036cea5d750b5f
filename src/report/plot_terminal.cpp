// Owns plots made of characters.
// Refuses to know what is plotted.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

#include "plot.hpp"
#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kRows = 20;
constexpr std::size_t kAxisColumns = 14;  ///< columns of the y axis' labels
constexpr std::size_t kMostColumns = 120;
constexpr double kLargeShare = 0.1;  ///< of the time: the dot that stands out
constexpr double kSmallShare = 0.01;

// A Braille character holds 2 x 4 dots; these are their bits, by row and column.
constexpr int kDotRows = 4;
constexpr int kDotColumns = 2;
constexpr std::array<std::array<unsigned, kDotColumns>, kDotRows> kBraille = {
    {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};

std::string utf8(unsigned code) {
  return {static_cast<char>(0xE0U | (code >> 12U)), static_cast<char>(0x80U | (code >> 6U & 0x3FU)),
          static_cast<char>(0x80U | (code & 0x3FU))};
}

/// Letters where there are no colours, capitals for what takes most of the time.
std::string dot_glyph(const PlotSeries& series, double weight, const TextOptions& options) {
  const bool large = weight >= kLargeShare;
  if (!options.color) {
    return {large ? static_cast<char>(std::toupper(static_cast<unsigned char>(series.key)))
                  : series.key};
  }
  if (large) return options.unicode ? "●" : "@";
  if (weight >= kSmallShare) return options.unicode ? "•" : "o";
  return options.unicode ? "∙" : ".";
}

struct Glyph {
  unsigned braille = 0;
  const PlotSeries* line = nullptr;
  const PlotSeries* dot = nullptr;
  double weight = 0;
};

/// A grid of characters, rows from the top.
class Canvas {
 public:
  Canvas(std::size_t columns, const TextOptions& options)
      : columns_(columns), options_(options), cells_(columns * kRows) {}

  /// Coordinates are places from 0 to 1, y upwards; what lies outside is cut off.
  void line(const PlotSeries& series, double x0, double y0, double x1, double y1) {
    const auto width = static_cast<double>(columns_ * kDotColumns);
    const auto height = static_cast<double>(kRows * kDotRows);
    const double steps =
        std::ceil(std::max({std::abs(x1 - x0) * width, std::abs(y1 - y0) * height, 1.0}));
    for (double s = 0; s <= steps; ++s) {
      const auto x = static_cast<int>((x0 + (x1 - x0) * s / steps) * (width - 1));
      const auto y = static_cast<int>((1 - (y0 + (y1 - y0) * s / steps)) * (height - 1));
      Glyph* cell = at(x / kDotColumns, y / kDotRows);
      if (x < 0 || y < 0 || cell == nullptr) continue;
      cell->braille |= kBraille[static_cast<std::size_t>(y % kDotRows)]
                               [static_cast<std::size_t>(x % kDotColumns)];
      cell->line = &series;
    }
  }

  /// Where dots meet, the heaviest is seen.
  void dot(const PlotSeries& series, double x, double y, double weight) {
    Glyph* cell = at(static_cast<int>(x * static_cast<double>(columns_ - 1)),
                     static_cast<int>((1 - y) * static_cast<double>(kRows - 1)));
    if (cell == nullptr || (cell->dot != nullptr && cell->weight >= weight)) return;
    cell->dot = &series;
    cell->weight = weight;
  }

  void append_row(std::size_t row, const Painter& painter, std::string& out) const {
    std::size_t last = columns_;
    const auto empty = [&](std::size_t c) {
      const Glyph& cell = cells_[row * columns_ + c];
      return cell.line == nullptr && cell.dot == nullptr;
    };
    while (last > 0 && empty(last - 1)) --last;
    for (std::size_t c = 0; c < last; ++c) {
      const Glyph& cell = cells_[row * columns_ + c];
      if (cell.dot != nullptr) {
        painter.append(out, dot_glyph(*cell.dot, cell.weight, options_), cell.dot->style);
      } else if (cell.line != nullptr) {
        painter.append(out, options_.unicode ? utf8(0x2800U + cell.braille) : "-",
                       cell.line->style);
      } else {
        out += ' ';
      }
    }
  }

 private:
  Glyph* at(int column, int row) {
    const bool inside = column >= 0 && row >= 0 && static_cast<std::size_t>(column) < columns_ &&
                        static_cast<std::size_t>(row) < kRows;
    if (!inside) return nullptr;
    return &cells_[static_cast<std::size_t>(row) * columns_ + static_cast<std::size_t>(column)];
  }
  std::size_t columns_;
  const TextOptions& options_;
  std::vector<Glyph> cells_;
};

void draw(const Plot& plot, const PlotRange& x, const PlotRange& y, Canvas& canvas) {
  for (const PlotSeries& series : plot.series) {
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const PlotPoint& p = series.points[i];
      if (series.mark == Mark::kDot) {
        canvas.dot(series, x.place(p.x), y.place(p.y), p.weight);
      } else if (i > 0) {
        const PlotPoint& before = series.points[i - 1];
        canvas.line(series, x.place(before.x), y.place(before.y), x.place(p.x), y.place(p.y));
      }
    }
  }
}

/// The label of the tick that stands in this row, if any.
std::string row_label(const Plot& plot, const PlotRange& y, std::size_t row) {
  for (const double tick : y.ticks) {
    const double place = (1 - y.place(tick)) * static_cast<double>(kRows - 1);
    if (std::lround(place) == static_cast<long>(row)) return plot.y.text(tick);
  }
  return {};
}

void append_x_axis(const Plot& plot, const PlotRange& x, std::size_t columns, std::string& out) {
  std::string labels;
  for (const double tick : x.ticks) {
    const std::string text = plot.x.text(tick);
    const auto column =
        static_cast<std::size_t>(std::lround(x.place(tick) * static_cast<double>(columns - 1)));
    const std::size_t start = column - std::min(column, text.size() / 2);
    // Labels that would touch are left out.
    if (start < labels.size() + (labels.empty() ? 0 : 2)) continue;
    labels.append(start - labels.size(), ' ');
    labels += text;
  }
  out += std::string(kAxisColumns + 1, ' ') + labels + '\n';
}

bool weighted(const Plot& plot) {
  return std::any_of(plot.series.begin(), plot.series.end(), [](const PlotSeries& series) {
    return std::any_of(series.points.begin(), series.points.end(),
                       [](const PlotPoint& p) { return p.weight >= kLargeShare; });
  });
}

void append_legend(const Plot& plot, const TextOptions& options, std::string& out) {
  const Painter painter(options.color);
  for (const PlotSeries& series : plot.series) {
    if (series.points.empty()) continue;
    const bool line = series.mark == Mark::kLine;
    const std::string mark =
        line ? (options.unicode ? "──" : "--") : dot_glyph(series, kSmallShare, options);
    out += std::string(kAxisColumns + 1, ' ');
    painter.append(out, mark, series.style);
    out += ' ' + series.label + '\n';
  }
  if (weighted(plot)) {
    out += std::string(kAxisColumns + 1, ' ') + (options.color ? "large dots" : "capitals") +
           ": above 10 % of the time\n";
  }
  if (!plot.note.empty()) out += std::string(kAxisColumns + 1, ' ') + plot.note + '\n';
}

}  // namespace

void append_plot(const Plot& plot, const TextOptions& options, std::string& out) {
  const std::size_t columns = std::min(options.width, kMostColumns) - kAxisColumns - 2;
  const PlotRange x = x_range(plot);
  const PlotRange y = y_range(plot);
  Canvas canvas(columns, options);
  draw(plot, x, y, canvas);
  const Painter painter(options.color);
  out += fmt::format("  {}\n", plot.y.title);
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::string label = row_label(plot, y, row);
    const bool tick = !label.empty();
    out += std::string(kAxisColumns - 1 - std::min(kAxisColumns - 1, display_width(label)), ' ') +
           label + ' ';
    out += options.unicode ? (tick ? "┤" : "│") : (tick ? "+" : "|");
    canvas.append_row(row, painter, out);
    out += '\n';
  }
  append_x_axis(plot, x, columns, out);
  out += fmt::format("{:>{}}\n", plot.x.title, kAxisColumns + 1 + columns);
  append_legend(plot, options, out);
}

}  // namespace roofline::report
