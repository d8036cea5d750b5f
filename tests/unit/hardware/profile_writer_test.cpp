// Owns profiles as they are written: the same digest, exact numbers, and never a broken file.
// Refuses to test the reading of fields.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "profile_test_util.hpp"

namespace roofline::hardware {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Writer : public ::testing::Test {
 protected:
  Writer() {
    std::string pattern = (fs::temp_directory_path() / "writer-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    fs::create_directory(directory_ / "defaults");
    setenv("ROOFLINE_HARDWARE_PATH", directory_.c_str(), 1);
  }
  ~Writer() override {
    unsetenv("ROOFLINE_HARDWARE_PATH");
    fs::remove_all(directory_);
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (directory_ / name).string();
  }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  fs::path directory_;
};

constexpr const char* kEverything = R"(id: m
name: "M: \"quoted\", 100 %"
kind: cpu
architecture: zen5
sources: {s: "a book: https://example.org"}
units:
  - name: v
    kind: vector
    peaks:
      fp32: {peak: {value: 10.123456789 GFLOP/s, source: s, note: "4 x 2"}, measured: {value: 9 GFLOP/s, source: s}}
      int8: {peak: {value: 40 GOP/s, source: s}, alignment: {value: 16, source: s}}
memory:
  - name: l1
    capacity: {value: 64 KiB, source: s}
    core_bandwidth: {value: 300.1 GB/s, source: s}
    shared: false
  - name: dram
    bandwidth: {value: 1 GB/s, source: s}
    measured_bandwidth: {value: 0.9 GB/s, source: s}
    power: {value: 4.5 W, source: s}
bandwidth_curve:
  source: s
  points:
    - {working_set: 32 KiB, read: 298 GB/s, write: 194 GB/s}
    - {working_set: 512 MiB, read: 41.2 GB/s, write: 30 GB/s}
overhead:
  per_launch: {value: 0.16 us, source: s}
  per_run: {value: 0 s, source: s}
cores: {value: 4, source: s}
clock: {value: 4.2 GHz, source: s}
vector_bits: {value: 512, source: s, note: AVX-512}
link: {value: 16 GB/s, source: s}
tdp: {value: 65 W, source: s}
logic_energy: {value: 35, source: s}
calibrations:
  - runtime: onnxruntime:all
    version: "1.30"
    date: 2026-11-20
    machine: a desk
    threads: 1
    terms: {exponent: 3, step_s: 0.163 us, clock_hz: 4.2 GHz, tile_prologue: 0.30000000000000004}
    precisions: {int8: 1.05}
    kernels:
      conv.pointwise: {efficiency: 0.94, half: [36, 4.9, 0]}
      unary:Sigmoid: {efficiency: 1e-6, call_s: 1.2 us, cached: 0.5}
    fused: {Clip: 8}
    derates: [{factor: 0.72, architectures: [turing], matrix_only: false}]
    evidence: {rows: 120, mape: 0.031, cross_validated_mape: 0.04, unidentified: [terms.tile_prologue], sources: [us]}
)";

TEST_F(Writer, EverythingReadsBack) {
  const Profile profile = load_text(kEverything, "m.yaml");
  const std::string yaml = to_yaml(profile);
  const Profile back = load_text(yaml, "m.yaml");
  EXPECT_EQ(back.digest, profile.digest) << yaml;
  EXPECT_EQ(back.id, profile.id);
  EXPECT_EQ(back.name, profile.name);
  EXPECT_EQ(back.sources, profile.sources);
  EXPECT_EQ(back.vector_bits->note, "AVX-512");
  EXPECT_EQ(back.units[0].peaks.at(Precision::kFp32).flops_per_s.note, "4 x 2");
  EXPECT_EQ(back.calibrations[0].evidence, profile.calibrations[0].evidence);
  EXPECT_EQ(back.calibrations[0].machine, "a desk");
  EXPECT_EQ(to_yaml(back), yaml) << "writing again changes nothing";
}

TEST_F(Writer, ValuesKeepTheirUnits) {
  const std::string yaml = to_yaml(load_text(kEverything, "m.yaml"));
  EXPECT_THAT(yaml, StartsWith("# Written by roofline. Field by field: "
                               "docs/hardware_profiles.md\nid: m\nname: \"M: \\\"quoted\\\", "));
  EXPECT_THAT(yaml,
              HasSubstr("peak: {value: \"10.123456789 GFLOP/s\", source: s, note: \"4 x 2\"}"));
  EXPECT_THAT(yaml,
              HasSubstr("- {working_set: \"32 KiB\", read: \"298 GB/s\", write: \"194 GB/s\"}"));
  EXPECT_THAT(yaml, HasSubstr("terms: {exponent: 3, step_s: \"163 ns\", clock_hz: \"4.2 GHz\", "
                              "tile_prologue: 0.30000000000000004}"));
  EXPECT_THAT(yaml, HasSubstr("\"unary:Sigmoid\": {efficiency: 1.0e-06, call_s: \"1.2 us\", "
                              "cached: 0.5}"));
}

TEST_F(Writer, ShippedProfilesReadBack) {
  for (const auto& entry : fs::directory_iterator(ROOFLINE_ROOT "/hardware_profiles")) {
    if (entry.path().extension() != ".yaml") continue;
    const Profile profile = load_file(entry.path().string());
    EXPECT_EQ(load_text(to_yaml(profile), profile.path).digest, profile.digest) << profile.id;
  }
}

TEST_F(Writer, SavesWholeAndReplaces) {
  std::ofstream(path("m.yaml")) << "old";
  const Profile profile = load_text(kEverything, "m.yaml");
  save(profile, path("m.yaml"));
  EXPECT_EQ(content(path("m.yaml")), to_yaml(profile));
  EXPECT_EQ(load_file(path("m.yaml")).digest, profile.digest);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 2) << "nothing else is left";
}

