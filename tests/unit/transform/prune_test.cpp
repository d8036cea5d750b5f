// Owns the checks of what follows when channels are removed or added, by arithmetic on small
// models.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changed.hpp"

namespace roofline::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// image -> conv1 (3 -> 16) -> BatchNormalization -> Relu -> conv2 (16 -> 8) -> Flatten -> Gemm.
ModelBuilder classifier() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 8, 8}).weight("w1", {16, 3, 3, 3}).weight("b1", {16});
  b.node("Conv", {"x", "w1", "b1"}, {"conv1"}, {attr("pads", {1, 1, 1, 1})});
  for (const char* name : {"scale", "shift", "mean", "var"}) b.weight(name, {16});
  b.node("BatchNormalization", {"conv1", "scale", "shift", "mean", "var"}, {"bn"});
  b.node("Relu", {"bn"}, {"relu"});
  b.weight("w2", {8, 16, 1, 1});
  b.node("Conv", {"relu", "w2"}, {"conv2"});
  b.node("Flatten", {"conv2"}, {"flat"});
  b.weight("fc", {8 * 8 * 8, 10}).weight("fc_bias", {10});
  b.node("Gemm", {"flat", "fc", "fc_bias"}, {"logits"}).output("logits");
  return b;
}

TEST(Prune, EveryConsumerFollows) {
  const Changed c(classifier(), "prune:0.5");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("w1"), "8x3x3x3");
  EXPECT_EQ(c.shape("b1"), "8");
  EXPECT_EQ(c.shape("mean"), "8");
  EXPECT_EQ(c.shape("w2"), "4x8x1x1");
  EXPECT_EQ(c.shape("flat"), "1x256");  // 4 * 8 * 8
  EXPECT_EQ(c.shape("fc"), "256x10");
  EXPECT_EQ(c.shape("logits"), "1x10");
  EXPECT_EQ(c.macs(), 8 * 8 * (8 * 3 * 9 + 4 * 8) + 256 * 10);
  EXPECT_EQ(c.changed("conv1"), "16 -> 8 channels out");
  EXPECT_EQ(c.changed("conv2"), "8 -> 4 out, 16 -> 8 in");
  EXPECT_EQ(c.changed("logits"), "512 -> 256 channels in");
  EXPECT_EQ(c.refused("logits"), "its channels reach the output 'logits'");
}

TEST(Prune, PickedNodesOnly) {
  const Changed c(classifier(), "prune:0.25,node=conv1");
  EXPECT_EQ(c.shape("w1"), "12x3x3x3");
  EXPECT_EQ(c.shape("w2"), "8x12x1x1");
  EXPECT_EQ(c.shape("fc"), "512x10");
  EXPECT_THAT(c.outcome.refused, IsEmpty());
}

TEST(Prune, AtLeastOneChannelStays) {
  const Changed c(classifier(), "prune:1");
  EXPECT_EQ(c.shape("w2"), "1x1x1x1");
  EXPECT_EQ(c.shape("fc"), "64x10");
  EXPECT_THAT(c.errors(), IsEmpty());
}

TEST(Prune, NothingToPruneIsSaid) {
  ModelBuilder b;
  b.input("x", ir::Shape{4}).node("Relu", {"x"}, {"y"}).output("y");
  EXPECT_THAT(failure(b, "prune:0.5"), HasSubstr("finds no convolution or matrix product"));
  EXPECT_THAT(failure(classifier(), "prune:1.5"), HasSubstr("expected a number from 0 to 1"));
  EXPECT_THAT(failure(classifier(), "prune:0.5,node=conv9"), HasSubstr("no such node"));
}

TEST(Prune, AResidualAdditionCouplesItsOperands) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 4, 4});
  for (const char* name : {"w0", "w2"}) b.weight(name, {8, name[1] == '0' ? 3 : 6, 1, 1});
  b.weight("w1", {6, 8, 1, 1}).weight("w3", {5, 8, 1, 1});
  b.node("Conv", {"x", "w0"}, {"stem"});
  b.node("Conv", {"stem", "w1"}, {"inner"});
  b.node("Conv", {"inner", "w2"}, {"outer"});
  b.node("Add", {"outer", "stem"}, {"sum"});
  b.node("Conv", {"sum", "w3"}, {"y"}).output("y");
  const Changed c(b, "prune:0.5,node=outer");
  EXPECT_EQ(c.shape("w0"), "4x3x1x1");  // the stem follows, though only the outer was picked
  EXPECT_EQ(c.shape("w1"), "6x4x1x1");
  EXPECT_EQ(c.shape("w2"), "4x6x1x1");
  EXPECT_EQ(c.shape("w3"), "5x4x1x1");
  EXPECT_EQ(c.changed("stem"), "8 -> 4 channels out");
}

