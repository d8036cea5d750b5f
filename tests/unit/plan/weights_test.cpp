// Owns the checks of scenarios that change how weights are stored: weights, sparsity.
// Refuses precisions of arithmetic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changed_plan.hpp"

namespace roofline {
namespace {

using test::ChangedPlan;
using test::ModelBuilder;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kDepth = 256;
constexpr std::int64_t kColumns = 64;

/// [m, 256] by constant [256, 64].
ModelBuilder product(std::int64_t rows) {
  ModelBuilder b;
  b.input("x", ir::Shape{rows, kDepth}).weight("w", {kDepth, kColumns});
  return b.node("MatMul", {"x", "w"}, {"y"}).output("y");
}

Count weight_bytes(const ChangedPlan& p, std::size_t step = 0) {
  Count sum = 0;
  for (const plan::BufferAccess& access : p.step(step).accesses) {
    if (p.plan.buffers[static_cast<std::size_t>(access.buffer)].is_weight) sum += access.bytes;
  }
  return sum;
}

TEST(WeightOnly, StoresBitsAndAScaleForEachGroup) {
  constexpr std::int64_t kElements = kDepth * kColumns;
  constexpr std::int64_t kScales = 2 * kColumns * 2;  // two groups of 128 along k, 16 bits each
  EXPECT_EQ(weight_bytes(ChangedPlan(product(1), {"weights:int8"})), kElements + kScales);
  EXPECT_EQ(weight_bytes(ChangedPlan(product(1), {"weights:int4"})), kElements / 2 + kScales);
  EXPECT_EQ(weight_bytes(ChangedPlan(product(1), {"weights:int2"})), kElements / 4 + kScales);
  EXPECT_EQ(weight_bytes(ChangedPlan(product(1), {"weights:int1"})), kElements / 8 + kScales);
  EXPECT_EQ(weight_bytes(ChangedPlan(product(1), {"weights:fp8"})), kElements + kScales);
  EXPECT_EQ(weight_bytes(ChangedPlan(product(1), {"weights:fp16"})), kElements * 2);
  EXPECT_EQ(weight_bytes(ChangedPlan(product(1), {"weights:int4,group=32"})),
            kElements / 2 + 8 * kColumns * 2);
}

TEST(WeightOnly, UnpacksInTheKernelAndComputesAsBefore) {
  const ChangedPlan p(product(1), {"weights:int4"});
  EXPECT_EQ(p.step(0).work.arithmetic, 2 * kDepth * kColumns);
  EXPECT_EQ(p.step(0).precision, hardware::Precision::kFp32);
  EXPECT_EQ(p.macs(), kDepth * kColumns);
  EXPECT_THAT(p.changed(), ElementsAre("y: weights float32 -> int4"));
  EXPECT_EQ(estimate::weight_bytes(p.plan), weight_bytes(p));
}

TEST(WeightOnly, HelpsVectorsThatWaitForMemoryAndNotMatricesThatCompute) {
  const auto gain = [](std::int64_t rows) {
    return ChangedPlan(product(rows), {}).estimate.roofline_s /
           ChangedPlan(product(rows), {"weights:int4"}).estimate.roofline_s;
  };
  EXPECT_GT(gain(1), 4);
  EXPECT_LE(gain(1 << 14), 1.01);
}

TEST(WeightOnly, RefusesWhatIsNarrowOrComputed) {
  EXPECT_THAT(ChangedPlan(product(1), {"weights:int8", "weights:fp16"}).refused(),
              ElementsAre("y: weights are int8 already"));
  ModelBuilder b;
  b.input("x", ir::Shape{8, 8}).input("z", ir::Shape{8, 8});
  b.node("MatMul", {"x", "z"}, {"y"}).output("y");
  EXPECT_THAT(ChangedPlan(b, {"weights:int8"}).refused(),
              ElementsAre("y: multiplies by no constant weights"));
  EXPECT_THROW(ChangedPlan(product(1), {"weights:int5"}), Error);
  EXPECT_THROW(ChangedPlan(product(1), {"weights:int4,group=0"}), Error);
}

TEST(WeightOnly, BiasAndOtherConstantsStay) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 8, 16}).weight("w", {16, 16}).weight("pos", {1, 8, 16});
  b.node("MatMul", {"x", "w"}, {"m"}).node("Add", {"m", "pos"}, {"y"}).output("y");
  const ChangedPlan p(b, {"weights:fp16"});
  EXPECT_EQ(weight_bytes(p) + (p.plan.steps.size() > 1 ? weight_bytes(p, 1) : Count(0)),
            16 * 16 * 2 + 8 * 16 * 4);
}

TEST(Sparsity, TwoOfFourHalvesTheProductOnSparseUnits) {
  const ChangedPlan p(product(64), {"precision:fp16", "sparsity:2:4"});
  EXPECT_DOUBLE_EQ(plan::executed_flops(p.step(1)),
                   2.0 * 64 * kDepth / 2 * kColumns + 64 * kColumns);  // and the cast of results
  // Half of the elements, and two bits of position for each of 16: 9/16.
  EXPECT_EQ(weight_bytes(p, 1), kDepth * kColumns * 2 * 9 / 16);
  EXPECT_EQ(p.step(1).algorithm->contraction->k, kDepth / 2);
  EXPECT_EQ(p.macs(), 64 * kDepth * kColumns);
  EXPECT_THAT(p.plan.outcomes.back().warnings, ElementsAre(HasSubstr("pruned")));
}

TEST(Sparsity, NothingIsGainedElsewhere) {
  const auto refused = [](const std::vector<std::string>& scenarios,
                          const std::string& architecture = "ampere") {
    const ChangedPlan p(product(64), scenarios, test::gpu(architecture));
    EXPECT_THAT(p.changed(), IsEmpty());
    return p.refused();
  };
  EXPECT_THAT(refused({"precision:fp16", "sparsity:2:4"}, "turing"),
              ElementsAre(HasSubstr("no unit with a sparse rate")));
  EXPECT_THAT(refused({"sparsity:2:4"}), ElementsAre(HasSubstr("runs on lanes in fp32")));
  EXPECT_THAT(refused({"sparsity:0.9"}), ElementsAre(HasSubstr("dense kernels multiply by zeros")));
  EXPECT_THAT(refused({"sparsity:0.01,format=bitmap"}), ElementsAre(HasSubstr("positions cost")));
}

TEST(Sparsity, BitmapReadsWhatIsNotZeroAndABitForEach) {
  const ChangedPlan p(product(1), {"sparsity:0.75,format=bitmap"});
  EXPECT_EQ(weight_bytes(p), kDepth * kColumns * 4 / 4 + kDepth * kColumns / 8);
  EXPECT_EQ(p.step(0).work.arithmetic, kDepth * kColumns);
  EXPECT_EQ(p.plan.outcomes[0].warnings.size(), 2U);
}

TEST(Sparsity, BadPatternsAreErrors) {
  for (const std::string bad : {"sparsity:3:4", "sparsity:1.5", "sparsity", "sparsity:none",
                                "sparsity:0.9,format=csr", "sparsity:2:4,format=bitmap"}) {
    EXPECT_THROW(ChangedPlan(product(1), {bad}), Error) << bad;
  }
}

}  // namespace
}  // namespace roofline
