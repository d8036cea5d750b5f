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

/// From an empty kernel of a graph to the next one: 1.34 us where launches from a stream take 2.6
/// (A100, https://github.com/te42kyfo/gpu-benches at 1c36d509, as in the profiles). It holds the
/// start and the end of a kernel on the device, as fitted overheads do: beyond these, a graph adds
/// 0.5 us to kernels of 2.9 us (V100; A. Gray, Getting Started with CUDA Graphs, NVIDIA, 2019).
constexpr double kReplayedLaunch = 1.34e-6;

constexpr std::array kGraphsArguments = {
    ScenarioArgument{"launch", "TIME", "from one kernel of a graph to the next; 1.34us by default"},
};

void apply_graphs(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  if (change.profile.kind != "gpu") {
    outcome.warnings.push_back(
        fmt::format("{} is no GPU: nothing is launched by a host", change.profile.id));
    return;
  }
  const double launch_s = scenario.seconds("launch", kReplayedLaunch);
  for (Step& step : change.plan.steps) {
    if (step.kind == StepKind::kHost) continue;
    const bool fixed = step.repeat == Count(1);
    // Calls of an inner routine are kernels of their own.
    if (fixed) step.launch_limit_s = launch_s * step.kernel.calls;
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
    {"graphs", "record the kernels once and replay them as a graph (CUDA graphs)",
     kGraphsArguments},
    apply_graphs};

}  // namespace roofline::plan
