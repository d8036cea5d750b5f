// Before: Conv -> BatchNormalization, or Conv -> Mul or Add of a constant per channel.
// After: the Conv alone, with other weights and bias. Conditions: weights, bias and the other
// operands are constants; nobody else reads the Conv's result; a Mul's or Add's constant is the
// second operand and has one element, or one per channel and 1 elsewhere. It does not model:
// training outputs of BatchNormalization.
#include <algorithm>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

bool has_constant_weights(const Rewrite& graph, LaunchId conv) {
  const TensorId bias = graph.input(conv, 2);
  return graph.is_constant(graph.input(conv, 1)) &&
         (bias == ir::kNoTensor || graph.is_constant(bias)) && graph.at(conv).fused.empty();
}

bool is_per_channel(const Rewrite& graph, TensorId constant, LaunchId conv, bool scalar_too) {
  const auto rank = graph.sizes.rank(constant);
  const auto axes = graph.sizes.rank(graph.input(conv, 1));
  if (!rank || !axes || *axes < 2) return false;
  if (*rank == 0) return scalar_too;
  if (*rank != *axes && *rank + 1 != *axes) return false;
  const std::size_t channel = *rank + 1 - *axes + 1;  // behind the batch, where there is one
  const std::int64_t channels = graph.sizes.dim(graph.input(conv, 1), 0);
  for (std::size_t i = 0; i < *rank; ++i) {
    const std::int64_t wanted = i + 1 == channel ? channels : 1;
    if (graph.sizes.dim(constant, i) != wanted) return false;
  }
  return true;
}

bool folds(const Rewrite& graph, LaunchId conv, LaunchId behind) {
  const Launch& launch = graph.at(behind);
  if (launch.op == "BatchNormalization") return is_constant_norm(graph, behind);
  return launch.inputs.size() == 2 && launch.inputs[0] == graph.output(conv) &&
         graph.is_constant(launch.inputs[1]) &&
         is_per_channel(graph, launch.inputs[1], conv, launch.op == "Mul");
}

void fold_chain(Rewrite& graph, LaunchId conv, std::initializer_list<std::string_view> ops) {
  while (true) {
    const LaunchId behind = graph.next(conv, ops);
    if (behind == kNoLaunch || !folds(graph, conv, behind)) return;
    // A factor needs no operand; a shift is the bias, where there is none yet.
    std::vector<TensorId> operands = graph.at(conv).inputs;
    const Launch& launch = graph.at(behind);
    if (launch.op != "Mul" && graph.input(conv, 2) == ir::kNoTensor) {
      operands.resize(3, ir::kNoTensor);
      operands[2] = launch.op == "Add" ? launch.inputs[1] : launch.inputs[2];
    }
    graph.draft().folded_scale[static_cast<std::size_t>(launch.nodes.front())] = true;
    graph.fuse({conv, behind}, "Conv", operands, launch.outputs);
  }
}

void fold_into_conv(Rewrite& graph, std::initializer_list<std::string_view> ops) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Conv"}) && !graph.at(l).outputs.empty() && has_constant_weights(graph, l)) {
      fold_chain(graph, l, ops);
    }
  }
}

}  // namespace

bool is_constant_norm(const Rewrite& graph, LaunchId norm) {
  const Launch& launch = graph.at(norm);
  return launch.inputs.size() >= 5 && launch.outputs.size() == 1 &&
         std::all_of(launch.inputs.begin() + 1, launch.inputs.end(),
                     [&](TensorId t) { return graph.is_constant(t); });
}

void fold_norms_into_conv(Rewrite& graph) { fold_into_conv(graph, {"BatchNormalization"}); }
void fold_factors_into_conv(Rewrite& graph) { fold_into_conv(graph, {"Mul", "Add"}); }

}  // namespace roofline::plan::ort
