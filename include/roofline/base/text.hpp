#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roofline {

/// The candidate nearest to `word` in edit distance, if near enough to be a typo.
[[nodiscard]] std::optional<std::string> did_you_mean(std::string_view word,
                                                      std::span<const std::string> candidates);

/// `did you mean 'X'?`, or "" when nothing is near: ready for Diagnostic::hint.
[[nodiscard]] std::string did_you_mean_hint(std::string_view word,
                                            std::span<const std::string> candidates);

[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
/// "1 node", "3 nodes".
[[nodiscard]] std::string counted(std::integral auto count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}
[[nodiscard]] std::string to_lower(std::string_view text);

/// Strict decimal parse of the whole text; nullopt on anything else, overflow included.
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

/// Terminal columns that UTF-8 `text` takes: its code points (wide and combining ones count 1).
[[nodiscard]] std::size_t display_width(std::string_view text);
/// `text` with control characters made visible: names come from hostile files.
[[nodiscard]] std::string printable(std::string_view text);
/// `text` cut to `width` columns with ".." in its middle.
[[nodiscard]] std::string ellipsize(std::string_view text, std::size_t width);

}  // namespace roofline
