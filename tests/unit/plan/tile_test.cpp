// Owns the checks of tiles: receptive fields, the choice of segments, and what a plan becomes.
// Refuses whole models: those are checked through the pipeline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "../../../src/plan/tile_search.hpp"
#include "roofline/estimate/estimate.hpp"
#include "support/model_builder.hpp"

namespace roofline::plan {
namespace {

using hardware::Precision;
using test::ModelBuilder;
using testing::ElementsAre;
using testing::Field;

using Ints = std::vector<std::int64_t>;

/// 1 TFLOP/s, 100 GB/s, one cache.
hardware::Profile machine(double cache_bytes, double flops_per_s = 1e12) {
  hardware::Profile p;
  p.id = "toy";
  p.kind = "gpu";
  p.units.resize(1);
  p.units[0].name = "lanes";
  p.units[0].peaks[Precision::kFp32] = {
      .flops_per_s = {flops_per_s, "s"}, .measured = {}, .alignment = 1};
  p.memory.resize(2);
  p.memory[0].name = "l2";
  p.memory[0].capacity_bytes = hardware::Fact{cache_bytes, "s"};
  p.memory[1].name = "dram";
  p.memory[1].bytes_per_s = hardware::Fact{1e11, "s"};
  p.launch_overhead_s = {0, "s"};
  p.run_overhead_s = {0, "s"};
  return p;
}

struct Priced {
  Plan plan;
  estimate::PlanEstimate estimate;
};

Priced price(const ModelBuilder& b, const hardware::Profile& profile, const std::string& scenario,
             const std::string& runtime = "basic") {
  const infer::TypedGraph graph = infer::infer(b.model(), {});
  PlanOptions options = {.runtime = runtime};
  if (!scenario.empty()) options.scenarios.push_back(Scenario::parse(scenario));
  Priced priced = {make_plan(graph, &profile, options), {}};
  priced.estimate = estimate::estimate(priced.plan, profile, {});
  return priced;
}

Count macs(const Plan& plan) {
  Count sum = 0;
  for (const Step& step : plan.steps) sum += step.work.macs;
  return sum;
}

/// Convolutions 3x3 of 8 channels on 128x128, in a row.
ModelBuilder convolutions(int count) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 128, 128}).weight("w", {8, 8, 3, 3});
  std::string last = "x";
  for (int i = 0; i < count; ++i) {
    const std::string next = "c" + std::to_string(i);
    b.node("Conv", {last, "w"}, {next}, {{.name = "pads", .value = Ints{1, 1, 1, 1}}});
    last = next;
  }
  b.output(last);
  return b;
}

/// Functions of single elements on 4 MiB.
ModelBuilder pointwise(int count) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 16, 256, 256});
  std::string last = "x";
  for (int i = 0; i < count; ++i) {
    const std::string next = "p" + std::to_string(i);
    b.node("Sigmoid", {last}, {next});
    last = next;
  }
  b.output(last);
  return b;
}

TEST(Reach, WindowsAddUp) {
  // 3x3 of stride 1 and border 1: rows [a - 1, b + 1).
  const Reach window = {1, -1, 1};
  const Reach two = compose(window, window);
  EXPECT_EQ(two.before, -2);
  EXPECT_EQ(two.after, 2);
  // 3x3 of stride 2 and border 1: rows [2a - 1, 2(b - 1) - 1 + 3) = [2a - 1, 2b); then one more
  // window: [2a - 2, 2b + 1).
  const Reach strided = compose({2, -1, 0}, window);
  EXPECT_EQ(strided.stride, 2);
  EXPECT_EQ(strided.before, -2);
  EXPECT_EQ(strided.after, 1);
  EXPECT_EQ(strided.overlap(), 3);
  EXPECT_FALSE(hull(window, strided));
}

