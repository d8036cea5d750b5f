// Owns the order of the text report's parts.
// Refuses to print errors: the command line sends those to stderr.
#include <algorithm>
#include <ostream>

#include "plot.hpp"
#include "screen.hpp"

namespace roofline::report {

void append_notes(Screen& screen, const std::string& node_id) {
  std::vector<Diagnostic> notes;
  std::copy_if(screen.report.diagnostics.begin(), screen.report.diagnostics.end(),
               std::back_inserter(notes),
               [&](const Diagnostic& d) { return d.node_id.empty() || d.node_id == node_id; });
  append_notes(screen, notes);
}

void render_text(const Report& report, const TextOptions& options, std::ostream& out) {
  Screen screen(report, options);
  if (report.results.empty()) {
    append_summary(screen);
    append_layers(screen, nullptr);
  }
  for (const Result& result : report.results) {
    append_gap(screen);
    append_summary(screen, result);
    if (options.plot) {
      screen.text += '\n';
      append_plot(roofline_plot(report, result), options, screen.text);
    }
    append_layers(screen, &result);
  }
  append_notes(screen, report.diagnostics);
  out << screen.text;
}

}  // namespace roofline::report