TEST(Prune, AConcatAndASplitAreFollowedPartByPart) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 4, 2, 2}).weight("wa", {6, 4, 1, 1}).weight("wb", {10, 4, 1, 1});
  b.node("Conv", {"x", "wa"}, {"a"}).node("Conv", {"x", "wb"}, {"b"});
  b.node("Concat", {"a", "b"}, {"ab"}, {attr("axis", 1)});
  b.ints("parts", {4, 12});
  b.node("Split", {"ab", "parts"}, {"first", "second"}, {attr("axis", 1)});
  b.weight("wc", {3, 4, 1, 1}).weight("wd", {3, 12, 1, 1});
  b.node("Conv", {"first", "wc"}, {"c"}).node("Conv", {"second", "wd"}, {"d"});
  b.output("c").output("d");
  const Changed c(b, "prune:0.5");
  EXPECT_THAT(c.errors(), IsEmpty());
  // a is cut by the Split into 4 and 2: 2 and 1 are left of them, and 5 of b.
  EXPECT_EQ(c.shape("wa"), "3x4x1x1");
  EXPECT_EQ(c.shape("ab"), "1x8x2x2");
  EXPECT_EQ(c.shape("wc"), "3x2x1x1");
  EXPECT_EQ(c.shape("wd"), "3x6x1x1");
}

TEST(Prune, DepthwiseConvolutionsFollowWithTheirGroups) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 4, 4}).weight("w1", {16, 3, 1, 1}).weight("w2", {16, 1, 3, 3});
  b.weight("w3", {5, 16, 1, 1});
  b.node("Conv", {"x", "w1"}, {"expand"});
  b.node("Conv", {"expand", "w2"}, {"depthwise"}, {attr("group", 16), attr("pads", {1, 1, 1, 1})});
  b.node("Conv", {"depthwise", "w3"}, {"y"}).output("y");
  const Changed c(b, "prune:0.75");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("w2"), "4x1x3x3");
  EXPECT_EQ(c.macs(), 16 * (4 * 3 + 4 * 9 + 5 * 4));
}

TEST(Prune, GroupedConvolutionsKeepEqualGroups) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 4, 4}).weight("w1", {12, 3, 1, 1}).weight("w2", {24, 3, 1, 1});
  b.weight("w3", {5, 24, 1, 1});
  b.node("Conv", {"x", "w1"}, {"in"});
  b.node("Conv", {"in", "w2"}, {"grouped"}, {attr("group", 4)});
  b.node("Conv", {"grouped", "w3"}, {"y"}).output("y");
  const Changed c(b, "prune:0.4");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("w1"), "8x3x1x1");   // 3 a group, 1.8 of them left: 2
  EXPECT_EQ(c.shape("w2"), "16x2x1x1");  // 6 a group, 3.6 of them left: 4
  EXPECT_EQ(c.shape("w3"), "5x16x1x1");
}

TEST(Prune, SqueezeAndExciteFollows) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 4, 4}).weight("w1", {16, 3, 1, 1});
  b.node("Conv", {"x", "w1"}, {"conv"}).node("GlobalAveragePool", {"conv"}, {"pool"});
  b.weight("ws", {4, 16, 1, 1}).weight("we", {16, 4, 1, 1}).weight("w2", {5, 16, 1, 1});
  b.node("Conv", {"pool", "ws"}, {"squeeze"}).node("Conv", {"squeeze", "we"}, {"excite"});
  b.node("Sigmoid", {"excite"}, {"gate"}).node("Mul", {"conv", "gate"}, {"scaled"});
  b.node("Conv", {"scaled", "w2"}, {"y"}).output("y");
  const Changed c(b, "prune:0.5");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("ws"), "2x8x1x1");
  EXPECT_EQ(c.shape("we"), "8x2x1x1");
  EXPECT_EQ(c.shape("scaled"), "1x8x4x4");
}

/// tokens -> [16 -> 64] -> Erf -> [64 -> 16] -> + tokens
ModelBuilder feed_forward() {
  ModelBuilder b;
  b.input("tokens", ir::Shape{1, 7, 16}).weight("up", {16, 64}).weight("up_bias", {64});
  b.node("MatMul", {"tokens", "up"}, {"wide"}).node("Add", {"up_bias", "wide"}, {"biased"});
  b.node("Erf", {"biased"}, {"erf"}).node("Mul", {"erf", "biased"}, {"act"});
  b.weight("stored", {16, 64}).node("Transpose", {"stored"}, {"down"}, {attr("perm", {1, 0})});
  b.node("MatMul", {"act", "down"}, {"narrow"});
  b.node("Add", {"narrow", "tokens"}, {"y"}).output("y");
  return b;
}

