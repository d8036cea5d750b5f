// Owns the profiles that runtimes write themselves: ONNX Runtime's and trtexec's.
// Refuses to take the first run for a typical one where there are others.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "measurement_reader.hpp"
#include "roofline/base/text.hpp"
#include "roofline/calibrate/metrics.hpp"

namespace roofline::calibrate {
namespace {

using data::JsonNode;

// Divisors, so that "20" becomes the double that is nearest to 20e-6.
constexpr double kMicrosecondsPerSecond = 1e6;
/// From so many runs on, the first one is a warm-up.
constexpr std::size_t kRunsWithWarmUp = 3;
constexpr std::string_view kKernelTime = "_kernel_time";

/// The value at `percent` of a sorted range.
double percentile(const std::vector<double>& sorted, std::size_t percent) {
  return sorted[(sorted.size() - 1) * percent / 100];
}

void set_time(std::vector<double> seconds, Measurement& row) {
  std::sort(seconds.begin(), seconds.end());
  row.p10_s = percentile(seconds, 10);
  row.p90_s = percentile(seconds, 90);
  row.seconds = median(std::move(seconds));
}

struct Event {
  double begin_s = 0;
  double seconds = 0;
};

Event event_time(const JsonNode& json) {
  return {.begin_s = json.at("ts").number() / kMicrosecondsPerSecond,
          .seconds = json.at("dur").number() / kMicrosecondsPerSecond};
}

/// Runs of the model by their begin, without a warm-up.
std::vector<Event> model_runs(const JsonNode& root) {
  std::vector<Event> runs;
  for (const JsonNode json : root.items()) {
    if (json.has("name") && json.at("name").text() == "model_run") runs.push_back(event_time(json));
  }
  std::sort(runs.begin(), runs.end(),
            [](const Event& a, const Event& b) { return a.begin_s < b.begin_s; });
  if (runs.size() >= kRunsWithWarmUp) runs.erase(runs.begin());
  return runs;
}

/// The nodes of a profile, each with the time it took in every run.
class NodeTimes {
 public:
  explicit NodeTimes(const std::vector<Event>& runs) : runs_(runs) {}

  void add(const JsonNode& json, const std::string& name) {
    const Event event = event_time(json);
    const auto next =
        std::upper_bound(runs_.begin(), runs_.end(), event.begin_s,
                         [](double at, const Event& run) { return at < run.begin_s; });
    if (next == runs_.begin()) return;
    const auto run = static_cast<std::size_t>(next - runs_.begin()) - 1;
    if (event.begin_s > runs_[run].begin_s + runs_[run].seconds) return;
    const JsonNode args = json.at("args");
    const std::string op = args.at("op_name").text();
    // What they run is listed by itself.
    if (op == "If" || op == "Loop" || op == "Scan") return;
    const std::string index = args.has("node_index") ? args.at("node_index").text() : "";
    const auto [known, is_new] = rows_.emplace(name + '\n' + index, nodes_.size());
    if (is_new) {
      nodes_.push_back({.name = name, .op = op, .outputs = shapes(args)});
      times_.emplace_back();
    }
    // Bodies of loops run a node several times in one run: their times add up.
    auto& times = times_[known->second];
    if (times.empty() || times.back().first != run) times.emplace_back(run, 0.0);
    times.back().second += event.seconds;
  }

  [[nodiscard]] std::vector<MeasuredNode> take() {
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      std::vector<double> seconds;
      for (const auto& [run, time] : times_[n]) seconds.push_back(time);
      nodes_[n].runs = static_cast<int>(seconds.size());
      nodes_[n].seconds = median(std::move(seconds));
    }
    return std::move(nodes_);
  }

 private:
  /// "output_type_shape": [{"float": [1, 64, 56, 56]}, ...]
  static std::vector<std::vector<std::int64_t>> shapes(const JsonNode& args) {
    std::vector<std::vector<std::int64_t>> result;
    if (!args.has("output_type_shape")) return result;
    for (const JsonNode output : args.at("output_type_shape").items()) {
      for (const auto& [type, shape] : output.members()) {
        result.emplace_back();
        for (const JsonNode size : shape.items()) result.back().push_back(size.integer());
      }
    }
    return result;
  }

  const std::vector<Event>& runs_;
  std::unordered_map<std::string, std::size_t> rows_;
  std::vector<MeasuredNode> nodes_;
  std::vector<std::vector<std::pair<std::size_t, double>>> times_;  ///< (run, seconds) by node
};

}  // namespace

void read_onnxruntime_profile(const JsonNode& root, Collector& collector) {
  const std::vector<Event> runs = model_runs(root);
  if (runs.empty()) {
    throw Error("no-measurements", collector.path(), "the profile has no event 'model_run'",
                "run the model before the profile ends");
  }
  NodeTimes nodes(runs);
  for (const JsonNode json : root.items()) {
    if (!json.has("cat") || json.at("cat").text() != "Node") continue;
    std::string name = json.at("name").text();
    if (!name.ends_with(kKernelTime)) continue;
    name.resize(name.size() - kKernelTime.size());
    nodes.add(json, name);
  }
  Measurement row;
  // ONNX Runtime's own default: the profile does not tell the level.
  row.runtime = "onnxruntime:all";
  row.line = root.line();
  row.nodes = nodes.take();
  std::vector<double> seconds;
  for (const Event& run : runs) seconds.push_back(run.seconds);
  set_time(std::move(seconds), row);
  collector.add(std::move(row), root.location());
}

/// [{"count": 100}, {"name": "conv1 + relu1", "timeMs": 3.1, "averageMs": 0.031, ...}, ...]
void read_trtexec_profile(const JsonNode& root, Collector& collector) {
  Measurement row;
  row.runtime = "tensorrt";
  row.line = root.line();
  int runs = 0;
  for (const JsonNode json : root.items()) {
    if (json.has("count")) {
      runs = static_cast<int>(std::clamp<std::int64_t>(json.at("count").integer(), 0, 1 << 30));
      continue;
    }
    const std::string_view time = json.has("medianMs") ? "medianMs" : "averageMs";
    row.nodes.push_back({.name = json.at("name").text(),
                         .seconds = json.at(time).number() / kMillisecondsPerSecond,
                         .runs = runs});
    row.seconds += row.nodes.back().seconds;
  }
  collector.note(Severity::kNote, "time-of-layers",
                 "the profile has no time of a whole run: the sum of its layers is taken",
                 root.location(), "trtexec --exportTimes writes whole runs");
  collector.add(std::move(row), root.location());
}

/// [{"computeMs": 1.02, "h2dMs": ..., "latencyMs": ...}, ...]: predictions are of the device, so
/// that copies from and to the host are left out.
void read_trtexec_times(const JsonNode& root, Collector& collector) {
  std::vector<double> seconds;
  for (const JsonNode json : root.items()) {
    const double time = json.at("computeMs").number() / kMillisecondsPerSecond;
    const std::string fault = implausible(time);
    if (fault.empty())
      seconds.push_back(time);
    else
      collector.reject(json.location(), "'computeMs' " + fault);
  }
  if (seconds.empty()) return;
  Measurement row;
  row.runtime = "tensorrt";
  row.line = root.line();
  set_time(std::move(seconds), row);
  collector.add(std::move(row), root.location());
}

}  // namespace roofline::calibrate
