// Owns what a loaded profile says: numbers in SI units, precisions, facts, digests.
// Refuses to test refusals (profile_error_test.cpp) and shipped files (shipped_profiles_test.cpp).
#include "roofline/hardware/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profile_test_util.hpp"

namespace roofline::hardware {
namespace {

using ::testing::ElementsAre;

constexpr const char* kFull = R"(
id: full
name: Full Machine
kind: gpu
sources: {a: book, b: page}
units:
  - name: cuda
    kind: vector
    peaks:
      fp32:
        peak: {value: "2 TFLOP/s", source: a, note: at boost}
        measured: {value: "1.5 TFLOP/s", source: b}
  - name: tensor
    kind: matrix
    peaks:
      int8:
        peak: {value: "8 TOP/s", source: a}
        alignment: {value: 16, source: b}
memory:
  - name: l2
    capacity: {value: "6 MiB", source: a}
  - name: dram
    capacity: {value: "16 GB", source: a}
    bandwidth: {value: "100 GB/s", source: a}
    measured_bandwidth: {value: "90 GB/s", source: b}
    power: {value: "25 W", source: b}
overhead:
  per_launch: {value: "2.5 us", source: a}
  per_run: {value: "0 s", source: a}
cores: {value: 80, source: a}
clock: {value: "1.5 GHz", source: a}
link: {value: "16 GB/s", source: a}
tdp: {value: "300 W", source: a}
logic_energy: {value: 35, source: b}
calibrations:
  - {runtime: onnxruntime, version: "1.30.0", date: 2026-11-20}
)";

TEST(Profile, KeepsEveryFieldInSiUnits) {
  const Profile p = load_text(kFull, "full.yaml");
  EXPECT_EQ(p.id, "full");
  EXPECT_EQ(p.name, "Full Machine");
  EXPECT_EQ(p.kind, "gpu");
  EXPECT_EQ(p.path, "full.yaml");
  ASSERT_EQ(p.units.size(), 2U);
  EXPECT_EQ(p.units[0].kind, UnitKind::kVector);
  const PeakRate& fp32 = p.units[0].peaks.at(Precision::kFp32);
  EXPECT_DOUBLE_EQ(fp32.flops_per_s.value, 2e12);
  EXPECT_EQ(fp32.flops_per_s.source, "a");
  EXPECT_EQ(fp32.flops_per_s.note, "at boost");
  EXPECT_DOUBLE_EQ(fp32.measured->value, 1.5e12);
  EXPECT_EQ(fp32.alignment, 1);
  EXPECT_EQ(p.units[1].kind, UnitKind::kMatrix);
  EXPECT_EQ(p.units[1].peaks.at(Precision::kInt8).alignment, 16);
  EXPECT_EQ(p.units[1].peaks.at(Precision::kInt8).alignment_source, "b");
  EXPECT_DOUBLE_EQ(p.memory[0].capacity_bytes->value, 6.0 * 1024 * 1024);
  EXPECT_EQ(p.dram().name, "dram");
  EXPECT_DOUBLE_EQ(p.launch_overhead_s.value, 2.5e-6);
  EXPECT_DOUBLE_EQ(p.run_overhead_s.value, 0);
  EXPECT_DOUBLE_EQ(p.cores->value, 80);
  EXPECT_DOUBLE_EQ(p.clock_hz->value, 1.5e9);
  EXPECT_DOUBLE_EQ(p.link_bytes_per_s->value, 16e9);
  EXPECT_DOUBLE_EQ(p.tdp_w->value, 300);
  EXPECT_DOUBLE_EQ(p.dram().power_w->value, 25);
  EXPECT_DOUBLE_EQ(p.logic_energy_percent->value, 35);
  ASSERT_EQ(p.calibrations.size(), 1U);
  EXPECT_EQ(p.calibrations[0].version, "1.30.0");
  EXPECT_EQ(p.calibrations[0].date, "2026-11-20");
  EXPECT_EQ(p.sources.at("b"), "page");
}

TEST(Profile, BandwidthOfARoof) {
  const Profile p = load_text(kFull, "full.yaml");
  EXPECT_EQ(bandwidth(p.dram(), Roof::kDatasheet), 100e9);
  EXPECT_EQ(bandwidth(p.dram(), Roof::kMeasured), 90e9);
  EXPECT_EQ(bandwidth(p.memory[0], Roof::kMeasured), std::nullopt);
  MemoryLevel level = p.dram();
  level.bytes_per_s.reset();
  EXPECT_EQ(bandwidth(level, Roof::kDatasheet), 90e9) << "the only number there is";
  level = p.dram();
  level.measured_bytes_per_s.reset();
  EXPECT_EQ(bandwidth(level, Roof::kMeasured), 100e9);
}

TEST(Profile, FactsListEveryNumber) {
  std::vector<std::string> lines;
  for (const NamedFact& f : facts(load_text(kFull, "full.yaml"))) {
    lines.push_back(f.name + " " + f.fact.source + " " +
                    (f.unit ? format_quantity(f.fact.value, *f.unit) : format_count(f.fact.value)));
  }
  EXPECT_THAT(
      lines,
      ElementsAre("units.cuda.fp32.peak a 2.00 TFLOP/s", "units.cuda.fp32.measured b 1.50 TFLOP/s",
                  "units.tensor.int8.peak a 8.00 TFLOP/s", "units.tensor.int8.alignment b 16",
                  "memory.l2.capacity a 6.29 MB", "memory.dram.capacity a 16.0 GB",
                  "memory.dram.bandwidth a 100 GB/s", "memory.dram.measured_bandwidth b 90.0 GB/s",
                  "memory.dram.power b 25 W", "overhead.per_launch a 2.50 us",
                  "overhead.per_run a 0 s", "cores a 80", "clock a 1.50 GHz", "link a 16.0 GB/s",
                  "tdp a 300 W", "logic_energy b 35"));
}

std::string digest_of(const std::string& text) { return load_text(text, "x.yaml").digest; }

TEST(Digest, DoesNotDependOnWording) {
  const std::string digest = digest_of(kFull);
  EXPECT_EQ(digest.size(), 64U);
  EXPECT_EQ(digest_of(std::string("# a comment\n") + kFull), digest);
  EXPECT_EQ(digest_of(replaced(kFull, "note: at boost", "note: other")), digest);
  EXPECT_EQ(digest_of(replaced(kFull, "a: book", "a: another book")), digest);
  EXPECT_EQ(digest_of(replaced(kFull, "source: b}", "source: a}")), digest);
  EXPECT_EQ(digest_of(replaced(kFull, "\"100 GB/s\"", "0.1 TB/s")), digest);
  EXPECT_EQ(digest_of(replaced(kFull, "id: full\nname: Full Machine", "name: X\nid: y")), digest);
}

TEST(Digest, DependsOnEveryNumber) {
  const std::string digest = digest_of(kFull);
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"kind: gpu", "kind: npu"},
      {"2 TFLOP/s", "2.1 TFLOP/s"},
      {"1.5 TFLOP/s", "1.4 TFLOP/s"},
      {"8 TOP/s", "8.1 TOP/s"},
      {"value: 16,", "value: 8,"},
      {"6 MiB", "6 MB"},
      {"16 GB\"", "32 GB\""},
      {"100 GB/s", "101 GB/s"},
      {"90 GB/s", "91 GB/s"},
      {"2.5 us", "2.6 us"},
      {"0 s\"", "1 us\""},
      {"value: 80", "value: 81"},
      {"1.5 GHz", "1.6 GHz"},
      {"16 GB/s", "15 GB/s"},
      {"300 W", "301 W"},
      {"2026-11-20", "2026-11-21"},
      {"name: l2", "name: l3"},
      {"name: cuda", "name: sm"},
      {"kind: matrix", "kind: vector"},
  };
  for (const auto& [from, to] : changes)
    EXPECT_NE(digest_of(replaced(kFull, from, to)), digest) << from;
}

