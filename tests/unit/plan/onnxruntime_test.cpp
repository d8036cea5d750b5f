// Owns the checks of the ONNX Runtime presets on small graphs: one case per rule and condition.
// Refuses whole models: those are compared with the runtime itself.
#include <gtest/gtest.h>

#include <algorithm>

#include "roofline/plan/plan.hpp"
#include "support/model_builder.hpp"

namespace roofline {
namespace {

using test::ModelBuilder;

ir::Attribute ints(std::string name, std::vector<std::int64_t> values) {
  return {.name = std::move(name), .value = std::move(values)};
}
ir::Attribute integer(std::string name, std::int64_t value) {
  return {.name = std::move(name), .value = value};
}

plan::Plan plan_of(const ModelBuilder& b, const std::string& level) {
  return plan::make_plan(infer::infer(b.model(), {}), nullptr,
                         {.runtime = "onnxruntime:" + level, .precision = std::nullopt});
}

/// "Conv+Add+Relu 1x16x8x8": executed steps in order; b: in blocked layout.
std::vector<std::string> executed(const ModelBuilder& b, const std::string& level = "all") {
  std::vector<std::string> steps;
  for (const plan::Step& step : plan_of(b, level).steps) {
    if (step.kernel.op.empty()) continue;
    std::string text(step.kernel.op);
    for (const std::string_view op : step.kernel.fused) text += "+" + std::string(op);
    for (const ir::Shape& shape : step.results) text += " " + ir::to_string(shape);
    if (step.kernel.layout == plan::Layout::kBlocked) text += " b";
    steps.push_back(text);
  }
  return steps;
}

using Steps = std::vector<std::string>;

ModelBuilder number(ModelBuilder b, const std::string& name, double value) {
  b.tensor(name).constant =
      ir::Constant{.dtype = ir::DType::kFloat32, .dims = {}, .value = std::vector<double>{value}};
  return b;
}

ModelBuilder image(std::int64_t channels) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, channels, 8, 8});
  return b;
}

ModelBuilder& conv(ModelBuilder& b, const std::string& x, const std::string& y, std::int64_t in,
                   std::int64_t out, std::int64_t group = 1) {
  b.weight("w_" + y, {out, in / group, 1, 1}).weight("b_" + y, {out});
  return b.node("Conv", {x, "w_" + y, "b_" + y}, {y}, {integer("group", group)});
}

TEST(OnnxRuntime, OffRunsEveryNodeAndNamesIt) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 32).node("Relu", {"c"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "off"), (Steps{"Conv 1x32x8x8", "Relu 1x32x8x8"}));
}

TEST(OnnxRuntime, ActivationBehindConvIsFusedFromExtendedOn) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 32).node("Relu", {"c"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "basic").size(), 2U);
  EXPECT_EQ(executed(b, "extended"), Steps{"Conv+Relu 1x32x8x8"});
}

TEST(OnnxRuntime, ActivationOfASharedResultStaysAndSaysWhy) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 32).node("Relu", {"c"}, {"y"}).node("Neg", {"c"}, {"z"});
  b.output("y").output("z");
  const plan::Plan plan = plan_of(b, "extended");
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_EQ(plan.steps[1].reasons,
            Steps{"not fused: the result before it is read elsewhere as well"});
}

TEST(OnnxRuntime, BlockedRegionHasReordersAtItsBorders) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 32);
  conv(b, "c", "d", 32, 48).output("d");
  EXPECT_EQ(executed(b), (Steps{"ReorderInput 1x32x8x8", "Conv 1x32x8x8 b", "Conv 1x48x8x8 b",
                                "ReorderOutput 1x48x8x8"}));
}

TEST(OnnxRuntime, FewInputChannelsAreReadPlainAndOutputChannelsArePadded) {
  ModelBuilder b = image(3);
  conv(b, "x", "y", 3, 20).output("y");
  EXPECT_EQ(executed(b), (Steps{"Conv 1x32x8x8 b", "ReorderOutput 1x20x8x8"}));
}

TEST(OnnxRuntime, ChannelsThatAreNoMultipleOfFourStayPlain) {
  ModelBuilder b = image(18);
  conv(b, "x", "y", 18, 32).output("y");
  const plan::Plan plan = plan_of(b, "all");
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].reasons,
            Steps{"not in blocked layout: 18 input channels are no multiple of 4"});
}

