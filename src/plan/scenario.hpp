#pragma once
#include <span>

#include "draft.hpp"
#include "fusing.hpp"
#include "kernel_rules.hpp"
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

/// The rules of a runtime under change, before a plan is made by them.
struct RuleChange {
  const infer::TypedGraph& graph;
  std::string_view runtime;
  NodeRules& rules;
  FusingChange& own;  ///< of the passes that ONNX Runtime has of its own
  /// Nodes that a fusion was asked for: those that still run alone are refused.
  std::function<bool(ir::NodeId, Fusing)> wanted = {};
};

/// A scenario that changes a plan: steps and buffers of one that stands, or the rules it is made
/// by. What a change of rules does to each node, the plan with it and the one without tell.
struct PlanScenario {
  ScenarioKind kind;
  void (*apply)(PlanChange& change, const Scenario& scenario, Outcome& outcome);
  void (*change_rules)(RuleChange& change, const Scenario& scenario, Outcome& outcome) = nullptr;
};

/// Throws Error (kUsage, "bad-scenario") for one that is none of these, or has bad arguments.
[[nodiscard]] const PlanScenario& find_scenario(const Scenario& scenario);

/// What rules that were changed do to each node. Both plans are of one graph.
void compare_kernels(const Draft& before, const Plan& old_plan, const Draft& after,
                     const Plan& new_plan, Outcome& outcome);

// Passes, each in the file of its name.
extern const PlanScenario kAlign;
extern const PlanScenario kBackends;
extern const PlanScenario kFuse;
extern const PlanScenario kGraphs;
extern const PlanScenario kIm2Col;
extern const PlanScenario kPrecision;
extern const PlanScenario kSparsity;
extern const PlanScenario kTile;
extern const PlanScenario kUnfuse;
extern const PlanScenario kWeights;
extern const PlanScenario kWinograd;

}  // namespace roofline::plan
