// Before: a normalization over the last axis spelled out (mean, difference, variance, quotient,
// scale, shift), and an Add before one. After: LayerNormalization, SimplifiedLayerNormalization
// (no mean, no shift), SkipLayerNormalization. Conditions: nobody else reads what lies between;
// scale and shift have one axis; the sum has two operands of three axes whose sizes the model
// fixes, the first one excepted. It does not model: half precision with Casts between the parts.
#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

TensorId constant_vector(const Rewrite& graph, LaunchId l) {
  for (const TensorId t : graph.at(l).inputs) {
    if (graph.is_constant(t) && graph.sizes.rank(t) == 1U) return t;
  }
  return ir::kNoTensor;
}

/// A mean over the last axis, which stays.
bool is_mean_of_rows(const Rewrite& graph, LaunchId l) {
  const auto rank = graph.sizes.rank(graph.input(l, 0));
  return rank && graph.node(l) != nullptr && integer_attribute(graph.node(l), "keepdims", 1) == 1 &&
         graph.reduced_axes(l) == std::vector{static_cast<std::int64_t>(*rank) - 1};
}

void become_norm(Rewrite& graph, const std::vector<LaunchId>& members, std::string_view op,
                 std::vector<TensorId> operands, std::vector<TensorId> results) {
  graph.fuse(members, op, std::move(operands), std::move(results));
  graph.at(members.front()).cls = ops::OpClass::kNormalization;
}

/// x - mean, its squares' mean, the root of that with an epsilon, the quotient.
bool match_variance(Rewrite& graph, TensorId difference, LaunchId divide,
                    std::vector<LaunchId>& members) {
  if (graph.input(divide, 0) != difference) return false;
  const LaunchId root = graph.previous(divide, 1, {"Sqrt"});
  if (root == kNoLaunch || graph.sole_reader(graph.output(root)) != divide) return false;
  const LaunchId add = graph.previous(root, 0, {"Add"});
  if (add == kNoLaunch || graph.sole_reader(graph.output(add)) != root) return false;
  for (const std::size_t i : {0U, 1U}) {
    const LaunchId mean = graph.previous(add, i, {"ReduceMean"});
    if (mean == kNoLaunch || graph.sole_reader(graph.output(mean)) != add ||
        !is_mean_of_rows(graph, mean) || !graph.number(graph.input(add, 1 - i))) {
      continue;
    }
    const LaunchId square = graph.previous(mean, 0, {"Pow", "Mul"});
    if (square == kNoLaunch || graph.sole_reader(graph.output(square)) != mean ||
        graph.input(square, 0) != difference) {
      continue;
    }
    const TensorId by = graph.input(square, 1);
    if (graph.at(square).op == "Pow" ? graph.number(by) != 2.0 : by != difference) continue;
    members.insert(members.end(), {square, mean, add, root, divide});
    return true;
  }
  return false;
}

void fuse_spelled_out(Rewrite& graph, LaunchId subtract) {
  const LaunchId mean = graph.previous(subtract, 1, {"ReduceMean"});
  const TensorId x = graph.input(subtract, 0);
  const TensorId difference = graph.output(subtract);
  if (mean == kNoLaunch || graph.input(mean, 0) != x || !is_mean_of_rows(graph, mean) ||
      graph.sole_reader(graph.output(mean)) != subtract || graph.is_wanted(difference)) {
    return;
  }
  for (const LaunchId reader : graph.readers(difference)) {
    std::vector<LaunchId> members = {subtract, mean};
    if (!graph.is(reader, {"Div"}) || !match_variance(graph, difference, reader, members)) continue;
    const LaunchId square = members[2];
    if (graph.uses(difference) != (graph.at(square).op == "Mul" ? 3U : 2U)) return;
    const LaunchId scale = graph.next(reader, {"Mul"});
    const LaunchId shift = scale == kNoLaunch ? kNoLaunch : graph.next(scale, {"Add"});
    if (shift == kNoLaunch) return;
    const TensorId gamma = constant_vector(graph, scale);
    const TensorId beta = constant_vector(graph, shift);
    if (gamma == ir::kNoTensor || beta == ir::kNoTensor || !graph.sizes.same_shape(gamma, beta)) {
      return;
    }
    members.insert(members.end(), {scale, shift});
    return become_norm(graph, members, "LayerNormalization", {x, gamma, beta},
                       std::vector{graph.output(shift)});
  }
}