TEST(OnnxRuntime, GroupsNeedWholeBlocks) {
  ModelBuilder whole = image(64);
  conv(whole, "x", "y", 64, 64, 4).output("y");
  EXPECT_EQ(executed(whole).size(), 3U);
  ModelBuilder part = image(64);
  conv(part, "x", "y", 64, 64, 8).output("y");
  EXPECT_EQ(executed(part), Steps{"Conv 1x64x8x8"});
}

TEST(OnnxRuntime, ResidualJoinsABlockedConv) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 32).node("Relu", {"c"}, {"r"});
  conv(b, "r", "d", 32, 32).node("Add", {"d", "r"}, {"s"}).node("Relu", {"s"}, {"y"}).output("y");
  EXPECT_EQ(executed(b), (Steps{"ReorderInput 1x32x8x8", "Conv+Relu 1x32x8x8 b",
                                "Conv+Add+Relu 1x32x8x8 b", "ReorderOutput 1x32x8x8"}));
}

TEST(OnnxRuntime, PlainResidualJoinsAPlainConv) {
  ModelBuilder b = image(18);
  conv(b, "x", "c", 18, 18).node("Add", {"c", "x"}, {"s"}).node("Relu", {"s"}, {"y"}).output("y");
  EXPECT_EQ(executed(b), Steps{"Conv+Add+Relu 1x18x8x8"});
  EXPECT_EQ(executed(b, "extended").size(), 3U);
}

TEST(OnnxRuntime, ReorderedTensorIsReadOnceAndShared) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 32).output("c");
  conv(b, "x", "d", 32, 32).output("d");
  const Steps steps = executed(b);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), "ReorderInput 1x32x8x8"), 1);
}

TEST(OnnxRuntime, NormalizationFoldsIntoConvOrRunsAsOne) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 32);
  for (const char* name : {"scale", "shift", "mean", "var"}) b.weight(name, {32});
  b.node("BatchNormalization", {"c", "scale", "shift", "mean", "var"}, {"n"});
  b.node("MaxPool", {"n"}, {"p"}, {ints("kernel_shape", {2, 2})});
  b.node("BatchNormalization", {"p", "scale", "shift", "mean", "var"}, {"m"});
  b.node("Relu", {"m"}, {"y"}).output("y");
  EXPECT_EQ(executed(b), (Steps{"ReorderInput 1x32x8x8", "Conv 1x32x8x8 b", "MaxPool 1x32x7x7 b",
                                "Conv+Relu 1x32x7x7 b", "ReorderOutput 1x32x7x7"}));
}

TEST(OnnxRuntime, StepReadsWhatOthersWrote) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 20).output("c");
  const plan::Plan plan = plan_of(b, "all");
  ASSERT_EQ(plan.steps.size(), 3U);
  const auto written = plan.steps[0].accesses.back();
  const auto read = plan.steps[1].accesses.front();
  EXPECT_EQ(plan.steps[0].kind, plan::StepKind::kReorder);
  EXPECT_TRUE(plan.steps[0].nodes.empty());
  EXPECT_EQ(written.buffer, read.buffer);
  EXPECT_EQ(plan.steps[1].accesses.back().bytes, 32 * 8 * 8 * 4);  // 20 channels in two blocks
  EXPECT_EQ(plan.steps[2].accesses.back().bytes, 20 * 8 * 8 * 4);
}

TEST(OnnxRuntime, BiasMakesAGemm) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 16}).weight("w", {16, 8}).weight("b", {8});
  b.node("MatMul", {"x", "w"}, {"m"}).node("Add", {"b", "m"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "basic"), Steps{"Gemm 4x8"});
}

TEST(OnnxRuntime, MoreAxesAreReshapedToAMatrixWhereTheirSizesAreFixed) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4, 16}).weight("w", {16, 8}).weight("b", {8});
  b.node("MatMul", {"x", "w"}, {"m"}).node("Add", {"m", "b"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "basic"), (Steps{"Reshape 8x16", "Gemm 8x8", "Reshape 2x4x8"}));
  ModelBuilder open;
  open.input("x", std::vector<ir::Dim>{{.symbol = "batch"}, {.value = 4}, {.value = 16}});
  open.weight("w", {16, 8}).weight("b", {8});
  open.node("MatMul", {"x", "w"}, {"m"}).node("Add", {"m", "b"}, {"y"}).output("y");
  EXPECT_EQ(executed(open, "basic"), (Steps{"MatMul 1x4x8", "Add 1x4x8"}));
}

