#pragma once
#include <string>

#include "roofline/report/diff.hpp"

namespace roofline::report {

/// Three significant digits and a unit: "64.9 us".
[[nodiscard]] std::string amount_text(double amount, Measure measure);
/// With its sign: "+5.2 us"; "" for 0.
[[nodiscard]] std::string growth_text(double growth, Measure measure);
/// `growth` of `before`, with its sign: "+8.0 %"; "new" where there was nothing.
[[nodiscard]] std::string relative_text(double before, double growth);

}  // namespace roofline::report
