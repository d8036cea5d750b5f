// Owns the list of scenarios that change a plan, and their order.
// Refuses to change anything itself: each is one constant in its own file.
#include "scenario.hpp"

#include <algorithm>
#include <array>

namespace roofline::plan {
namespace {

std::span<const PlanScenario* const> all() {
  static constexpr std::array kAll = {&kBackends, &kGraphs, &kTile};
  return kAll;
}

}  // namespace

std::vector<ScenarioKind> plan_scenarios() {
  std::vector<ScenarioKind> kinds;
  for (const PlanScenario* scenario : all()) kinds.push_back(scenario->kind);
  return kinds;
}

void apply_scenarios(PlanChange change, std::span<const Scenario> scenarios) {
  for (const Scenario& scenario : scenarios) {
    const auto found = std::find_if(all().begin(), all().end(), [&](const PlanScenario* s) {
      return s->kind.name == scenario.name();
    });
    if (found == all().end()) fail_scenario(scenario, "is none that changes a plan");
    scenario.check((*found)->kind);
    (*found)->apply(change, scenario, change.plan.outcomes.emplace_back());
  }
}

}  // namespace roofline::plan
