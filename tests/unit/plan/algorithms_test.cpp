// Owns the checks of scenarios that change how products are computed: winograd, im2col, align.
// Refuses precisions and weights.
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
using ::testing::IsEmpty;

/// One convolution, padded to keep its size where stride is 1.
ModelBuilder conv(std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t kernel,
                  std::int64_t stride = 1, std::int64_t group = 1, std::int64_t images = 1) {
  ModelBuilder b;
  const std::int64_t pad = kernel / 2;
  b.input("x", ir::Shape{images, in, size, size}).weight("w", {out, in / group, kernel, kernel});
  b.node("Conv", {"x", "w"}, {"y"},
         {test::ints("pads", {pad, pad, pad, pad}),
          test::ints("strides", {stride, stride}),
          {.name = "group", .value = group}});
  return b.output("y");
}

double executed(const ChangedPlan& p) { return plan::executed_flops(p.step(0)); }

/// MACs of the direct algorithm over multiplications of a tile that fits the plane.
double saving(const std::string& tile, std::int64_t kernel) {
  const ChangedPlan p(conv(16, 16, 12, kernel), {"winograd:tile=" + tile});
  return p.macs().as_double() / p.step(0).algorithm->contraction->valid_macs.as_double();
}

TEST(Winograd, TilesSaveWhatTheirPointsLeave) {
  EXPECT_DOUBLE_EQ(saving("2", 3), 4 * 9 / 16.0);
  EXPECT_DOUBLE_EQ(saving("4", 3), 16 * 9 / 36.0);
  EXPECT_DOUBLE_EQ(saving("6", 3), 36 * 9 / 64.0);
  EXPECT_DOUBLE_EQ(saving("2", 5), 4 * 25 / 36.0);
}

TEST(Winograd, CountsPointsTransformsWeightsAndWorkspace) {
  const ChangedPlan p(conv(32, 64, 16, 3), {"winograd:tile=4"});
  // 16 x 16 results are 16 tiles of 4 x 4, each of 36 points. An input tile takes 2 x 6 transforms
  // of 19 FLOPs, an output tile 6 + 4 of 13.
  const double product = 2.0 * 36 * 16 * 32 * 64;
  const double transforms = 16.0 * (32 * 2 * 6 * 19 + 64 * 10 * 13);
  EXPECT_DOUBLE_EQ(executed(p), product + transforms);
  EXPECT_EQ(p.macs(), 64 * 16 * 16 * 32 * 9);  // the model's
  const std::string workspace = std::to_string(36 * 16 * (32 + 64) * 4);
  EXPECT_THAT(
      p.touched(0),
      ElementsAre("r" + std::to_string(32 * 256 * 4), "r" + std::to_string(32 * 64 * 36 * 4),
                  "w" + std::to_string(64 * 256 * 4), "w" + workspace, "r" + workspace));
  const ops::Contraction& c = *p.step(0).algorithm->contraction;
  EXPECT_EQ(c.batch, 36);
  EXPECT_EQ(c.m, 16);
  EXPECT_EQ(c.n, 64);
  EXPECT_EQ(c.k, 32);
  EXPECT_THAT(p.plan.outcomes[0].warnings, ElementsAre(HasSubstr("up to 4x4")));
}

TEST(Winograd, RaggedTilesCostWholeOnes) {
  const ChangedPlan whole(conv(32, 64, 8, 3), {"winograd:tile=4"});
  const ChangedPlan ragged(conv(32, 64, 7, 3), {"winograd:tile=4"});
  EXPECT_DOUBLE_EQ(executed(ragged), executed(whole));
}

TEST(Winograd, FusedTransformsWriteNoWorkspace) {
  const ChangedPlan p(conv(32, 64, 16, 3), {"winograd:tile=2,fused=yes"});
  EXPECT_EQ(p.step(0).accesses.size(), 3U);
}