TEST(Reach, TilesShareTheirHalo) {
  // Two tiles of 4 rows need rows [0, 5) and [3, 8) of 8: 10 rows.
  EXPECT_DOUBLE_EQ(times_read({1, -1, 1}, 8, 2), 10.0 / 8);
  EXPECT_DOUBLE_EQ(times_read({1, 0, 0}, 8, 8), 1);
  // Windows that leave rows out do not make anything less than once.
  EXPECT_DOUBLE_EQ(times_read({2, 0, -1}, 8, 4), 1);
}

TEST(Reach, OfASteppingConvolutionWithItsActivation) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 8, 32, 32}).weight("w", {8, 8, 5, 3});
  b.node("Conv", {"x", "w"}, {"c"},
         {{.name = "pads", .value = Ints{2, 1, 2, 1}}, {.name = "strides", .value = Ints{2, 1}}});
  b.node("Relu", {"c"}, {"y"}).output("y");
  const infer::TypedGraph graph = infer::infer(b.model(), {});
  const hardware::Profile profile = machine(1e6);
  const Plan plan = make_plan(graph, &profile, {.runtime = "basic"});
  ASSERT_EQ(plan.steps.size(), 1U);
  const RowMap map = map_rows(Draft(graph), plan, plan.steps[0], {});
  EXPECT_EQ(map.barrier, "");
  EXPECT_EQ(map.rows, 16);
  EXPECT_EQ(map.items, 2);
  // [2a - 1, 2(b - 1) - 1 + 5): of the border of 2 + 2 rows one is never reached, as
  // (16 - 1) * 2 + 5 - 32 = 3, of which one counts in front.
  ASSERT_TRUE(map.reaches[0]);
  EXPECT_EQ(map.reaches[0]->stride, 2);
  EXPECT_EQ(map.reaches[0]->before, -1);
  EXPECT_EQ(map.reaches[0]->after, 2);
}

TEST(Tile, TwoConvolutionsKeepTheirIntermediate) {
  // A row of 8 channels and 128 columns has 4 KiB, a tensor 512 KiB: four times the cache.
  const hardware::Profile profile = machine(128 * 1024, 1e13);
  const Priced base = price(convolutions(2), profile, "");
  const Priced tiled = price(convolutions(2), profile, "tile");
  ASSERT_EQ(tiled.plan.outcomes.at(0).changed.size(), 1U);
  const double tiles = tiled.plan.steps[0].starts;
  EXPECT_GT(tiles, 1);
  EXPECT_EQ(tiles, tiled.plan.steps[1].starts);
  // Each border of two tiles makes the first convolution compute 2 rows once more.
  const double row_macs = 128.0 * 8 * 8 * 3 * 3;
  EXPECT_DOUBLE_EQ(tiled.plan.steps[0].work.macs.as_double(), row_macs * (128 + 2 * (tiles - 1)));
  EXPECT_DOUBLE_EQ(tiled.plan.steps[1].work.macs.as_double(), row_macs * 128);
  // While the first one runs, h + 4 rows of x and h + 2 rows of its result are live; then there are
  // the weights, 8 x 8 x 3 x 3 x 4 bytes, which both read.
  const double height = std::ceil(128 / tiles);
  const double live = (2 * height + 6) * 4096 + 2 * 8 * 8 * 3 * 3 * 4;
  ASSERT_TRUE(tiled.plan.steps[1].accesses[0].reuse_bytes);
  EXPECT_DOUBLE_EQ(*tiled.plan.steps[1].accesses[0].reuse_bytes, live);
  // What is left of the traffic of the intermediate: written and read.
  const double missed = 1 / (1 + std::pow(128 * 1024 / live, 4));
  const double saved = (base.estimate.dram_bytes - tiled.estimate.dram_bytes).as_double();
  EXPECT_NEAR(saved, 2 * 512 * 1024 * (1 - missed), 0.02 * 1024 * 1024);
  EXPECT_EQ(tiled.estimate.planned_bytes, base.estimate.planned_bytes);
}

