// Owns the synthetic blocks of convolutional networks: what stands behind a convolution, fused or
// in its layout, and the per-node and per-run costs of a runtime.
// Refuses whole networks: a calibration must not have seen what it is validated on.
#include <fmt/format.h>

#include "sketch.hpp"

namespace roofline::calibrate {
namespace {

std::string relu(Sketch& s, const std::string& x) { return s.node("Relu", {x}); }

std::string hard_sigmoid(Sketch& s, const std::string& x) {
  return s.node("HardSigmoid", {x}, {attr("alpha", 1.0 / 6)});
}

std::string relu6(Sketch& s, const std::string& x) {
  return s.node("Clip", {x, s.scalar(0), s.scalar(6)});
}

/// The activation called `kind` as exporters write it; some are several nodes.
std::string activation(Sketch& s, std::string_view kind, const std::string& x) {
  if (kind == "none") return x;
  if (kind == "Clip") return relu6(s, x);
  if (kind == "LeakyRelu") return s.node(kind, {x}, {attr("alpha", 0.1)});
  if (kind == "HardSigmoid") return hard_sigmoid(s, x);
  if (kind == "Swish") return s.node("Mul", {x, s.node("Sigmoid", {x})});

  if (kind == "GeluParts") {
    const std::string erf = s.node("Erf", {s.node("Div", {x, s.scalar(1.41421356)})});
    return s.node("Mul", {s.node("Mul", {x, s.node("Add", {erf, s.scalar(1)})}), s.scalar(0.5)});
  }
  return s.node(kind, {x});
}

struct Block {
  std::int64_t edge, channels, inner, kernel;
  int repeats;
  std::int64_t batch = 1;
  std::int64_t group = 1;
};

std::string block_name(std::string_view kind, const Block& b) {
  return fmt::format("{}_b{}_{}x{}_{}-{}k{}g{}_x{}", kind, b.batch, b.edge, b.edge, b.channels,
                     b.inner, b.kernel, b.group, b.repeats);
}

/// What a block adds to must come from a convolution: an input of the model is in plain layout.
std::string stem(Sketch& s, const Block& b) {
  return conv(s, s.input({b.batch, 16, b.edge, b.edge}), {.in = 16, .out = b.channels});
}

/// Expand, filter each channel, project, add: with `kind` behind the first two.
onnx_io::ModelSketch inverted_residual(const Block& b, std::string_view kind) {
  Sketch s(fmt::format("{}_{}", block_name("inverted", b), kind));
  std::string x = stem(s, b);
  for (int i = 0; i < b.repeats; ++i) {
    std::string y = activation(s, kind, conv(s, x, {.in = b.channels, .out = b.inner}));
    y = activation(
        s, kind,
        conv(s, y,
             {.in = b.inner, .out = b.inner, .kernel = {b.kernel, b.kernel}, .group = b.inner}));
    x = s.node("Add", {x, conv(s, y, {.in = b.inner, .out = b.channels})});
  }
  s.sink(x);
  return s.take();
}

/// Reduce, filter, expand, add, with Relu behind each.
onnx_io::ModelSketch bottleneck(const Block& b) {
  Sketch s(block_name("bottleneck", b));
  std::string x = stem(s, b);
  for (int i = 0; i < b.repeats; ++i) {
    std::string y = relu(s, conv(s, x, {.in = b.channels, .out = b.inner}));
    y = relu(
        s, conv(s, y,
                {.in = b.inner, .out = b.inner, .kernel = {b.kernel, b.kernel}, .group = b.group}));
    x = relu(s, s.node("Add", {conv(s, y, {.in = b.inner, .out = b.channels}), x}));
  }
  s.sink(x);
  return s.take();
}

/// Every convolution sees all results before it: Concat in a convolution's layout.
onnx_io::ModelSketch dense_block(const Block& b) {
  Sketch s(block_name("dense", b));
  std::string x = relu(s, stem(s, b));
  std::int64_t width = b.channels;
  for (int i = 0; i < b.repeats; ++i) {
    const std::string y =
        relu(s, conv(s, x, {.in = width, .out = b.inner, .kernel = {b.kernel, b.kernel}}));
    x = s.node("Concat", {x, y}, {attr("axis", 1)});
    width += b.inner;
  }
  s.sink(s.node("GlobalAveragePool", {x}));
  return s.take();
}

/// Scales channels by what a global pool and two layers make of them.
/// How a classifier ends: its weights were last read a whole model ago.
onnx_io::ModelSketch classifier(const Block& b) {
  Sketch s(block_name("classifier", b));
  std::string x = stem(s, b);
  for (int i = 0; i < b.repeats; ++i) {
    x = relu(s, conv(s, x, {.in = b.channels, .out = b.channels, .kernel = {b.kernel, b.kernel}}));
  }
  x = s.node("Flatten", {s.node("GlobalAveragePool", {x})});
  s.sink(gemm(s, x, b.channels, b.inner));
  return s.take();
}

onnx_io::ModelSketch squeeze_block(const Block& b, std::string_view gate) {
  Sketch s(fmt::format("{}_{}", block_name("squeeze", b), gate));
  std::string x = s.input({b.batch, b.channels, b.edge, b.edge});
  for (int i = 0; i < b.repeats; ++i) {
    const std::string y = activation(
        s, "Swish",
        conv(s, x, {.in = b.channels, .out = b.channels, .kernel = {3, 3}, .group = b.channels}));
    std::string z = s.node("GlobalAveragePool", {y});
    z = relu(s, conv(s, z, {.in = b.channels, .out = b.inner}));
    z = activation(s, gate, conv(s, z, {.in = b.inner, .out = b.channels}));
    x = s.node("Mul", {z, y});
  }
  s.sink(x);
  return s.take();
}

/// Grouped convolutions with their channels shuffled in between.
onnx_io::ModelSketch shuffle_block(const Block& b) {
  Sketch s(block_name("shuffle", b));
  std::string x = s.input({b.batch, b.channels, b.edge, b.edge});
  for (int i = 0; i < b.repeats; ++i) {
    std::string y = relu(s, conv(s, x, {.in = b.channels, .out = b.inner, .group = b.group}));
    y = s.node("Reshape", {y, s.ints({b.batch, b.group, b.inner / b.group, b.edge, b.edge})});
    y = s.node("Transpose", {y}, {attr("perm", Dims{0, 2, 1, 3, 4})});
    y = s.node("Reshape", {y, s.ints({b.batch, b.inner, b.edge, b.edge})});
    y = conv(s, y,
             {.in = b.inner, .out = b.inner, .kernel = {b.kernel, b.kernel}, .group = b.inner});
    y = conv(s, y, {.in = b.inner, .out = b.channels, .group = b.group});
    x = relu(s, s.node("Add", {x, y}));
  }
  s.sink(x);
  return s.take();
}

/// What stands behind a convolution that runs in blocks of channels.
struct Behind {
  std::string_view op;
  std::int64_t channels, edge;
  std::int64_t kernel = 0, stride = 1;
};

std::string pool(Sketch& s, const Behind& b, const std::string& x) {
  const std::int64_t pad = b.kernel == b.stride ? 0 : b.kernel / 2;
  return s.node(b.op, {x},
                {attr("kernel_shape", Dims{b.kernel, b.kernel}),
                 attr("strides", Dims{b.stride, b.stride}), attr("pads", Dims(4, pad))});
}

std::string resize(Sketch& s, std::string_view mode, const std::string& x) {
  const bool nearest = mode == "nearest";
  return s.node(
      "Resize", {x, "", s.constant(ir::DType::kFloat32, {4}, {1, 1, 2, 2})},
      {attr("mode", std::string(mode)), attr("nearest_mode", std::string("floor")),
       attr("coordinate_transformation_mode", std::string(nearest ? "asymmetric" : "half_pixel"))});
}

std::string behind(Sketch& s, const Behind& b, const std::string& x, const std::string& other) {
  if (b.kernel > 0) return pool(s, b, x);
  if (b.op == "nearest" || b.op == "linear") return resize(s, b.op, x);
  if (b.op == "Concat") return s.node("Concat", {x, other}, {attr("axis", 1)});
  // Both operands have a second reader, so that nothing fuses into their convolutions.
  if (b.op == "Add") return s.node("Add", {s.node("Add", {s.node("Add", {x, other}), x}), other});
  if (b.op == "Mul") return s.node("Mul", {s.node("Mul", {s.node("Mul", {x, other}), x}), other});
  if (b.op == "Transpose") return s.node(b.op, {x}, {attr("perm", Dims{0, 2, 3, 1})});
  if (b.op == "Split")
    return s.node("Concat", s.node_of("Split", {x}, 2, {attr("axis", 1)}), {attr("axis", 0)});
  return s.node(b.op, {x});
}

onnx_io::ModelSketch behind_model(const Behind& b) {
  std::string name = fmt::format("behind_{}_{}_{}x{}", b.op, b.channels, b.edge, b.edge);
  if (b.kernel > 0) name += fmt::format("_k{}s{}", b.kernel, b.stride);
  Sketch s(std::move(name));
  const std::string image = s.input({1, 16, b.edge, b.edge});
  const std::string x = conv(s, image, {.in = 16, .out = b.channels});
  const bool pair = b.op == "Concat" || b.op == "Add" || b.op == "Mul";
  s.sink(behind(s, b, x, pair ? conv(s, image, {.in = 16, .out = b.channels}) : ""));
  return s.take();
}

/// A chain of operators so short that what is spent on each node is most of its time.
onnx_io::ModelSketch tiny_chain(const std::vector<std::string_view>& ops, int nodes) {
  Sketch s(fmt::format("tiny_{}_{}", ops.front(), nodes));
  std::string x = s.input({1, 16});
  const bool binary = ops.front() == "Add";
  const std::string other = binary ? s.input({1, 16}) : "";
  for (int i = 0; i < nodes; ++i) {
    const std::string_view op = ops[static_cast<std::size_t>(i) % ops.size()];
    x = s.node(op, binary ? Names{x, other} : Names{x});
  }
  s.output(x);
  return s.take();
}

onnx_io::ModelSketch reshape_chain(int nodes) {
  Sketch s(fmt::format("tiny_Reshape_{}", nodes));
  std::string x = s.input({1, 64});
  const Names shapes = {s.ints({1, 4, 16}), s.ints({1, 64})};
  for (int i = 0; i < nodes; ++i) {
    x = s.node("Reshape", {x, shapes[static_cast<std::size_t>(i) % 2]});
    x = s.node(i % 2 == 0 ? "Abs" : "Neg", {x});
  }
  s.output(x);
  return s.take();
}

onnx_io::ModelSketch identity_model(int ports) {
  Sketch s(fmt::format("identity_{}", ports));
  for (int i = 0; i < ports; ++i) s.output(s.node("Identity", {s.input({1, 16})}));
  return s.take();
}

}  // namespace

Sketches overhead_models() {
  Sketches sketches;
  sketches.push_back(identity_model(1));
  sketches.push_back(identity_model(4));
  sketches.push_back(tiny_chain({"Neg", "Abs", "Sin", "Ceil"}, 300));
  sketches.push_back(tiny_chain({"Neg", "Abs", "Sin", "Ceil"}, 100));
  sketches.push_back(tiny_chain({"Add", "Mul"}, 200));
  sketches.push_back(tiny_chain({"Add", "Mul"}, 60));
  sketches.push_back(reshape_chain(60));
  sketches.push_back(reshape_chain(150));
  return sketches;
}

Sketches conv_block_models() {
  Sketches sketches = cross(std::vector<Block>{{112, 16, 64, 3, 2},
                                               {56, 24, 144, 3, 3},
                                               {28, 32, 192, 3, 4},
                                               {14, 96, 576, 3, 3},

                                               {14, 80, 480, 3, 1, 8}},
                            std::vector<std::string_view>{"Clip", "HardSwish"}, inverted_residual);
  for (const Block& b :
       {Block{56, 256, 64, 3, 1}, Block{28, 512, 128, 3, 1}, Block{14, 1024, 256, 3, 1},
        Block{7, 1024, 256, 3, 1}, Block{56, 256, 128, 3, 1, 1, 32},
        Block{14, 1024, 256, 3, 1, 1, 32}, Block{28, 256, 64, 3, 1, 4}}) {
    sketches.push_back(bottleneck(b));
  }
  for (const Block& b : {Block{56, 64, 32, 3, 4}, Block{28, 128, 32, 3, 6},
                         Block{14, 256, 32, 3, 8}, Block{28, 64, 32, 1, 8}}) {
    sketches.push_back(dense_block(b));
  }
  for (const Block& b : {Block{28, 60, 60, 3, 4, 1, 3}, Block{28, 48, 192, 3, 2, 1, 8},
                         Block{14, 96, 384, 3, 3, 1, 8}, Block{14, 120, 120, 3, 4, 1, 3}}) {
    sketches.push_back(shuffle_block(b));
  }
  for (const Block& b : {Block{14, 1024, 1000, 1, 2}, Block{7, 320, 1000, 3, 1},
                         Block{14, 512, 1000, 1, 8}, Block{7, 1280, 1000, 1, 1}}) {
    sketches.push_back(classifier(b));
  }
  append(sketches, cross(std::vector<Block>{{56, 96, 8, 3, 2}, {14, 672, 32, 3, 3}},
                         std::vector<std::string_view>{"Sigmoid", "HardSigmoid"}, squeeze_block));
  return sketches;
}

Sketches fused_activation_models() {
  struct Row {
    std::int64_t edge, channels;
    int repeats;
  };
  const auto make = [](std::string_view kind, const Row& row) {
    Sketch s(
        fmt::format("fused_{}_{}x{}_{}_x{}", kind, row.edge, row.edge, row.channels, row.repeats));
    std::string x = s.input({1, 16, row.edge, row.edge});
    for (int i = 0; i < row.repeats; ++i) {
      x = activation(s, kind, conv(s, x, {.in = 16, .out = row.channels}));
      x = conv(s, x, {.in = row.channels, .out = 16});
    }
    s.sink(x);
    return s.take();
  };
  return cross(std::vector<std::string_view>{"none", "Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh",
                                             "HardSigmoid", "HardSwish", "Swish", "GeluParts"},
               std::vector<Row>{{56, 96, 2}, {14, 480, 4}}, make);
}

Sketches behind_conv_models() {
  struct Window {
    std::int64_t channels, edge, kernel, stride;
  };
  Sketches sketches = cross(std::vector<Window>{{64, 112, 3, 2},
                                                {64, 112, 2, 2},
                                                {512, 28, 2, 2},
                                                {192, 28, 3, 1},
                                                {256, 10, 5, 1},
                                                {64, 35, 3, 1}},
                            std::vector<std::string_view>{"MaxPool", "AveragePool"},
                            [](const Window& w, std::string_view op) {
                              return behind_model({op, w.channels, w.edge, w.kernel, w.stride});
                            });
  for (const Behind& b : {Behind{"GlobalAveragePool", 2048, 7},
                          Behind{"GlobalAveragePool", 96, 56},
                          Behind{"GlobalAveragePool", 672, 14},
                          Behind{"GlobalAveragePool", 32, 112},
                          Behind{"nearest", 256, 20},
                          Behind{"nearest", 64, 40},
                          Behind{"nearest", 64, 80},
                          Behind{"linear", 64, 20},
                          Behind{"linear", 32, 40},
                          Behind{"Concat", 64, 56},
                          Behind{"Concat", 256, 14},
                          Behind{"Concat", 24, 56},
                          Behind{"Concat", 40, 28},
                          Behind{"Add", 64, 56},
                          Behind{"Add", 512, 14},
                          Behind{"Mul", 256, 14},
                          Behind{"Mul", 96, 56},
                          Behind{"Transpose", 96, 56},
                          Behind{"Transpose", 384, 14},
                          Behind{"Split", 116, 28},
                          Behind{"Split", 64, 56},
                          Behind{"Flatten", 256, 14},
                          Behind{"Flatten", 64, 56}}) {
    sketches.push_back(behind_model(b));
  }
  return sketches;
}

}  // namespace roofline::calibrate
