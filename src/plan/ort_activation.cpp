// Before: Conv or Gemm -> activation; at level all also Conv -> Add of a plain-layout residual ->
// activation. After: one kernel. Conditions: nobody else reads what lies between; the activation is
// in the table; a Clip's limits are constants; the residual has the Conv's shape. HardSwish is a
// function of the runtime: it runs as HardSigmoid and Mul, unless the blocked layout fuses these.
// It does not model: activations of tensors other than float32.
#include <algorithm>
#include <array>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

constexpr std::array<std::string_view, 6> kBehindConv = {"Relu",      "Sigmoid", "Tanh",
                                                         "LeakyRelu", "Clip",    "HardSigmoid"};
constexpr std::array<std::string_view, 10> kBehindGemm = {
    "Relu", "Sigmoid",  "Tanh",     "LeakyRelu", "HardSigmoid",
    "Elu",  "Softplus", "Softsign", "Selu",      "ThresholdedRelu"};

bool has_constant_limits(const Rewrite& graph, LaunchId l) {
  if (graph.at(l).op != "Clip") return true;
  for (std::size_t i = 1; i < graph.at(l).inputs.size(); ++i) {
    const TensorId limit = graph.at(l).inputs[i];
    if (limit != ir::kNoTensor && !graph.is_constant(limit)) return false;
  }
  return true;
}

template <typename Table>
void fuse_activation(Rewrite& graph, LaunchId l, const Table& table) {
  const TensorId result = graph.output(l);
  const LaunchId reader = graph.sole_reader(result);
  if (reader == kNoLaunch) {
    for (const LaunchId other : graph.readers(result)) {
      if (!is_one_of(table, graph.at(other).op)) continue;
      graph.explain(other, "not fused: the result before it is read elsewhere as well");
    }
    return;
  }
  if (!graph.is_live(reader) || !graph.same_region(l, reader) ||
      !is_one_of(table, graph.at(reader).op) || graph.input(reader, 0) != result ||
      graph.at(reader).nodes.size() != 1 || !has_constant_limits(graph, reader)) {
    return;
  }
  const std::string_view activation = graph.at(reader).op;
  graph.fuse({l, reader}, graph.at(l).op, graph.at(l).inputs, graph.at(reader).outputs);
  graph.at(l).fused.push_back(activation);
}

bool is_plain_float(const Rewrite& graph, LaunchId l) {
  return !graph.at(l).outputs.empty() && !graph.at(l).nodes.empty() && graph.at(l).fused.empty() &&
         graph.is_float(graph.output(l));
}

}  // namespace

void fuse_gemm_activations(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Gemm"}) && is_plain_float(graph, l)) fuse_activation(graph, l, kBehindGemm);
  }
}

void fuse_conv_activations(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is(l, {"Conv"}) && is_plain_float(graph, l)) fuse_activation(graph, l, kBehindConv);
  }
}

void expand_functions(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"HardSwish"}) || graph.at(l).nodes.size() != 1) continue;
    const TensorId x = graph.input(l, 0);
    const TensorId y = graph.output(l);
    const TensorId gate = graph.make(y, [](ir::Shape shape) { return shape; });
    graph.set_output(l, 0, gate);
    graph.at(l).op = "HardSigmoid";
    graph.insert({.op = "Mul", .inputs = {x, gate}, .outputs = {y}}, l);
    graph.explain(l, "runs as HardSigmoid and Mul");
  }
}

void fuse_conv_residuals(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"Conv"}) || !is_plain_float(graph, l) ||
        graph.at(l).layout != Layout::kPlain) {
      continue;
    }
    const LaunchId add = graph.next(l, {"Add", "Sum"});
    if (add == kNoLaunch || graph.at(add).inputs.size() != 2) continue;
    const TensorId other = graph.other_input(add, graph.output(l));
    if (other == graph.output(l) || graph.at(l).inputs.size() > 3 ||
        graph.sizes.rank(other) != 4U || graph.input(l, 2) == ir::kNoTensor ||
        graph.sizes.is_vague(other) || graph.sizes.is_vague(graph.output(l)) ||
        !graph.sizes.same_shape(other, graph.output(l))) {
      continue;
    }
    std::vector<TensorId> operands = graph.at(l).inputs;
    operands.resize(3, ir::kNoTensor);
    operands.push_back(other);
    graph.fuse({l, add}, "Conv", operands, graph.at(add).outputs);
    graph.at(l).fused.emplace_back("Add");
    fuse_activation(graph, l, kBehindConv);
  }
}

}  // namespace roofline::plan::ort
