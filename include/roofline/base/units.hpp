#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roofline {

/// What a quantity with a unit measures; the unit of every number kept in code is the SI base one.
enum class Unit {
  kFlopPerSecond,  ///< "15.7 TFLOP/s", "30 TOP/s"
  kFlop,           ///< "8.21 GFLOP"
  kBytePerSecond,  ///< "900 GB/s", "2.2 TiB/s"
  kByte,           ///< "16 GB", "6 MiB"
  kSecond,         ///< "2.6 us"
  kHertz,          ///< "1.38 GHz"
  kWatt,           ///< "300 W"
  kMac,            ///< "4.1 GMAC"
  kPerSecond,      ///< "30 /s"
  kCount,          ///< "26 M", "7"
  kShare,          ///< "60 %", a fraction
};

/// Parses "900 GB/s" to 9e11, "60 %" to 0.6. nullopt when number, prefix or unit do not fit `unit`.
/// A count needs no prefix: "7".
[[nodiscard]] std::optional<double> parse_quantity(std::string_view text, Unit unit);

/// Three significant digits with an SI prefix: 9e11 -> "900 GB/s", 0.00061 -> "610 us".
[[nodiscard]] std::string format_quantity(double value, Unit unit);

/// A text that parse_quantity reads back as exactly `value`: 900e9 -> "900 GB/s", 32768 B ->
/// "32 KiB", 1.25e-6 s -> "1.25 us". Shares are read back to 15 digits.
[[nodiscard]] std::string exact_quantity(double value, Unit unit);

/// A plain count, three significant digits: 300800000 -> "301 M".
[[nodiscard]] std::string format_count(double value);

/// 1234567 -> "1,234,567": counts that are read exactly.
[[nodiscard]] std::string grouped_digits(std::int64_t value);

/// 0.7123 -> "71 %", 0.0312 -> "3.1 %".
[[nodiscard]] std::string format_percent(double fraction);

}  // namespace roofline
