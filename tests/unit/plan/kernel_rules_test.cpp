// Owns the checks of the presets that are rows of rules: which nodes become one kernel, and what
// crosses its border. Refuses whole models: those are checked in unit/models.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "roofline/plan/plan.hpp"
#include "support/model_builder.hpp"

namespace roofline::plan::kernel_rules_test {
namespace {

using test::ModelBuilder;
using ::testing::ElementsAre;

std::vector<Step> kernels(const ModelBuilder& b, const std::string& runtime,
                          std::optional<hardware::Precision> precision = {}) {
  static std::deque<ir::Model> models;  // a plan's names are the model's
  models.push_back(b.model());
  std::vector<Step> steps = make_plan(infer::infer(models.back(), {}), nullptr,
                                      {.runtime = runtime, .precision = precision})
                                .steps;
  std::erase_if(steps, [](const Step& step) { return step.kind == StepKind::kHost; });
  return steps;
}

std::vector<std::size_t> sizes(const std::vector<Step>& steps) {
  std::vector<std::size_t> nodes;
  for (const Step& step : steps) nodes.push_back(step.nodes.size());
  return nodes;
}

std::vector<std::string> reads_and_writes(const Step& step) {
  std::vector<std::string> list;
  for (const BufferAccess& access : step.accesses) {
    list.push_back((access.is_write ? "w" : "r") + std::to_string(access.bytes.value()));
  }
  return list;
}

constexpr std::int64_t kChannels = 16;
constexpr std::int64_t kMap = kChannels * 12 * 12 * 4;  // bytes of a feature map

ir::Attribute same_size() {
  return {.name = "pads", .value = std::vector<std::int64_t>{1, 1, 1, 1}};
}

/// conv 3x3, BatchNormalization; the caller goes on from "n".
ModelBuilder conv_and_norm() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, kChannels, 12, 12}).weight("w", {kChannels, kChannels, 3, 3});
  for (const char* name : {"scale", "shift", "mean", "var"}) b.weight(name, {kChannels});
  b.node("Conv", {"x", "w"}, {"c"}, {same_size()});
  b.node("BatchNormalization", {"c", "scale", "shift", "mean", "var"}, {"n"});
  return b;
}

ModelBuilder residual_block() {
  ModelBuilder b = conv_and_norm();
  return b.node("Add", {"n", "x"}, {"a"}).node("Relu", {"a"}, {"y"}).output("y");
}

TEST(KernelRules, TensorRtEndsAConvolutionWithResidualAndActivation) {
  const auto steps = kernels(residual_block(), "tensorrt");
  ASSERT_THAT(sizes(steps), ElementsAre(4));
  // x, w, y and the folded shift, and x once: convolution and residual read the same tensor.
  const std::int64_t weights = kChannels * kChannels * 9 * 4;
  EXPECT_THAT(reads_and_writes(steps[0]),
              ElementsAre("r" + std::to_string(kMap), "r" + std::to_string(weights), "r64",
                          "w" + std::to_string(kMap)));
  EXPECT_EQ(steps[0].kernel.kind, "conv.spatial");
}

TEST(KernelRules, NcnnLeavesTheResidualAndUsesWinograd) {
  const auto steps = kernels(residual_block(), "ncnn");
  ASSERT_THAT(sizes(steps), ElementsAre(2, 1, 1));
  EXPECT_EQ(steps[0].kernel.kind, "conv.winograd");
  // 12 x 12 results are four tiles of 6 x 6, each of 8 x 8 points instead of 36 x 9 taps.
  EXPECT_DOUBLE_EQ(steps[0].kernel.work, 2.0 * kChannels * kChannels * 4 * 64);
  const std::int64_t weights = kChannels * kChannels * 64 * 4;
  const std::int64_t workspace = 2 * kMap * 64 / 36;
  EXPECT_THAT(reads_and_writes(steps[0]),
              ElementsAre("r" + std::to_string(kMap), "r" + std::to_string(weights), "r64",
                          "w" + std::to_string(kMap), "w" + std::to_string(workspace),
                          "r" + std::to_string(workspace)));
}

TEST(KernelRules, EagerPyTorchHasAKernelForEachModule) {
  EXPECT_THAT(sizes(kernels(residual_block(), "pytorch")), ElementsAre(1, 1, 1, 1));
}

