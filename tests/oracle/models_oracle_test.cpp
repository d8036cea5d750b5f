// Owns the comparison of every tensor of the sample models with the shape inference of libonnx.
// Refuses a difference wherever libonnx yields a shape.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "roofline/infer/infer.hpp"
#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::int64_t> kDims = {{"batch", 2},
                                                   {"sequence", 16},
                                                   {"past", 24},
                                                   {"batch_size", 2},
                                                   {"sequence_length", 16},
                                                   {"past_sequence_length", 24},
                                                   {"total_sequence_length", 40}};

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(ROOFLINE_ROOT) / "models")) {
    if (entry.path().extension() == ".onnx") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<ir::Shape> shape_of(const onnx::ValueInfoProto& info) {
  if (!info.type().tensor_type().has_shape()) return std::nullopt;
  ir::Shape shape;
  for (const auto& dim : info.type().tensor_type().shape().dim()) {
    shape.push_back(dim.has_dim_value() ? dim.dim_value() : ir::kUnknownDim);
  }
  return shape;
}

/// Shapes that libonnx infers for concrete inputs.
std::map<std::string, ir::Shape> libonnx_shapes(const fs::path& path) {
  onnx::ModelProto model;
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(model.ParseFromIstream(&in));
  for (auto& input : *model.mutable_graph()->mutable_input()) {
    for (auto& dim : *input.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim()) {
      if (dim.has_dim_param()) dim.set_dim_value(kDims.at(dim.dim_param()));
    }
  }
  // Declared output shapes hold symbols of the exporter: libonnx shall find them itself.
  for (auto& output : *model.mutable_graph()->mutable_output()) {
    output.mutable_type()->mutable_tensor_type()->clear_shape();
  }
  const onnx::ShapeInferenceOptions options{/*check_type=*/false, /*strict_mode=*/0,
                                            /*data_propagation=*/true};
  onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), options);
  std::map<std::string, ir::Shape> shapes;
  for (const auto* list : {&model.graph().value_info(), &model.graph().output()}) {
    for (const auto& info : *list) {
      if (const auto shape = shape_of(info)) shapes[info.name()] = *shape;
    }
  }
  return shapes;
}

class ModelOracle : public testing::TestWithParam<std::string> {};

TEST_P(ModelOracle, EveryShapeThatLibonnxYieldsIsOurs) {
  const fs::path path = fs::path(ROOFLINE_ROOT) / "models" / (GetParam() + ".onnx");
  const ir::Model model = onnx_io::load(path.string());
  infer::Bindings bindings;
  for (const auto& [symbol, size] : kDims) {
    for (const ir::TensorId id : model.graph.inputs) {
      for (const ir::Dim& dim : *model.graph.tensors[static_cast<std::size_t>(id)].declared) {
        if (dim.symbol == symbol) bindings.dims[symbol] = size;
      }
    }
  }
  const infer::TypedGraph graph = infer::infer(model, bindings);
  const auto theirs = libonnx_shapes(path);
  int compared = 0;
  for (std::size_t t = 0; t < model.graph.tensors.size(); ++t) {
    const auto it = theirs.find(model.graph.tensors[t].name);
    if (it == theirs.end() || !ir::is_known(it->second)) continue;
    ASSERT_TRUE(graph.types[t].shape) << it->first;
    EXPECT_EQ(ir::to_string(*graph.types[t].shape), ir::to_string(it->second)) << it->first;
    ++compared;
  }
  EXPECT_GT(compared, 0);
  RecordProperty("tensors_compared", compared);
}

INSTANTIATE_TEST_SUITE_P(Models, ModelOracle, testing::ValuesIn(model_names()),
                         [](const auto& model) { return model.param; });

}  // namespace
}  // namespace roofline
