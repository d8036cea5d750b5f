// Owns the checks of scenarios that rewrite single layers, by arithmetic on small models.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changed.hpp"

namespace roofline::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A 3x3 convolution with stride 2: 1x32x16x16 -> 1x64x8x8.
ModelBuilder strided(const std::string& input = "x") {
  ModelBuilder b;
  b.input(input, ir::Shape{1, 32, 16, 16}).weight("w", {64, 32, 3, 3}).weight("bias", {64});
  b.node("Conv", {input, "w", "bias"}, {"conv"},
         {attr("kernel_shape", {3, 3}), attr("strides", {2, 2}), attr("pads", {1, 1, 1, 1})});
  b.node("Relu", {"conv"}, {"y"}).output("y");
  return b;
}

TEST(Depthwise, ASeparableConvolution) {
  const Changed c(strided(), "depthwise");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_THAT(c.nodes(), ElementsAre("Conv conv/depthwise", "Conv conv", "Relu y"));
  EXPECT_EQ(c.shape("conv/depthwise"), "1x32x8x8");
  EXPECT_EQ(c.shape("conv"), "1x64x8x8");
  EXPECT_EQ(c.macs(), 8 * 8 * (32 * 9 + 32 * 64));
  EXPECT_EQ(c.parameters(), 32 * 9 + 32 * 64 + 64);
  EXPECT_EQ(c.node("conv").inputs.size(), 3U);  // the bias stays with the 1x1
  EXPECT_EQ(c.node("conv/depthwise").inputs.size(), 2U);
}

TEST(Depthwise, RefusesWhatItCannotShrink) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 4, 4}).weight("w1", {8, 8, 1, 1}).weight("w2", {8, 1, 3, 3});
  b.weight("w3", {1, 8, 3, 3}).weight("w4", {8, 8, 3, 3});
  b.node("Conv", {"x", "w1"}, {"point"});
  b.node("Conv", {"x", "w2"}, {"depth"}, {attr("group", 8)});
  b.node("Conv", {"x", "w3"}, {"one"});
  b.node("Conv", {"x", "w4"}, {"a"}).node("Conv", {"x", "w4"}, {"b"});
  for (const char* name : {"point", "depth", "one", "a", "b"}) b.output(name);
  const Changed c(b, "depthwise");
  EXPECT_THAT(c.outcome.changed, IsEmpty());
  EXPECT_THAT(c.refused("point"), HasSubstr("one tap"));
  EXPECT_EQ(c.refused("depth"), "it has 8 groups already");
  EXPECT_THAT(c.refused("one"), HasSubstr("1 channel made from each of 9 taps"));
  EXPECT_EQ(c.refused("a"), "its weights serve other nodes as well");
  EXPECT_EQ(c.macs(), macs_of(c.before));
  EXPECT_THAT(
      failure(ModelBuilder().input("x", ir::Shape{2}).node("Relu", {"x"}, {"y"}), "depthwise"),
      HasSubstr("finds no convolution"));
}

TEST(Bottleneck, ReducesConvolvesAndExpands) {
  const Changed c(strided(), "bottleneck:0.25");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_THAT(c.nodes(),
              ElementsAre("Conv conv/reduce", "Conv conv/spatial", "Conv conv", "Relu y"));
  EXPECT_EQ(c.shape("conv/reduce"), "1x8x16x16");
  EXPECT_EQ(c.shape("conv/spatial"), "1x8x8x8");
  EXPECT_EQ(c.macs(), 16 * 16 * 32 * 8 + 8 * 8 * (8 * 8 * 9 + 8 * 64));
  EXPECT_EQ(c.parameters(), 32 * 8 + 8 * 8 * 9 + 8 * 64 + 64);
}

TEST(Bottleneck, RefusesARatioThatSavesNothing) {
  const Changed c(strided(), "bottleneck:1");
  // 16*16*32*32 + 8*8*(32*32*9 + 32*64) = 983040 < 8*8*32*64*9 = 1179648
  EXPECT_EQ(c.macs(), 983040);
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 4, 4}).weight("w", {8, 8, 2, 1}).node("Conv", {"x", "w"}, {"y"});
  b.output("y");
  EXPECT_THAT(Changed(b, "bottleneck:1").refused("y"),
              HasSubstr("8 channels between are no smaller"));
}