TEST(OnnxRuntime, FactorAndTransposeJoinAProduct) {
  ModelBuilder b = number(ModelBuilder(), "s", 8);
  b.input("q", ir::Shape{2, 4, 16}).input("k", ir::Shape{2, 4, 16});
  b.node("Transpose", {"k"}, {"t"}, {ints("perm", {0, 2, 1})});
  b.node("MatMul", {"q", "t"}, {"m"}).node("Div", {"m", "s"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "extended"), Steps{"FusedMatMul 2x4x4"});
  EXPECT_EQ(executed(b, "basic").size(), 3U);
}

ModelBuilder gelu(double half) {
  ModelBuilder b = number(number(number(ModelBuilder(), "r", 1.41421356), "one", 1), "half", half);
  b.input("x", ir::Shape{2, 16}).weight("bias", {16});
  b.node("Add", {"x", "bias"}, {"a"}).node("Div", {"a", "r"}, {"d"}).node("Erf", {"d"}, {"e"});
  b.node("Add", {"e", "one"}, {"p"}).node("Mul", {"a", "p"}, {"m"});
  b.node("Mul", {"m", "half"}, {"y"}).output("y");
  return b;
}

TEST(OnnxRuntime, GeluTakesTheBiasBeforeIt) {
  EXPECT_EQ(executed(gelu(0.5), "extended"), Steps{"BiasGelu 2x16"});
  const plan::Plan plan = plan_of(gelu(0.5), "extended");
  EXPECT_EQ(plan.steps[0].nodes.size(), 6U);
  EXPECT_EQ(plan.steps[0].accesses.size(), 3U);  // x, bias, y
}

TEST(OnnxRuntime, OtherConstantsAreNoGelu) {
  EXPECT_EQ(executed(gelu(0.25), "extended").size(), 6U);
}

TEST(OnnxRuntime, SigmoidTimesItsOperandIsQuickGelu) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 16}).input("z", ir::Shape{2, 16});
  b.node("Sigmoid", {"x"}, {"s"}).node("Mul", {"x", "s"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "extended"), Steps{"QuickGelu 2x16"});
  ModelBuilder gate;
  gate.input("x", ir::Shape{2, 16}).input("z", ir::Shape{2, 16});
  gate.node("Sigmoid", {"x"}, {"s"}).node("Mul", {"z", "s"}, {"y"}).output("y");
  EXPECT_EQ(executed(gate, "extended").size(), 2U);
}

ModelBuilder layer_norm(bool skip) {
  ModelBuilder b = number(number(ModelBuilder(), "two", 2), "eps", 1e-5);
  b.input("p", ir::Shape{2, 4, 16}).input("q", ir::Shape{2, 4, 16});
  b.weight("g", {16}).weight("b", {16});
  b.node("Add", {"p", "q"}, {"x"});
  b.node("ReduceMean", {"x"}, {"mean"}, {ints("axes", {-1})}).node("Sub", {"x", "mean"}, {"d"});
  b.node("Pow", {"d", "two"}, {"s"}).node("ReduceMean", {"s"}, {"v"}, {ints("axes", {-1})});
  b.node("Add", {"v", "eps"}, {"e"}).node("Sqrt", {"e"}, {"r"}).node("Div", {"d", "r"}, {"n"});
  b.node("Mul", {"n", "g"}, {"m"}).node("Add", {"m", "b"}, {"y"}).output("y");
  if (!skip) b.output("x");
  return b;
}

TEST(OnnxRuntime, NormalizationSpelledOutIsOneKernel) {
  EXPECT_EQ(executed(layer_norm(false), "extended"),
            (Steps{"Add 2x4x16", "LayerNormalization 2x4x16"}));
  EXPECT_EQ(executed(layer_norm(true), "extended"), Steps{"SkipLayerNormalization 2x4x16"});
}

