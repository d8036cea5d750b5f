// Owns what a profile says of caches and cores: bandwidth curve, private levels, architecture.
// Refuses to test what every profile has (profile_test.cpp, profile_error_test.cpp).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profile_test_util.hpp"

namespace roofline::hardware {
namespace {

using ::testing::Contains;
using ::testing::SizeIs;

constexpr const char* kCurve =
    "bandwidth_curve:\n"
    "  source: s\n"
    "  points:\n"
    "    - {working_set: 32 KiB, read: 298 GB/s, write: 194 GB/s}\n"
    "    - {working_set: 512 MiB, read: 41 GB/s, write: 30 GB/s}\n";

std::string with_curve(const std::string& from = {}, const std::string& to = {}) {
  return kMinimal + replaced(kCurve, from, to);
}
std::string machine() {
  std::string text = replaced(kMinimal, "  - name: dram\n",
                              "  - name: l2\n    capacity: {value: 1 MiB, source: s}\n"
                              "    core_bandwidth: {value: 200 GB/s, source: s}\n"
                              "    shared: false\n  - name: dram\n");
  return text + kCurve + "architecture: zen5\nvector_bits: {value: 512, source: s}\n";
}

TEST(Machine, KeepsCurvesLevelsAndCores) {
  const Profile p = load_text(machine(), "m.yaml");
  EXPECT_EQ(p.architecture, "zen5");
  EXPECT_EQ(p.vector_bits->value, 512);
  EXPECT_EQ(p.memory[0].core_bytes_per_s->value, 200e9);
  EXPECT_FALSE(p.memory[0].shared);
  EXPECT_TRUE(p.memory[1].shared) << "when nothing is said";
  ASSERT_THAT(p.bandwidth_curve, SizeIs(2));
  EXPECT_EQ(p.bandwidth_curve[0].bytes, 32768);
  EXPECT_EQ(p.bandwidth_curve[0].read_bytes_per_s, 298e9);
  EXPECT_EQ(p.bandwidth_curve[1].write_bytes_per_s, 30e9);
  EXPECT_EQ(p.bandwidth_curve_source, "s");
}

TEST(Machine, FactsAndDigestsCoverThem) {
  const Profile p = load_text(machine(), "m.yaml");
  std::vector<std::string> names;
  for (const NamedFact& f : facts(p)) names.push_back(f.name);
  for (const char* name : {"memory.l2.core_bandwidth", "bandwidth_curve.32768.read",
                           "bandwidth_curve.536870912.write", "vector_bits"}) {
    EXPECT_THAT(names, Contains(name));
  }
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"200 GB/s", "201 GB/s"},
                                                        {"shared: false", "shared: true"},
                                                        {"32 KiB", "64 KiB"},
                                                        {"write: 30", "write: 31"},
                                                        {"zen5", "zen4"},
                                                        {"512, source", "256, source"}}) {
    EXPECT_NE(load_text(replaced(machine(), from, to), "m.yaml").digest, p.digest) << from;
  }
}

TEST(Machine, CurvesThatAreNone) {
  const std::string hint =
      "  hint: write {source: ID, points: [{working_set: \"32 KiB\", read: \"300 GB/s\", write: "
      "\"190 GB/s\"}]}\n";
  EXPECT_EQ(load_error(with_curve("512 MiB", "32 KiB")),
            "error[bad-order]: m.yaml:20:21: 'bandwidth_curve.points[1].working_set' is '32 KiB', "
            "not above the one before it; expected rising sizes\n");
  EXPECT_EQ(load_error(with_curve("  source: s\n", "")),
            "error[missing-source]: m.yaml:17:3: 'bandwidth_curve' has no source; every number "
            "needs one\n" +
                hint);
  EXPECT_EQ(load_error(with_curve("read: 41 GB/s", "read: 0 GB/s")),
            "error[not-positive]: m.yaml:20:36: 'bandwidth_curve.points[1].read' is '0 GB/s'; "
            "expected a number > 0\n");
  EXPECT_EQ(load_error(with_curve(", write: 30 GB/s", "")),
            "error[missing-key]: m.yaml:20:7: 'bandwidth_curve.points[1]' has no 'write'\n");
  EXPECT_EQ(load_error(std::string(kMinimal) + "bandwidth_curve: {source: s, points: []}\n"),
            "error[no-points]: m.yaml:16:38: 'bandwidth_curve.points' has no point; expected at "
            "least one\n" +
                hint);
}

TEST(Machine, OneCoreReachesNoMoreThanTheLevelHas) {
  EXPECT_EQ(
      load_error(replaced(kMinimal, "1 GB/s, source: s}",
                          "1 GB/s, source: s}\n    core_bandwidth: {value: 2 GB/s, source: s}")),
      "error[measured-above-peak]: m.yaml:11:5: 'memory[0]' has a measured 2.00 GB/s above "
      "its peak of 1.00 GB/s\n  hint: a peak bounds every measurement: check both numbers, "
      "their units and clocks\n");
}

}  // namespace
}  // namespace roofline::hardware
