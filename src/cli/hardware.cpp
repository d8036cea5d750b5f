// Owns `roofline hardware list|show|check`.
// Refuses to judge a profile: the hardware room validates.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>

#include "command.hpp"
#include "output.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/cli/guard.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/report/table.hpp"

namespace roofline::cli {
namespace {

using hardware::Precision;
using report::Align;
using report::Cell;
using report::Column;

/// Data-sheet peak of the fastest unit, nullopt when none computes in `precision`.
std::optional<double> peak(const hardware::Profile& profile, Precision precision) {
  std::optional<double> best;
  for (const hardware::ComputeUnit& unit : profile.units) {
    const auto rate = unit.peaks.find(precision);
    if (rate == unit.peaks.end()) continue;
    best = std::max(best.value_or(0), rate->second.flops_per_s.value);
  }
  return best;
}

std::string quantity_text(std::optional<double> value, Unit unit) {
  return value ? format_quantity(*value, unit) : "-";
}

/// FLOP/s without unit, which the table's footer names.
std::string rate(std::optional<double> value) { return value ? format_count(*value) : "-"; }

std::string number(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value))
             ? fmt::format("{:.0f}", value)
             : fmt::format("{:.3g}", value);
}

/// Of the defaults at hand.
std::set<std::string> default_runtimes() {
  std::set<std::string> runtimes;
  for (const std::string& name : hardware::list_defaults()) {
    runtimes.insert(hardware::find_default(name).calibration.runtime);
  }
  return runtimes;
}

/// The defaults that hold for this machine, but where it has a calibration of its own.
std::vector<const hardware::Calibration*> defaults_for(const hardware::Profile& profile,
                                                       const std::set<std::string>& runtimes) {
  std::vector<const hardware::Calibration*> found;
  for (const std::string& runtime : runtimes) {
    const auto is_it = [&](const hardware::Calibration& own) { return own.runtime == runtime; };
    if (std::any_of(profile.calibrations.begin(), profile.calibrations.end(), is_it)) continue;
    if (const auto* c = hardware::find_calibration(profile, runtime, 0)) found.push_back(c);
  }
  return found;
}

/// Runtimes that the profile has calibrations for, else "default" where a default fits.
std::string calibrated(const hardware::Profile& profile,
                       const std::set<std::string>& default_runtimes) {
  std::vector<std::string> own;
  for (const hardware::Calibration& c : profile.calibrations) own.push_back(printable(c.runtime));
  own.erase(std::unique(own.begin(), own.end()), own.end());
  if (!own.empty()) return join(own, ", ");
  return defaults_for(profile, default_runtimes).empty() ? "-" : "default";
}

std::vector<Cell> list_row(const hardware::Profile& profile,
                           const std::set<std::string>& default_runtimes) {
  const std::optional<double> fp32 = peak(profile, Precision::kFp32);
  const auto bandwidth = hardware::bandwidth(profile.dram(), hardware::Roof::kDatasheet);
  const auto& capacity = profile.dram().capacity_bytes;
  const bool has_ridge = fp32 && bandwidth && *bandwidth > 0;
  return {{printable(profile.id)},
          {printable(profile.name)},
          {rate(fp32)},
          {rate(peak(profile, Precision::kFp16))},
          {rate(peak(profile, Precision::kInt8))},
          {quantity_text(bandwidth, Unit::kBytePerSecond)},
          {quantity_text(capacity ? std::optional(capacity->value) : std::nullopt, Unit::kByte)},
          {has_ridge ? fmt::format("{:.3g}", *fp32 / *bandwidth) : "-"},
          {calibrated(profile, default_runtimes)}};
}

std::string parameter_text(std::string_view name, double value) {
  if (name.ends_with("_s")) return format_quantity(value, Unit::kSecond);
  if (name.ends_with("_hz")) return format_quantity(value, Unit::kHertz);
  return number(value);
}

