// Owns which kinds of scenarios there are, and what the report says of them beside the model as it
// was. Refuses to change anything: rooms transform and plan do.
#include "scenarios.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "roofline/base/text.hpp"
#include "roofline/data/yaml.hpp"
#include "rows.hpp"

namespace roofline {
namespace {

ScenarioKind kind_of(const Scenario& scenario) {
  const std::vector<ScenarioKind> kinds = scenario_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const ScenarioKind& kind) {
    return kind.name == scenario.name();
  });
  if (found != kinds.end()) return *found;
  std::vector<std::string> names;
  for (const ScenarioKind& kind : kinds) names.emplace_back(kind.name);
  std::string hint = did_you_mean_hint(scenario.name(), names);
  fail_scenario(scenario, "is of no known kind",
                hint.empty() ? "scenarios: " + join(names, ", ") : hint);
}

/// Where each result of the model was computed: names of results stay when layers change.
using LayerOfResult = std::unordered_map<std::string_view, std::size_t>;

LayerOfResult layers_of_results(const report::Report& report, const report::Result& result) {
  LayerOfResult layer_of;
  for (std::size_t i = 0; i < result.layers.size(); ++i) {
    for (const std::size_t n : result.layers[i].nodes) {
      for (const report::TensorInfo& output : report.nodes[n].outputs) {
        layer_of.emplace(output.name, i);
      }
    }
  }
  return layer_of;
}

double items(const std::vector<report::ScenarioRow>& scenarios) {
  double factor = 1;
  for (const report::ScenarioRow& row : scenarios) factor *= row.outcome.items;
  return factor;
}

/// Each layer of `before` counts for the first layer that computes one of its results now.
void add_base(const report::Report& before, const report::Result& old, const report::Report& after,
              report::Result& result) {
  const LayerOfResult layer_of = layers_of_results(before, old);
  std::vector<bool> counted(old.layers.size());
  for (report::LayerRow& layer : result.layers) {
    for (const std::size_t n : layer.nodes) {
      for (const report::TensorInfo& output : after.nodes[n].outputs) {
        const auto found = layer_of.find(output.name);
        if (found == layer_of.end() || counted[found->second]) continue;
        counted[found->second] = true;
        layer.base_latency_s =
            layer.base_latency_s.value_or(0) + old.layers[found->second].predicted_latency_s;
      }
    }
  }
  double gone_s = 0;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    if (!counted[i]) gone_s += old.layers[i].predicted_latency_s;
  }
  result.base = report::BaseResult{.complete = old.complete,
                                   .flops = old.flops,
                                   .planned_bytes = old.planned_bytes,
                                   .dram_bytes = old.dram_bytes,
                                   .peak_memory_bytes = old.peak_memory_bytes,
                                   .roofline_latency_s = old.roofline_latency_s,
                                   .predicted_latency_s = old.predicted_latency_s,
                                   .overhead_s = old.overhead_s,
                                   .gone_s = gone_s,
                                   .items = items(after.scenarios),
                                   .bound = old.bound,
                                   .bottleneck = old.bottleneck};
}

}  // namespace

std::vector<ScenarioKind> scenario_kinds() {
  std::vector<ScenarioKind> kinds = plan::plan_scenarios();
  for (const transform::Transform* transform : transform::transforms()) {
    kinds.push_back(transform->kind);
  }
  std::sort(kinds.begin(), kinds.end(),
            [](const ScenarioKind& a, const ScenarioKind& b) { return a.name < b.name; });
  return kinds;
}

void check(const Scenario& scenario) { scenario.check(kind_of(scenario)); }

std::vector<Scenario> read_scenarios(const std::string& path) {
  const data::YamlNode root = data::parse_yaml_file(path);
  root.allow_only(std::array<std::string, 1>{"scenarios"});
  std::vector<Scenario> scenarios;
  for (const data::YamlNode& item :
       root.at("scenarios", "a list as in [winograd, \"prune:0.5\"]").items()) {
    try {
      scenarios.push_back(Scenario::parse(item.text()));
      check(scenarios.back());
    } catch (const Error& error) {
      if (error.exit_code() != ExitCode::kUsage) throw;
      item.fail(error.diagnostic().code, error.diagnostic().message, error.diagnostic().hint);
    }
  }
  return scenarios;
}

bool needs_machine(const Scenario& scenario) { return find_transform(scenario) == nullptr; }

const transform::Transform* find_transform(const Scenario& scenario) {
  for (const transform::Transform* transform : transform::transforms()) {
    if (transform->kind.name == scenario.name()) return transform;
  }
  return nullptr;
}

report::ScenarioRow scenario_row(const Scenario& scenario, Outcome outcome) {
  const ScenarioKind kind = kind_of(scenario);
  return {.text = scenario.text(),
          .summary = std::string(kind.summary),
          .changes_results = kind.changes_results,
          .needs_training = kind.needs_training,
          .outcome = std::move(outcome)};
}

void add_base(const report::Report& before, report::Report& after) {
  after.base = report::BaseModel{.complete = before.totals.complete,
                                 .parameters = before.model.parameters,
                                 .weight_bytes = before.model.weight_bytes,
                                 .macs = before.totals.macs,
                                 .flops = before.totals.flops,
                                 .traffic_bytes = before.totals.traffic_bytes,
                                 .peak_memory_bytes = before.totals.peak_memory_bytes};
  for (std::size_t i = 0; i < after.results.size(); ++i) {
    add_base(before, before.results[i], after, after.results[i]);
  }
}

}  // namespace roofline
