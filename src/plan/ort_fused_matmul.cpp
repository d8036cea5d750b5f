// Before: a factor that is one number, or a Transpose (of the last two axes, or of the first axis
// to behind the batch), before or behind a MatMul. After: FusedMatMul, which reads transposed and
// scales by itself. Conditions: float32; the factor is a constant of one element, and behind the
// product its only reader. What others read as well stays, but the product does not read it.
// It does not model: other orders of axes.
#include <algorithm>
#include <numeric>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

/// The last two axes swapped, or the first one moved behind the other batch axes, or both; the
/// first one moves only where both operands have batch axes alike.
bool is_readable_through(const Rewrite& graph, LaunchId l, LaunchId matmul) {
  const Launch& launch = graph.at(l);
  const auto* perm = launch.perm.empty() ? integers_attribute(graph.node(l), "perm") : &launch.perm;
  if (perm == nullptr || perm->size() < 2) return false;
  std::vector<std::int64_t> kept(perm->size());
  std::iota(kept.begin(), kept.end(), 0);
  std::vector<std::int64_t> swapped = kept;
  std::swap(swapped[perm->size() - 2], swapped[perm->size() - 1]);
  if (*perm == swapped) return true;
  const auto rank = graph.sizes.rank(graph.input(matmul, 0));
  if (perm->size() < 3 || !rank || rank != graph.sizes.rank(graph.input(matmul, 1))) return false;
  std::rotate(kept.begin(), kept.begin() + 1, kept.end() - 1);  // 1, .., 0, last
  if (*perm == kept) return true;
  std::swap(kept[perm->size() - 2], kept[perm->size() - 1]);
  return *perm == kept;
}

/// The constant operand that a launch multiplies or divides by.
std::optional<std::size_t> factor(const Rewrite& graph, LaunchId l) {
  if (graph.at(l).inputs.size() != 2) return std::nullopt;
  const bool divides = graph.at(l).op == "Div";
  for (const std::size_t i : {0U, 1U}) {
    if ((divides && i == 0) || !graph.number(graph.input(l, i))) continue;
    const auto rank = graph.sizes.rank(graph.input(l, 1 - i));
    if (rank && *rank > 0 && *graph.sizes.rank(graph.input(l, i)) <= *rank) return i;
  }
  return std::nullopt;
}

/// The product reads `source` in the place of operand i; `before` joins it if nobody else reads it.
void read_through(Rewrite& graph, LaunchId matmul, std::size_t i, LaunchId before,
                  TensorId source) {
  const bool alone = graph.sole_reader(graph.output(before)) == matmul;
  std::vector<TensorId> operands = graph.at(matmul).inputs;
  operands[i] = source;
  if (alone && !graph.at(before).nodes.empty()) {
    graph.fuse({matmul, before}, "FusedMatMul", operands, graph.at(matmul).outputs);
    return;
  }
  graph.set_inputs(matmul, operands);
  graph.at(matmul).op = "FusedMatMul";
  if (graph.at(before).nodes.empty()) graph.remove_unread(before, {});
}

bool is_product(const Rewrite& graph, LaunchId l) {
  return graph.is(l, {"MatMul", "FusedMatMul"}) && !graph.at(l).nodes.empty() &&
         graph.is_float(graph.input(l, 0)) && graph.is_float(graph.input(l, 1));
}

}  // namespace

void fuse_matmul_transpose(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!is_product(graph, l)) continue;
    for (const std::size_t i : {0U, 1U}) {
      const LaunchId before = graph.previous(l, i, {"Transpose"});
      if (before == kNoLaunch || !is_readable_through(graph, before, l) ||
          graph.is_wanted(graph.output(before))) {
        continue;
      }
      read_through(graph, l, i, before, graph.input(before, 0));
    }
  }
}

void fuse_matmul_scale(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!is_product(graph, l)) continue;
    for (const std::size_t i : {0U, 1U}) {
      const LaunchId before = graph.previous(l, i, {"Mul", "Div"});
      if (before == kNoLaunch || graph.is_wanted(graph.output(before))) continue;
      const auto by = factor(graph, before);
      if (by) read_through(graph, l, i, before, graph.input(before, 1 - *by));
    }
    const LaunchId behind = graph.next(l, {"Mul", "Div"});
    if (behind == kNoLaunch || !factor(graph, behind)) continue;
    graph.fuse({l, behind}, "FusedMatMul", graph.at(l).inputs, graph.at(behind).outputs);
  }
}

}  // namespace roofline::plan::ort
