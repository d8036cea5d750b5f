// Before: Gelu spelled out with Erf or Tanh, x times its sigmoid, and an Add of a bias before a
// Gelu. After: Gelu, FastGelu, QuickGelu, BiasGelu. Conditions: the constants are those of the
// formula; nobody else reads what lies between; a bias has one axis, as long as the last one of
// what it is added to. It does not model: Casts between the parts.
#include <cmath>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

bool is_near(std::optional<double> number, double wanted) {
  return number && std::abs(*number - wanted) <= 1e-3 * std::abs(wanted);
}

/// The operand of a commutative launch that is not the number, if the other one is.
TensorId beside_number(const Rewrite& graph, LaunchId l, double wanted) {
  if (l == kNoLaunch || graph.at(l).inputs.size() != 2) return ir::kNoTensor;
  for (const std::size_t i : {0U, 1U}) {
    if (is_near(graph.number(graph.input(l, i)), wanted)) return graph.input(l, 1 - i);
  }
  return ir::kNoTensor;
}

bool reads(const Rewrite& graph, LaunchId l, TensorId t) {
  return graph.input(l, 0) == t || graph.input(l, 1) == t;
}

/// Erf(x / sqrt 2), as a Div or a Mul: x.
TensorId scaled_operand(const Rewrite& graph, LaunchId scale) {
  if (graph.is(scale, {"Div"}) && is_near(graph.number(graph.input(scale, 1)), std::sqrt(2.0))) {
    return graph.input(scale, 0);
  }
  return graph.is(scale, {"Mul"}) ? beside_number(graph, scale, std::sqrt(0.5)) : ir::kNoTensor;
}

void become(Rewrite& graph, const std::vector<LaunchId>& members, std::string_view op,
            std::vector<TensorId> operands, TensorId result) {
  graph.fuse(members, op, std::move(operands), {result});
  graph.at(members.front()).cls = ops::OpClass::kActivation;
}

/// Mul(x, 0.5) that only the product at the end reads, or x itself and a Mul by 0.5 behind it.
void finish_gelu(Rewrite& graph, std::vector<LaunchId> members, LaunchId sum, TensorId x,
                 std::string_view op) {
  const LaunchId product = graph.next(sum, {"Mul"});
  if (product == kNoLaunch) return;
  members.push_back(product);
  const TensorId other = graph.other_input(product, graph.output(sum));
  if (other == x) {
    const LaunchId half = graph.next(product, {"Mul"});
    if (beside_number(graph, half, 0.5) != graph.output(product)) return;
    members.push_back(half);
    return become(graph, members, op, {x}, graph.output(half));
  }
  const LaunchId half = graph.producer(other);
  if (!graph.is(half, {"Mul"}) || beside_number(graph, half, 0.5) != x ||
      graph.sole_reader(other) != product || !graph.same_region(half, product)) {
    return;
  }
  members.push_back(half);
  become(graph, members, op, {x}, graph.output(product));
}

void fuse_erf(Rewrite& graph, LaunchId erf) {
  const LaunchId scale = graph.previous(erf, 0, {"Div", "Mul"});
  if (scale == kNoLaunch || graph.sole_reader(graph.input(erf, 0)) != erf) return;
  const TensorId x = scaled_operand(graph, scale);
  const LaunchId sum = graph.next(erf, {"Add"});
  if (x == ir::kNoTensor || beside_number(graph, sum, 1) != graph.output(erf)) return;
  finish_gelu(graph, {erf, scale, sum}, sum, x, "Gelu");
}

/// sqrt(2/pi) (x + 0.044715 x^3): x, and the launches that compute it.
TensorId cubic_operand(Rewrite& graph, LaunchId scale, std::vector<LaunchId>& members) {
  const TensorId inner = beside_number(graph, scale, std::sqrt(2 / M_PI));
  const LaunchId sum = graph.producer(inner);
  if (!graph.is(sum, {"Add"}) || graph.sole_reader(inner) != scale) return ir::kNoTensor;
  for (const std::size_t i : {0U, 1U}) {
    const LaunchId part = graph.producer(graph.input(sum, i));
    const TensorId x = graph.input(sum, 1 - i);
    if (!graph.is(part, {"Mul"}) || graph.sole_reader(graph.input(sum, i)) != sum) continue;
    const LaunchId cube = graph.producer(beside_number(graph, part, 0.044715));
    if (!graph.is(cube, {"Pow"}) || graph.input(cube, 0) != x ||
        !is_near(graph.number(graph.input(cube, 1)), 3) ||
        graph.sole_reader(graph.output(cube)) != part) {
      continue;
    }
    members.insert(members.end(), {scale, sum, part, cube});
    return x;
  }
  return ir::kNoTensor;
}

