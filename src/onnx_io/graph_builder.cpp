// Owns graphs: names to ids, nodes, attributes and subgraphs, each name defined exactly once.
// Refuses undefined and doubly defined names, and cycles.
#include "graph_builder.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <memory>

#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"
#include "tensor.hpp"
#include "unknown_fields.hpp"

namespace roofline::onnx_io {
namespace {

using ir::kNoTensor;
using ir::NodeId;
using ir::TensorId;

constexpr int kNodeOverload = 8;
constexpr int kFunctionValueInfo = 12;

std::size_t size_of(int count) { return static_cast<std::size_t>(count); }

/// The type of an attribute that does not say it (IR version 1, or a type newer than ours).
onnx::AttributeProto::AttributeType attribute_type(const onnx::AttributeProto& a) {
  using A = onnx::AttributeProto;
  if (a.type() != A::UNDEFINED) return a.type();
  if (a.has_i()) return A::INT;
  if (a.has_f()) return A::FLOAT;
  if (a.has_s()) return A::STRING;
  if (a.has_t()) return A::TENSOR;
  if (a.has_g()) return A::GRAPH;
  if (a.has_sparse_tensor()) return A::SPARSE_TENSOR;
  if (a.ints_size() > 0) return A::INTS;
  if (a.floats_size() > 0) return A::FLOATS;
  if (a.strings_size() > 0) return A::STRINGS;
  if (a.graphs_size() > 0) return A::GRAPHS;
  return A::UNDEFINED;
}

}  // namespace

std::string normalize_domain(const std::string& domain) {
  return domain == "ai.onnx" ? std::string() : domain;
}

ir::Graph GraphBuilder::build(onnx::GraphProto& proto) {
  graph_.name = proto.name();
  reserve(size_of(proto.input_size()) + size_of(proto.initializer_size()), proto.node());
  for (const auto& value : proto.input()) add_input(value.name());
  for (const auto& constant : proto.initializer()) add_initializer(constant);
  for (const auto& constant : proto.sparse_initializer()) add_sparse_initializer(constant);
  define_outputs(*proto.mutable_node());
  convert_nodes(*proto.mutable_node());
  for (const auto& value : proto.output()) add_output(value.name());
  declare(proto.input());
  declare(proto.output());
  declare(proto.value_info());
  finish(size_of(proto.input_size()));
  return std::move(graph_);
}

ir::Graph GraphBuilder::build(onnx::FunctionProto& proto) {
  graph_.name = proto.name();
  reserve(size_of(proto.input_size()), proto.node());
  for (const std::string& name : proto.input()) add_input(name);
  define_outputs(*proto.mutable_node());
  convert_nodes(*proto.mutable_node());
  for (const std::string& name : proto.output()) add_output(name);
  declare(unknown_messages<onnx::ValueInfoProto>(proto, kFunctionValueInfo));
  finish(size_of(proto.input_size()));
  return std::move(graph_);
}

void GraphBuilder::reserve(std::size_t other_names, const Nodes& nodes) {
  std::size_t names = other_names;
  for (const onnx::NodeProto& node : nodes) names += size_of(node.output_size());
  names_.reserve(names);
  graph_.tensors.reserve(names);
  graph_.nodes.reserve(size_of(nodes.size()));
}

/// A new tensor of that name; `role` says in messages who defines it.
TensorId GraphBuilder::define(std::string name, std::string_view role) {
  if (name.empty()) fail("unnamed-tensor", fmt::format("{} has no name", role), kExportAgain);
  const auto id = static_cast<TensorId>(graph_.tensors.size());
  const TensorId known = names_.insert(name, id);
  if (known != kNoTensor) {
    fail("duplicate-tensor",
         fmt::format("{} defines tensor '{}', which is {} already", role, printable(name),
                     describe_definition(tensor(known))),
         kExportAgain);
  }
  graph_.tensors.emplace_back().name = std::move(name);
  return id;
}

void GraphBuilder::add_input(const std::string& name) {
  tensor(define(name, "a graph input")).is_input = true;
}

void GraphBuilder::add_initializer(const onnx::TensorProto& proto) {
  try {
    set_constant(proto.name(), convert_tensor(proto));
  } catch (const RuleError& error) {
    fail(error.code(), fmt::format("initializer '{}': {}", printable(proto.name()), error.what()),
         error.hint());
  }
}

void GraphBuilder::add_sparse_initializer(const onnx::SparseTensorProto& proto) {
  const std::string& name = proto.values().name();
  try {
    set_constant(name, convert_sparse(proto));
  } catch (const RuleError& error) {
    fail(error.code(), fmt::format("sparse initializer '{}': {}", printable(name), error.what()),
         error.hint());
  }
}

void GraphBuilder::set_constant(const std::string& name, ir::Constant constant) {
  const TensorId known = names_.find(name, kNoTensor);
  if (known != kNoTensor && tensor(known).constant) {
    const ir::Constant& other = *tensor(known).constant;
    // Runtimes take one of two initializers of the same name; the cost is that of either.
    if (other.dims == constant.dims && other.dtype == constant.dtype) return;
    fail("duplicate-tensor",
         fmt::format("two initializers are named '{}' and differ: {} {} and {} {}", printable(name),
                     ir::name(other.dtype), ir::to_string(other.dims), ir::name(constant.dtype),
                     ir::to_string(constant.dims)),
         kExportAgain);
  }
  // An initializer that is also an input (which IR version 3 requires) is a constant.
  const TensorId id = known != kNoTensor ? known : define(name, "an initializer");
  tensor(id).constant = std::move(constant);
}

/// Adds every node with its outputs only, so that operands may be named before they are produced.
void GraphBuilder::define_outputs(Nodes& nodes) {
  for (onnx::NodeProto& proto : nodes) {
    current_ = static_cast<NodeId>(graph_.nodes.size());
    ir::Node& node = graph_.nodes.emplace_back();
    node.name = std::move(*proto.mutable_name());
    node.op_type = std::move(*proto.mutable_op_type());
    node.domain = normalize_domain(proto.domain());
    node.overload = unknown_string(proto, kNodeOverload);
    if (node.op_type.empty()) {
      fail("missing-op-type", "the node names no operator (op_type is empty)", kExportAgain);
    }
    node.outputs.reserve(size_of(proto.output_size()));
    for (std::string& name : *proto.mutable_output()) {
      if (name.empty()) {
        node.outputs.push_back(kNoTensor);
        continue;
      }
      const TensorId id = define(std::move(name), "the node");
      tensor(id).producer = current_;
      node.outputs.push_back(id);
    }
  }
  current_ = ir::kNoNode;
}

void GraphBuilder::convert_nodes(Nodes& nodes) {
  for (int i = 0; i < nodes.size(); ++i) {
    onnx::NodeProto& proto = nodes[i];
    current_ = i;
    ir::Node& node = graph_.nodes[size_of(i)];
    node.inputs.reserve(size_of(proto.input_size()));
    for (const std::string& name : proto.input()) node.inputs.push_back(operand(name));
    node.attributes.reserve(size_of(proto.attribute_size()));
    for (auto& attribute : *proto.mutable_attribute()) {
      node.attributes.push_back(convert_attribute(attribute));
    }
    if (!node.outputs.empty()) last_output_ = node.outputs.front();
  }
  current_ = ir::kNoNode;
}

TensorId GraphBuilder::operand(const std::string& name) {
  if (name.empty()) return kNoTensor;
  const TensorId id = resolve(name);
  if (id == kNoTensor) {
    fail_undefined(fmt::format("input '{}' is defined nowhere", printable(name)), name);
  }
  note_use(id);
  return id;
}

/// The tensor of that name in this graph or, as an outer tensor of this one, in an enclosing one.
TensorId GraphBuilder::resolve(const std::string& name) {
  const TensorId known = names_.find(name, last_output_);
  if (known != kNoTensor) return known;
  if (parent_ == nullptr || parent_->capture(name) == kNoTensor) return kNoTensor;
  const TensorId id = define(name, "a subgraph");
  tensor(id).is_outer = true;
  return id;
}

/// Notes that the current node reads a tensor: it has to come after the tensor's producer.
void GraphBuilder::note_use(TensorId id) {
  if (tensor(id).producer >= current_) in_order_ = false;
}

/// Resolves a name for a subgraph of the current node, which then depends on its producer.
TensorId GraphBuilder::capture(const std::string& name) {
  const TensorId id = resolve(name);
  if (id == kNoTensor) return id;
  captures_.push_back({current_, id});
  note_use(id);
  return id;
}

ir::Attribute GraphBuilder::convert_attribute(onnx::AttributeProto& proto) {
  ir::Attribute attribute{proto.name(), {}, proto.ref_attr_name()};
  if (!attribute.ref.empty()) return attribute;  // the value is the caller's
  try {
    attribute.value = convert_value(proto);
  } catch (const RuleError& error) {
    fail(error.code(), fmt::format("attribute '{}': {}", printable(proto.name()), error.what()),
         error.hint());
  }
  return attribute;
}

ir::Attribute::Value GraphBuilder::convert_value(onnx::AttributeProto& proto) {
  using A = onnx::AttributeProto;
  switch (attribute_type(proto)) {
    case A::INT:
      return std::int64_t{proto.i()};
    case A::FLOAT:
      return static_cast<double>(proto.f());
    case A::STRING:
      return std::move(*proto.mutable_s());
    case A::TENSOR:
      return convert_tensor(proto.t());
    case A::SPARSE_TENSOR:
      return convert_sparse(proto.sparse_tensor());
    case A::GRAPH:
      return convert_subgraph(*proto.mutable_g());
    case A::INTS:
      return std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end());
    case A::FLOATS:
      return std::vector<double>(proto.floats().begin(), proto.floats().end());
    case A::STRINGS:
      return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
    case A::GRAPHS: {
      std::vector<std::shared_ptr<const ir::Graph>> graphs;
      for (auto& graph : *proto.mutable_graphs()) graphs.push_back(convert_subgraph(graph));
      return graphs;
    }
    default:  // lists of tensors and types: no operator's cost depends on one
      return {};
  }
}

