#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "name_table.hpp"
#include "order.hpp"
#include "roofline/ir/graph.hpp"

namespace onnx {
class AttributeProto;
class FunctionProto;
class GraphProto;
class NodeProto;
class SparseTensorProto;
class TensorProto;
class ValueInfoProto;
}  // namespace onnx
namespace google::protobuf {
template <class T>
class RepeatedPtrField;
}

namespace roofline::onnx_io {

/// "" for "ai.onnx", which is the same domain; else `domain`.
[[nodiscard]] std::string normalize_domain(const std::string& domain);

/// Turns one GraphProto or FunctionProto into an ir::Graph. Takes strings out of the proto where
/// that saves a copy: the proto is of no use afterwards.
class GraphBuilder {
 public:
  using Values = google::protobuf::RepeatedPtrField<onnx::ValueInfoProto>;
  using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

  /// `where` names file (and function) in messages. `parent`: the enclosing graph, whose node is
  /// just being converted; null for the main graph and functions.
  explicit GraphBuilder(std::string where, GraphBuilder* parent = nullptr)
      : where_(std::move(where)), parent_(parent) {}

  [[nodiscard]] ir::Graph build(onnx::GraphProto& proto);
  [[nodiscard]] ir::Graph build(onnx::FunctionProto& proto);

  /// An attribute outside of any node: a function's default.
  [[nodiscard]] ir::Attribute convert_attribute(onnx::AttributeProto& proto);

 private:
  void reserve(std::size_t other_names, const Nodes& nodes);
  ir::TensorId define(std::string name, std::string_view role);
  void add_input(const std::string& name);
  void add_initializer(const onnx::TensorProto& proto);
  void add_sparse_initializer(const onnx::SparseTensorProto& proto);
  void set_constant(const std::string& name, ir::Constant constant);
  void define_outputs(Nodes& nodes);
  void convert_nodes(Nodes& nodes);
  ir::Attribute::Value convert_value(onnx::AttributeProto& proto);
  std::shared_ptr<const ir::Graph> convert_subgraph(onnx::GraphProto& proto);
  void add_output(const std::string& name);
  void declare(const Values& values);
  void finish(std::size_t input_count);

  ir::TensorId operand(const std::string& name);
  ir::TensorId resolve(const std::string& name);
  ir::TensorId capture(const std::string& name);
  void note_use(ir::TensorId id);
  ir::Tensor& tensor(ir::TensorId id) { return graph_.tensors[static_cast<std::size_t>(id)]; }

  [[nodiscard]] std::string node_label(ir::NodeId id) const;
  [[nodiscard]] std::string describe_definition(const ir::Tensor& tensor) const;
  [[nodiscard]] std::string location() const;
  [[noreturn]] void fail(std::string code, std::string message, std::string hint) const;
  [[noreturn]] void fail_undefined(const std::string& message, std::string_view name) const;

  std::string where_;
  GraphBuilder* parent_;
  ir::Graph graph_;
  NameTable names_{graph_.tensors};
  std::vector<Capture> captures_;
  ir::NodeId current_ = ir::kNoNode;          ///< the node being converted
  ir::TensorId last_output_ = ir::kNoTensor;  ///< of the node converted last
  bool in_order_ = true;                      ///< no node so far reads what a later one produces
};

}  // namespace roofline::onnx_io
