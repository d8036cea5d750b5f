// Owns the checks of the scenario "graphs": overhead falls, on GPUs alone, with and without a
// calibration. Refuses everything that is not overhead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changed_plan.hpp"
#include "roofline/estimate/latency.hpp"

namespace roofline {
namespace {

using test::ChangedPlan;
using test::ModelBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelBuilder two_kernels() {
  ModelBuilder b;
  b.input("x", ir::Shape{8, 64}).weight("w", {64, 64});
  b.node("MatMul", {"x", "w"}, {"m"}).node("Exp", {"m"}, {"e"}).node("Sin", {"e"}, {"y"});
  return b.output("y");
}

TEST(Graphs, KernelsStartWithoutTheHost) {
  const ChangedPlan base(two_kernels(), {});
  const ChangedPlan p(two_kernels(), {"graphs:launch=2us"});
  const auto kernels = static_cast<double>(base.plan.steps.size());
  EXPECT_NEAR(base.estimate.overhead_s - p.estimate.overhead_s, kernels * 8e-6, 1e-12);
  EXPECT_EQ(p.estimate.run_overhead_s, base.estimate.run_overhead_s);
  EXPECT_EQ(p.estimate.roofline_s, base.estimate.roofline_s);
}

TEST(Graphs, OverheadNeverGrows) {
  const ChangedPlan base(two_kernels(), {});
  const ChangedPlan p(two_kernels(), {"graphs:launch=1ms"});
  EXPECT_EQ(p.estimate.overhead_s, base.estimate.overhead_s);
}

TEST(Graphs, OnlyGpusAreLaunchedByAHost) {
  const ChangedPlan base(two_kernels(), {}, test::cpu());
  const ChangedPlan p(two_kernels(), {"graphs"}, test::cpu());
  EXPECT_EQ(p.estimate.predicted_s, base.estimate.predicted_s);
  EXPECT_THAT(p.plan.outcomes[0].warnings, ElementsAre(HasSubstr("no GPU")));
}

/// Overhead of the first step under a calibration of 4 us a step and 1 us a call.
double calibrated_overhead(const ChangedPlan& p) {
  hardware::Calibration calibration;
  calibration.runtime = "basic";
  calibration.terms.step_s = 4e-6;
  for (const char* kind : {"gemm", "recurrent"}) calibration.kernels[kind] = {.call_s = 1e-6};
  const std::vector<double> distances(p.step(0).accesses.size(), 1);
  return estimate::LatencyModel(p.profile, calibration, {})
      .time(p.step(0), p.plan, distances)
      .overhead_s;
}

TEST(Graphs, CalibratedOverheadFallsToTheLaunchAndNeverRises) {
  EXPECT_NEAR(calibrated_overhead(ChangedPlan(two_kernels(), {})), 5e-6, 1e-15);
  EXPECT_NEAR(calibrated_overhead(ChangedPlan(two_kernels(), {"graphs:launch=2us"})), 2e-6, 1e-15);
  EXPECT_NEAR(calibrated_overhead(ChangedPlan(two_kernels(), {"graphs:launch=9us"})), 5e-6, 1e-15);
}

TEST(Graphs, EachCallOfARoutineIsAKernelOfTheGraph) {
  ModelBuilder b;
  b.input("x", ir::Shape{10, 1, 16}).weight("w", {1, 64, 16}).weight("r", {1, 64, 16});
  b.node("LSTM", {"x", "w", "r"}, {"y"}, {{.name = "hidden_size", .value = std::int64_t{16}}});
  b.output("y");
  // Ten steps in time: 4 us + 10 x 1 us launched by the host, 10 x 0.5 us in a graph.
  EXPECT_NEAR(calibrated_overhead(ChangedPlan(b, {})), 14e-6, 1e-12);
  EXPECT_NEAR(calibrated_overhead(ChangedPlan(b, {"graphs:launch=0.5us"})), 5e-6, 1e-12);
}

}  // namespace
}  // namespace roofline