/// (x sqrt(2/pi)) (1 + 0.044715 x x): x, and the launches that compute it.
TensorId square_operand(Rewrite& graph, LaunchId product, std::vector<LaunchId>& members) {
  for (const std::size_t i : {0U, 1U}) {
    const LaunchId scale = graph.producer(graph.input(product, i));
    const LaunchId sum = graph.producer(graph.input(product, 1 - i));
    if (!graph.is(scale, {"Mul"}) || !graph.is(sum, {"Add"})) continue;
    const TensorId x = beside_number(graph, scale, std::sqrt(2 / M_PI));
    const LaunchId square = graph.producer(beside_number(graph, sum, 1));
    if (x == ir::kNoTensor || !graph.is(square, {"Mul"}) || !reads(graph, square, x)) continue;
    const LaunchId part = graph.producer(graph.other_input(square, x));
    if (!graph.is(part, {"Mul"}) || beside_number(graph, part, 0.044715) != x) continue;
    members.insert(members.end(), {product, scale, sum, square, part});
    return x;
  }
  return ir::kNoTensor;
}

void fuse_tanh(Rewrite& graph, LaunchId tanh) {
  const LaunchId scale = graph.previous(tanh, 0, {"Mul"});
  const LaunchId sum = graph.next(tanh, {"Add"});
  if (scale == kNoLaunch || graph.sole_reader(graph.input(tanh, 0)) != tanh ||
      beside_number(graph, sum, 1) != graph.output(tanh)) {
    return;
  }
  std::vector<LaunchId> members = {tanh};
  TensorId x = cubic_operand(graph, scale, members);
  if (x == ir::kNoTensor) x = square_operand(graph, scale, members);
  if (x == ir::kNoTensor) return;
  members.push_back(sum);
  finish_gelu(graph, std::move(members), sum, x, "FastGelu");
}

void fuse_sigmoid(Rewrite& graph, LaunchId sigmoid) {
  const LaunchId product = graph.next(sigmoid, {"Mul"});
  if (product == kNoLaunch) return;
  const TensorId x = graph.other_input(product, graph.output(sigmoid));
  const TensorId gate = graph.input(sigmoid, 0);
  if (x == gate) return become(graph, {sigmoid, product}, "QuickGelu", {x}, graph.output(product));
  // Sigmoid(alpha x) x
  const LaunchId scale = graph.previous(sigmoid, 0, {"Mul"});
  if (scale == kNoLaunch || graph.sole_reader(gate) != sigmoid) return;
  const TensorId alpha = graph.other_input(scale, x);
  if (!reads(graph, scale, x) || !graph.number(alpha)) return;
  become(graph, {sigmoid, scale, product}, "QuickGelu", {x}, graph.output(product));
}

}  // namespace

void fuse_gelu(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Erf"})) fuse_erf(graph, l);
  }
}

void fuse_fast_gelu(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Tanh"})) fuse_tanh(graph, l);
  }
}

void fuse_quick_gelu(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Sigmoid"}) && graph.is_float(graph.input(l, 0))) fuse_sigmoid(graph, l);
  }
}

void fuse_gelu_bias(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"Gelu", "FastGelu"}) || graph.at(l).inputs.size() != 1) continue;
    const LaunchId add = graph.previous(l, 0, {"Add"});
    if (add == kNoLaunch || graph.sole_reader(graph.input(l, 0)) != l ||
        graph.at(add).inputs.size() != 2) {
      continue;
    }
    for (const std::size_t i : {1U, 0U}) {
      const TensorId bias = graph.input(add, i);
      const TensorId x = graph.input(add, 1 - i);
      const auto rank = graph.sizes.rank(x);
      if (graph.sizes.rank(bias) != 1U || !rank || *rank == 0 ||
          !graph.sizes.same_dim(bias, 0, x, *rank - 1)) {
        continue;
      }
      const std::string_view op = graph.at(l).op == "Gelu" ? "BiasGelu" : "FastGelu";
      become(graph, {l, add}, op, {x, bias}, graph.output(l));
      break;
    }
  }
}

}  // namespace roofline::plan::ort
