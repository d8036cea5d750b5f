// Owns the bookkeeping of a changed graph: names that are free, nodes in order, who produces what.
// Refuses to know what a change is for.
#include "edit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "roofline/base/text.hpp"

namespace roofline::transform {
namespace {

template <class Visit>
void each_body(const ir::Node& node, Visit visit) {
  using Body = std::shared_ptr<const ir::Graph>;
  for (const ir::Attribute& attribute : node.attributes) {
    if (const auto* body = std::get_if<Body>(&attribute.value)) visit(**body);
    if (const auto* bodies = std::get_if<std::vector<Body>>(&attribute.value)) {
      for (const Body& body : *bodies) visit(*body);
    }
  }
}

}  // namespace

OwnNodes::OwnNodes(const infer::TypedGraph& graph)
    : graph_(graph), walked_(graph.model->graph.nodes.size(), ir::kNoNode) {
  for (std::size_t n = 0; n < graph.costs.size(); ++n) {
    const infer::NodeCost& cost = graph.costs[n];
    const auto index = static_cast<std::size_t>(cost.index);
    if (cost.scope != 0 || index >= walked_.size()) continue;
    walked_[index] = static_cast<ir::NodeId>(n);
  }
  const std::vector<ir::Tensor>& tensors = graph.model->graph.tensors;
  for (std::size_t i = 0; graph.expanded && i < tensors.size(); ++i) {
    names_.emplace(tensors[i].name, static_cast<ir::TensorId>(i));
  }
}

void OwnNodes::each_captured(std::size_t n, const std::function<void(ir::TensorId)>& visit) const {
  each_body(nodes()[n], [&](const ir::Graph& body) {
    for (const ir::Tensor& tensor : body.tensors) {
      const auto found = tensor.is_outer ? names_.find(tensor.name) : names_.end();
      if (found != names_.end()) visit(found->second);
    }
  });
}

void OwnNodes::each_captured(const std::function<void(ir::TensorId)>& visit) const {
  for (std::size_t n = 0; n < size(); ++n) each_captured(n, visit);
}

const ops::OpSpec* OwnNodes::spec(std::size_t n) const {
  return walked_[n] == ir::kNoNode ? nullptr
                                   : graph_.costs[static_cast<std::size_t>(walked_[n])].spec;
}

int OwnNodes::opset(std::size_t n) const {
  return walked_[n] == ir::kNoNode ? 0 : graph_.costs[static_cast<std::size_t>(walked_[n])].opset;
}

const ir::TensorType* OwnNodes::input(std::size_t n, std::size_t i) const {
  const std::vector<ir::TensorId>& inputs = nodes()[n].inputs;
  return i >= inputs.size() || inputs[i] == ir::kNoTensor ? nullptr : &type(inputs[i]);
}

const ir::Shape* OwnNodes::input_shape(std::size_t n, std::size_t i) const {
  const ir::TensorType* operand = input(n, i);
  return operand && operand->shape ? &*operand->shape : nullptr;
}

const ir::Shape* OwnNodes::result_shape(std::size_t n) const {
  const std::vector<ir::TensorId>& outputs = nodes()[n].outputs;
  if (outputs.empty() || outputs[0] == ir::kNoTensor || !type(outputs[0]).shape) return nullptr;
  return &*type(outputs[0]).shape;
}

bool OwnNodes::is_stored(ir::TensorId id) const {
  const ir::Tensor& tensor = graph_.model->graph.tensors[static_cast<std::size_t>(id)];
  if (tensor.constant) return true;
  return tensor.producer != ir::kNoNode &&
         nodes()[static_cast<std::size_t>(tensor.producer)].op_type == "Constant";
}

Finding OwnNodes::finding(std::size_t n, std::string what) const {
  if (walked_[n] != ir::kNoNode) return infer::finding(graph_, walked_[n], std::move(what));
  return {std::to_string(n), ir::display_name(nodes()[n], static_cast<ir::NodeId>(n)),
          std::move(what)};
}

void refuse_inner_nodes(const infer::TypedGraph& graph, const infer::Selection& selection,
                        Outcome& outcome) {
  for (std::size_t n = 0; n < graph.costs.size(); ++n) {
    const infer::NodeCost& cost = graph.costs[n];
    const auto id = static_cast<ir::NodeId>(n);
    if (cost.scope == 0 || !cost.spec || cost.parameters == 0 || !selection.has(id)) continue;
    if (cost.spec->cls != ops::OpClass::kConv && cost.spec->cls != ops::OpClass::kMatmul) continue;
    outcome.refused.push_back(
        infer::finding(graph, id, "inside a function, a branch or a loop, which stay as they are"));
  }
}

std::vector<Diagnostic> new_errors(const infer::TypedGraph& before,
                                   const infer::TypedGraph& after) {
  std::set<std::pair<std::string_view, std::string_view>> known;  // node and code
  for (const Diagnostic& d : before.diagnostics) {
    if (d.severity == Severity::kError) known.emplace(d.node_id, d.code);
  }
  std::vector<Diagnostic> errors;
  for (const Diagnostic& d : after.diagnostics) {
    if (d.severity == Severity::kError && !known.contains({d.node_id, d.code})) errors.push_back(d);
  }
  return errors;
}

void refuse_broken(const OwnNodes& own, const infer::TypedGraph& after, Outcome& outcome) {
  std::unordered_map<std::string, std::size_t> node_of;
  for (std::size_t n = 0; n < own.size(); ++n) {
    if (own.walked(n) != ir::kNoNode) node_of.emplace(own.graph().node_id(own.walked(n)), n);
  }
  for (const Diagnostic& error : new_errors(own.graph(), after)) {
    const auto found = node_of.find(error.node_id);
    if (found == node_of.end()) continue;
    std::string what = error.message;
    for (const ir::TensorId id : own.nodes()[found->second].inputs) {
      if (id == ir::kNoTensor || !own.graph().is_constant[static_cast<std::size_t>(id)] ||
          !own.type(id).shape)
        continue;
      what = fmt::format(
          "constant '{}' of {} fits the old size alone",
          printable(own.graph().model->graph.tensors[static_cast<std::size_t>(id)].name),
          ir::to_string(*own.type(id).shape));
      break;
    }
    outcome.refused.push_back(own.finding(found->second, std::move(what)));
  }
  if (outcome.refused.empty()) return;
  outcome.warnings.push_back(
      fmt::format("{} made for the old size: without new weights the model does not run, and the "
                  "sums are lower bounds",
                  outcome.refused.size() == 1 ? "a node is" : "nodes are"));
}

bool has_flag(const ir::Node& node, std::string_view name) {
  const ir::Attribute* attribute = node.attribute(name);
  const auto* value = attribute ? std::get_if<std::int64_t>(&attribute->value) : nullptr;
  return value && *value != 0;
}

void make_pointwise(ir::Node& conv) {
  erase_attributes(conv, {"kernel_shape", "strides", "pads", "dilations", "auto_pad", "group"});
}

void set_attribute(ir::Node& node, std::string_view name, ir::Attribute::Value value) {
  const auto found = std::find_if(node.attributes.begin(), node.attributes.end(),
                                  [&](const ir::Attribute& a) { return a.name == name; });
  if (found == node.attributes.end()) {
    node.attributes.push_back({.name = std::string(name), .value = std::move(value)});
  } else {
    found->value = std::move(value);
  }
}

void erase_attributes(ir::Node& node, std::initializer_list<std::string_view> names) {
  std::erase_if(node.attributes, [&](const ir::Attribute& attribute) {
    return std::find(names.begin(), names.end(), attribute.name) != names.end();
  });
}

Edit::Edit(ir::Model model)
    : model_(std::move(model)), is_removed_(model_.graph.nodes.size(), false) {
  for (const ir::Tensor& tensor : model_.graph.tensors) names_.emplace(tensor.name, 1);
}

ir::TensorId Edit::add_tensor(const std::string& name) {
  std::string free = name;
  int& asked = names_[name];
  if (asked++ > 0) {
    do {
      free = fmt::format("{}_{}", name, asked);
    } while (names_.contains(free) && ++asked > 0);
    names_.emplace(free, 1);
  }
  const auto id = static_cast<ir::TensorId>(model_.graph.tensors.size());
  model_.graph.tensors.emplace_back().name = std::move(free);
  return id;
}

ir::TensorId Edit::add_constant(const std::string& name, ir::DType dtype, ir::Shape dims,
                                std::optional<ir::SmallValue> value) {
  const ir::TensorId id = add_tensor(name);
  model_.graph.tensors.back().constant =
      ir::Constant{.dtype = dtype, .dims = std::move(dims), .value = std::move(value)};
  return id;
}

ir::Node& Edit::insert_layer(std::size_t n, std::string_view part, std::string_view op_type,
                             ir::TensorId input, ir::DType dtype, ir::Shape weights) {
  const std::string name =
      fmt::format("{}/{}", ir::display_name(node(n), static_cast<ir::NodeId>(n)), part);
  ir::Node& layer = inserted_.emplace_back(n, ir::Node{}).second;
  layer.name = name;
  layer.op_type = op_type;
  layer.inputs = {input, add_constant(name + "/weight", dtype, std::move(weights))};
  layer.outputs = {add_tensor(name)};
  model_.graph.tensors.back().dtype = dtype;
  return layer;
}

void Edit::replace_operands(std::size_t n, ir::TensorId input, ir::DType dtype, ir::Shape weights) {
  const std::string name = ir::display_name(node(n), static_cast<ir::NodeId>(n));
  node(n).inputs[0] = input;
  node(n).inputs[1] = add_constant(name + "/weight", dtype, std::move(weights));
}

void Edit::add_operand(std::size_t n, std::string_view part, ir::DType dtype, ir::Shape dims) {
  const std::string name = ir::display_name(node(n), static_cast<ir::NodeId>(n));
  node(n).inputs.push_back(add_constant(fmt::format("{}/{}", name, part), dtype, std::move(dims)));
}

ir::Model Edit::finish() && {
  std::vector<ir::Node> before = std::move(model_.graph.nodes);
  std::vector<ir::Node>& after = model_.graph.nodes;
  after.clear();
  after.reserve(before.size() + inserted_.size());
  std::stable_sort(inserted_.begin(), inserted_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  auto next = inserted_.begin();
  for (std::size_t n = 0; n < before.size(); ++n) {
    for (; next != inserted_.end() && next->first == n; ++next) {
      after.push_back(std::move(next->second));
    }
    if (!is_removed_[n]) after.push_back(std::move(before[n]));
  }
  for (ir::Tensor& tensor : model_.graph.tensors) tensor.producer = ir::kNoNode;
  for (std::size_t n = 0; n < after.size(); ++n) {
    for (const ir::TensorId id : after[n].outputs) {
      if (id == ir::kNoTensor) continue;
      model_.graph.tensors[static_cast<std::size_t>(id)].producer = static_cast<ir::NodeId>(n);
    }
  }
  return std::move(model_);
}

}  // namespace roofline::transform
