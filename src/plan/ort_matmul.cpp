// Before: MatMul -> Add of a bias, or MatMul -> BatchNormalization of matrices. After: Gemm;
// operands of more than two axes are reshaped to a matrix before and back behind it. Conditions:
// float32; nobody else reads the product; the second operand has two axes; the bias has one element
// per column (of a matrix also one per row, or a whole matrix); more than two axes need fixed
// sizes; products around an attention wait for the second level. It does not model: half precision.
#include <algorithm>
#include <unordered_set>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

/// Adds that the first level leaves to a fusion of whole attentions: three products read one
/// normalization, and the sum behind the fourth is added to it.
class AttentionPattern {
 public:
  explicit AttentionPattern(Rewrite& graph) : graph_(graph) {}

  bool contains(LaunchId matmul, LaunchId add) {
    const LaunchId norm = graph_.producer(graph_.input(matmul, 0));
    if (norms_.contains(norm) || adds_.contains(add)) return true;
    if (!graph_.is(norm, {"LayerNormalization"})) return false;
    const LaunchId last = output_sum(norm);
    if (last == kNoLaunch) return false;
    norms_.insert(norm);
    adds_.insert(last);
    return true;
  }

 private:
  [[nodiscard]] LaunchId output_sum(LaunchId norm) {
    const TensorId normalized = graph_.output(norm);
    LaunchId residual = kNoLaunch;
    int adds = 0;
    int products = 0;
    std::size_t shapes = 0;
    for (const LaunchId reader : graph_.readers(normalized)) {
      if (graph_.is(reader, {"Add"})) {
        residual = reader;
        ++adds;
      }
      products += graph_.is(reader, {"MatMul"}) ? 1 : 0;
      shapes += graph_.is(reader, {"Shape"}) ? std::size_t{1} : 0;
    }
    if (adds != 1 || products != 3 || graph_.uses(normalized) != shapes + 4) return kNoLaunch;
    const LaunchId sum = graph_.producer(graph_.other_input(residual, normalized));
    return graph_.is(sum, {"Add"}) ? sum : kNoLaunch;
  }

  Rewrite& graph_;
  std::unordered_set<LaunchId> norms_;
  std::unordered_set<LaunchId> adds_;
};

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

void fuse_all(Rewrite& graph, bool keep_attention) {
  AttentionPattern attention(graph);
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"MatMul"}) || graph.at(l).nodes.empty() || !graph.is_float(graph.output(l))) {
      continue;
    }
    const LaunchId add = graph.next(l, {"Add"});
    const TensorId a = graph.input(l, 0);
    const TensorId b = graph.input(l, 1);
    if (add == kNoLaunch || !graph.sizes.rank(a) || graph.sizes.rank(b) != 2U) continue;
    const bool matrix = graph.sizes.rank(a) == 2U;
    const bool fixed = graph.sizes.is_fixed(a) && graph.sizes.is_fixed(b);
    if (!matrix && (!fixed || graph.sizes.is_vague(a))) {
      graph.explain(add, "not fused into a Gemm: the model leaves the number of rows open");
      continue;
    }
    if (!matrix && keep_attention && attention.contains(l, add)) continue;
    const TensorId bias = graph.other_input(add, graph.output(l));
    if (bias == ir::kNoTensor || !is_bias(graph, bias, l, matrix)) continue;
    fuse(graph, l, add, matrix);
  }
}

}  // namespace

void fuse_matmul_norm(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"MatMul"}) || graph.at(l).nodes.empty() || !graph.is_float(graph.output(l)) ||
        graph.sizes.rank(graph.output(l)) != 2U || !graph.is_constant(graph.input(l, 1))) {
      continue;
    }
    const LaunchId norm = graph.next(l, {"BatchNormalization"});
    if (norm == kNoLaunch || !is_constant_norm(graph, norm)) continue;
    graph.fuse({l, norm}, "Gemm", {graph.input(l, 0), graph.input(l, 1), graph.input(norm, 2)},
               {graph.output(norm)});
  }
}

void fuse_matmul_add(Rewrite& graph) { fuse_all(graph, true); }

void fuse_matmul_add_of_attention(Rewrite& graph) { fuse_all(graph, false); }

}  // namespace roofline::plan::ort
