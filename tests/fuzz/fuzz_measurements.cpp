// Owns the fuzz target of measurements: any bytes give usable rows or a roofline::Error.
// Refuses every other exception, by not catching it.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "roofline/calibrate/measurement.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const roofline::calibrate::Measurements read =
        roofline::calibrate::parse_measurements(std::move(text), "fuzz/measurements");
    if (read.rows.empty()) std::abort();
    for (const roofline::calibrate::Measurement& row : read.rows) {
      // What every fit and comparison relies on.
      if (!(row.seconds > 0) || !std::isfinite(row.seconds)) std::abort();
      for (const roofline::calibrate::MeasuredNode& node : row.nodes) {
        if (!(node.seconds >= 0) || !std::isfinite(node.seconds)) std::abort();
      }
    }
  } catch (const roofline::Error&) {  // NOLINT(bugprone-empty-catch): the expected outcome
  }
  return 0;
}
