#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "roofline/ir/graph.hpp"

namespace roofline::test {

/// Builds a small ir::Model by names, without protobuf. Tensors come to exist when first named.
class ModelBuilder {
 public:
  explicit ModelBuilder(int opset = 17) {
    model_.path = "test.onnx";
    model_.ir_version = 8;
    model_.opsets = {{"", opset}};
  }

  ModelBuilder& input(const std::string& name, std::vector<ir::Dim> dims,
                      ir::DType dtype = ir::DType::kFloat32) {
    ir::Tensor& t = tensor(name);
    t.is_input = true;
    t.dtype = dtype;
    t.declared = std::move(dims);
    model_.graph.inputs.push_back(id(name));
    return *this;
  }
  ModelBuilder& input(const std::string& name, const ir::Shape& shape,
                      ir::DType dtype = ir::DType::kFloat32) {
    std::vector<ir::Dim> dims;
    for (const std::int64_t size : shape) dims.push_back({.value = size});
    return input(name, std::move(dims), dtype);
  }
  /// A constant whose payload was not loaded.
  ModelBuilder& weight(const std::string& name, ir::Shape shape,
                       ir::DType dtype = ir::DType::kFloat32) {
    tensor(name).constant = ir::Constant{.dtype = dtype, .dims = std::move(shape)};
    return *this;
  }
  ModelBuilder& ints(const std::string& name, std::vector<std::int64_t> values) {
    const auto size = static_cast<std::int64_t>(values.size());
    tensor(name).constant =
        ir::Constant{.dtype = ir::DType::kInt64, .dims = {size}, .value = std::move(values)};
    return *this;
  }
  ModelBuilder& node(const std::string& op, const std::vector<std::string>& inputs,
                     const std::vector<std::string>& outputs,
                     std::vector<ir::Attribute> attributes = {}, const std::string& domain = {}) {
    ir::Node n;
    n.name = outputs.empty() ? op : outputs.front();
    n.op_type = op;
    n.domain = domain;
    n.attributes = std::move(attributes);
    for (const std::string& name : inputs)
      n.inputs.push_back(name.empty() ? ir::kNoTensor : id(name));
    for (const std::string& name : outputs) {
      n.outputs.push_back(name.empty() ? ir::kNoTensor : id(name));
      if (!name.empty()) tensor(name).producer = static_cast<ir::NodeId>(model_.graph.nodes.size());
    }
    model_.graph.nodes.push_back(std::move(n));
    return *this;
  }
  /// A tensor of the enclosing graph, when this one becomes a subgraph.
  ModelBuilder& outer(const std::string& name) {
    tensor(name).is_outer = true;
    return *this;
  }
  /// What was built, as the value of a graph attribute.
  [[nodiscard]] std::shared_ptr<const ir::Graph> graph() const {
    return std::make_shared<const ir::Graph>(model_.graph);
  }
  /// Adds what `body` built as a function of this model.
  ModelBuilder& function(const std::string& domain, const std::string& name,
                         const ModelBuilder& body, std::vector<ir::Attribute> defaults = {}) {
    model_.functions.push_back({.domain = domain,
                                .name = name,
                                .body = body.graph(),
                                .attributes = {},
                                .attribute_defaults = std::move(defaults),
                                .opsets = model_.opsets});
    if (!model_.opset(domain)) model_.opsets.emplace_back(domain, 1);
    return *this;
  }
  ModelBuilder& output(const std::string& name) {
    tensor(name).is_output = true;
    model_.graph.outputs.push_back(id(name));
    return *this;
  }
  [[nodiscard]] ir::TensorId id(const std::string& name) {
    const auto [it, inserted] =
        ids_.emplace(name, static_cast<ir::TensorId>(model_.graph.tensors.size()));
    if (inserted) {
      model_.graph.tensors.emplace_back();
      model_.graph.tensors.back().name = name;
    }
    return it->second;
  }
  ir::Tensor& tensor(const std::string& name) {
    const auto index = static_cast<std::size_t>(id(name));
    return model_.graph.tensors[index];
  }
  [[nodiscard]] const ir::Model& model() const { return model_; }

 private:
  ir::Model model_;
  std::map<std::string, ir::TensorId> ids_;
};

}  // namespace roofline::test
