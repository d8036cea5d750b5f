// Owns `calibrate host` as a library: facts from a given /sys and /proc, the profile made of given
// rates, and that this machine can be measured.
// Refuses to judge rates: they are this machine's, and it may be busy.
#include "roofline/calibrate/host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace roofline::calibrate {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kKibi = 1024;
constexpr std::size_t kMebi = 1024 * kKibi;

class System : public ::testing::Test {
 protected:
  System() {
    std::string pattern = (fs::temp_directory_path() / "host-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~System() override { fs::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) {
    const fs::path path = directory_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void write_cache(int cpu, int index, int level, const std::string& type, const std::string& size,
                   const std::string& users) {
    const std::string base = "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache/index" +
                             std::to_string(index) + "/";
    write(base + "level", std::to_string(level) + "\n");
    write(base + "type", type + "\n");
    write(base + "size", size + "\n");
    write(base + "shared_cpu_list", users + "\n");
  }
  void write_siblings(int cpu, const std::string& list) {
    write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
          list + "\n");
  }
  [[nodiscard]] HostFacts facts(const std::vector<int>& processors) const {
    return host_facts(directory_.string(), processors);
  }

  fs::path directory_;
};

TEST_F(System, CountsCoresOnceAndSumsTheirCaches) {
  for (const int cpu : {0, 1, 2, 3}) {
    const std::string pair = cpu % 2 == 0 ? "0,2" : "1,3";
    write_siblings(cpu, pair);
    write_cache(cpu, 0, 1, "Data", "48K", pair);
    write_cache(cpu, 1, 1, "Instruction", "32K", pair);
    write_cache(cpu, 2, 2, "Unified", "1M", pair);
    write_cache(cpu, 3, 3, "Unified", "36608K", "0-3");
  }
  write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Toy CPU 9000\nflags\t: fpu\n");
  write("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    600 kB\n");
  const HostFacts f = facts({0, 1, 2, 3});
  EXPECT_EQ(f.name, "Toy CPU 9000");
  EXPECT_THAT(f.cores, ElementsAre(0, 1));
  EXPECT_EQ(f.memory_bytes, 1000 * kKibi);
  EXPECT_EQ(f.available_bytes, 600 * kKibi);
  EXPECT_EQ(f.cache_source, "sysfs");
  ASSERT_THAT(f.caches, SizeIs(3));
  EXPECT_EQ(f.caches[0].bytes, 2 * 48 * kKibi);
  EXPECT_EQ(f.caches[0].instances, 2);
  EXPECT_FALSE(f.caches[0].shared) << "by threads of one core only";
  EXPECT_EQ(f.caches[1].bytes, 2 * kMebi);
  EXPECT_EQ(f.caches[2].bytes, 36608 * kKibi);
  EXPECT_EQ(f.caches[2].instances, 1);
  EXPECT_TRUE(f.caches[2].shared);
}

TEST_F(System, UsesOnlyTheProcessorsThatItMay) {
  for (const int cpu : {0, 1, 2, 3}) {
    write_cache(cpu, 0, 1, "Data", "32K", std::to_string(cpu));
    write_cache(cpu, 1, 3, "Unified", "4M", cpu < 2 ? "0-1" : "2-3");
  }
  const HostFacts f = facts({2, 3});
  EXPECT_THAT(f.cores, ElementsAre(2, 3)) << "without topology every processor is a core";
  EXPECT_EQ(f.caches.at(0).bytes, 64 * kKibi);
  EXPECT_EQ(f.caches.at(1).bytes, 4 * kMebi);
}

TEST_F(System, LeavesOutWhatIsHidden) {
  const HostFacts f = facts({0});
  EXPECT_FALSE(f.name.empty());
  EXPECT_EQ(f.memory_bytes, 0U);
  EXPECT_EQ(f.cache_source, "cpuid");
  write("proc/device-tree/model", std::string("Toy Board 3") + '\0');
  EXPECT_EQ(facts({0}).name, "Toy Board 3");
  write_cache(0, 0, 1, "Data", "nonsense", "0");
  EXPECT_EQ(facts({0}).cache_source, "cpuid");
}

HostFacts toy_facts() {
  HostFacts facts = {.name = "Toy", .architecture = "x86-64", .cores = {0, 1}};
  facts.caches = {{1, 2, 64 * kKibi, false}, {2, 1, 4 * kMebi, true}};
  facts.cache_source = "sysfs";
  facts.memory_bytes = 1024 * kMebi;
  return facts;
}

HostRates toy_rates() {
  HostRates rates;
  rates.instruction_set = "avx2";
  rates.vector_bits = 256;
  rates.clock_hz = {{2.9e9, 3e9, 2.95e9}};
  rates.arithmetic = {
      {hardware::Precision::kFp32, "vfmadd231ps ymm", {{90e9, 96.0004e9}}, {{180e9, 181e9}}}};
  rates.curve = {{16 * kKibi, {{300e9}}, {{200e9}}},
                 {32 * kKibi, {{290e9, 310e9}}, {{210e9}}},
                 {1 * kMebi, {{100e9}}, {{80e9}}},
                 {64 * kMebi, {{20e9}}, {{10e9}}}};
  rates.caches = {{}, {{150e9}}};
  rates.dram_read = {{25e9}};
  rates.dram_write = {{12e9}};
  rates.dram_copy = {{18e9}};
  return rates;
}

TEST(HostProfile, TakesTheBestRounds) {
  const hardware::Profile p = host_profile(toy_facts(), toy_rates(), "toy", "2026-11-20");
  EXPECT_EQ(p.id, "toy");
  EXPECT_EQ(p.kind, "cpu");
  EXPECT_EQ(p.architecture, "x86-64");
  EXPECT_EQ(p.vector_bits->value, 256);
  EXPECT_EQ(p.clock_hz->value, 3e9);
  EXPECT_EQ(p.cores->value, 2);
  const hardware::PeakRate& fp32 = p.units.at(0).peaks.at(hardware::Precision::kFp32);
  EXPECT_EQ(fp32.flops_per_s.value, 192e9) << "two cores as fast as the one, in four digits";
  EXPECT_EQ(fp32.flops_per_s.note, "2 cores x 32 FLOP a cycle, vfmadd231ps ymm");
  EXPECT_EQ(fp32.measured->value, 181e9);
  ASSERT_THAT(p.memory, SizeIs(3));
  EXPECT_EQ(p.memory[0].name, "l1");
  EXPECT_EQ(p.memory[0].capacity_bytes->value, 65536);
  EXPECT_EQ(p.memory[0].core_bytes_per_s->value, 310e9);
  EXPECT_EQ(p.memory[0].measured_bytes_per_s->value, 620e9);
  EXPECT_FALSE(p.memory[0].shared);
  EXPECT_EQ(p.memory[1].core_bytes_per_s->value, 100e9);
  EXPECT_EQ(p.memory[1].measured_bytes_per_s->value, 150e9);
  EXPECT_EQ(p.dram().core_bytes_per_s->value, 20e9);
  EXPECT_EQ(p.dram().measured_bytes_per_s->value, 25e9);
  EXPECT_EQ(p.dram().measured_bytes_per_s->note,
            "read: 2 cores at once; write 12.0 GB/s, copy 18.0 GB/s");
  ASSERT_THAT(p.bandwidth_curve, SizeIs(4));
  EXPECT_EQ(p.bandwidth_curve[1].read_bytes_per_s, 310e9);
  EXPECT_EQ(p.bandwidth_curve[3].write_bytes_per_s, 10e9);
  EXPECT_EQ(p.sources.at("here"),
            "measured here by roofline calibrate host, 2026-11-20, best of 3 rounds");
}

TEST(HostProfile, IsValid) {
  const hardware::Profile p = host_profile(toy_facts(), toy_rates(), "toy", "2026-11-20");
  const hardware::Profile back = hardware::load_text(hardware::to_yaml(p), "toy.yaml");
  EXPECT_EQ(back.dram().core_bytes_per_s->value, 20e9);
  EXPECT_THAT(back.calibrations, IsEmpty());
}

TEST(HostProfile, AllCoresMayBeatTheOne) {
  HostRates rates = toy_rates();
  rates.arithmetic[0].all_cores = {{200e9}};
  const hardware::Profile p = host_profile(toy_facts(), rates, "toy", "2026-11-20");
  EXPECT_EQ(p.units[0].peaks.at(hardware::Precision::kFp32).flops_per_s.value, 200e9)
      << "a peak bounds every measurement";
}

TEST(HostDoubts, NoiseAndUnknownCaches) {
  EXPECT_THAT(host_doubts(toy_facts(), toy_rates()), IsEmpty());
  HostRates noisy = toy_rates();
  noisy.arithmetic[0].all_cores = {{50e9, 50e9, 100e9}};
  HostFacts blind = toy_facts();
  blind.caches.clear();
  const std::vector<Diagnostic> doubts = host_doubts(blind, noisy);
  ASSERT_THAT(doubts, SizeIs(3));
  EXPECT_EQ(format_diagnostic(doubts[0]),
            "roofline: warning[noisy-host]: the same arithmetic was 50 % slower in half of the "
            "rounds than in the best\n"
            "  hint: other programs seem to run: repeat on an idle machine\n");
  EXPECT_EQ(format_diagnostic(doubts[1]),
            "roofline: warning[shared-cores]: 2 cores together reach 52 % of what they reach one "
            "by one\n  hint: other programs run, or they are threads of fewer cores: 'measured' "
            "has what was reached\n");
  EXPECT_EQ(format_diagnostic(doubts[2]),
            "roofline: warning[unknown-caches]: neither sysfs nor CPUID tells the caches\n"
            "  hint: add them to 'memory' by hand; the bandwidth curve shows their sizes\n");
}

TEST(MeasureHost, GivesAValidProfileOfThisMachine) {
  const HostFacts facts = host_facts("/", usable_processors());
  std::vector<std::string> told;
  const HostOptions options = {.rounds = 1,
                               .probe_s = 0.001,
                               .most_bytes = 4 * kMebi,
                               .progress = [&](const std::string& what, double done) {
                                 EXPECT_LE(done, 1);
                                 told.push_back(what);
                               }};
  const HostRates rates = measure_host(facts, options);
  EXPECT_THAT(told, ElementsAre("arithmetic", "caches", "main memory"));
  const hardware::Profile p = host_profile(facts, rates, "here", "2026-11-20");
  const hardware::Profile back = hardware::load_text(hardware::to_yaml(p), "here.yaml");
  EXPECT_GE(back.cores->value, 1);
  EXPECT_GT(back.clock_hz->value, 1e8);
  EXPECT_GT(back.units.at(0).peaks.at(hardware::Precision::kFp32).flops_per_s.value, 1e8);
}

}  // namespace
}  // namespace roofline::calibrate
