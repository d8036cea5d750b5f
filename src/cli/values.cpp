// Owns the strict reading of flag values: choices, numbers, assignments.
// Refuses to guess what a bad value meant, beyond a spelling suggestion.
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "command.hpp"
#include "roofline/base/text.hpp"
#include "roofline/hardware/profile.hpp"

namespace roofline::cli {
namespace {

Error bad_value(std::string_view flag, std::string_view found, std::string_view expected,
                std::string hint = {}) {
  return usage_error(fmt::format("{}: found '{}', expected {}", flag, printable(found), expected),
                     std::move(hint));
}

}  // namespace

const std::string& choice(std::string_view flag, const std::string& text,
                          std::span<const std::string> choices) {
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return text;
  throw bad_value(flag, text, "one of " + join(choices, ", "), did_you_mean_hint(text, choices));
}

std::vector<std::string> precision_names() {
  using hardware::Precision;
  std::vector<std::string> names = {"as-is"};
  for (const Precision p :
       {Precision::kFp64, Precision::kFp32, Precision::kTf32, Precision::kFp16, Precision::kBf16,
        Precision::kFp8, Precision::kInt8, Precision::kInt4}) {
    names.emplace_back(hardware::precision_name(p));
  }
  return names;
}

std::vector<std::string> roof_names() { return {"datasheet", "measured"}; }

std::int64_t integer(std::string_view flag, const std::string& text, std::int64_t least) {
  const auto value = parse_int(text);
  if (value && *value >= least) return *value;
  throw bad_value(flag, text, fmt::format("a whole number, at least {}", least));
}

std::pair<std::string, std::string> assignment(std::string_view flag, const std::string& text,
                                               std::string_view form) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw bad_value(flag, text, form);
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<std::int64_t> shape(std::string_view flag, const std::string& text) {
  if (text == "scalar") return {};
  std::vector<std::int64_t> sizes;
  for (const std::string_view part : split(text, 'x')) {
    const auto size = parse_int(part);
    if (!size || *size < 0) throw bad_value(flag, text, "sizes as in 1x3x224x224, or scalar");
    sizes.push_back(*size);
  }
  return sizes;
}

std::vector<double> numbers(std::string_view flag, const std::string& text) {
  std::vector<double> values;
  for (const std::string_view part : split(text, ',')) {
    const auto value = parse_double(part);
    if (!value || !std::isfinite(*value)) throw bad_value(flag, text, "numbers as in 1,2,3");
    values.push_back(*value);
  }
  return values;
}

}  // namespace roofline::cli
