// Owns the order of the text report's parts, and its notes.
// Refuses to print errors: the command line sends those to stderr.
#include "roofline/base/text.hpp"

#include <fmt/format.h>

#include <map>
#include <ostream>

#include "screen.hpp"

namespace roofline::report {
namespace {

/// Notes of one kind shown in full; a model can have thousands.
constexpr int kShownPerCode = 5;

}  // namespace

void append_notes(Screen& screen, const std::string* node_id) {
  std::map<std::string, int> seen;
  bool first = true;
  for (const Diagnostic& d : screen.report.diagnostics) {
    const bool elsewhere = node_id && !d.node_id.empty() && d.node_id != *node_id;
    if (d.severity == Severity::kError || elsewhere) continue;
    if (++seen[d.code] > kShownPerCode) continue;
    if (first) append_gap(screen);
    first = false;
    append_note(screen, d);
  }
  for (const auto& [code, count] : seen) {
    if (count <= kShownPerCode) continue;
    append_remark(
        screen, fmt::format("{} more of {}: --format json lists all", count - kShownPerCode, code));
  }
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
    append_layers(screen, &result);
  }
  append_notes(screen, nullptr);
  out << screen.text;
}

}  // namespace roofline::report
