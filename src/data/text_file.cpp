// Owns bringing a file into memory.
// Refuses what is no file, and to read much more than a reader will take.
#include "roofline/data/text_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "roofline/base/diagnostic.hpp"

namespace roofline::data {

std::string read_text_file(const std::string& path, std::size_t most_bytes) {
  constexpr std::size_t kBlockBytes = std::size_t{1} << 16U;
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text;
  std::vector<char> block(kBlockBytes);
  while (stream && text.size() <= most_bytes) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<std::size_t>(stream.gcount()));
  }
  // Opening a directory succeeds; reading it does not.
  if (!stream.is_open() || stream.bad() || (text.empty() && errno == EISDIR)) {
    throw Error("unreadable-file", path, fmt::format("cannot be read: {}", std::strerror(errno)),
                "check the path and its permissions");
  }
  return text;
}

}  // namespace roofline::data
