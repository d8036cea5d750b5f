// Owns plots as SVG: figures for documents.
// Refuses to know what is plotted, and to let a name become markup.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "format.hpp"
#include "plot.hpp"
#include "roofline/data/xml.hpp"

namespace roofline::report {
namespace {

// One figure, in pixels.
constexpr double kWidth = 900;
constexpr double kHeight = 570;
constexpr double kLeft = 90;
constexpr double kTop = 72;
constexpr double kPlotWidth = 780;
constexpr double kPlotHeight = 380;
constexpr double kSmallestDot = 2.5;
constexpr double kLargestDot = 16;

constexpr std::string_view kStyle =
    "text{font:13px system-ui,sans-serif;fill:#1c2024}.title{font-size:16px;font-weight:600}"
    ".note,.tick{fill:#5a6169;font-size:12px}.back{fill:#fff}.grid{stroke:#e3e6ea}"
    ".axis{stroke:#8a9199}.roof{stroke:#5a6169;fill:none;stroke-width:1.5}"
    ".dot{fill-opacity:.65;stroke:#fff;stroke-width:.5}"
    ".compute{fill:#18794e}.memory{fill:#0b68cb}.overhead{fill:#a1309c}"
    "@media(prefers-color-scheme:dark){text{fill:#eceef0}.note,.tick{fill:#a5acb5}"
    ".back{fill:#151718}.grid{stroke:#2b2f33}.axis{stroke:#6b727a}.roof{stroke:#a5acb5}"
    ".dot{stroke:#151718}.compute{fill:#4cc38a}.memory{fill:#70b8ff}.overhead{fill:#e796e3}}";

/// One plot between its axes.
class SvgPlot {
 public:
  SvgPlot(const Plot& plot, double top, std::ostream& out)
      : plot_(plot), top_(top + kTop), x_(x_range(plot)), y_(y_range(plot)), out_(out) {}

  void write() const {
    out_ << fmt::format("<text class=\"title\" x=\"{}\" y=\"{}\">{}</text>\n", kLeft, top_ - 40,
                        data::xml_text(plot_.title));
    write_grid();
    for (const PlotSeries& series : plot_.series) {
      if (series.mark == Mark::kLine) write_line(series);
    }
    for (const PlotSeries& series : plot_.series) {
      if (series.mark == Mark::kDot) write_dots(series);
    }
    write_legend();
  }

 private:
  [[nodiscard]] double left(double x) const {
    return kLeft + std::clamp(x_.place(x), 0.0, 1.0) * kPlotWidth;
  }
  [[nodiscard]] double above(double y) const {
    return top_ + (1 - std::clamp(y_.place(y), 0.0, 1.0)) * kPlotHeight;
  }

  void write_grid() const {
    for (const double tick : x_.ticks) {
      out_ << fmt::format(
          "<path class=\"grid\" d=\"M{0:.1f} {1:.1f}v{2}\"/>"
          "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\">{4}</text>\n",
          left(tick), top_, kPlotHeight, top_ + kPlotHeight + 18, plot_.x.text(tick));
    }
    for (const double tick : y_.ticks) {
      out_ << fmt::format(
          "<path class=\"grid\" d=\"M{0} {1:.1f}h{2}\"/>"
          "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
          kLeft, above(tick), kPlotWidth, kLeft - 8, above(tick) + 4, plot_.y.text(tick));
    }
    out_ << fmt::format("<path class=\"axis\" fill=\"none\" d=\"M{} {:.1f}v{}h{}\"/>\n", kLeft,
                        top_, kPlotHeight, kPlotWidth);
    out_ << fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
                        kLeft + kPlotWidth / 2, top_ + kPlotHeight + 40,
                        data::xml_text(plot_.x.title));
    out_ << fmt::format("<text class=\"note\" x=\"{}\" y=\"{:.1f}\">{}</text>\n", kLeft, top_ - 12,
                        data::xml_text(plot_.y.title));
  }

  /// Labelled along the line, at its right end for a level one.
  void write_line(const PlotSeries& series) const {
    std::string path;
    for (const PlotPoint& p : series.points) {
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", left(p.x), above(p.y));
    }
    out_ << fmt::format("<path class=\"roof\" d=\"{}\"/>\n", path);
    const PlotPoint& a = series.points.front();
    const PlotPoint& b = series.points.back();
    const bool level = a.y == b.y;
    const double angle =
        std::atan2(above(b.y) - above(a.y), left(b.x) - left(a.x)) * 180 / 3.14159265358979;
    const double x = level ? left(b.x) : left(a.x) + 0.25 * (left(b.x) - left(a.x));
    const double y = level ? above(b.y) : above(a.y) + 0.25 * (above(b.y) - above(a.y));
    out_ << fmt::format(
        "<text class=\"note\" x=\"{0:.1f}\" y=\"{1:.1f}\" dy=\"-5\" text-anchor=\"{2}\" "
        "transform=\"rotate({3:.1f} {0:.1f} {1:.1f})\">{4}</text>\n",
        x, y, level ? "end" : "middle", angle, data::xml_text(series.label));
  }

  /// Areas in proportion to the weights; large ones first, so that none hides another.
  void write_dots(const PlotSeries& series) const {
    std::vector<const PlotPoint*> points;
    for (const PlotPoint& p : series.points) points.push_back(&p);
    std::stable_sort(points.begin(), points.end(),
                     [](const PlotPoint* a, const PlotPoint* b) { return a->weight > b->weight; });
    for (const PlotPoint* p : points) {
      out_ << fmt::format(
          "<circle class=\"dot {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"><title>{}: {}, {} "
          "FLOP/B</title></circle>\n",
          series.label, left(p->x), above(p->y),
          kSmallestDot + (kLargestDot - kSmallestDot) * std::sqrt(p->weight),
          data::xml_text(p->name), plot_.y.text(p->y), plot_.x.text(p->x));
    }
  }

  void write_legend() const {
    double x = kLeft;
    const double y = top_ + kPlotHeight + 62;
    for (const PlotSeries& series : plot_.series) {
      if (series.mark != Mark::kDot || series.points.empty()) continue;
      out_ << fmt::format(
          "<circle class=\"{0}\" cx=\"{1}\" cy=\"{2}\" r=\"5\"/><text x=\"{3}\" "
          "y=\"{4}\">{5}</text>"
          "\n",
          series.label, x + 5, y - 4, x + 16, y, data::xml_text(series.label + "-limited"));
      x += 140;
    }
    out_ << fmt::format("<text class=\"note\" x=\"{}\" y=\"{}\">area: share of the time{}</text>\n",
                        kLeft, y + 22, plot_.note.empty() ? "" : "; " + data::xml_text(plot_.note));
  }

  const Plot& plot_;
  double top_;
  PlotRange x_;
  PlotRange y_;
  std::ostream& out_;
};

}  // namespace

void render_svg(const Report& report, std::ostream& out) {
  const double height = kHeight * static_cast<double>(report.results.size());
  out << fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" aria-label=\"roofline plot of {2}\">\n<style>{3}</style>\n"
      "<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n",
      kWidth, height, data::xml_text(file_name(report.model.path)), kStyle);
  double top = 0;
  for (const Result& result : report.results) {
    const Plot plot = roofline_plot(report, result);
    SvgPlot(plot, top, out).write();
    top += kHeight;
  }
  out << "</svg>\n";
}

}  // namespace roofline::report
