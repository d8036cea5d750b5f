// Owns the founding talk's examples: what it says of well-known layers and networks must come out.
// Refuses tolerances wider than the talk's own rounding; docs/talk.md explains every difference.
#include <gtest/gtest.h>

#include <functional>

#include "roofline/pipeline/analyze.hpp"
#include "support/model_builder.hpp"

namespace roofline::talk_test {
namespace {

using report::Report;
using report::Result;
using test::ModelBuilder;

std::string model(const std::string& name) {
  return std::string(ROOFLINE_ROOT) + "/models/" + name + ".onnx";
}

hardware::Profile profile(const std::string& path) {
  return hardware::load_file(std::string(ROOFLINE_ROOT) + "/" + path);
}

/// A model on one machine: fp32 tensors as they are, runtime basic, batch 1.
Report on(const std::string& name, const hardware::Profile& machine) {
  Request request;
  request.bindings.dims = {{"batch", 1}};
  request.hardware = {&machine};
  return analyze(model(name), request);
}

const hardware::Profile& v100() {
  static const hardware::Profile p = profile("hardware_profiles/v100.yaml");
  return p;
}

double planned_intensity(const std::string& name) {
  return on(name, v100()).results[0].intensity.value();
}

TEST(Talk, MatrixProduct) {
  ModelBuilder b;
  b.input("a", ir::Shape{1000, 1000}).input("b", ir::Shape{1000, 1000});
  b.node("MatMul", {"a", "b"}, {"c"}).output("c");
  const Report r = analyze(b.model(), {});
  EXPECT_EQ(r.totals.flops, 2 * 1000LL * 1000 * 1000);
  EXPECT_EQ(r.totals.traffic_bytes, 3 * 1000 * 1000 * 4);
  EXPECT_NEAR(r.totals.intensity.value(), 166.7, 0.05);
}

TEST(Talk, MatrixVectorProduct) {
  ModelBuilder b;
  b.input("a", ir::Shape{1000, 1000}).input("x", ir::Shape{1000, 1});
  b.node("MatMul", {"a", "x"}, {"y"}).output("y");
  const Report r = analyze(b.model(), {});
  EXPECT_EQ(r.totals.flops, 2 * 1000 * 1000);
  EXPECT_EQ(r.totals.traffic_bytes, (1000 * 1000 + 2 * 1000) * 4);
  EXPECT_NEAR(r.totals.intensity.value(), 0.5, 0.005);
}

void conv(ModelBuilder& b, const std::string& x, const std::string& y, std::int64_t in,
          std::int64_t out, std::int64_t kernel) {
  const std::int64_t pad = kernel / 2;
  b.weight(y + ".w", {out, in, kernel, kernel});
  b.node("Conv", {x, y + ".w"}, {y},
         {{.name = "pads", .value = std::vector<std::int64_t>{pad, pad, pad, pad}}});
}

TEST(Talk, Convolution3x3) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 256, 56, 56});
  conv(b, "x", "y", 256, 256, 3);
  b.output("y");
  const Report r = analyze(b.model(), {});
  EXPECT_NEAR(r.totals.flops.as_double(), 3.70e9, 0.005e9);
  EXPECT_NEAR(r.totals.traffic_bytes.as_double(), 8.8e6, 0.05e6);
}

TEST(Talk, Bottleneck) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 256, 56, 56});
  conv(b, "x", "p", 256, 64, 1);
  conv(b, "p", "q", 64, 64, 3);
  conv(b, "q", "y", 64, 256, 1);
  b.output("y");
  const Report r = analyze(b.model(), {});
  EXPECT_NEAR(r.totals.flops.as_double(), 0.437e9, 0.0005e9);
  EXPECT_NEAR(r.totals.traffic_bytes.as_double(), 9.9e6, 0.05e6);
}

TEST(Talk, Vgg16Intensity) { EXPECT_NEAR(planned_intensity("vgg16"), 46, 0.5); }

TEST(Talk, Vgg16WithoutFullyConnectedLayers) {
  const Report r = on("vgg16", v100());
  double flops = 0;
  double bytes = 0;
  for (const report::LayerRow& layer : r.results[0].layers) {
    if (layer.cls == "matmul") continue;
    flops += layer.flops.value().as_double();
    bytes += layer.planned_bytes.as_double();
  }
  EXPECT_NEAR(bytes, 180e6, 1e6);
  EXPECT_NEAR(flops / bytes, 170, 2);
}

TEST(Talk, NetworkIntensities) {
  EXPECT_NEAR(planned_intensity("resnet50"), 38, 0.5);
  EXPECT_NEAR(planned_intensity("inception_v3"), 48, 0.5);
  EXPECT_NEAR(planned_intensity("resnet152"), 48, 0.5);
  // Channel shuffles (Transpose) are not fused by `basic`.
  EXPECT_NEAR(planned_intensity("shufflenet_v1_x0_5_g3"), 3.3, 0.12);
  EXPECT_NEAR(planned_intensity("shufflenet_v1_x0_5_g8"), 2.3, 0.05);
}

TEST(Talk, BoundOfWholeNetworks) {
  const auto talk_v100 = profile("tests/support/talk-v100.yaml");
  const auto talk_xavier = profile("tests/support/talk-xavier.yaml");
  const auto talk_pi3 = profile("tests/support/talk-pi3.yaml");
  for (const char* name : {"vgg16", "resnet50"}) {
    EXPECT_EQ(on(name, talk_v100).results[0].bound, "memory") << name;
    EXPECT_EQ(on(name, talk_xavier).results[0].bound, "memory") << name;
    EXPECT_EQ(on(name, talk_pi3).results[0].bound, "compute") << name;
  }
  for (const char* name : {"shufflenet_v1_x0_5_g3", "shufflenet_v1_x0_5_g8"}) {
    for (const hardware::Profile* p : {&talk_v100, &talk_xavier, &talk_pi3}) {
      EXPECT_EQ(on(name, *p).results[0].bound, "memory") << name << " on " << p->id;
    }
  }
}

TEST(Talk, Gtx1080Ti) {
  const auto gtx = profile("hardware_profiles/gtx1080ti.yaml");
  EXPECT_EQ(on("mobilenet_v1", gtx).results[0].bound, "memory");
  EXPECT_EQ(on("densenet121", gtx).results[0].bound, "memory");
  const Report vgg = on("vgg16", gtx);
  int convolutions = 0;
  for (const report::LayerRow& layer : vgg.results[0].layers) {
    if (layer.cls != "conv") continue;
    // The first one reads 3 channels only: its output traffic outweighs its work.
    EXPECT_EQ(layer.bound, convolutions == 0 ? "memory" : "compute") << layer.name;
    ++convolutions;
  }
  EXPECT_EQ(convolutions, 13);
}

}  // namespace
}  // namespace roofline::talk_test
