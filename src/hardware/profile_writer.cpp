// Owns profiles and calibrations as files: field by field, with exact numbers, checked on the way.
// Refuses to keep what a loaded profile does not hold: comments, layout and `extends` of profiles.
#include <fmt/format.h>

#include <ostream>
#include <stdexcept>

#include "field_reader.hpp"
#include "profile_internal.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/output_file.hpp"
#include "roofline/base/text.hpp"
#include "roofline/data/yaml_writer.hpp"

namespace roofline::hardware {
namespace {

using data::YamlValue;

constexpr std::string_view kHeader =
    "# Written by roofline. Field by field: docs/hardware_profiles.md\n";

YamlValue quantity(double value, std::optional<Unit> unit) {
  return unit ? YamlValue::text(exact_quantity(value, *unit)) : YamlValue::number(value);
}

YamlValue texts(const std::vector<std::string>& list) {
  YamlValue value = YamlValue::list();
  for (const std::string& text : list) value.add(YamlValue::text(text));
  return value;
}

void add_texts(YamlValue& map, std::string_view key, const std::vector<std::string>& list) {
  if (!list.empty()) map.add(key, texts(list));
}

void add_text(YamlValue& map, std::string_view key, const std::string& text) {
  if (!text.empty()) map.add(key, YamlValue::text(text));
}

void add_filled(YamlValue& map, std::string_view key, YamlValue value) {
  if (!value.empty()) map.add(key, std::move(value));
}

void add_fact(YamlValue& map, std::string_view key, const std::optional<Fact>& fact,
              std::optional<Unit> unit) {
  if (!fact) return;
  YamlValue value = YamlValue::map();
  value.add("value", quantity(fact->value, unit));
  value.add("source", YamlValue::text(fact->source));
  add_text(value, "note", fact->note);
  map.add(key, std::move(value));
}

YamlValue unit_value(const ComputeUnit& unit) {
  YamlValue peaks = YamlValue::map();
  for (const auto& [precision, rate] : unit.peaks) {
    YamlValue peak = YamlValue::map();
    add_fact(peak, "peak", rate.flops_per_s, Unit::kFlopPerSecond);
    add_fact(peak, "measured", rate.measured, Unit::kFlopPerSecond);
    if (!rate.alignment_source.empty()) {
      const Fact alignment = {static_cast<double>(rate.alignment), rate.alignment_source};
      add_fact(peak, "alignment", alignment, std::nullopt);
    }
    peaks.add(precision_name(precision), std::move(peak));
  }
  YamlValue value = YamlValue::map();
  value.add("name", YamlValue::text(unit.name));
  value.add("kind", YamlValue::text(unit.kind == UnitKind::kVector ? "vector" : "matrix"));
  value.add("peaks", std::move(peaks));
  return value;
}

YamlValue level_value(const MemoryLevel& level) {
  YamlValue value = YamlValue::map();
  value.add("name", YamlValue::text(level.name));
  add_fact(value, "capacity", level.capacity_bytes, Unit::kByte);
  add_fact(value, "bandwidth", level.bytes_per_s, Unit::kBytePerSecond);
  add_fact(value, "measured_bandwidth", level.measured_bytes_per_s, Unit::kBytePerSecond);
  add_fact(value, "core_bandwidth", level.core_bytes_per_s, Unit::kBytePerSecond);
  add_fact(value, "power", level.power_w, Unit::kWatt);
  if (!level.shared) value.add("shared", YamlValue::boolean(false));
  return value;
}

YamlValue curve_value(const Profile& profile) {
  YamlValue points = YamlValue::list();
  for (const BandwidthPoint& point : profile.bandwidth_curve) {
    YamlValue value = YamlValue::map();
    value.add("working_set", quantity(point.bytes, Unit::kByte));
    value.add("read", quantity(point.read_bytes_per_s, Unit::kBytePerSecond));
    value.add("write", quantity(point.write_bytes_per_s, Unit::kBytePerSecond));
    points.add(std::move(value));
  }
  YamlValue curve = YamlValue::map();
  curve.add("source", YamlValue::text(profile.bandwidth_curve_source));
  curve.add("points", std::move(points));
  return curve;
}

/// Parameters that differ from those of `base`.
template <class Owner>
void add_parameters(YamlValue& map, std::span<const Parameter<Owner>> parameters,
                    const Owner& owner, const Owner& base) {
  for (const auto& p : parameters) {
    if (owner.*p.member != base.*p.member) {
      map.add(p.name, quantity(owner.*p.member, unit_of(p.name)));
    }
  }
}

YamlValue kernel_value(const KernelTiming& timing, const KernelTiming* base) {
  static const KernelTiming kNeutral;
  const KernelTiming& from = base == nullptr ? kNeutral : *base;
  YamlValue value = YamlValue::map();
  // The parameter that every kernel has is always written where nothing is inherited.
  if (base == nullptr && timing.efficiency == kNeutral.efficiency) {
    value.add("efficiency", YamlValue::number(timing.efficiency));
  }
  add_parameters(value, kernel_parameters(), timing, from);
  if (timing.half != from.half) {
    YamlValue half = YamlValue::list();
    for (const double h : timing.half) half.add(YamlValue::number(h));
    value.add("half", std::move(half));
  }
  return value;
}

YamlValue factor_value(double factor, const double* /*base*/) { return YamlValue::number(factor); }

/// Entries of `map` that differ from those of `base`, and "~" for those that only `base` has.
template <class Map, class Write>
YamlValue differences(const Map& map, const Map& base, Write write) {
  YamlValue value = YamlValue::map();
  for (const auto& [name, entry] : map) {
    const auto other = base.find(name);
    if (other == base.end())
      value.add(name, write(entry, nullptr));
    else if (other->second != entry)
      value.add(name, write(entry, &other->second));
  }
  for (const auto& [name, entry] : base) {
    if (!map.contains(name)) value.add(name, YamlValue::null());
  }
  return value;
}

YamlValue derates_value(const std::vector<Derate>& derates) {
  YamlValue list = YamlValue::list();
  for (const Derate& derate : derates) {
    YamlValue value = YamlValue::map();
    value.add("factor", YamlValue::number(derate.factor));
    add_texts(value, "architectures", derate.architectures);
    if (!derate.matrix_only) value.add("matrix_only", YamlValue::boolean(false));
    list.add(std::move(value));
  }
  return list;
}

YamlValue evidence_value(const Evidence& evidence) {
  YamlValue value = YamlValue::map();
  value.add("rows", YamlValue::number(evidence.rows));
  value.add("mape", YamlValue::number(evidence.mape));
  if (evidence.cross_validated_mape) {
    value.add("cross_validated_mape", YamlValue::number(*evidence.cross_validated_mape));
  }
  add_texts(value, "unidentified", evidence.unidentified);
  add_texts(value, "sources", evidence.sources);
  add_texts(value, "machines", evidence.machines);
  return value;
}

void add_calibration(YamlValue& value, const Calibration& c) {
  static const Calibration kNeutral;
  const Calibration& base = c.extends.empty() ? kNeutral : find_default(c.extends).calibration;
  value.add("runtime", YamlValue::text(c.runtime));
  value.add("version", YamlValue::text(c.version));
  value.add("date", YamlValue::text(c.date));
  add_text(value, "machine", c.machine);
  if (c.threads != 0) value.add("threads", YamlValue::number(c.threads));
  add_text(value, "extends", c.extends);
  YamlValue terms = YamlValue::map();
  add_parameters(terms, term_parameters(), c.terms, base.terms);
  add_filled(value, "terms", std::move(terms));
  add_filled(value, "precisions", differences(c.precisions, base.precisions, factor_value));
  add_filled(value, "releases", differences(c.releases, base.releases, factor_value));
  add_filled(value, "kernels", differences(c.kernels, base.kernels, kernel_value));
  add_filled(value, "fused", differences(c.fused, base.fused, factor_value));
  if (c.derates != base.derates) value.add("derates", derates_value(c.derates));
  if (c.evidence != Evidence{}) value.add("evidence", evidence_value(c.evidence));
}

YamlValue profile_value(const Profile& p) {
  YamlValue value = YamlValue::map();
  for (const auto& [key, text] : {std::pair{"id", &p.id}, {"name", &p.name}, {"kind", &p.kind}}) {
    value.add(key, YamlValue::text(*text));
  }
  add_text(value, "architecture", p.architecture);
  YamlValue sources = YamlValue::map();
  for (const auto& [id, citation] : p.sources) sources.add(id, YamlValue::text(citation));
  value.add("sources", std::move(sources));
  YamlValue units = YamlValue::list();
  for (const ComputeUnit& unit : p.units) units.add(unit_value(unit));
  value.add("units", std::move(units));
  YamlValue memory = YamlValue::list();
  for (const MemoryLevel& level : p.memory) memory.add(level_value(level));
  value.add("memory", std::move(memory));
  if (!p.bandwidth_curve.empty()) value.add("bandwidth_curve", curve_value(p));
  YamlValue overhead = YamlValue::map();
  add_fact(overhead, "per_launch", p.launch_overhead_s, Unit::kSecond);
  add_fact(overhead, "per_run", p.run_overhead_s, Unit::kSecond);
  value.add("overhead", std::move(overhead));
  add_fact(value, "cores", p.cores, std::nullopt);
  add_fact(value, "clock", p.clock_hz, Unit::kHertz);
  add_fact(value, "vector_bits", p.vector_bits, std::nullopt);
  add_fact(value, "link", p.link_bytes_per_s, Unit::kBytePerSecond);
  add_fact(value, "tdp", p.tdp_w, Unit::kWatt);
  add_fact(value, "logic_energy", p.logic_energy_percent, std::nullopt);
  YamlValue calibrations = YamlValue::list();
  for (const Calibration& c : p.calibrations) {
    YamlValue item = YamlValue::map();
    add_calibration(item, c);
    calibrations.add(std::move(item));
  }
  add_filled(value, "calibrations", std::move(calibrations));
  return value;
}

/// Writes `yaml` when `reread` gives back `digest`, which it must, unless a value is absurd.
template <class Reread>
void save_checked(const std::string& yaml, const std::string& digest, const std::string& path,
                  Reread reread) {
  std::string found;
  try {
    found = reread();
  } catch (const Error& error) {
    const Diagnostic& why = error.diagnostic();
    throw Error("invalid-profile", printable(path),
                fmt::format("not written, because reading it back fails: {}: {}", why.location,
                            why.message),
                why.hint);
  }
  if (found != digest) throw std::logic_error("a written profile reads back as another");
  write_file(path, [&](std::ostream& out) { out << yaml; });
}

std::string digest_with_machines(const DefaultCalibration& common) {
  std::string text = digest(common.calibration);
  for (const auto& [id, terms] : common.machines) {
    Calibration own = common.calibration;
    own.terms = terms;
    text += fmt::format(" {} {}", id, digest(own));
  }
  return text;
}

}  // namespace

std::string to_yaml(const Profile& profile) {
  return std::string(kHeader) + data::write_yaml(profile_value(profile));
}

std::string to_yaml(const DefaultCalibration& calibration) {
  YamlValue value = YamlValue::map();
  value.add("kind", YamlValue::text(calibration.kind));
  add_texts(value, "architectures", calibration.architectures);
  add_calibration(value, calibration.calibration);
  YamlValue machines = YamlValue::map();
  for (const auto& [id, own] : calibration.machines) {
    YamlValue terms = YamlValue::map();
    add_parameters(terms, term_parameters(), own, calibration.calibration.terms);
    machines.add(id, std::move(terms));
  }
  add_filled(value, "machines", std::move(machines));
  return std::string(kHeader) + data::write_yaml(value);
}

void save(const Profile& profile, const std::string& path) {
  const std::string yaml = to_yaml(profile);
  save_checked(yaml, content_digest(profile), path, [&] { return load_text(yaml, path).digest; });
}

void save(const DefaultCalibration& calibration, const std::string& path) {
  const std::string yaml = to_yaml(calibration);
  save_checked(yaml, digest_with_machines(calibration), path,
               [&] { return digest_with_machines(load_default_text(yaml, path)); });
}

}  // namespace roofline::hardware