std::shared_ptr<const ir::Graph> GraphBuilder::convert_subgraph(onnx::GraphProto& proto) {
  return std::make_shared<const ir::Graph>(GraphBuilder(location(), this).build(proto));
}

void GraphBuilder::add_output(const std::string& name) {
  if (name.empty()) fail("unnamed-tensor", "a graph output has no name", kExportAgain);
  const TensorId id = resolve(name);
  if (id == kNoTensor) {
    fail_undefined(fmt::format("no node produces graph output '{}'", printable(name)), name);
  }
  tensor(id).is_output = true;
  graph_.outputs.push_back(id);
}

/// Adds declared types; a declaration of a tensor that is not there (a stale one) is harmless.
void GraphBuilder::declare(const Values& values) {
  TensorId guess = kNoTensor;
  for (const onnx::ValueInfoProto& value : values) {
    const TensorId known = names_.find(value.name(), guess);
    if (known == kNoTensor) continue;
    declare_type(value.type(), tensor(known));
    guess = known + 1;
  }
}

void GraphBuilder::finish(std::size_t input_count) {
  // Inputs are the first tensors; those that are constants take no data.
  for (std::size_t i = 0; i < input_count; ++i) {
    if (!graph_.tensors[i].constant) graph_.inputs.push_back(static_cast<TensorId>(i));
  }
  if (in_order_) return;
  const std::vector<NodeId> cycle = sort_nodes(graph_, captures_);
  if (cycle.empty()) return;
  constexpr std::size_t kMaxNamed = 5;
  std::string path;
  for (std::size_t i = 0; i < std::min(cycle.size(), kMaxNamed); ++i) {
    path += node_label(cycle[i]) + " -> ";
  }
  path += cycle.size() > kMaxNamed ? fmt::format("... ({} nodes)", cycle.size())
                                   : node_label(cycle.front());
  fail("graph-cycle", "the graph has a cycle: " + path, kExportAgain);
}

std::string GraphBuilder::node_label(NodeId id) const {
  const ir::Node& node = graph_.nodes[static_cast<std::size_t>(id)];
  return fmt::format("node '{}' ({}, #{})", printable(node.name), printable(node.op_type), id);
}

std::string GraphBuilder::describe_definition(const ir::Tensor& tensor) const {
  if (tensor.producer != ir::kNoNode) return "an output of " + node_label(tensor.producer);
  return tensor.is_input ? "a graph input" : "an initializer";
}

std::string GraphBuilder::location() const {
  return current_ == ir::kNoNode ? where_ : fmt::format("{}: {}", where_, node_label(current_));
}

void GraphBuilder::fail(std::string code, std::string message, std::string hint) const {
  throw Error(std::move(code), location(), std::move(message), std::move(hint));
}

void GraphBuilder::fail_undefined(const std::string& message, std::string_view name) const {
  std::vector<std::string> names;
  for (const GraphBuilder* g = this; g != nullptr; g = g->parent_) {
    for (const ir::Tensor& t : g->graph_.tensors) names.push_back(t.name);
  }
  const std::string near = did_you_mean_hint(name, names);
  fail("undefined-tensor", message, near.empty() ? kExportAgain : near);
}

}  // namespace roofline::onnx_io
