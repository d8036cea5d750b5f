// Owns models and machines side by side: one row for each result, and layers whose bound changes.
// Refuses to format anything, and to match layers of different models (diff does).
#include "roofline/report/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "format.hpp"
#include "names.hpp"
#include "screen.hpp"

namespace roofline::report {
namespace {

double share_of(const Result& result, const std::string& bottleneck) {
  const auto found = result.time_by_bottleneck_s.find(bottleneck);
  return found == result.time_by_bottleneck_s.end()
             ? 0
             : ratio(found->second, result.predicted_latency_s);
}

ComparedRun make_run(const Result& result, std::size_t model) {
  ComparedRun run;
  run.model = model;
  run.hardware = result.hardware;
  run.runtime = result.runtime;
  run.precision = result.precision;
  run.roof = result.roof;
  run.computed_in = precision_text(result);
  run.threads = result.threads;
  run.complete = result.complete;
  run.predicted_latency_s = result.predicted_latency_s;
  run.roofline_latency_s = result.roofline_latency_s;
  run.throughput_per_s = result.throughput_per_s;
  run.attained = ratio(result.roofline_latency_s, result.predicted_latency_s);
  run.bound = result.bound;
  run.bottleneck = result.bottleneck;
  run.memory_share = share_of(result, "memory");
  run.compute_share = share_of(result, "compute");
  run.overhead_share = share_of(result, "overhead");
  run.peak_memory_bytes = result.peak_memory_bytes;
  run.memory_capacity_bytes = result.memory_capacity_bytes;
  // What is known may fit while the rest does not.
  const bool may_not_fit = !result.complete && result.fits_in_memory.value_or(false);
  if (!may_not_fit) run.fits_in_memory = result.fits_in_memory;
  return run;
}

double largest_share(const BoundChange& layer) {
  double largest = 0;
  for (const LayerOnRun& run : layer.runs) largest = std::max(largest, run.share);
  return largest;
}

bool changes(const BoundChange& layer) {
  return std::any_of(layer.runs.begin(), layer.runs.end(),
                     [&](const LayerOnRun& run) { return run.bound != layer.runs.front().bound; });
}

/// Appends the layers of one model whose bound changes; its runs begin at `first_run`.
void add_layers(const Report& report, std::size_t model, std::size_t first_run,
                std::vector<BoundChange>& list) {
  const Names names(report);
  std::vector<BoundChange> layers;
  std::unordered_map<std::size_t, std::size_t> layer_of;  // by first node
  for (std::size_t r = 0; r < report.results.size(); ++r) {
    for (const LayerRow& row : report.results[r].layers) {
      if (row.nodes.empty()) continue;
      const auto [entry, is_new] = layer_of.try_emplace(row.nodes.front(), layers.size());
      if (is_new) {
        const NodeRow& node = report.nodes[row.nodes.front()];
        layers.push_back({model, row.id, node.name, names.layer(row), op_text(node), {}});
      }
      layers[entry->second].runs.push_back(
          {first_run + r, row.bound, row.predicted_latency_s, row.share});
    }
  }
  std::copy_if(layers.begin(), layers.end(), std::back_inserter(list), changes);
}

}  // namespace

Comparison compare(std::span<const Report* const> reports) {
  Comparison comparison;
  for (const Report* report : reports) {
    if (comparison.models.empty()) comparison.tool_version = report->tool_version;
    if (report->results.empty()) {
      throw Error(ExitCode::kUsage,
                  {.severity = Severity::kError,
                   .code = "no-result",
                   .message = "there is no machine to compare on",
                   .hint = "--hardware ID,... prices a model; save a report with a machine",
                   .location = report->model.path});
    }
    const std::size_t model = comparison.models.size();
    const std::size_t first_run = comparison.runs.size();
    comparison.models.push_back({report->model.path, report->model.skeleton_sha256,
                                 report->model.nodes, report->model.parameters, report->totals.macs,
                                 report->totals.flops, report->totals.complete});
    for (const Result& result : report->results) {
      comparison.runs.push_back(make_run(result, model));
    }
    add_layers(*report, model, first_run, comparison.layers);
    for (Diagnostic d : report->diagnostics) {
      if (d.severity == Severity::kError) continue;
      if (reports.size() > 1 && d.location.empty()) d.location = report->model.path;
      comparison.notes.push_back(std::move(d));
    }
  }
  for (ComparedRun& run : comparison.runs) {
    const ComparedRun& first = comparison.runs.front();
    if (!first.complete || !run.complete || run.predicted_latency_s <= 0) continue;
    run.speedup = first.predicted_latency_s / run.predicted_latency_s;
  }
  std::stable_sort(comparison.layers.begin(), comparison.layers.end(),
                   [](const BoundChange& a, const BoundChange& b) {
                     return largest_share(a) > largest_share(b);
                   });
  return comparison;
}

}  // namespace roofline::report
