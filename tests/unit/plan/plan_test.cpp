// Owns the checks of plan and estimate on small graphs with arithmetic in sight.
// Refuses whole models: those are checked through the pipeline.
#include "roofline/plan/plan.hpp"

#include <gtest/gtest.h>

#include "roofline/estimate/estimate.hpp"
#include "support/model_builder.hpp"

namespace roofline::plan_test {
namespace {

using hardware::Precision;
using test::ModelBuilder;

/// 1 TFLOP/s fp32, 8 TFLOP/s fp16 on a matrix unit of alignment 8, 100 GB/s, 10 us a launch.
hardware::Profile machine() {
  hardware::Profile p;
  p.id = "toy";
  p.path = "toy.yaml";
  p.kind = "gpu";
  p.units.resize(2);
  p.units[0].name = "lanes";
  p.units[0].peaks[Precision::kFp32] = {.flops_per_s = {1e12, "s"}, .measured = {}, .alignment = 1};
  p.units[1].name = "tensor";
  p.units[1].kind = hardware::UnitKind::kMatrix;
  p.units[1].peaks[Precision::kFp16] = {.flops_per_s = {8e12, "s"}, .measured = {}, .alignment = 8};
  p.memory.push_back({.name = "dram",
                      .capacity_bytes = hardware::Fact{1e9, "s"},
                      .bytes_per_s = hardware::Fact{1e11, "s"},
                      .measured_bytes_per_s = hardware::Fact{8e10, "s"},
                      .core_bytes_per_s = {}});
  p.launch_overhead_s = {10e-6, "s"};
  p.run_overhead_s = {50e-6, "s"};
  return p;
}

/// conv 3x3 64 -> 64 on 8x8, BatchNorm, residual Add of x, Relu.
ModelBuilder block() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 64, 8, 8}).weight("w", {64, 64, 3, 3});
  for (const char* name : {"scale", "shift", "mean", "var"}) b.weight(name, {64});
  b.node("Conv", {"x", "w"}, {"c"},
         {{.name = "pads", .value = std::vector<std::int64_t>{1, 1, 1, 1}}});
  b.node("BatchNormalization", {"c", "scale", "shift", "mean", "var"}, {"n"});
  b.node("Add", {"n", "x"}, {"a"}).node("Relu", {"a"}, {"y"}).output("y");
  return b;
}

plan::Plan plan_of(const ModelBuilder& b, const std::string& runtime,
                   std::optional<Precision> precision = {}) {
  const hardware::Profile p = machine();
  return plan::make_plan(infer::infer(b.model(), {}), &p,
                         {.runtime = runtime, .precision = precision});
}

Count bytes_of(const plan::Step& step) {
  Count sum = 0;
  for (const plan::BufferAccess& access : step.accesses) sum += access.bytes;
  return sum;
}

constexpr std::int64_t kMap = 64 * 8 * 8;  // elements of one feature map

TEST(Plan, NoneKeepsEveryNode) {
  const plan::Plan plan = plan_of(block(), "none");
  ASSERT_EQ(plan.steps.size(), 4U);
  EXPECT_EQ(bytes_of(plan.steps[1]), (2 * kMap + 4 * 64) * 4);
  EXPECT_EQ(bytes_of(plan.steps[2]), 3 * kMap * 4);
}

TEST(Plan, BasicFusesTheWholeBlock) {
  const plan::Plan plan = plan_of(block(), "basic");
  ASSERT_EQ(plan.steps.size(), 1U);
  const plan::Step& step = plan.steps[0];
  EXPECT_EQ(step.kind, plan::StepKind::kFused);
  // x once, for the convolution and as the residual; w, folded shift, y.
  EXPECT_EQ(bytes_of(step), (kMap + 64 * 64 * 9 + 64 + kMap) * 4);
  EXPECT_EQ(step.work.macs, kMap * 64 * 9);
  // bias add, residual add, relu
  EXPECT_EQ(step.work.arithmetic, 3 * kMap);
  EXPECT_EQ(step.reasons, (std::vector<std::string>{"fused BatchNormalization into c",
                                                    "fused Add into c", "fused Relu into c"}));
}

