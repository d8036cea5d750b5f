#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "roofline/base/units.hpp"

namespace roofline::cli {

/// `text`, if it is one of `choices`; else Error (kUsage) that lists them.
const std::string& choice(std::string_view flag, const std::string& text,
                          std::span<const std::string> choices);
/// Values of --roof, which several commands have.
[[nodiscard]] std::vector<std::string> roof_names();
/// A whole number >= `least`. Throws Error (kUsage).
std::int64_t integer(std::string_view flag, const std::string& text, std::int64_t least);
/// The value of --threads. Throws Error (kUsage).
int thread_count(const std::string& text);
/// "1..256" (all), "1..256*2" (times 2 each), "64..512+64" (in steps) and single sizes, with commas
/// between. Ascending within a range. Throws Error (kUsage).
std::vector<std::int64_t> sizes(std::string_view flag, const std::string& text);
/// "name=rest" split at its last '=': names may contain one. `form` is shown in the error.
std::pair<std::string, std::string> assignment(std::string_view flag, const std::string& text,
                                               std::string_view form);
/// "1x3x224x224" or "scalar". Throws Error (kUsage).
std::vector<std::int64_t> shape(std::string_view flag, const std::string& text);
/// "20 ms" or "20ms", above 0, in the SI unit. Throws Error (kUsage).
double quantity(std::string_view flag, const std::string& text, Unit unit, std::string_view form);
/// "1,2.5,3". Throws Error (kUsage).
std::vector<double> numbers(std::string_view flag, const std::string& text);

}  // namespace roofline::cli
