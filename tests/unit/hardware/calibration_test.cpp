// Owns the fields of a calibration: what is read, what is refused and how, and digests.
// Refuses to test where calibrations are found (calibration_search_test.cpp).
#include "roofline/hardware/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "profile_test_util.hpp"

namespace roofline::hardware {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kCalibrated = R"(calibrations:
  - runtime: onnxruntime:all
    version: "1.30"
    date: 2026-11-20
    machine: a desk
    threads: 2
    terms: {exponent: 3, step_s: "0.16 us", clock_hz: "4.2 GHz", scale: 1.03}
    precisions: {int8: 1.05}
    kernels:
      conv.pointwise: {efficiency: 0.94, half: [36, 4.9, 0]}
      unary:Sigmoid: {efficiency: 0.1, call_s: "1.2 us", cached: 0.5, overlapped: 0.6, streamed: 0.7}
    fused: {Clip: 8}
    derates:
      - {factor: 0.72, architectures: [turing], matrix_only: false}
    evidence:
      rows: 120
      mape: 0.031
      cross_validated_mape: 0.04
      unidentified: [terms.tile_prologue]
      sources: [our own runs]
)";

std::string calibrated(const std::string& from = {}, const std::string& to = {}) {
  return kMinimal + replaced(kCalibrated, from, to);
}
std::string error_of(const std::string& from, const std::string& to) {
  return load_error(calibrated(from, to));
}

TEST(Calibration, KeepsEveryField) {
  const Profile profile = load_text(calibrated(), "m.yaml");
  ASSERT_THAT(profile.calibrations, SizeIs(1));
  const Calibration& c = profile.calibrations[0];
  EXPECT_EQ(c.runtime, "onnxruntime:all");
  EXPECT_EQ(c.version, "1.30");
  EXPECT_EQ(c.date, "2026-11-20");
  EXPECT_EQ(c.machine, "a desk");
  EXPECT_EQ(c.threads, 2);
  EXPECT_FALSE(c.is_default);
  EXPECT_EQ(c.terms.exponent, 3);
  EXPECT_DOUBLE_EQ(c.terms.step_s, 0.16e-6);
  EXPECT_DOUBLE_EQ(c.terms.clock_hz, 4.2e9);
  EXPECT_EQ(c.terms.scale, 1.03);
  EXPECT_EQ(c.terms.compute, 1) << "neutral when not given";
  EXPECT_EQ(c.precisions.at("int8"), 1.05);
  EXPECT_THAT(c.kernels.at("conv.pointwise").half, ElementsAre(36, 4.9, 0));
  EXPECT_EQ(c.kernels.at("conv.pointwise").efficiency, 0.94);
  EXPECT_EQ(c.kernels.at("conv.pointwise").cached, 1) << "neutral when not given";
  const KernelTiming& sigmoid = c.kernels.at("unary:Sigmoid");
  EXPECT_DOUBLE_EQ(sigmoid.call_s, 1.2e-6);
  EXPECT_EQ(sigmoid.cached, 0.5);
  EXPECT_EQ(sigmoid.overlapped, 0.6);
  EXPECT_EQ(sigmoid.streamed, 0.7);
  EXPECT_EQ(c.fused.at("Clip"), 8);
  ASSERT_THAT(c.derates, SizeIs(1));
  EXPECT_EQ(c.derates[0], (Derate{0.72, {"turing"}, false}));
  EXPECT_EQ(c.evidence, (Evidence{120, 0.031, 0.04, {"terms.tile_prologue"}, {"our own runs"}}));
}

TEST(Calibration, EveryParameterHasANeutralValueInItsRange) {
  const Terms terms;
  for (const auto& p : term_parameters()) {
    EXPECT_GE(terms.*p.member, p.range.least) << p.name;
    EXPECT_LE(terms.*p.member, p.range.most) << p.name;
  }
  const KernelTiming timing;
  for (const auto& p : kernel_parameters()) {
    EXPECT_GE(timing.*p.member, p.range.least) << p.name;
    EXPECT_LE(timing.*p.member, p.range.most) << p.name;
  }
}

TEST(Calibration, TheSchemaListsEveryParameter) {
  std::ostringstream schema;
  schema << std::ifstream(ROOFLINE_ROOT "/docs/schemas/profile.schema.json").rdbuf();
  for (const auto& p : term_parameters()) {
    EXPECT_THAT(schema.str(), HasSubstr("\"" + std::string(p.name) + "\": {")) << p.name;
  }
  for (const auto& p : kernel_parameters()) {
    EXPECT_THAT(schema.str(), HasSubstr("\"" + std::string(p.name) + "\": {")) << p.name;
  }
}

