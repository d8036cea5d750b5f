// Before: a convolution with a kernel of more than one tap. After: 1x1 to RATIO of the smaller of
// its channels in and out, the same kernel on those, with stride, padding and dilation, and 1x1
// with the bias to all its channels out, which keeps name and result (He et al., Deep Residual
// Learning, 2016). Conditions: no groups; weights stored in the model and read by this node alone;
// MACs and parameters shrink. It does not model: normalization and activation between the three,
// nor training them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "layers.hpp"
#include "passes.hpp"
#include "roofline/base/text.hpp"
#include "roofline/infer/selection.hpp"

namespace roofline::transform {
namespace {

constexpr std::array kBottleneckArguments = infer::with_selection(ScenarioArgument{
    "", "RATIO", "of the smaller of channels in and out that is left between, 0 to 1", false,
    true});

ir::Shape dims(std::int64_t out, std::int64_t in, const ir::Shape& kernel) {
  ir::Shape all = {out, in};
  all.insert(all.end(), kernel.begin(), kernel.end());
  return all;
}

std::string refusal_of(const Layers& layers, std::size_t n, const std::optional<ConvSizes>& conv,
                       std::int64_t between) {
  if (!conv) return "only Conv is squeezed";
  if (conv->group != 1) return fmt::format("it has {} groups", conv->group);
  if (conv->is_pointwise()) return "its kernel is one tap already";
  const Count inner = Count(between) * between * conv->taps + Count(between) * conv->out;
  const Count reduce = Count(conv->in) * between;
  const Count before = Count(conv->in) * conv->out * conv->taps;
  if (inner + reduce >= before || inner * conv->output_positions + reduce * conv->input_positions >=
                                      before * conv->output_positions) {
    return fmt::format("three convolutions with {} between are no smaller",
                       counted(between, "channel"));
  }
  return layers.obstacle(n);
}

void squeeze(const OwnNodes& own, std::size_t n, const ConvSizes& conv, std::int64_t between,
             Edit& edit) {
  const ir::DType dtype = own.input(n, 1)->dtype;
  const ir::Shape one(conv.kernel.size(), 1);
  const ir::TensorId reduced = edit.insert_layer(n, "reduce", "Conv", edit.node(n).inputs[0], dtype,
                                                 dims(between, conv.in, one))
                                   .outputs[0];
  ir::Node& spatial =
      edit.insert_layer(n, "spatial", "Conv", reduced, dtype, dims(between, between, conv.kernel));
  spatial.attributes = edit.node(n).attributes;
  make_pointwise(edit.node(n));
  edit.replace_operands(n, spatial.outputs[0], dtype, dims(conv.out, between, one));
}

ir::Model apply_bottleneck(const infer::TypedGraph& graph, const Scenario& scenario,
                           infer::Bindings& /*bindings*/, Outcome& outcome) {
  const double ratio = scenario.number("", 0, 0, 1);
  const OwnNodes own(graph);
  const infer::Selection selection(graph, scenario);
  const Layers layers(own, selection);
  Edit edit(forget_shapes(graph));
  for (const std::size_t n : layers.picked(scenario, false)) {
    const std::optional<ConvSizes> conv = conv_sizes(own, n);
    const std::int64_t smaller = conv ? std::min(conv->in, conv->out) : 1;
    const std::int64_t between =
        std::max<std::int64_t>(std::llround(static_cast<double>(smaller) * ratio), 1);
    std::string refusal = refusal_of(layers, n, conv, between);
    if (!refusal.empty()) {
      outcome.refused.push_back(own.finding(n, std::move(refusal)));
      continue;
    }
    layers.remove_weights(n, edit);
    squeeze(own, n, *conv, between, edit);
    outcome.changed.push_back(
        own.finding(n, fmt::format("{} on {} channels between 1x1 convolutions, for {} -> {}",
                                   ir::to_string(conv->kernel), between, conv->in, conv->out)));
  }
  refuse_inner_nodes(graph, selection, outcome);
  return std::move(edit).finish();
}

}  // namespace

const Transform kBottleneck{
    {"bottleneck", "squeeze convolutions between two 1x1 ones", kBottleneckArguments, true, true},
    apply_bottleneck};

}  // namespace roofline::transform
