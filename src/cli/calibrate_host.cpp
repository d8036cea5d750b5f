// Owns `roofline calibrate host`: progress, the written profile, and a summary of it.
// Refuses to measure: the calibrate room does.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <ostream>

#include "command.hpp"
#include "output.hpp"
#include "roofline/base/text.hpp"
#include "roofline/calibrate/host.hpp"

namespace roofline::cli {
namespace {

namespace fs = std::filesystem;

std::string profile_id(const Arguments& arguments, const std::string& path) {
  const std::string* given = arguments.one("--id");
  const std::string id = given != nullptr ? *given : fs::path(path).stem().string();
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  if (id.empty() || id.find_first_not_of(kAllowed) != std::string::npos) {
    throw usage_error(fmt::format("'{}' is not an id: expected lower-case letters, digits, '.', "
                                  "'_' and '-'",
                                  printable(id)),
                      "give one with --id, or rename the file");
  }
  return id;
}

/// Refuses before anything is measured what would fail, or be lost, afterwards.
void check_target(const std::string& path) {
  std::error_code ignored;
  const fs::path directory = fs::path(path).parent_path();
  if (!directory.empty() && !fs::is_directory(directory, ignored)) {
    throw Error("output", printable(path), "cannot be written: there is no such directory",
                "create it first");
  }
  if (!fs::is_regular_file(path, ignored)) return;
  const hardware::Profile old = hardware::load_file(path);
  if (old.calibrations.empty()) return;
  throw Error("calibrated", printable(path),
              "has calibrations, which hold for the peaks in it and would be lost",
              "write to another file, or remove this one");
}

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))); }

void summarize(const hardware::Profile& profile, const Streams& streams) {
  report::Table table(
      {{"fact"}, {"value", report::Align::kQuantity}, {.title = "note", .max_width = 100}});
  for (const hardware::NamedFact& named : hardware::facts(profile)) {
    if (named.name.starts_with("bandwidth_curve.")) continue;
    table.add({{named.name},
               {named.unit ? format_quantity(named.fact.value, *named.unit)
                           : fmt::format("{:g}", named.fact.value)},
               {named.fact.note}});
  }
  print_table(table, Fit::kWhole, streams.out, streams.out_is_terminal);
}

ExitCode run_calibrate_host(const Arguments& arguments, const Streams& streams) {
  const std::string* path = arguments.one("--output");
  if (path == nullptr) {
    throw usage_error("roofline calibrate host: -o PROFILE.yaml is missing",
                      "the profile is written there");
  }
  const std::string id = profile_id(arguments, *path);
  check_target(*path);
  calibrate::HostOptions options;
  ProgressLine line(streams.err);
  options.progress = [&](const std::string& what, double done) {
    line.show(fmt::format("measuring {}, {:.0f} %", what, done * 100));
  };
  const calibrate::HostFacts facts = calibrate::host_facts("/", calibrate::usable_processors());
  const calibrate::HostRates rates = calibrate::measure_host(facts, options);
  line.clear();
  const hardware::Profile profile = calibrate::host_profile(facts, rates, id, today());
  hardware::save(profile, *path);
  for (const Diagnostic& doubt : calibrate::host_doubts(facts, rates)) print(doubt, streams.err);
  streams.out << fmt::format("{}: {}\n\n", printable(*path), printable(profile.name));
  summarize(profile, streams);
  return ExitCode::kOk;
}

constexpr std::array kCalibrateHostOptions = {
    OptionSpec{.group = "output",
               .name = "--output",
               .value = "FILE",
               .help = "profile to write",
               .short_name = "-o"},
    OptionSpec{.group = "output",
               .name = "--id",
               .value = "NAME",
               .help = "id of the profile; by default the name of the file without .yaml"},
};

}  // namespace

const Command kCalibrateHostCommand{"calibrate host",
                                    "",
                                    "measure this machine and write a profile of it",
                                    kCalibrateHostOptions,
                                    "roofline calibrate host -o host.yaml\n"
                                    "roofline calibrate host -o host.yaml --id build-server",
                                    run_calibrate_host};

}  // namespace roofline::cli