TEST(Prune, HiddenColumnsOfAFeedForwardPair) {
  const Changed c(feed_forward(), "prune:0.25");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("up"), "16x48");
  EXPECT_EQ(c.shape("up_bias"), "48");
  EXPECT_EQ(c.shape("stored"), "16x48");  // the weights behind are stored transposed
  EXPECT_EQ(c.macs(), 2 * 7 * 16 * 48);
  EXPECT_EQ(c.changed("narrow"), "64 -> 48 channels in");
  EXPECT_THAT(c.refused("narrow"), HasSubstr("meet sizes that stay, in Add 'y'"));
}

TEST(Prune, HeadsOfAttentionStay) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 5, 8}).weight("wq", {8, 12});
  b.node("MatMul", {"x", "wq"}, {"q"}).ints("heads", {0, 0, 3, 4});
  b.node("Reshape", {"q", "heads"}, {"split"});
  b.node("Softmax", {"split"}, {"y"}, {attr("axis", -1)}).output("y");
  const Changed c(b, "prune:0.5");
  EXPECT_EQ(c.refused("q"), "its channels are split or merged by Reshape 'split'");
  EXPECT_EQ(c.shape("wq"), "8x12");
}

TEST(Prune, NumbersThatHoldAChannelCountFollow) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 3, 4, 4}).weight("w1", {16, 3, 1, 1});
  b.node("Conv", {"x", "w1"}, {"conv"}).ints("target", {2, 16, 16});
  b.node("Reshape", {"conv", "target"}, {"flat"});
  b.ints("starts", {8}).ints("ends", {16}).ints("axes", {1});
  b.node("Slice", {"flat", "starts", "ends", "axes"}, {"half"});
  b.node("Transpose", {"half"}, {"turned"}, {attr("perm", {0, 2, 1})});
  b.weight("w2", {8, 5}).node("MatMul", {"turned", "w2"}, {"y"}).output("y");
  const Changed c(b, "prune:0.5,op=Conv");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("flat"), "2x8x16");
  EXPECT_EQ(c.shape("half"), "2x4x16");
  EXPECT_EQ(c.shape("w2"), "4x5");
  // Another Reshape may read the old target: this one has a target of its own.
  EXPECT_EQ(*ir::ints(*c.tensor("target").constant->value), (std::vector<std::int64_t>{2, 16, 16}));
  EXPECT_EQ(*ir::ints(*c.tensor("flat/sizes").constant->value),
            (std::vector<std::int64_t>{2, 8, 16}));
}

TEST(Prune, NumbersThatAreComputedAreProvenByInference) {
  // Reshape to [batch, 16, -1], its target put together while the model runs.
  ModelBuilder b;
  b.input("x", ir::Shape{2, 3, 4, 4}).weight("w1", {16, 3, 1, 1});
  b.node("Conv", {"x", "w1"}, {"conv"}).node("Shape", {"x"}, {"sizes"});
  b.ints("zero", {0}).node("Gather", {"sizes", "zero"}, {"batch"}, {attr("axis", 0)});
  b.ints("rest", {16, -1}).node("Concat", {"batch", "rest"}, {"target"}, {attr("axis", 0)});
  b.node("Reshape", {"conv", "target"}, {"flat"});
  b.node("Transpose", {"flat"}, {"turned"}, {attr("perm", {0, 2, 1})});
  b.weight("w2", {16, 5}).node("MatMul", {"turned", "w2"}, {"y"}).output("y");
  const Changed c(b, "prune:0.5");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("w1"), "16x3x1x1");
  EXPECT_THAT(c.refused("conv"), HasSubstr("do not fit Reshape 'flat'"));
}

TEST(Prune, SharedWeightsChangeWhereverTheyServe) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 4}).input("ids", ir::Shape{3}, ir::DType::kInt64);
  b.weight("w", {4, 8}).weight("w2", {8, 4});
  b.node("MatMul", {"x", "w"}, {"a"}).node("Gather", {"w", "ids"}, {"rows"}, {attr("axis", 0)});
  b.node("MatMul", {"a", "w2"}, {"y"}).node("MatMul", {"rows", "w2"}, {"z"});
  b.output("y").output("z");
  const Changed c(b, "prune:0.5,node=a");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("w"), "4x4");
  EXPECT_EQ(c.shape("rows"), "3x4");
  EXPECT_EQ(c.shape("w2"), "4x4");
}

