// Before: Conv/Gemm/MatMul -> BatchNormalization -> Add (bias or residual) -> activation, a kernel
// each; or an operator on integers -> activation -> QuantizeLinear. After: one kernel; the edges
// between them move no bytes; BatchNormalization folds into the weights. Conditions: each
// intermediate has one reader and is no graph output; BatchNormalization comes before any
// activation or residual and its statistics are constants; an Add does not widen the result. It
// does not model: limits of real kernels (which activations, which layouts): see later presets.
#include <fmt/format.h>

#include <algorithm>

#include "draft.hpp"

namespace roofline::plan {
namespace {

using ir::NodeId;
using ir::TensorId;

/// Grows one chain behind an anchor for as long as the next reader fits.
class Chain {
 public:
  Chain(Draft& draft, NodeId anchor) : draft_(draft), anchor_(anchor), last_(anchor) {}

  void grow(const std::vector<NodeId>& readers) {
    while (true) {
      const TensorId result = draft_.node(last_).outputs.at(0);
      const NodeId reader = readers[static_cast<std::size_t>(result)];
      if (reader == ir::kNoNode || draft_.host[static_cast<std::size_t>(reader)] ||
          draft_.follows[static_cast<std::size_t>(reader)] || !runs_with_anchor(reader) ||
          !accepts(reader, result)) {
        return;
      }
      draft_.next[static_cast<std::size_t>(last_)] = reader;
      draft_.follows[static_cast<std::size_t>(reader)] = true;
      draft_.reasons[static_cast<std::size_t>(reader)].push_back(
          fmt::format("fused {} into {}", draft_.node(reader).op_type, draft_.name(anchor_)));
      last_ = reader;
    }
  }

 private:
  /// A kernel does not reach over the border of a branch or a loop's body.
  [[nodiscard]] bool runs_with_anchor(NodeId reader) const {
    return draft_.graph.scope(reader).region == draft_.graph.scope(anchor_).region;
  }

  bool accepts(NodeId reader, TensorId result) {
    const ops::OpSpec* spec = draft_.cost(reader).spec;
    if (!spec || draft_.node(reader).outputs.size() != 1) return false;
    if (draft_.type(draft_.node(reader).outputs[0]).shape != draft_.type(result).shape)
      return false;
    if (spec->fusion == ops::Fusion::kQuantize) return accepts_quantize(reader, result);
    const bool contracts = draft_.cost(anchor_).work.contraction != nullptr;
    if (spec->fusion == ops::Fusion::kScaleShift) return contracts && accepts_scale(reader, result);
    if (spec->fusion == ops::Fusion::kAdd) return contracts && accepts_add(reader, result);
    if (spec->cls != ops::OpClass::kActivation) return false;
    linear_ = false;
    return other_operands_are_constant(reader, result);
  }

  [[nodiscard]] bool accepts_quantize(NodeId reader, TensorId result) const {
    return draft_.quantized[static_cast<std::size_t>(anchor_)] == Quantized::kInteger &&
           draft_.node(reader).inputs.at(0) == result;
  }

  bool accepts_scale(NodeId reader, TensorId result) {
    if (!linear_) {
      draft_.reasons[static_cast<std::size_t>(reader)].push_back(fmt::format(
          "not folded into {}: an activation or a residual lies between", draft_.name(anchor_)));
      return false;
    }
    // Folding rewrites the anchor's weights, so these must be constants as well.
    const TensorId weight = draft_.node(anchor_).inputs.at(1);
    if (!draft_.graph.is_constant[static_cast<std::size_t>(weight)] ||
        !other_operands_are_constant(reader, result)) {
      return false;
    }
    draft_.folded_scale[static_cast<std::size_t>(reader)] = true;
    return true;
  }

  bool accepts_add(NodeId reader, TensorId result) {
    const auto& inputs = draft_.node(reader).inputs;
    if (inputs.size() != 2 || inputs[0] == inputs[1]) return false;
    const TensorId other = inputs[0] == result ? inputs[1] : inputs[0];
    if (is_bias(other, result)) return true;
    if (has_residual_ || draft_.type(other).shape != draft_.type(result).shape) return false;
    has_residual_ = true;
    linear_ = false;
    return true;
  }

  /// A constant that varies along the contraction's output channels only.
  bool is_bias(TensorId other, TensorId result) const {
    const auto& shape = draft_.type(other).shape;
    const auto& full = draft_.type(result).shape;
    if (!draft_.graph.is_constant[static_cast<std::size_t>(other)] || !shape || !full) return false;
    const bool is_conv = draft_.cost(anchor_).spec->cls == ops::OpClass::kConv;
    const std::size_t channel_from_end = is_conv ? full->size() - 2 : 0;
    for (std::size_t i = 0; i < shape->size(); ++i) {
      if ((*shape)[shape->size() - 1 - i] != 1 && i != channel_from_end) return false;
    }
    return true;
  }

  bool other_operands_are_constant(NodeId reader, TensorId result) const {
    const auto& inputs = draft_.node(reader).inputs;
    return std::all_of(inputs.begin(), inputs.end(), [&](TensorId id) {
      return id == ir::kNoTensor || id == result ||
             draft_.graph.is_constant[static_cast<std::size_t>(id)];
    });
  }

  Draft& draft_;
  NodeId anchor_;
  NodeId last_;
  bool linear_ = true;  // nothing but scale, shift and bias so far
  bool has_residual_ = false;
};

bool is_anchor(const Draft& draft, NodeId n) {
  const infer::NodeCost& cost = draft.cost(n);
  if (draft.quantized[static_cast<std::size_t>(n)] == Quantized::kInteger) return true;
  return cost.spec && cost.work.contraction && draft.node(n).outputs.size() == 1 &&
         draft.node(n).inputs.size() >= 2 &&
         (cost.spec->cls == ops::OpClass::kConv || cost.spec->cls == ops::OpClass::kMatmul);
}

}  // namespace

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

void fuse_epilogues(Draft& draft) {
  const std::vector<NodeId> readers = sole_readers(draft);
  for (std::size_t i = 0; i < draft.host.size(); ++i) {
    const auto n = static_cast<NodeId>(i);
    if (!draft.host[i] && is_anchor(draft, n)) Chain(draft, n).grow(readers);
  }
}

}  // namespace roofline::plan
