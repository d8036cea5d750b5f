// Before: DequantizeLinear -> operator on floats -> QuantizeLinear, a kernel each. After: one
// kernel on the stored integers; the float edges move no bytes. A contraction whose weights alone
// are dequantized reads them as stored and unpacks them in its kernel. Conditions: a contraction's
// data and weights are both dequantized; any other operator also feeds a QuantizeLinear, directly
// or through an activation. What is not matched keeps its QuantizeLinear and DequantizeLinear, with
// their traffic. It does not model: scales that a real kernel refuses, and their few bytes.
#include <algorithm>

#include "draft.hpp"

namespace roofline::plan {
namespace {

using ir::NodeId;
using ir::TensorId;

bool is_fusion(const Draft& draft, NodeId n, ops::Fusion fusion) {
  const ops::OpSpec* spec = draft.cost(n).spec;
  return spec && spec->fusion == fusion;
}

/// Fills Draft::stored: what DequantizeLinear reads for each tensor that it writes.
void find_stored(Draft& draft) {
  draft.stored.assign(draft.graph.types.size(), ir::kNoTensor);
  for (std::size_t i = 0; i < draft.host.size(); ++i) {
    const auto n = static_cast<NodeId>(i);
    const ir::Node& node = draft.node(n);
    if (!is_fusion(draft, n, ops::Fusion::kDequantize) || node.outputs.size() != 1) continue;
    draft.stored[static_cast<std::size_t>(node.outputs[0])] = node.inputs[0];
  }
}

/// For each tensor its only reader, or kNoNode when it has none, several, or is needed elsewhere.
std::vector<NodeId> sole_readers(const Draft& draft) {
  const ir::Graph& graph = draft.graph.graph();
  std::vector<NodeId> reader(graph.tensors.size(), ir::kNoNode);
  std::vector<bool> shared(graph.tensors.size());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const TensorId id : graph.nodes[n].inputs) {
      if (id == ir::kNoTensor) continue;
      const auto t = static_cast<std::size_t>(id);
      const auto node = static_cast<NodeId>(n);
      if (reader[t] != ir::kNoNode && reader[t] != node) shared[t] = true;
      reader[t] = node;
    }
  }
  for (std::size_t t = 0; t < reader.size(); ++t) {
    if (shared[t] || draft.kept[t]) reader[t] = ir::kNoNode;
  }
  return reader;
}

class Matcher {
 public:
  explicit Matcher(Draft& draft) : draft_(draft), readers_(sole_readers(draft)) {}

  [[nodiscard]] Quantized match(NodeId n) const {
    const infer::NodeCost& cost = draft_.cost(n);
    const auto& inputs = draft_.node(n).inputs;
    if (!cost.spec || inputs.empty() || !is_dequantized(inputs[inputs.size() > 1 ? 1 : 0])) {
      return Quantized::kNo;
    }
    if (cost.work.contraction && inputs.size() > 1) {
      if (is_dequantized(inputs[0])) return Quantized::kInteger;
      const bool is_weight = draft_.graph.is_constant[static_cast<std::size_t>(inputs[1])];
      return is_weight ? Quantized::kWeights : Quantized::kNo;
    }
    return reads_only_dequantized(n) && feeds_quantize(n) ? Quantized::kInteger : Quantized::kNo;
  }

 private:
  [[nodiscard]] bool is_dequantized(TensorId id) const {
    return id != ir::kNoTensor && draft_.stored[static_cast<std::size_t>(id)] != ir::kNoTensor;
  }

  [[nodiscard]] bool reads_only_dequantized(NodeId n) const {
    const auto& accesses = draft_.cost(n).accesses;
    return std::all_of(accesses.begin(), accesses.end(), [&](const ops::Access& access) {
      return access.is_output() ||
             is_dequantized(draft_.node(n).inputs[static_cast<std::size_t>(access.index())]);
    });
  }

  [[nodiscard]] bool feeds_quantize(NodeId n) const {
    for (int steps = 0; steps < 2; ++steps) {
      const auto& outputs = draft_.node(n).outputs;
      if (outputs.size() != 1 || outputs[0] == ir::kNoTensor) return false;
      n = readers_[static_cast<std::size_t>(outputs[0])];
      if (n == ir::kNoNode) return false;
      if (is_fusion(draft_, n, ops::Fusion::kQuantize)) return true;
      const ops::OpSpec* spec = draft_.cost(n).spec;
      if (!spec || spec->cls != ops::OpClass::kActivation) return false;
    }
    return false;
  }

  const Draft& draft_;
  std::vector<NodeId> readers_;
};

}  // namespace

void keep_quantized(Draft& draft, const NodeFilter& applies) {
  find_stored(draft);
  const Matcher matcher(draft);
  std::vector<bool> needed = draft.kept;  // as floats
  for (std::size_t i = 0; i < draft.host.size(); ++i) {
    const auto n = static_cast<NodeId>(i);
    if (!draft.host[i] && applies(n)) draft.quantized[i] = matcher.match(n);
    if (draft.quantized[i] != Quantized::kNo) continue;
    for (const TensorId id : draft.node(n).inputs) {
      if (id != ir::kNoTensor) needed[static_cast<std::size_t>(id)] = true;
    }
  }
  for (std::size_t i = 0; i < draft.host.size(); ++i) {
    const auto n = static_cast<NodeId>(i);
    if (!is_fusion(draft, n, ops::Fusion::kDequantize) || draft.node(n).outputs.size() != 1 ||
        needed[static_cast<std::size_t>(draft.node(n).outputs[0])]) {
      continue;
    }
    draft.host[i] = true;
    draft.reasons[i].emplace_back("absorbed: the kernels behind it read what is stored");
  }
}

}  // namespace roofline::plan
