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

/// I -> A -> B, then a step that goes through a large input, then B -> C. All results have
/// 100 bytes and one shape, but for C's.
plan::Plan with_pause(bool overwrites, Count bytes, std::size_t shape) {
  enum { kI, kA, kB, kC, kLarge, kOut };
  plan::Plan plan;
  plan.buffers.resize(6);
  for (plan::Buffer& buffer : plan.buffers) buffer = {.bytes = 100, .shape_key = 1};
  plan.buffers[kI].is_input = plan.buffers[kLarge].is_input = true;
  plan.buffers[kLarge].bytes = 5000;
  plan.buffers[kOut].is_output = true;
  plan.buffers[kC].bytes = bytes;
  plan.buffers[kC].shape_key = shape;
  plan.steps.resize(5);
  plan.steps[0].accesses = {{kI, false, 100}, {kA, true, 100}};
  plan.steps[1].accesses = {{kA, false, 100}, {kB, true, 100}};
  plan.steps[2].accesses = {{kLarge, false, 5000}};
  plan.steps[3].accesses = {{kB, false, 100}, {kC, true, bytes}};
  plan.steps[3].kernel.overwrites = overwrites;
  plan.steps[4].accesses = {{kC, false, bytes}, {kOut, true, 100}};
  return plan;
}

TEST(ReuseDistances, AResultIsWrittenOverTheOperandIfItsKernelMay) {
  const plan::Plan written_over = with_pause(true, 100, 1);
  EXPECT_DOUBLE_EQ(ReuseDistances(written_over).of_step(3)[1], 200);  // this step's own bytes
  plan::Plan read_again = written_over;
  read_again.steps[4].accesses.push_back({2, false, 100});
  EXPECT_DOUBLE_EQ(ReuseDistances(read_again).of_step(3)[1], 5200);
}

TEST(ReuseDistances, AResultTakesThePlaceOfADeadOneOfItsShape) {
  // A died before 5000 bytes were touched.
  EXPECT_DOUBLE_EQ(ReuseDistances(with_pause(false, 100, 1)).of_step(3)[1], 5200);
}

TEST(ReuseDistances, AResultOfAnotherShapeTakesTheSmallestGap) {
  EXPECT_DOUBLE_EQ(ReuseDistances(with_pause(false, 60, 2)).of_step(3)[1], 5160);
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
