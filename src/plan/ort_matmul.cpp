// Before: MatMul -> Add of a bias. After: Gemm; operands of more than two axes are reshaped to a
// matrix before and back behind it. Conditions: float32; nobody else reads the product; the second
// operand has two axes; the bias has one element per column (of a matrix also one per row, or a
// whole matrix); more than two axes need fixed sizes, and are left alone next to attention.
// It does not model: half precision.
#include <algorithm>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

/// Softmax -> MatMul -> Transpose -> Reshape ends an attention: its output projection.
bool is_behind_attention(const Rewrite& graph, LaunchId matmul) {
  const LaunchId before = graph.producer(graph.input(matmul, 0));
  if (graph.is(before, {"Attention", "MultiHeadAttention"})) return true;
  if (!graph.is(before, {"Reshape"})) return false;
  const LaunchId transpose = graph.producer(graph.input(before, 0));
  if (!graph.is(transpose, {"Transpose"})) return false;
  const LaunchId product = graph.producer(graph.input(transpose, 0));
  if (!graph.is(product, {"MatMul"})) return false;
  return graph.is(graph.producer(graph.input(product, 0)), {"Softmax"});
}

bool is_bias(const Rewrite& graph, TensorId bias, LaunchId matmul, bool matrix) {
  const TensorId a = graph.input(matmul, 0);
  const TensorId b = graph.input(matmul, 1);
  const auto rank = graph.sizes.rank(bias);
  if (rank == 1U) return graph.sizes.same_dim(bias, 0, b, 1);
  if (rank != 2U || !matrix) return false;
  const bool columns = graph.sizes.same_dim(bias, 1, b, 1);
  if (graph.sizes.dim(bias, 0) == 1 && columns) return true;
  return graph.sizes.same_dim(bias, 0, a, 0) && (graph.sizes.dim(bias, 1) == 1 || columns);
}

/// [.., k] as [m, k].
ir::Shape as_matrix(const ir::Shape& shape) {
  std::int64_t rows = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return {rows, shape.empty() ? 1 : shape.back()};
}

void fuse(Rewrite& graph, LaunchId matmul, LaunchId add, bool matrix) {
  const TensorId product = graph.output(matmul);
  const TensorId bias = graph.other_input(add, product);
  const TensorId x = graph.input(matmul, 0);
  const TensorId y = graph.output(add);
  const TensorId weights = graph.input(matmul, 1);
  if (matrix) return graph.fuse({matmul, add}, "Gemm", {x, weights, bias}, {y});
  const TensorId rows = graph.make(x, as_matrix);
  const TensorId result = graph.make(y, as_matrix);
  graph.insert({.op = "Reshape", .inputs = {x}, .outputs = {rows}, .before = true}, matmul);
  graph.fuse({matmul, add}, "Gemm", {rows, weights, bias}, {result});
  graph.insert({.op = "Reshape", .inputs = {result}, .outputs = {y}}, matmul);
}

}  // namespace

void fuse_matmul_add(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"MatMul"}) || graph.at(l).nodes.empty() || !graph.is_float(graph.output(l))) {
      continue;
    }
    const LaunchId add = graph.next(l, {"Add"});
    const TensorId a = graph.input(l, 0);
    const TensorId b = graph.input(l, 1);
    if (add == kNoLaunch || !graph.sizes.rank(a) || graph.sizes.rank(b) != 2U) continue;
    const bool matrix = graph.sizes.rank(a) == 2U;
    if (!matrix && is_behind_attention(graph, l)) {
      graph.explain(add, "not fused into a Gemm: the output projection of an attention");
      continue;
    }
    const bool fixed = graph.sizes.is_fixed(a) && graph.sizes.is_fixed(b);
    if (!matrix && (!fixed || graph.sizes.is_vague(a))) {
      graph.explain(add, "not fused into a Gemm: the model leaves the number of rows open");
      continue;
    }
    const TensorId bias = graph.other_input(add, graph.output(l));
    if (bias == ir::kNoTensor || !is_bias(graph, bias, l, matrix)) continue;
    fuse(graph, l, add, matrix);
  }
}

}  // namespace roofline::plan::ort
