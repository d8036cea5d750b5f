// Before: the host launches every kernel. After: kernels are recorded once and replayed as a graph,
// so that the device starts them without the host. Conditions: a GPU; shapes do not change from run
// to run, and nothing that data decide (control flow, results of unknown size) lies between.
// It does not model: the memory that a graph keeps, nor kernels that run side by side in it.
#include <fmt/format.h>

#include <array>

#include "roofline/base/units.hpp"
#include "roofline/infer/selection.hpp"
#include "scenario.hpp"

namespace roofline::plan {
namespace {

/// Of a kernel in a graph of a straight line of them, beyond its own time: 3.4 us each where the
/// kernel alone takes 2.9 us. A. Gray, Getting Started with CUDA Graphs, NVIDIA, 2019 (V100).
constexpr double kReplayedLaunch = 0.5e-6;

constexpr std::array kArguments = {
    ScenarioArgument{"launch", "TIME", "to start a kernel of a graph; 0.5us by default"},
};

void apply(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  if (change.profile.kind != "gpu") {
    outcome.warnings.push_back(
        fmt::format("{} is no GPU: nothing is launched by a host", change.profile.id));
    return;
  }
  const double launch_s = scenario.seconds("launch", kReplayedLaunch);
  for (Step& step : change.plan.steps) {
    if (step.kind == StepKind::kHost) continue;
    const bool fixed = step.repeat == Count(1);
    if (fixed) step.launch_limit_s = launch_s;
    if (step.nodes.empty()) continue;
    (fixed ? outcome.changed : outcome.refused)
        .push_back(infer::finding(
            change.draft.graph, step.nodes.front(),
            fixed ? "started by the graph: " + format_quantity(launch_s, Unit::kSecond)
                  : "in a loop or branch, which data decide"));
  }
}

}  // namespace

const PlanScenario kGraphs{
    {"graphs", "record the kernels once and replay them as a graph (CUDA graphs)", kArguments},
    apply};

}  // namespace roofline::plan
