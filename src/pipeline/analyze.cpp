// Owns the order in which the rooms work on a request.
// Refuses to compute anything itself.
#include "roofline/pipeline/analyze.hpp"

#include <utility>

#include "roofline/onnx_io/onnx_io.hpp"
#include "rows.hpp"
#include "scenarios.hpp"

namespace roofline {

namespace {

report::Report price(const infer::TypedGraph& graph, const Request& request) {
  report::Report out;
  out.tool_version = ROOFLINE_VERSION;
  add_nodes(graph, request, out);
  out.diagnostics = graph.diagnostics;
  for (const hardware::Profile* profile : request.hardware) {
    add_result(graph, *profile, request, out);
  }
  return out;
}

/// The model as the scenarios change it, and what becomes of them.
struct Changed {
  std::optional<ir::Model> model;  ///< nullopt: as it was
  std::vector<report::ScenarioRow> rows;
};

/// Takes the scenarios that change the model out of the request.
Changed change_model(const infer::TypedGraph& graph, Request& request) {
  Changed changed;
  for (const Scenario& scenario : std::exchange(request.scenarios, {})) {
    const transform::Transform* transform = find_transform(scenario);
    if (transform == nullptr) {
      request.plan.scenarios.push_back(scenario);
      continue;
    }
    Outcome outcome;
    if (changed.model) {
      const infer::TypedGraph between = infer::infer(*changed.model, request.bindings);
      changed.model = transform->apply(between, scenario, request.bindings, outcome);
    } else {
      changed.model = transform->apply(graph, scenario, request.bindings, outcome);
    }
    changed.rows.push_back(scenario_row(scenario, std::move(outcome)));
  }
  return changed;
}

report::Report price(const ir::Model& model, const Request& request) {
  const infer::TypedGraph graph = infer::infer(model, request.bindings);
  if (request.scenarios.empty()) return price(graph, request);
  Request asked = request;
  Changed changed = change_model(graph, asked);
  Request base = request;
  base.scenarios.clear();
  const report::Report before = price(graph, base);
  report::Report after = changed.model ? price(infer::infer(*changed.model, asked.bindings), asked)
                                       : price(graph, asked);
  after.scenarios = std::move(changed.rows);
  add_base(before, after);
  return after;
}

}  // namespace

report::Report analyze(const ir::Model& model, const Request& request) {
  try {
    return price(model, request);
  } catch (const OverflowError&) {
    // A single node that overflows is a diagnostic; here a sum over nodes did.
    throw Error("overflow", model.path, "a sum over the model's nodes exceeds 2^63-1",
                "check the sizes given by --dim and --shape, and the model's constants");
  }
}

report::Report analyze(const std::string& path, const Request& request) {
  return analyze(onnx_io::load(path), request);
}

}  // namespace roofline