void show_evidence(const hardware::Calibration& c, std::ostream& out) {
  const hardware::Evidence& e = c.evidence;
  if (!c.machine.empty()) out << "  measured on   " << printable(c.machine) << '\n';
  if (c.threads > 0) out << "  threads       " << c.threads << '\n';
  if (!c.extends.empty()) out << "  extends       " << printable(c.extends) << '\n';
  if (e.rows == 0) {
    out << "  evidence      none: unvalidated\n";
  } else {
    out << fmt::format("  evidence      {}, mean error {}", counted(e.rows, "measurement"),
                       format_percent(e.mape));
    if (e.cross_validated_mape)
      out << ", cross-validated " << format_percent(*e.cross_validated_mape);
    out << '\n';
  }
  if (!e.unidentified.empty()) {
    out << "  undetermined  " << printable(join(e.unidentified, ", ")) << '\n';
  }
  for (const std::string& source : e.sources)
    out << "  source        " << printable(source) << '\n';
}

/// Terms that are not neutral, then one row for each kind of kernel.
void show_parameters(const hardware::Calibration& c, const Streams& streams) {
  static const hardware::Terms kNeutral;
  report::Table terms({{"term"}, {"value", Align::kQuantity}});
  for (const auto& p : hardware::term_parameters()) {
    const double value = c.terms.*p.member;
    if (value != kNeutral.*p.member) {
      terms.add({{std::string(p.name)}, {parameter_text(p.name, value)}});
    }
  }
  for (const auto& [name, factor] : c.precisions) {
    terms.add({{"precisions." + printable(name)}, {number(factor)}});
  }
  for (const auto& [release, factor] : c.releases) {
    terms.add({{"releases." + printable(release)}, {number(factor)}});
  }
  for (const auto& [op, flops] : c.fused) {
    terms.add({{"fused." + printable(op)}, {number(flops)}});
  }
  for (const hardware::Derate& derate : c.derates) terms.add({{"derate"}, {number(derate.factor)}});
  streams.out << '\n';
  print_table(terms, Fit::kWhole, streams.out, streams.out_is_terminal);
  if (c.kernels.empty()) return;
  std::vector<Column> columns = {{"kernel"}, {"half"}};
  for (const auto& p : hardware::kernel_parameters()) {
    columns.push_back({std::string(p.name), Align::kQuantity});
  }
  report::Table kernels(columns);
  for (const auto& [kind, timing] : c.kernels) {
    const auto& h = timing.half;
    std::vector<Cell> row = {{printable(kind)},
                             {fmt::format("{} {} {}", number(h[0]), number(h[1]), number(h[2]))}};
    for (const auto& p : hardware::kernel_parameters()) {
      row.push_back({parameter_text(p.name, timing.*p.member)});
    }
    kernels.add(std::move(row));
  }
  streams.out << '\n';
  print_table(kernels, Fit::kWhole, streams.out, streams.out_is_terminal);
}

void show_calibration(const hardware::Calibration& c, const Streams& streams) {
  streams.out << fmt::format("\ncalibrated for {} {} on {}\n", printable(c.runtime),
                             printable(c.version), printable(c.date));
  show_evidence(c, streams.out);
  show_parameters(c, streams);
}

void show_defaults(const hardware::Profile& profile, const Streams& streams) {
  const auto defaults = defaults_for(profile, default_runtimes());
  if (defaults.empty() && profile.calibrations.empty()) {
    streams.out << "\nuncalibrated: predictions use efficiency 1 and the overheads above\n";
  }
  if (defaults.empty()) return;
  report::Table table({{"calibrated runtime"}, {"error"}, {"whole models"}});
  for (const hardware::Calibration* c : defaults) {
    const std::optional<double> error = hardware::expected_error(c->evidence);
    const bool measured = hardware::covers(c->evidence, profile.id);
    table.add({{printable(c->runtime)},
               {error ? format_percent(*error) : "-"},
               {measured ? "measured on this machine" : "of other machines: unvalidated here"}});
  }
  streams.out << '\n';
  print_table(table, Fit::kWhole, streams.out, streams.out_is_terminal);
}

std::string fact_text(const hardware::NamedFact& named) {
  return named.unit ? format_quantity(named.fact.value, *named.unit) : number(named.fact.value);
}

