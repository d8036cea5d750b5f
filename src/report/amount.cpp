// Owns how amounts and their growth read.
// Refuses to compare reports.
#include "amount.hpp"

#include <cmath>

#include "roofline/base/units.hpp"

namespace roofline::report {
namespace {

std::string with_sign(std::string text, double value) {
  return (value < 0 ? "-" : "+") + std::move(text);
}

}  // namespace

std::string amount_text(double amount, Measure measure) {
  switch (measure) {
    case Measure::kCount:
      return format_count(amount);
    case Measure::kFlops:
      return format_quantity(amount, Unit::kFlop);
    case Measure::kBytes:
      return format_quantity(amount, Unit::kByte);
    case Measure::kSeconds:
      return format_quantity(amount, Unit::kSecond);
  }
  return {};
}

std::string growth_text(double growth, Measure measure) {
  return growth == 0 ? "" : with_sign(amount_text(std::fabs(growth), measure), growth);
}

std::string relative_text(double before, double growth) {
  if (growth == 0) return "";
  if (before == 0) return "new";
  constexpr double kSmallestShown = 0.0005;
  const double share = growth / before;
  if (std::fabs(share) < kSmallestShown) return "< 0.1 %";
  return with_sign(format_percent(std::fabs(share)), share);
}

}  // namespace roofline::report
