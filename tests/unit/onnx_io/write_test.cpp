// What write() makes of a sketch, read back with the official classes and with our loader.
#include "roofline/onnx_io/write.hpp"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline::onnx_io {
namespace {

class Write : public testing::Test {
 protected:
  ~Write() override { std::filesystem::remove(path_); }

  /// y = op(x, w), with the fields that a test wants to see.
  static ModelSketch sketch() {
    ModelSketch sketch;
    sketch.name = "m";
    sketch.opset = 14;
    sketch.domains = {"com.microsoft"};
    sketch.inputs = {{"x", ir::DType::kFloat32, {1, 8}}};
    sketch.outputs = {{"y", ir::DType::kFloat32}};
    sketch.initializers = {{"w", ir::DType::kFloat32, {8, 8}, {}, -0.5, 0.5}};
    sketch.nodes = {{"FusedMatMul",
                     "com.microsoft",
                     {"x", "w"},
                     {"y"},
                     {{"transB", std::int64_t{1}, {}}, {"alpha", 0.25, {}}}}};
    return sketch;
  }

  onnx::ModelProto written(const ModelSketch& sketch) {
    bytes_ = write(sketch, path_);
    std::ifstream in(path_, std::ios::binary);
    onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromIstream(&in));
    return model;
  }

  template <class Element>
  static std::vector<Element> elements(const onnx::TensorProto& tensor) {
    std::vector<Element> values(tensor.raw_data().size() / sizeof(Element));
    std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
    return values;
  }

  std::string path_ = testing::TempDir() + "write_" + std::to_string(getpid()) + ".onnx";
  std::int64_t bytes_ = 0;
};

TEST_F(Write, KeepsNamesTypesAndAttributes) {
  const onnx::ModelProto model = written(sketch());
  EXPECT_EQ(bytes_, static_cast<std::int64_t>(std::filesystem::file_size(path_)));
  ASSERT_EQ(model.opset_import_size(), 2);
  EXPECT_EQ(model.opset_import(0).version(), 14);
  EXPECT_EQ(model.opset_import(1).domain(), "com.microsoft");
  const onnx::GraphProto& graph = model.graph();
  EXPECT_EQ(graph.input(0).type().tensor_type().shape().dim(1).dim_value(), 8);
  EXPECT_FALSE(graph.output(0).type().tensor_type().has_shape());
  EXPECT_EQ(graph.node(0).name(), "FusedMatMul_0");
  EXPECT_EQ(graph.node(0).attribute(0).i(), 1);
  EXPECT_FLOAT_EQ(graph.node(0).attribute(1).f(), 0.25F);
  EXPECT_EQ(load(path_).graph.nodes.size(), 1U);
}

TEST_F(Write, SpreadsRandomFloatsOverTheirInterval) {
  ModelSketch wide = sketch();
  wide.initializers[0].dims = {100, 100};
  const std::vector<float> values = elements<float>(written(wide).graph().initializer(0));
  ASSERT_EQ(values.size(), 10'000U);
  double sum = 0;
  for (const float value : values) {
    ASSERT_GE(value, -0.5F);
    ASSERT_LE(value, 0.5F);
    sum += static_cast<double>(value);
  }
  EXPECT_NEAR(sum / 10'000, 0, 0.01);
  EXPECT_LT(*std::min_element(values.begin(), values.end()), -0.49F);
  EXPECT_GT(*std::max_element(values.begin(), values.end()), 0.49F);
}

TEST_F(Write, DrawsBothEndsOfAnIntegerInterval) {
  ModelSketch bytes = sketch();
  bytes.initializers[0] = {"w", ir::DType::kInt8, {4000}, {}, -2, 1};
  std::vector<std::int8_t> values = elements<std::int8_t>(written(bytes).graph().initializer(0));
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  EXPECT_EQ(values, (std::vector<std::int8_t>{-2, -1, 0, 1}));
}

TEST_F(Write, WritesGivenElements) {
  ModelSketch given = sketch();
  given.initializers = {{"i", ir::DType::kInt64, {3}, {-1, 0, 1e12}},
                        {"h", ir::DType::kFloat16, {3}, {1, -2.5, 0}},
                        {"s", ir::DType::kFloat32, {}, {0.02}}};
  const onnx::ModelProto model = written(given);
  EXPECT_EQ(elements<std::int64_t>(model.graph().initializer(0)),
            (std::vector<std::int64_t>{-1, 0, 1'000'000'000'000}));
  EXPECT_EQ(elements<std::uint16_t>(model.graph().initializer(1)),
            (std::vector<std::uint16_t>{0x3C00, 0xC100, 0x0000}));
  EXPECT_EQ(elements<float>(model.graph().initializer(2)), std::vector<float>{0.02F});
}

TEST_F(Write, SeedsByTheNamesOfModelAndTensor) {
  ModelSketch two = sketch();
  two.initializers.push_back({"v", ir::DType::kFloat32, {8, 8}, {}, -0.5, 0.5});
  const onnx::ModelProto model = written(two);
  EXPECT_NE(model.graph().initializer(0).raw_data(), model.graph().initializer(1).raw_data());
  EXPECT_EQ(model.graph().initializer(0).raw_data(),
            written(sketch()).graph().initializer(0).raw_data());
  ModelSketch renamed = sketch();
  renamed.name = "n";
  EXPECT_NE(model.graph().initializer(0).raw_data(),
            written(renamed).graph().initializer(0).raw_data());
}

TEST_F(Write, RefusesWhatHasNoForm) {
  ModelSketch text = sketch();
  text.initializers[0].dtype = ir::DType::kString;
  EXPECT_THROW(write(text, path_), std::invalid_argument);
  ModelSketch too_few = sketch();
  too_few.initializers[0].values = {1, 2, 3};
  EXPECT_THROW(write(too_few, path_), std::invalid_argument);
  ModelSketch empty_attribute = sketch();
  empty_attribute.nodes[0].attributes = {{"a", {}, {}}};
  EXPECT_THROW(write(empty_attribute, path_), std::invalid_argument);
}

}  // namespace
}  // namespace roofline::onnx_io
