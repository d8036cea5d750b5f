// Owns which calibration holds: the profile's own, a default, none; and `extends` of defaults.
// Refuses to test the fields of a calibration (calibration_test.cpp).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "profile_test_util.hpp"

namespace roofline::hardware {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;

class Defaults : public ::testing::Test {
 protected:
  Defaults() {
    std::string pattern = (fs::temp_directory_path() / "defaults-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    fs::create_directory(directory_ / "defaults");
    setenv("ROOFLINE_HARDWARE_PATH", directory_.c_str(), 1);
  }
  ~Defaults() override {
    unsetenv("ROOFLINE_HARDWARE_PATH");
    fs::remove_all(directory_);
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(file(name)) << text;
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (directory_ / "defaults" / (name + ".yaml")).string();
  }
  /// A default that can be told by its scale.
  void write_scaled(const std::string& name, const std::string& kind, const std::string& runtime,
                    double scale, const std::string& architectures = {}) {
    write(name, "kind: " + kind + "\n" + architectures + "runtime: " + runtime +
                    "\nversion: '1'\ndate: 2026-11-20\nterms: {scale: " + std::to_string(scale) +
                    "}\nkernels: {pool: {efficiency: 0.5, half: [1, 2, 3]}}\n"
                    "evidence: {rows: 9, mape: 0.1}\n");
  }
  static Profile machine(const std::string& calibrations = {}) {
    return load_text(
        std::string(kMinimal) + "architecture: zen5\ncores: {value: 8, source: s}\n" + calibrations,
        "m.yaml");
  }

  fs::path directory_;
};

constexpr const char* kOwn =
    "calibrations:\n"
    "  - {runtime: toy, version: '1', date: 2026-11-20, threads: 1}\n"
    "  - {runtime: toy, version: '1', date: 2026-11-20, threads: 8}\n"
    "  - {runtime: any, version: '1', date: 2026-11-20}\n";

TEST_F(Defaults, TheOwnCalibrationWithTheNearestNumberOfThreads) {
  write_scaled("cpu-toy", "cpu", "toy", 2);
  const Profile m = machine(kOwn);
  const auto threads = [&](int asked) { return find_calibration(m, "toy", asked)->threads; };
  EXPECT_EQ(threads(1), 1);
  EXPECT_EQ(threads(2), 1) << "half as far, by ratio, as from 8";
  EXPECT_EQ(threads(4), 8);
  EXPECT_EQ(threads(64), 8);
  EXPECT_EQ(threads(0), 8) << "all 8 cores";
  EXPECT_EQ(find_calibration(m, "any", 3)->runtime, "any");
  EXPECT_FALSE(find_calibration(m, "toy", 1)->is_default);
  EXPECT_EQ(find_calibration(m, "toy:all", 1), nullptr) << "another level is another runtime";
}

TEST_F(Defaults, TheDefaultThatFitsMostClosely) {
  write_scaled("cpu-toy", "cpu", "toy", 2);
  write_scaled("cpu-toy-zen", "cpu", "toy", 3, "architectures: [zen4, zen5]\n");
  write_scaled("cpu-toy-arm", "cpu", "toy", 4, "architectures: [cortex-a76]\n");
  write_scaled("gpu-toy", "gpu", "toy", 5);
  write_scaled("cpu-toy-quick", "cpu", "toy:quick", 6);
  Profile m = machine();
  const Calibration* found = find_calibration(m, "toy", 1);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->terms.scale, 3);
  EXPECT_TRUE(found->is_default);
  EXPECT_EQ(find_calibration(m, "toy:quick", 1)->terms.scale, 6);
  EXPECT_EQ(find_calibration(m, "toys", 1), nullptr);
  m.architecture = "netburst";
  EXPECT_EQ(find_calibration(m, "toy", 1)->terms.scale, 2);
  m.kind = "gpu";
  EXPECT_EQ(find_calibration(m, "toy", 1)->terms.scale, 5);
  m.kind = "npu";
  EXPECT_EQ(find_calibration(m, "toy", 1), nullptr);
  EXPECT_THAT(list_defaults(), Contains("cpu-toy-arm"));
}

TEST_F(Defaults, TermsOfAMachineThatWasMeasured) {
  write("cpu-toy",
        "kind: cpu\nruntime: toy\nversion: '1'\ndate: 2026-11-20\n"
        "terms: {scale: 2, tile_prologue: 0.5}\nmachines: {m: {tile_prologue: 0.25}}\n");
  Profile m = machine();
  const Calibration* found = find_calibration(m, "toy", 1);
  EXPECT_EQ(found->terms.tile_prologue, 0.25);
  EXPECT_EQ(found->terms.scale, 2);
  EXPECT_FALSE(found->is_default);
  m.id = "other";
  EXPECT_EQ(find_calibration(m, "toy", 1)->terms.tile_prologue, 0.5);
  EXPECT_TRUE(find_calibration(m, "toy", 1)->is_default);
}

TEST_F(Defaults, OnlyThoseOfTheRuntimeAreRead) {
  write("cpu-broken", "kind: [\n");
  write_scaled("cpu-toy", "cpu", "toy", 2);
  EXPECT_NE(find_calibration(machine(), "toy", 1), nullptr);
  EXPECT_EQ(
      error_text([] { (void)find_calibration(machine(), "broken", 1); }),
      "error[yaml-syntax]: " + file("cpu-broken") +
          ":2:1: not valid YAML: end of sequence flow not found\n  hint: look for a missing quote, "
          "colon or closing bracket on this line or the one above\n");
}

TEST_F(Defaults, NamesSayWhatADefaultIsFor) {
  write_scaled("cpu-toy", "cpu", "toy", 2);
  write_scaled("cpu-tony", "cpu", "toy:all", 2);
  EXPECT_EQ(load_default(file("cpu-toy")).name, "cpu-toy");
  EXPECT_EQ(load_default(file("cpu-toy")).kind, "cpu");
  EXPECT_EQ(error_text([&] { (void)load_default(file("cpu-tony")); }),
            "error[id-mismatch]: " + file("cpu-tony") +
                ": a default of kind 'cpu' for 'toy:all' is named 'cpu-tony'; expected 'cpu-toy' "
                "or 'cpu-toy-...'\n  hint: rename the file, or change its kind or runtime\n");
  EXPECT_EQ(error_text([] { (void)find_default("cpu-toi"); }),
            "error[unknown-calibration]: there is no default calibration 'cpu-toi'\n"
            "  hint: did you mean 'cpu-toy'?\n");
}

TEST_F(Defaults, ACalibrationMayExtendOne) {
  write_scaled("cpu-toy", "cpu", "toy", 2);
  const Profile m = machine(
      "calibrations:\n"
      "  - {runtime: 'toy:all', version: '2', date: 2026-11-21, extends: cpu-toy,\n"
      "     terms: {compute: 0.9}, kernels: {pool: {efficiency: 0.6}, conv: {cached: 2}}}\n");
  const Calibration& c = m.calibrations.at(0);
  EXPECT_EQ(c.runtime, "toy:all");
  EXPECT_EQ(c.extends, "cpu-toy");
  EXPECT_EQ(c.terms.scale, 2) << "inherited";
  EXPECT_EQ(c.terms.compute, 0.9);
  EXPECT_EQ(c.kernels.at("pool").efficiency, 0.6);
  EXPECT_THAT(c.kernels.at("pool").half, ::testing::ElementsAre(1, 2, 3)) << "inherited";
  EXPECT_EQ(c.kernels.at("conv").cached, 2);
  EXPECT_EQ(c.evidence, Evidence{}) << "of other machines: not inherited";
  EXPECT_FALSE(c.is_default);
}

TEST_F(Defaults, ExtendingAnUnknownOne) {
  write_scaled("cpu-toy", "cpu", "toy", 2);
  EXPECT_EQ(error_text([] {
              (void)machine(
                  "calibrations:\n  - {runtime: toy, version: '2', date: 2026-11-21, "
                  "extends: cpu-toi}\n");
            }),
            "error[unknown-calibration]: m.yaml:19:61: 'calibrations[0].extends' names 'cpu-toi', "
            "which is not in a directory 'defaults' of the search path\n"
            "  hint: did you mean 'cpu-toy'?\n");
}

}  // namespace
}  // namespace roofline::hardware