TEST(Calibration, AbsurdValuesAreRefused) {
  EXPECT_EQ(error_of("efficiency: 0.94", "efficiency: 0"),
            "error[out-of-range]: m.yaml:25:36: 'calibrations[0].kernels.conv.pointwise.efficiency'"
            " is '0'; expected 1e-09 to 1000\n");
  EXPECT_EQ(error_of("efficiency: 0.94", "efficiency: nan"),
            "error[bad-value]: m.yaml:25:36: 'calibrations[0].kernels.conv.pointwise.efficiency' "
            "is 'nan'; expected a finite number\n");
  EXPECT_EQ(error_of("half: [36, 4.9, 0]", "half: [36, -4.9, 0]"),
            "error[out-of-range]: m.yaml:25:53: 'calibrations[0].kernels.conv.pointwise.half[1]' is"
            " '-4.9'; expected 0 to 1000000000\n");
  EXPECT_EQ(error_of("step_s: \"0.16 us\"", "step_s: \"16 s\""),
            "error[out-of-range]: m.yaml:22:34: 'calibrations[0].terms.step_s' is '16 s'; expected "
            "0 to 10 s\n");
  EXPECT_EQ(error_of("int8: 1.05", "int8: 0"),
            "error[out-of-range]: m.yaml:23:24: 'calibrations[0].precisions.int8' is '0'; expected "
            "0.001 to 1000\n");
  EXPECT_EQ(error_of("Clip: 8", "Clip: -8"),
            "error[out-of-range]: m.yaml:27:19: 'calibrations[0].fused.Clip' is '-8'; expected 0 "
            "to 1000000\n");
  EXPECT_EQ(error_of("factor: 0.72", "factor: 11"),
            "error[out-of-range]: m.yaml:29:18: 'calibrations[0].derates[0].factor' is '11'; "
            "expected 0.001 to 10\n");
  EXPECT_EQ(error_of("rows: 120", "rows: -1"),
            "error[out-of-range]: m.yaml:31:13: 'calibrations[0].evidence.rows' is '-1'; expected "
            "0 to 1000000000\n");
}

TEST(Calibration, WhatAFitWouldNotMakeTodayIsReadStill) {
  const Profile profile = load_text(calibrated("streamed: 0.7", "streamed: 20"), "m.yaml");
  EXPECT_EQ(profile.calibrations.at(0).kernels.at("unary:Sigmoid").streamed, 20);
}

TEST(Calibration, UnitsAndFormsAreTold) {
  const std::string hint =
      "  hint: prefixes: n u m k M G T P, and Ki Mi Gi Ti for powers of 1024\n";
  EXPECT_EQ(error_of("\"0.16 us\"", "0.16"),
            "error[bad-quantity]: m.yaml:22:34: 'calibrations[0].terms.step_s' is '0.16'; expected "
            "a number, a space and a unit, such as \"1.2 us\"\n" +
                hint);
  EXPECT_EQ(error_of("\"4.2 GHz\"", "4.2 GB/s"),
            "error[bad-quantity]: m.yaml:22:55: 'calibrations[0].terms.clock_hz' is '4.2 GB/s'; "
            "expected a number, a space and a unit, such as \"1.5 GHz\"\n" +
                hint);
  EXPECT_EQ(error_of("half: [36, 4.9, 0]", "half: [36, 4.9]"),
            "error[bad-value]: m.yaml:25:48: 'calibrations[0].kernels.conv.pointwise.half' has 2 "
            "numbers; expected 3, one for each extent\n");
  EXPECT_EQ(error_of("date: 2026-11-20", "date: yesterday"),
            "error[bad-value]: m.yaml:19:11: 'calibrations[0].date' is 'yesterday'; expected a "
            "date as in 2026-11-20\n");
  EXPECT_EQ(error_of("unary:Sigmoid:", "\"unary:\":"),
            "error[bad-value]: m.yaml:26:17: 'unary:' is not the name of a kernel; expected KIND "
            "or KIND:OPERATOR\n  hint: such as conv.pointwise or unary:Sigmoid\n");
  EXPECT_EQ(error_of("threads: 2", "threads: 1.5"),
            "error[bad-value]: m.yaml:21:14: 'calibrations[0].threads' is '1.5'; expected an "
            "integer\n");
}

TEST(Calibration, UnknownKeysAreRefused) {
  EXPECT_EQ(
      error_of("exponent: 3", "exponents: 3"),
      "error[unknown-key]: m.yaml:22:13: 'calibrations[0].terms' has an unknown key "
      "'exponents'; expected one of exponent, run_s, link_s, step_s, clock_hz, scale, compute, "
      "cache_bandwidth, dram_bandwidth, activation_residency, weight_residency, "
      "residency_sharpness, thread_efficiency, thread_bandwidth, tile_load, "
      "tile_prologue, split_s, tile_latency_s, epilogue_flops, requantize_flops, softmax_flops, "
      "flop_pj\n"
      "  hint: did you mean 'exponent'?\n");
  EXPECT_EQ(error_of("cached: 0.5", "cach: 0.5"),
            "error[unknown-key]: m.yaml:26:58: 'calibrations[0].kernels.unary:Sigmoid' has an "
            "unknown key 'cach'; expected one of efficiency, half, call_s, cached, overlapped, "
            "streamed, serial, grain_s, fork_s\n");
  EXPECT_EQ(
      error_of("machine: a desk", "host: a desk"),
      "error[unknown-key]: m.yaml:20:5: 'calibrations[0]' has an unknown key 'host'; expected"
      " one of runtime, version, date, machine, threads, terms, precisions, releases, kernels, "
      "fused, derates, evidence, extends\n");
  EXPECT_EQ(error_of("int8: 1.05", "int9: 1.05"),
            "error[unknown-key]: m.yaml:23:18: 'calibrations[0].precisions' has an unknown key "
            "'int9'; expected one of fp64, fp32, tf32, fp16, bf16, fp8, int8, int4\n"
            "  hint: did you mean 'int8'?\n");
}