void fuse_simplified(Rewrite& graph, LaunchId square) {
  const TensorId x = graph.input(square, 0);
  if (graph.number(graph.input(square, 1)) != 2.0) return;
  const LaunchId mean = graph.next(square, {"ReduceMean"});
  const LaunchId add = mean == kNoLaunch ? kNoLaunch : graph.next(mean, {"Add"});
  const LaunchId root = add == kNoLaunch ? kNoLaunch : graph.next(add, {"Sqrt"});
  const LaunchId divide = root == kNoLaunch ? kNoLaunch : graph.next(root, {"Div"});
  const LaunchId scale = divide == kNoLaunch ? kNoLaunch : graph.next(divide, {"Mul"});
  if (scale == kNoLaunch || graph.input(divide, 0) != x || !is_mean_of_rows(graph, mean)) return;
  const TensorId gamma = constant_vector(graph, scale);
  if (gamma == ir::kNoTensor) return;
  become_norm(graph, {square, mean, add, root, divide, scale}, "SimplifiedLayerNormalization",
              {x, gamma}, std::vector{graph.output(scale)});
}

bool is_sum_of_fixed_rows(Rewrite& graph, LaunchId add) {
  if (add == kNoLaunch || graph.at(add).inputs.size() != 2) return false;
  const TensorId a = graph.input(add, 0);
  const TensorId b = graph.input(add, 1);
  if (graph.sizes.rank(a) != 3U || graph.sizes.rank(b) != 3U || graph.sizes.is_vague(a) ||
      graph.sizes.is_vague(b)) {
    return false;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    if (!graph.sizes.same_dim(a, i, b, i)) return false;
    if (i > 0 && graph.sizes.dim(a, i) == ir::kUnknownDim) return false;
  }
  return true;
}

struct Bias {
  TensorId data = ir::kNoTensor;
  TensorId bias = ir::kNoTensor;
};
/// The operands of an Add of a constant vector that only `reader` reads, on one side of it.
std::optional<Bias> bias_before(Rewrite& graph, LaunchId reader, std::size_t side) {
  const LaunchId add = graph.previous(reader, side, {"Add"});
  if (add == kNoLaunch || graph.sole_reader(graph.output(add)) != reader) return std::nullopt;
  for (const std::size_t i : {1U, 0U}) {
    const Bias found = {.data = graph.input(add, 1 - i), .bias = graph.input(add, i)};
    if (graph.is_constant(found.bias) && graph.sizes.rank(found.bias) == 1U &&
        graph.sizes.rank(found.data) == 3U && graph.sizes.same_dim(found.bias, 0, found.data, 2)) {
      return found;
    }
  }
  return std::nullopt;
}

void fuse_skip(Rewrite& graph, LaunchId norm) {
  const LaunchId add = graph.previous(norm, 0, {"Add"});
  if (add == kNoLaunch || graph.at(norm).outputs.size() != 1) return;
  if (graph.sole_reader(graph.input(norm, 0)) != norm) {
    return graph.explain(norm, "not fused with the Add before it: its result is read elsewhere");
  }
  if (!is_sum_of_fixed_rows(graph, add)) {
    return graph.explain(norm, "not fused with the Add before it: the model leaves its sizes open");
  }
  std::vector<TensorId> operands = {graph.input(add, 0), graph.input(add, 1)};
  std::vector<LaunchId> members = {norm, add};
  TensorId bias = ir::kNoTensor;
  for (const std::size_t side : {0U, 1U}) {
    const auto before = bias_before(graph, add, side);
    if (!before) continue;
    members.push_back(graph.producer(operands[side]));
    operands[side] = before->data;
    bias = before->bias;
    break;
  }
  operands.push_back(graph.input(norm, 1));
  operands.push_back(graph.input(norm, 2));
  if (bias != ir::kNoTensor) operands.push_back(bias);
  become_norm(graph, members, "SkipLayerNormalization", operands, graph.at(norm).outputs);
}

}  // namespace

void fuse_layer_norm(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Sub"}) && graph.is_float(graph.input(l, 0))) fuse_spelled_out(graph, l);
  }
}

void fuse_simplified_layer_norm(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Pow"}) && graph.is_float(graph.input(l, 0))) fuse_simplified(graph, l);
  }
}

void fuse_skip_layer_norm(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"LayerNormalization"}) && graph.is_float(graph.input(l, 0))) {
      fuse_skip(graph, l);
    }
  }
}

}  // namespace roofline::plan::ort
