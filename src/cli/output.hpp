#pragma once
#include <functional>
#include <iosfwd>

#include "command.hpp"
#include "roofline/base/output_file.hpp"
#include "roofline/report/render.hpp"
#include "roofline/report/table.hpp"

namespace roofline::cli {

/// Width, colours and characters for a stream, from the terminal and COLUMNS, NO_COLOR, TERM,
/// LC_ALL, LC_CTYPE and LANG.
[[nodiscard]] report::TextOptions terminal_options(bool is_terminal);

/// What the flags of kRenderingOptions ask.
struct Rendering {
  std::string format = "text";
  report::TextOptions text;  ///< of text and markdown
  [[nodiscard]] bool is_text() const { return format == "text" || format == "markdown"; }
};
/// Throws Error (kUsage) for bad values.
[[nodiscard]] Rendering read_rendering(const Arguments& arguments, const Streams& streams);

/// Writes to the file of --output, whole or not at all, else to `out`.
void write_output(const Arguments& arguments, std::ostream& out,
                  const std::function<void(std::ostream&)>& write);

enum class Fit {
  kToWidth,  ///< cut and drop columns
  kWhole,    ///< reference material: lines may be long
};
/// A line on the terminal that says how far a long command is; nothing where stderr is none.
class ProgressLine {
 public:
  /// `shown`: false where what is printed shows the progress itself.
  explicit ProgressLine(std::ostream& err, bool shown = true);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ProgressLine(ProgressLine&&) = delete;
  ProgressLine& operator=(ProgressLine&&) = delete;
  void show(const std::string& text);
  /// Before anything else is printed.
  void clear();

 private:
  std::ostream& err_;
  bool shown_;
  bool visible_ = false;
};

/// A table in the colours of the stream.
void print_table(const report::Table& table, Fit fit, std::ostream& out, bool is_terminal);

}  // namespace roofline::cli
