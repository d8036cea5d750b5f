// Owns the checks of quantized models' plans: what runs on integers, and what still converts.
// Refuses the operators' own counts, which have their table.
#include <gtest/gtest.h>

#include "roofline/plan/plan.hpp"
#include "support/model_builder.hpp"

namespace roofline::quantized_test {
namespace {

using hardware::Precision;
using test::ModelBuilder;

/// 1 TFLOP/s fp32 and 4 TOP/s int8 on one unit.
hardware::Profile machine() {
  hardware::Profile p;
  p.id = "toy";
  p.kind = "cpu";
  p.units.resize(1);
  p.units[0].name = "lanes";
  p.units[0].peaks[Precision::kFp32] = {.flops_per_s = {1e12, "s"}, .measured = {}, .alignment = 1};
  p.units[0].peaks[Precision::kInt8] = {.flops_per_s = {4e12, "s"}, .measured = {}, .alignment = 1};
  p.memory.push_back({.name = "dram",
                      .capacity_bytes = {},
                      .bytes_per_s = hardware::Fact{1e11, "s"},
                      .measured_bytes_per_s = {},
                      .core_bytes_per_s = {}});
  return p;
}

plan::Plan plan_of(const ModelBuilder& b, const std::string& runtime) {
  const hardware::Profile p = machine();
  return plan::make_plan(infer::infer(b.model(), {}), &p,
                         {.runtime = runtime, .precision = std::nullopt});
}

Count bytes_of(const plan::Step& step) {
  Count sum = 0;
  for (const plan::BufferAccess& access : step.accesses) sum += access.bytes;
  return sum;
}

/// The steps that run on the device.
std::vector<plan::Step> kernels(const plan::Plan& plan) {
  std::vector<plan::Step> list;
  for (const plan::Step& step : plan.steps) {
    if (step.kind != plan::StepKind::kHost) list.push_back(step);
  }
  return list;
}

/// int8 x and w, dequantized, multiplied, added to a float bias, quantized to int8.
ModelBuilder qdq(bool quantize_result) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 64}, ir::DType::kInt8).weight("w", {64, 32}, ir::DType::kInt8);
  b.weight("scale", {}).weight("zero", {}, ir::DType::kInt8);
  b.node("DequantizeLinear", {"x", "scale", "zero"}, {"xf"})
      .node("DequantizeLinear", {"w", "scale", "zero"}, {"wf"})
      .node("MatMul", {"xf", "wf"}, {"m"})
      .node("Relu", {"m"}, {"r"});
  if (!quantize_result) return b.output("r");
  return b.node("QuantizeLinear", {"r", "scale", "zero"}, {"y"}).output("y");
}

TEST(Quantized, MatMulBetweenQAndDqRunsOnIntegers) {
  const auto steps = kernels(plan_of(qdq(true), "basic"));
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].precision, Precision::kInt8);
  EXPECT_EQ(steps[0].work.macs, 2 * 64 * 32);
  // Relu, then QuantizeLinear's five operations; nothing is dequantized.
  EXPECT_EQ(steps[0].work.arithmetic, 2 * 32 + 5 * 2 * 32);
  // x, w and y, a byte each; scale and zero point of QuantizeLinear.
  EXPECT_EQ(bytes_of(steps[0]), 2 * 64 + 64 * 32 + 2 * 32 + 4 + 1);
}

TEST(Quantized, FloatResultIsWrittenAsFloats) {
  const auto steps = kernels(plan_of(qdq(false), "basic"));
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].precision, Precision::kInt8);
  EXPECT_EQ(bytes_of(steps[0]), 2 * 64 + 64 * 32 + 4 * 2 * 32);
}

TEST(Quantized, WithoutFusionEveryConversionMovesBytes) {
  const auto steps = kernels(plan_of(qdq(true), "none"));
  ASSERT_EQ(steps.size(), 5U);
  EXPECT_EQ(bytes_of(steps[0]), 5 * 2 * 64 + 4 + 1) << "reads a byte, writes a float";
  EXPECT_EQ(steps[2].precision, Precision::kFp32);
}

TEST(Quantized, FloatReaderKeepsTheDequantizeLinear) {
  ModelBuilder b = qdq(true);
  b.node("Exp", {"xf"}, {"e"}).output("e");
  const auto steps = kernels(plan_of(b, "basic"));
  ASSERT_EQ(steps.size(), 3U) << "DequantizeLinear, MatMul on integers, Exp";
  EXPECT_EQ(steps[1].precision, Precision::kInt8);
}

TEST(Quantized, WeightsAloneAreReadAsStoredAndUnpacked) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 64}).weight("w", {64, 32}, ir::DType::kInt4);
  b.weight("scale", {2, 32});
  b.node("DequantizeLinear", {"w", "scale"}, {"wf"},
         {{"axis", std::int64_t{0}}, {"block_size", std::int64_t{32}}})
      .node("MatMul", {"x", "wf"}, {"y"})
      .output("y");
  const auto steps = kernels(plan_of(b, "basic"));
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].precision, Precision::kFp32);
  EXPECT_EQ(steps[0].work.arithmetic, 64 * 32) << "a multiplication per weight";
  EXPECT_EQ(bytes_of(steps[0]), 4 * 2 * 64 + 64 * 32 / 2 + 4 * 2 * 32);
}

TEST(Quantized, AddRunsOnIntegersOnlyUpToAQuantizeLinear) {
  ModelBuilder b;
  b.input("x", ir::Shape{8}, ir::DType::kInt8).input("z", ir::Shape{8}, ir::DType::kInt8);
  b.weight("scale", {}).weight("zero", {}, ir::DType::kInt8);
  b.node("DequantizeLinear", {"x", "scale", "zero"}, {"xf"})
      .node("DequantizeLinear", {"z", "scale", "zero"}, {"zf"})
      .node("Add", {"xf", "zf"}, {"s"})
      .node("QuantizeLinear", {"s", "scale", "zero"}, {"y"})
      .output("y");
  const auto steps = kernels(plan_of(b, "basic"));
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].precision, Precision::kInt8);
  EXPECT_EQ(bytes_of(steps[0]), 3 * 8 + 4 + 1);
  b.output("s");
  EXPECT_EQ(kernels(plan_of(b, "basic")).size(), 4U) << "the float sum is needed";
}

}  // namespace
}  // namespace roofline::quantized_test