TEST(Plan, SharedIntermediateIsNotFused) {
  ModelBuilder b = block();
  b.node("Sigmoid", {"c"}, {"other"}).output("other");
  EXPECT_EQ(plan_of(b, "basic").steps[0].nodes.size(), 1U);
}

TEST(Plan, GraphOutputIsNotFusedAway) {
  ModelBuilder b = block();
  b.output("n");
  const plan::Plan plan = plan_of(b, "basic");
  EXPECT_EQ(plan.steps[0].nodes.size(), 2U);
}

TEST(Plan, ConvThatReadsAnotherConvsResidualFusesOnlyOnce) {
  // Two branches meet in an Add: it can end only one of the two kernels.
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 4, 4}).weight("w", {8, 8, 1, 1});
  b.node("Conv", {"x", "w"}, {"p"}).node("Conv", {"x", "w"}, {"q"});
  b.node("Add", {"p", "q"}, {"y"}).output("y");
  const plan::Plan plan = plan_of(b, "basic");
  ASSERT_EQ(plan.steps.size(), 2U);
  // The Add fused into p's kernel runs last: q must exist by then.
  EXPECT_EQ(plan.steps[0].nodes, std::vector<ir::NodeId>{1});
  EXPECT_EQ(plan.steps[1].nodes, (std::vector<ir::NodeId>{0, 2}));
}

TEST(Plan, BiasAddIsFusedWideningAddIsNot) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 1, 16}).weight("w", {16, 8}).weight("bias", {8}).weight("wide", {3, 8});
  b.node("MatMul", {"x", "w"}, {"m"}).node("Add", {"bias", "m"}, {"a"});
  b.node("Add", {"a", "wide"}, {"y"}).output("y");
  const plan::Plan plan = plan_of(b, "basic");
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_EQ(plan.steps[0].nodes.size(), 2U);
}

TEST(Plan, ShapeArithmeticAndConstantsAreFoldedInBasicOnly) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 8}).weight("w", {8, 8});
  b.node("Transpose", {"w"}, {"wt"}).node("MatMul", {"x", "wt"}, {"y"}).output("y");
  EXPECT_EQ(plan_of(b, "none").steps[0].kind, plan::StepKind::kOp);
  const plan::Plan basic = plan_of(b, "basic");
  EXPECT_EQ(basic.steps[0].kind, plan::StepKind::kHost);
  EXPECT_TRUE(basic.steps[0].accesses.empty());
}

TEST(Plan, MatrixUnitNeedsAlignedChannels) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 16}).weight("w", {16, 8}).weight("v", {8, 7});
  b.node("MatMul", {"x", "w"}, {"y"}).node("MatMul", {"y", "v"}, {"z"}).output("z");
  const plan::Plan plan = plan_of(b, "basic", Precision::kFp16);
  EXPECT_EQ(plan.steps[0].unit, 1);
  EXPECT_EQ(plan.steps[0].precision, Precision::kFp16);
  EXPECT_EQ(plan.steps[1].unit, 0);
  EXPECT_EQ(plan.steps[1].precision, Precision::kFp32);
  ASSERT_EQ(plan.steps[1].reasons.size(), 2U);
  EXPECT_EQ(plan.steps[1].reasons[0],
            "not on tensor: channels 8 in, 7 out are not both multiples of 8");
  EXPECT_EQ(plan.steps[1].reasons[1], "computed in fp32: no unit runs this in fp16");
}

TEST(Plan, Fp16HalvesBytes) {
  EXPECT_EQ(2 * bytes_of(plan_of(block(), "basic", Precision::kFp16).steps[0]),
            bytes_of(plan_of(block(), "basic").steps[0]));
}