ExitCode run_hardware_list(const Arguments&, const Streams& streams) {
  report::Table table({{"id"},
                       {.title = "name", .flexible = true, .min_width = 28},
                       {"fp32", Align::kQuantity, 1},
                       {"fp16", Align::kQuantity, 3},
                       {"int8", Align::kQuantity, 4},
                       {"bandwidth", Align::kQuantity, 1},
                       {"memory", Align::kQuantity, 2},
                       {"ridge", Align::kRight, 5},
                       {"calibrated", Align::kLeft, 6}});
  std::set<std::string> runtimes;
  // One broken file must not hide the others.
  ExitCode code = guarded(streams.err, [&] {
    runtimes = default_runtimes();
    return ExitCode::kOk;
  });
  for (const std::string& id : hardware::list_ids()) {
    const ExitCode one = guarded(streams.err, [&] {
      table.add(list_row(hardware::find(id), runtimes));
      return ExitCode::kOk;
    });
    if (one != ExitCode::kOk) code = one;
  }
  print_table(table, Fit::kToWidth, streams.out, streams.out_is_terminal);
  streams.out
      << "\n  peaks of the data sheet in FLOP/s; ridge = fp32 peak / bandwidth, in FLOP/B\n";
  return code;
}

ExitCode run_hardware_show(const Arguments& arguments, const Streams& streams) {
  const hardware::Profile profile = hardware::find(arguments.positionals.front());
  streams.out << fmt::format("{}: {}, {}\nfile    {}\ndigest  {}\n\n", printable(profile.id),
                             printable(profile.name), printable(profile.kind),
                             printable(profile.path), profile.digest);
  report::Table table(
      {{"fact"}, {"value", Align::kQuantity}, {"source"}, {.title = "note", .max_width = 400}});
  for (const hardware::NamedFact& named : hardware::facts(profile)) {
    table.add({{printable(named.name)},
               {fact_text(named)},
               {printable(named.fact.source)},
               {printable(named.fact.note)}});
  }
  print_table(table, Fit::kWhole, streams.out, streams.out_is_terminal);
  for (const hardware::Calibration& c : profile.calibrations) show_calibration(c, streams);
  // A broken default must not hide what else is known.
  const ExitCode code = guarded(streams.err, [&] {
    show_defaults(profile, streams);
    return ExitCode::kOk;
  });
  streams.out << "\nsources\n";
  for (const auto& [id, citation] : profile.sources) {
    streams.out << fmt::format("  {}: {}\n", printable(id), printable(citation));
  }
  return code;
}

ExitCode run_hardware_check(const Arguments& arguments, const Streams& streams) {
  const std::string& path = arguments.positionals.front();
  if (std::filesystem::path(path).parent_path().filename() == "defaults") {
    const hardware::DefaultCalibration loaded = hardware::load_default(path);
    streams.out << fmt::format("{}: valid: default for {} of kind '{}', {} kernels\n",
                               printable(path), printable(loaded.calibration.runtime), loaded.kind,
                               loaded.calibration.kernels.size());
    return ExitCode::kOk;
  }
  const hardware::Profile profile = hardware::load_file(path);
  const std::size_t sources = profile.sources.size();
  const std::size_t fits = profile.calibrations.size();
  streams.out << fmt::format("{}: valid: '{}' ({}), {} facts from {}{}\n", printable(path),
                             printable(profile.id), printable(profile.name),
                             hardware::facts(profile).size(), counted(sources, "source"),
                             fits == 0 ? "" : ", " + counted(fits, "calibration"));
  return ExitCode::kOk;
}

}  // namespace

const Command kHardwareListCommand{
    "hardware list",  "", "list the machines that --hardware knows", {}, "roofline hardware list",
    run_hardware_list};
const Command kHardwareShowCommand{"hardware show",
                                   "ID|FILE",
                                   "show every fact of one machine, with its source",
                                   {},
                                   "roofline hardware show v100",
                                   run_hardware_show,
                                   hardware::list_ids};
const Command kHardwareCheckCommand{"hardware check",
                                    "FILE",
                                    "check a machine description before using it",
                                    {},
                                    "roofline hardware check my_board.yaml",
                                    run_hardware_check};

}  // namespace roofline::cli
