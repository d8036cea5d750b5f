// Owns the execution order of a graph's nodes.
// Refuses to order a cycle.
#include "order.hpp"

#include <algorithm>
#include <utility>

namespace roofline::onnx_io {
namespace {

using ir::NodeId;
using ir::TensorId;

/// Depth-first search over producers, in file order, without recursion.
class Sorter {
 public:
  Sorter(const ir::Graph& graph, std::span<const Capture> captures)
      : graph_(graph), captures_(captures), first_capture_(graph.nodes.size() + 1) {
    for (const Capture& c : captures) ++first_capture_[static_cast<std::size_t>(c.node) + 1];
    for (std::size_t i = 1; i < first_capture_.size(); ++i) {
      first_capture_[i] += first_capture_[i - 1];
    }
  }

  /// Fills `order` and returns nothing, or returns a cycle.
  std::vector<NodeId> run(std::vector<NodeId>& order) {
    state_.assign(graph_.nodes.size(), State::kNew);
    order.reserve(graph_.nodes.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (state_[i] != State::kNew) continue;
      std::vector<NodeId> cycle = visit(static_cast<NodeId>(i), order);
      if (!cycle.empty()) return cycle;
    }
    return {};
  }

 private:
  enum class State : std::uint8_t { kNew, kOpen, kDone };
  struct Frame {
    NodeId node;
    std::size_t next;  ///< dependency to look at next
  };

  std::vector<NodeId> visit(NodeId root, std::vector<NodeId>& order) {
    std::vector<Frame> stack;
    open(root, stack);
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next == dependency_count(frame.node)) {
        state(frame.node) = State::kDone;
        order.push_back(frame.node);
        stack.pop_back();
        continue;
      }
      const NodeId needed = dependency(frame.node, frame.next++);
      if (needed == ir::kNoNode || state(needed) == State::kDone) continue;
      if (state(needed) == State::kOpen) return cycle_from(needed, stack);
      open(needed, stack);
    }
    return {};
  }

  void open(NodeId node, std::vector<Frame>& stack) {
    state(node) = State::kOpen;
    stack.push_back({node, 0});
  }

  /// The stack goes from reader to producer; a cycle is told from producer to reader.
  static std::vector<NodeId> cycle_from(NodeId node, const std::vector<Frame>& stack) {
    std::vector<NodeId> cycle;
    for (auto it = stack.rbegin(); it != stack.rend(); ++it) {
      cycle.push_back(it->node);
      if (it->node == node) break;
    }
    return cycle;
  }

  [[nodiscard]] std::size_t dependency_count(NodeId node) const {
    const auto i = static_cast<std::size_t>(node);
    return graph_.nodes[i].inputs.size() + first_capture_[i + 1] - first_capture_[i];
  }

  /// The node that produces the k-th operand or capture of `node`, or kNoNode.
  [[nodiscard]] NodeId dependency(NodeId node, std::size_t k) const {
    const auto i = static_cast<std::size_t>(node);
    const std::vector<TensorId>& inputs = graph_.nodes[i].inputs;
    const TensorId tensor =
        k < inputs.size() ? inputs[k] : captures_[first_capture_[i] + k - inputs.size()].tensor;
    return tensor == ir::kNoTensor ? ir::kNoNode
                                   : graph_.tensors[static_cast<std::size_t>(tensor)].producer;
  }

  State& state(NodeId node) { return state_[static_cast<std::size_t>(node)]; }

  const ir::Graph& graph_;
  std::span<const Capture> captures_;
  std::vector<std::size_t> first_capture_;  ///< by node; one past the end at the back
  std::vector<State> state_;
};

void permute(ir::Graph& graph, const std::vector<NodeId>& order) {
  std::vector<ir::Node> nodes;
  nodes.reserve(order.size());
  for (const NodeId old : order) {
    nodes.push_back(std::move(graph.nodes[static_cast<std::size_t>(old)]));
  }
  graph.nodes = std::move(nodes);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const TensorId output : graph.nodes[i].outputs) {
      if (output == ir::kNoTensor) continue;
      graph.tensors[static_cast<std::size_t>(output)].producer = static_cast<NodeId>(i);
    }
  }
}

}  // namespace

std::vector<NodeId> sort_nodes(ir::Graph& graph, std::span<const Capture> captures) {
  Sorter sorter(graph, captures);
  std::vector<NodeId> order;
  std::vector<NodeId> cycle = sorter.run(order);
  if (cycle.empty()) permute(graph, order);
  return cycle;
}

}  // namespace roofline::onnx_io
