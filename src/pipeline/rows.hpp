#pragma once
#include "roofline/pipeline/analyze.hpp"

// How the rooms' results become rows of the report.
namespace roofline {

/// Fills model, tensors, coverage, nodes and algorithmic totals.
void add_nodes(const infer::TypedGraph& graph, const Request& request, report::Report& out);
/// Appends the result for one machine.
void add_result(const infer::TypedGraph& graph, const hardware::Profile& profile,
                const Request& request, report::Report& out);

/// Notes in `after`, and in each of its layers, what `before` was: the same without scenarios.
void add_base(const report::Report& before, report::Report& after);
/// The row of a scenario.
[[nodiscard]] report::ScenarioRow scenario_row(const Scenario& scenario, Outcome outcome);

/// FLOPs per byte; nullopt when no byte moves.
[[nodiscard]] std::optional<double> intensity(Count flops, Count bytes);

}  // namespace roofline
