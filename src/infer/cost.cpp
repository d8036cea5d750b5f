// Owns the pricing of one typed node: work, bytes, parameters, and how sure they are.
// Refuses to turn what is unknown into 0: such a node's confidence is kUnknown.
#include "cost.hpp"

#include <algorithm>

namespace roofline::infer {
namespace {

ir::TensorId tensor_of(const ir::Node& node, const ops::Access& access) {
  const auto i = static_cast<std::size_t>(access.index());
  return access.is_output() ? node.outputs[i] : node.inputs[i];
}

/// False when no operand can be repeated: a quick answer for the usual few.
bool may_repeat(const std::vector<ir::TensorId>& operands) {
  if (operands.size() > 8) return true;
  for (std::size_t i = 1; i < operands.size(); ++i) {
    if (std::find(operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(i),
                  operands[i]) != operands.begin() + static_cast<std::ptrdiff_t>(i)) {
      return true;
    }
  }
  return false;
}

/// A tensor that feeds two operands is read once: keeps the larger of its reads.
void drop_repeated_reads(const ir::Node& node, ops::AccessList& accesses) {
  if (!may_repeat(node.inputs)) return;
  // Stable by tensor, so that equal tensors stand side by side; linear cost matters for a Concat
  // of thousands of operands.
  std::vector<ops::Access*> reads;
  reads.reserve(accesses.size());
  for (ops::Access& access : accesses) {
    if (!access.is_output()) reads.push_back(&access);
  }
  std::sort(reads.begin(), reads.end(), [&](const ops::Access* a, const ops::Access* b) {
    return std::pair(tensor_of(node, *a), a) < std::pair(tensor_of(node, *b), b);
  });
  for (std::size_t i = 1; i < reads.size(); ++i) {
    if (tensor_of(node, *reads[i]) != tensor_of(node, *reads[i - 1])) continue;
    reads[i]->elements = std::max(reads[i]->elements, reads[i - 1]->elements);
    reads[i - 1]->elements = 0;
  }
}

bool all_shapes_known(const ir::Node& node, const TypedGraph& graph) {
  const auto known = [&](ir::TensorId id) {
    if (id == ir::kNoTensor) return true;
    const ir::TensorType& type = graph.types[static_cast<std::size_t>(id)];
    return type.dtype != ir::DType::kUndefined && type.elements();
  };
  return std::all_of(node.inputs.begin(), node.inputs.end(), known) &&
         std::all_of(node.outputs.begin(), node.outputs.end(), known);
}

/// What an operator without a row surely moves: its known operands and results, once.
ops::AccessList known_operands(const ir::Node& node, const TypedGraph& graph) {
  ops::AccessList list;
  const auto add = [&](ir::TensorId id, int operand) {
    if (id == ir::kNoTensor) return;
    const auto elements = graph.types[static_cast<std::size_t>(id)].elements();
    if (elements) list.push_back({.operand = operand, .elements = *elements});
  };
  for (std::size_t i = 0; i < node.inputs.size(); ++i) add(node.inputs[i], static_cast<int>(i));
  for (std::size_t i = 0; i < node.outputs.size(); ++i) add(node.outputs[i], ~static_cast<int>(i));
  return list;
}

void sum_bytes(const ir::Node& node, const std::vector<bool>& declares_constant,
               const TypedGraph& graph, NodeCost& cost) {
  for (const ops::Access& access : cost.accesses) {
    const auto id = static_cast<std::size_t>(tensor_of(node, access));
    const Count bytes = ir::bytes(graph.types[id].dtype, access.elements);
    if (access.is_output())
      cost.written_bytes += bytes;
    else if (graph.is_constant[id])
      cost.weight_read_bytes += bytes;
    else
      cost.activation_read_bytes += bytes;
    if (is_parameter(node, access, declares_constant, graph)) {
      cost.parameters += access.packing * graph.types[id].elements().value_or(0);
    }
  }
}

}  // namespace

bool is_parameter(const ir::Node& node, const ops::Access& access,
                  const std::vector<bool>& declares_constant, const TypedGraph& graph) {
  if (access.is_output() || access.elements == 0 || access.role == ops::Role::kBuffer) return false;
  const auto id = static_cast<std::size_t>(tensor_of(node, access));
  if (!declares_constant[id]) return false;
  if (access.role == ops::Role::kParameter) return true;
  const ir::TensorType& type = graph.types[id];
  return ir::is_float(type.dtype) && type.elements().value_or(0) > 1;
}

void cost_node(const ir::Node& node, const ops::OpContext& ctx,
               const std::vector<bool>& declares_constant, const TypedGraph& graph,
               NodeCost& cost) {
  cost.bytes_known = all_shapes_known(node, graph);
  if (cost.spec && cost.bytes_known) {
    cost.work = cost.spec->work(ctx);
    cost.accesses = cost.spec->access(ctx);
    cost.confidence = cost.spec->confidence;
  } else {
    cost.accesses = known_operands(node, graph);
  }
  drop_repeated_reads(node, cost.accesses);
  sum_bytes(node, declares_constant, graph, cost);
}

}  // namespace roofline::infer
