// Owns the checks of the scenario "precision": which type each step computes and stores in, and
// where conversions stand. Refuses other scenarios, but where one goes on from this.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changed_plan.hpp"

namespace roofline::lower_precision_test {
namespace {

using hardware::Precision;
using test::ChangedPlan;
using test::ModelBuilder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kMap = 64 * 8 * 8;
constexpr std::int64_t kWeights = 64 * 64 * 9;

ir::Attribute same_size() { return test::ints("pads", {1, 1, 1, 1}); }

/// x -> conv + Relu -> max pooling -> conv -> Sigmoid -> conv -> y, all 64 channels.
ModelBuilder chain() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 64, 8, 8});
  for (const char* w : {"w1", "w2", "w3"}) b.weight(w, {64, 64, 3, 3});
  b.node("Conv", {"x", "w1"}, {"c1"}, {same_size()}).node("Relu", {"c1"}, {"r1"});
  b.node("MaxPool", {"r1"}, {"p"},
         {test::ints("kernel_shape", {3, 3}), test::ints("pads", {1, 1, 1, 1})});
  b.node("Conv", {"p", "w2"}, {"c2"}, {same_size()}).node("Sigmoid", {"c2"}, {"s"});
  b.node("Exp", {"s"}, {"e"});
  b.node("Conv", {"e", "w3"}, {"y"}, {same_size()}).output("y");
  return b;
}

std::vector<std::string> precisions(const ChangedPlan& p) {
  std::vector<std::string> list;
  for (const plan::Step& step : p.plan.steps) {
    list.emplace_back(hardware::precision_name(*step.precision));
  }
  return list;
}

TEST(LowerPrecision, WholeModelInSixteenBitsConvertsAtItsBordersAlone) {
  const ChangedPlan p(chain(), {"precision:fp16"});
  // The last convolution writes the model's type itself.
  EXPECT_THAT(p.kinds(), ElementsAre("convert Cast", "fused", "op", "fused", "op", "op"));
  EXPECT_THAT(precisions(p), ElementsAre("fp32", "fp16", "fp16", "fp16", "fp16", "fp16"));
  EXPECT_THAT(p.touched(0),
              ElementsAre("r" + std::to_string(kMap * 4), "w" + std::to_string(kMap * 2)));
  EXPECT_THAT(p.touched(1),
              ElementsAre("r" + std::to_string(kMap * 2), "r" + std::to_string(kWeights * 2),
                          "w" + std::to_string(kMap * 2)));
  EXPECT_THAT(p.touched(5).back(), "w" + std::to_string(kMap * 4));
  EXPECT_EQ(p.step(5).work.arithmetic, kMap);  // one cast for each result
  EXPECT_EQ(p.macs(), 3 * kMap * 64 * 9);
  EXPECT_TRUE(p.plan.buffers[static_cast<std::size_t>(p.step(5).accesses.back().buffer)].is_output);
}

TEST(LowerPrecision, IntegersStayBetweenProductsAndLeaveForTheRest) {
  const ChangedPlan p(chain(), {"precision:int8"});
  // conv + Relu, pooling and the second convolution in int8; that one is fused with Sigmoid, whose
  // reader is wide, so that it writes fp16 itself; Exp in fp16; its results are quantized.
  EXPECT_THAT(p.kinds(), ElementsAre("convert QuantizeLinear", "fused", "op", "fused", "op",
                                     "convert QuantizeLinear", "op"));
  // No unit of the machine pools in int8: what is stored is unpacked to fp16.
  EXPECT_THAT(precisions(p), ElementsAre("fp32", "int8", "fp16", "int8", "fp16", "fp16", "int8"));
  const std::int64_t scales = 64 * 2;
  EXPECT_THAT(p.touched(1),
              ElementsAre("r" + std::to_string(kMap), "r" + std::to_string(kWeights + scales),
                          "w" + std::to_string(kMap)));
  EXPECT_THAT(p.touched(2), ElementsAre("r" + std::to_string(kMap), "w" + std::to_string(kMap)));
  EXPECT_THAT(p.touched(3).back(), "w" + std::to_string(2 * kMap));
  EXPECT_EQ(p.step(0).work.arithmetic, 4 * kMap);
  EXPECT_EQ(p.step(1).work.arithmetic, kMap + 4 * kMap);      // Relu, rounded to int8
  EXPECT_EQ(p.step(3).work.arithmetic, 2 * kMap + 2 * kMap);  // of Sigmoid; scaled to fp16
  EXPECT_EQ(p.step(6).work.arithmetic, 2 * kMap);             // scaled to the model's fp32
  EXPECT_THAT(p.refused(), ElementsAre(HasSubstr("e: runs in fp16")));
  EXPECT_TRUE(p.plan.steps[0].nodes.empty());
}

