#pragma once
#include <span>
#include <vector>

#include "roofline/ir/graph.hpp"

namespace roofline::onnx_io {

/// A tensor of its own graph that a node's subgraphs read without listing it as an input.
struct Capture {
  ir::NodeId node;
  ir::TensorId tensor;
};

/// Puts `graph.nodes` into topological order and sets producers accordingly: nodes that are in
/// order keep it, others move up to just before their first reader. `captures` is sorted by node.
/// Returns the nodes of a cycle, by their old index and in order, when there is one: the graph is
/// then unchanged. Linear time.
[[nodiscard]] std::vector<ir::NodeId> sort_nodes(ir::Graph& graph,
                                                 std::span<const Capture> captures);

}  // namespace roofline::onnx_io
