// Owns the list of scenarios that change a plan, and their order.
// Refuses to change anything itself: each is one constant in its own file.
#include "scenario.hpp"

#include <algorithm>
#include <array>

namespace roofline::plan {
namespace {

std::span<const PlanScenario* const> all() {
  static constexpr std::array kAll = {
      &kAlign,    &kBackends, &kFuse,   &kGraphs,  &kIm2Col,   &kPrecision,
      &kSparsity, &kTile,     &kUnfuse, &kWeights, &kWinograd,
  };
  return kAll;
}

}  // namespace

std::vector<ScenarioKind> plan_scenarios() {
  std::vector<ScenarioKind> kinds;
  for (const PlanScenario* scenario : all()) kinds.push_back(scenario->kind);
  return kinds;
}

const PlanScenario& find_scenario(const Scenario& scenario) {
  const auto found = std::find_if(all().begin(), all().end(), [&](const PlanScenario* s) {
    return s->kind.name == scenario.name();
  });
  if (found == all().end()) fail_scenario(scenario, "is none that changes a plan");
  scenario.check((*found)->kind);
  return **found;
}

}  // namespace roofline::plan
