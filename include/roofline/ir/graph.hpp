#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "roofline/ir/dtype.hpp"
#include "roofline/ir/tensor_type.hpp"

namespace roofline::ir {

using TensorId = std::int32_t;  ///< index into Graph::tensors
using NodeId = std::int32_t;    ///< index into Graph::nodes
/// Where the tensor or node of this id stands.
[[nodiscard]] constexpr std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }
inline constexpr TensorId kNoTensor = -1;  ///< an omitted optional operand
inline constexpr NodeId kNoNode = -1;

/// One declared axis: a number, a symbol ("batch"), or neither (value kUnknownDim, symbol empty).
struct Dim {
  std::int64_t value = kUnknownDim;
  std::string symbol = {};
};

/// A tensor fixed in the model: an initializer, or a Constant node's or attribute's tensor.
/// Large payloads are not loaded, so `value` is set for small tensors only.
struct Constant {
  DType dtype = DType::kUndefined;
  Shape dims;
  std::optional<SmallValue> value = std::nullopt;
  std::optional<Count> sparse_values = std::nullopt;  ///< number of stored values when sparse
  bool external = false;                              ///< data kept outside the file
};

struct Tensor {
  std::string name;
  ValueKind kind = ValueKind::kTensor;
  ValueKind element_kind = ValueKind::kTensor;  ///< of what a sequence or optional holds
  DType dtype = DType::kUndefined;              ///< declared; for a sequence: of its elements
  std::optional<std::vector<Dim>> declared =
      std::nullopt;  ///< declared shape (input, output, value_info), of its elements likewise
  std::optional<Constant> constant = std::nullopt;  ///< set for initializers
  NodeId producer = kNoNode;
  bool is_input = false;  ///< a graph input (an initializer may be one as well: then a default)
  bool is_output = false;
  bool is_outer = false;  ///< in a subgraph: defined by an enclosing graph under the same name
};

struct Graph;

/// An attribute of a node; `ref` names the enclosing function's attribute that supplies the value.
struct Attribute {
  using Value =
      std::variant<std::monostate, std::int64_t, double, std::string, std::vector<std::int64_t>,
                   std::vector<double>, std::vector<std::string>, Constant,
                   std::shared_ptr<const Graph>, std::vector<std::shared_ptr<const Graph>>>;
  std::string name;
  Value value;
  std::string ref = {};
};

struct Node {
  std::string name;  ///< may be empty or repeated
  std::string op_type;
  std::string domain;  ///< "" is ai.onnx
  std::string overload = {};
  std::vector<TensorId> inputs;   ///< kNoTensor where omitted
  std::vector<TensorId> outputs;  ///< kNoTensor where omitted
  std::vector<Attribute> attributes;

  [[nodiscard]] const Attribute* attribute(std::string_view attribute_name) const;
};

/// Nodes in execution order (topological: the loader sorts or refuses) over tensors held by index.
struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  std::vector<TensorId> inputs;  ///< without initializers that are also inputs
  std::vector<TensorId> outputs;
};

/// A model-local function: a graph whose inputs and outputs are bound by position at each call.
struct Function {
  std::string domain;
  std::string name;
  std::string overload = {};
  std::shared_ptr<const Graph> body;
  std::vector<std::string> attributes;  ///< attributes without default
  std::vector<Attribute> attribute_defaults;
  std::vector<std::pair<std::string, int>> opsets;  ///< the function's own imports
};

struct Model {
  std::string path;
  std::int64_t ir_version = 0;
  std::string producer;                             ///< "pytorch 1.13.1"
  std::vector<std::pair<std::string, int>> opsets;  ///< domain -> version, "" for ai.onnx
  Graph graph;
  std::vector<Function> functions;
  std::string skeleton_sha256;  ///< over the file's bytes without tensor payloads

  /// Imported version of `domain`, or nullopt.
  [[nodiscard]] std::optional<int> opset(std::string_view domain) const;
};

/// "/layer1/conv1" or, for an unnamed node, "Conv#17": what messages and reports call the node.
[[nodiscard]] std::string display_name(const Node& node, NodeId index);

}  // namespace roofline::ir
