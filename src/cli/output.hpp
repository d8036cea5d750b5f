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
  bool json = false;
  report::TextOptions text;  ///< otherwise
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
/// A table in the colours of the stream.
void print_table(const report::Table& table, Fit fit, std::ostream& out, bool is_terminal);

}  // namespace roofline::cli
