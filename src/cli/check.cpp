// Owns `roofline check`: budget and models in, verdicts and exit code out.
// Refuses to judge (report/budget.hpp does), and to price the same run twice.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <ostream>

#include "check_init.hpp"
#include "option_groups.hpp"
#include "output.hpp"
#include "question.hpp"
#include "roofline/base/text.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/report/budget.hpp"
#include "roofline/report/read.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

using report::Report;
using report::Rule;

/// A failure while a rule was answered says which rule, unless it says where already.
template <class Body>
auto located(const Rule& rule, Body body) {
  try {
    return body();
  } catch (const Error& error) {
    Diagnostic diagnostic = error.diagnostic();
    if (diagnostic.location.empty()) diagnostic.location = rule.location;
    throw Error(error.exit_code(), std::move(diagnostic));
  }
}

/// The reports that rules are about: each file is read once, each run priced once.
class Reports {
 public:
  /// Of a model or saved report, as the rule asks.
  const Report& get(const Rule& rule, const std::string& path) {
    report::Run run = rule.run;
    run.model = path;
    const auto known = priced_.find(run);
    if (known != priced_.end()) return known->second;
    Report report = report::is_saved_report(path)
                        ? narrowed(saved(path), rule, hardware_id(rule), path)
                        : analyze(model(path), to_request(rule.run, machine(rule)));
    report.model.path = path;
    return priced_.emplace(std::move(run), std::move(report)).first->second;
  }

 private:
  const Report& saved(const std::string& path) {
    const auto known = saved_.find(path);
    if (known != saved_.end()) return known->second;
    return saved_.emplace(path, report::read_json_file(path)).first->second;
  }

  const ir::Model& model(const std::string& path) {
    const auto known = models_.find(path);
    if (known != models_.end()) return known->second;
    return models_.emplace(path, onnx_io::load(path, onnx_io::Digest::kSkip)).first->second;
  }

  const hardware::Profile& profile(const std::string& hardware) {
    const auto known = profiles_.find(hardware);
    if (known != profiles_.end()) return known->second;
    return profiles_.emplace(hardware, hardware::find(hardware)).first->second;
  }

  /// nullptr for figures that need none.
  const hardware::Profile* machine(const Rule& rule) {
    return rule.run.hardware.empty() ? nullptr : &profile(rule.run.hardware);
  }

  /// A saved report may be of a machine that has no profile here: then it is named by its id.
  std::string hardware_id(const Rule& rule) {
    const std::string& hardware = rule.run.hardware;
    return hardware::is_file(hardware) ? profile(hardware).id : hardware;
  }

  std::map<report::Run, Report> priced_;
  std::map<std::string, Report> saved_;
  std::map<std::string, ir::Model> models_;
  std::map<std::string, hardware::Profile> profiles_;
};

/// The rules for each model, in order: each model once, and verdicts point at its rules.
std::vector<std::vector<Rule>> rules_by_model(const Arguments& arguments,
                                              const report::Budget& budget) {
  std::vector<std::vector<Rule>> groups;
  std::map<std::string, std::size_t> group_of;
  for (const Rule& rule : budget.rules) {
    const std::string& model = rule.run.model;
    if (model.empty() && arguments.positionals.empty()) {
      throw Error(ExitCode::kUsage, {Severity::kError,
                                     "no-model",
                                     "there is no model to check",
                                     "name it behind 'roofline check', or add 'model: FILE'",
                                     rule.location,
                                     {}});
    }
    const auto [group, is_new] = group_of.emplace(model, groups.size());
    if (is_new) groups.emplace_back();
    groups[group->second].push_back(rule);
  }
  if (arguments.positionals.empty()) return groups;
  if (groups.size() > 1) {
    throw usage_error(fmt::format("'{}' has budgets of {} models, which a MODEL cannot replace",
                                  printable(budget.path), groups.size()),
                      "leave out MODEL, or split the file");
  }
  groups.assign(arguments.positionals.size(), budget.rules);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (Rule& rule : groups[i]) rule.run.model = arguments.positionals[i];
  }
  return groups;
}

using Renderer = void (*)(const report::Check&, const report::TextOptions&, std::ostream&);
template <void (*Render)(const report::Check&, std::ostream&)>
void plain(const report::Check& check, const report::TextOptions& /*options*/, std::ostream& out) {
  Render(check, out);
}
struct Format {
  std::string_view name;
  Renderer render;
};
constexpr std::array kFormats = {
    Format{"text", report::render_text},
    Format{"json", plain<report::render_json>},
    Format{"junit", plain<report::render_junit>},
    Format{"github", plain<report::render_github>},
    Format{"markdown", plain<report::render_markdown>},
};

Names format_names() {
  Names names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  return names;
}

Renderer renderer(std::string_view flag, const std::string& name) {
  choice(flag, name, format_names());
  return std::find_if(kFormats.begin(), kFormats.end(),
                      [&](const Format& format) { return format.name == name; })
      ->render;
}

