#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roofline::report {

/// What a cell or word looks like on a colour terminal.
enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue, kMagenta };

/// Wraps text in ANSI sequences when colours are wanted.
class Painter {
 public:
  explicit Painter(bool color) : color_(color) {}
  void append(std::string& out, std::string_view text, Style style) const;
  [[nodiscard]] std::string paint(std::string_view text, Style style) const;

 private:
  bool color_;
};

enum class Align {
  kLeft,
  kRight,
  kQuantity,  ///< "18.2 us": numbers end, units begin, in the same column
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
  int rank = 0;  ///< columns of higher rank go first when the screen is narrow; 0 stays
  std::size_t max_width = 40;  ///< longer texts are cut in the middle
  bool flexible = false;       ///< gives up width before others are dropped, down to `min_width`
  std::size_t min_width = 0;
};

struct Cell {
  std::string text;
  Style style = Style::kPlain;
};

/// Rows of text under column titles, fitted to a width: flexible columns shrink, then columns are
/// dropped by rank, then flexible ones shrink further. Lines carry no trailing blanks.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// One cell per column.
  void add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  void render(std::size_t width, const Painter& painter, std::string& out) const;
  /// As a Markdown table, whole; columns without a title are left out.
  void render_markdown(std::string& out) const;

 private:
  struct Layout {
    bool shown = true;
    std::size_t width = 0;
    std::size_t unit_width = 0;  ///< of kQuantity columns: the part after the number
  };
  [[nodiscard]] std::vector<Layout> measure() const;
  /// Columns by which the shown ones exceed `width`.
  [[nodiscard]] static std::size_t excess(const std::vector<Layout>& layout, std::size_t width);
  void shrink(std::vector<Layout>& layout, std::size_t width, bool to_smallest) const;
  void fit(std::vector<Layout>& layout, std::size_t width) const;
  [[nodiscard]] std::string padded(const std::string& text, std::size_t column,
                                   const Layout& layout) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace roofline::report
