// Owns the strict reading of flag values: choices, numbers, assignments.
// Refuses to guess what a bad value meant, beyond a spelling suggestion.
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "command.hpp"
#include "roofline/base/text.hpp"

namespace roofline::cli {
namespace {

Error bad_value(std::string_view flag, std::string_view found, std::string_view expected,
                std::string hint = {}) {
  return usage_error(fmt::format("{}: found '{}', expected {}", flag, printable(found), expected),
                     std::move(hint));
}

constexpr std::int64_t kMostSizes = 100000;

/// "A..B", "A..B*K" or "A..B+K", appended to `sizes`; false for anything else.
bool append_range(std::string_view text, std::vector<std::int64_t>& sizes) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return false;
  const std::string_view rest = text.substr(dots + 2);
  const std::size_t sign = std::min(rest.find_first_of("*+"), rest.size());
  const auto low = parse_int(text.substr(0, dots));
  const auto high = parse_int(rest.substr(0, sign));
  const bool has_step = sign < rest.size();
  const auto step = has_step ? parse_int(rest.substr(sign + 1)) : std::optional<std::int64_t>(1);
  const bool times = has_step && rest[sign] == '*';
  if (!low || !high || !step || *low < 0 || *high < *low || *step < (times ? 2 : 1)) return false;
  if (times && *low == 0) return false;
  for (std::int64_t size = *low; size <= *high;) {
    if (static_cast<std::int64_t>(sizes.size()) >= kMostSizes) return false;
    sizes.push_back(size);
    const std::int64_t left = *high - size;
    // Stops before the next size would leave the range, or that of integers.
    if (times ? size > *high / *step : left < *step) break;
    size = times ? size * *step : size + *step;
  }
  return true;
}

}  // namespace

const std::string& choice(std::string_view flag, const std::string& text,
                          std::span<const std::string> choices) {
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return text;
  throw bad_value(flag, text, "one of " + join(choices, ", "), did_you_mean_hint(text, choices));
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

int thread_count(const std::string& text) {
  constexpr std::int64_t kMost = 1 << 20;  // more than any machine has
  return static_cast<int>(std::min(integer("--threads", text, 1), kMost));
}

std::vector<std::int64_t> sizes(std::string_view flag, const std::string& text) {
  std::vector<std::int64_t> all;
  for (const std::string_view part : split(text, ',')) {
    if (append_range(part, all)) continue;
    const auto size = parse_int(part);
    if (!size || *size < 0) {
      throw bad_value(flag, text,
                      "sizes as in 1..256, 1..256*2, 64..512+64 or 1,8,64, 100,000 at most");
    }
    all.push_back(*size);
  }
  return all;
}

double quantity(std::string_view flag, const std::string& text, Unit unit, std::string_view form) {
  const std::size_t number_end = text.find_first_not_of("0123456789.");
  std::string spaced = text;
  if (number_end < text.size() && text[number_end] != ' ') spaced.insert(number_end, " ");
  const auto value = parse_quantity(spaced, unit);
  if (!value || *value <= 0) throw bad_value(flag, text, form);
  return *value;
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
