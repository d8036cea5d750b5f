// Owns the fitting of rows and columns into a terminal's width.
// Refuses to know what the columns mean.
#include "roofline/report/table.hpp"

#include <algorithm>
#include <numeric>

#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;
constexpr std::size_t kSmallestFlexible = 8;

std::string_view ansi(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kYellow:
      return "\x1b[33m";
    case Style::kBlue:
      return "\x1b[34m";
    case Style::kMagenta:
      return "\x1b[35m";
  }
  return "";
}

std::size_t number_width(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  return display_width(text.substr(0, std::min(space, text.size())));
}

std::size_t unit_width(std::string_view text) { return display_width(text) - number_width(text); }

void trim_and_end_line(std::string& out) {
  while (!out.empty() && out.back() == ' ') out.pop_back();
  out += '\n';
}

}  // namespace

void Painter::append(std::string& out, std::string_view text, Style style) const {
  const bool wrap = color_ && style != Style::kPlain && !text.empty();
  if (wrap) out += ansi(style);
  out += text;
  if (wrap) out += "\x1b[0m";
}

std::string Painter::paint(std::string_view text, Style style) const {
  std::string painted;
  append(painted, text, style);
  return painted;
}

std::vector<Table::Layout> Table::measure() const {
  std::vector<Layout> layout(columns_.size());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const Column& column = columns_[c];
    std::size_t numbers = 0;
    for (const auto& row : rows_) {
      const std::string& text = row[c].text;
      if (column.align == Align::kQuantity) {
        numbers = std::max(numbers, number_width(text));
        layout[c].unit_width = std::max(layout[c].unit_width, unit_width(text));
      } else {
        layout[c].width = std::max(layout[c].width, display_width(text));
      }
    }
    layout[c].width = std::min(layout[c].width, column.max_width);
    layout[c].width =
        std::max({layout[c].width, numbers + layout[c].unit_width, display_width(column.title)});
    layout[c].shown = layout[c].width > 0;
  }
  return layout;
}

std::size_t Table::excess(const std::vector<Layout>& layout, std::size_t width) {
  std::size_t total = 0;
  for (const Layout& l : layout) total += l.shown ? l.width + kGap : 0;
  total += kIndent - std::min(total, kGap);
  return total > width ? total - width : 0;
}

void Table::shrink(std::vector<Layout>& layout, std::size_t width, bool to_smallest) const {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!columns_[c].flexible || !layout[c].shown) continue;
    const std::size_t least = to_smallest ? kSmallestFlexible : columns_[c].min_width;
    const std::size_t room = layout[c].width - std::min(layout[c].width, least);
    layout[c].width -= std::min(room, excess(layout, width));
  }
}

void Table::fit(std::vector<Layout>& layout, std::size_t width) const {
  std::vector<std::size_t> by_rank(columns_.size());
  std::iota(by_rank.begin(), by_rank.end(), std::size_t{0});
  std::stable_sort(by_rank.begin(), by_rank.end(), [&](std::size_t a, std::size_t b) {
    return columns_[a].rank > columns_[b].rank;
  });
  const std::vector<Layout> wanted = layout;
  shrink(layout, width, false);
  for (const std::size_t c : by_rank) {
    if (excess(layout, width) == 0 || columns_[c].rank == 0) break;
    layout[c].shown = false;
    // What the dropped column leaves over goes back to the flexible ones.
    for (std::size_t f = 0; f < columns_.size(); ++f) {
      if (columns_[f].flexible) layout[f].width = wanted[f].width;
    }
    shrink(layout, width, false);
  }
  shrink(layout, width, true);
}

std::string Table::padded(const std::string& text, std::size_t column, const Layout& layout) const {
  std::string cut = ellipsize(text, layout.width);
  const std::size_t fill = layout.width - display_width(cut);
  switch (columns_[column].align) {
    case Align::kLeft:
      return cut + std::string(fill, ' ');
    case Align::kRight:
      return std::string(fill, ' ') + cut;
    case Align::kQuantity: {
      const std::size_t after =
          std::min(fill, layout.unit_width - std::min(layout.unit_width, unit_width(cut)));
      return std::string(fill - after, ' ') + cut + std::string(after, ' ');
    }
  }
  return cut;
}

void Table::render(std::size_t width, const Painter& painter, std::string& out) const {
  std::vector<Layout> layout = measure();
  fit(layout, width);
  const auto line = [&](const auto& cell_at) {
    std::size_t pending = kIndent;  // blanks are written only before more text
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!layout[c].shown) continue;
      const Cell& cell = cell_at(c);
      const std::string text = padded(cell.text, c, layout[c]);
      const std::size_t first = text.find_first_not_of(' ');
      if (first == std::string::npos) {
        pending += layout[c].width + kGap;
        continue;
      }
      const std::size_t end = text.find_last_not_of(' ') + 1;
      out.append(pending + first, ' ');
      painter.append(out, std::string_view(text).substr(first, end - first), cell.style);
      pending = text.size() - end + kGap;
    }
    trim_and_end_line(out);
  };
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back({column.title, Style::kDim});
  // A quantity's title stands over the whole column, not over its numbers.
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].align != Align::kQuantity) continue;
    const std::size_t fill = layout[c].width - display_width(titles[c].text);
    titles[c].text.insert(0, fill, ' ');
  }
  line([&](std::size_t c) -> const Cell& { return titles[c]; });
  for (const auto& row : rows_) line([&](std::size_t c) -> const Cell& { return row[c]; });
}

}  // namespace roofline::report
