// Owns the base profile of this machine: which measured rate is which fact.
// Refuses to round up: a peak here is what was reached on one core, times the cores.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "roofline/base/text.hpp"
#include "roofline/calibrate/host.hpp"

namespace roofline::calibrate {
namespace {

using hardware::Fact;

constexpr const char* kHere = "here";
constexpr const char* kSystem = "system";
constexpr const char* kLater = "later";
constexpr double kNoisy = 1.1;    ///< best over median of rounds on a machine that is busy
constexpr double kShared = 0.55;  ///< rate of all cores over that of each: lower clocks leave more

/// Four significant digits: more is noise.
double rounded(double rate) {
  if (rate <= 0) return rate;
  const double unit = std::pow(10.0, std::floor(std::log10(rate)) - 3);
  return std::round(rate / unit) * unit;
}

Fact here(double rate, std::string note) { return {rounded(rate), kHere, std::move(note)}; }

hardware::PeakRate peak_of(const ArithmeticRate& rate, double clock_hz, std::size_t cores) {
  const double one = rate.one_core.best();
  hardware::PeakRate peak;
  // On all cores the clock may be lower, and on a noisy machine the single core unlucky.
  const double bound = std::max(one * static_cast<double>(cores), rate.all_cores.best());
  peak.flops_per_s = here(bound, fmt::format("{} x {:.3g} FLOP a cycle, {}", counted(cores, "core"),
                                             one / clock_hz, rate.instruction));
  peak.measured = here(rate.all_cores.best(), fmt::format("{} at once", counted(cores, "core")));
  return peak;
}

/// The best read rate of working sets above `held` and up to `most` bytes; 0 without any.
double best_read(const std::vector<SweepRate>& curve, std::size_t held, std::size_t most) {
  double best = 0;
  for (const SweepRate& point : curve) {
    if (point.bytes > held && point.bytes <= most) best = std::max(best, point.read.best());
  }
  return best;
}

hardware::MemoryLevel cache_level(const HostFacts& facts, const HostRates& rates,
                                  std::size_t index) {
  const CacheLevel& cache = facts.caches[index];
  const auto one_instance = [&](const CacheLevel& level) {
    return static_cast<std::size_t>(level.bytes / static_cast<std::uint64_t>(level.instances));
  };
  hardware::MemoryLevel level;
  level.name = fmt::format("l{}", cache.level);
  level.shared = cache.shared;
  level.capacity_bytes =
      Fact{static_cast<double>(cache.bytes), kSystem,
           fmt::format("{}: {}", facts.cache_source,
                       counted(static_cast<std::size_t>(cache.instances), "cache"))};
  const std::size_t held = index == 0 ? 0 : one_instance(facts.caches[index - 1]);
  const double core = best_read(rates.curve, held, one_instance(cache));
  if (core <= 0) return level;
  level.core_bytes_per_s = here(core, "read");
  const std::size_t cores = facts.cores.size();
  if (!cache.shared) {
    level.measured_bytes_per_s =
        here(core * static_cast<double>(cores), fmt::format("read: one core x {}", cores));
  } else if (!rates.caches[index].rates.empty()) {
    level.measured_bytes_per_s = here(std::max(rates.caches[index].best(), core),
                                      fmt::format("read: {} at once", counted(cores, "core")));
  }
  return level;
}

hardware::MemoryLevel dram_level(const HostFacts& facts, const HostRates& rates) {
  hardware::MemoryLevel level;
  level.name = "dram";
  if (facts.memory_bytes > 0) {
    level.capacity_bytes = Fact{static_cast<double>(facts.memory_bytes), kSystem, "MemTotal"};
  }
  const double core = rates.curve.back().read.best();
  level.core_bytes_per_s = here(core, "read");
  level.measured_bytes_per_s =
      here(std::max(rates.dram_read.best(), core),
           fmt::format("read: {} at once; write {}, copy {}", counted(facts.cores.size(), "core"),
                       format_quantity(rates.dram_write.best(), Unit::kBytePerSecond),
                       format_quantity(rates.dram_copy.best(), Unit::kBytePerSecond)));
  return level;
}

Diagnostic warning(std::string code, std::string message, std::string hint) {
  return {Severity::kWarning, std::move(code), std::move(message), std::move(hint), {}, {}};
}

}  // namespace

double Rounds::best() const {
  return rates.empty() ? 0 : *std::max_element(rates.begin(), rates.end());
}

double Rounds::median() const {
  if (rates.empty()) return 0;
  std::vector<double> sorted = rates;
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() / 2];
}

