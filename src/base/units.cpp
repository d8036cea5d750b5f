// Owns the reading and writing of quantities with units.
// Refuses units it does not know and numbers that are not finite.
#include "roofline/base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    UnitName{Unit::kMac, "MAC"},
    UnitName{Unit::kPerSecond, "/s"},
    UnitName{Unit::kCount, ""},
    UnitName{Unit::kShare, "%"},
};

struct Prefix {
  std::string_view symbol;
  double factor;
  int exponent;  ///< of ten; 0 for powers of 1024
};
constexpr std::array kPrefixes = {
    Prefix{"", 1, 0},
    Prefix{"n", 1e-9, -9},
    Prefix{"u", 1e-6, -6},
    Prefix{"m", 1e-3, -3},
    Prefix{"k", 1e3, 3},
    Prefix{"M", 1e6, 6},
    Prefix{"G", 1e9, 9},
    Prefix{"T", 1e12, 12},
    Prefix{"P", 1e15, 15},
    Prefix{"Ki", 1024.0, 0},
    Prefix{"Mi", 1048576.0, 0},
    Prefix{"Gi", 1073741824.0, 0},
    Prefix{"Ti", 1099511627776.0, 0},
};

/// Three significant digits without exponent: 9.87, 98.7, 987.
std::string three_digits(double value) {
  const double magnitude = std::fabs(value);
  if (magnitude >= 99.95) return fmt::format("{:.0f}", value);
  if (magnitude >= 9.995) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

/// A number and its unit; counts have none.
std::string joined(std::string_view number, std::string_view prefix, std::string_view symbol) {
  const bool bare = prefix.empty() && symbol.empty();
  return fmt::format("{}{}{}{}", number, bare ? "" : " ", prefix, symbol);
}

std::string with_prefix(double value, std::string_view symbol, std::span<const Prefix> prefixes) {
  if (value == 0) return joined("0", "", symbol);
  const Prefix* best = &prefixes.front();
  for (const Prefix& prefix : prefixes) {
    // 999.5 rounds up to the next prefix's 1.00.
    if (std::fabs(value) >= prefix.factor * 0.9995) best = &prefix;
  }
  // Without a prefix whole numbers are exact: "17 B" says more than "17.0 B".
  const bool exact = best->factor == 1 && value == std::floor(value);
  return joined(exact ? fmt::format("{:.0f}", value) : three_digits(value / best->factor),
                best->symbol, symbol);
}

constexpr std::array kLarge = {Prefix{"", 1, 0},     Prefix{"k", 1e3, 3},   Prefix{"M", 1e6, 6},
                               Prefix{"G", 1e9, 9},  Prefix{"T", 1e12, 12}, Prefix{"P", 1e15, 15},
                               Prefix{"E", 1e18, 18}};
constexpr std::array kTime = {Prefix{"n", 1e-9, -9}, Prefix{"u", 1e-6, -6}, Prefix{"m", 1e-3, -3},
                              Prefix{"", 1, 0}};

constexpr std::array kBinary = {Prefix{"Ki", 1024.0, 0}, Prefix{"Mi", 1048576.0, 0},
                                Prefix{"Gi", 1073741824.0, 0}};

/// The first symbol of a unit, in which it is written.
std::string_view symbol_of(Unit unit) {
  return std::find_if(kUnitNames.begin(), kUnitNames.end(),
                      [&](const UnitName& candidate) { return candidate.unit == unit; })
      ->symbol;
}

/// A whole number of the largest binary prefix that allows one; empty when none does.
std::string whole_binary(double value, std::string_view symbol) {
  for (auto p = kBinary.rbegin(); p != kBinary.rend(); ++p) {
    const double whole = value / p->factor;
    if (whole >= 1 && whole == std::floor(whole)) {
      return fmt::format("{} {}{}", whole, p->symbol, symbol);
    }
  }
  return {};
}

/// "1.25e+09" with its exponent raised: the digits as they are, so that no rounding adds up.
std::string shifted(std::string_view number, int exponent) {
  const std::size_t e = std::min(number.find_first_of("eE"), number.size());
  std::string_view own = number.substr(std::min(e + 1, number.size()));
  if (own.starts_with('+')) own.remove_prefix(1);
  constexpr std::int64_t kMost = 10000;  // far beyond what a double can hold
  const std::int64_t given = std::clamp(parse_int(own).value_or(0), -kMost, kMost);
  return fmt::format("{}e{}", number.substr(0, e), given + exponent);
}

/// The number times its prefix, rounded once.
std::optional<double> scaled(std::string_view number, const Prefix& prefix) {
  const std::optional<double> value = parse_double(shifted(number, prefix.exponent));
  if (!value) return std::nullopt;
  const double result = prefix.exponent == 0 ? *value * prefix.factor : *value;
  return std::isfinite(result) ? std::optional(result) : std::nullopt;
}

std::string exact_decimal(double value, Unit unit, std::string_view symbol) {
  // The last of the large ones, E, is for reports: no file needs it.
  const std::span<const Prefix> prefixes = unit == Unit::kSecond
                                               ? std::span<const Prefix>(kTime)
                                               : std::span(kLarge).first<kLarge.size() - 1>();
  for (auto p = prefixes.rbegin(); p != prefixes.rend(); ++p) {
    if (std::fabs(value) < p->factor) continue;
    // The quotient is rounded: a digit more may be what reads back equal.
    for (const int digits : {15, 16, 17}) {
      const std::string number = fmt::format("{:.{}g}", value / p->factor, digits);
      if (scaled(number, *p) == value) return joined(number, p->symbol, symbol);
    }
  }
  return joined(fmt::format("{}", value), "", symbol);
}

/// "60 %" or "60%".
std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  if (text.ends_with(' ')) text.remove_suffix(1);
  return parse_double(text) ? scaled(text, Prefix{"%", 1e-2, -2}) : std::nullopt;
}

}  // namespace

