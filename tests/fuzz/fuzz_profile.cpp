// Owns the fuzz target of hardware profiles: any bytes give a profile or a roofline::Error.
// Refuses every other exception, by not catching it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "roofline/base/diagnostic.hpp"
#include "roofline/hardware/profile.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const roofline::hardware::Profile profile =
        roofline::hardware::load_text(text, "fuzz/profile.yaml");
    // What every later room relies on.
    if (profile.units.empty() || profile.memory.empty()) std::abort();
    if (!roofline::hardware::bandwidth(profile.dram(), roofline::hardware::Roof::kMeasured)) {
      std::abort();
    }
  } catch (const roofline::Error&) {  // NOLINT(bugprone-empty-catch): the expected outcome
  }
  return 0;
}
