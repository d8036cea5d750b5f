#pragma once
#include "roofline/infer/infer.hpp"
#include "roofline/ops/op_context.hpp"

namespace roofline::infer {

/// Fills work, accesses, bytes, parameters and confidence of a typed node.
/// `declares_constant[t]`: tensor t is an initializer or a Constant node's result.
void cost_node(const ir::Node& node, const ops::OpContext& ctx,
               const std::vector<bool>& declares_constant, const TypedGraph& graph, NodeCost& cost);

/// True when access `a` of `node` reads a parameter.
[[nodiscard]] bool is_parameter(const ir::Node& node, const ops::Access& a,
                                const std::vector<bool>& declares_constant,
                                const TypedGraph& graph);

}  // namespace roofline::infer
