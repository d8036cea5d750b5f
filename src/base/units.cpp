// Owns the reading and writing of quantities with units.
// Refuses units it does not know and numbers that are not finite.
#include "roofline/base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>

#include "roofline/base/text.hpp"

namespace roofline {
namespace {

struct UnitName {
  Unit unit;
  std::string_view symbol;
};
constexpr std::array kUnitNames = {
    UnitName{Unit::kFlopPerSecond, "FLOP/s"},
    UnitName{Unit::kFlopPerSecond, "OP/s"},
    UnitName{Unit::kFlop, "FLOP"},
    UnitName{Unit::kBytePerSecond, "B/s"},
    UnitName{Unit::kByte, "B"},
    UnitName{Unit::kSecond, "s"},
    UnitName{Unit::kHertz, "Hz"},
    UnitName{Unit::kWatt, "W"},
};

struct Prefix {
  std::string_view symbol;
  double factor;
};
constexpr std::array kPrefixes = {
    Prefix{"", 1},
    Prefix{"n", 1e-9},
    Prefix{"u", 1e-6},
    Prefix{"m", 1e-3},
    Prefix{"k", 1e3},
    Prefix{"M", 1e6},
    Prefix{"G", 1e9},
    Prefix{"T", 1e12},
    Prefix{"P", 1e15},
    Prefix{"Ki", 1024.0},
    Prefix{"Mi", 1048576.0},
    Prefix{"Gi", 1073741824.0},
    Prefix{"Ti", 1099511627776.0},
};

/// Three significant digits without exponent: 9.87, 98.7, 987.
std::string three_digits(double value) {
  const double magnitude = std::fabs(value);
  if (magnitude >= 99.95) return fmt::format("{:.0f}", value);
  if (magnitude >= 9.995) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

std::string with_prefix(double value, std::string_view symbol, std::span<const Prefix> prefixes) {
  if (value == 0) return fmt::format("0 {}", symbol);
  const Prefix* best = &prefixes.front();
  for (const Prefix& prefix : prefixes) {
    // 999.5 rounds up to the next prefix's 1.00.
    if (std::fabs(value) >= prefix.factor * 0.9995) best = &prefix;
  }
  // Without a prefix whole numbers are exact: "17 B" says more than "17.0 B".
  const bool exact = best->factor == 1 && value == std::floor(value);
  return fmt::format("{} {}{}",
                     exact ? fmt::format("{:.0f}", value) : three_digits(value / best->factor),
                     best->symbol, symbol);
}

constexpr std::array kLarge = {Prefix{"", 1},    Prefix{"k", 1e3},  Prefix{"M", 1e6},
                               Prefix{"G", 1e9}, Prefix{"T", 1e12}, Prefix{"P", 1e15},
                               Prefix{"E", 1e18}};
constexpr std::array kTime = {Prefix{"n", 1e-9}, Prefix{"u", 1e-6}, Prefix{"m", 1e-3},
                              Prefix{"", 1}};

}  // namespace

std::optional<double> parse_quantity(std::string_view text, Unit unit) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::optional<double> number = parse_double(text.substr(0, space));
  if (!number || !std::isfinite(*number)) return std::nullopt;
  const std::string_view name = text.substr(space + 1);
  for (const UnitName& candidate : kUnitNames) {
    if (candidate.unit != unit || !name.ends_with(candidate.symbol)) continue;
    const std::string_view prefix = name.substr(0, name.size() - candidate.symbol.size());
    for (const Prefix& p : kPrefixes) {
      if (p.symbol != prefix) continue;
      const double value = *number * p.factor;
      return std::isfinite(value) ? std::optional(value) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string format_quantity(double value, Unit unit) {
  std::string_view symbol;
  for (const UnitName& candidate : kUnitNames) {
    if (candidate.unit == unit) {
      symbol = candidate.symbol;
      break;
    }
  }
  if (unit == Unit::kSecond) return with_prefix(value, symbol, kTime);
  return with_prefix(value, symbol, kLarge);
}

std::string format_count(double value) {
  std::string text = with_prefix(value, "", kLarge);
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string format_percent(double fraction) {
  const double percent = fraction * 100;
  return std::fabs(percent) < 9.95 ? fmt::format("{:.1f} %", percent)
                                   : fmt::format("{:.0f} %", percent);
}

}  // namespace roofline
