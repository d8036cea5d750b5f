// Owns the meaning of a profile's fields: types, units, sources, and checks across fields.
// Refuses what it does not know: unknown keys, numbers without a source, impossible machines.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "profile_internal.hpp"
#include "roofline/base/text.hpp"

namespace roofline::hardware {
namespace {

using data::YamlNode;
using Names = std::vector<std::string>;

constexpr double kMinRidge = 0.5;     ///< FLOP/byte: below every machine known
constexpr double kMaxRidge = 5000.0;  ///< FLOP/byte: above every machine known
constexpr double kMaxAlignment = 4096;

/// What a number may be.
struct Quantity {
  std::optional<Unit> unit;  ///< nullopt: a whole number
  std::string_view example;
  bool zero_allowed = false;
  double most = std::numeric_limits<double>::infinity();
};
constexpr Quantity kRate = {Unit::kFlopPerSecond, "15.7 TFLOP/s"};
constexpr Quantity kBandwidth = {Unit::kBytePerSecond, "900 GB/s"};
constexpr Quantity kCapacity = {Unit::kByte, "16 GB"};
constexpr Quantity kTime = {Unit::kSecond, "2.6 us", true};
constexpr Quantity kClock = {Unit::kHertz, "1.53 GHz"};
constexpr Quantity kPower = {Unit::kWatt, "300 W"};
constexpr Quantity kCores = {std::nullopt, "80", false, 1e7};
constexpr Quantity kAlignment = {std::nullopt, "8", false, kMaxAlignment};

std::optional<double> parse(const std::string& text, const Quantity& quantity) {
  if (quantity.unit) return parse_quantity(text, *quantity.unit);
  const auto whole = parse_int(text);
  return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
}

double read_value(const YamlNode& node, const Quantity& quantity) {
  const std::string shown = ellipsize(printable(node.text()), 40);
  const std::optional<double> value = parse(node.text(), quantity);
  if (!value) {
    node.fail("bad-quantity",
              fmt::format("'{}' is '{}'; expected {}, such as \"{}\"", node.path(), shown,
                          quantity.unit ? "a number, a space and a unit" : "a whole number",
                          quantity.example),
              quantity.unit ? "prefixes: n u m k M G T P, and Ki Mi Gi Ti for powers of 1024" : "");
  }
  if (*value < 0 || (*value == 0 && !quantity.zero_allowed)) {
    node.fail("not-positive", fmt::format("'{}' is '{}'; expected a number {}", node.path(), shown,
                                          quantity.zero_allowed ? ">= 0" : "> 0"));
  }
  if (*value > quantity.most) {
    node.fail("bad-quantity",
              fmt::format("'{}' is '{}'; expected at most {}", node.path(), shown, quantity.most));
  }
  return *value;
}

const std::string& read_name(const YamlNode& node) {
  const std::string& text = node.text();
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  if (text.empty() || text.find_first_not_of(kAllowed) != std::string::npos) {
    node.fail("bad-value",
              fmt::format("'{}' is '{}'; expected lower-case letters, digits, '.', '_' "
                          "and '-'",
                          node.path(), ellipsize(printable(text), 40)));
  }
  return text;
}

const std::string& read_text(const YamlNode& node) {
  if (node.text().empty()) node.fail("bad-value", fmt::format("'{}' is empty", node.path()));
  return node.text();
}

/// Reads numbers against the list of sources of the same profile.
class FactReader {
 public:
  explicit FactReader(const YamlNode& sources) {
    for (std::size_t i = 0; i < sources.keys().size(); ++i) {
      sources_[sources.keys()[i]] = read_text(sources.values()[i]);
      ids_.push_back(sources.keys()[i]);
    }
  }

  [[nodiscard]] Fact required(const YamlNode& parent, std::string_view key,
                              const Quantity& quantity) const {
    return read(parent.at(key, example(quantity)), quantity);
  }
  [[nodiscard]] std::optional<Fact> optional(const YamlNode& parent, std::string_view key,
                                             const Quantity& quantity) const {
    const YamlNode* node = parent.find(key);
    return node == nullptr ? std::nullopt : std::optional(read(*node, quantity));
  }
  [[nodiscard]] const std::map<std::string, std::string>& sources() const { return sources_; }

