// Owns the list of scenarios that change the model.
// Refuses to change anything itself: each is one constant in its own file.
#include "roofline/transform/transform.hpp"

#include <array>

#include "passes.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::transform {

std::span<const Transform* const> transforms() {
  static constexpr std::array kAll = {&kBatch, &kBottleneck,     &kDepthwise,  &kLowRank,
                                      &kPrune, &kReparameterize, &kResolution, &kRoundChannels};
  return kAll;
}

ir::Model forget_shapes(const infer::TypedGraph& graph) {
  ir::Model model = *graph.model;
  for (ir::Tensor& tensor : model.graph.tensors) {
    if (tensor.producer == ir::kNoNode) continue;
    const ir::Node& node = model.graph.nodes[static_cast<std::size_t>(tensor.producer)];
    const auto opset = model.opset(node.domain);
    if (opset && ops::find_op(node.domain, node.op_type, *opset)) tensor.declared.reset();
  }
  return model;
}

}  // namespace roofline::transform
