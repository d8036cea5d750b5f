// Owns the meaning of the flags that say on which machine, how, and at which sizes.
// Refuses to load anything: question.hpp's Inputs does when asked.
#include "question.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "option_groups.hpp"
#include "roofline/base/text.hpp"
#include "roofline/report/read.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

std::vector<std::string> split_hardware(const std::vector<std::string>& values) {
  std::vector<std::string> machines;
  for (const std::string& value : values) {
    for (const std::string_view machine : split(value, ',')) {
      if (machine.empty()) {
        throw usage_error(fmt::format(
            "--hardware: found '{}', expected ids or files separated by commas", printable(value)));
      }
      machines.emplace_back(machine);
    }
  }
  return machines;
}

template <class Map, class Read>
void read_assignments(const Arguments& arguments, std::string_view flag, std::string_view form,
                      Map& map, Read read) {
  for (const std::string& text : arguments.all(flag)) {
    const auto [name, value] = assignment(flag, text, form);
    if (!map.emplace(name, read(flag, value)).second) {
      throw usage_error(fmt::format("{}: '{}' was given twice", flag, printable(name)));
    }
  }
}

infer::Bindings bindings(const Arguments& arguments) {
  infer::Bindings result;
  read_assignments(arguments, "--shape", "a shape as in image=1x3x224x224 or image=scalar",
                   result.shapes, shape);
  read_assignments(
      arguments, "--trip-count", "a number of iterations as in decoder=20", result.trip_counts,
      [](std::string_view flag, const std::string& text) { return integer(flag, text, 0); });
  read_assignments(arguments, "--value", "elements as in steps=1,2,3", result.values, numbers);
  return result;
}

/// Into Bindings::dims or, given a range, Question::swept.
void read_dims(const Arguments& arguments, Ranges ranges, Question& question) {
  std::map<std::string, std::vector<std::int64_t>> given;
  for (const std::string& text : arguments.all("--dim")) {
    const auto [name, value] = assignment("--dim", text, "a size as in batch=8");
    const bool is_range = value.find("..") != std::string::npos || value.find(',') < value.size();
    if (is_range && ranges == Ranges::kRefused) {
      throw usage_error(
          fmt::format("--dim: found '{}', expected one size as in batch=8", printable(text)),
          "'roofline sweep' takes ranges");
    }
    const std::vector<std::int64_t> values =
        is_range ? sizes("--dim", value) : std::vector{integer("--dim", value, 0)};
    if (!given.emplace(name, values).second) {
      throw usage_error(fmt::format("--dim: '{}' was given twice", printable(name)));
    }
    if (is_range)
      question.swept.push_back({name, values});
    else
      question.request.bindings.dims.emplace(name, values.front());
  }
}

/// One, or in a sweep several with commas between. As-is is nullopt.
std::vector<std::optional<hardware::Precision>> precisions(const Arguments& arguments) {
  const std::string* text = arguments.one("--precision");
  if (!text) return {std::nullopt};
  std::vector<std::optional<hardware::Precision>> several;
  for (const std::string_view name : split(*text, ',')) {
    several.push_back(hardware::precision_from_name(name));
  }
  return several;
}

/// Those of flags and of the files that flags name, in order.
std::vector<Scenario> scenarios(const Arguments& arguments, bool on_machine) {
  std::vector<Scenario> asked;
  for (const std::string& text : arguments.all("--scenario")) {
    const bool is_file = text.ends_with(".yaml") && text.find(':') == std::string::npos;
    if (is_file) {
      for (Scenario& scenario : read_scenarios(text)) asked.push_back(std::move(scenario));
      continue;
    }
    asked.push_back(Scenario::parse(text));
    check(asked.back());
  }
  for (const Scenario& scenario : asked) {
    if (on_machine || !needs_machine(scenario)) continue;
    throw usage_error(fmt::format("scenario '{}' changes how a machine runs the model: give "
                                  "--hardware",
                                  printable(scenario.text())),
                      "'roofline hardware list' names the machines");
  }
  return asked;
}

Question question(const Arguments& arguments, OnMissingPrecision on_missing) {
  Question asked = question(arguments);
  asked.request.plan.precision_may_differ = on_missing == OnMissingPrecision::kAsIs;
  return asked;
}

/// A flag of kMachineOptions or kSizeOptions that was given, "" when none was.
std::string_view asked(const Arguments& arguments) {
  for (const OptionSpec& option : joined(kMachineOptions, kSizeOptions)) {
    if (arguments.has(option.name)) return option.name;
  }
  return {};
}

}  // namespace

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const ScenarioKind& kind : scenario_kinds()) names.emplace_back(kind.name);
  return names;
}

Question question(const Arguments& arguments, Ranges ranges) {
  Question result;
  result.machines = split_hardware(arguments.all("--hardware"));
  Request& request = result.request;
  request.bindings = bindings(arguments);
  read_dims(arguments, ranges, result);
  result.precisions = precisions(arguments);
  request.plan.precision = result.precisions.front();
  if (const std::string* runtime = arguments.one("--runtime")) {
    request.plan.runtime = *runtime;
  }
  if (const std::string* threads = arguments.one("--threads")) {
    request.estimate.threads = thread_count(*threads);
  }
  if (const std::string* roof = arguments.one("--roof")) {
    request.estimate.roof =
        *roof == "measured" ? hardware::Roof::kMeasured : hardware::Roof::kDatasheet;
  }
  if (const std::string* version = arguments.one("--runtime-version")) {
    request.estimate.version = *version;
  }
  request.estimate.copies = arguments.has("--copies");
  request.scenarios = scenarios(arguments, !result.machines.empty());
  if (!result.machines.empty()) return result;
  for (const OptionSpec& option : kMachineOptions) {
    if (arguments.has(option.name)) {
      throw usage_error(fmt::format("{} has no effect without --hardware", option.name));
    }
  }
  return result;
}

std::vector<hardware::Profile> load_profiles(const std::vector<std::string>& machines) {
  std::vector<hardware::Profile> profiles;
  for (const std::string& machine : machines) profiles.push_back(hardware::find(machine));
  return profiles;
}

Pricer::Pricer(Question question)
    : question_(std::move(question)), profiles_(load_profiles(question_.machines)) {
  for (const hardware::Profile& profile : profiles_) {
    question_.request.hardware.push_back(&profile);
  }
}

report::Report Pricer::price(const std::string& path, onnx_io::Digest digest) const {
  return analyze(onnx_io::load(path, digest), question_.request);
}

Inputs::Inputs(const Arguments& arguments, OnMissingPrecision on_missing)
    : pricer_(question(arguments, on_missing)) {
  const std::string_view flag = asked(arguments);
  const auto& paths = arguments.positionals;
  if (!flag.empty() && std::all_of(paths.begin(), paths.end(), report::is_saved_report)) {
    throw usage_error(fmt::format("{} has no effect on a saved report", flag),
                      "give the model, or save a report of that machine and those sizes");
  }
}

report::Report Inputs::get(const std::string& path) const {
  if (report::is_saved_report(path)) return report::read_json_file(path);
  return pricer_.price(path, onnx_io::Digest::kCompute);
}

}  // namespace roofline::cli
