// Owns `roofline hardware list|show|check`.
// Refuses to judge a profile: the hardware room validates.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

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

std::string quantity(std::optional<double> value, Unit unit) {
  return value ? format_quantity(*value, unit) : "-";
}

/// FLOP/s without unit, which the table's footer names.
std::string rate(std::optional<double> value) { return value ? format_count(*value) : "-"; }

std::string number(double value) {
  return value == static_cast<double>(static_cast<std::int64_t>(value))
             ? fmt::format("{:.0f}", value)
             : fmt::format("{:.3g}", value);
}

std::vector<Cell> list_row(const hardware::Profile& profile) {
  const std::optional<double> fp32 = peak(profile, Precision::kFp32);
  const auto bandwidth = hardware::bandwidth(profile.dram(), hardware::Roof::kDatasheet);
  const auto& capacity = profile.dram().capacity_bytes;
  const bool has_ridge = fp32 && bandwidth && *bandwidth > 0;
  return {{printable(profile.id)},
          {printable(profile.name)},
          {rate(fp32)},
          {rate(peak(profile, Precision::kFp16))},
          {rate(peak(profile, Precision::kInt8))},
          {quantity(bandwidth, Unit::kBytePerSecond)},
          {quantity(capacity ? std::optional(capacity->value) : std::nullopt, Unit::kByte)},
          {has_ridge ? fmt::format("{:.3g}", *fp32 / *bandwidth) : "-"},
          {profile.calibrations.empty() ? "no" : "yes"}};
}

std::string fact_text(const hardware::NamedFact& named) {
  return named.unit ? format_quantity(named.fact.value, *named.unit) : number(named.fact.value);
}

}  // namespace

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
  ExitCode code = ExitCode::kOk;
  for (const std::string& id : hardware::list_ids()) {
    // One broken file must not hide the others.
    const ExitCode one = guarded(streams.err, [&] {
      table.add(list_row(hardware::find(id)));
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
  if (profile.calibrations.empty()) {
    streams.out << "\nuncalibrated: predictions use efficiency 1 and the overheads above\n";
  }
  for (const hardware::Calibration& c : profile.calibrations) {
    streams.out << fmt::format("\ncalibrated for {} {} on {}\n", printable(c.runtime),
                               printable(c.version), printable(c.date));
  }
  streams.out << "\nsources\n";
  for (const auto& [id, citation] : profile.sources) {
    streams.out << fmt::format("  {}: {}\n", printable(id), printable(citation));
  }
  return ExitCode::kOk;
}

ExitCode run_hardware_check(const Arguments& arguments, const Streams& streams) {
  const std::string& path = arguments.positionals.front();
  const hardware::Profile profile = hardware::load_file(path);
  const std::size_t sources = profile.sources.size();
  streams.out << fmt::format("{}: valid: '{}' ({}), {} facts from {} source{}\n", printable(path),
                             printable(profile.id), printable(profile.name),
                             hardware::facts(profile).size(), sources, sources == 1 ? "" : "s");
  return ExitCode::kOk;
}

}  // namespace roofline::cli