TEST(OnnxRuntime, NoOpsAreEliminatedAndSayWhy) {
  ModelBuilder b = number(ModelBuilder(), "zero", 0);
  b.input("x", ir::Shape{2, 16});
  b.node("Identity", {"x"}, {"i"}).node("Add", {"i", "zero"}, {"a"});
  b.node("Cast", {"a"}, {"c"}, {integer("to", 1)}).node("Relu", {"c"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "basic"), Steps{"Relu 2x16"});
  const plan::Plan plan = plan_of(b, "basic");
  EXPECT_EQ(plan.steps[0].reasons, Steps{"eliminated: hands its operand on"});
  EXPECT_EQ(plan.steps[1].reasons, Steps{"eliminated: adds 0"});
  EXPECT_EQ(plan.steps[2].reasons, Steps{"eliminated: casts to the type at hand"});
}

TEST(OnnxRuntime, EqualNodesAreOne) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 16});
  b.node("Exp", {"x"}, {"a"}).node("Exp", {"x"}, {"b"}).node("Add", {"a", "b"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "basic"), (Steps{"Exp 2x16", "Add 2x16"}));
}

TEST(OnnxRuntime, PaddingJoinsTheConvBehindIt) {
  ModelBuilder b = image(18);
  b.ints("pads", {0, 0, 1, 1, 0, 0, 1, 1});
  b.node("Pad", {"x", "pads"}, {"p"});
  conv(b, "p", "y", 18, 18).output("y");
  EXPECT_EQ(executed(b, "basic"), Steps{"Conv 1x18x10x10"});
  ModelBuilder batch = image(18);
  batch.ints("pads", {1, 0, 1, 1, 0, 0, 1, 1});
  batch.node("Pad", {"x", "pads"}, {"p"});
  conv(batch, "p", "y", 18, 18).output("y");
  EXPECT_EQ(executed(batch, "basic").size(), 2U);
}

TEST(OnnxRuntime, DropoutOfNothingIsEliminatedThoughItTrains) {
  for (const double ratio : {0.0, 0.5}) {
    ModelBuilder b = number(ModelBuilder(), "ratio", ratio);
    b.tensor("training").constant =
        ir::Constant{.dtype = ir::DType::kBool, .dims = {}, .value = std::vector<std::int64_t>{1}};
    b.input("x", ir::Shape{2, 16});
    b.node("Dropout", {"x", "ratio", "training"}, {"d"}).node("Relu", {"d"}, {"y"}).output("y");
    EXPECT_EQ(executed(b, "basic").size(), ratio == 0 ? 1U : 2U);
  }
}

TEST(OnnxRuntime, PartsThatMakeUpTheWholeAreOneSplit) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 16}).ints("zero", {0}).ints("four", {4}).ints("all", {16});
  b.ints("axis", {1}).node("Relu", {"x"}, {"r"});
  b.node("Slice", {"r", "zero", "four", "axis"}, {"p"});
  b.node("Slice", {"r", "four", "all", "axis"}, {"q"}).output("p").output("q");
  EXPECT_EQ(executed(b, "extended"), (Steps{"Relu 2x16", "Split 2x4 2x12"}));
  ModelBuilder gap;
  gap.input("x", ir::Shape{2, 16}).ints("one", {1}).ints("four", {4}).ints("all", {16});
  gap.ints("axis", {1}).node("Relu", {"x"}, {"r"});
  gap.node("Slice", {"r", "one", "four", "axis"}, {"p"});
  gap.node("Slice", {"r", "four", "all", "axis"}, {"q"}).output("p").output("q");
  EXPECT_EQ(executed(gap, "extended").size(), 3U);
}

TEST(OnnxRuntime, TransposeMovesToWhereItCancels) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 8, 4}).weight("s", {4, 1, 1});
  b.node("Transpose", {"x"}, {"t"}, {ints("perm", {0, 3, 1, 2})}).node("Mul", {"t", "s"}, {"m"});
  b.node("Transpose", {"m"}, {"y"}, {ints("perm", {0, 2, 3, 1})}).output("y");
  EXPECT_EQ(executed(b, "basic"), Steps{"Mul 1x8x8x4"});
  ModelBuilder alone;
  alone.input("x", ir::Shape{1, 8, 8, 4}).weight("s", {4, 1, 1});
  alone.node("Transpose", {"x"}, {"t"}, {ints("perm", {0, 3, 1, 2})});
  alone.node("Mul", {"t", "s"}, {"y"}).output("y");
  EXPECT_EQ(executed(alone, "basic"), (Steps{"Transpose 1x4x8x8", "Mul 1x4x8x8"}));
}