TEST(Winograd, TakesTheCheapestTileAndNoneThatCostsMore) {
  const ChangedPlan deep(conv(256, 256, 12, 3), {"winograd"});
  EXPECT_THAT(deep.changed(), ElementsAre(HasSubstr("Winograd F(6x6,3x3)")));
  for (const std::string tile : {"2", "4", "6"}) {
    EXPECT_LE(executed(deep),
              executed(ChangedPlan(conv(256, 256, 12, 3), {"winograd:tile=" + tile})));
  }
  // One result wide: a tile of 2 x 2 computes three results for nothing.
  const ChangedPlan tiny(conv(64, 64, 1, 3), {"winograd"});
  EXPECT_THAT(tiny.changed(), IsEmpty());
  const ChangedPlan five(conv(64, 64, 16, 5), {"winograd"});
  EXPECT_THAT(five.changed(), ElementsAre(HasSubstr("F(2x2,5x5)")));
}

TEST(Winograd, RefusesWhatItCannotTransform) {
  EXPECT_THAT(ChangedPlan(conv(32, 32, 8, 3, 2), {"winograd"}).refused(),
              ElementsAre("y: stride 2x2: 1 is needed"));
  EXPECT_THAT(ChangedPlan(conv(32, 32, 8, 3, 1, 4), {"winograd"}).refused(),
              ElementsAre("y: 4 groups: one is needed"));
  EXPECT_THAT(ChangedPlan(conv(32, 32, 8, 1), {"winograd"}).refused(),
              ElementsAre(HasSubstr("kernel 1x1")));
  EXPECT_THAT(ChangedPlan(conv(32, 32, 8, 5), {"winograd:tile=4"}).refused(),
              ElementsAre("y: no tile of 4 for its kernel"));
  EXPECT_THAT(ChangedPlan(conv(32, 32, 8, 3), {"precision:int8", "winograd"}).refused(),
              ElementsAre(HasSubstr("do not fit into int8")));
  EXPECT_THAT(ChangedPlan(conv(32, 32, 12, 3), {"precision:fp16", "winograd:tile=6"}).refused(),
              ElementsAre(HasSubstr("F(6x6,3x3) loses too much in fp16")));
  EXPECT_THROW(ChangedPlan(conv(32, 32, 8, 3), {"winograd:tile=3"}), Error);
}

TEST(Winograd, SixteenBitsStopAtTilesOfFour) {
  const ChangedPlan p(conv(256, 256, 12, 3), {"precision:fp16", "winograd"});
  EXPECT_THAT(p.changed(), ElementsAre(HasSubstr("F(4x4,3x3)")));
  // Behind the conversion of the input; workspace in fp16.
  EXPECT_EQ(p.step(1).accesses.back().bytes, 36 * 9 * 512 * 2);
}

TEST(Winograd, RuntimeThatDoesItAlreadyIsLeftAlone) {
  const ChangedPlan p(conv(32, 32, 12, 3), {"winograd"}, test::cpu(), "ncnn");
  EXPECT_THAT(p.refused(), ElementsAre("y: runs by Winograd F(6x6,3x3) already"));
}

TEST(Winograd, TiledModelComputesTheBatchOfProducts) {
  hardware::Profile profile = test::gpu();
  profile.cores = hardware::Fact{4, "s"};
  hardware::Calibration calibration;
  calibration.runtime = "basic";
  calibration.terms.tile_load = 16;
  calibration.kernels["im2col.spatial"] = {};
  const ChangedPlan direct(conv(256, 256, 32, 3, 1, 1, 16), {"precision:fp16"}, profile);
  const ChangedPlan fast(conv(256, 256, 32, 3, 1, 1, 16),
                         {"precision:fp16", "winograd:tile=4,fused=yes"}, profile);
  const estimate::LatencyModel model(profile, calibration, {});
  const auto seconds = [&](const ChangedPlan& p) {
    const std::vector<double> distances(p.step(1).accesses.size(), 1);
    return model.time(p.step(1), p.plan, distances);
  };
  ASSERT_TRUE(seconds(fast).tile);
  ASSERT_NE(seconds(fast).timing, nullptr);  // that of the direct kernel
  // 16 images of 64 tiles; the direct kernel and this one widen their results to the model's fp32.
  const double widening = 16.0 * 256 * 32 * 32 / 1e12;
  const double transforms = 16.0 * 64 * 256 * (2 * 6 * 19 + 10 * 13) / 1e12;
  EXPECT_DOUBLE_EQ(seconds(fast).beside_s, widening + transforms);
  EXPECT_DOUBLE_EQ(seconds(direct).beside_s, widening);
  const double product = seconds(fast).compute_s - seconds(fast).beside_s;
  EXPECT_NEAR((seconds(direct).compute_s - widening) / product, 4, 1e-9);
}

