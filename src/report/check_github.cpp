// Owns a check as workflow commands of GitHub Actions, which become annotations.
// Refuses to let a name end a command or begin another.
#include <fmt/format.h>

#include <ostream>

#include "check_words.hpp"

namespace roofline::report {
namespace {

/// The runner's own escapes; '%' is what they begin with.
std::string escaped(std::string_view text, bool is_property) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ',')))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

std::string message(const Verdict& verdict) {
  std::string text = fmt::format("{}: {}", verdict.model, sentence(verdict));
  for (const std::string& line : blame_lines(verdict)) text += "\n" + line;
  return text;
}

}  // namespace

void render_github(const Check& check, std::ostream& out) {
  for (const Verdict& verdict : check.verdicts) {
    if (verdict.passes()) continue;
    out << fmt::format("::error file={},line={},title={}::{}\n", escaped(check.budget, true),
                       verdict.limit->line, escaped("budget broken: " + budget_name(verdict), true),
                       escaped(message(verdict), false));
  }
  out << result_text(check) << '\n';
}

}  // namespace roofline::report