std::optional<double> parse_quantity(std::string_view text, Unit unit) {
  if (unit == Unit::kShare) return parse_share(text);
  const std::size_t space = text.find(' ');
  const std::optional<double> number = parse_double(text.substr(0, space));
  if (!number || !std::isfinite(*number)) return std::nullopt;
  if (space == std::string_view::npos && unit == Unit::kCount) return number;
  if (space == std::string_view::npos || space + 1 == text.size()) return std::nullopt;
  const std::string_view name = text.substr(space + 1);
  for (const UnitName& candidate : kUnitNames) {
    if (candidate.unit != unit || !name.ends_with(candidate.symbol)) continue;
    const std::string_view prefix = name.substr(0, name.size() - candidate.symbol.size());
    for (const Prefix& p : kPrefixes) {
      if (p.symbol != prefix) continue;
      return scaled(text.substr(0, space), p);
    }
  }
  return std::nullopt;
}

std::string format_quantity(double value, Unit unit) {
  if (unit == Unit::kShare) return format_percent(value);
  const std::string_view symbol = symbol_of(unit);
  if (unit == Unit::kSecond) return with_prefix(value, symbol, kTime);
  return with_prefix(value, symbol, kLarge);
}

std::string exact_quantity(double value, Unit unit) {
  if (unit == Unit::kShare) return fmt::format("{:.15g} %", value * 100);
  const std::string_view symbol = symbol_of(unit);
  const std::string binary = unit == Unit::kByte ? whole_binary(value, symbol) : "";
  const std::string decimal = exact_decimal(value, unit, symbol);
  return !binary.empty() && binary.size() < decimal.size() ? binary : decimal;
}

std::string format_count(double value) { return with_prefix(value, "", kLarge); }

std::string grouped_digits(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string format_percent(double fraction) {
  const double percent = fraction * 100;
  return std::fabs(percent) < 9.95 ? fmt::format("{:.1f} %", percent)
                                   : fmt::format("{:.0f} %", percent);
}

}  // namespace roofline