TEST(LowerPrecision, FormIsMadeOnceForAllItsReaders) {
  ModelBuilder b;
  b.input("x", ir::Shape{32, 64});
  for (const char* w : {"wq", "wk", "wv"}) b.weight(w, {64, 64});
  b.node("Tanh", {"x"}, {"t"});
  for (const std::string n : {"q", "k", "v"}) b.node("MatMul", {"t", "w" + n}, {n}).output(n);
  const ChangedPlan p(b, {"precision:int8"});
  EXPECT_THAT(p.kinds(),
              ElementsAre("convert Cast", "op", "convert QuantizeLinear", "op", "op", "op"));
  EXPECT_EQ(p.step(3).accesses[0].buffer, p.step(5).accesses[0].buffer);
}

TEST(LowerPrecision, PickedStepsMeetTheRestThroughConversions) {
  const ChangedPlan p(chain(), {"precision:fp16,node=c2"});
  EXPECT_THAT(p.kinds(), ElementsAre("fused", "op", "convert Cast", "fused", "op", "op"));
  EXPECT_THAT(precisions(p), ElementsAre("fp32", "fp32", "fp32", "fp16", "fp32", "fp32"));
  EXPECT_THAT(p.changed(), ElementsAre("c2: fp32 -> fp16"));
  // It widens what it writes.
  EXPECT_THAT(p.touched(3).back(), "w" + std::to_string(4 * kMap));
}

TEST(LowerPrecision, ResidualSumStaysNarrowAndIsRoundedToAScaleOfItsOwn) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 64, 8, 8});
  for (const char* w : {"w1", "w2", "w3"}) b.weight(w, {64, 64, 3, 3});
  b.node("Conv", {"x", "w1"}, {"a"}, {same_size()}).node("Conv", {"x", "w2"}, {"c"}, {same_size()});
  b.node("Add", {"a", "c"}, {"s"}).node("Conv", {"s", "w3"}, {"y"}, {same_size()}).output("y");
  const ChangedPlan p(b, {"precision:int8"}, test::gpu(), "none");
  EXPECT_THAT(p.kinds(), ElementsAre("convert QuantizeLinear", "op", "op", "op", "op"));
  EXPECT_THAT(p.touched(3), ElementsAre("r4096", "r4096", "w4096"));
  EXPECT_EQ(p.step(3).work.arithmetic, kMap + 4 * kMap);
}

TEST(LowerPrecision, MisalignedProductFallsBackAndPaddingHelps) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 12, 8, 8}).weight("w1", {24, 12, 1, 1}).weight("w2", {24, 24, 1, 1});
  b.node("Conv", {"x", "w1"}, {"c"}).node("Conv", {"c", "w2"}, {"y"}).output("y");
  const ChangedPlan plain(b, {"precision:fp16"});
  EXPECT_EQ(plain.step(1).unit, 0);
  EXPECT_THAT(plain.changed(), Contains(HasSubstr("fp16, not on tensor: channels 12 in, 24 out")));
  EXPECT_EQ(plain.step(2).unit, 1);
  const ChangedPlan padded(b, {"precision:fp16,pad=yes"});
  EXPECT_EQ(padded.step(1).unit, 1);
  // 12 channels in become 16. The other convolution is as wide as it has to be.
  EXPECT_DOUBLE_EQ(plan::executed_flops(padded.step(1)), 2.0 * 64 * 24 * 16);
  EXPECT_FALSE(padded.step(2).algorithm);
  EXPECT_EQ(padded.macs(), plain.macs());

  const ChangedPlan integers(b, {"precision:int8"});
  EXPECT_THAT(integers.refused(), Contains(HasSubstr("c: runs in fp16: not on tensor")));
  const ChangedPlan wide(b, {"precision:int8,pad=yes"});
  // 24 channels between both become 32, written and read as such.
  EXPECT_THAT(wide.touched(1), ElementsAre("r" + std::to_string(16 * 64),
                                           "r" + std::to_string((12 * 24 + 24 * 2) * 16 / 9),
                                           "w" + std::to_string(32 * 64)));
  EXPECT_THAT(wide.touched(2).front(), "r" + std::to_string(32 * 64));
}

