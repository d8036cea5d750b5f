// Before: a convolution over all channels at once. After: depthwise-separable: one kernel per
// channel, with the stride, padding and dilation, then a 1x1 convolution with the bias, which keeps
// name and result. Conditions: a kernel of more than one tap, no groups; weights that are floats of
// the model's, read by this node alone; MACs and parameters shrink. It does not model:
// normalization and activation between the two, which such networks have (Howard et al.,
// MobileNets, 2017), nor training them.
#include <fmt/format.h>

#include "layers.hpp"
#include "passes.hpp"
#include "roofline/base/text.hpp"
#include "roofline/infer/selection.hpp"

namespace roofline::transform {
namespace {

std::string refusal_of(const Layers& layers, std::size_t n, const std::optional<ConvSizes>& conv) {
  if (!conv) return "only Conv is split";
  if (conv->group != 1) return fmt::format("it has {} groups already", conv->group);
  if (conv->is_pointwise()) return "its kernel is one tap: nothing is left to split";
  if (conv->taps + conv->out >= conv->taps * conv->out) {
    return fmt::format("{} made from each of {} taps: both parts are no smaller",
                       counted(conv->out, "channel"), conv->taps);
  }
  return layers.obstacle(n);
}

void separate(const OwnNodes& own, std::size_t n, const ConvSizes& conv, Edit& edit) {
  const ir::DType dtype = own.input(n, 1)->dtype;
  ir::Shape kernel = {conv.in, 1};
  kernel.insert(kernel.end(), conv.kernel.begin(), conv.kernel.end());
  ir::Node& depthwise =
      edit.insert_layer(n, "depthwise", "Conv", edit.node(n).inputs[0], dtype, std::move(kernel));
  depthwise.attributes = edit.node(n).attributes;
  set_attribute(depthwise, "group", conv.in);
  make_pointwise(edit.node(n));
  ir::Shape pointwise = {conv.out, conv.in};
  pointwise.insert(pointwise.end(), conv.kernel.size(), 1);
  edit.replace_operands(n, depthwise.outputs[0], dtype, std::move(pointwise));
}

ir::Model apply_depthwise(const infer::TypedGraph& graph, const Scenario& scenario,
                          infer::Bindings& /*bindings*/, Outcome& outcome) {
  const OwnNodes own(graph);
  const infer::Selection selection(graph, scenario);
  const Layers layers(own, selection);
  Edit edit(forget_shapes(graph));
  for (const std::size_t n : layers.picked(scenario, false)) {
    const std::optional<ConvSizes> conv = conv_sizes(own, n);
    std::string refusal = refusal_of(layers, n, conv);
    if (!refusal.empty()) {
      outcome.refused.push_back(own.finding(n, std::move(refusal)));
      continue;
    }
    layers.remove_weights(n, edit);
    separate(own, n, *conv, edit);
    outcome.changed.push_back(
        own.finding(n, fmt::format("{} -> {} depthwise, then 1x1 for {} -> {} channels",
                                   ir::to_string(conv->kernel), ir::to_string(conv->kernel),
                                   conv->in, conv->out)));
  }
  refuse_inner_nodes(graph, selection, outcome);
  return std::move(edit).finish();
}

}  // namespace

const Transform kDepthwise{{"depthwise", "split convolutions into a depthwise and a 1x1 one",
                            infer::kSelectionArguments, true, true},
                           apply_depthwise};

}  // namespace roofline::transform
