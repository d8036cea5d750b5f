// Owns where reports go: terminal properties and atomic files.
// Refuses to know what is in a report.
#include "output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"

namespace roofline::cli {
namespace {

namespace fs = std::filesystem;

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

Error cannot_write(const std::string& path, const char* reason) {
  return {"output", printable(path), fmt::format("cannot be written: {}", reason)};
}

void write_to(const fs::path& target, const std::string& path,
              const std::function<void(std::ostream&)>& write) {
  errno = 0;
  std::ofstream file(target, std::ios::binary | std::ios::trunc);
  if (!file) throw cannot_write(path, std::strerror(errno));
  write(file);
  file.close();
  if (!file) throw cannot_write(path, errno == 0 ? "write failed" : std::strerror(errno));
}

}  // namespace

report::TextOptions terminal_options(bool is_terminal) {
  report::TextOptions options;
  options.width = std::clamp(columns(is_terminal), kNarrowest, kWidest);
  options.color = is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  options.unicode = has_unicode();
  return options;
}

void print_table(const report::Table& table, Fit fit, std::ostream& out, bool is_terminal) {
  const report::TextOptions options = terminal_options(is_terminal);
  std::string text;
  const std::size_t width = fit == Fit::kWhole ? std::string::npos : options.width;
  table.render(width, report::Painter(options.color), text);
  out << text;
}

void write_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  std::error_code ignored;
  // A link keeps pointing where it did: its target is replaced, not the link.
  const fs::path target =
      fs::is_symlink(path, ignored) ? fs::weakly_canonical(path, ignored) : fs::path(path);
  const fs::file_status status = fs::status(target, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) return write_to(target, path, write);
  const fs::path partial = target.string() + fmt::format(".{}.partial", getpid());
  try {
    write_to(partial, path, write);
    std::error_code failed;
    if (fs::exists(status)) fs::permissions(partial, status.permissions(), ignored);
    fs::rename(partial, target, failed);
    if (failed) throw cannot_write(path, failed.message().c_str());
  } catch (...) {
    fs::remove(partial, ignored);
    throw;
  }
}

}  // namespace roofline::cli