TEST(LowerPrecision, MachineWithoutAPeakRunsTheNextWiderOne) {
  const ChangedPlan p(chain(), {"precision:fp16"}, test::cpu());
  EXPECT_THAT(p.changed(), IsEmpty());
  EXPECT_THAT(p.refused(), Contains(HasSubstr("toy has no peak for fp16")));
  EXPECT_THAT(p.kinds(), ElementsAre("fused", "op", "fused", "op", "op"));
  const ChangedPlan base(chain(), {}, test::cpu());
  EXPECT_EQ(p.estimate.predicted_s, base.estimate.predicted_s);
  // ncnn stores weights of matrix products in 16 bits; they stay so where it computes in fp32.
  ModelBuilder b;
  b.input("x", ir::Shape{1, 64})
      .weight("w", {64, 64})
      .node("MatMul", {"x", "w"}, {"y"})
      .output("y");
  EXPECT_EQ(estimate::weight_bytes(ChangedPlan(b, {"precision:fp16"}, test::cpu(), "ncnn").plan),
            64 * 64 * 2);
}

/// Products and Exp in turn: each needs another type.
ModelBuilder alternating() {
  ModelBuilder b;
  b.input("x0", ir::Shape{64, 64});
  for (int i = 0; i < 6; ++i) {
    const std::string n = std::to_string(i);
    const std::string next = "x" + std::to_string(i + 1);
    b.weight("w" + n, {64, 64});
    b.node("MatMul", {"x" + n, "w" + n}, {"m" + n});
    b.node("Exp", {"m" + n}, {next});
  }
  return b.output("x6");
}

TEST(LowerPrecision, IntegersAreSlowerWhereConversionsDominate) {
  const ChangedPlan fp16(alternating(), {"precision:fp16"});
  const ChangedPlan int8(alternating(), {"precision:int8"});
  EXPECT_GT(int8.estimate.predicted_s, fp16.estimate.predicted_s);
  EXPECT_GT(int8.plan.steps.size(), fp16.plan.steps.size());
}

TEST(LowerPrecision, IntegersAreFasterWhereProductsFollowEachOther) {
  const ChangedPlan fp16(chain(), {"precision:fp16"});
  ModelBuilder b;
  b.input("x", ir::Shape{16, 256, 16, 16});
  for (const char* w : {"w1", "w2", "w3"}) b.weight(w, {256, 256, 3, 3});
  b.node("Conv", {"x", "w1"}, {"a"}, {same_size()}).node("Conv", {"a", "w2"}, {"c"}, {same_size()});
  b.node("Conv", {"c", "w3"}, {"y"}, {same_size()}).output("y");
  EXPECT_LT(ChangedPlan(b, {"precision:int8"}).estimate.predicted_s,
            ChangedPlan(b, {"precision:fp16"}).estimate.predicted_s);
}

TEST(LowerPrecision, EveryTypeKeepsMacsAndNeverTouchesMoreForItsProducts) {
  const ChangedPlan base(chain(), {});
  for (const std::string type : {"fp32", "tf32", "fp16", "bf16", "fp8", "int8", "int4"}) {
    const ChangedPlan p(chain(), {"precision:" + type});
    EXPECT_EQ(p.macs(), base.macs()) << type;
    EXPECT_TRUE(p.estimate.complete) << type;
    for (const plan::Step& step : p.plan.steps) {
      for (const plan::BufferAccess& access : step.accesses) {
        const plan::Buffer& buffer = p.plan.buffers[static_cast<std::size_t>(access.buffer)];
        EXPECT_GT(access.bytes, 0) << type;
        EXPECT_LE(access.bytes, *buffer.bytes) << type;
      }
    }
    EXPECT_LE(estimate::weight_bytes(p.plan), estimate::weight_bytes(base.plan)) << type;
  }
}

TEST(LowerPrecision, UnknownTypesAreErrors) {
  EXPECT_THROW(ChangedPlan(chain(), {"precision:int3"}), Error);
  EXPECT_THROW(ChangedPlan(chain(), {"precision"}), Error);
  EXPECT_THROW(ChangedPlan(chain(), {"precision:int8,pad=maybe"}), Error);
}

}  // namespace
}  // namespace roofline::lower_precision_test
