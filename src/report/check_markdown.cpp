// Owns a check as markdown, for the summary of a pull request.
// Refuses to let a name be markup or mention anybody.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "check_words.hpp"
#include "format.hpp"
#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

/// `text` as code, in a table cell too: nothing in it is markup.
std::string code(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  std::string cell;
  for (const char c : printable(text)) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    if (c == '|') cell += '\\';
    cell += c;
  }
  if (cell.empty()) return "";
  const std::string fence(longest + 1, '`');
  const std::string_view pad = longest > 0 ? " " : "";
  return fmt::format("{}{}{}{}{}", fence, pad, cell, pad, fence);
}

void write_table(std::span<const Verdict> verdicts, std::ostream& out) {
  out << "| | figure | on | value | budget | headroom |\n|---|---|---|--:|--:|---|\n";
  for (const Verdict& verdict : verdicts) {
    out << fmt::format("| {} | {} | {} | {} | {} | {} |\n", verdict.passes() ? "pass" : "**FAIL**",
                       verdict.limit->figure->title, code(where_text(verdict)), value_text(verdict),
                       limit_text(verdict), margin_text(verdict));
  }
}

void write_blame(const Check& check, const Verdict& verdict, std::ostream& out) {
  if (verdict.passes()) return;
  const std::vector<std::string> lines = blame_lines(verdict);
  if (lines.empty()) return;
  out << fmt::format("\n**{}** {}\n", verdict.limit->figure->title,
                     code(fmt::format("{}:{}", check.budget, verdict.limit->line)));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out << (i == 0 ? lines[i] + "\n\n" : fmt::format("- {}\n", code(lines[i])));
  }
}

}  // namespace

void render_markdown(const Check& check, std::ostream& out) {
  out << fmt::format("### roofline: {}\n", result_text(check));
  for (const std::span<const Verdict> verdicts : by_model(check)) {
    out << fmt::format("\n{}\n\n", code(verdicts.front().model));
    write_table(verdicts, out);
    for (const Verdict& verdict : verdicts) write_blame(check, verdict, out);
  }
}

}  // namespace roofline::report
