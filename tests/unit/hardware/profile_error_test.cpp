// Owns the whole text of every refusal of a profile.
// Refuses to test YAML itself (tests/unit/data) and `extends` (profile_extends_test.cpp).
#include <gtest/gtest.h>

#include "profile_test_util.hpp"

namespace roofline::hardware::profile_error_test {
namespace {

/// The error of the minimal profile with `from` replaced by `to`.
std::string error_of(const std::string& from, const std::string& to) {
  return load_error(replaced(kMinimal, from, to));
}

TEST(ProfileErrors, TheMinimalProfileHasNone) { EXPECT_EQ(load_error(kMinimal), "no error\n"); }

TEST(ProfileErrors, UnknownKeys) {
  EXPECT_EQ(
      error_of("overhead:", "overheads:"),
      "error[unknown-key]: m.yaml:13:1: the document has an unknown key 'overheads'; expected "
      "one of id, name, kind, extends, sources, architecture, vector_bits, units, memory, "
      "overhead, cores, clock, link, bandwidth_curve, tdp, logic_energy, calibrations\n  hint: did "
      "you mean "
      "'overhead'?\n");
  EXPECT_EQ(error_of("    bandwidth:", "    bandwith:"),
            "error[unknown-key]: m.yaml:12:5: 'memory[0]' has an unknown key 'bandwith'; expected "
            "one of name, capacity, bandwidth, measured_bandwidth, core_bandwidth, power, shared\n"
            "  hint: did you mean 'bandwidth'?\n");
  EXPECT_EQ(error_of("fp32:", "fp33:"),
            "error[unknown-key]: m.yaml:9:7: 'units[0].peaks' has an unknown key 'fp33'; expected "
            "one of fp64, fp32, tf32, fp16, bf16, fp8, int8, int4\n  hint: did you mean 'fp32'?\n");
  EXPECT_EQ(error_of("peak: {", "paek: {"),
            "error[unknown-key]: m.yaml:9:14: 'units[0].peaks.fp32' has an unknown key 'paek'; "
            "expected one of peak, measured, alignment\n");
  EXPECT_EQ(error_of("{value: 1 GB/s, source: s}", "{value: 1 GB/s, source: s, nota: x}"),
            "error[unknown-key]: m.yaml:12:43: 'memory[0].bandwidth' has an unknown key 'nota'; "
            "expected one of value, source, note\n  hint: did you mean 'note'?\n");
  EXPECT_EQ(error_of("  per_run:", "  per_rnu:"),
            "error[unknown-key]: m.yaml:15:3: 'overhead' has an unknown key 'per_rnu'; expected "
            "one of per_launch, per_run\n  hint: did you mean 'per_run'?\n");
}

TEST(ProfileErrors, DuplicateKeys) {
  EXPECT_EQ(error_of("name: M\n", "name: M\nid: m\n"),
            "error[duplicate-key]: m.yaml:3:1: the key 'id' is given twice in the same mapping\n"
            "  hint: remove one of the two\n");
}

TEST(ProfileErrors, MissingKeys) {
  EXPECT_EQ(error_of("id: m\n", ""),
            "error[missing-key]: m.yaml:1:1: the document has no 'id'\n"
            "  hint: the name of the file without .yaml\n");
  EXPECT_EQ(error_of("kind: cpu\n", ""),
            "error[missing-key]: m.yaml:1:1: the document has no 'kind'\n"
            "  hint: gpu, cpu or npu\n");
  EXPECT_EQ(error_of("    kind: vector\n", ""),
            "error[missing-key]: m.yaml:6:5: 'units[0]' has no 'kind'\n"
            "  hint: vector or matrix\n");
  EXPECT_EQ(error_of("  per_run: {value: 0 s, source: s}\n", ""),
            "error[missing-key]: m.yaml:14:3: 'overhead' has no 'per_run'\n"
            "  hint: write {value: \"2.6 us\", source: ID}, with ID listed under 'sources'\n");
  EXPECT_EQ(error_of("{value: 1 GB/s, source: s}", "{source: s}"),
            "error[missing-key]: m.yaml:12:16: 'memory[0].bandwidth' has no 'value'\n"
            "  hint: write {value: \"900 GB/s\", source: ID}, with ID listed under 'sources'\n");
}

TEST(ProfileErrors, WrongTypes) {
  EXPECT_EQ(load_error("- a\n"),
            "error[wrong-type]: m.yaml:1:1: the document is a list; expected a mapping\n");
  EXPECT_EQ(error_of("name: M", "name: [M]"),
            "error[wrong-type]: m.yaml:2:7: 'name' is a list; expected a single value\n");
  EXPECT_EQ(error_of("{s: a book}", "[a book]"),
            "error[wrong-type]: m.yaml:4:10: 'sources' is a list; expected a mapping\n");
  EXPECT_EQ(error_of("{s: a book}", "{s: ~}"),
            "error[wrong-type]: m.yaml:4:14: 'sources.s' is empty; expected a single value\n");
}

TEST(ProfileErrors, BadNames) {
  EXPECT_EQ(error_of("id: m\n", "id: My machine\n"),
            "error[bad-value]: m.yaml:1:5: 'id' is 'My machine'; expected lower-case letters, "
            "digits, '.', '_' and '-'\n");
  EXPECT_EQ(error_of("name: M\n", "name: \"\"\n"),
            "error[bad-value]: m.yaml:2:7: 'name' is empty\n");
  EXPECT_EQ(error_of("kind: cpu\n", "kind: cqu\n"),
            "error[bad-value]: m.yaml:3:7: 'kind' is 'cqu'; expected one of gpu, cpu, npu\n"
            "  hint: did you mean 'cpu'?\n");
  EXPECT_EQ(error_of("kind: vector", "kind: vectro"),
            "error[bad-value]: m.yaml:7:11: 'units[0].kind' is 'vectro'; expected one of vector, "
            "matrix\n  hint: did you mean 'vector'?\n");
}

TEST(ProfileErrors, NumbersWithoutSource) {
  const std::string hint =
      "  hint: write {value: \"900 GB/s\", source: ID}, with ID listed under 'sources'\n";
  EXPECT_EQ(
      error_of("{value: 1 GB/s, source: s}", "1 GB/s"),
      "error[missing-source]: m.yaml:12:16: 'memory[0].bandwidth' has no source; every number "
      "needs one\n" +
          hint);
  EXPECT_EQ(
      error_of("{value: 1 GB/s, source: s}", "{value: 1 GB/s}"),
      "error[missing-source]: m.yaml:12:16: 'memory[0].bandwidth' has no source; every number "
      "needs one\n" +
          hint);
}

TEST(ProfileErrors, UnknownSources) {
  EXPECT_EQ(error_of("{value: 1 GB/s, source: s}", "{value: 1 GB/s, source: book}"),
            "error[unknown-source]: m.yaml:12:40: 'memory[0].bandwidth.source' is 'book', which is "
            "not listed under 'sources'\n  hint: add it with its citation under 'sources'\n");
  const std::string two = replaced(kMinimal, "{s: a book}", "{s: a book, gpu-benches: a page}");
  EXPECT_EQ(load_error(replaced(two, "1 GB/s, source: s", "1 GB/s, source: gpu-bench")),
            "error[unknown-source]: m.yaml:12:40: 'memory[0].bandwidth.source' is 'gpu-bench', "
            "which is not listed under 'sources'\n  hint: did you mean 'gpu-benches'?\n");
}

TEST(ProfileErrors, BadQuantities) {
  const std::string hint =
      "  hint: prefixes: n u m k M G T P, and Ki Mi Gi Ti for powers of 1024\n";
  for (const char* bad : {"1GB/s", "1 GB", "one GB/s", "nan GB/s", "inf GB/s", "1e999 GB/s"}) {
    EXPECT_EQ(error_of("value: 1 GB/s", std::string("value: ") + bad),
              std::string("error[bad-quantity]: m.yaml:12:24: 'memory[0].bandwidth.value' is '") +
                  bad + "'; expected a number, a space and a unit, such as \"900 GB/s\"\n" + hint);
  }
  EXPECT_EQ(load_error(std::string(kMinimal) + "cores: {value: 1.5, source: s}\n"),
            "error[bad-quantity]: m.yaml:16:16: 'cores.value' is '1.5'; expected a whole number, "
            "such as \"80\"\n");
  EXPECT_EQ(load_error(std::string(kMinimal) + "cores: {value: 99999999, source: s}\n"),
            "error[bad-quantity]: m.yaml:16:16: 'cores.value' is '99999999'; expected at most "
            "10000000\n");
}

TEST(ProfileErrors, NumbersThatAreNotPositive) {
  EXPECT_EQ(
      error_of("value: 1 GB/s", "value: 0 GB/s"),
      "error[not-positive]: m.yaml:12:24: 'memory[0].bandwidth.value' is '0 GB/s'; expected a "
      "number > 0\n");
  EXPECT_EQ(error_of("value: 1 us", "value: -1 us"),
            "error[not-positive]: m.yaml:14:23: 'overhead.per_launch.value' is '-1 us'; expected a "
            "number >= 0\n");
  EXPECT_EQ(load_error(std::string(kMinimal) + "cores: {value: 0, source: s}\n"),
            "error[not-positive]: m.yaml:16:16: 'cores.value' is '0'; expected a number > 0\n");
}

TEST(ProfileErrors, MeasuredAbovePeak) {
  EXPECT_EQ(
      error_of("source: s}}", "source: s}, measured: {value: 11 GFLOP/s, source: s}}"),
      "error[measured-above-peak]: m.yaml:9:13: 'units[0].peaks.fp32' has a measured 11.0 "
      "GFLOP/s above its peak of 10.0 GFLOP/s\n"
      "  hint: a peak bounds every measurement: check both numbers, their units and clocks\n");
  EXPECT_EQ(
      error_of("value: 1 GB/s, source: s}\n",
               "value: 1 GB/s, source: s}\n    measured_bandwidth: {value: 2 GB/s, source: s}\n"),
      "error[measured-above-peak]: m.yaml:11:5: 'memory[0]' has a measured 2.00 GB/s above "
      "its peak of 1.00 GB/s\n"
      "  hint: a peak bounds every measurement: check both numbers, their units and clocks\n");
}

TEST(ProfileErrors, UnitsAreNeeded) {
  EXPECT_EQ(error_of("kind: vector", "kind: matrix"),
            "error[no-vector-unit]: m.yaml:6:3: 'units' has no unit of kind 'vector'; expected at "
            "least one\n  hint: matrix units run contractions only: add the unit that runs "
            "everything else\n");
  EXPECT_EQ(
      error_of("{value: 10 GFLOP/s, source: s}}", "~}\n      int8: ~"),
      "error[wrong-type]: m.yaml:9:20: 'units[0].peaks.fp32.peak' is empty; expected a mapping\n");
  EXPECT_EQ(error_of("\n      fp32: {peak: {value: 10 GFLOP/s, source: s}}", " {}"),
            "error[no-peak]: m.yaml:8:12: unit 'v' has no peak rate; expected one or more of fp64, "
            "fp32, tf32, fp16, bf16, fp8, int8, int4\n");
}

TEST(ProfileErrors, MemoryIsNeeded) {
  const std::string no_level =
      replaced(kMinimal, "\n  - name: dram\n    bandwidth: {value: 1 GB/s, source: s}", " []");
  EXPECT_EQ(load_error(no_level),
            "error[no-memory]: m.yaml:10:9: 'memory' has no level; expected at least main memory\n"
            "  hint: list the levels nearest to the units first, main memory last\n");
  EXPECT_EQ(error_of("    bandwidth: {value: 1 GB/s", "    capacity: {value: 1 GB"),
            "error[no-bandwidth]: m.yaml:11:5: main memory ('dram', the last level) has no "
            "bandwidth\n  hint: add 'bandwidth' or 'measured_bandwidth'; levels go from the units "
            "to main memory\n");
}

TEST(ProfileErrors, ImplausibleRidgePoints) {
  EXPECT_EQ(error_of("value: 1 GB/s", "value: 1 MB/s"),
            "error[ridge-out-of-range]: m.yaml:11:5: 10.0 GFLOP/s of v fp32 over 1.00 MB/s of "
            "'dram' is a ridge point of 1e+04 FLOP/byte; expected 0.5 to 5000\n"
            "  hint: check the prefixes of both numbers\n");
  EXPECT_EQ(error_of("value: 1 GB/s", "value: 1 TB/s"),
            "error[ridge-out-of-range]: m.yaml:11:5: 10.0 GFLOP/s of v fp32 over 1.00 TB/s of "
            "'dram' is a ridge point of 0.01 FLOP/byte; expected 0.5 to 5000\n"
            "  hint: check the prefixes of both numbers\n");
}

TEST(ProfileErrors, RepeatedNames) {
  EXPECT_EQ(error_of("memory:\n", "memory:\n  - name: dram\n"),
            "error[duplicate-name]: m.yaml:12:5: 'memory' has two entries named 'dram'\n"
            "  hint: rename one, or remove it\n");
}

TEST(ProfileErrors, Calibrations) {
  EXPECT_EQ(load_error(std::string(kMinimal) + "calibrations: [{runtime: ncnn, version: \"1\"}]\n"),
            "error[missing-key]: m.yaml:16:16: 'calibrations[0]' has no 'date'\n");
}

}  // namespace
}  // namespace roofline::hardware::profile_error_test
