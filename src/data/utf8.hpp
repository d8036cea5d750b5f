#pragma once
#include <cstddef>
#include <string_view>

namespace roofline::data {

/// Bytes of the well-formed UTF-8 sequence that `text` starts with, 0 when it is malformed
/// (overlong, surrogate, above U+10FFFF, cut off): Unicode 15, table 3-7.
[[nodiscard]] std::size_t sequence_length(std::string_view text);

/// What stands for a malformed sequence: U+FFFD.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace roofline::data