TEST(LowRank, AMatrixBecomesTwo) {
  ModelBuilder b;
  b.input("x", ir::Shape{5, 64}).weight("w", {64, 32}).node("MatMul", {"x", "w"}, {"mid"});
  b.weight("w2", {16, 32}).weight("c", {16});
  b.node("Gemm", {"mid", "w2", "c"}, {"y"}, {attr("transB", 1)}).output("y");
  const Changed c(b, "low-rank:0.25");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_THAT(c.nodes(),
              ElementsAre("MatMul mid/low_rank", "MatMul mid", "MatMul y/low_rank", "Gemm y"));
  EXPECT_EQ(c.shape("mid/low_rank"), "5x8");
  EXPECT_EQ(c.shape("y/weight"), "16x4");  // as transposed as before
  EXPECT_EQ(c.macs(), 5 * (64 * 8 + 8 * 32 + 32 * 4 + 4 * 16));
  EXPECT_EQ(c.parameters(), 64 * 8 + 8 * 32 + 32 * 4 + 4 * 16 + 16);
  EXPECT_EQ(c.changed("mid"), "64x32 -> 64x8 and 8x32");
}

TEST(LowRank, OneByOneConvolutionsReduceWithTheirStride) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 32, 8, 8}).weight("w", {64, 32, 1, 1}).weight("bias", {64});
  b.node("Conv", {"x", "w", "bias"}, {"y"}, {attr("strides", {2, 2})}).output("y");
  const Changed c(b, "low-rank:rank=4");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("y/low_rank"), "1x4x4x4");
  EXPECT_EQ(c.macs(), 4 * 4 * (32 * 4 + 4 * 64));
}

TEST(LowRank, RefusesWhatWouldGrow) {
  ModelBuilder b;
  b.input("x", ir::Shape{5, 64})
      .weight("w", {64, 64})
      .node("MatMul", {"x", "w"}, {"y"})
      .output("y");
  EXPECT_THAT(Changed(b, "low-rank:0.5").refused("y"),
              HasSubstr("rank 32 are no smaller than 64x64"));
  EXPECT_EQ(Changed(b, "low-rank:rank=31").changed("y"), "64x64 -> 64x31 and 31x64");
  EXPECT_THAT(Changed(strided(), "low-rank:0.1").refused("conv"), HasSubstr("kernel is 3x3"));
  EXPECT_THAT(failure(b, "low-rank"), HasSubstr("either a ratio or rank=N"));
  EXPECT_THAT(failure(b, "low-rank:0.5,rank=3"), HasSubstr("either a ratio or rank=N"));
}

TEST(LowRank, WeightsThatAreTurnedFirstAreTakenAsTheyAreUsed) {
  ModelBuilder b;
  b.input("x", ir::Shape{5, 64}).weight("stored", {32, 64});
  b.node("Transpose", {"stored"}, {"w"}, {attr("perm", {1, 0})});
  b.node("MatMul", {"x", "w"}, {"y"}).output("y");
  const Changed c(b, "low-rank:0.25");
  EXPECT_THAT(c.nodes(), ElementsAre("MatMul y/low_rank", "MatMul y"));
  EXPECT_EQ(c.parameters(), 64 * 8 + 8 * 32);
}

TEST(LowRank, WeightsThatOthersReadStay) {
  ModelBuilder b;
  b.input("x", ir::Shape{5, 64}).input("ids", ir::Shape{3}, ir::DType::kInt64);
  b.weight("table", {100, 64}).node("Transpose", {"table"}, {"w"}, {attr("perm", {1, 0})});
  b.node("MatMul", {"x", "w"}, {"y"}).node("Gather", {"table", "ids"}, {"z"});
  b.output("y").output("z");
  EXPECT_EQ(Changed(b, "low-rank:0.25").refused("y"), "its weights serve other nodes as well");
  ModelBuilder q;
  q.input("x", ir::Shape{5, 64}).weight("stored", {64, 32}, ir::DType::kInt8).weight("s", {});
  q.node("DequantizeLinear", {"stored", "s"}, {"w"}).node("MatMul", {"x", "w"}, {"y"}).output("y");
  EXPECT_EQ(Changed(q, "low-rank:0.25").refused("y"), "its weights are computed from others");
}

TEST(LowRank, NamesThatAreTakenGetANumber) {
  ModelBuilder b;
  b.input("x", ir::Shape{5, 64}).weight("y/weight", {64, 64});
  b.node("MatMul", {"x", "y/weight"}, {"y"}).output("y");
  const Changed c(b, "low-rank:0.25");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_EQ(c.shape("y/weight_2"), "16x64");
}

}  // namespace
}  // namespace roofline::test
