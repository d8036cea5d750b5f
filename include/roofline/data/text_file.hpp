#pragma once
#include <cstddef>
#include <string>

namespace roofline::data {

/// The bytes of a file; of one that is larger than `most_bytes`, some more than that many, so that
/// its reader can refuse it. Throws Error "unreadable-file".
[[nodiscard]] std::string read_text_file(const std::string& path, std::size_t most_bytes);

}  // namespace roofline::data
