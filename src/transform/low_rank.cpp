// Before: Gemm or MatMul with weights of k rows and n columns, or a 1x1 convolution.
// After: two factors of k x r and r x n, one node each; the first has the stride, the second the
// bias. r is RATIO of the smaller of k and n, or given. Conditions: weights stored in the model and
// read by this node alone; no groups; r*(k + n) < k*n, so that MACs and parameters shrink.
// It does not model: how well r terms of the singular values fit the weights.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "layers.hpp"
#include "passes.hpp"
#include "roofline/infer/selection.hpp"

namespace roofline::transform {
namespace {

constexpr std::array kLowRankArguments = infer::with_selection(
    ScenarioArgument{"", "RATIO", "of the smaller side of the weights, 0 to 1"},
    ScenarioArgument{"rank", "N", "the same rank for all instead"});

/// Weights as a matrix of k rows and n columns.
struct Weights {
  std::int64_t k = 0;
  std::int64_t n = 0;
  bool is_transposed = false;  ///< stored as n x k
  std::size_t spatial = 0;     ///< axes of size 1 behind those of a convolution
  std::string refusal = {};    ///< why they are no matrix to be factored; empty where they are
};
Weights refused(std::string why) {
  Weights weights;
  weights.refusal = std::move(why);
  return weights;
}

Weights read_weights(const OwnNodes& own, std::size_t n) {
  const ir::Node& node = own.nodes()[n];
  if (const std::optional<ConvSizes> conv = conv_sizes(own, n)) {
    if (conv->group != 1) return refused(fmt::format("it has {} groups", conv->group));
    if (!conv->is_pointwise()) {
      return refused(
          fmt::format("its kernel is {}: only 1x1 is a matrix", ir::to_string(conv->kernel)));
    }
    return {conv->in, conv->out, true, conv->kernel.size()};
  }
  const ir::Shape* shape = own.input_shape(n, 1);
  const bool is_product =
      own.spec(n)->domain.empty() && (node.op_type == "Gemm" || node.op_type == "MatMul");
  if (!is_product) return refused("only Gemm, MatMul and 1x1 Conv are factored");
  if (!shape || shape->size() != 2) return refused("its weights are no single matrix");
  if (has_flag(node, "transA")) return refused("it transposes its input");
  if (has_flag(node, "transB")) return {(*shape)[1], (*shape)[0], true};
  return {(*shape)[0], (*shape)[1]};
}

/// The first factor if `is_first`, stored as the weights were.
ir::Shape factor_dims(const Weights& weights, std::int64_t rank, bool is_first) {
  ir::Shape dims = is_first ? ir::Shape{weights.k, rank} : ir::Shape{rank, weights.n};
  if (weights.is_transposed) std::swap(dims[0], dims[1]);
  dims.insert(dims.end(), weights.spatial, 1);
  return dims;
}

void factor(const OwnNodes& own, std::size_t n, const Weights& weights, std::int64_t rank,
            Edit& edit) {
  const ir::DType dtype = own.input(n, 1)->dtype;
  const bool is_conv = weights.spatial > 0;
  // MatMul knows no transposed weights; Gemm would need a bias before opset 11.
  Weights plain = weights;
  plain.is_transposed = is_conv;
  ir::Node& first =
      edit.insert_layer(n, "low_rank", is_conv ? "Conv" : "MatMul", edit.node(n).inputs[0], dtype,
                        factor_dims(plain, rank, true));
  if (is_conv) {
    first.attributes = edit.node(n).attributes;
    make_pointwise(edit.node(n));
  }
  edit.replace_operands(n, first.outputs[0], dtype, factor_dims(weights, rank, false));
}

ir::Model apply_low_rank(const infer::TypedGraph& graph, const Scenario& scenario,
                         infer::Bindings& /*bindings*/, Outcome& outcome) {
  if (scenario.has("") == scenario.has("rank")) {
    fail_scenario(scenario, "needs either a ratio or rank=N", "as in low-rank:0.25");
  }
  const double ratio = scenario.number("", 0, 0, 1);
  const std::int64_t given = scenario.integer("rank", 0, 1);
  const OwnNodes own(graph);
  const infer::Selection selection(graph, scenario);
  const Layers layers(own, selection);
  Edit edit(forget_shapes(graph));
  for (const std::size_t n : layers.picked(scenario, true)) {
    const Weights weights = read_weights(own, n);
    std::string refusal = weights.refusal.empty() ? layers.obstacle(n) : weights.refusal;
    const std::int64_t smaller = std::min(weights.k, weights.n);
    const std::int64_t rank =
        given > 0 ? given
                  : std::max<std::int64_t>(std::llround(static_cast<double>(smaller) * ratio), 1);
    if (refusal.empty() && (rank >= smaller || Count(rank) * (Count(weights.k) + weights.n) >=
                                                   Count(weights.k) * weights.n)) {
      refusal =
          fmt::format("factors of rank {} are no smaller than {}x{}", rank, weights.k, weights.n);
    }
    if (!refusal.empty()) {
      outcome.refused.push_back(own.finding(n, std::move(refusal)));
      continue;
    }
    layers.remove_weights(n, edit);
    factor(own, n, weights, rank, edit);
    outcome.changed.push_back(
        own.finding(n, fmt::format("{}x{} -> {}x{} and {}x{}", weights.k, weights.n, weights.k,
                                   rank, rank, weights.n)));
  }
  refuse_inner_nodes(graph, selection, outcome);
  return std::move(edit).finish();
}

}  // namespace

const Transform kLowRank{
    {"low-rank", "split weights into two factors of a lower rank", kLowRankArguments, true, true},
    apply_low_rank};

}  // namespace roofline::transform