 private:
  static std::string example(const Quantity& quantity) {
    return fmt::format("write {{value: \"{}\", source: ID}}, with ID listed under 'sources'",
                       quantity.example);
  }

  [[nodiscard]] Fact read(const YamlNode& node, const Quantity& quantity) const {
    static const Names kKeys = {"value", "source", "note"};
    if (node.is_scalar()) {
      node.fail("missing-source",
                fmt::format("'{}' has no source; every number needs one", node.path()),
                example(quantity));
    }
    node.allow_only(kKeys);
    Fact fact;
    fact.value = read_value(node.at("value", example(quantity)), quantity);
    const YamlNode* source = node.find("source");
    if (source == nullptr) {
      node.fail("missing-source",
                fmt::format("'{}' has no source; every number needs one", node.path()),
                example(quantity));
    }
    fact.source = source->text();
    if (sources_.find(fact.source) == sources_.end()) unknown_source(*source);
    if (const YamlNode* note = node.find("note")) fact.note = read_text(*note);
    return fact;
  }

  [[noreturn]] void unknown_source(const YamlNode& source) const {
    std::string hint = did_you_mean_hint(source.text(), ids_);
    if (hint.empty()) hint = "add it with its citation under 'sources'";
    source.fail("unknown-source",
                fmt::format("'{}' is '{}', which is not listed under 'sources'", source.path(),
                            ellipsize(printable(source.text()), 40)),
                hint);
  }

  std::map<std::string, std::string> sources_;
  Names ids_;
};

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

const Names& precision_names() {
  static const Names kNames = [] {
    Names names;
    for (int i = 0; i <= static_cast<int>(Precision::kInt4); ++i) {
      names.emplace_back(precision_name(static_cast<Precision>(i)));
    }
    return names;
  }();
  return kNames;
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
  static const Names kKeys = {"name", "capacity", "bandwidth", "measured_bandwidth"};
  node.allow_only(kKeys);
  MemoryLevel level;
  level.name = read_name(node.at("name"));
  level.capacity_bytes = facts.optional(node, "capacity", kCapacity);
  level.bytes_per_s = facts.optional(node, "bandwidth", kBandwidth);
  level.measured_bytes_per_s = facts.optional(node, "measured_bandwidth", kBandwidth);
  if (level.bytes_per_s) {
    refuse_measured_above(node, *level.bytes_per_s, level.measured_bytes_per_s,
                          Unit::kBytePerSecond);
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

Calibration read_calibration(const YamlNode& node) {
  static const Names kKeys = {"runtime", "version", "date"};
  node.allow_only(kKeys);
  return Calibration{read_text(node.at("runtime")), read_text(node.at("version")),
                     read_text(node.at("date"))};
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
  static const Names kKeys = {"id",    "name",   "kind",        "extends", "sources",
                              "units", "memory", "overhead",    "cores",   "clock",
                              "link",  "tdp",    "calibrations"};
  static const Names kKinds = {"gpu", "cpu", "npu"};
  tree.allow_only(kKeys);
  Profile profile;
  profile.id = read_name(tree.at("id", "the name of the file without .yaml"));
  profile.name = read_text(tree.at("name"));
  profile.kind = tree.at("kind", "gpu, cpu or npu").one_of(kKinds);
  const FactReader facts(tree.at("sources", "a mapping of source ids to citations"));
  profile.sources = facts.sources();
  profile.units = read_units(tree.at("units"), facts);
  const YamlNode& memory = tree.at("memory");
  profile.memory = read_memory(memory, facts);
  check_ridge(profile, memory);
  read_overhead(tree.at("overhead"), facts, profile);
  profile.cores = facts.optional(tree, "cores", kCores);
  profile.clock_hz = facts.optional(tree, "clock", kClock);
  profile.link_bytes_per_s = facts.optional(tree, "link", kBandwidth);
  profile.tdp_w = facts.optional(tree, "tdp", kPower);
  if (const YamlNode* calibrations = tree.find("calibrations")) {
    for (const YamlNode& item : calibrations->items()) {
      profile.calibrations.push_back(read_calibration(item));
    }
  }
  return profile;
}

}  // namespace roofline::hardware