TEST(Tile, WithoutHaloEverythingStaysOnTheChip) {
  const hardware::Profile profile = machine(1 << 20);
  const Priced base = price(pointwise(8), profile, "", "none");
  const Priced tiled = price(pointwise(8), profile, "tile", "none");
  const double tensor = 16 * 256 * 256 * 4;
  EXPECT_NEAR(base.estimate.dram_bytes.as_double(), 16 * tensor, 0.01 * 16 * tensor);
  // The input is read, the last result is written.
  EXPECT_NEAR(tiled.estimate.dram_bytes.as_double(), 2 * tensor, 0.02 * tensor);
  EXPECT_EQ(tiled.estimate.flops, base.estimate.flops);
  EXPECT_THAT(tiled.plan.outcomes.at(0).refused, testing::IsEmpty());
  EXPECT_THAT(tiled.plan.outcomes.at(0).warnings, testing::IsEmpty());
}

TEST(Tile, ABatchRunsImageByImage) {
  // Products with weights of 64 x 64 on rows of 64: nothing overlaps. 64 items of 16 rows.
  ModelBuilder b;
  b.input("x", ir::Shape{64, 16, 64}).weight("w", {64, 64});
  b.node("MatMul", {"x", "w"}, {"a"}).node("MatMul", {"a", "w"}, {"b"}).output("b");
  const Priced tiled = price(b, machine(128 * 1024), "tile");
  ASSERT_EQ(tiled.plan.outcomes.at(0).changed.size(), 1U);
  EXPECT_EQ(std::fmod(tiled.plan.steps[0].starts, 64), 0);
  const ops::Contraction& c = *tiled.plan.steps[0].work.contraction;
  EXPECT_EQ(c.batch * c.m, 64 * 16);
}

TEST(Tile, ATinyCacheChangesNothing) {
  const hardware::Profile profile = machine(4096);
  const Priced base = price(convolutions(4), profile, "");
  const Priced tiled = price(convolutions(4), profile, "tile");
  EXPECT_THAT(tiled.plan.outcomes.at(0).changed, testing::IsEmpty());
  EXPECT_EQ(tiled.plan.outcomes.at(0).refused.size(), 4U);
  EXPECT_EQ(tiled.estimate.dram_bytes, base.estimate.dram_bytes);
  EXPECT_DOUBLE_EQ(tiled.estimate.predicted_s, base.estimate.predicted_s);
}

TEST(Tile, WhatCachesHoldAnywayIsLeftAlone) {
  const Priced tiled = price(convolutions(4), machine(1e9), "tile");
  EXPECT_THAT(tiled.plan.outcomes.at(0).changed, testing::IsEmpty());
  EXPECT_EQ(tiled.plan.outcomes.at(0).refused.at(0).what, "caches hold its result without tiles");
}

TEST(Tile, ASlowMachineDoesNotRecompute) {
  const Priced tiled = price(convolutions(4), machine(128 * 1024, 1e11), "tile");
  EXPECT_THAT(tiled.plan.outcomes.at(0).changed, testing::IsEmpty());
  EXPECT_EQ(tiled.plan.outcomes.at(0).refused.at(0).what, "computes longer than it moves data");
}

TEST(Tile, AResultThatIsNeededElsewhereEndsTheSegment) {
  ModelBuilder b = pointwise(4);
  b.output("p1");
  const Priced tiled = price(b, machine(1 << 20), "tile", "none");
  const auto& changed = tiled.plan.outcomes.at(0).changed;
  ASSERT_EQ(changed.size(), 2U);  // p0 and p1, p2 and p3
  EXPECT_THAT(changed[0].what, testing::StartsWith("2 layers in tiles of "));
  EXPECT_EQ(changed[0].node, "p0");
  EXPECT_EQ(changed[1].node, "p2");
}

TEST(Tile, AResidualInsideTheSegmentStaysToo) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 16, 256, 256});
  b.node("Sigmoid", {"x"}, {"a"}).node("Sigmoid", {"a"}, {"b"}).node("Add", {"a", "b"}, {"y"});
  b.output("y");
  const Priced tiled = price(b, machine(1 << 20), "tile", "none");
  ASSERT_EQ(tiled.plan.outcomes.at(0).changed.size(), 1U);
  const double tensor = 16 * 256 * 256 * 4;
  EXPECT_NEAR(tiled.estimate.dram_bytes.as_double(), 2 * tensor, 0.02 * tensor);
}

