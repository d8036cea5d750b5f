// Owns which scenarios save time on a machine, in which order, and which go well together.
// Refuses to price: every figure is of an analysis with the scenario.
#include "roofline/advise/advise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <set>

#include "explain.hpp"
#include "roofline/base/diagnostic.hpp"

namespace roofline::advise {
namespace {

using report::Advice;
using report::MachineAdvice;
using report::Report;
using report::Result;

/// Less than this share of the time is no advice: it is below the error of any prediction.
constexpr double kLeastGain = 0.005;

/// The request, on one machine.
Request on(const hardware::Profile& profile, Request request) {
  request.hardware = {&profile};
  return request;
}

/// One candidate, priced alone.
struct Trial {
  const Candidate* candidate;
  Advice advice;
};

class MachineAdviser {
 public:
  MachineAdviser(const ir::Model& model, const Request& request, const hardware::Profile& profile)
      : what_if_(model, on(profile, request)) {}

  MachineAdvice run() {
    const Result& result = base().results.front();
    out_.hardware = result.hardware;
    out_.runtime = result.runtime;
    out_.precision = result.precision;
    out_.roof = result.roof;
    out_.threads = result.threads;
    out_.complete = result.complete;
    out_.latency_s = result.predicted_latency_s;
    out_.parts = parts(result, 1);
    for (const report::LayerRow& layer : result.layers) {
      if (layer.kind == "host" || layer.repeat == Count(0)) continue;
      ++out_.launches;
      if (layer.bottleneck == "overhead") ++out_.short_launches;
    }
    for (const Candidate& candidate : candidates()) try_out(candidate);
    std::stable_sort(trials_.begin(), trials_.end(), [](const Trial& a, const Trial& b) {
      const bool a_trains = a.advice.needs_training;
      const bool b_trains = b.advice.needs_training;
      return a_trains != b_trains ? b_trains : a.advice.saved_s > b.advice.saved_s;
    });
    combine();
    for (Trial& trial : trials_) out_.advice.push_back(std::move(trial.advice));
    return std::move(out_);
  }

  [[nodiscard]] const Report& base() const { return what_if_.base(); }

 private:
  void try_out(const Candidate& candidate) {
    const Scenario scenario = Scenario::parse(candidate.scenario);
    const std::string summary = summary_of(scenario);
    Report report;
    try {
      report = what_if_.with({scenario});
    } catch (const Error& error) {
      if (error.exit_code() == ExitCode::kInternal) throw;
      out_.pointless.push_back(
          {std::string(candidate.scenario), summary, error.diagnostic().message});
      return;
    }
    Advice advice = describe(base(), report);
    advice.scenario = candidate.scenario;
    advice.summary = summary;
    // Where no node meets its conditions, what is saved belongs to what it falls back to.
    const bool applies = !last_scenario(report).outcome.changed.empty();
    if (applies && advice.saved_s > kLeastGain * out_.latency_s) {
      trials_.push_back({&candidate, std::move(advice)});
    } else {
      out_.pointless.push_back(
          {std::string(candidate.scenario), summary, why_pointless(base(), report)});
    }
  }

  /// Greedy: the scenario that saves most beside those chosen comes next, as long as one saves
  /// anything. What a scenario saved beside fewer others is taken as the most that it can save
  /// beside more: then few have to be priced again. Training is not mixed in: it is another
  /// project.
  void combine() {
    struct Entry {
      double saved_s;
      std::size_t trial;
      std::size_t beside;  ///< scenarios chosen when saved_s was found
      bool operator<(const Entry& other) const { return saved_s < other.saved_s; }
    };
    std::priority_queue<Entry> waiting;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      if (!trials_[i].advice.needs_training) waiting.push({trials_[i].advice.saved_s, i, 0});
    }
    std::set<std::string_view> taken;
    double latency_s = out_.latency_s;
    while (!waiting.empty() && waiting.top().saved_s > kLeastGain * out_.latency_s) {
      const Entry best = waiting.top();
      waiting.pop();
      Trial& trial = trials_[best.trial];
      const std::string_view exclusive = trial.candidate->exclusive;
      if (!exclusive.empty() && taken.contains(exclusive)) continue;
      if (best.beside < out_.combination.size()) {
        const std::optional<double> together = latency_beside(trial.advice.scenario);
        if (together) {
          waiting.push({latency_s - *together, best.trial, out_.combination.size()});
        }
        continue;
      }
      trial.advice.added_s = best.saved_s;
      latency_s -= best.saved_s;
      out_.combination.push_back(trial.advice.scenario);
      if (!exclusive.empty()) taken.insert(exclusive);
    }
    out_.combined_latency_s = latency_s;
  }

  /// Of the chosen scenarios and one more; nullopt where they cannot be applied together.
  [[nodiscard]] std::optional<double> latency_beside(const std::string& scenario) const {
    std::vector<Scenario> together;
    for (const std::string& text : out_.combination) together.push_back(Scenario::parse(text));
    together.push_back(Scenario::parse(scenario));
    try {
      const Result result = std::move(what_if_.with(together).results.front());
      if (result.complete != out_.complete) return std::nullopt;
      return result.predicted_latency_s / result.base->items;
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  WhatIf what_if_;
  std::vector<Trial> trials_;
  MachineAdvice out_;
};

}  // namespace

report::AdviceReport advise(const ir::Model& model, const Request& request) {
  report::AdviceReport advice;
  for (const hardware::Profile* profile : request.hardware) {
    MachineAdviser adviser(model, request, *profile);
    advice.machines.push_back(adviser.run());
    advice.tool_version = adviser.base().tool_version;
    advice.model = adviser.base().model;
    if (advice.diagnostics.empty()) advice.diagnostics = adviser.base().diagnostics;
  }
  return advice;
}

}  // namespace roofline::advise