TEST(Plan, SixteenBitsThatAreSlowerThanFp32AreStoredOnly) {
  hardware::Profile p = machine();
  p.units.resize(1);
  p.units[0].peaks[Precision::kFp16] = {.flops_per_s = {1e12 / 64, "s"}, .measured = {}};
  const ir::Model model = block().model();
  const infer::TypedGraph graph = infer::infer(model, {});
  const auto of = [&](Precision precision) {
    return plan::make_plan(graph, &p, {.runtime = "basic", .precision = precision});
  };
  const plan::Plan half = of(Precision::kFp16);
  EXPECT_EQ(half.steps[0].precision, Precision::kFp32);
  EXPECT_TRUE(half.steps[0].converts);
  EXPECT_EQ(half.steps[0].reasons.back(),
            "computed in fp32, 64 times as fast here as fp16: what is loaded is converted");
  EXPECT_EQ(2 * bytes_of(half.steps[0]), bytes_of(of(Precision::kFp32).steps[0]));
  EXPECT_FALSE(of(Precision::kFp32).steps[0].converts);
}

TEST(Plan, PrecisionWithoutPeakIsAnError) {
  try {
    (void)plan_of(block(), "basic", Precision::kInt8);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(format_diagnostic(e.diagnostic()),
              "roofline: error[no-peak]: toy.yaml: toy has no peak rate for int8\n"
              "  hint: it computes in fp32, fp16\n");
    EXPECT_EQ(e.exit_code(), ExitCode::kUsage);
  }
}

TEST(Plan, UnknownRuntimeIsAnError) {
  try {
    (void)plan_of(block(), "bsic");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(
        format_diagnostic(e.diagnostic()),
        "roofline: error[unknown-runtime]: 'bsic' is no runtime\n  hint: did you mean 'basic'?\n");
  }
}

TEST(Estimate, StepTimesFollowFromPeaks) {
  const hardware::Profile p = machine();
  const plan::Plan plan = plan_of(block(), "basic");
  const auto e = estimate::estimate(plan, p, {});
  // Of each row and column of 8 with a border of 1, 3 * 8 - 2 of the 3 * 8 taps meet the image.
  const double flops = 2.0 * 64 * 64 * (22 * 22) + 3.0 * kMap;
  const double bytes = (2.0 * kMap + 64 * 64 * 9 + 64) * 4;
  EXPECT_DOUBLE_EQ(e.compute_s, flops / 1e12);
  EXPECT_DOUBLE_EQ(e.memory_s, bytes / 1e11);
  EXPECT_DOUBLE_EQ(e.roofline_s, std::max(flops / 1e12, bytes / 1e11));
  EXPECT_DOUBLE_EQ(e.predicted_s, e.roofline_s + 10e-6 + 50e-6);
  EXPECT_EQ(e.steps[0].bound, estimate::Bound::kCompute);
  EXPECT_EQ(e.steps[0].bottleneck, estimate::Bottleneck::kOverhead);
  EXPECT_DOUBLE_EQ(e.ridge_point.value(), 10);
  EXPECT_EQ(e.bottleneck, estimate::Bottleneck::kOverhead);
}

TEST(Estimate, MeasuredRoofUsesMeasuredBandwidth) {
  const auto e = estimate::estimate(plan_of(block(), "basic"), machine(),
                                    {.roof = hardware::Roof::kMeasured, .threads = 0});
  EXPECT_DOUBLE_EQ(e.memory_s, (2.0 * kMap + 64 * 64 * 9 + 64) * 4 / 8e10);
}

TEST(Estimate, PeakMemoryIsWeightsPlusLiveActivations) {
  const plan::Plan plan = plan_of(block(), "none");
  const std::vector<Count> live = estimate::live_bytes(plan);
  // x lives until the residual Add; each result until its reader.
  EXPECT_EQ(live, (std::vector<Count>{2 * kMap * 4, 3 * kMap * 4, 3 * kMap * 4, 2 * kMap * 4}));
  EXPECT_EQ(estimate::weight_bytes(plan), (64 * 64 * 9 + 4 * 64) * 4);
}

TEST(Estimate, ViewsShareTheirOperandsBuffer) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 8}).ints("target", {32});
  b.node("Relu", {"x"}, {"r"})
      .node("Reshape", {"r", "target"}, {"v"})
      .node("Tanh", {"v"}, {"y"})
      .output("y");
  const std::vector<Count> live = estimate::live_bytes(plan_of(b, "none"));
  EXPECT_EQ(live, (std::vector<Count>{2 * 128, 128, 2 * 128}));
}

}  // namespace
}  // namespace roofline::plan_test
