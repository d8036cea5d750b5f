// Owns the checks of the front door on whole questions: errors it adds, and invariants of its
// answer. Refuses to repeat what the rooms' own tests check.
#include "roofline/pipeline/analyze.hpp"

#include <gtest/gtest.h>

#include "support/model_builder.hpp"

namespace roofline {
namespace {

std::string model(const std::string& name) {
  return std::string(ROOFLINE_ROOT) + "/models/" + name + ".onnx";
}

report::Result on_v100(const std::string& name, std::int64_t batch,
                       std::optional<hardware::Precision> precision = {},
                       const std::string& runtime = "basic") {
  static const hardware::Profile v100 =
      hardware::load_file(std::string(ROOFLINE_ROOT) + "/hardware_profiles/v100.yaml");
  Request request;
  request.bindings.dims = {{"batch", batch}};
  request.hardware = {&v100};
  request.plan = {.runtime = runtime, .precision = precision};
  return analyze(model(name), request).results.at(0);
}

TEST(Analyze, SumThatOverflowsNamesFileAndRemedy) {
  test::ModelBuilder b;
  b.input("x", ir::Shape{400'000'000'000'000'000}).node("Relu", {"x"}, {"y0"});
  for (int i = 0; i < 4; ++i) {
    b.node("Relu", {"y" + std::to_string(i)}, {"y" + std::to_string(i + 1)});
  }
  b.output("y4");
  try {
    (void)analyze(b.model(), {});
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(format_diagnostic(e.diagnostic()),
              "roofline: error[overflow]: test.onnx: a sum over the model's nodes exceeds 2^63-1\n"
              "  hint: check the sizes given by --dim and --shape, and the model's constants\n");
    EXPECT_EQ(e.exit_code(), ExitCode::kInput);
  }
}

TEST(Properties, WorkIsLinearInBatch) {
  const report::Result one = on_v100("mobilenet_v2", 1);
  const report::Result eight = on_v100("mobilenet_v2", 8);
  EXPECT_EQ(eight.macs, one.macs * 8);
  EXPECT_EQ(eight.flops, one.flops * 8);
  EXPECT_LT(eight.planned_bytes, one.planned_bytes * 8);  // weights are read once
}

TEST(Properties, FusionKeepsMacsAndNeverRaisesBytes) {
  for (const char* name : {"resnet50", "densenet121", "shufflenet_v2_x1_0", "vit_b_16"}) {
    const report::Result none = on_v100(name, 1, {}, "none");
    const report::Result basic = on_v100(name, 1);
    EXPECT_EQ(none.macs, basic.macs) << name;
    EXPECT_LE(basic.planned_bytes, none.planned_bytes) << name;
    EXPECT_LE(basic.predicted_latency_s, none.predicted_latency_s) << name;
  }
}

TEST(Properties, Fp16HalvesBytesOfAFloatModel) {
  const report::Result fp32 = on_v100("resnet50", 1);
  const report::Result fp16 = on_v100("resnet50", 1, hardware::Precision::kFp16);
  EXPECT_EQ(fp32.planned_bytes, fp16.planned_bytes * 2);
}

TEST(Properties, LatencyIsAtLeastTheRoofAndSumsUp) {
  const report::Result result = on_v100("efficientnet_b0", 1);
  double predicted = result.run_overhead_s;
  for (const report::LayerRow& layer : result.layers) {
    EXPECT_GE(layer.roofline_latency_s, std::max(layer.compute_s, layer.memory_s)) << layer.name;
    EXPECT_GE(layer.predicted_latency_s, layer.roofline_latency_s) << layer.name;
    predicted += layer.predicted_latency_s;
  }
  EXPECT_NEAR(predicted, result.predicted_latency_s, 1e-12);
}

TEST(Properties, FasterMachineIsNeverSlower) {
  hardware::Profile slow =
      hardware::load_file(std::string(ROOFLINE_ROOT) + "/hardware_profiles/rpi4b.yaml");
  hardware::Profile fast = slow;
  for (auto& [precision, peak] : fast.units[0].peaks) peak.flops_per_s.value *= 2;
  fast.memory.back().bytes_per_s->value *= 2;
  Request request;
  request.bindings.dims = {{"batch", 1}};
  request.hardware = {&slow, &fast};
  const report::Report report = analyze(model("googlenet"), request);
  EXPECT_LT(report.results[1].predicted_latency_s, report.results[0].predicted_latency_s);
  for (std::size_t i = 0; i < report.results[0].layers.size(); ++i) {
    EXPECT_LE(report.results[1].layers[i].predicted_latency_s,
              report.results[0].layers[i].predicted_latency_s);
  }
}

}  // namespace
}  // namespace roofline
