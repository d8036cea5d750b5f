// Owns what is Markdown in Markdown reports: escapes and tables.
// Refuses to fit anything into a width: readers' programs do.
#include "markdown.hpp"

#include <cctype>

#include "roofline/base/text.hpp"
#include "roofline/report/table.hpp"

namespace roofline::report {
namespace {

/// What would be markup inside a line.
constexpr std::string_view kMarkup = R"(\`*|[]~$<&)";

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// True for "__init__", not for "conv_1", which is read more often as it is than rendered.
bool is_emphasis(std::string_view text, std::size_t at) {
  if (text[at] != '_') return false;
  const bool inside = at > 0 && at + 1 < text.size();
  return !inside || !is_word(text[at - 1]) || !is_word(text[at + 1]);
}

}  // namespace

std::string markdown_text(std::string_view text) {
  const std::string shown = printable(text);
  std::string out;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const char c = shown[i];
    if (c == '@') {
      out += "&#64;";  // GitHub would tell the user of that name
      continue;
    }
    if (is_emphasis(shown, i) || kMarkup.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

void Table::render_markdown(std::string& out) const {
  const auto line = [&](const auto& cell_at) {
    out += '|';
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      // A column without a title is a drawing, which needs a width.
      if (!columns_[c].title.empty()) out += cell_at(c) + '|';
    }
    out += '\n';
  };
  const auto cell = [](std::string_view text) {
    return text.empty() ? " " : " " + markdown_text(text) + " ";
  };
  line([&](std::size_t c) { return cell(columns_[c].title); });
  line([&](std::size_t c) -> std::string {
    return columns_[c].align == Align::kLeft ? "---" : "---:";
  });
  for (const auto& row : rows_) {
    line([&](std::size_t c) { return cell(row[c].text); });
  }
}

}  // namespace roofline::report