TEST(KernelRules, CompiledPyTorchFusesAllButTheConvolution) {
  EXPECT_THAT(sizes(kernels(residual_block(), "pytorch:compile")), ElementsAre(1, 3));
}

TEST(KernelRules, SwishEndsTheConvolutionWhole) {
  ModelBuilder b = conv_and_norm();
  b.node("Sigmoid", {"n"}, {"s"}).node("Mul", {"n", "s"}, {"y"}).output("y");
  EXPECT_THAT(sizes(kernels(b, "tensorrt")), ElementsAre(4));
  EXPECT_THAT(sizes(kernels(b, "ncnn")), ElementsAre(2, 2));        // Swish is a layer of its own
  EXPECT_THAT(sizes(kernels(b, "pytorch")), ElementsAre(1, 1, 2));  // and silu one function
}

TEST(KernelRules, ResultThatOthersReadEndsTheKernel) {
  ModelBuilder b = conv_and_norm();
  b.node("Relu", {"n"}, {"y"}).output("y").output("n");
  EXPECT_THAT(sizes(kernels(b, "tensorrt")), ElementsAre(2, 1));
}

/// x [2, 8, 64] -> q, k, v -> attention of 4 heads -> "o"
ModelBuilder attention(const ir::Shape& mask = {2, 1, 1, 8}) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 8, 64}).weight("scale", {}).ints("heads", {2, 8, 4, 16});
  b.ints("joined", {2, 8, 64}).input("mask", mask);
  for (const std::string p : {"q", "k", "v"}) {
    b.weight("w" + p, {64, 64}).weight("b" + p, {64});
    b.node("MatMul", {"x", "w" + p}, {p + "0"}).node("Add", {"b" + p, p + "0"}, {p + "1"});
    b.node("Reshape", {p + "1", "heads"}, {p + "2"});
    const std::vector<std::int64_t> perm =
        p == "k" ? std::vector<std::int64_t>{0, 2, 3, 1} : std::vector<std::int64_t>{0, 2, 1, 3};
    b.node("Transpose", {p + "2"}, {p}, {{.name = "perm", .value = perm}});
  }
  b.node("MatMul", {"q", "k"}, {"s0"}).node("Div", {"s0", "scale"}, {"s1"});
  b.node("Add", {"s1", "mask"}, {"s2"}).node("Softmax", {"s2"}, {"s"});
  b.node("MatMul", {"s", "v"}, {"o0"});
  b.node("Transpose", {"o0"}, {"o1"},
         {{.name = "perm", .value = std::vector<std::int64_t>{0, 2, 1, 3}}});
  b.node("Reshape", {"o1", "joined"}, {"o"});
  return b;
}

TEST(KernelRules, TensorRtRunsAttentionAsTwoKernels) {
  ModelBuilder b = attention();
  b.weight("wo", {64, 64}).node("MatMul", {"o", "wo"}, {"y"}).output("y");
  const auto steps = kernels(b, "tensorrt");
  ASSERT_EQ(steps.size(), 3U);
  // Projections side by side: one product of 64 x 192 weights.
  EXPECT_EQ(steps[0].work.contraction->n, 192);
  EXPECT_EQ(steps[0].work.contraction->m, 16);
  EXPECT_EQ(steps[0].kernel.kind, "gemm");
  const ops::Contraction& scores = *steps[1].work.contraction;
  EXPECT_EQ(steps[1].kernel.op, "Attention");
  EXPECT_EQ(steps[1].kernel.kind, "attention");
  EXPECT_THAT((std::array{scores.batch, scores.m, scores.n, scores.k}), ElementsAre(8, 8, 8, 16));
  EXPECT_EQ(steps[1].work.macs, 2 * 8 * 8 * 8 * 16);
  // q, k, v, the mask and o; the scores stay in the kernel.
  const std::string tensor = std::to_string(2 * 8 * 64 * 4);
  EXPECT_THAT(reads_and_writes(steps[1]),
              ::testing::UnorderedElementsAre("r" + tensor, "r" + tensor, "r" + tensor, "r64",
                                              "w" + tensor, "r4"));
}

TEST(KernelRules, ScoresThatOthersReadAreNoFusedAttention) {
  ModelBuilder b = attention();
  b.output("o").output("s");
  for (const Step& step : kernels(b, "tensorrt")) EXPECT_NE(step.kernel.op, "Attention");
}

