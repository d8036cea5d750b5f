#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roofline::cli {

/// `text`, if it is one of `choices`; else Error (kUsage) that lists them.
const std::string& choice(std::string_view flag, const std::string& text,
                          std::span<const std::string> choices);
// Names of flags that several commands have.
[[nodiscard]] std::vector<std::string> precision_names();  ///< "as-is" and every precision
[[nodiscard]] std::vector<std::string> roof_names();
/// A whole number >= `least`. Throws Error (kUsage).
std::int64_t integer(std::string_view flag, const std::string& text, std::int64_t least);
/// "name=rest" split at its last '=': names may contain one. `form` is shown in the error.
std::pair<std::string, std::string> assignment(std::string_view flag, const std::string& text,
                                               std::string_view form);
/// "1x3x224x224" or "scalar". Throws Error (kUsage).
std::vector<std::int64_t> shape(std::string_view flag, const std::string& text);
/// "1,2.5,3". Throws Error (kUsage).
std::vector<double> numbers(std::string_view flag, const std::string& text);

}  // namespace roofline::cli
