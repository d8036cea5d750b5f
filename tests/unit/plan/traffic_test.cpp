#include "roofline/estimate/traffic.hpp"

#include <gtest/gtest.h>

#include "roofline/estimate/latency.hpp"

namespace roofline::estimate {
namespace {

/// Buffers of 100 bytes: 0 input, 1 weight, 2 intermediate, 3 output; two steps in a row.
plan::Plan chain() {
  plan::Plan plan;
  plan.buffers.resize(4);
  for (plan::Buffer& buffer : plan.buffers) buffer.bytes = 100;
  plan.buffers[0].is_input = true;
  plan.buffers[1].is_weight = true;
  plan.buffers[3].is_output = true;
  plan.steps.resize(2);
  plan.steps[0].accesses = {{0, false, 100}, {1, false, 100}, {2, true, 100}};
  plan.steps[1].accesses = {{2, false, 100}, {3, true, 100}};
  return plan;
}

TEST(ReuseDistances, AnIntermediateIsNearAWeightOneRunAway) {
  const plan::Plan plan = chain();
  const ReuseDistances distances(plan);
  // 500 bytes are touched in a run, but the plan never occupies more than 300: the weight, and two
  // of input, intermediate and output at a time.
  ASSERT_EQ(distances.of_step(0).size(), 3U);
  EXPECT_DOUBLE_EQ(distances.of_step(0)[1], 300);
  EXPECT_DOUBLE_EQ(distances.of_step(1)[0], 200);  // this step's own bytes
}

TEST(ReuseDistances, ABodyOfALoopFindsItsLastIteration) {
  plan::Plan plan = chain();
  for (plan::Step& step : plan.steps) step.repeat = 10;
  plan.steps.emplace_back();
  plan.buffers.push_back({.bytes = 10000});
  plan.steps.back().accesses = {{4, true, 10000}};
  const ReuseDistances distances(plan);
  EXPECT_DOUBLE_EQ(distances.of_step(0)[1], 500);  // the body's bytes, not the model's
}

TEST(MissRate, IsOneHalfWhereTheDistanceIsTheCapacity) {
  EXPECT_DOUBLE_EQ(hardware::miss_rate(1e6, 1e6, 4), 0.5);
  EXPECT_LT(hardware::miss_rate(1e6, 1e5, 4), 1e-3);
  EXPECT_GT(hardware::miss_rate(1e6, 1e7, 4), 0.999);
  EXPECT_DOUBLE_EQ(hardware::miss_rate(0, 1, 4), 1);  // no cache
}

}  // namespace
}  // namespace roofline::estimate
