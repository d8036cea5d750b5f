// Owns `roofline calibrate fit` and `roofline calibrate anchor`.
// Refuses to write a profile that predicts worse than what it started from, unless told to.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>

#include "command.hpp"
#include "output.hpp"
#include "roofline/base/text.hpp"
#include "roofline/calibrate/fit.hpp"
#include "roofline/calibrate/samples.hpp"
#include "roofline/hardware/profile.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

using calibrate::Measurements;
using calibrate::Samples;
using hardware::Calibration;

constexpr std::size_t kMostUnidentified = 8;  ///< parameters named on screen; files list all
/// Anchors: what one machine adds to its kind, and how far few measurements may move it.
const std::vector<std::string> kAnchors = {"terms.compute", "terms.dram_bandwidth", "terms.step_s",
                                           "terms.run_s"};
constexpr double kAnchorPrior = 0.6;

/// What is fitted, into which file.
struct Job {
  std::string runtime;
  Calibration start;
  Measurements measurements;
  Samples samples;
};

Calibration start_of(const Arguments& arguments, const hardware::Profile* base,
                     const std::string& runtime, int threads) {
  if (const std::string* name = arguments.one("--start")) {
    const bool is_file = name->ends_with(".yaml");
    return (is_file ? hardware::load_default(*name) : hardware::find_default(*name)).calibration;
  }
  const Calibration* known =
      base == nullptr ? nullptr : hardware::find_calibration(*base, runtime, threads);
  if (known == nullptr) {
    throw usage_error(
        fmt::format("nothing to start from: no calibration for runtime '{}'", printable(runtime)),
        "give one with --start: " + join(hardware::list_defaults(), ", "));
  }
  return *known;
}

std::string runtime_of(const Arguments& arguments, const Measurements& measurements) {
  if (const std::string* runtime = arguments.one("--runtime")) return *runtime;
  const std::string& first = measurements.rows.front().runtime;
  for (const calibrate::Measurement& row : measurements.rows) {
    if (row.runtime != first) {
      throw usage_error(fmt::format("the measurements are of several runtimes, '{}' and '{}'",
                                    printable(first), printable(row.runtime)),
                        "choose one with --runtime");
    }
  }
  if (first.empty()) {
    throw usage_error("the measurements do not say which runtime was measured",
                      "give it with --runtime");
  }
  return first;
}

