// Owns the reasons of advice: which part of the time a scenario takes, where, and what it adds.
// Refuses to rank.
#include "explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/pipeline/analyze.hpp"

namespace roofline::advise {
namespace {

using report::Report;
using report::Result;
using report::ScenarioRow;
using report::TimeParts;

/// Layers named in an advice.
constexpr std::size_t kNamedLayers = 3;
/// Of the time: what changes by less is not mentioned.
constexpr double kNotable = 0.02;

struct Part {
  std::string_view name;
  double TimeParts::*seconds;
};
constexpr std::array kParts = {Part{"overhead", &TimeParts::overhead_s},
                               Part{"memory", &TimeParts::memory_s},
                               Part{"compute", &TimeParts::compute_s}};

std::string seconds(double value) { return format_quantity(value, Unit::kSecond); }
std::string bytes(Count value) { return format_quantity(value.as_double(), Unit::kByte); }

/// Of the reasons for which nodes were left alone, the most frequent one.
std::string main_refusal(const ScenarioRow& scenario) {
  std::map<std::string_view, int> counts;
  for (const Finding& finding : scenario.outcome.refused) ++counts[finding.what];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == counts.end()) return "";
  return fmt::format("{} of {} nodes: {}", most->second, scenario.outcome.refused.size(),
                     most->first);
}

/// Seconds of the layers that a scenario changes, by what bounds them.
std::map<std::string, double> bottlenecks_of_changed(const Report& base,
                                                     const ScenarioRow& scenario) {
  std::map<std::string_view, const report::LayerRow*> layer_of;
  for (const report::LayerRow& layer : base.results.front().layers) {
    for (const std::size_t n : layer.nodes) layer_of.emplace(base.nodes[n].id, &layer);
  }
  std::map<std::string, double> time;
  for (const Finding& finding : scenario.outcome.changed) {
    const auto layer = layer_of.find(finding.node_id);
    if (layer == layer_of.end()) continue;
    time[layer->second->bottleneck] += layer->second->predicted_latency_s;
  }
  return time;
}

std::vector<report::AdvisedLayer> faster_layers(const Result& result) {
  std::vector<report::AdvisedLayer> layers;
  for (const report::LayerRow& layer : result.layers) {
    const double after = layer.predicted_latency_s / result.base->items;
    if (!layer.base_latency_s || *layer.base_latency_s <= after) continue;
    layers.push_back({layer.name, *layer.base_latency_s, after});
  }
  const std::size_t kept = std::min(kNamedLayers, layers.size());
  std::partial_sort(
      layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(kept), layers.end(),
      [](const auto& a, const auto& b) { return a.before_s - a.after_s > b.before_s - b.after_s; });
  layers.resize(kept);
  return layers;
}

}  // namespace

TimeParts parts(const Result& result, double items) {
  const auto of = [&](const char* name) {
    const auto found = result.time_by_bottleneck_s.find(name);
    return found == result.time_by_bottleneck_s.end() ? 0 : found->second / items;
  };
  return {of("compute"), of("memory"), of("overhead")};
}

const ScenarioRow& last_scenario(const Report& changed) {
  const Result& result = changed.results.front();
  return result.scenarios.empty() ? changed.scenarios.back() : result.scenarios.back();
}

std::string summary_of(const Scenario& scenario) {
  for (const ScenarioKind& kind : scenario_kinds()) {
    if (kind.name == scenario.name()) return std::string(kind.summary);
  }
  return "";
}

report::Advice describe(const Report& base, const Report& changed) {
  const Result& before = base.results.front();
  const Result& after = changed.results.front();
  const ScenarioRow& scenario = last_scenario(changed);
  const double items = after.base->items;
  const TimeParts old_parts = parts(before, 1);
  const TimeParts new_parts = parts(after, items);
  const auto gain = [&](const Part& part) {
    return old_parts.*part.seconds - new_parts.*part.seconds;
  };
  const auto [least, most] =
      std::minmax_element(kParts.begin(), kParts.end(),
                          [&](const Part& a, const Part& b) { return gain(a) < gain(b); });
  report::Advice advice;
  // An incomplete sum compares with nothing.
  const bool comparable = before.complete == after.complete;
  advice.latency_s = after.predicted_latency_s / items;
  advice.saved_s = comparable ? before.predicted_latency_s - advice.latency_s : 0;
  advice.addresses = most->name;
  advice.changes_results = scenario.changes_results;
  advice.needs_training = scenario.needs_training;
  advice.peak_memory_bytes = after.peak_memory_bytes;
  advice.layers = faster_layers(after);
  advice.warnings = scenario.outcome.warnings;
  const std::string per_item = items != 1 ? " for each item" : "";
  advice.why =
      fmt::format("{} of the time goes into {}: that falls from {} to {}{}, with {} changed.",
                  format_percent(old_parts.*most->seconds / before.predicted_latency_s), most->name,
                  seconds(old_parts.*most->seconds), seconds(new_parts.*most->seconds), per_item,
                  counted(scenario.outcome.changed.size(), "node"));
  if (gain(*least) < -kNotable * before.predicted_latency_s) {
    advice.why += fmt::format(" {} more goes into {}.", seconds(-gain(*least)), least->name);
  } else if (before.dram_bytes != after.dram_bytes) {
    advice.why += fmt::format(
        " Main-memory traffic goes from {} to {}{}.", bytes(before.dram_bytes),
        bytes(static_cast<std::int64_t>(after.dram_bytes.as_double() / items)), per_item);
  }
  return advice;
}

std::string why_pointless(const Report& base, const Report& changed) {
  const Result& before = base.results.front();
  const Result& after = changed.results.front();
  const ScenarioRow& scenario = last_scenario(changed);
  if (before.complete != after.complete) {
    return "not comparable: costs are unknown in one of the two";
  }
  if (scenario.outcome.changed.empty()) {
    const std::string refusal = main_refusal(scenario);
    if (!refusal.empty()) return "its conditions hold nowhere (" + refusal + ")";
    return scenario.outcome.warnings.empty() ? "no layer is of the kind that it changes"
                                             : scenario.outcome.warnings.front();
  }
  const auto time = bottlenecks_of_changed(base, scenario);
  const auto longest = std::max_element(
      time.begin(), time.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  std::string why = counted(scenario.outcome.changed.size(), "node") + " change";
  if (longest != time.end()) why += ", bound by " + longest->first;
  const double more = after.predicted_latency_s / after.base->items - before.predicted_latency_s;
  return more > kNotable * before.predicted_latency_s
             ? why + fmt::format(": it would take {} longer", seconds(more))
             : why + ": it saves next to nothing";
}

}  // namespace roofline::advise
