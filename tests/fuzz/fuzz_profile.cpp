// Owns the fuzz target of hardware profiles: any bytes give a profile or a roofline::Error, and
// what is a profile can be written and read back.
// Refuses every other exception, by not catching it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "roofline/base/diagnostic.hpp"
#include "roofline/hardware/profile.hpp"

namespace {

using roofline::hardware::Profile;

/// nullopt for an Error of this code, or of any when `code` is empty.
std::optional<Profile> load(std::string_view text, std::string_view code) {
  try {
    return roofline::hardware::load_text(text, "fuzz/profile.yaml");
  } catch (const roofline::Error& error) {
    if (!code.empty() && error.diagnostic().code != code) std::abort();
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::optional<Profile> profile = load(text, "");
  if (!profile) return 0;
  // What every later room relies on.
  if (profile->units.empty() || profile->memory.empty()) std::abort();
  if (!roofline::hardware::bandwidth(profile->dram(), roofline::hardware::Roof::kMeasured)) {
    std::abort();
  }
  // What is written may be longer than what was read.
  const std::optional<Profile> back = load(roofline::hardware::to_yaml(*profile), "yaml-limit");
  if (back && back->digest != profile->digest) std::abort();
  return 0;
}