TEST(Im2Col, WritesAndReadsEveryPatch) {
  const ChangedPlan p(conv(32, 64, 8, 3), {"im2col"});
  EXPECT_THAT(p.kinds(), ElementsAre("reorder Im2Col", "op"));
  const std::string matrix = std::to_string(8 * 8 * 32 * 9 * 4);
  EXPECT_THAT(p.touched(0), ElementsAre("r" + std::to_string(32 * 64 * 4), "w" + matrix));
  EXPECT_EQ(p.touched(1).front(), "r" + matrix);
  EXPECT_DOUBLE_EQ(plan::executed_flops(p.step(1)), 2.0 * 64 * 64 * 32 * 9);  // edges included
  EXPECT_GE(p.estimate.predicted_s, ChangedPlan(conv(32, 64, 8, 3), {}).estimate.predicted_s);
}

TEST(Im2Col, PointwiseOperandIsTheMatrix) {
  EXPECT_THAT(ChangedPlan(conv(32, 64, 8, 1), {"im2col"}).refused(),
              ElementsAre("y: 1x1 of stride 1: its operand is the matrix"));
  EXPECT_THAT(ChangedPlan(conv(32, 64, 8, 1, 2), {"im2col"}).kinds(),
              ElementsAre("reorder Im2Col", "op"));
}

ModelBuilder narrow_chain() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 8, 8}).weight("w1", {23, 8, 1, 1}).weight("w2", {32, 23, 1, 1});
  b.node("Conv", {"x", "w1"}, {"a"}).node("Sigmoid", {"a"}, {"s"}).node("Exp", {"s"}, {"e"});
  return b.node("Conv", {"e", "w2"}, {"y"}).output("y");
}

TEST(Align, TwentyThreeChannelsCostWhatTwentyFourCost) {
  const ChangedPlan p(narrow_chain(), {"align:8"}, test::cpu());
  EXPECT_THAT(p.changed(), ElementsAre("a: 23 -> 24 channels out: +4.35 % FLOPs",
                                       "y: 23 -> 24 channels in: +4.35 % FLOPs"));
  EXPECT_DOUBLE_EQ(executed(p), 2.0 * 64 * 8 * 24 + 2 * 64 * 23);  // and Sigmoid
  EXPECT_THAT(p.touched(0), ElementsAre("r2048", "r" + std::to_string(8 * 24 * 4),
                                        "w" + std::to_string(24 * 64 * 4)));
  // Exp writes channels that the next convolution reads.
  EXPECT_EQ(p.touched(1).back(), "w" + std::to_string(24 * 64 * 4));
  EXPECT_EQ(p.touched(2).back(), "w" + std::to_string(32 * 64 * 4));  // the model's output stays
  EXPECT_EQ(p.macs(), 64 * 8 * 23 + 64 * 23 * 32);
}

TEST(Align, NeverCostsLessAndNothingOnMultiples) {
  const ChangedPlan base(narrow_chain(), {}, test::cpu());
  for (const std::string n : {"2", "4", "16", "32", "100"}) {
    const ChangedPlan p(narrow_chain(), {"align:" + n}, test::cpu());
    EXPECT_GE(p.estimate.predicted_s, base.estimate.predicted_s) << n;
    EXPECT_GE(p.estimate.planned_bytes, base.estimate.planned_bytes) << n;
  }
  EXPECT_THAT(ChangedPlan(conv(32, 64, 8, 3), {"align:16"}).refused(),
              ElementsAre("y: channels are multiples of 16"));
  EXPECT_THROW(ChangedPlan(narrow_chain(), {"align:0"}), Error);
}

TEST(Align, GroupsOfADepthwiseConvolutionAreItsChannels) {
  const ChangedPlan p(conv(23, 23, 8, 3, 1, 23), {"align:8"}, test::cpu());
  EXPECT_THAT(p.changed(), ElementsAre(HasSubstr("23 -> 24 channels")));
  EXPECT_EQ(p.step(0).algorithm->contraction->groups, 24);
}

}  // namespace
}  // namespace roofline
