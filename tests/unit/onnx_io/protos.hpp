#pragma once
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "roofline/base/diagnostic.hpp"
#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline::test {

/// A model of IR version 8 and opset 17 that has an empty graph named "g".
inline onnx::ModelProto empty_model() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  model.mutable_graph()->set_name("g");
  return model;
}

inline onnx::NodeProto& add_node(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                                 const std::string& type, const std::vector<std::string>& inputs,
                                 const std::vector<std::string>& outputs,
                                 const std::string& name = "") {
  onnx::NodeProto& node = *nodes.Add();
  node.set_op_type(type);
  if (!name.empty()) node.set_name(name);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  return node;
}

inline onnx::NodeProto& add_node(onnx::GraphProto& graph, const std::string& type,
                                 const std::vector<std::string>& inputs,
                                 const std::vector<std::string>& outputs,
                                 const std::string& name = "") {
  return add_node(*graph.mutable_node(), type, inputs, outputs, name);
}

inline void set_tensor_type(onnx::ValueInfoProto& value, const std::vector<std::int64_t>& dims,
                            int type = onnx::TensorProto::FLOAT) {
  auto& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape();
  for (const std::int64_t dim : dims) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
}

inline onnx::ValueInfoProto& add_input(onnx::GraphProto& graph, const std::string& name,
                                       const std::vector<std::int64_t>& dims) {
  onnx::ValueInfoProto& value = *graph.add_input();
  value.set_name(name);
  set_tensor_type(value, dims);
  return value;
}

inline void fill_tensor(onnx::TensorProto& tensor, const std::string& name, int type,
                        const std::vector<std::int64_t>& dims) {
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t dim : dims) tensor.add_dims(dim);
}

inline onnx::TensorProto& add_initializer(onnx::GraphProto& graph, const std::string& name,
                                          int type, const std::vector<std::int64_t>& dims) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  fill_tensor(tensor, name, type, dims);
  return tensor;
}

inline onnx::AttributeProto& add_attribute(onnx::NodeProto& node, const std::string& name,
                                           onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

/// x -> Relu -> y, with x of shape 1x3.
inline onnx::ModelProto relu_model() {
  onnx::ModelProto model = empty_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  add_input(graph, "x", {1, 3});
  add_node(graph, "Relu", {"x"}, {"y"}, "relu");
  graph.add_output()->set_name("y");
  return model;
}

/// x, c -> If(c) { then: Add(x, late) } -> y, with `late` produced after the If.
inline onnx::ModelProto capturing_model() {
  onnx::ModelProto proto = empty_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  add_input(graph, "x", {1});
  add_input(graph, "c", {});
  onnx::NodeProto& branch = add_node(graph, "If", {"c"}, {"y"}, "if1");
  onnx::GraphProto& then =
      *add_attribute(branch, "then_branch", onnx::AttributeProto::GRAPH).mutable_g();
  then.set_name("then");
  add_node(then, "Add", {"x", "late"}, {"sum"}, "add");
  then.add_output()->set_name("sum");
  add_node(graph, "Relu", {"x"}, {"late"}, "relu");
  graph.add_output()->set_name("y");
  return proto;
}

/// Adds a length-delimited field that the compiled classes do not know.
template <class Message>
void add_unknown(Message& message, int number, const std::string& bytes) {
  message.mutable_unknown_fields()->AddLengthDelimited(number, bytes);
}

inline onnx::ModelProto function_model() {
  onnx::ModelProto proto = empty_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  add_input(graph, "x", {1});
  onnx::NodeProto& call = add_node(graph, "Act", {"x"}, {"y"}, "call");
  call.set_domain("local");
  add_unknown(call, 8, "fast");  // overload
  add_unknown(call, 9, "metadata");
  add_unknown(call, 10, "device configuration");
  graph.add_output()->set_name("y");
  onnx::FunctionProto& f = *proto.add_functions();
  f.set_domain("local");
  f.set_name("Act");
  f.add_input("a");
  f.add_output("b");
  f.add_attribute("alpha");
  onnx::OperatorSetIdProto& opset = *f.add_opset_import();
  opset.set_domain("ai.onnx");
  opset.set_version(18);
  onnx::NodeProto& node = add_node(*f.mutable_node(), "LeakyRelu", {"a"}, {"b"}, "leaky");
  add_attribute(node, "alpha", onnx::AttributeProto::FLOAT).set_ref_attr_name("alpha");
  onnx::AttributeProto beta;
  beta.set_name("beta");
  beta.set_type(onnx::AttributeProto::INT);
  beta.set_i(5);
  add_unknown(f, 11, beta.SerializeAsString());
  onnx::ValueInfoProto value;
  value.set_name("b");
  set_tensor_type(value, {1}, onnx::TensorProto::INT8);
  add_unknown(f, 12, value.SerializeAsString());
  add_unknown(f, 13, "fast");  // overload
  add_unknown(f, 14, "metadata");
  return proto;
}

inline std::span<const std::uint8_t> as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline ir::Model load_bytes(const std::string& bytes) {
  return onnx_io::load(as_bytes(bytes), "m.onnx");
}

inline ir::Model load_proto(const onnx::ModelProto& model) {
  return load_bytes(model.SerializeAsString());
}

/// What the user reads when `action` throws an Error; "" when it does not.
template <class Action>
std::string error_text(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return format_diagnostic(error.diagnostic());
  }
  return "";
}

inline std::string load_error(const onnx::ModelProto& model) {
  return error_text([&] { static_cast<void>(load_proto(model)); });
}

/// The hint of most errors that an exporter made.
inline constexpr const char* kAgain =
    "  hint: the file breaks the ONNX specification: export it again\n";

/// The tensor of that name, which must exist.
inline const ir::Tensor& tensor(const ir::Graph& graph, const std::string& name) {
  for (const ir::Tensor& t : graph.tensors) {
    if (t.name == name) return t;
  }
  throw std::out_of_range("no tensor " + name);
}

inline std::string name_of(const ir::Graph& graph, ir::TensorId id) {
  return id == ir::kNoTensor ? "" : graph.tensors.at(static_cast<std::size_t>(id)).name;
}

inline std::vector<std::string> names_of(const ir::Graph& graph,
                                         const std::vector<ir::TensorId>& ids) {
  std::vector<std::string> names;
  for (const ir::TensorId id : ids) names.push_back(name_of(graph, id));
  return names;
}

/// A directory of its own for one test, removed at its end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "roofline_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  [[nodiscard]] std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace roofline::test
