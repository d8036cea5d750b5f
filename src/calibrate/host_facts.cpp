// Owns what the operating system and CPUID tell of this machine: cores, caches, memory, names.
// Refuses to fail where a virtual machine hides something: it is left out.
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "roofline/base/text.hpp"
#include "roofline/calibrate/host.hpp"
#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace roofline::calibrate {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kKibi = 1024;

/// The first line of a file; empty when it cannot be read.
std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  // Texts of the device tree end in a zero byte.
  while (!line.empty() && (line.back() == '\0' || line.back() == ' ')) line.pop_back();
  return line;
}

/// The value behind "key :" or "key:" in a file of such lines; empty when there is none.
std::string value_of(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    if (line.find_first_not_of(" \t", key.size()) != colon) continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return {};
}

/// "32K", "1M" or "512" in bytes; 0 for anything else.
std::uint64_t parse_size(std::string text) {
  std::uint64_t factor = 1;
  if (text.ends_with('K')) factor = kKibi;
  if (text.ends_with('M')) factor = kKibi * kKibi;
  if (factor > 1) text.pop_back();
  const auto number = parse_int(text);
  constexpr std::int64_t kMost = std::int64_t{1} << 40U;
  return number && *number > 0 && *number < kMost ? static_cast<std::uint64_t>(*number) * factor
                                                  : 0;
}

std::uint64_t kibibytes(const fs::path& meminfo, std::string_view key) {
  const std::string text = value_of(meminfo, key);
  const auto number = parse_int(std::string_view(text).substr(0, text.find(' ')));
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) * kKibi : 0;
}

fs::path processor_directory(const fs::path& system, int processor) {
  return system / "sys/devices/system/cpu" / ("cpu" + std::to_string(processor));
}

/// Logical processors of the same core, as the kernel lists them: "0,32".
std::string siblings(const fs::path& system, int processor) {
  const std::string list =
      first_line(processor_directory(system, processor) / "topology/thread_siblings_list");
  return list.empty() ? std::to_string(processor) : list;
}

std::vector<int> one_of_each_core(const fs::path& system, const std::vector<int>& processors) {
  std::vector<int> cores;
  std::set<std::string> seen;
  for (const int processor : processors) {
    if (seen.insert(siblings(system, processor)).second) cores.push_back(processor);
  }
  return cores;
}

std::vector<CacheLevel> sysfs_caches(const fs::path& system, const std::vector<int>& cores) {
  std::map<int, CacheLevel> levels;
  std::map<int, std::set<std::string>> seen;
  for (const int core : cores) {
    const fs::path directory = processor_directory(system, core) / "cache";
    for (int index = 0;; ++index) {
      const fs::path cache = directory / ("index" + std::to_string(index));
      const auto level = parse_int(first_line(cache / "level"));
      if (!level) break;
      const std::uint64_t bytes = parse_size(first_line(cache / "size"));
      if (bytes == 0 || first_line(cache / "type") == "Instruction") continue;
      const std::string users = first_line(cache / "shared_cpu_list");
      const int number = static_cast<int>(*level);
      if (!seen[number].insert(users).second) continue;
      CacheLevel& found = levels[number];
      found.level = number;
      found.bytes += bytes;
      ++found.instances;
      found.shared = found.shared || users != siblings(system, core);
    }
  }
  std::vector<CacheLevel> caches;
  for (const auto& [number, level] : levels) caches.push_back(level);
  return caches;
}

#ifdef __x86_64__
/// Which cores share a cache is not told reliably to guests: the third level is taken as shared.
std::vector<CacheLevel> cpuid_caches(int cores) {
  std::vector<CacheLevel> caches;
  for (const unsigned leaf : {4U, 0x8000001DU}) {
    for (unsigned index = 0; index < 16 && caches.size() < 4; ++index) {
      unsigned eax = 0;
      unsigned ebx = 0;
      unsigned ecx = 0;
      unsigned edx = 0;
      constexpr unsigned kInstructions = 2;
      const bool answered = __get_cpuid_count(leaf, index, &eax, &ebx, &ecx, &edx) != 0;
      if (!answered || (eax & 0x1FU) == 0) break;
      if ((eax & 0x1FU) == kInstructions) continue;
      const std::uint64_t ways = (ebx >> 22U) + 1U;
      const std::uint64_t partitions = ((ebx >> 12U) & 0x3FFU) + 1U;
      const std::uint64_t line = (ebx & 0xFFFU) + 1U;
      const int level = static_cast<int>((eax >> 5U) & 7U);
      const int instances = level < 3 ? cores : 1;
      const std::uint64_t bytes = ways * partitions * line * (std::uint64_t{ecx} + 1U);
      caches.push_back(
          {level, instances, bytes * static_cast<std::uint64_t>(instances), level >= 3});
    }
    if (!caches.empty()) break;
  }
  return caches;
}
constexpr const char* kArchitecture = "x86-64";
#else
std::vector<CacheLevel> cpuid_caches(int /*cores*/) { return {}; }
constexpr const char* kArchitecture = "aarch64";
#endif

std::string machine_name(const fs::path& system) {
  for (const std::string& name : {value_of(system / "proc/cpuinfo", "model name"),
                                  first_line(system / "proc/device-tree/model"),
                                  value_of(system / "proc/cpuinfo", "Model")}) {
    if (!name.empty()) return printable(name);
  }
  return std::string(kArchitecture) + " processor";
}

}  // namespace

std::vector<int> usable_processors() {
  std::vector<int> processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) processors.push_back(static_cast<int>(i));
    }
  }
  if (processors.empty()) processors.push_back(0);
  return processors;
}

HostFacts host_facts(const std::string& system, const std::vector<int>& processors) {
  const fs::path root = system;
  HostFacts facts;
  facts.name = machine_name(root);
  facts.architecture = kArchitecture;
  facts.cores = one_of_each_core(root, processors);
  facts.caches = sysfs_caches(root, facts.cores);
  facts.cache_source = "sysfs";
  if (facts.caches.empty()) {
    facts.caches = cpuid_caches(static_cast<int>(facts.cores.size()));
    facts.cache_source = "cpuid";
  }
  facts.memory_bytes = kibibytes(root / "proc/meminfo", "MemTotal");
  facts.available_bytes = kibibytes(root / "proc/meminfo", "MemAvailable");
  return facts;
}

}  // namespace roofline::calibrate