hardware::Profile host_profile(const HostFacts& facts, const HostRates& rates,
                               const std::string& id, const std::string& date) {
  hardware::Profile profile;
  profile.id = id;
  profile.name = facts.name;
  profile.kind = "cpu";
  profile.architecture = facts.architecture;
  profile.sources = {{kHere, fmt::format("measured here by roofline calibrate host, {}, best of {}",
                                         date, counted(rates.clock_hz.rates.size(), "round"))},
                     {kSystem, "told by the operating system and the processor"},
                     {kLater, "not measured: 0 until a calibration fits it"}};
  hardware::ComputeUnit unit;
  unit.name = rates.instruction_set;
  const double clock_hz = rates.clock_hz.best();
  for (const ArithmeticRate& rate : rates.arithmetic) {
    unit.peaks[rate.precision] = peak_of(rate, clock_hz, facts.cores.size());
  }
  profile.units = {unit};
  for (std::size_t i = 0; i < facts.caches.size(); ++i) {
    profile.memory.push_back(cache_level(facts, rates, i));
  }
  profile.memory.push_back(dram_level(facts, rates));
  for (const SweepRate& point : rates.curve) {
    profile.bandwidth_curve.push_back({static_cast<double>(point.bytes), rounded(point.read.best()),
                                       rounded(point.write.best())});
  }
  profile.bandwidth_curve_source = kHere;
  profile.launch_overhead_s = {0, kLater};
  profile.run_overhead_s = {0, kLater};
  profile.cores = Fact{static_cast<double>(facts.cores.size()), kSystem,
                       "usable ones, hardware threads counted once"};
  profile.clock_hz = here(clock_hz, "chain of additions on one core");
  profile.vector_bits = Fact{static_cast<double>(rates.vector_bits), kSystem};
  return profile;
}

std::vector<Diagnostic> host_doubts(const HostFacts& facts, const HostRates& rates) {
  std::vector<Diagnostic> doubts;
  double spread = 1;
  for (const ArithmeticRate& rate : rates.arithmetic) {
    spread = std::max(spread, rate.all_cores.best() / rate.all_cores.median());
  }
  if (spread > kNoisy) {
    doubts.push_back(warning(
        "noisy-host",
        fmt::format("the same arithmetic was {} slower in half of the rounds than in the best",
                    format_percent(1 - 1 / spread)),
        "other programs seem to run: repeat on an idle machine"));
  }
  double together = 1;
  for (const ArithmeticRate& rate : rates.arithmetic) {
    const double apart = rate.one_core.best() * static_cast<double>(facts.cores.size());
    together = std::min(together, rate.all_cores.best() / apart);
  }
  if (together < kShared) {
    doubts.push_back(warning(
        "shared-cores",
        fmt::format("{} together reach {} of what they reach one by one",
                    counted(facts.cores.size(), "core"), format_percent(together)),
        "other programs run, or they are threads of fewer cores: 'measured' has what was reached"));
  }
  if (facts.caches.empty()) {
    doubts.push_back(
        warning("unknown-caches", "neither sysfs nor CPUID tells the caches",
                "add them to 'memory' by hand; the bandwidth curve shows their sizes"));
  }
  return doubts;
}

}  // namespace roofline::calibrate
