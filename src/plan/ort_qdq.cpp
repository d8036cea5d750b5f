// Before: DequantizeLinear -> operator on floats -> QuantizeLinear. After: one operator on the
// stored integers (QLinearConv, QGemm, QLinearAdd, ...), or, for operators that only move elements,
// the same operator on integers. Conditions: every data operand is dequantized (a second reader
// gets its own DequantizeLinear); nobody else reads the float result; movers keep scale and zero
// point. A Relu before a QuantizeLinear goes where the zero point is the type's least number.
// It does not model: weights of 4 bits, which are fused by the model's exporter.
#include <algorithm>
#include <array>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

struct QuantizedForm {
  std::string_view op;
  std::string_view quantized;     // what it becomes between both
  std::string_view without = {};  // what it becomes without a QuantizeLinear; empty: nothing
  std::size_t first_operand = 0;  // that must be dequantized
};
constexpr std::array kQuantizedForms = {
    QuantizedForm{"Conv", "QLinearConv"},
    QuantizedForm{"Gemm", "QGemm", "QGemm"},
    QuantizedForm{"MatMul", "QLinearMatMul", "MatMulIntegerToFloat"},
    QuantizedForm{"Add", "QLinearAdd"},
    QuantizedForm{"Mul", "QLinearMul"},
    QuantizedForm{"AveragePool", "QLinearAveragePool"},
    QuantizedForm{"GlobalAveragePool", "QLinearGlobalAveragePool"},
    QuantizedForm{"LeakyRelu", "QLinearLeakyRelu"},
    QuantizedForm{"Sigmoid", "QLinearSigmoid"},
    QuantizedForm{"Softmax", "QLinearSoftmax"},
    QuantizedForm{"Concat", "QLinearConcat"},
    QuantizedForm{"Where", "QLinearWhere", {}, 1},
};
constexpr std::array<std::string_view, 13> kMovers = {
    "Gather", "Reshape", "Transpose", "Squeeze",   "Unsqueeze", "Flatten", "Expand",
    "Tile",   "Slice",   "MaxPool",   "ReduceMax", "ReduceMin", "Resize"};

const QuantizedForm* rule_of(std::string_view op) {
  const auto* found = std::find_if(kQuantizedForms.begin(), kQuantizedForms.end(),
                                   [op](const QuantizedForm& rule) { return rule.op == op; });
  return found == kQuantizedForms.end() ? nullptr : found;
}

LaunchId dequantizer(const Rewrite& graph, TensorId t) {
  const LaunchId from = graph.producer(t);
  return graph.is(from, {"DequantizeLinear"}) ? from : kNoLaunch;
}

/// Two operands that are the same tensor, or equal numbers.
bool same_number(const Rewrite& graph, TensorId a, TensorId b) {
  if (a == b) return true;
  const auto number = graph.number(a);
  return number && number == graph.number(b);
}

void absorb(Rewrite& graph, LaunchId dequantize) {
  graph.remove_unread(dequantize, "absorbed: the kernel behind it reads what is stored");
}

void fuse_operator(Rewrite& graph, LaunchId l, const QuantizedForm& rule) {
  std::vector<LaunchId> dequantizers;
  std::vector<TensorId> operands = graph.at(l).inputs;
  for (std::size_t i = rule.first_operand; i < operands.size(); ++i) {
    if (operands[i] == ir::kNoTensor) continue;
    const LaunchId dequantize = dequantizer(graph, operands[i]);
    if (dequantize == kNoLaunch || !graph.same_region(dequantize, l)) return;
    dequantizers.push_back(dequantize);
    operands[i] = graph.input(dequantize, 0);
  }
  const LaunchId quantize = graph.next(l, {"QuantizeLinear"});
  const std::string_view op = quantize == kNoLaunch ? rule.without : rule.quantized;
  if (op.empty() || dequantizers.empty()) return;
  graph.draft().quantized[static_cast<std::size_t>(graph.at(l).nodes.front())] =
      Quantized::kInteger;
  if (quantize == kNoLaunch) {
    graph.set_inputs(l, operands);
    graph.at(l).op = op;
  } else {
    graph.fuse({l, quantize}, op, operands, graph.at(quantize).outputs);
  }
  for (const LaunchId dequantize : dequantizers) absorb(graph, dequantize);
}

