// Before: Pad writes a bordered copy that a convolution or pooling reads.
// After: the reader produces the border itself; the copy does not exist.
// Conditions: the border is constant, every reader is a convolution or a pooling, no graph output.
// It does not model: the few cycles that a kernel spends on the border test.
#include <variant>

#include "draft.hpp"

namespace roofline::plan {
namespace {

bool is_constant_border(const ir::Node& node) {
  const ir::Attribute* mode = node.attribute("mode");
  if (!mode) return true;
  const auto* name = std::get_if<std::string>(&mode->value);
  return name && *name == "constant";
}

bool can_pad(const ops::OpSpec* spec) {
  return spec && (spec->cls == ops::OpClass::kConv || spec->cls == ops::OpClass::kPooling);
}

}  // namespace

void absorb_padding(Draft& draft, const NodeFilter& applies) {
  const ir::Graph& graph = draft.graph.graph();
  std::vector<ir::NodeId> pad_of(graph.tensors.size(), ir::kNoNode);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const ops::OpSpec* spec = draft.graph.costs[n].spec;
    if (!spec || spec->fusion != ops::Fusion::kPad || draft.host[n]) continue;
    if (!applies(static_cast<ir::NodeId>(n))) continue;
    const ir::TensorId result = graph.nodes[n].outputs.at(0);
    if (!is_constant_border(graph.nodes[n]) || draft.kept[static_cast<std::size_t>(result)]) {
      continue;
    }
    pad_of[static_cast<std::size_t>(result)] = static_cast<ir::NodeId>(n);
    draft.host[n] = draft.alias[n] = true;
  }
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (std::size_t i = 0; i < graph.nodes[n].inputs.size(); ++i) {
      const ir::TensorId id = graph.nodes[n].inputs[i];
      const ir::NodeId pad =
          id == ir::kNoTensor ? ir::kNoNode : pad_of[static_cast<std::size_t>(id)];
      if (pad == ir::kNoNode || (i == 0 && can_pad(draft.graph.costs[n].spec))) continue;
      draft.host[static_cast<std::size_t>(pad)] = draft.alias[static_cast<std::size_t>(pad)] =
          false;
    }
  }
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const ops::OpSpec* spec = draft.graph.costs[n].spec;
    if (spec && spec->fusion == ops::Fusion::kPad && draft.alias[n]) {
      draft.reasons[n].emplace_back("absorbed: the kernel behind it pads by itself");
    }
  }
}

}  // namespace roofline::plan
