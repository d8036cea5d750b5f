#pragma once
#include <span>

#include "draft.hpp"
#include "roofline/base/scenario.hpp"

namespace roofline::plan {

/// A plan under change, and what it was made from.
struct PlanChange {
  const Draft& draft;
  const hardware::Profile& profile;
  const PrecisionRules& precision;
  int block;  ///< channels of a vector in the blocked layout; 1 where there is none
  Plan& plan;
};

/// A scenario that changes steps and buffers of a plan that stands.
struct PlanScenario {
  ScenarioKind kind;
  void (*apply)(PlanChange& change, const Scenario& scenario, Outcome& outcome);
};

/// Applies them in order and fills Plan::outcomes.
void apply_scenarios(PlanChange change, std::span<const Scenario> scenarios);

// Passes, each in the file of its name.
extern const PlanScenario kBackends;
extern const PlanScenario kGraphs;
extern const PlanScenario kTile;

}  // namespace roofline::plan
