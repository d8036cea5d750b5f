// Owns what the elements of reports for people look like, on a terminal and as Markdown.
// Refuses to know what a report says.
#include "sheet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "markdown.hpp"
#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kFigureWidth = 13;
constexpr std::size_t kLeftValueWidth = 32;
constexpr std::size_t kTwoColumnsFrom = 98;
constexpr int kShownPerCode = 5;

/// "4.1 G MACs   8.2 GFLOP": wide gaps are commas where Markdown closes them.
std::string comma_separated(std::string_view text) {
  std::string out(text);
  constexpr std::string_view kGap = "   ";
  for (std::size_t at = 0; (at = out.find(kGap, at)) != std::string::npos;) {
    out.replace(at, kGap.size(), ", ");
  }
  return out;
}

void append_value(Sheet& sheet, const LabelledValue& figure) {
  if (sheet.is_markdown()) {
    sheet.text +=
        fmt::format("- **{}** {}\n", figure.label, markdown_text(comma_separated(figure.value)));
    return;
  }
  sheet.painter.append(sheet.text, figure.label, Style::kDim);
  sheet.text.append(kFigureWidth - std::min(kFigureWidth, display_width(figure.label)), ' ');
  sheet.painter.append(sheet.text, figure.value, figure.style);
}

std::string note_text(const Diagnostic& d) {
  std::string text;
  if (!d.location.empty()) text += printable(d.location) + ": ";
  text += printable(d.message);
  if (!d.hint.empty()) text += " (" + printable(d.hint) + ")";
  return text;
}

void append_note(Sheet& sheet, const Diagnostic& diagnostic) {
  const std::string_view severity = severity_name(diagnostic.severity);
  const std::string text = note_text(diagnostic);
  if (sheet.is_markdown()) {
    sheet.text += fmt::format("- {}: {}\n", severity, markdown_text(text));
    return;
  }
  const bool warning = diagnostic.severity == Severity::kWarning;
  sheet.text += "  ";
  sheet.painter.append(sheet.text, severity, warning ? Style::kYellow : Style::kDim);
  sheet.text += ": " + text + '\n';
}

}  // namespace

void append_gap(Sheet& sheet) {
  if (!sheet.text.empty() && !sheet.text.ends_with("\n\n")) sheet.text += '\n';
}

void append_heading(Sheet& sheet, std::string_view title) {
  if (sheet.is_markdown()) {
    append_gap(sheet);
    sheet.text += fmt::format("### {}\n", markdown_text(title));
    return;
  }
  sheet.painter.append(sheet.text, title, Style::kBold);
  sheet.text += '\n';
}

void append_facts(Sheet& sheet, const std::vector<std::string>& facts) {
  const bool markdown = sheet.is_markdown();
  if (markdown) append_gap(sheet);
  std::string line;
  const auto flush = [&](std::string_view ending) {
    line += ending;
    if (markdown)
      sheet.text += markdown_text(line);
    else
      sheet.painter.append(sheet.text, line, Style::kDim);
    sheet.text += '\n';
    line.clear();
  };
  const std::size_t width = markdown ? std::string::npos : sheet.options.width;
  for (const std::string& fact : facts) {
    if (fact.empty()) continue;
    if (!line.empty() && display_width(line) + display_width(fact) + 3 > width) flush(",");
    line += (line.empty() ? "" : ", ") + fact;
  }
  if (!line.empty()) flush("");
}

void append_figures(Sheet& sheet, const std::vector<FigureLine>& lines) {
  const bool markdown = sheet.is_markdown();
  const bool wide = sheet.options.width >= kTwoColumnsFrom;
  if (markdown) append_gap(sheet);
  for (const FigureLine& line : lines) {
    if (!markdown) sheet.text += "  ";
    append_value(sheet, line.left);
    const std::size_t used = display_width(line.left.value);
    if (!line.right.value.empty()) {
      if (!markdown && wide)
        sheet.text.append(kLeftValueWidth - std::min(used, kLeftValueWidth - 2), ' ');
      if (!markdown && !wide) sheet.text += "\n  ";
      append_value(sheet, line.right);
    }
    if (!markdown) sheet.text += '\n';
  }
}

void append_table(Sheet& sheet, const Table& table) {
  append_gap(sheet);
  if (sheet.is_markdown())
    table.render_markdown(sheet.text);
  else
    table.render(sheet.options.width, sheet.painter, sheet.text);
}

void append_remark(Sheet& sheet, std::string_view line) {
  if (sheet.is_markdown()) {
    append_gap(sheet);
    sheet.text += markdown_text(line);
  } else {
    sheet.painter.append(sheet.text, fmt::format("  {}", line), Style::kDim);
  }
  sheet.text += '\n';
}

void append_notes(Sheet& sheet, const std::vector<Diagnostic>& diagnostics) {
  std::map<std::string, int> seen;
  for (const Diagnostic& d : diagnostics) {
    if (d.severity == Severity::kError || ++seen[d.code] > kShownPerCode) continue;
    if (seen.size() == 1 && seen[d.code] == 1) append_gap(sheet);
    append_note(sheet, d);
  }
  for (const auto& [code, count] : seen) {
    if (count <= kShownPerCode) continue;
    append_remark(
        sheet, fmt::format("{} more of {}: --format json lists all", count - kShownPerCode, code));
  }
}

}  // namespace roofline::report