TEST(Digest, IsTheSameOnEveryMachine) {
  EXPECT_EQ(digest_of(kMinimal), "fbb6223fc9be5e0b03633a3852857e7faeebcd3ca57474aeccd7cef90c7906d4")
      << "saved baselines name it: a change of what it covers makes them all stale";
}

TEST(Precision, Names) {
  EXPECT_EQ(precision_name(Precision::kTf32), "tf32");
  for (int i = 0; i <= static_cast<int>(Precision::kInt4); ++i) {
    const auto precision = static_cast<Precision>(i);
    EXPECT_EQ(precision_from_name(precision_name(precision)), precision);
  }
  EXPECT_EQ(precision_from_name("FP32"), std::nullopt);
}

TEST(Precision, OfEveryElementType) {
  const std::vector<std::pair<std::string_view, std::optional<Precision>>> expected = {
      {"undefined", std::nullopt},
      {"float32", Precision::kFp32},
      {"uint8", Precision::kInt8},
      {"int8", Precision::kInt8},
      {"uint16", Precision::kFp32},
      {"int16", Precision::kFp32},
      {"int32", Precision::kFp32},
      {"int64", Precision::kFp32},
      {"string", std::nullopt},
      {"bool", Precision::kFp32},
      {"float16", Precision::kFp16},
      {"float64", Precision::kFp64},
      {"uint32", Precision::kFp32},
      {"uint64", Precision::kFp32},
      {"complex64", Precision::kFp32},
      {"complex128", Precision::kFp64},
      {"bfloat16", Precision::kBf16},
      {"float8e4m3fn", Precision::kFp8},
      {"float8e4m3fnuz", Precision::kFp8},
      {"float8e5m2", Precision::kFp8},
      {"float8e5m2fnuz", Precision::kFp8},
      {"uint4", Precision::kInt4},
      {"int4", Precision::kInt4},
      {"float4e2m1", Precision::kFp8},
      {"float8e8m0", Precision::kFp8},
      {"uint2", Precision::kInt4},
      {"int2", Precision::kInt4},
  };
  for (const auto& [name, precision] : expected) {
    const auto dtype = name == "undefined" ? ir::DType::kUndefined : *ir::dtype_from_name(name);
    EXPECT_EQ(precision_of(dtype), precision) << name;
  }
}

TEST(Precision, StorageBits) {
  EXPECT_EQ(storage_bits(Precision::kFp64), 64);
  EXPECT_EQ(storage_bits(Precision::kTf32), 32) << "tf32 computes on fp32 tensors";
  EXPECT_EQ(storage_bits(Precision::kBf16), 16);
  EXPECT_EQ(storage_bits(Precision::kInt4), 4);
}

}  // namespace
}  // namespace roofline::hardware
