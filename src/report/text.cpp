// Owns the order of the text report's parts, and its notes.
// Refuses to print errors: the command line sends those to stderr.
#include "roofline/base/text.hpp"

#include <fmt/format.h>

#include <map>
#include <ostream>

#include "plot.hpp"
#include "screen.hpp"

namespace roofline::report {
namespace {

/// Notes of one kind shown in full; a model can have thousands.
constexpr int kShownPerCode = 5;

void append_note(Screen& screen, const Diagnostic& d) {
  const bool warning = d.severity == Severity::kWarning;
  screen.text += "  ";
  screen.painter.append(screen.text, severity_name(d.severity),
                        warning ? Style::kYellow : Style::kDim);
  screen.text += ": ";
  if (!d.location.empty()) screen.text += printable(d.location) + ": ";
  screen.text += printable(d.message);
  if (!d.hint.empty()) screen.text += " (" + printable(d.hint) + ")";
  screen.text += '\n';
}

}  // namespace

void append_notes(Screen& screen, const std::string* node_id) {
  std::map<std::string, int> seen;
  bool first = true;
  for (const Diagnostic& d : screen.report.diagnostics) {
    const bool elsewhere = node_id && !d.node_id.empty() && d.node_id != *node_id;
    if (d.severity == Severity::kError || elsewhere) continue;
    if (++seen[d.code] > kShownPerCode) continue;
    if (first) screen.text += '\n';
    first = false;
    append_note(screen, d);
  }
  for (const auto& [code, count] : seen) {
    if (count <= kShownPerCode) continue;
    screen.text +=
        fmt::format("  {} more of {}: --format json lists all\n", count - kShownPerCode, code);
  }
}

void render_text(const Report& report, const TextOptions& options, std::ostream& out) {
  Screen screen{report, options, Painter(options.color), Names(report)};
  if (report.results.empty()) {
    append_summary(screen);
    append_layers(screen, nullptr);
  }
  bool first = true;
  for (const Result& result : report.results) {
    if (!first) screen.text += '\n';
    first = false;
    append_summary(screen, result);
    if (options.plot) {
      screen.text += '\n';
      append_plot(roofline_plot(report, result), options, screen.text);
    }
    append_layers(screen, &result);
  }
  append_notes(screen, nullptr);
  out << screen.text;
}

}  // namespace roofline::report
