// Owns the meaning of a profile's fields: types, units, sources, and checks across fields.
// Refuses what it does not know: unknown keys, numbers without a source, impossible machines.
#include <fmt/format.h>

#include "field_reader.hpp"
#include "profile_internal.hpp"
#include "roofline/base/text.hpp"

namespace roofline::hardware {
namespace {

using data::YamlNode;

constexpr double kMinRidge = 0.5;     ///< FLOP/byte: below every machine known
constexpr double kMaxRidge = 5000.0;  ///< FLOP/byte: above every machine known
constexpr double kMaxAlignment = 4096;
constexpr double kMaxVectorBits = 65536;  ///< what the longest vector instruction sets allow

constexpr Quantity kRate = {Unit::kFlopPerSecond, "15.7 TFLOP/s"};
constexpr Quantity kBandwidthExample = {Unit::kBytePerSecond, "900 GB/s"};
constexpr Quantity kCapacity = {Unit::kByte, "16 GB"};
constexpr Quantity kTime = {Unit::kSecond, "2.6 us", true};
constexpr Quantity kClock = {Unit::kHertz, "1.53 GHz"};
constexpr Quantity kPower = {Unit::kWatt, "300 W"};
constexpr Quantity kPercent = {std::nullopt, "35", false, 1000};
constexpr Quantity kCores = {std::nullopt, "80", false, 1e7};
constexpr Quantity kAlignment = {std::nullopt, "8", false, kMaxAlignment};
constexpr Quantity kVectorBits = {std::nullopt, "256", false, kMaxVectorBits};
constexpr std::string_view kCurveExample =
    "write {source: ID, points: [{working_set: \"32 KiB\", read: \"300 GB/s\", write: \"190 "
    "GB/s\"}]}";

void refuse_measured_above(const YamlNode& node, const Fact& peak,
                           const std::optional<Fact>& measured, Unit unit) {
  if (!measured || measured->value <= peak.value) return;
  node.fail("measured-above-peak",
            fmt::format("'{}' has a measured {} above its peak of {}", node.path(),
                        format_quantity(measured->value, unit), format_quantity(peak.value, unit)),
            "a peak bounds every measurement: check both numbers, their units and clocks");
}

PeakRate read_peak(const YamlNode& node, const FactReader& facts) {
  static const Names kKeys = {"peak", "measured", "alignment"};
  node.allow_only(kKeys);
  PeakRate rate;
  rate.flops_per_s = facts.required(node, "peak", kRate);
  rate.measured = facts.optional(node, "measured", kRate);
  refuse_measured_above(node, rate.flops_per_s, rate.measured, Unit::kFlopPerSecond);
  if (const auto alignment = facts.optional(node, "alignment", kAlignment)) {
    rate.alignment = static_cast<int>(alignment->value);
    rate.alignment_source = alignment->source;
  }
  return rate;
}

ComputeUnit read_unit(const YamlNode& node, const FactReader& facts) {
  static const Names kKeys = {"name", "kind", "peaks"};
  static const Names kKinds = {"vector", "matrix"};
  node.allow_only(kKeys);
  ComputeUnit unit;
  unit.name = read_name(node.at("name"));
  const bool vector = node.at("kind", "vector or matrix").one_of(kKinds) == "vector";
  unit.kind = vector ? UnitKind::kVector : UnitKind::kMatrix;
  const YamlNode& peaks = node.at("peaks", "one entry per precision, such as fp32");
  peaks.allow_only(precision_names());
  if (peaks.keys().empty()) {
    peaks.fail("no-peak", fmt::format("unit '{}' has no peak rate; expected one or more of {}",
                                      unit.name, join(precision_names(), ", ")));
  }
  for (std::size_t i = 0; i < peaks.keys().size(); ++i) {
    unit.peaks[*precision_from_name(peaks.keys()[i])] = read_peak(peaks.values()[i], facts);
  }
  return unit;
}

MemoryLevel read_level(const YamlNode& node, const FactReader& facts) {
  static const Names kKeys = {"name",           "capacity", "bandwidth", "measured_bandwidth",
                              "core_bandwidth", "power",    "shared"};
  node.allow_only(kKeys);
  MemoryLevel level;
  level.name = read_name(node.at("name"));
  level.capacity_bytes = facts.optional(node, "capacity", kCapacity);
  level.bytes_per_s = facts.optional(node, "bandwidth", kBandwidthExample);
  level.measured_bytes_per_s = facts.optional(node, "measured_bandwidth", kBandwidthExample);
  level.core_bytes_per_s = facts.optional(node, "core_bandwidth", kBandwidthExample);
  level.power_w = facts.optional(node, "power", kPower);
  if (const YamlNode* shared = node.find("shared")) level.shared = shared->boolean();
  if (level.bytes_per_s) {
    for (const auto& measured : {level.measured_bytes_per_s, level.core_bytes_per_s}) {
      refuse_measured_above(node, *level.bytes_per_s, measured, Unit::kBytePerSecond);
    }
  }
  return level;
}

std::vector<ComputeUnit> read_units(const YamlNode& node, const FactReader& facts) {
  std::vector<ComputeUnit> units;
  bool has_vector = false;
  for (const YamlNode& item : node.items()) {
    units.push_back(read_unit(item, facts));
    has_vector = has_vector || units.back().kind == UnitKind::kVector;
  }
  if (!has_vector) {
    node.fail("no-vector-unit", "'units' has no unit of kind 'vector'; expected at least one",
              "matrix units run contractions only: add the unit that runs everything else");
  }
  return units;
}

std::vector<MemoryLevel> read_memory(const YamlNode& node, const FactReader& facts) {
  std::vector<MemoryLevel> levels;
  for (const YamlNode& item : node.items()) levels.push_back(read_level(item, facts));
  if (levels.empty()) {
    node.fail("no-memory", "'memory' has no level; expected at least main memory",
              "list the levels nearest to the units first, main memory last");
  }
  if (!bandwidth(levels.back(), Roof::kDatasheet)) {
    node.items().back().fail(
        "no-bandwidth",
        fmt::format("main memory ('{}', the last level) has no bandwidth", levels.back().name),
        "add 'bandwidth' or 'measured_bandwidth'; levels go from the units to main memory");
  }
  return levels;
}

void read_curve(const YamlNode& node, const FactReader& facts, Profile& profile) {
  static const Names kKeys = {"source", "points"};
  static const Names kPointKeys = {"working_set", "read", "write"};
  node.allow_only(kKeys);
  profile.bandwidth_curve_source = facts.source(node, std::string(kCurveExample));
  const YamlNode& points = node.at("points", std::string(kCurveExample));
  if (points.items().empty()) {
    points.fail("no-points", fmt::format("'{}' has no point; expected at least one", points.path()),
                std::string(kCurveExample));
  }
  double last = 0;
  for (const YamlNode& item : points.items()) {
    item.allow_only(kPointKeys);
    const YamlNode& size = item.at("working_set");
    const BandwidthPoint point = {read_value(size, kCapacity),
                                  read_value(item.at("read"), kBandwidthExample),
                                  read_value(item.at("write"), kBandwidthExample)};
    if (point.bytes <= last) {
      size.fail("bad-order",
                fmt::format("'{}' is '{}', not above the one before it; expected rising sizes",
                            size.path(), printable(size.text())));
    }
    last = point.bytes;
    profile.bandwidth_curve.push_back(point);
  }
}

std::vector<Calibration> read_calibrations(const YamlNode& node) {
  std::vector<Calibration> calibrations;
  for (const YamlNode& item : node.items()) {
    Calibration next = read_calibration(item);
    for (const Calibration& other : calibrations) {
      if (other.runtime != next.runtime || other.threads != next.threads) continue;
      item.fail("duplicate-name",
                fmt::format("'{}' has two entries for '{}' and {} threads", node.path(),
                            printable(next.runtime), next.threads),
                "remove one");
    }
    calibrations.push_back(std::move(next));
  }
  return calibrations;
}

/// A ridge point far from every known machine is a wrong prefix in one of two numbers.
void check_ridge(const Profile& profile, const YamlNode& memory) {
  double fastest = 0;
  std::string name;
  for (const ComputeUnit& unit : profile.units) {
    for (const auto& [precision, rate] : unit.peaks) {
      if (rate.flops_per_s.value <= fastest) continue;
      fastest = rate.flops_per_s.value;
      name = fmt::format("{} {}", unit.name, precision_name(precision));
    }
  }
  const double bytes_per_s = *bandwidth(profile.dram(), Roof::kDatasheet);
  const double ridge = fastest / bytes_per_s;
  if (ridge >= kMinRidge && ridge <= kMaxRidge) return;
  memory.items().back().fail(
      "ridge-out-of-range",
      fmt::format(
          "{} of {} over {} of '{}' is a ridge point of {:.3g} FLOP/byte; expected {} to {}",
          format_quantity(fastest, Unit::kFlopPerSecond), name,
          format_quantity(bytes_per_s, Unit::kBytePerSecond), profile.dram().name, ridge, kMinRidge,
          kMaxRidge),
      "check the prefixes of both numbers");
}

void read_overhead(const YamlNode& node, const FactReader& facts, Profile& profile) {
  static const Names kKeys = {"per_launch", "per_run"};
  node.allow_only(kKeys);
  profile.launch_overhead_s = facts.required(node, "per_launch", kTime);
  profile.run_overhead_s = facts.required(node, "per_run", kTime);
}

}  // namespace

Profile read_profile(const YamlNode& tree) {
  static const Names kKeys = {"id",           "name",        "kind",  "extends",         "sources",
                              "architecture", "vector_bits", "units", "memory",          "overhead",
                              "cores",        "clock",       "link",  "bandwidth_curve", "tdp",
                              "logic_energy", "calibrations"};
  tree.allow_only(kKeys);
  Profile profile;
  profile.id = read_name(tree.at("id", "the name of the file without .yaml"));
  profile.name = read_text(tree.at("name"));
  profile.kind = tree.at("kind", "gpu, cpu or npu").one_of(machine_kinds());
  const FactReader facts(tree.at("sources", "a mapping of source ids to citations"));
  profile.sources = facts.sources();
  profile.units = read_units(tree.at("units"), facts);
  const YamlNode& memory = tree.at("memory");
  profile.memory = read_memory(memory, facts);
  check_ridge(profile, memory);
  read_overhead(tree.at("overhead"), facts, profile);
  profile.cores = facts.optional(tree, "cores", kCores);
  profile.clock_hz = facts.optional(tree, "clock", kClock);
  profile.link_bytes_per_s = facts.optional(tree, "link", kBandwidthExample);
  profile.tdp_w = facts.optional(tree, "tdp", kPower);
  profile.logic_energy_percent = facts.optional(tree, "logic_energy", kPercent);
  if (const YamlNode* text = tree.find("architecture")) profile.architecture = read_name(*text);
  profile.vector_bits = facts.optional(tree, "vector_bits", kVectorBits);
  if (const YamlNode* curve = tree.find("bandwidth_curve")) read_curve(*curve, facts, profile);
  if (const YamlNode* list = tree.find("calibrations")) {
    profile.calibrations = read_calibrations(*list);
  }
  return profile;
}

}  // namespace roofline::hardware
