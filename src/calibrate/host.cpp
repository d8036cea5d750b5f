// Owns the order of the probes: every round visits all of them, so that a disturbance of seconds
// spoils one round of each and not all rounds of one.
// Refuses to interpret what they give.
#include "roofline/calibrate/host.hpp"

#include <algorithm>
#include <chrono>

#include "host_probe.hpp"

namespace roofline::calibrate {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLeastBytes = std::size_t{16} << 10U;
constexpr std::size_t kUnknownMemory = std::size_t{256} << 20U;  ///< used when nothing tells

/// Bytes that probes may take: a quarter of what is available.
std::size_t affordable(const HostFacts& facts) {
  const std::size_t quarter = static_cast<std::size_t>(facts.available_bytes / 4);
  return quarter == 0 ? kUnknownMemory : quarter;
}

/// Working sets from the first cache to main memory, which begins at four times the last cache.
std::vector<SweepRate> empty_curve(const HostFacts& facts, const HostOptions& options) {
  const std::size_t caches = facts.caches.empty() ? 0 : facts.caches.back().bytes;
  const std::size_t most = std::min(std::max(options.most_bytes, 4 * caches), affordable(facts));
  std::vector<SweepRate> curve;
  for (std::size_t bytes = kLeastBytes; bytes <= std::max(most, kLeastBytes); bytes *= 2) {
    curve.push_back({.bytes = bytes});
  }
  return curve;
}

class Prober {
 public:
  Prober(const HostFacts& facts, const HostOptions& options)
      : facts_(facts), options_(options), set_(detect_instruction_set()) {
    rates_.instruction_set = set_.name;
    rates_.vector_bits = set_.vector_bits;
    for (const ArithmeticKernel& kernel : set_.arithmetic) {
      rates_.arithmetic.push_back(
          {.precision = kernel.precision, .instruction = kernel.instruction});
    }
    rates_.curve = empty_curve(facts, options);
    rates_.caches.resize(facts.caches.size());
  }

  [[nodiscard]] HostRates run() {
    const Clock::time_point start = Clock::now();
    for (int round = 0; round < options_.rounds; ++round) {
      // On a machine that is busy otherwise, probes that wait for all cores take long.
      const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
      if (round > 0 && elapsed * (round + 1) / round > options_.most_s) break;
      tell(round, "arithmetic", 0);
      probe_arithmetic();
      tell(round, "caches", 0.2);
      probe_curve();
      tell(round, "main memory", 0.7);
      probe_all_cores();
    }
    return std::move(rates_);
  }

 private:
  void tell(int round, const char* what, double part) const {
    options_.progress(what, (round + part) / options_.rounds);
  }

  void probe_arithmetic() {
    on_processor(facts_.cores.front(), [&] {
      rates_.clock_hz.rates.push_back(best_rate(chain_work(), options_.probe_s));
      for (std::size_t i = 0; i < set_.arithmetic.size(); ++i) {
        const Work work = arithmetic_work(set_.arithmetic[i]);
        rates_.arithmetic[i].one_core.rates.push_back(best_rate(work, options_.probe_s));
      }
    });
    for (std::size_t i = 0; i < set_.arithmetic.size(); ++i) {
      const auto make = [&](std::size_t) { return arithmetic_work(set_.arithmetic[i]); };
      rates_.arithmetic[i].all_cores.rates.push_back(
          joint_rate(facts_.cores, 2 * options_.probe_s, make));
    }
  }

  void probe_curve() {
    const Buffer buffer(rates_.curve.back().bytes);
    on_processor(facts_.cores.front(), [&] {
      buffer.touch();
      for (SweepRate& point : rates_.curve) {
        const Work read = sweep_work(set_.read, false, buffer, point.bytes);
        const Work write = sweep_work(set_.write, false, buffer, point.bytes);
        point.read.rates.push_back(best_rate(read, options_.probe_s));
        point.write.rates.push_back(best_rate(write, options_.probe_s));
      }
    });
  }

  void probe_all_cores() {
    const std::size_t share = std::max(
        rates_.curve.back().bytes / facts_.cores.size() / kBlockBytes * kBlockBytes, kLeastBytes);
    std::vector<Buffer> buffers;
    for (std::size_t i = 0; i < facts_.cores.size(); ++i) buffers.emplace_back(share);
    const auto rate = [&](Sweep sweep, bool copies, std::size_t bytes) {
      return joint_rate(facts_.cores, 2 * options_.probe_s, [&](std::size_t i) {
        buffers[i].touch();
        return sweep_work(sweep, copies, buffers[i], bytes);
      });
    };
    rates_.dram_read.rates.push_back(rate(set_.read, false, share));
    rates_.dram_write.rates.push_back(rate(set_.write, false, share));
    rates_.dram_copy.rates.push_back(rate(set_.copy, true, share));
    for (std::size_t i = 0; i < facts_.caches.size(); ++i) {
      const std::size_t part = cache_share(i);
      if (part > 0) rates_.caches[i].rates.push_back(rate(set_.read, false, std::min(part, share)));
    }
  }

  /// Half of what one core has of a shared cache; 0 where a level before it would hold that.
  [[nodiscard]] std::size_t cache_share(std::size_t index) const {
    const CacheLevel& cache = facts_.caches[index];
    const std::size_t share = cache.bytes / facts_.cores.size() / 2 / kBlockBytes * kBlockBytes;
    const CacheLevel* before = index == 0 ? nullptr : &facts_.caches[index - 1];
    const std::size_t held =
        before == nullptr ? 0 : before->bytes / static_cast<std::size_t>(before->instances);
    return cache.shared && share > held + held / 2 ? share : 0;
  }

  const HostFacts& facts_;
  const HostOptions& options_;
  InstructionSet set_;
  HostRates rates_;
};

}  // namespace

HostRates measure_host(const HostFacts& facts, const HostOptions& options) {
  return Prober(facts, options).run();
}

}  // namespace roofline::calibrate