TEST(Tile, StatisticsOfAllRowsAreABarrier) {
  ModelBuilder b = pointwise(2);
  b.node("GlobalAveragePool", {"p1"}, {"g"}).node("Sigmoid", {"g"}, {"y"}).output("y");
  const Priced tiled = price(b, machine(1 << 20), "tile", "none");
  EXPECT_THAT(tiled.plan.outcomes.at(0).refused,
              testing::Contains(Field(&Finding::what, "needs all rows for a result")));
}

TEST(Tile, OnlySelectedNodes) {
  const Priced tiled = price(pointwise(4), machine(1 << 20), "tile:node=p0,node=p1", "none");
  ASSERT_EQ(tiled.plan.outcomes.at(0).changed.size(), 1U);
  EXPECT_THAT(
      tiled.plan.outcomes.at(0).refused,
      ElementsAre(Field(&Finding::what, "not asked for"), Field(&Finding::what, "not asked for")));
}

TEST(Tile, StartsOfTilesCount) {
  hardware::Profile profile = machine(1 << 20);
  profile.launch_overhead_s = {1e-6, "s"};
  const Priced base = price(pointwise(8), profile, "", "none");
  const Priced tiled = price(pointwise(8), profile, "tile", "none");
  EXPECT_DOUBLE_EQ(tiled.estimate.overhead_s, 8 * 1e-6 * tiled.plan.steps[0].starts);
  EXPECT_LT(tiled.estimate.predicted_s, base.estimate.predicted_s);
  profile.launch_overhead_s = {1e-3, "s"};
  EXPECT_THAT(price(pointwise(8), profile, "tile", "none").plan.outcomes.at(0).changed,
              testing::IsEmpty());
}

TEST(Tile, CoresShareTheCache) {
  hardware::Profile profile = machine(1 << 20);
  profile.kind = "cpu";
  profile.cores = hardware::Fact{4, "s"};
  const Priced tiled = price(pointwise(4), profile, "tile", "none");
  ASSERT_EQ(tiled.plan.outcomes.at(0).changed.size(), 1U);
  // A row of x and one of its result in each of four tiles: 16 x 256 x 4 bytes each.
  const double reuse = *tiled.plan.steps[1].accesses[0].reuse_bytes;
  EXPECT_EQ(std::fmod(reuse, 4 * 2 * 16 * 256 * 4), 0);
}

TEST(Tile, NeverMovesMoreNorComputesLess) {
  for (const double cache : {16e3, 64e3, 256e3, 1e6, 4e6}) {
    for (const double rate : {1e11, 1e12, 1e13}) {
      for (const int count : {1, 2, 3, 7, 40}) {
        const hardware::Profile profile = machine(cache, rate);
        const Priced base = price(convolutions(count), profile, "");
        const Priced tiled = price(convolutions(count), profile, "tile");
        EXPECT_LE(tiled.estimate.dram_bytes, base.estimate.dram_bytes);
        EXPECT_LE(tiled.estimate.roofline_s, base.estimate.roofline_s * (1 + 1e-9));
        EXPECT_GE(macs(tiled.plan), macs(base.plan));
      }
    }
  }
}

TEST(Tile, BadArguments) {
  EXPECT_THROW((void)price(convolutions(2), machine(1e5), "tile:level=l9"), Error);
  EXPECT_THROW((void)price(convolutions(2), machine(1e5), "tile:1 GB"), Error);
  hardware::Profile bare = machine(1e5);
  bare.memory.erase(bare.memory.begin());
  const Priced priced = price(convolutions(2), bare, "tile");
  EXPECT_THAT(priced.plan.outcomes.at(0).warnings,
              ElementsAre("toy has no cache of a known capacity: nothing stays on its chip"));
}

}  // namespace
}  // namespace roofline::plan