TEST(OnnxRuntime, TransposeMovesBehindAReshapeThatSplitsAxes) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 64, 4}).ints("shape", {1, 4, 8, 8});
  b.node("Relu", {"x"}, {"r"}).node("Transpose", {"r"}, {"t"}, {ints("perm", {0, 2, 1})});
  b.node("Reshape", {"t", "shape"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "basic"), (Steps{"Relu 1x64x4", "Reshape 1x8x8x4", "Transpose 1x4x8x8"}));
  ModelBuilder joined;
  joined.input("x", ir::Shape{1, 8, 8, 4}).ints("shape", {1, 4, 64});
  joined.node("Transpose", {"x"}, {"t"}, {ints("perm", {0, 3, 1, 2})});
  joined.node("Reshape", {"t", "shape"}, {"y"}).output("y");
  EXPECT_EQ(executed(joined, "basic"), (Steps{"Transpose 1x4x8x8", "Reshape 1x4x64"}));
}

TEST(OnnxRuntime, WhatATransposeMovedBehindReadsWhatThatRead) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 64, 4}).node("Relu", {"x"}, {"r"});
  b.node("Transpose", {"r"}, {"t"}, {ints("perm", {0, 2, 1})});
  b.node("ReduceMax", {"t"}, {"m"}, {ints("axes", {2})});
  b.node("Transpose", {"m"}, {"y"}, {ints("perm", {0, 2, 1})}).output("y");
  const plan::Plan plan = plan_of(b, "basic");
  const auto reduce = std::find_if(plan.steps.begin(), plan.steps.end(),
                                   [](const auto& step) { return step.kernel.op == "ReduceMax"; });
  ASSERT_NE(reduce, plan.steps.end());
  EXPECT_EQ(reduce->accesses.front().bytes, 64 * 4 * 4);
  EXPECT_EQ(reduce->kernel.kind, "reduce.outer.rows");  // of axis 1 now
}

TEST(OnnxRuntime, AFactorPerChannelIsADepthwiseConvThatTakesAResidual) {
  ModelBuilder b = image(32);
  b.weight("s", {1, 32, 1, 1});
  conv(b, "x", "c", 32, 32).node("Mul", {"c", "s"}, {"m"}).node("Add", {"m", "c"}, {"y"});
  EXPECT_EQ(executed(b.output("y")), (Steps{"ReorderInput 1x32x8x8", "Conv 1x32x8x8 b",
                                            "Conv+Add 1x32x8x8 b", "ReorderOutput 1x32x8x8"}));
}

TEST(OnnxRuntime, ANormBehindAProductMakesAGemm) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 16}).weight("w", {16, 8});
  for (const char* name : {"scale", "shift", "mean", "variance"}) b.weight(name, {8});
  b.node("MatMul", {"x", "w"}, {"m"});
  b.node("BatchNormalization", {"m", "scale", "shift", "mean", "variance"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "basic"), Steps{"Gemm 4x8"});
  EXPECT_EQ(executed(b, "off").size(), 2U);
}

TEST(OnnxRuntime, ReshapeToSizesOfItsOwnOperandNeedsNoShape) {
  ModelBuilder b;
  b.input("x", std::vector<ir::Dim>{{.symbol = "batch"}, {.value = 4}, {.value = 16}});
  b.tensor("i").constant =
      ir::Constant{.dtype = ir::DType::kInt64, .dims = {}, .value = std::vector<std::int64_t>{0}};
  b.ints("axes", {0}).ints("rest", {64}).node("Relu", {"x"}, {"r"}).node("Shape", {"r"}, {"s"});
  b.node("Gather", {"s", "i"}, {"n"}).node("Unsqueeze", {"n", "axes"}, {"u"});
  b.node("Concat", {"u", "rest"}, {"c"}, {integer("axis", 0)});
  b.node("Reshape", {"r", "c"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "basic"), (Steps{"Relu 1x4x16", "Reshape 1x64"}));
  EXPECT_EQ(executed(b, "off").size(), 6U);
}

