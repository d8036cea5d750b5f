// Owns the fuzz target of budget files: any bytes give rules that can be judged, or a
// roofline::Error.
// Refuses every other exception, by not catching it.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "roofline/report/budget.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace roofline::report;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Budget budget = read_budget(text, "fuzz/budget.yaml");
    if (budget.rules.empty()) std::abort();
    for (const Rule& rule : budget.rules) {
      // What the judge relies on.
      if (rule.limits.empty()) std::abort();
      for (const Limit& limit : rule.limits) {
        if (!limit.least && !limit.most) std::abort();
        if (!std::isfinite(limit.least.value_or(0)) || !std::isfinite(limit.most.value_or(0))) {
          std::abort();
        }
        if (limit.basis != Basis::kAbsolute && rule.baseline.empty()) std::abort();
        if (limit.figure->needs_machine && rule.run.hardware.empty()) std::abort();
      }
    }
  } catch (const roofline::Error&) {  // NOLINT(bugprone-empty-catch): the expected outcome
  }
  return 0;
}
