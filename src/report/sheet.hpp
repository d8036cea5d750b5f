#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "roofline/report/render.hpp"
#include "roofline/report/table.hpp"

namespace roofline::report {

/// A report for people while it is written. Its elements are terminal text or Markdown, as the
/// options say; what they are given is printable text, which Markdown escapes.
struct Sheet {
  const TextOptions& options;
  Painter painter{options.color};
  std::string text = {};

  [[nodiscard]] bool is_markdown() const { return options.markup == Markup::kMarkdown; }
};

/// One labelled figure of a summary, and what qualifies it.
struct LabelledValue {
  std::string label;
  std::string value;
  Style style = Style::kPlain;
};
/// Figures that share a line where the screen is wide enough; `right` may be empty.
struct FigureLine {
  LabelledValue left;
  LabelledValue right = {};
};

/// One blank line, unless the sheet is empty or ends in one.
void append_gap(Sheet& sheet);
void append_heading(Sheet& sheet, std::string_view title);
/// What a figure holds for, wrapped between commas; empty ones are left out.
void append_facts(Sheet& sheet, const std::vector<std::string>& facts);
void append_figures(Sheet& sheet, const std::vector<FigureLine>& lines);
void append_table(Sheet& sheet, const Table& table);
/// A line that is read last, if at all.
void append_remark(Sheet& sheet, std::string_view line);
/// Notes and warnings, no errors; a model can have thousands: the first few of each code.
void append_notes(Sheet& sheet, const std::vector<Diagnostic>& diagnostics);

}  // namespace roofline::report