/// One rendering and the file it goes to; "" is standard output.
struct Output {
  Renderer render;
  std::string path;
};

std::vector<Output> outputs(const Arguments& arguments) {
  const std::string* format = arguments.one("--format");
  const std::string* path = arguments.one("--output");
  std::vector<Output> list = {{renderer("--format", format ? *format : "text"), path ? *path : ""}};
  for (const std::string& text : arguments.all("--report")) {
    // A file name may have '=' in it, a format has none.
    const std::size_t equals = std::min(text.find('='), text.size());
    if (equals + 1 >= text.size()) {
      throw usage_error(
          fmt::format("--report: found '{}', expected FORMAT=FILE as in "
                      "junit=roofline.xml",
                      printable(text)));
    }
    list.push_back({renderer("--report", text.substr(0, equals)), text.substr(equals + 1)});
  }
  return list;
}

void write(const report::Check& check, const Output& output, const Streams& streams) {
  const bool to_terminal = output.path.empty() && streams.out_is_terminal;
  const report::TextOptions options = terminal_options(to_terminal);
  if (output.path.empty()) return output.render(check, options, streams.out);
  write_file(output.path, [&](std::ostream& out) { output.render(check, options, out); });
}

void check_flags(const Arguments& arguments) {
  const bool init = arguments.has("--init");
  if (init == arguments.has("--budget")) {
    throw usage_error(init ? "--init writes a budget, --budget reads one: give one of them"
                           : "roofline check: --budget FILE is missing",
                      "'roofline check --help' shows examples");
  }
  for (const OptionSpec& option : kCheckCommand.options) {
    const bool of_both = option.name == "--output" || option.name == "--budget";
    const bool of_init = std::any_of(kCheckInitOptions.begin(), kCheckInitOptions.end(),
                                     [&](const OptionSpec& o) { return o.name == option.name; });
    if (arguments.has(option.name) && !of_both && of_init != init) {
      throw usage_error(
          fmt::format("{} has no effect {} --init", option.name, init ? "beside" : "without"));
    }
  }
}

/// False when a model breaks the specification: then no figure of it means anything.
bool judge(const Rule& rule, Reports& reports, report::Check& check, std::ostream& err) {
  const Report& report = reports.get(rule, rule.run.model);
  const Report* baseline = rule.baseline.empty() ? nullptr : &reports.get(rule, rule.baseline);
  if (print_errors(report, err) || (baseline && print_errors(*baseline, err))) return false;
  for (report::Verdict& verdict : evaluate(rule, report, baseline)) {
    check.verdicts.push_back(std::move(verdict));
  }
  return true;
}

ExitCode run_check(const Arguments& arguments, const Streams& streams) {
  check_flags(arguments);
  if (arguments.has("--init")) return run_check_init(arguments, streams);
  const std::vector<Output> targets = outputs(arguments);
  const report::Budget budget = report::read_budget_file(*arguments.one("--budget"));
  const std::vector<std::vector<Rule>> groups = rules_by_model(arguments, budget);
  report::Check check{ROOFLINE_VERSION, budget.path, {}};
  Reports reports;
  for (const std::vector<Rule>& rules : groups) {
    for (const Rule& rule : rules) {
      const bool answered = located(rule, [&] { return judge(rule, reports, check, streams.err); });
      if (!answered) return ExitCode::kInput;
    }
  }
  for (const Output& target : targets) write(check, target, streams);
  return check.broken() > 0 ? ExitCode::kCheckFailed : ExitCode::kOk;
}

constexpr std::array kBudgetOption = {
    OptionSpec{.group = "budget",
               .name = "--budget",
               .value = "FILE",
               .help = "the limits, and what they are of: docs/ci.md"},
};
constexpr std::array kOutputOptions = {
    OptionSpec{.group = "output",
               .name = "--format",
               .value = "F",
               .help = "text (default), json, junit, github (annotations) or markdown",
               .choices = format_names},
    OptionSpec{.group = "output",
               .name = "--report",
               .value = "FORMAT=FILE",
               .help = "write the result to a file as well; repeat for several formats",
               .repeatable = true},
};
constexpr auto kCheckOptions =
    joined(kBudgetOption, kOutputOptions, kOutputOption, kCheckInitOptions);
constexpr std::string_view kCheckExamples =
    "roofline check --budget roofline.yaml\n"
    "roofline check resnet50.onnx --budget roofline.yaml --format github --report "
    "junit=roofline.xml\n"
    "roofline check resnet50.json --budget roofline.yaml\n"
    "roofline check --init resnet50.onnx --hardware rpi4b --runtime ncnn -o roofline.yaml";

}  // namespace

const Command kCheckCommand{
    "check",       "[MODEL|REPORT...]", "exit with 1 when a model is over its budgets",
    kCheckOptions, kCheckExamples,      run_check};

}  // namespace roofline::cli
