// Owns the list of numbers that a fit may change, and how far each may go from where it starts.
// Refuses to choose among them: patterns do.
#include "parameters.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace roofline::calibrate {
namespace {

using hardware::Calibration;
using hardware::KernelTiming;

double* find_term(Calibration& c, const FreeParameter& p) {
  return &(c.terms.*hardware::term_parameters()[p.index].member);
}
double* find_precision(Calibration& c, const FreeParameter& p) { return &c.precisions[p.key]; }
double* find_release(Calibration& c, const FreeParameter& p) { return &c.releases[p.key]; }
double* find_fused(Calibration& c, const FreeParameter& p) { return &c.fused[p.key]; }
double* find_derate(Calibration& c, const FreeParameter& p) { return &c.derates[p.index].factor; }
double* find_kernel(Calibration& c, const FreeParameter& p) {
  return &(c.kernels[p.key].*hardware::kernel_parameters()[p.index].member);
}
double* find_half(Calibration& c, const FreeParameter& p) {
  return &c.kernels[p.key].half[p.index];
}

/// How far a parameter may plausibly lie from where it starts, as a standard deviation of its
/// logarithm: rates vary less between machines than fixed times and half points do.
struct Width {
  std::string_view name;
  double width;
  double most = std::numeric_limits<double>::infinity();  ///< that a fit makes of it
};
/// Main memory at less than 40 % of its rate waits for something else, which has its own term.
constexpr double kLongestStream = 2.5;
constexpr std::array kWidths = {
    Width{"efficiency", 0.7},
    Width{"call_s", 0.6},
    Width{"cached", 0.4},
    Width{"overlapped", 0.4},
    Width{"streamed", 0.5, kLongestStream},
    Width{"serial", 0.35},
    Width{"grain_s", 0.3},
    Width{"fork_s", 0.25},
    Width{"run_s", 1.5},
    Width{"link_s", 0.7},
    Width{"step_s", 0.8},
    Width{"compute", 0.3},
    Width{"cache_bandwidth", 0.5},
    Width{"dram_bandwidth", 0.15},
    Width{"activation_residency", 0.4},
    Width{"weight_residency", 0.4},
    Width{"tile_load", 0.7},
    Width{"tile_prologue", 1.0},
    Width{"tile_latency_s", 0.5},
    Width{"requantize_flops", 0.8},
    Width{"epilogue_flops", 0.8},
    Width{"softmax_flops", 0.6},
    Width{"flop_pj", 0.5},
};
constexpr double kHalfWidth = 1.3;
constexpr double kFusedWidth = 0.8;
constexpr double kPrecisionWidth = 0.2;
constexpr double kReleaseWidth = 0.1;
constexpr double kDerateWidth = 0.3;
constexpr double kOtherWidth = 0.5;

Width width_of(std::string_view name) {
  for (const Width& entry : kWidths) {
    if (entry.name == name) return entry;
  }
  return {name, kOtherWidth};
}

}  // namespace

std::vector<FreeParameter> parameters(const Calibration& calibration) {
  std::vector<FreeParameter> list;
  const auto add = [&](FreeParameter parameter) { list.push_back(std::move(parameter)); };
  const auto terms = hardware::term_parameters();
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (calibration.terms.*terms[i].member <= 0) continue;
    add({"terms." + std::string(terms[i].name), "", width_of(terms[i].name).width,
         terms[i].range.least, terms[i].range.most, find_term, "", i});
  }
  for (const auto& [name, value] : calibration.precisions) {
    add({"precisions." + name, "", kPrecisionWidth, hardware::kPrecisionRange.least,
         hardware::kPrecisionRange.most, find_precision, name, 0});
  }
  for (const auto& [name, value] : calibration.releases) {
    if (value == 1) continue;  // the newest one, which the others are compared with
    add({"releases." + name, "", kReleaseWidth, hardware::kReleaseRange.least,
         hardware::kReleaseRange.most, find_release, name, 0});
  }
  for (const auto& [name, value] : calibration.fused) {
    if (value <= 0) continue;
    add({"fused." + name, "", kFusedWidth, hardware::kFusedRange.least, hardware::kFusedRange.most,
         find_fused, name, 0});
  }
  for (std::size_t i = 0; i < calibration.derates.size(); ++i) {
    add({"derates." + std::to_string(i), "", kDerateWidth, hardware::kDerateRange.least, 1,
         find_derate, "", i});
  }
  const auto members = hardware::kernel_parameters();
  for (const auto& [key, timing] : calibration.kernels) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (timing.*members[i].member <= 0) continue;
      const Width width = width_of(members[i].name);
      add({"kernels." + key + "." + std::string(members[i].name), key, width.width,
           members[i].range.least, std::min(members[i].range.most, width.most), find_kernel, key,
           i});
    }
    for (std::size_t i = 0; i < timing.half.size(); ++i) {
      if (timing.half[i] <= 0) continue;
      add({"kernels." + key + ".half." + std::to_string(i), key, kHalfWidth,
           hardware::kHalfRange.least, hardware::kHalfRange.most, find_half, key, i});
    }
  }
  return list;
}

bool matches(std::string_view text, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return text == pattern;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t from = star; from <= text.size(); ++from) {
    if (matches(text.substr(from), rest)) return true;
  }
  return false;
}

}  // namespace roofline::calibrate