ModelBuilder quantized_conv(std::int64_t zero_point) {
  ModelBuilder b = number(ModelBuilder(), "scale", 0.5);
  b.tensor("zero").constant = ir::Constant{
      .dtype = ir::DType::kUint8, .dims = {}, .value = std::vector<std::int64_t>{zero_point}};
  b.input("x", ir::Shape{1, 16, 8, 8}, ir::DType::kUint8);
  b.weight("w", {16, 16, 1, 1}, ir::DType::kInt8);
  b.node("DequantizeLinear", {"x", "scale", "zero"}, {"xf"});
  b.node("DequantizeLinear", {"w", "scale"}, {"wf"}).node("Conv", {"xf", "wf"}, {"c"});
  b.node("Relu", {"c"}, {"r"}).node("QuantizeLinear", {"r", "scale", "zero"}, {"y"});
  return b.output("y");
}

TEST(OnnxRuntime, QuantizedConvRunsOnIntegersAndWithChannelsLast) {
  EXPECT_EQ(executed(quantized_conv(0), "extended"), Steps{"QLinearConv 1x16x8x8"});
  EXPECT_EQ(executed(quantized_conv(0), "all"),
            (Steps{"Transpose 1x8x8x16", "QLinearConv 1x8x8x16", "Transpose 1x16x8x8"}));
  const plan::Plan plan = plan_of(quantized_conv(0), "extended");
  for (const plan::Step& step : plan.steps) {
    if (step.kernel.op.empty()) continue;
    ASSERT_EQ(step.accesses.size(), 3U);  // x, w, y: bytes
    EXPECT_EQ(step.accesses[0].bytes, 16 * 8 * 8);
    EXPECT_EQ(step.accesses[2].bytes, 16 * 8 * 8);
  }
}

TEST(OnnxRuntime, ReluThatQuantizingDoesNotRepeatStays) {
  const Steps steps = executed(quantized_conv(128), "extended");
  EXPECT_EQ(std::count(steps.begin(), steps.end(), "QLinearConv 1x16x8x8"), 0);
}

TEST(OnnxRuntime, HardSwishIsFusedIntoBlockedConvAndElsewhereTwoKernels) {
  ModelBuilder b = image(32);
  conv(b, "x", "c", 32, 32).node("HardSwish", {"c"}, {"y"}).output("y");
  EXPECT_EQ(executed(b, "extended"),
            (Steps{"Conv 1x32x8x8", "HardSigmoid 1x32x8x8", "Mul 1x32x8x8"}));
  EXPECT_EQ(executed(b), (Steps{"ReorderInput 1x32x8x8", "Conv+HardSwish 1x32x8x8 b",
                                "ReorderOutput 1x32x8x8"}));
}

TEST(OnnxRuntime, BlocksFollowTheMachine) {
  ModelBuilder b = image(8);
  conv(b, "x", "y", 8, 8).output("y");
  hardware::Profile machine;
  machine.memory.emplace_back();
  const auto steps = [&](std::optional<hardware::Fact> bits) {
    machine.vector_bits = bits;
    return plan::make_plan(infer::infer(b.model(), {}), &machine,
                           {.runtime = "onnxruntime", .precision = std::nullopt})
        .steps.size();
  };
  EXPECT_EQ(steps(std::nullopt), 3U);  // blocks of 8: both reorders
  EXPECT_EQ(steps(hardware::Fact{.value = 256, .source = "s"}), 3U);
  EXPECT_EQ(steps(hardware::Fact{.value = 512, .source = "s"}), 2U);  // 8 < 16: read plain
  EXPECT_EQ(steps(hardware::Fact{.value = 128, .source = "s"}), 1U);  // no blocked layout
}

TEST(OnnxRuntime, EveryNodeIsInExactlyOneStep) {
  for (const ModelBuilder& b :
       {gelu(0.5), layer_norm(true), layer_norm(false), quantized_conv(0), quantized_conv(1)}) {
    for (const char* level : {"off", "basic", "extended", "all"}) {
      std::vector<int> seen(b.model().graph.nodes.size());
      for (const plan::Step& step : plan_of(b, level).steps) {
        for (const ir::NodeId n : step.nodes) ++seen[static_cast<std::size_t>(n)];
      }
      EXPECT_EQ(seen, std::vector<int>(seen.size(), 1)) << level;
    }
  }
}

}  // namespace
}  // namespace roofline