Job prepare_job(const Arguments& arguments, const hardware::Profile* base, const Streams& streams) {
  Job job;
  const auto& files = arguments.positionals;
  job.measurements = calibrate::read_measurements(files.front());
  for (std::size_t i = 1; i < files.size(); ++i) {
    calibrate::append(calibrate::read_measurements(files[i]), job.measurements);
  }
  job.runtime = runtime_of(arguments, job.measurements);
  job.start = start_of(arguments, base, job.runtime, job.measurements.rows.front().threads);
  calibrate::SampleSources sources;
  sources.model_dirs = arguments.all("--models");
  sources.machine = base;
  sources.runtime = job.runtime;
  if (const std::string* without = arguments.one("--without")) sources.without = *without;
  job.samples = calibrate::prepare(job.measurements, sources);
  for (const auto* list : {&job.measurements.diagnostics, &job.samples.diagnostics}) {
    for (const Diagnostic& diagnostic : *list) print(diagnostic, streams.err);
  }
  return job;
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

/// Measurements of whole models; the rest are nodes of these.
std::size_t whole_models(const Job& job) {
  const auto& list = job.samples.list;
  return static_cast<std::size_t>(std::count_if(
      list.begin(), list.end(), [](const calibrate::Sample& sample) { return sample.whole; }));
}

void print_fit(const calibrate::Fit& fit, const Job& job, const Streams& streams) {
  report::Table table({{"kernel"},
                       {"samples", report::Align::kRight},
                       {"bias", report::Align::kRight},
                       {"error", report::Align::kRight}});
  for (const calibrate::KindResidual& kind : fit.kinds) {
    table.add({{printable(kind.kind)},
               {std::to_string(kind.samples)},
               {fmt::format("{:+.1f} %", 100 * kind.bias)},
               {percent(kind.mape)}});
  }
  print_table(table, Fit::kWhole, streams.out, streams.out_is_terminal);
  const std::size_t wholes = whole_models(job);
  const std::size_t nodes = job.samples.list.size() - wholes;
  streams.out << fmt::format("\n  {} measurements{} of {}, mean absolute error {} (before: {})\n",
                             wholes, nodes > 0 ? fmt::format(" and {} of their nodes", nodes) : "",
                             printable(job.runtime), percent(fit.mape), percent(fit.start_mape));
  if (fit.cross_validated_mape) {
    streams.out << fmt::format("  cross-validated {}\n", percent(*fit.cross_validated_mape));
  }
}

void warn_unidentified(const calibrate::Fit& fit, const Streams& streams) {
  if (fit.unidentified.empty()) return;
  std::vector<std::string> shown(
      fit.unidentified.begin(),
      fit.unidentified.begin() +
          static_cast<std::ptrdiff_t>(std::min(kMostUnidentified, fit.unidentified.size())));
  if (fit.unidentified.size() > shown.size()) shown.emplace_back("...");
  print({Severity::kWarning,
         "unidentified-parameter",
         fmt::format("the measurements do not determine {} of the parameters: {}",
                     fit.unidentified.size(), join(shown, ", ")),
         "they keep what they started from; measure models that depend on them",
         {},
         {}},
        streams.err);
}

void refuse_worse(const calibrate::Fit& fit, const Arguments& arguments) {
  const double reached = fit.cross_validated_mape.value_or(fit.mape);
  if (reached < fit.start_mape || arguments.has("--force")) return;
  throw Error(ExitCode::kCheckFailed,
              {Severity::kError,
               "worse-calibration",
               fmt::format("the fit reaches {}, what it started from {}: nothing was written",
                           percent(reached), percent(fit.start_mape)),
               "check the measurements, or write it all the same with --force",
               {},
               {}});
}

/// Ids of the machines of the samples; none when the measurements are of the profile's own.
std::vector<std::string> machines(const Job& job) {
  std::set<std::string> ids;
  for (const auto& profile : job.samples.profiles) ids.insert(profile->id);
  return {ids.begin(), ids.end()};
}

/// The fitted parameters with what they were fitted to.
Calibration documented(const calibrate::Fit& fit, const Job& job, const Arguments& arguments) {
  Calibration result = fit.calibration;
  const calibrate::Measurement& first = job.measurements.rows.front();
  const std::string* as = arguments.one("--as");
  result.runtime = as != nullptr ? *as : job.runtime;
  result.version = first.version.empty() ? "several" : first.version;
  if (!job.measurements.date.empty()) result.date = job.measurements.date;
  result.machine = job.measurements.machine;
  result.is_default = false;
  result.evidence = {.rows = static_cast<int>(whole_models(job)),
                     .mape = fit.mape,
                     .cross_validated_mape = fit.cross_validated_mape,
                     .unidentified = fit.unidentified,
                     .sources = {},
                     .machines = machines(job)};
  return result;
}

void replace(hardware::Profile& profile, Calibration calibration) {
  std::erase_if(profile.calibrations, [&](const Calibration& old) {
    return old.runtime == calibration.runtime && old.threads == calibration.threads;
  });
  profile.calibrations.push_back(std::move(calibration));
}

void write(const Arguments& arguments, const hardware::Profile* base, const calibrate::Fit& fit,
           Calibration calibration, const Streams& streams) {
  const std::string& path = *arguments.one("--output");
  if (base != nullptr) {
    hardware::Profile profile = *base;
    replace(profile, std::move(calibration));
    hardware::save(profile, path);
  } else {
    const std::string* start = arguments.one("--start");
    hardware::DefaultCalibration family =
        start->ends_with(".yaml") ? hardware::load_default(*start) : hardware::find_default(*start);
    calibration.is_default = true;
    family.calibration = std::move(calibration);
    family.machines.clear();
    for (const auto& [id, own] : fit.machines) family.machines.emplace(id, own.terms);
    hardware::save(family, path);
  }
  streams.out << fmt::format("  written to {}\n", printable(path));
}

ExitCode run_fit(const Arguments& arguments, const Streams& streams,
                 const calibrate::FitOptions& options) {
  if (!arguments.has("--output")) throw usage_error("--output FILE is missing");
  std::optional<hardware::Profile> base;
  if (const std::string* id = arguments.one("--base")) base = hardware::find(*id);
  if (!base && !arguments.has("--start")) {
    throw usage_error("--base ID|FILE is missing: the machine that was measured",
                      "or fit a default for many machines with --start");
  }
  const hardware::Profile* machine = base ? &*base : nullptr;
  const Job job = prepare_job(arguments, machine, streams);
  const calibrate::Fit fit = calibrate::fit(job.samples.list, job.start, options);
  print_fit(fit, job, streams);
  warn_unidentified(fit, streams);
  refuse_worse(fit, arguments);
  write(arguments, machine, fit, documented(fit, job, arguments), streams);
  return ExitCode::kOk;
}

ExitCode run_calibrate_fit(const Arguments& arguments, const Streams& streams) {
  calibrate::FitOptions options;
  options.free = arguments.all("--free");
  options.per_machine = arguments.all("--per-machine");
  for (const std::string& pattern : options.per_machine) {
    if (!pattern.starts_with("terms.")) {
      throw usage_error(
          fmt::format("--per-machine: found '{}', expected terms.NAME", printable(pattern)),
          "only terms can be a machine's own");
    }
  }
  return run_fit(arguments, streams, options);
}

ExitCode run_calibrate_anchor(const Arguments& arguments, const Streams& streams) {
  calibrate::FitOptions options;
  options.free = kAnchors;
  options.prior = kAnchorPrior;
  options.folds = 0;
  return run_fit(arguments, streams, options);
}

constexpr OptionSpec kFitBase = {
    .group = "machine",
    .name = "--base",
    .value = "ID|FILE",
    .help = "the machine that was measured; its fitted times go into --output",
    .choices = hardware::list_ids,
    .open = true};
constexpr OptionSpec kFitOutput = {.group = "output",
                                   .name = "--output",
                                   .value = "FILE",
                                   .help = "where to write the fitted profile",
                                   .short_name = "-o"};
constexpr OptionSpec kFitModels = {.group = "measurements",
                                   .name = "--models",
                                   .value = "DIR",
                                   .help =
                                       "where the measured models are; beside the "
                                       "measurements by default",
                                   .repeatable = true};
constexpr OptionSpec kFitRuntime = {.group = "measurements",
                                    .name = "--runtime",
                                    .value = "NAME",
                                    .help = "rows of this runtime only",
                                    .choices = plan::runtime_names,
                                    .open = true};
constexpr OptionSpec kFitStart = {
    .group = "fit",
    .name = "--start",
    .value = "NAME|FILE",
    .help = "calibration to start from; by default the machine's own, or its kind's",
    .choices = hardware::list_defaults,
    .open = true};
constexpr OptionSpec kFitForce = {.group = "fit",
                                  .name = "--force",
                                  .help =
                                      "write the profile even if it predicts no better than "
                                      "what the fit started from"};
constexpr std::array kFitOptions = {
    kFitBase,
    kFitModels,
    kFitRuntime,
    OptionSpec{.group = "output",
               .name = "--as",
               .value = "NAME",
               .help = "runtime that the result is for; that of the rows by default"},
    OptionSpec{.group = "measurements",
               .name = "--without",
               .value = "ID",
               .help = "leave out the rows of one machine"},
    kFitStart,
    OptionSpec{.group = "fit",
               .name = "--free",
               .value = "PATTERN",
               .help = "parameters to fit, as in 'terms.step_s' or 'kernels.conv.*'; by default "
                       "those that single operators determine",
               .repeatable = true},
    OptionSpec{.group = "fit",
               .name = "--per-machine",
               .value = "PATTERN",
               .help = "parameters that each machine of the rows has for itself, as terms.compute",
               .repeatable = true},
    kFitForce,
    kFitOutput,
};
constexpr std::array kAnchorOptions = {kFitBase,  kFitModels, kFitRuntime,
                                       kFitStart, kFitForce,  kFitOutput};

}  // namespace

const Command kCalibrateFitCommand{
    "calibrate fit",
    "FILE...",
    "fit a machine's times to measurements of many operators or models",
    kFitOptions,
    "roofline calibrate fit times.json --base host.yaml -o host.yaml\n"
    "roofline calibrate fit rows.csv --start gpu-tensorrt --models models -o family.yaml",
    run_calibrate_fit};
const Command kCalibrateAnchorCommand{
    "calibrate anchor",
    "FILE...",
    "adapt what is known of its kind to one machine, from a few whole-model times",
    kAnchorOptions,
    "roofline calibrate anchor three_rows.csv --base l4 --models models -o my_l4.yaml",
    run_calibrate_anchor};

}  // namespace roofline::cli
