// Owns the synthetic elementwise operators: of equal shapes, with each pattern of broadcasting, and
// each function of one operand.
// Refuses operators that move elements: synthetic_movement.cpp has those.
#include <fmt/format.h>

#include "sketch.hpp"

namespace roofline::calibrate {
namespace {

struct Size {
  std::int64_t elements;
  int repeats;  ///< so that a chain of short ones can be timed
};

onnx_io::ModelSketch same_shape(const Size& size, std::string_view op) {
  Sketch s(fmt::format("same_{}_{}_x{}", op, size.elements, size.repeats));
  std::string x = s.input({1, size.elements});
  const std::string other = s.input({1, size.elements});
  for (int i = 0; i < size.repeats; ++i) x = s.node(op, {x, other});
  s.sink(x);
  return s.take();
}

struct Broadcast {
  std::string_view pattern;
  Dims dims;
  Dims other;
};

onnx_io::ModelSketch broadcast(const Broadcast& row, std::string_view op) {
  Sketch s(fmt::format("broadcast_{}_{}_{}", row.pattern, op, dims_text(row.dims)));
  std::string x = s.input(row.dims);
  const std::string other = s.input(row.other);
  const std::int64_t elements = product(row.dims);
  const int repeats = elements < 20'000 ? 24 : elements < 400'000 ? 4 : 2;
  for (int i = 0; i < repeats; ++i) x = s.node(op, {x, other});
  s.sink(x);
  return s.take();
}

struct Unary {
  std::string_view op;
  Attributes attributes = {};
  std::string_view domain = {};
  double exponent = 0;    ///< second operand of Pow
  int longest_chain = 8;  ///< links before the values overflow
};

std::string apply(Sketch& s, const Unary& u, const Size& size, const std::string& x) {
  Names inputs = {x};
  if (u.op == "Pow") inputs.push_back(s.scalar(u.exponent));
  if (u.op == "Clip") inputs = {x, s.scalar(0), s.scalar(6)};
  if (u.op == "BiasGelu") inputs.push_back(s.weight({size.elements / 64}, 300));
  return s.node(u.op, std::move(inputs), u.attributes, u.domain);
}

onnx_io::ModelSketch unary(const Unary& u, const Size& size) {
  const std::string exponent = u.op == "Pow" ? fmt::format("{}", u.exponent) : "";
  Sketch s(fmt::format("unary_{}{}_{}", u.op, exponent, size.elements));
  std::string x = s.input({64, size.elements / 64});
  for (int i = 0; i < std::min(size.repeats, u.longest_chain); ++i) x = apply(s, u, size, x);
  s.sink(x);
  return s.take();
}

/// PRelu of one slope, or of one for each channel of an image. It branches on the sign. Measured
/// inputs are of [0.5, 1.5), of which it would mispredict nothing; how often it does is up to a
/// model's data, whose signs come in patches: one in eight of the other sign stands for that.
onnx_io::ModelSketch slopes(const Dims& dims, const Dims& slope) {
  Sketch s(fmt::format("slopes_{}_{}", dims_text(slope), dims_text(dims)));
  const std::string x = s.node("Sub", {s.input(dims), s.scalar(0.625)});
  s.sink(s.node("PRelu", {x, s.weight(slope, 300)}));
  return s.take();
}

}  // namespace

Sketches elementwise_models() {
  return cross(std::vector<Size>{{4096, 32}, {65536, 6}, {1048576, 1}, {4194304, 1}},
               std::vector<std::string_view>{"Add", "Mul", "Sub", "Div"}, same_shape);
}

Sketches broadcast_models() {
  Sketches sketches = cross(std::vector<Broadcast>{{"scalar", {1, 65536}, {1}},
                                                   {"scalar", {1, 1048576}, {1}},
                                                   {"scalar", {16384, 1}, {1}},
                                                   {"scalar", {197, 1}, {1}},
                                                   {"row", {128, 768}, {768}},
                                                   {"row", {3136, 96}, {96}},
                                                   {"row", {16, 64}, {64}},
                                                   {"row", {64, 256}, {256}},

                                                   {"column", {197, 768}, {197, 1}},

                                                   {"channel", {1, 96, 56, 56}, {1, 96, 1, 1}},
                                                   {"channel", {1, 672, 14, 14}, {1, 672, 1, 1}},
                                                   {"channel", {1, 1152, 7, 7}, {1, 1152, 1, 1}},
                                                   {"channel", {1, 32, 112, 112}, {1, 32, 1, 1}},
                                                   {"mask", {1, 12, 128, 128}, {1, 1, 128, 128}},
                                                   {"mask", {32, 3, 49, 49}, {32, 1, 49, 49}}},
                            std::vector<std::string_view>{"Mul", "Add"}, broadcast);
  append(sketches, cross(std::vector<Broadcast>{{"scalar", {1, 65536}, {1}},
                                                {"scalar", {1, 1048576}, {1}},
                                                {"scalar", {1024, 1}, {1}}},
                         std::vector<std::string_view>{"Sub", "Div"}, broadcast));
  return sketches;
}

Sketches unary_models() {
  const Attributes alpha = {attr("alpha", 0.1)};
  const std::vector<Unary> functions = {{"Relu"},
                                        {"LeakyRelu", alpha},
                                        {"Clip"},
                                        {"Elu"},
                                        {"Sigmoid"},
                                        {"Tanh"},
                                        {"Erf"},
                                        {.op = "Exp", .longest_chain = 2},
                                        {.op = "Log", .longest_chain = 1},
                                        {"Sqrt"},

                                        {.op = "Pow", .exponent = 2, .longest_chain = 4},

                                        {"HardSigmoid", alpha},
                                        {"Softplus"},

                                        {"Neg"},

                                        {.op = "Gelu", .domain = kMicrosoft},
                                        {.op = "FastGelu", .domain = kMicrosoft},
                                        {.op = "BiasGelu", .domain = kMicrosoft},
                                        {"QuickGelu", {attr("alpha", 1.702)}, kMicrosoft}};
  Sketches sketches = cross(functions, std::vector<Size>{{16384, 6}, {262144, 1}}, unary);
  sketches.push_back(slopes({1, 524288}, {1}));
  sketches.push_back(slopes({1, 64, 56, 56}, {64, 1, 1}));
  sketches.push_back(slopes({1, 128, 80, 80}, {128, 1, 1}));
  return sketches;
}

}  // namespace roofline::calibrate