TEST(Calibration, OneForEachRuntimeAndNumberOfThreads) {
  const std::string two = calibrated() +
                          "  - {runtime: onnxruntime:all, version: '1', date: "
                          "2026-11-21, threads: 2}\n";
  EXPECT_EQ(load_error(two),
            "error[duplicate-name]: m.yaml:36:5: 'calibrations' has two entries for "
            "'onnxruntime:all' and 2 threads\n  hint: remove one\n");
  EXPECT_EQ(load_error(replaced(two, "2026-11-21, threads: 2", "2026-11-21, threads: 1")),
            "no error\n");
}

TEST(CalibrationDigest, DependsOnEveryParameterAndOnNothingElse) {
  const auto digest_with = [](const std::string& from, const std::string& to) {
    return digest(load_text(calibrated(from, to), "m.yaml").calibrations[0]);
  };
  const std::string same = digest_with("", "");
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"exponent: 3", "exponent: 4"},
                                                        {"int8: 1.05", "int4: 1.05"},
                                                        {"int8: 1.05", "int8: 1.06"},
                                                        {"[36, 4.9, 0]", "[36, 4.9, 1]"},
                                                        {"0.94", "0.95"},
                                                        {"\"1.2 us\"", "\"1.3 us\""},
                                                        {"Clip: 8", "Relu: 8"},
                                                        {"[turing]", "[volta]"},
                                                        {", matrix_only: false", ""},
                                                        {"threads: 2", "threads: 3"}}) {
    EXPECT_NE(digest_with(from, to), same) << from;
  }
  EXPECT_EQ(digest_with("a desk", "a rack"), same);
  EXPECT_EQ(digest_with("rows: 120", "rows: 121"), same);
  EXPECT_NE(load_text(calibrated("0.94", "0.95"), "m.yaml").digest,
            load_text(calibrated(), "m.yaml").digest)
      << "the profile's digest covers its calibrations";
}

TEST(Calibration, AReleaseBetweenTwoThatAreListedTakesTheirMean) {
  Calibration c;
  c.releases = {{"7.2", 1.21}, {"8.2", 1}, {"8.10", 0.9}, {"8.12", 0.8}, {"10.2", 1}};
  EXPECT_EQ(release_factor(c, "8.2.1"), 1);
  EXPECT_NEAR(release_factor(c, "7.7"), 1.1, 1e-12);  // half-way
  EXPECT_NEAR(release_factor(c, "8.0"), std::pow(1.21, 0.2), 1e-12);
  EXPECT_EQ(release_factor(c, "8.11"), 0.9);  // both count as 8.9
  EXPECT_EQ(release_factor(c, "6"), 1.21);    // older than all
  EXPECT_EQ(release_factor(c, "10.8"), 1);
  EXPECT_EQ(release_factor(c, ""), 1);
  EXPECT_EQ(release_factor(c, "Paddle"), 1);
  EXPECT_EQ(release_factor({}, "7.2"), 1);
}

TEST(Calibration, APrecisionMayHaveReleasesOfItsOwn) {
  Calibration c;
  c.releases = {{"7.2", 1.2}, {"10.2", 1}, {"7.2 int8", 1.3}, {"8.2 int8", 1.1}, {"10.2 int8", 1}};
  EXPECT_EQ(release_factor(c, "7.2", "int8"), 1.3);
  EXPECT_EQ(release_factor(c, "8.2", "int8"), 1.1);
  EXPECT_EQ(release_factor(c, "7.2", "fp16"), 1.2);
  EXPECT_EQ(release_factor(c, "7.2"), 1.2);
}

TEST(Calibration, WhatIsNoReleaseIsRefused) {
  for (const char* key : {"8.5", "10", "8.5 int8"}) EXPECT_TRUE(is_release(key)) << key;
  for (const char* key : {"", "new", "8.5 ", "8.5 int9", "8.5int8", " int8", "8.5  int8"}) {
    EXPECT_FALSE(is_release(key)) << key;
  }
  EXPECT_EQ(error_of("    precisions:", "    releases: {\"8.5 int9\": 1}\n    precisions:"),
            "error[bad-value]: m.yaml:23:15: 'calibrations[0].releases' has '8.5 int9'; expected a "
            "release, as in 8.5, and maybe a precision, as in 8.5 int8\n");
}

}  // namespace
}  // namespace roofline::hardware
