#pragma once
#include "roofline/pipeline/analyze.hpp"

// How the rooms' results become rows of the report.
namespace roofline {

/// Fills model, tensors, coverage, nodes and algorithmic totals.
void add_nodes(const infer::TypedGraph& graph, const Request& request, report::Report& out);
/// Appends the result for one machine.
void add_result(const infer::TypedGraph& graph, const hardware::Profile& profile,
                const Request& request, report::Report& out);

/// FLOPs per byte; nullopt when no byte moves.
[[nodiscard]] std::optional<double> intensity(Count flops, Count bytes);

}  // namespace roofline