void fuse_mover(Rewrite& graph, LaunchId l) {
  const LaunchId dequantize = dequantizer(graph, graph.input(l, 0));
  const LaunchId quantize = graph.next(l, {"QuantizeLinear"});
  if (dequantize == kNoLaunch || quantize == kNoLaunch || graph.at(l).outputs.size() != 1 ||
      !graph.same_region(dequantize, l)) {
    return;
  }
  if (!same_number(graph, graph.input(dequantize, 1), graph.input(quantize, 1)) ||
      !same_number(graph, graph.input(dequantize, 2), graph.input(quantize, 2))) {
    return graph.explain(l, "not on integers: it lies between different scales");
  }
  graph.draft().quantized[static_cast<std::size_t>(graph.at(l).nodes.front())] =
      Quantized::kInteger;
  const std::string_view op = graph.at(l).op;
  std::vector<TensorId> operands = graph.at(l).inputs;
  operands[0] = graph.input(dequantize, 0);
  const std::vector<TensorId> results = graph.at(quantize).outputs;
  // A view stays one: what quantized its result is gone, not a part of it.
  graph.remove(quantize, "absorbed: the kernel before it works on what is stored");
  graph.fuse({l}, op, operands, results);
  absorb(graph, dequantize);
}

void eliminate_relu(Rewrite& graph, LaunchId l) {
  const LaunchId quantize = graph.next(l, {"QuantizeLinear"});
  if (quantize == kNoLaunch) return;
  const TensorId zero_point = graph.input(quantize, 2);
  const bool is_signed = graph.dtype(zero_point) == ir::DType::kInt8;
  const std::optional<double> zero =
      zero_point == ir::kNoTensor ? std::optional(0.0) : graph.number(zero_point);
  if (zero == (is_signed ? -128.0 : 0.0)) {
    graph.eliminate(l, 0, "eliminated: quantizing cuts at 0 as well");
  }
}

}  // namespace

void copy_dequantizers(Rewrite& graph) {
  const LaunchId count = graph.count();
  for (LaunchId l = 0; l < count; ++l) {
    if (!graph.is(l, {"DequantizeLinear"}) || graph.at(l).outputs.size() != 1) continue;
    const TensorId result = graph.output(l);
    graph.draft().stored[static_cast<std::size_t>(graph.sizes.origin(result))] = graph.input(l, 0);
    const std::vector<LaunchId> readers = graph.readers(result);
    for (std::size_t r = graph.is_wanted(result) ? 0 : 1; r < readers.size(); ++r) {
      const TensorId copy = graph.make(result, [](ir::Shape shape) { return shape; });
      graph.insert({.op = "DequantizeLinear", .inputs = graph.at(l).inputs, .outputs = {copy}}, l);
      for (std::size_t i = 0; i < graph.at(readers[r]).inputs.size(); ++i) {
        if (graph.input(readers[r], i) == result) graph.set_input(readers[r], i, copy);
      }
    }
  }
}

void fuse_quantized(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || graph.at(l).nodes.size() != 1 || graph.at(l).outputs.empty() ||
        graph.at(l).inputs.empty()) {
      continue;
    }
    if (graph.at(l).op == "Relu") eliminate_relu(graph, l);
  }
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || graph.at(l).nodes.size() != 1 || graph.at(l).outputs.empty() ||
        graph.at(l).inputs.empty()) {
      continue;
    }
    if (const QuantizedForm* rule = rule_of(graph.at(l).op)) {
      fuse_operator(graph, l, *rule);
    } else if (std::find(kMovers.begin(), kMovers.end(), graph.at(l).op) != kMovers.end()) {
      fuse_mover(graph, l);
    }
  }
}

}  // namespace roofline::plan::ort
