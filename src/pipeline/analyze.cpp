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

/// A single node that overflows is a diagnostic; where a sum over nodes does, nothing can be told.
template <class Price>
auto without_overflow(const ir::Model& model, Price price) {
  try {
    return price();
  } catch (const OverflowError&) {
    throw Error("overflow", model.path, "a sum over the model's nodes exceeds 2^63-1",
                "check the sizes given by --dim and --shape, and the model's constants");
  }
}

}  // namespace

Request to_request(const report::Run& run, const hardware::Profile* profile) {
  Request request;
  request.bindings = run.sizes;
  request.plan.runtime = run.runtime;
  request.plan.precision = hardware::precision_from_name(run.precision);
  request.estimate.threads = run.threads;
  if (profile != nullptr) request.hardware = {profile};
  return request;
}

report::Report analyze(const ir::Model& model, const Request& request) {
  if (!request.scenarios.empty()) {
    Request base = request;
    base.scenarios.clear();
    return WhatIf(model, base).with(request.scenarios);
  }
  return without_overflow(model,
                          [&] { return price(infer::infer(model, request.bindings), request); });
}

report::Report analyze(const std::string& path, const Request& request) {
  return analyze(onnx_io::load(path), request);
}

WhatIf::WhatIf(const ir::Model& model, Request request) : request_(std::move(request)) {
  graph_ = infer::infer(model, request_.bindings);
  changed_ = change_model(graph_, request_).model;
  if (changed_) graph_ = infer::infer(*changed_, request_.bindings);
  base_ = without_overflow(model, [&] { return price(graph_, request_); });
}

report::Report WhatIf::with(const std::vector<Scenario>& scenarios) const {
  Request asked = request_;
  asked.scenarios = scenarios;
  return without_overflow(*graph_.model, [&] {
    Changed changed = change_model(graph_, asked);
    report::Report after = changed.model
                               ? price(infer::infer(*changed.model, asked.bindings), asked)
                               : price(graph_, asked);
    after.scenarios = std::move(changed.rows);
    add_base(base_, after);
    return after;
  });
}

}  // namespace roofline
