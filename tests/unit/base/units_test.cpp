// Owns reading and writing quantities with units.
// Refuses to test which quantities a profile may hold.
#include "roofline/base/units.hpp"

#include <gtest/gtest.h>

namespace roofline {
namespace {

TEST(ParseQuantity, PrefixesAndUnits) {
  EXPECT_DOUBLE_EQ(*parse_quantity("15.7 TFLOP/s", Unit::kFlopPerSecond), 15.7e12);
  EXPECT_DOUBLE_EQ(*parse_quantity("30 TOP/s", Unit::kFlopPerSecond), 30e12);
  EXPECT_DOUBLE_EQ(*parse_quantity("900 GB/s", Unit::kBytePerSecond), 900e9);
  EXPECT_DOUBLE_EQ(*parse_quantity("2 TiB/s", Unit::kBytePerSecond), 2.0 * 1099511627776.0);
  EXPECT_DOUBLE_EQ(*parse_quantity("6 MiB", Unit::kByte), 6.0 * 1048576);
  EXPECT_DOUBLE_EQ(*parse_quantity("16 GB", Unit::kByte), 16e9);
  EXPECT_DOUBLE_EQ(*parse_quantity("2.6 us", Unit::kSecond), 2.6e-6);
  EXPECT_DOUBLE_EQ(*parse_quantity("0 s", Unit::kSecond), 0.0);
  EXPECT_DOUBLE_EQ(*parse_quantity("1.38 GHz", Unit::kHertz), 1.38e9);
  EXPECT_DOUBLE_EQ(*parse_quantity("300 W", Unit::kWatt), 300.0);
}

TEST(ParseQuantity, RoundsOnce) {
  EXPECT_EQ(parse_quantity("0.163 us", Unit::kSecond), 0.163e-6);
  EXPECT_EQ(parse_quantity("163 ns", Unit::kSecond), 163e-9);
  EXPECT_EQ(parse_quantity("1.1 TB", Unit::kByte), 1.1e12);
  EXPECT_EQ(parse_quantity("1.5e+3 us", Unit::kSecond), 1.5e-3);
  EXPECT_EQ(parse_quantity("1.5E-3 GB", Unit::kByte), 1.5e6);
}

TEST(ParseQuantity, RefusesWhatIsNotExact) {
  for (const char* bad :
       {"900", "900GB/s", "900  GB/s", "900 gb/s", "900 GB", "900 GFLOP/s", "GB/s", "", " 900 GB/s",
        "900 XB/s", "900 GB/s ", "nan GB/s", "inf GB/s", "1e999 GB/s", "1e308 TB/s", "9,5 GB/s"}) {
    EXPECT_EQ(parse_quantity(bad, Unit::kBytePerSecond), std::nullopt) << bad;
  }
}

TEST(ParseQuantity, CountsAndShares) {
  EXPECT_EQ(parse_quantity("26 M", Unit::kCount), 26e6);
  EXPECT_EQ(parse_quantity("7", Unit::kCount), 7);
  EXPECT_EQ(parse_quantity("2.5e1 k", Unit::kCount), 25e3);
  EXPECT_EQ(parse_quantity("60 %", Unit::kShare), 0.6);
  EXPECT_EQ(parse_quantity("0.7%", Unit::kShare), 0.007);
  EXPECT_EQ(parse_quantity("4.1 GMAC", Unit::kMac), 4.1e9);
  EXPECT_EQ(parse_quantity("1.2 k/s", Unit::kPerSecond), 1200);
  for (const char* bad : {"", "26M", "26 MB", "26 ", "1e", "nan", "M", "26 M M", "5 %"}) {
    EXPECT_EQ(parse_quantity(bad, Unit::kCount), std::nullopt) << bad;
  }
  for (const char* bad : {"", "%", " %", "60", "60 k%", "6  %", "1e%", "nan %", "1e999 %"}) {
    EXPECT_EQ(parse_quantity(bad, Unit::kShare), std::nullopt) << bad;
  }
}

TEST(FormatQuantity, CountsAndShares) {
  EXPECT_EQ(format_quantity(25557032, Unit::kCount), "25.6 M");
  EXPECT_EQ(format_quantity(7, Unit::kCount), "7");
  EXPECT_EQ(format_quantity(0, Unit::kCount), "0");
  EXPECT_EQ(format_quantity(0.5, Unit::kShare), "50 %");
  EXPECT_EQ(format_quantity(15400, Unit::kPerSecond), "15.4 k/s");
  EXPECT_EQ(exact_quantity(26.9e6, Unit::kCount), "26.9 M");
  EXPECT_EQ(exact_quantity(0, Unit::kCount), "0");
  EXPECT_EQ(exact_quantity(0.07, Unit::kShare), "7 %");
}

TEST(ExactQuantity, PrefersTheUsualPrefix) {
  EXPECT_EQ(exact_quantity(9e11, Unit::kBytePerSecond), "900 GB/s");
  EXPECT_EQ(exact_quantity(32768, Unit::kByte), "32 KiB");
  EXPECT_EQ(exact_quantity(16e9, Unit::kByte), "16 GB");
  EXPECT_EQ(exact_quantity(1000.5, Unit::kByte), "1.0005 kB");
  EXPECT_EQ(exact_quantity(1.25e-6, Unit::kSecond), "1.25 us");
  EXPECT_EQ(exact_quantity(0, Unit::kSecond), "0 s");
  EXPECT_EQ(exact_quantity(5e-10, Unit::kSecond), "5e-10 s");
  EXPECT_EQ(exact_quantity(4.213e9, Unit::kHertz), "4.213 GHz");
  EXPECT_EQ(exact_quantity(75, Unit::kWatt), "75 W");
}

TEST(ExactQuantity, ReadsBackEqual) {
  double value = 1.2345678901234567e-12;
  for (int i = 0; i < 4000; ++i) {
    for (const Unit unit : {Unit::kSecond, Unit::kByte, Unit::kBytePerSecond, Unit::kHertz}) {
      const std::string text = exact_quantity(value, unit);
      ASSERT_EQ(parse_quantity(text, unit), value) << text;
    }
    value *= 1.017;
  }
}

TEST(FormatQuantity, ThreeSignificantDigits) {
  EXPECT_EQ(format_quantity(9e11, Unit::kBytePerSecond), "900 GB/s");
  EXPECT_EQ(format_quantity(15.7e12, Unit::kFlopPerSecond), "15.7 TFLOP/s");
  EXPECT_EQ(format_quantity(0.00061, Unit::kSecond), "610 us");
  EXPECT_EQ(format_quantity(2.6e-6, Unit::kSecond), "2.60 us");
  EXPECT_EQ(format_quantity(12.0, Unit::kSecond), "12 s");
  EXPECT_EQ(format_quantity(0, Unit::kSecond), "0 s");
  EXPECT_EQ(format_quantity(17, Unit::kByte), "17 B");
}

TEST(FormatQuantity, RoundsUpIntoTheNextPrefix) {
  EXPECT_EQ(format_quantity(999.4e9, Unit::kBytePerSecond), "999 GB/s");
  EXPECT_EQ(format_quantity(999.6e9, Unit::kBytePerSecond), "1.00 TB/s");
  EXPECT_EQ(format_quantity(9.996e9, Unit::kHertz), "10.0 GHz");
  EXPECT_EQ(format_quantity(99.96e9, Unit::kHertz), "100 GHz");
}

TEST(FormatCount, PlainNumbers) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1.00 k");
  EXPECT_EQ(format_count(300800000), "301 M");
}

TEST(FormatPercent, OneDigitBelowTen) {
  EXPECT_EQ(format_percent(0.7123), "71 %");
  EXPECT_EQ(format_percent(0.0312), "3.1 %");
  EXPECT_EQ(format_percent(0.09951), "10 %");
  EXPECT_EQ(format_percent(0), "0.0 %");
}

}  // namespace
}  // namespace roofline