TEST_F(Writer, AnInvalidProfileIsNotWritten) {
  std::ofstream(path("m.yaml")) << "old";
  Profile profile = load_text(kEverything, "m.yaml");
  profile.calibrations[0].kernels["conv.pointwise"].efficiency =
      std::numeric_limits<double>::quiet_NaN();
  const std::string text = error_text([&] { save(profile, path("m.yaml")); });
  EXPECT_THAT(text, StartsWith("error[invalid-profile]: " + path("m.yaml") +
                               ": not written, because reading it back fails: "));
  EXPECT_THAT(text, HasSubstr("'calibrations[0].kernels.conv.pointwise.efficiency' is 'nan'; "
                              "expected a finite number\n"));
  profile.calibrations[0].kernels["conv.pointwise"].efficiency = -1;
  EXPECT_THAT(error_text([&] { save(profile, path("m.yaml")); }),
              HasSubstr("'calibrations[0].kernels.conv.pointwise.efficiency' is '-1'; expected "
                        "1e-09 to 1000\n"));
  EXPECT_EQ(content(path("m.yaml")), "old");
}

TEST_F(Writer, AnUnwritableFileIsTold) {
  const Profile profile = load_text(kEverything, "m.yaml");
  EXPECT_EQ(
      error_text([&] { save(profile, path("none/m.yaml")); }),
      "error[output]: " + path("none/m.yaml") + ": cannot be written: No such file or directory\n");
}

constexpr const char* kDefault = R"(kind: cpu
architectures: [zen5]
runtime: toy
version: "1"
date: 2026-11-20
terms: {scale: 2, tile_prologue: 0.5}
precisions: {fp16: 0.5}
kernels:
  conv: {efficiency: 0.5, half: [1, 2, 3]}
  pool: {efficiency: 0.25}
fused: {Clip: 8, Relu: 1}
derates: [{factor: 0.5}]
evidence: {rows: 9, mape: 0.1, machines: [epyc-9654]}
machines: {epyc-9654: {compute: 0.9}, epyc-9v45: {tile_prologue: 0}}
)";

TEST_F(Writer, DefaultsReadBack) {
  std::ofstream(path("defaults/cpu-toy.yaml")) << kDefault;
  const DefaultCalibration loaded = load_default(path("defaults/cpu-toy.yaml"));
  save(loaded, path("defaults/cpu-toy-copy.yaml"));
  const DefaultCalibration back = load_default(path("defaults/cpu-toy-copy.yaml"));
  EXPECT_EQ(digest(back.calibration), digest(loaded.calibration));
  EXPECT_EQ(back.architectures, loaded.architectures);
  EXPECT_EQ(back.calibration.evidence, loaded.calibration.evidence);
  ASSERT_EQ(back.machines.size(), 2U);
  EXPECT_EQ(back.machines.at("epyc-9654").compute, 0.9);
  EXPECT_EQ(back.machines.at("epyc-9654").scale, 2) << "as on the others";
  EXPECT_EQ(back.machines.at("epyc-9v45").tile_prologue, 0);
  EXPECT_THAT(error_text([&] { save(loaded, path("defaults/gpu-toy.yaml")); }),
              HasSubstr("a default of kind 'cpu' for 'toy' is named 'gpu-toy'"));
}

TEST_F(Writer, WhatExtendsADefaultKeepsItsDifferencesOnly) {
  std::ofstream(path("defaults/cpu-toy.yaml")) << kDefault;
  Profile profile = load_text(std::string(kMinimal) +
                                  "calibrations:\n  - {runtime: toy, version: '2', date: "
                                  "2026-11-21, extends: cpu-toy}\n",
                              "m.yaml");
  Calibration& c = profile.calibrations[0];
  const auto written = [&] {
    const std::string yaml = to_yaml(profile);
    EXPECT_EQ(digest(load_text(yaml, "m.yaml").calibrations[0]), digest(c)) << yaml;
    return yaml.substr(std::min(yaml.size(), yaml.find("extends: cpu-toy")));
  };
  EXPECT_EQ(written(), "extends: cpu-toy}\n") << "no difference";
  c.terms.compute = 0.9;
  c.terms.tile_prologue = 0;
  c.kernels["conv"].efficiency = 0.6;
  c.kernels["gemm"].cached = 2;
  c.kernels.erase("pool");
  c.fused.erase("Relu");
  c.derates.clear();
  EXPECT_EQ(written(),
            "extends: cpu-toy\n"
            "    terms: {compute: 0.9, tile_prologue: 0}\n"
            "    kernels:\n"
            "      conv: {efficiency: 0.6}\n"
            "      gemm: {efficiency: 1, cached: 2}\n"
            "      pool: ~\n"
            "    fused: {Relu: ~}\n"
            "    derates: []\n");
}

}  // namespace
}  // namespace roofline::hardware
