// Owns what a loaded profile can say of itself: names, its list of numbers, its digest.
// Refuses to read files.
#include "roofline/hardware/profile.hpp"

#include <fmt/format.h>

#include <array>

#include "profile_internal.hpp"
#include "roofline/base/sha256.hpp"

namespace roofline::hardware {
namespace {

struct PrecisionInfo {
  std::string_view name;
  int storage_bits;
};
// Indexed by Precision.
constexpr std::array<PrecisionInfo, kPrecisions> kPrecisionRows = {{{"fp64", 64},
                                                                    {"fp32", 32},
                                                                    {"tf32", 32},
                                                                    {"fp16", 16},
                                                                    {"bf16", 16},
                                                                    {"fp8", 8},
                                                                    {"int8", 8},
                                                                    {"int4", 4}}};

std::string_view kind_name(UnitKind kind) {
  return kind == UnitKind::kVector ? "vector" : "matrix";
}

class FactList {
 public:
  void add(std::string name, const std::optional<Fact>& fact, std::optional<Unit> unit) {
    if (fact) list_.push_back(NamedFact{std::move(name), *fact, unit});
  }
  void add_unit(const ComputeUnit& unit) {
    for (const auto& [precision, rate] : unit.peaks) {
      const std::string prefix = fmt::format("units.{}.{}.", unit.name, precision_name(precision));
      add(prefix + "peak", rate.flops_per_s, Unit::kFlopPerSecond);
      add(prefix + "measured", rate.measured, Unit::kFlopPerSecond);
      if (rate.alignment_source.empty()) continue;
      add(prefix + "alignment", Fact{static_cast<double>(rate.alignment), rate.alignment_source},
          std::nullopt);
    }
  }
  void add_level(const MemoryLevel& level) {
    const std::string prefix = fmt::format("memory.{}.", level.name);
    add(prefix + "capacity", level.capacity_bytes, Unit::kByte);
    add(prefix + "bandwidth", level.bytes_per_s, Unit::kBytePerSecond);
    add(prefix + "measured_bandwidth", level.measured_bytes_per_s, Unit::kBytePerSecond);
    add(prefix + "core_bandwidth", level.core_bytes_per_s, Unit::kBytePerSecond);
    add(prefix + "power", level.power_w, Unit::kWatt);
  }
  void add_curve(const Profile& profile) {
    for (const BandwidthPoint& point : profile.bandwidth_curve) {
      const std::string prefix = fmt::format("bandwidth_curve.{}.", point.bytes);
      add(prefix + "read", Fact{point.read_bytes_per_s, profile.bandwidth_curve_source},
          Unit::kBytePerSecond);
      add(prefix + "write", Fact{point.write_bytes_per_s, profile.bandwidth_curve_source},
          Unit::kBytePerSecond);
    }
  }
  [[nodiscard]] std::vector<NamedFact> take() { return std::move(list_); }

 private:
  std::vector<NamedFact> list_;
};

}  // namespace

std::string_view precision_name(Precision precision) {
  return kPrecisionRows.at(static_cast<std::size_t>(precision)).name;
}

std::optional<Precision> precision_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kPrecisionRows.size(); ++i) {
    if (kPrecisionRows[i].name == name) return static_cast<Precision>(i);
  }
  return std::nullopt;
}

int storage_bits(Precision precision) {
  return kPrecisionRows.at(static_cast<std::size_t>(precision)).storage_bits;
}

std::optional<Precision> precision_of(ir::DType dtype) {
  using ir::DType;
  switch (dtype) {
    case DType::kUndefined:
    case DType::kString:
      return std::nullopt;
    case DType::kFloat64:
    case DType::kComplex128:
      return Precision::kFp64;
    case DType::kFloat16:
      return Precision::kFp16;
    case DType::kBfloat16:
      return Precision::kBf16;
    case DType::kFloat8E4M3FN:
    case DType::kFloat8E4M3FNUZ:
    case DType::kFloat8E5M2:
    case DType::kFloat8E5M2FNUZ:
    case DType::kFloat8E8M0:
    case DType::kFloat4E2M1:
      return Precision::kFp8;
    case DType::kInt8:
    case DType::kUint8:
      return Precision::kInt8;
    case DType::kInt4:
    case DType::kUint4:
    case DType::kInt2:
    case DType::kUint2:
      return Precision::kInt4;
    default:
      return Precision::kFp32;  // float32, complex64, bool and the wider integers
  }
}

std::optional<double> bandwidth(const MemoryLevel& level, Roof roof) {
  const bool measured_first = roof == Roof::kMeasured;
  const auto& first = measured_first ? level.measured_bytes_per_s : level.bytes_per_s;
  const auto& second = measured_first ? level.bytes_per_s : level.measured_bytes_per_s;
  if (first) return first->value;
  if (second) return second->value;
  return std::nullopt;
}

std::vector<NamedFact> facts(const Profile& profile) {
  FactList list;
  for (const ComputeUnit& unit : profile.units) list.add_unit(unit);
  for (const MemoryLevel& level : profile.memory) list.add_level(level);
  list.add_curve(profile);
  list.add("overhead.per_launch", profile.launch_overhead_s, Unit::kSecond);
  list.add("overhead.per_run", profile.run_overhead_s, Unit::kSecond);
  list.add("cores", profile.cores, std::nullopt);
  list.add("clock", profile.clock_hz, Unit::kHertz);
  list.add("vector_bits", profile.vector_bits, std::nullopt);
  list.add("link", profile.link_bytes_per_s, Unit::kBytePerSecond);
  list.add("tdp", profile.tdp_w, Unit::kWatt);
  list.add("logic_energy", profile.logic_energy_percent, std::nullopt);
  return list.take();
}

std::string content_digest(const Profile& profile) {
  std::string text = fmt::format("profile 1\nkind={}\n", profile.kind);
  for (const ComputeUnit& unit : profile.units) {
    text += fmt::format("units.{}.kind={}\n", unit.name, kind_name(unit.kind));
  }
  // The order of the levels is content, so every level is listed, with or without numbers.
  for (const MemoryLevel& level : profile.memory) {
    text += fmt::format("memory.{}{}\n", level.name, level.shared ? "" : " private");
  }
  if (!profile.architecture.empty()) {
    text += fmt::format("architecture={}\n", profile.architecture);
  }
  // fmt writes the shortest text that reads back equal, so equal numbers give equal text.
  for (const NamedFact& f : facts(profile)) text += fmt::format("{}={}\n", f.name, f.fact.value);
  for (const Calibration& c : profile.calibrations) {
    text += fmt::format("calibration={} {} {} {}\n", c.runtime, c.version, c.date, digest(c));
  }
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  return sha256_hex(bytes);
}

}  // namespace roofline::hardware
