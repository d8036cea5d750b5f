// Owns the synthetic operators on integers: quantized convolutions and products, and the way there.
// Refuses pairs of QuantizeLinear and DequantizeLinear around float operators: runtimes rewrite
// them to the operators here.
#include <fmt/format.h>

#include "sketch.hpp"

namespace roofline::calibrate {
namespace {

constexpr double kScale = 0.02;

/// Scale and zero point of activations (uint8).
struct Scales {
  explicit Scales(Sketch& s)
      : scale(s.scalar(kScale)), zero(s.constant(ir::DType::kUint8, {}, {128})) {}
  std::string scale, zero;
};

/// The same of weights (int8).
struct WeightScales {
  explicit WeightScales(Sketch& s)
      : scale(s.scalar(kScale)), zero(s.constant(ir::DType::kInt8, {}, {0})) {}
  std::string scale, zero;
};

struct Conv {
  std::int64_t edge, channels, kernel, group;
  int repeats;
  std::int64_t in = channels;
  std::int64_t stride = 1;
};

std::string quantized_conv(Sketch& s, const Conv& c, const std::string& x) {
  const Scales q(s);
  const WeightScales w(s);
  const std::string weight =
      s.random(ir::DType::kInt8, {c.channels, c.in / c.group, c.kernel, c.kernel}, -64, 63);
  return s.node(
      "QLinearConv",
      {x, q.scale, q.zero, weight, w.scale, w.zero, q.scale, q.zero,
       s.random(ir::DType::kInt32, {c.channels}, -100, 100)},
      {attr("kernel_shape", Dims{c.kernel, c.kernel}), attr("pads", Dims(4, c.kernel / 2)),
       attr("strides", Dims(2, c.stride)), attr("group", c.group)});
}

onnx_io::ModelSketch quantized_convs(const Conv& c) {
  Sketch s(fmt::format("qconv_{0}x{0}_{1}-{2}k{3}s{4}g{5}_x{6}", c.edge, c.in, c.channels, c.kernel,
                       c.stride, c.group, c.repeats));
  std::string x = s.input({1, c.in, c.edge, c.edge}, ir::DType::kUint8);
  for (int i = 0; i < c.repeats; ++i) x = quantized_conv(s, c, x);
  s.sink(x, ir::DType::kUint8);
  return s.take();
}

struct Pool {
  std::int64_t edge, kernel;
};

/// Alone, or `behind` a convolution, whose layout it shares.
onnx_io::ModelSketch integer_pool(const Pool& p, bool is_behind) {
  constexpr std::int64_t kChannels = 64;
  Sketch s(
      fmt::format("pool_integer_{0}x{0}_k{1}{2}", p.edge, p.kernel, is_behind ? "_behind" : ""));
  std::string x = s.input({1, is_behind ? 16 : kChannels, p.edge, p.edge}, ir::DType::kUint8);
  if (is_behind) x = quantized_conv(s, {p.edge, kChannels, 1, 1, 1, 16}, x);
  s.sink(s.node("MaxPool", {x},
                {attr("kernel_shape", Dims{p.kernel, p.kernel}), attr("strides", Dims{2, 2})}),
         ir::DType::kUint8);
  return s.take();
}

struct Product {
  std::int64_t m, k;
  int repeats;
};

onnx_io::ModelSketch quantized_matmul(const Product& p) {
  Sketch s(fmt::format("qmatmul_{}_{}_x{}", p.m, p.k, p.repeats));
  const Scales q(s);
  const WeightScales w(s);
  std::string x = s.input({p.m, p.k}, ir::DType::kUint8);
  for (int i = 0; i < p.repeats; ++i) {
    const std::string weight = s.random(ir::DType::kInt8, {p.k, p.k}, -64, 63);
    x = s.node("QLinearMatMul", {x, q.scale, q.zero, weight, w.scale, w.zero, q.scale, q.zero});
  }
  s.sink(x, ir::DType::kUint8);
  return s.take();
}

/// Quantizes its activations as it runs: what dynamic quantization makes of a linear layer.
onnx_io::ModelSketch dynamic_matmul(const Product& p) {
  Sketch s(fmt::format("dynamic_matmul_{}_{}_x{}", p.m, p.k, p.repeats));
  const WeightScales w(s);
  std::string x = s.input({p.m, p.k});
  for (int i = 0; i < p.repeats; ++i) {
    const Names quantized = s.node_of("DynamicQuantizeLinear", {x}, 3);
    const std::string weight = s.random(ir::DType::kInt8, {p.k, p.k}, -64, 63);
    const std::string sum = s.node("MatMulInteger", {quantized[0], weight, quantized[2], w.zero});
    const std::string scale = s.node("Mul", {quantized[1], w.scale});
    x = s.node("Mul", {s.node("Cast", {sum}, {attr("to", 1)}), scale});
  }
  s.sink(x);
  return s.take();
}

onnx_io::ModelSketch integer_matmul(const Product& p) {
  Sketch s(fmt::format("integer_matmul_{}_{}", p.m, p.k));
  const std::string x = s.input({p.m, p.k}, ir::DType::kUint8);
  s.sink(s.node("MatMulInteger", {x, s.random(ir::DType::kInt8, {p.k, p.k}, -64, 63)}),
         ir::DType::kInt32);
  return s.take();
}

/// Weights of 4 bits with a scale for each block of 32 along k.
onnx_io::ModelSketch four_bit_matmul(const Product& p) {
  constexpr std::int64_t kBlock = 32;
  Sketch s(fmt::format("matmul4_{}_{}_x{}", p.m, p.k, p.repeats));
  const std::int64_t blocks = p.k / kBlock;
  const double bound = 0.2 / static_cast<double>(p.k);
  std::string x = s.input({1, p.m, p.k});
  for (int i = 0; i < p.repeats; ++i) {
    const std::string weight = s.random(ir::DType::kUint8, {p.k, blocks, kBlock / 2}, 0, 255);
    const std::string scale = s.random(ir::DType::kFloat32, {p.k * blocks}, bound, 2 * bound);
    x = s.node("MatMulNBits", {x, weight, scale},
               {attr("K", p.k), attr("N", p.k), attr("bits", 4), attr("block_size", kBlock)},
               kMicrosoft);
  }
  s.sink(x);
  return s.take();
}

// Whole results: runtimes would move the conversion behind what picks one element.
onnx_io::ModelSketch conversion(std::int64_t elements, std::string_view op) {
  Sketch s(fmt::format("{}_{}", op, elements));
  if (op == "QuantizeLinear") {
    const Scales q(s);
    s.output(s.node(op, {s.input({1, elements}), q.scale, q.zero}), ir::DType::kUint8);
  } else if (op == "DequantizeLinear") {
    const Scales q(s);
    s.output(s.node(op, {s.input({1, elements}, ir::DType::kUint8), q.scale, q.zero}));
  } else {
    const Names results = s.node_of(op, {s.input({1, elements})}, 3);
    s.output(results[0], ir::DType::kUint8);
    s.output(results[1]);
    s.output(results[2], ir::DType::kUint8);
  }
  return s.take();
}

onnx_io::ModelSketch quantized_binary(std::int64_t elements, std::string_view op) {
  Sketch s(fmt::format("{}_{}", op, elements));
  const Scales q(s);
  std::string x = s.input({1, elements}, ir::DType::kUint8);
  const std::string other = s.input({1, elements}, ir::DType::kUint8);
  for (int i = 0; i < 4; ++i) {
    x = s.node(op, {x, q.scale, q.zero, other, q.scale, q.zero, q.scale, q.zero}, {}, kMicrosoft);
  }
  s.sink(x, ir::DType::kUint8);
  return s.take();
}

}  // namespace

Sketches quantized_models() {
  Sketches sketches;
  for (const Conv& c :
       {Conv{56, 64, 1, 1, 6}, Conv{56, 64, 3, 1, 2}, Conv{28, 128, 3, 1, 2},
        Conv{14, 256, 1, 1, 10}, Conv{7, 512, 1, 1, 8}, Conv{14, 256, 3, 1, 2},
        Conv{56, 96, 3, 96, 4}, Conv{14, 480, 3, 480, 8}, Conv{7, 512, 3, 1, 1},
        Conv{28, 128, 1, 1, 8}, Conv{224, 64, 7, 1, 1, 3, 2}, Conv{224, 32, 3, 1, 1, 3, 2}}) {
    sketches.push_back(quantized_convs(c));
  }
  append(sketches,
         cross(std::vector<Product>{{128, 768, 1}, {1, 1024, 4}, {16, 512, 6}, {384, 384, 3}},
               std::vector<std::string_view>{"static", "dynamic"},
               [](const Product& p, std::string_view kind) {
                 return kind == "static" ? quantized_matmul(p) : dynamic_matmul(p);
               }));
  sketches.push_back(integer_matmul({64, 1024, 1}));
  sketches.push_back(integer_matmul({1, 1024, 1}));
  for (const Product& p :
       {Product{1, 2048, 1}, Product{1, 1024, 4}, Product{16, 1024, 2}, Product{128, 1024, 1}}) {
    sketches.push_back(four_bit_matmul(p));
  }
  append(sketches, cross(std::vector<std::int64_t>{65536, 1048576},
                         std::vector<std::string_view>{"QuantizeLinear", "DequantizeLinear",
                                                       "DynamicQuantizeLinear"},
                         conversion));
  append(sketches,
         cross(std::vector<std::int64_t>{65536, 1048576},
               std::vector<std::string_view>{"QLinearAdd", "QLinearMul"}, quantized_binary));
  append(sketches, cross(std::vector<Pool>{{28, 2}, {28, 3}, {112, 2}, {112, 3}},
                         std::vector<bool>{false, true}, integer_pool));
  return sketches;
}

}  // namespace roofline::calibrate
