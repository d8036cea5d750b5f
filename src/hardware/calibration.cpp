// Owns the list of parameters that a calibration can have, their ranges, and their digest.
// Refuses to know what they do: that is the latency model's.
#include "roofline/hardware/calibration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "roofline/base/sha256.hpp"

namespace roofline::hardware {
namespace {

constexpr Range kFactor = {1e-3, 1e3};
constexpr Range kSeconds = {0, 10};
constexpr Range kWeight = {0, 1e3};
constexpr Range kFlops = {0, 1e6};

/// Major and minor number.
using Release = std::pair<int, int>;

/// Of "8.5.1", "10.2"; nullopt when the text does not start with a number.
std::optional<Release> release_of(std::string_view text) {
  const char* const end = text.data() + text.size();
  Release release = {0, 0};
  const auto [dot, error] = std::from_chars(text.data(), end, release.first);
  if (error != std::errc()) return std::nullopt;
  if (dot != end && *dot == '.') std::from_chars(dot + 1, end, release.second);
  return release;
}

/// Where a release lies between two others: 8.5 is half-way from 8 to 9. No release comes after .9.
double position(Release release) { return release.first + std::min(release.second, 9) / 10.0; }

/// "8.5 int8" in its release and its precision; without the latter it is empty.
std::pair<std::string_view, std::string_view> split_release(std::string_view key) {
  const std::size_t space = key.find(' ');
  if (space == std::string_view::npos) return {key, {}};
  return {key.substr(0, space), key.substr(space + 1)};
}

}  // namespace

std::optional<double> expected_error(const Evidence& evidence) {
  if (evidence.rows == 0) return std::nullopt;
  return evidence.cross_validated_mape.value_or(evidence.mape);
}

bool covers(const Evidence& evidence, std::string_view machine) {
  return std::find(evidence.machines.begin(), evidence.machines.end(), machine) !=
         evidence.machines.end();
}

std::span<const Parameter<Terms>> term_parameters() {
  static constexpr std::array kParameters = {
      Parameter<Terms>{"exponent", &Terms::exponent, {1, 64}},
      Parameter<Terms>{"run_s", &Terms::run_s, kSeconds},
      Parameter<Terms>{"link_s", &Terms::link_s, kSeconds},
      Parameter<Terms>{"step_s", &Terms::step_s, kSeconds},
      Parameter<Terms>{"clock_hz", &Terms::clock_hz, {0, 1e12}},
      Parameter<Terms>{"scale", &Terms::scale, kFactor},
      Parameter<Terms>{"compute", &Terms::compute, kFactor},
      Parameter<Terms>{"cache_bandwidth", &Terms::cache_bandwidth, kFactor},
      Parameter<Terms>{"dram_bandwidth", &Terms::dram_bandwidth, kFactor},
      Parameter<Terms>{"activation_residency", &Terms::activation_residency, kWeight},
      Parameter<Terms>{"weight_residency", &Terms::weight_residency, kWeight},
      Parameter<Terms>{"residency_sharpness", &Terms::residency_sharpness, {0.1, 100}},
      Parameter<Terms>{"thread_efficiency", &Terms::thread_efficiency, kFactor},
      Parameter<Terms>{"thread_bandwidth", &Terms::thread_bandwidth, kFactor},
      Parameter<Terms>{"tile_load", &Terms::tile_load, kFlops},
      Parameter<Terms>{"tile_prologue", &Terms::tile_prologue, kFlops},
      Parameter<Terms>{"split_s", &Terms::split_s, kSeconds},
      Parameter<Terms>{"tile_latency_s", &Terms::tile_latency_s, kSeconds},
      Parameter<Terms>{"epilogue_flops", &Terms::epilogue_flops, kFlops},
      Parameter<Terms>{"requantize_flops", &Terms::requantize_flops, kFlops},
      Parameter<Terms>{"softmax_flops", &Terms::softmax_flops, kFlops},
      Parameter<Terms>{"flop_pj", &Terms::flop_pj, kFlops},
  };
  return kParameters;
}

std::span<const Parameter<KernelTiming>> kernel_parameters() {
  static constexpr std::array kParameters = {
      Parameter<KernelTiming>{"efficiency", &KernelTiming::efficiency, {1e-9, 1e3}},
      Parameter<KernelTiming>{"call_s", &KernelTiming::call_s, kSeconds},
      Parameter<KernelTiming>{"cached", &KernelTiming::cached, kWeight},
      Parameter<KernelTiming>{"overlapped", &KernelTiming::overlapped, kWeight},
      Parameter<KernelTiming>{"streamed", &KernelTiming::streamed, kWeight},
      Parameter<KernelTiming>{"serial", &KernelTiming::serial, {0, 1}},
      Parameter<KernelTiming>{"grain_s", &KernelTiming::grain_s, kSeconds},
      Parameter<KernelTiming>{"fork_s", &KernelTiming::fork_s, kSeconds},
  };
  return kParameters;
}

bool is_release(std::string_view key) {
  const auto [release, precision] = split_release(key);
  const bool is_number = release.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_number && release_of(release) && (release == key || precision_from_name(precision));
}

double release_factor(const Calibration& calibration, std::string_view version,
                      std::string_view precision) {
  const std::optional<Release> asked = release_of(version);
  if (!asked) return 1;
  std::map<Release, double> sorted;
  for (const auto& [key, factor] : calibration.releases) {
    const auto [name, listed] = split_release(key);
    const std::optional<Release> release = release_of(name);
    if (release && listed == precision) sorted[*release] = factor;
  }
  if (sorted.empty()) return precision.empty() ? 1 : release_factor(calibration, version);
  const auto newer = sorted.upper_bound(*asked);
  if (newer == sorted.begin()) return newer->second;
  const auto [release, factor] = *std::prev(newer);
  if (newer == sorted.end()) return factor;
  const double step = position(newer->first) - position(release);
  const double way = step > 0 ? (position(*asked) - position(release)) / step : 0;
  return factor * std::pow(newer->second / factor, way);
}

double miss_rate(double capacity, double distance, double sharpness) {
  if (capacity <= 0) return 1;
  if (distance <= 0) return 0;
  return 1 / (1 + std::pow(capacity / distance, sharpness));
}

std::string digest(const Calibration& calibration) {
  std::string text = fmt::format("calibration 1\nruntime={}\nthreads={}\n", calibration.runtime,
                                 calibration.threads);
  for (const auto& p : term_parameters()) {
    text += fmt::format("{}={}\n", p.name, calibration.terms.*p.member);
  }
  for (const auto& [name, factor] : calibration.precisions) {
    text += fmt::format("precisions.{}={}\n", name, factor);
  }
  for (const auto& [release, factor] : calibration.releases) {
    text += fmt::format("releases.{}={}\n", release, factor);
  }
  for (const auto& [kind, timing] : calibration.kernels) {
    text += fmt::format("kernels.{}.half={}\n", kind, timing.half);
    for (const auto& p : kernel_parameters()) {
      text += fmt::format("kernels.{}.{}={}\n", kind, p.name, timing.*p.member);
    }
  }
  for (const auto& [op, flops] : calibration.fused) text += fmt::format("fused.{}={}\n", op, flops);
  for (const Derate& d : calibration.derates) {
    text += fmt::format("derate={} {} {}\n", d.factor, d.architectures, d.matrix_only);
  }
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  return sha256_hex(bytes);
}

}  // namespace roofline::hardware
