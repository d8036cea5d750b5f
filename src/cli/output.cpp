// Owns how reports look on a stream: width, colours, characters.
// Refuses to know what is in a report.
#include "output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <string_view>

#include "roofline/base/text.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

constexpr std::size_t kPipedWidth = 100;
constexpr std::size_t kNarrowest = 40;
constexpr std::size_t kWidest = 400;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::size_t columns(bool is_terminal) {
  if (const auto given = parse_int(environment("COLUMNS")); given && *given > 0) {
    return static_cast<std::size_t>(*given);
  }
  winsize size{};
  if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return kPipedWidth;
}

/// The first locale variable that is set decides, as in setlocale(3).
bool has_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view locale = environment(name);
    if (!locale.empty()) return locale != "C" && locale != "POSIX";
  }
  return true;
}

}  // namespace

report::TextOptions terminal_options(bool is_terminal) {
  report::TextOptions options;
  options.width = std::clamp(columns(is_terminal), kNarrowest, kWidest);
  options.color = is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  options.unicode = has_unicode();
  return options;
}

ProgressLine::ProgressLine(std::ostream& err, bool shown)
    : err_(err), shown_(shown && isatty(STDERR_FILENO) != 0) {}

void ProgressLine::show(const std::string& text) {
  if (!shown_) return;
  err_ << "\r\x1b[K" << text << std::flush;
  visible_ = true;
}

void ProgressLine::clear() {
  if (visible_) err_ << "\r\x1b[K" << std::flush;
  visible_ = false;
}

Rendering read_rendering(const Arguments& arguments, const Streams& streams) {
  Rendering rendering;
  rendering.text = terminal_options(streams.out_is_terminal && !arguments.has("--output"));
  if (const std::string* text = arguments.one("--format")) {
    rendering.format = *text;
    if (*text == "markdown") rendering.text.markup = report::Markup::kMarkdown;
  }
  if (const std::string* text = arguments.one("--top")) {
    if (!rendering.is_text()) {
      throw usage_error("--top has no effect without --format text or markdown");
    }
    rendering.text.top = static_cast<std::size_t>(integer("--top", *text, 0));
  }
  return rendering;
}

void write_output(const Arguments& arguments, std::ostream& out,
                  const std::function<void(std::ostream&)>& write) {
  if (const std::string* path = arguments.one("--output"))
    write_file(*path, write);
  else
    write(out);
}

void print_table(const report::Table& table, Fit fit, std::ostream& out, bool is_terminal) {
  const report::TextOptions options = terminal_options(is_terminal);
  std::string text;
  const std::size_t width = fit == Fit::kWhole ? std::string::npos : options.width;
  table.render(width, report::Painter(options.color), text);
  out << text;
}

}  // namespace roofline::cli
