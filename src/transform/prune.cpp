// Before: convolutions and products with constant weights. After: each makes RATIO fewer channels
// (rounded to the nearest number, at least one; a multiple of the groups where a convolution behind
// has groups), and all that is coupled with them follows: depthwise convolutions, normalization,
// biases, residual additions, concatenations, the weights of the layers behind.
// Conditions: every operator that the channels meet is one whose axes are followed (elementwise,
// normalization, pooling, views that keep the axis, Concat, Split, Slice, ...); they reach no
// output of the model; inference of the new model finds the sizes that were meant. Weights that
// several nodes share change in all of them. Heads of attention stay: a Reshape splits their axis.
// It does not model: which channels are the least important, nor what the model still gets right.
#include <algorithm>
#include <cmath>

#include "passes.hpp"
#include "resize_channels.hpp"
#include "roofline/infer/selection.hpp"

namespace roofline::transform {
namespace {

constexpr std::array kPruneArguments = infer::with_selection(
    ScenarioArgument{"", "RATIO", "of the channels to remove, 0 to 1", false, true});

ir::Model apply_prune(const infer::TypedGraph& graph, const Scenario& scenario,
                      infer::Bindings& bindings, Outcome& outcome) {
  const double kept = 1 - scenario.number("", 0, 0, 1);
  const auto prune = [kept](std::int64_t size, std::int64_t step) {
    const std::int64_t steps = size / step;
    return std::max<std::int64_t>(std::llround(static_cast<double>(steps) * kept), 1) * step;
  };
  const ChannelPolicy policy{prune, "", "so few channels that rounding removes none"};
  return resize_channels(graph, scenario, bindings, policy, outcome);
}

}  // namespace

const Transform kPrune{
    {"prune", "remove channels of layers with weights, and what is coupled with them",
     kPruneArguments, true, true},
    apply_prune};

}  // namespace roofline::transform
