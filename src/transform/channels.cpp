// Owns the walk that finds which axes of a model change together.
// Refuses to follow what no rule says: such a node keeps the channels that it reads.
#include "channels.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "roofline/base/text.hpp"

namespace roofline::transform {
namespace {

using ir::at;

/// The tensor that a Constant node stores whole, nullptr for other nodes.
const ir::Constant* stored(const ir::Node& node) {
  const ir::Attribute* value = node.op_type == "Constant" ? node.attribute("value") : nullptr;
  return value ? std::get_if<ir::Constant>(&value->value) : nullptr;
}

}  // namespace

Channels::Channels(const OwnNodes& own, const infer::Selection& selection)
    : own_(own), selection_(selection), axes_(own.graph().model->graph.tensors.size()) {
  for (std::size_t n = 0; n < own.size(); ++n) walk(n);
  bool is_new = false;
  for (const ir::TensorId id : own.graph().model->graph.outputs) {
    keep_all(id, {"reach the output", ir::kNoNode, id}, is_new);
  }
}

bool Channels::is_editable(ir::TensorId id) const {
  const ir::Graph& graph = own_.graph().model->graph;
  const ir::Tensor& tensor = graph.tensors[at(id)];
  if (tensor.constant) return !tensor.constant->sparse_values;
  return tensor.producer != ir::kNoNode && stored(graph.nodes[at(tensor.producer)]);
}

Axis Channels::axis(ir::TensorId id, std::size_t a) {
  std::vector<Axis>& axes = axes_[at(id)];
  const auto& shape = own_.type(id).shape;
  if (!shape || a >= shape->size()) return {};
  if (axes.empty()) {
    if (!is_editable(id)) return {};
    axes.resize(shape->size());
  }
  // An axis of one element cannot lose any, and broadcasts.
  if (axes[a].empty() && (*shape)[a] > 1 && is_editable(id)) axes[a] = groups.fresh((*shape)[a]);
  return axes[a];
}

void Channels::keep_all(ir::TensorId id, const Reason& reason, bool& is_new) {
  if (id == ir::kNoTensor) return;
  const auto& shape = own_.type(id).shape;
  for (std::size_t a = 0; shape && a < shape->size(); ++a) {
    if (groups.keep(axis(id, a), reason)) is_new = true;
  }
}

bool Channels::keep_node(std::size_t n, const Reason& reason) {
  bool is_new = false;
  for (const ir::TensorId id : own_.nodes()[n].inputs) keep_all(id, reason, is_new);
  for (const ir::TensorId id : own_.nodes()[n].outputs) keep_all(id, reason, is_new);
  return is_new;
}

bool Channels::keep_read_sizes() {
  bool is_new = false;
  for (const std::size_t n : size_readers_) {
    if (keep_node(n, {"decide sizes that do not follow, by", static_cast<ir::NodeId>(n)})) {
      is_new = true;
    }
  }
  return is_new;
}

void Channels::walk(std::size_t n) {
  const ir::Node& node = own_.nodes()[n];
  const Reason reason = {"are not followed through", static_cast<ir::NodeId>(n)};
  bool is_new = false;
  own_.each_captured(n, [&](ir::TensorId id) { keep_all(id, reason, is_new); });
  bool known = own_.spec(n) != nullptr;
  std::vector<const ir::TensorType*> inputs;
  for (const ir::TensorId id : node.inputs) {
    inputs.push_back(id == ir::kNoTensor ? nullptr : &own_.type(id));
    known = known && (id == ir::kNoTensor || own_.type(id).shape);
  }
  std::vector<ir::TensorType> outputs;
  for (const ir::TensorId id : node.outputs) {
    outputs.push_back(id == ir::kNoTensor ? ir::TensorType{} : own_.type(id));
    known = known && (id == ir::kNoTensor || own_.type(id).shape);
  }
  if (known) {
    const ops::OpContext op(node, own_.opset(n), inputs, outputs);
    try {
      if (ChannelRules{*this, n, node, op}.apply(*own_.spec(n))) return;
    } catch (const RuleError&) {
      // The node is broken; its diagnostic stands already.
    }
  }
  keep_node(n, reason);
}

std::string Channels::explain(const Reason& reason) const {
  const ir::Graph& graph = own_.graph().model->graph;
  if (reason.tensor != ir::kNoTensor) {
    return fmt::format("{} '{}'", reason.text, printable(graph.tensors[at(reason.tensor)].name));
  }
  if (reason.node == ir::kNoNode) return std::string(reason.text);
  const ir::Node& node = graph.nodes[at(reason.node)];
  return fmt::format("{} {} '{}'", reason.text, node.op_type,
                     printable(ir::display_name(node, reason.node)));
}

}  // namespace roofline::transform
