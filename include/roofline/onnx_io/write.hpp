#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "roofline/ir/dtype.hpp"
#include "roofline/ir/graph.hpp"

namespace roofline::onnx_io {

/// A tensor that enters or leaves a model. Outputs are declared without a shape.
struct PortSketch {
  std::string name;
  ir::DType dtype = ir::DType::kFloat32;
  std::vector<std::int64_t> dims = {};
};

/// A tensor fixed in the model: its elements, or as many pseudo-random ones as `dims` ask for,
/// evenly spread over [low, high] and the same on every machine.
struct InitializerSketch {
  std::string name;
  ir::DType dtype = ir::DType::kFloat32;
  std::vector<std::int64_t> dims = {};
  std::vector<double> values = {};  ///< empty: random
  double low = 0;
  double high = 0;
};

struct NodeSketch {
  std::string op_type;
  std::string domain = {};
  std::vector<std::string> inputs = {};  ///< "" where omitted
  std::vector<std::string> outputs = {};
  std::vector<ir::Attribute> attributes = {};  ///< numbers, strings and lists of numbers
};

/// A model as names: what a generator of models fills in.
struct ModelSketch {
  std::string name;
  std::int64_t opset = 17;
  std::vector<std::string> domains = {};  ///< besides ai.onnx, each at version 1
  std::vector<PortSketch> inputs = {};
  std::vector<PortSketch> outputs = {};
  std::vector<InitializerSketch> initializers = {};
  std::vector<NodeSketch> nodes = {};
};

/// Writes the model whole or not at all and returns its bytes. Throws Error (kInput) when the file
/// cannot be written, std::invalid_argument for a sketch that has no ONNX form.
std::int64_t write(const ModelSketch& sketch, const std::string& path);
/// The model as load() gives it of the written file, without a digest; `path` is what messages call
/// it. Throws as both do.
[[nodiscard]] ir::Model to_model(const ModelSketch& sketch, const std::string& path);

}  // namespace roofline::onnx_io
