// Owns `roofline scenarios`: the kinds of what-ifs on screen.
// Refuses to know more of a scenario than its kind says.
#include <fmt/format.h>

#include <ostream>

#include "command.hpp"
#include "output.hpp"
#include "question.hpp"
#include "roofline/base/text.hpp"
#include "roofline/report/table.hpp"

namespace roofline::cli {
namespace {

void show(const ScenarioKind& kind, std::ostream& out) {
  out << fmt::format("--scenario {}\n  {}\n", usage(kind), kind.summary);
  if (!kind.arguments.empty()) out << '\n';
  for (const ScenarioArgument& argument : kind.arguments) {
    const std::string form = argument.key.empty()
                                 ? std::string(argument.value)
                                 : fmt::format("{}={}", argument.key, argument.value);
    out << fmt::format("  {:<16} {}{}\n", form, argument.help,
                       argument.repeatable ? "; repeatable" : "");
  }
  if (!kind.changes_results) return;
  out << "\n  changes the model's results: "
      << (kind.needs_training ? "it has to be trained again\n" : "measure its accuracy\n");
}

ExitCode run_scenarios(const Arguments& arguments, const Streams& streams) {
  const std::vector<ScenarioKind> kinds = scenario_kinds();
  if (arguments.positionals.empty()) {
    report::Table table({{"scenario"}, {.title = "what it does", .max_width = 120}});
    for (const ScenarioKind& kind : kinds) {
      table.add({{std::string(kind.name)}, {std::string(kind.summary)}});
    }
    print_table(table, Fit::kWhole, streams.out, streams.out_is_terminal);
    return ExitCode::kOk;
  }
  const std::string& name = arguments.positionals.front();
  for (const ScenarioKind& kind : kinds) {
    if (kind.name != name) continue;
    show(kind, streams.out);
    return ExitCode::kOk;
  }
  std::string hint = did_you_mean_hint(name, scenario_names());
  if (hint.empty()) hint = "'roofline scenarios' lists all";
  throw usage_error(fmt::format("there is no scenario '{}'", printable(name)), hint);
}

}  // namespace

const Command kScenariosCommand{
    "scenarios",
    "[NAME]",
    "list the what-ifs that 'analyze --scenario' prices, or one in detail",
    {},
    "roofline scenarios\nroofline scenarios prune",
    run_scenarios,
    scenario_names};

}  // namespace roofline::cli
