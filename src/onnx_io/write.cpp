// Owns the way from a sketch of a model to an .onnx file, with the weights that it leaves open.
// Refuses to know operators, and to give two runs different bytes.
#include "roofline/onnx_io/write.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <stdexcept>
#include <variant>

#include "file.hpp"
#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline::onnx_io {
namespace {

/// SplitMix64: full period, any seed, no state shared between tensors.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// Evenly spread over [0, 1), in steps of 2^-24.
  double next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<double>(z >> 40U) * 0x1p-24;
  }

 private:
  std::uint64_t state_;
};

/// FNV-1a: tensors of equal names in models of equal names have equal elements.
std::uint64_t seed_of(std::string_view model, std::string_view tensor) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const std::string_view text : {model, std::string_view("\n"), tensor}) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
  }
  return hash;
}

/// Round to nearest of a normal number or zero: weights are neither denormal nor huge.
std::uint16_t half_bits(double value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude < 0x38800000U) return static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  return static_cast<std::uint16_t>(((bits >> 16U) & 0x8000U) |
                                    ((magnitude - 0x38000000U + 0x1000U) >> 13U));
}

std::size_t element_count(const InitializerSketch& tensor) {
  std::size_t count = 1;
  for (const std::int64_t dim : tensor.dims) count *= static_cast<std::size_t>(dim);
  return count;
}

template <class Element, class Convert>
std::string payload(const InitializerSketch& tensor, std::uint64_t seed, Convert convert) {
  static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");
  const std::size_t count = element_count(tensor);
  if (!tensor.values.empty() && tensor.values.size() != count) {
    throw std::invalid_argument(fmt::format("'{}' has {} values for {} elements", tensor.name,
                                            tensor.values.size(), count));
  }
  Random random(seed);
  // An integer stands for the unit interval around it, so that both ends come up.
  const double width = tensor.high - tensor.low + (ir::is_integer(tensor.dtype) ? 1 : 0);
  std::string bytes(count * sizeof(Element), '\0');
  for (std::size_t i = 0; i < count; ++i) {
    const double value =
        tensor.values.empty() ? tensor.low + width * random.next() : tensor.values[i];
    const Element element = convert(value);
    std::memcpy(bytes.data() + i * sizeof(Element), &element, sizeof(Element));
  }
  return bytes;
}

template <class Element>
std::string integers(const InitializerSketch& tensor, std::uint64_t seed) {
  return payload<Element>(tensor, seed,
                          [](double value) { return static_cast<Element>(std::floor(value)); });
}

std::string payload(const InitializerSketch& tensor, std::uint64_t seed) {
  switch (tensor.dtype) {
    case ir::DType::kFloat32:
      return payload<float>(tensor, seed, [](double v) { return static_cast<float>(v); });
    case ir::DType::kFloat16:
      return payload<std::uint16_t>(tensor, seed, half_bits);
    case ir::DType::kInt64:
      return integers<std::int64_t>(tensor, seed);
    case ir::DType::kInt32:
      return integers<std::int32_t>(tensor, seed);
    case ir::DType::kInt8:
      return integers<std::int8_t>(tensor, seed);
    case ir::DType::kUint8:
      return integers<std::uint8_t>(tensor, seed);
    default:
      throw std::invalid_argument(
          fmt::format("'{}': no elements of {}", tensor.name, ir::name(tensor.dtype)));
  }
}

void fill(const InitializerSketch& tensor, const std::string& model, onnx::TensorProto& proto) {
  proto.set_name(tensor.name);
  proto.set_data_type(static_cast<int>(tensor.dtype));
  for (const std::int64_t dim : tensor.dims) proto.add_dims(dim);
  proto.set_raw_data(payload(tensor, seed_of(model, tensor.name)));
}

/// Sets the field of an AttributeProto that an attribute's value belongs in.
struct AttributeWriter {
  onnx::AttributeProto& proto;

  void operator()(std::int64_t value) const {
    proto.set_type(onnx::AttributeProto::INT);
    proto.set_i(value);
  }
  void operator()(double value) const {
    proto.set_type(onnx::AttributeProto::FLOAT);
    proto.set_f(static_cast<float>(value));
  }
  void operator()(const std::string& value) const {
    proto.set_type(onnx::AttributeProto::STRING);
    proto.set_s(value);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    proto.set_type(onnx::AttributeProto::INTS);
    proto.mutable_ints()->Add(values.begin(), values.end());
  }
  void operator()(const std::vector<double>& values) const {
    proto.set_type(onnx::AttributeProto::FLOATS);
    for (const double value : values) proto.add_floats(static_cast<float>(value));
  }
  template <class Other>
  void operator()(const Other&) const {
    throw std::invalid_argument(fmt::format("attribute '{}' is no number or text", proto.name()));
  }
};

void fill(const NodeSketch& node, std::size_t index, onnx::NodeProto& proto) {
  proto.set_name(fmt::format("{}_{}", node.op_type, index));
  proto.set_op_type(node.op_type);
  proto.set_domain(node.domain);
  for (const std::string& name : node.inputs) proto.add_input(name);
  for (const std::string& name : node.outputs) proto.add_output(name);
  for (const ir::Attribute& attribute : node.attributes) {
    onnx::AttributeProto& field = *proto.add_attribute();
    field.set_name(attribute.name);
    std::visit(AttributeWriter{field}, attribute.value);
  }
}

onnx::TypeProto::Tensor& fill(const PortSketch& port, onnx::ValueInfoProto& proto) {
  proto.set_name(port.name);
  onnx::TypeProto::Tensor& type = *proto.mutable_type()->mutable_tensor_type();
  type.set_elem_type(static_cast<int>(port.dtype));
  return type;
}

void fill(const ModelSketch& sketch, onnx::GraphProto& graph) {
  graph.set_name(sketch.name);
  for (const PortSketch& port : sketch.inputs) {
    onnx::TensorShapeProto& shape = *fill(port, *graph.add_input()).mutable_shape();
    for (const std::int64_t dim : port.dims) shape.add_dim()->set_dim_value(dim);
  }
  for (const PortSketch& port : sketch.outputs) fill(port, *graph.add_output());
  for (const InitializerSketch& tensor : sketch.initializers) {
    fill(tensor, sketch.name, *graph.add_initializer());
  }
  for (std::size_t i = 0; i < sketch.nodes.size(); ++i) {
    fill(sketch.nodes[i], i, *graph.add_node());
  }
}

std::string serialized(const ModelSketch& sketch) {
  constexpr std::int64_t kIrVersion = 8;  // opset 17 and older runtimes know it; newer ones as well
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("onnx-roofline");
  onnx::OperatorSetIdProto& main = *model.add_opset_import();
  main.set_domain("");
  main.set_version(sketch.opset);
  for (const std::string& domain : sketch.domains) {
    onnx::OperatorSetIdProto& other = *model.add_opset_import();
    other.set_domain(domain);
    other.set_version(1);
  }
  fill(sketch, *model.mutable_graph());
  return model.SerializeAsString();
}

// Bytes are bytes: the signedness of char is the only difference.
std::span<const std::uint8_t> as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::int64_t write(const ModelSketch& sketch, const std::string& path) {
  const std::string bytes = serialized(sketch);
  write_file(path, as_bytes(bytes));
  return static_cast<std::int64_t>(bytes.size());
}

ir::Model to_model(const ModelSketch& sketch, const std::string& path) {
  return load(as_bytes(serialized(sketch)), path, Digest::kSkip);
}

}  // namespace roofline::onnx_io
