// Owns the lint of hardware_profiles/: every file loads, is sourced and is plausible.
// Refuses to repeat single numbers, except those that were easy to get wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>

#include "profile_test_util.hpp"

namespace roofline::hardware {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> shipped_ids() {
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator(ROOFLINE_ROOT "/hardware_profiles")) {
    if (entry.path().extension() == ".yaml") ids.push_back(entry.path().stem().string());
  }
  return ids;
}

bool is_variant(const std::string& id) {
  std::ifstream file(ROOFLINE_ROOT "/hardware_profiles/" + id + ".yaml");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("extends:")) return true;
  }
  return false;
}

double peak(const std::string& id, const std::string& unit_name, Precision precision) {
  for (const ComputeUnit& unit : find(id).units) {
    if (unit.name == unit_name) return unit.peaks.at(precision).flops_per_s.value;
  }
  throw std::logic_error(id + " has no unit " + unit_name);
}

class Shipped : public ::testing::TestWithParam<std::string> {};

TEST_P(Shipped, LoadsUnderItsId) { EXPECT_EQ(find(GetParam()).id, GetParam()); }

TEST_P(Shipped, EveryNumberHasACitation) {
  const Profile p = find(GetParam());
  for (const NamedFact& f : facts(p)) {
    ASSERT_EQ(p.sources.count(f.fact.source), 1U) << f.name;
    const std::string& citation = p.sources.at(f.fact.source);
    EXPECT_GT(citation.size(), 20U) << f.name;
  }
}

TEST_P(Shipped, EverySourceIsUsed) {
  const Profile p = find(GetParam());
  if (is_variant(GetParam())) return;  // inherits the sources of numbers that it replaces
  std::map<std::string, int> uses;
  for (const NamedFact& f : facts(p)) ++uses[f.fact.source];
  for (const auto& [id, citation] : p.sources) EXPECT_GT(uses[id], 0) << id;
}

TEST_P(Shipped, MainMemoryHasACapacityAndABandwidth) {
  const Profile p = find(GetParam());
  ASSERT_TRUE(p.dram().capacity_bytes);
  EXPECT_GE(p.dram().capacity_bytes->value, 0.5e9);
  EXPECT_TRUE(bandwidth(p.dram(), Roof::kDatasheet));
}

TEST_P(Shipped, TheRidgePointIsPlausible) {
  const Profile p = find(GetParam());
  for (const ComputeUnit& unit : p.units) {
    for (const auto& [precision, rate] : unit.peaks) {
      const double ridge = rate.flops_per_s.value / *bandwidth(p.dram(), Roof::kDatasheet);
      EXPECT_GT(ridge, 0.2) << unit.name << " " << precision_name(precision);
      EXPECT_LT(ridge, 1000) << unit.name << " " << precision_name(precision);
    }
  }
}

TEST_P(Shipped, NearerMemoryIsFasterAndSmallerThanMainMemory) {
  const Profile p = find(GetParam());
  for (std::size_t i = 0; i + 1 < p.memory.size(); ++i) {
    const auto near = bandwidth(p.memory[i], Roof::kDatasheet);
    if (near) {
      EXPECT_GT(*near, *bandwidth(p.dram(), Roof::kDatasheet)) << p.memory[i].name;
    }
    EXPECT_LT(p.memory[i].capacity_bytes->value, p.dram().capacity_bytes->value);
  }
}

TEST_P(Shipped, MatrixUnitsBeatVectorUnits) {
  const Profile p = find(GetParam());
  for (const ComputeUnit& matrix : p.units) {
    if (matrix.kind != UnitKind::kMatrix) continue;
    for (const auto& [precision, rate] : matrix.peaks) {
      EXPECT_GT(rate.alignment, 1) << precision_name(precision);
      for (const ComputeUnit& vector : p.units) {
        if (vector.kind != UnitKind::kVector || vector.peaks.count(precision) == 0) continue;
        EXPECT_GT(rate.flops_per_s.value, vector.peaks.at(precision).flops_per_s.value);
      }
    }
  }
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}
INSTANTIATE_TEST_SUITE_P(Profiles, Shipped, ::testing::ValuesIn(shipped_ids()), test_name);

TEST(ShippedProfiles, TheAgreedMachinesAreThere) {
  EXPECT_THAT(shipped_ids(),
              ::testing::IsSupersetOf(
                  {"v100",        "v100-pcie", "xavier",    "xavier-dla", "xavier-cpu",
                   "rpi3b",       "rpi4b",     "rpi5",      "t4",         "a100-40gb",
                   "h100",        "gtx1080ti", "rtx2080ti", "rpi3bplus",  "xavier-nx",
                   "jetson-nano", "orin",      "rtx3090",   "rtx4090",    "a100-80gb",
                   "a30",         "l4",        "h200",      "epyc-9654",  "xeon-6148"}));
}

TEST(ShippedProfiles, NumbersWithoutASourceSayWhereTheyComeFrom) {
  for (const std::string& id : shipped_ids()) {
    for (const NamedFact& f : facts(find(id))) {
      if (f.fact.source == kUnsourced) {
        EXPECT_FALSE(f.fact.note.empty()) << id << " " << f.name;
      }
    }
  }
}

TEST(ShippedDefaults, LoadAndTellTheirEvidence) {
  std::error_code missing;
  for (const auto& entry :
       fs::directory_iterator(ROOFLINE_ROOT "/hardware_profiles/defaults", missing)) {
    const DefaultCalibration loaded = load_default(entry.path().string());
    EXPECT_GT(loaded.calibration.evidence.rows, 0) << loaded.name;
    const Evidence& evidence = loaded.calibration.evidence;
    EXPECT_FALSE(evidence.sources.empty() && evidence.machines.empty()) << loaded.name;
    EXPECT_EQ(find_default(loaded.name).path, loaded.path);
  }
}

TEST(ShippedProfiles, NumbersThatAreOftenConfused) {
  EXPECT_DOUBLE_EQ(peak("v100", "tensor", Precision::kFp16), 125e12) << "final clock, not launch";
  EXPECT_DOUBLE_EQ(peak("v100-pcie", "tensor", Precision::kFp16), 112e12);
  EXPECT_DOUBLE_EQ(peak("a100-40gb", "tensor", Precision::kFp16), 312e12) << "dense, not 624";
  EXPECT_DOUBLE_EQ(peak("h100", "tensor", Precision::kFp16), 989e12) << "dense, not 1979";
  EXPECT_DOUBLE_EQ(peak("xavier", "tensor", Precision::kInt8), 22.6e12) << "GPU only, not 30";
  EXPECT_DOUBLE_EQ(peak("rtx2080ti", "tensor", Precision::kFp16), 53.8e12) << "fp32 accumulation";
  EXPECT_DOUBLE_EQ(peak("gtx1080ti", "cuda", Precision::kFp16), 177.2e9) << "1/64 of fp32";
  EXPECT_DOUBLE_EQ(peak("rpi3b", "neon", Precision::kFp32), 38.4e9);
}

TEST(ShippedProfiles, CoresWithoutFp16ArithmeticListNone) {
  for (const char* id : {"rpi3b", "rpi4b"}) {
    for (const ComputeUnit& unit : find(id).units) {
      EXPECT_EQ(unit.peaks.count(Precision::kFp16), 0U) << id;
    }
  }
}

TEST(ShippedProfiles, LoadQuickly) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) (void)find("v100");
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  // About 1 ms each; the bound is for sanitized builds on busy machines.
  EXPECT_LT(elapsed.count() / 20, 0.05);
}

}  // namespace
}  // namespace roofline::hardware