TEST(KernelRules, ABiasOfEachHeadIsSpelledOutInEagerPyTorch) {
  const auto is_fused = [](const std::vector<Step>& steps) {
    return std::any_of(steps.begin(), steps.end(),
                       [](const Step& step) { return step.kernel.op == "Attention"; });
  };
  ModelBuilder masked = attention();
  EXPECT_TRUE(is_fused(kernels(masked.output("o"), "pytorch")));
  ModelBuilder biased = attention({1, 4, 8, 8});
  biased.output("o");
  EXPECT_FALSE(is_fused(kernels(biased, "pytorch")));
  EXPECT_TRUE(is_fused(kernels(biased, "pytorch:compile")));
}

TEST(KernelRules, EagerPyTorchCopiesWhatIsTransposedInFrontOfAReshape) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 8, 4, 16}).ints("joined", {2, 32, 16});
  b.node("Transpose", {"x"}, {"t"},
         {{.name = "perm", .value = std::vector<std::int64_t>{0, 2, 1, 3}}});
  b.node("Reshape", {"t", "joined"}, {"r"}).node("Relu", {"r"}, {"y"}).output("y");
  EXPECT_EQ(sizes(kernels(b, "pytorch")), (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(sizes(kernels(b, "pytorch:compile")), (std::vector<std::size_t>{1}));
}

/// The pieces of Gelu behind a product.
ModelBuilder product_and_gelu() {
  ModelBuilder b;
  b.input("x", ir::Shape{8, 64}).weight("w", {64, 64}).weight("c", {});
  b.node("MatMul", {"x", "w"}, {"p"}).node("Div", {"p", "c"}, {"d"}).node("Erf", {"d"}, {"e"});
  b.node("Add", {"e", "c"}, {"a"}).node("Mul", {"p", "a"}, {"m"}).node("Mul", {"m", "c"}, {"y"});
  return b.output("y");
}

TEST(KernelRules, GeluEndsAProductInEightBitsInTensorRt) {
  const ModelBuilder b = product_and_gelu();
  const auto steps = kernels(b, "tensorrt", hardware::Precision::kInt8);
  ASSERT_THAT(sizes(steps), ElementsAre(6));
  EXPECT_THAT(steps[0].kernel.fused, ElementsAre("Div", "Erf", "Add", "Mul", "Mul"));
  EXPECT_THAT(sizes(kernels(b, "tensorrt", hardware::Precision::kFp16)), ElementsAre(1, 5));
  EXPECT_THAT(sizes(kernels(b, "pytorch", hardware::Precision::kInt8)), ElementsAre(1, 5));
}

TEST(KernelRules, GeluIsAKernelOfItsOwn) {
  const ModelBuilder b = product_and_gelu();
  for (const char* runtime : {"tensorrt", "pytorch", "pytorch:compile"}) {
    const auto steps = kernels(b, runtime);
    ASSERT_THAT(sizes(steps), ElementsAre(1, 5)) << runtime;
    EXPECT_THAT(reads_and_writes(steps[1]), ElementsAre("r2048", "r4", "w2048")) << runtime;
  }
}

TEST(KernelRules, ResidualAndNormAreOneKernel) {
  ModelBuilder b;
  b.input("x", ir::Shape{8, 64}).input("y", ir::Shape{8, 64}).weight("s", {64});
  b.node("Add", {"x", "y"}, {"a"}).node("LayerNormalization", {"a", "s"}, {"n"}).output("n");
  const auto steps = kernels(b, "tensorrt");
  ASSERT_THAT(sizes(steps), ElementsAre(2));
  EXPECT_EQ(steps[0].kernel.op, "LayerNormalization");
  EXPECT_EQ(steps[0].kernel.kind, "norm");
  EXPECT_THAT(reads_and_writes(steps[0]), ElementsAre("r2048", "r2048", "r256", "w2048"));
  EXPECT_THAT(sizes(kernels(b, "pytorch")), ElementsAre(1, 1));
}

TEST(KernelRules, PiecesOfANormAreOneKernel) {
  ModelBuilder b;
  b.input("x", ir::Shape{8, 64}).weight("two", {}).weight("scale", {64});
  const ir::Attribute last = {.name = "axes", .value = std::vector<std::int64_t>{-1}};
  b.node("ReduceMean", {"x"}, {"mean"}, {last}).node("Sub", {"x", "mean"}, {"d"});
  b.node("Pow", {"d", "two"}, {"p"}).node("ReduceMean", {"p"}, {"var"}, {last});
  b.node("Add", {"var", "two"}, {"v"}).node("Sqrt", {"v"}, {"s"}).node("Div", {"d", "s"}, {"q"});
  b.node("Mul", {"q", "scale"}, {"y"}).output("y");
  const auto steps = kernels(b, "tensorrt");
  ASSERT_THAT(sizes(steps), ElementsAre(8));
  EXPECT_THAT(reads_and_writes(steps[0]),
              ::testing::UnorderedElementsAre("r2048", "r4", "r256", "w2048"));
}

TEST(KernelRules, ConcatenatedResultsAreWrittenInPlace) {
  ModelBuilder b = conv_and_norm();
  b.weight("v", {kChannels, kChannels, 1, 1}).node("Conv", {"x", "v"}, {"d"});
  b.node("Concat", {"n", "d", "x"}, {"y"}, {{.name = "axis", .value = std::int64_t{1}}})
      .output("y");
  const auto steps = kernels(b, "tensorrt");
  // The input is nobody's to place: it is copied, the results of the convolutions are not.
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_THAT(reads_and_writes(steps[2]),
              ElementsAre("r" + std::to_string(kMap), "w" + std::to_string(kMap)));
  EXPECT_EQ(steps[0].accesses.back().buffer, steps[2].accesses.back().buffer);
  EXPECT_EQ(steps[1].accesses.back().buffer, steps[2].accesses.back().buffer);
  EXPECT_EQ(steps[0].accesses.back().bytes, kMap);
}

TEST(KernelRules, MatricesOfNcnnAreStoredInHalf) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 64}).weight("w", {64, 32}).weight("c", {32});
  b.node("Gemm", {"x", "w", "c"}, {"y"}).output("y");
  EXPECT_THAT(reads_and_writes(kernels(b, "ncnn")[0]), ElementsAre("r256", "r4096", "r64", "w128"));
}

