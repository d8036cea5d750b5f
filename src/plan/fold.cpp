// Owns which nodes never reach the device: views and what can be computed beforehand.
// Refuses nodes that draw random numbers, whatever their operands.
#include <algorithm>

#include "draft.hpp"

namespace roofline::plan {
namespace {

/// Every result is known without running: computed from constants, or from shapes alone.
bool is_known_beforehand(const Draft& draft, const ir::Node& node) {
  return std::all_of(node.outputs.begin(), node.outputs.end(), [&](ir::TensorId id) {
    if (id == ir::kNoTensor || draft.graph.is_constant[static_cast<std::size_t>(id)]) return true;
    const auto& value = draft.type(id).value;
    return value && ir::is_known(*value);
  });
}

}  // namespace

Draft::Draft(const infer::TypedGraph& typed_graph)
    : graph(typed_graph),
      host(graph.costs.size()),
      alias(graph.costs.size()),
      kept(graph.types.size()),
      folded_scale(graph.costs.size()),
      quantized(graph.costs.size()),
      stored(graph.types.size(), ir::kNoTensor),
      reasons(graph.costs.size()),
      apart(graph.costs.size()) {
  for (std::size_t t = 0; t < kept.size(); ++t) {
    if (graph.graph().tensors[t].is_output) kept[t] = true;
    if (graph.storage.empty() || graph.storage[t] == static_cast<ir::TensorId>(t)) continue;
    // What a body hands on has no reader in the body.
    kept[t] = kept[static_cast<std::size_t>(graph.storage[t])] = true;
  }
}

void mark_views(Draft& draft) {
  for (std::size_t i = 0; i < draft.host.size(); ++i) {
    const ops::OpSpec* spec = draft.graph.costs[i].spec;
    if (!spec || !draft.graph.costs[i].accesses.empty()) continue;
    draft.alias[i] = spec->cls == ops::OpClass::kView;
    draft.host[i] =
        draft.alias[i] || spec->cls == ops::OpClass::kShape || spec->cls == ops::OpClass::kControl;
  }
}

void fold_constants(Draft& draft, const NodeFilter& applies) {
  for (std::size_t i = 0; i < draft.host.size(); ++i) {
    if (draft.host[i] || !draft.graph.costs[i].spec) continue;
    if (!applies(static_cast<ir::NodeId>(i))) continue;
    if (!is_known_beforehand(draft, draft.node(static_cast<ir::NodeId>(i)))) continue;
    draft.host[i] = true;
    draft.reasons[i].emplace_back("folded: depends on constants and shapes alone");
  }
}

}  // namespace roofline::plan
