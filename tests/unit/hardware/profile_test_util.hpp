#pragma once
#include <stdexcept>
#include <string>

#include "roofline/base/diagnostic.hpp"
#include "roofline/hardware/profile.hpp"

namespace roofline::hardware {

/// The least a profile needs: 10 GFLOP/s over 1 GB/s.
inline constexpr const char* kMinimal =
    "id: m\n"
    "name: M\n"
    "kind: cpu\n"
    "sources: {s: a book}\n"
    "units:\n"
    "  - name: v\n"
    "    kind: vector\n"
    "    peaks:\n"
    "      fp32: {peak: {value: 10 GFLOP/s, source: s}}\n"
    "memory:\n"
    "  - name: dram\n"
    "    bandwidth: {value: 1 GB/s, source: s}\n"
    "overhead:\n"
    "  per_launch: {value: 1 us, source: s}\n"
    "  per_run: {value: 0 s, source: s}\n";

/// `text` with the first `from` replaced; throws when it is not there, so that no test goes blind.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the test profile has no '" + from + "'");
  return text.replace(at, from.size(), to);
}

/// The message of the Error that `action` throws, without the program's name.
template <class Action>
std::string error_text(Action action) {
  try {
    action();
  } catch (const Error& e) {
    return format_diagnostic(e.diagnostic()).substr(std::string("roofline: ").size());
  }
  return "no error\n";
}

inline std::string load_error(const std::string& text) {
  return error_text([&] { (void)load_text(text, "m.yaml"); });
}

}  // namespace roofline::hardware
