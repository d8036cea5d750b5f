// Owns files that are written whole or not at all.
// Refuses to know what is in them.
#include "roofline/base/output_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"

namespace roofline {
namespace {

namespace fs = std::filesystem;

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

}  // namespace roofline