TEST(Prune, WhatABodyReadsStays) {
  ModelBuilder then;
  then.outer("conv").node("Relu", {"conv"}, {"t"}).output("t");
  ModelBuilder other;
  other.outer("conv").node("Neg", {"conv"}, {"e"}).output("e");
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 4, 4}).input("p", ir::Shape{}, ir::DType::kBool);
  b.weight("w", {8, 3, 1, 1}).node("Conv", {"x", "w"}, {"conv"});
  b.node("If", {"p"}, {"y"},
         {{.name = "then_branch", .value = then.graph()},
          {.name = "else_branch", .value = other.graph()}});
  b.output("y");
  const Changed c(b, "prune:0.5");
  EXPECT_EQ(c.shape("w"), "8x3x1x1");
  EXPECT_EQ(c.refused("conv"), "its channels are not followed through If 'y'");
}

TEST(Prune, NodesOfFunctionsStay) {
  ModelBuilder body;
  body.input("a", ir::Shape{}).weight("k", {4, 4}).node("MatMul", {"a", "k"}, {"r"}).output("r");
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4}).function("local", "Block", body).weight("w", {4, 6});
  b.node("Block", {"x"}, {"inner"}, {}, "local").node("MatMul", {"inner", "w"}, {"mid"});
  b.weight("w2", {6, 3}).node("MatMul", {"mid", "w2"}, {"y"}).output("y");
  const Changed c(b, "prune:0.5");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("w"), "4x3");
  EXPECT_THAT(c.refused("inner/r"), HasSubstr("inside a function"));
}

TEST(RoundChannels, UpDownAndNearest) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 4, 4}).weight("w1", {23, 3, 1, 1}).weight("w2", {18, 23, 1, 1});
  b.weight("w3", {5, 18, 1, 1});
  b.node("Conv", {"x", "w1"}, {"a"}).node("Conv", {"a", "w2"}, {"b"});
  b.node("Conv", {"b", "w3"}, {"y"}).output("y");
  const Changed up(b, "round-channels:8");
  EXPECT_EQ(up.shape("w2"), "24x24x1x1");
  EXPECT_EQ(up.macs(), 16 * (24 * 3 + 24 * 24 + 5 * 24));
  EXPECT_THAT(up.outcome.warnings, testing::ElementsAre(HasSubstr("zeros")));
  EXPECT_EQ(Changed(b, "round-channels:8,direction=down").shape("w2"), "16x16x1x1");
  EXPECT_EQ(Changed(b, "round-channels:8,direction=nearest").shape("w2"), "16x24x1x1");
  EXPECT_THAT(failure(b, "round-channels:8,direction=sideways"), HasSubstr("up, down, nearest"));
}

TEST(RoundChannels, MultiplesAreNoRefusals) {
  const Changed c(classifier(), "round-channels:8,op=Conv");
  EXPECT_THAT(c.outcome.changed, IsEmpty());
  EXPECT_THAT(c.outcome.refused, IsEmpty());
  EXPECT_THAT(c.outcome.warnings, IsEmpty());
}

TEST(RoundChannels, AveragesAreNotDilutedByZeros) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 5, 8}).weight("w1", {8, 10}).weight("scale", {10});
  b.node("MatMul", {"x", "w1"}, {"a"}).node("LayerNormalization", {"a", "scale"}, {"n"});
  b.weight("w2", {10, 4}).node("MatMul", {"n", "w2"}, {"y"}).output("y");
  EXPECT_THAT(Changed(b, "round-channels:8").refused("a"), HasSubstr("averaged by"));
  EXPECT_EQ(Changed(b, "round-channels:8,direction=down").shape("scale"), "8");
}

TEST(RoundChannels, DownLeavesWhatIsSmallerAlready) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 4, 4}).weight("w1", {5, 3, 1, 1}).weight("w2", {8, 5, 1, 1});
  b.node("Conv", {"x", "w1"}, {"a"}).node("Conv", {"a", "w2"}, {"y"}).output("y");
  EXPECT_THAT(Changed(b, "round-channels:8,direction=down").refused("a"),
              HasSubstr("no such multiple within reach"));
  EXPECT_EQ(Changed(b, "round-channels:8,direction=nearest").shape("w1"), "8x3x1x1");
}

TEST(RoundChannels, GroupsThatHaveNoNearMultipleStay) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 3, 4, 4}).weight("w1", {26, 3, 1, 1}).weight("w2", {26, 2, 1, 1});
  b.node("Conv", {"x", "w1"}, {"a"}).node("Conv", {"a", "w2"}, {"g"}, {attr("group", 13)});
  b.weight("w3", {8, 26, 1, 1}).node("Conv", {"g", "w3"}, {"y"}).output("y");
  const Changed c(b, "round-channels:8");  // lcm(8, 13) = 104
  EXPECT_EQ(c.shape("w1"), "26x3x1x1");
  EXPECT_THAT(c.refused("a"), HasSubstr("no such multiple within reach"));
}

}  // namespace
}  // namespace roofline::test