/// 8 TFLOP/s fp16 on a matrix unit of alignment 8, 1 TFLOP/s on lanes.
hardware::Profile machine() {
  hardware::Profile p;
  p.units.resize(2);
  p.units[0].peaks[hardware::Precision::kFp16].flops_per_s.value = 1e12;
  p.units[1].kind = hardware::UnitKind::kMatrix;
  p.units[1].peaks[hardware::Precision::kFp16] = {
      .flops_per_s = {8e12, "s"}, .measured = {}, .alignment = 8};
  return p;
}

int unit_of_conv(std::int64_t channels_in, std::int64_t groups, const std::string& runtime) {
  const std::int64_t channels = channels_in * groups;
  ModelBuilder b;
  b.input("x", ir::Shape{1, channels, 8, 8}).weight("w", {groups * 8, channels_in, 3, 3});
  b.node("Conv", {"x", "w"}, {"y"}, {{.name = "group", .value = groups}}).output("y");
  const hardware::Profile p = machine();
  const infer::TypedGraph graph = infer::infer(b.model(), {});
  const Plan plan =
      make_plan(graph, &p, {.runtime = runtime, .precision = hardware::Precision::kFp16});
  return plan.steps.at(0).unit;
}

TEST(KernelRules, ChannelsArePaddedForTheMatrixUnitUnlessMostWouldBeZeros) {
  EXPECT_EQ(unit_of_conv(3, 1, "basic"), 0);
  EXPECT_EQ(unit_of_conv(3, 1, "tensorrt"), 1);   // 3 of 8: still 3 TFLOP/s
  EXPECT_EQ(unit_of_conv(1, 16, "tensorrt"), 0);  // 1 of 8: no faster than the lanes
  EXPECT_EQ(unit_of_conv(3, 1, "ncnn"), 0);
}

TEST(KernelRules, OpenSizesAreNoReasonToFail) {
  ModelBuilder b;
  b.input("x", {{.value = ir::kUnknownDim}, {.value = 64}}).weight("w", {64, 64});
  b.node("MatMul", {"x", "w"}, {"p"}).node("Relu", {"p"}, {"r"}).node("Softmax", {"r"}, {"y"});
  b.output("y");
  for (const char* runtime : {"tensorrt", "ncnn", "pytorch", "pytorch:compile"}) {
    EXPECT_FALSE(kernels(b, runtime).empty()) << runtime;
  }
}

}  // namespace
}  // namespace roofline::plan::kernel_rules_test
