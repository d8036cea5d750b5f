#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "roofline/base/diagnostic.hpp"
#include "roofline/hardware/profile.hpp"

namespace roofline::calibrate {

/// A level of data caches: all instances that serve the cores in use.
struct CacheLevel {
  int level = 0;
  int instances = 0;
  std::uint64_t bytes = 0;  ///< of all instances
  bool shared = false;      ///< one instance serves several cores
};

/// What the operating system says of this machine.
struct HostFacts {
  std::string name;                     ///< as the vendor calls it
  std::string architecture;             ///< "x86-64", "aarch64"
  std::vector<int> cores;               ///< of each usable core one logical processor
  std::vector<CacheLevel> caches = {};  ///< nearest first; empty when nothing tells
  std::string cache_source = {};        ///< "sysfs" or "cpuid"
  std::uint64_t memory_bytes = 0;       ///< 0 when nothing tells
  std::uint64_t available_bytes = 0;    ///< without swapping; 0 when nothing tells
};

/// Logical processors that this process may run on.
[[nodiscard]] std::vector<int> usable_processors();
/// `system` is the directory that holds sys and proc: "/", but in tests.
[[nodiscard]] HostFacts host_facts(const std::string& system, const std::vector<int>& processors);

/// The same probe in several rounds, which lie seconds apart.
struct Rounds {
  std::vector<double> rates = {};
  [[nodiscard]] double best() const;
  [[nodiscard]] double median() const;
};

/// FLOP/s of one instruction.
struct ArithmeticRate {
  hardware::Precision precision = hardware::Precision::kFp32;
  std::string instruction = {};  ///< as the manual of the processor calls it
  Rounds one_core = {};
  Rounds all_cores = {};
};

/// Bytes/s of one core that goes round a working set.
struct SweepRate {
  std::size_t bytes = 0;
  Rounds read = {};
  Rounds write = {};
};

/// What the probes measured.
struct HostRates {
  std::string instruction_set;  ///< "avx512", "neon"
  int vector_bits = 0;
  Rounds clock_hz = {};
  std::vector<ArithmeticRate> arithmetic = {};
  std::vector<SweepRate> curve = {};  ///< by rising working set; the last is main memory
  /// Reading on all cores at once, each in its share of a shared cache, beside HostFacts::caches;
  /// no rounds where the shares would fit into the level before.
  std::vector<Rounds> caches = {};
  Rounds dram_read = {};  ///< on all cores at once
  Rounds dram_write = {};
  Rounds dram_copy = {};  ///< bytes read and written
};

/// Told what is measured next, and the share of the work that is done, 0 to 1.
using Progress = std::function<void(const std::string& what, double done)>;

struct HostOptions {
  int rounds = 5;
  double most_s = 20;      ///< fewer rounds, but one, when they would take longer
  double probe_s = 0.025;  ///< of one probe in one round, and twice that on all cores
  std::size_t most_bytes = std::size_t{512} << 20U;  ///< largest working set, where memory allows
  Progress progress = [](const std::string& /*what*/, double /*done*/) {};
};
/// Throws Error "unsupported-host" on other processors than x86-64 and AArch64.
[[nodiscard]] HostRates measure_host(const HostFacts& facts, const HostOptions& options);

/// The base profile: no calibration, no overheads. Measured on `date`, YYYY-MM-DD.
[[nodiscard]] hardware::Profile host_profile(const HostFacts& facts, const HostRates& rates,
                                             const std::string& id, const std::string& date);
/// Doubts about the rates: rounds that differ, levels that nothing tells of.
[[nodiscard]] std::vector<Diagnostic> host_doubts(const HostFacts& facts, const HostRates& rates);

}  // namespace roofline::calibrate
