// Owns the room's front door, and how nodes of scopes are called.
// Refuses to lay out what needs no laying out: a model without functions and control flow is walked
// as it stands.
#include "roofline/infer/infer.hpp"

#include <algorithm>

#include "bind.hpp"
#include "expand.hpp"
#include "walk.hpp"

namespace roofline::infer {

std::string TypedGraph::node_id(ir::NodeId n) const {
  return scope(n).id + std::to_string(costs[static_cast<std::size_t>(n)].index);
}

std::string TypedGraph::node_name(ir::NodeId n) const {
  return scope(n).name + ir::display_name(node(n), costs[static_cast<std::size_t>(n)].index);
}

TypedGraph infer(const ir::Model& model, const Bindings& bindings) {
  if (needs_expansion(model)) return expand(model, bindings);
  Walk walk(model, bindings, model.graph);
  bind_inputs(bindings, walk.typed);
  check_pins(bindings, walk.typed);
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    walk.typed.is_constant[i] = walk.declares_constant[i] =
        model.graph.tensors[i].constant.has_value();
  }
  for (std::size_t i = 0; i < model.graph.nodes.size(); ++i) {
    walk.typed.costs[i].index = static_cast<ir::NodeId>(i);
    walk.visit(static_cast<ir::NodeId>(i), model.opsets);
  }
  walk.count_weights();
  return std::move(walk.typed);
}

}  // namespace roofline::infer
