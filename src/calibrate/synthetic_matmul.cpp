// Owns the synthetic matrix products, recurrences and attention.
// Refuses products with integers: synthetic_quantized.cpp has those.
#include <fmt/format.h>

#include "sketch.hpp"

namespace roofline::calibrate {
namespace {

onnx_io::ModelSketch gemm_chain(std::int64_t m, const Dims& widths, int repeats) {
  Sketch s(fmt::format("gemm_{}_{}_x{}", m, dims_text(widths), repeats));
  std::string x = s.input({m, widths.front()});
  for (int i = 0; i < repeats; ++i) {
    for (std::size_t k = 0; k + 1 < widths.size(); ++k) {
      x = gemm(s, x, widths[k], widths[k + 1]);
    }
  }
  s.sink(x);
  return s.take();
}

/// Rank-3 activations, as exporters of transformers write linear layers.
onnx_io::ModelSketch matmul_chain(std::int64_t m, std::int64_t width, int repeats, bool bias) {
  Sketch s(fmt::format("matmul{}_{}_{}_x{}", bias ? "_bias" : "", m, width, repeats));
  std::string x = s.input({1, m, width});
  for (int i = 0; i < repeats; ++i) {
    x = s.node("MatMul", {x, s.weight({width, width}, width)});
    if (bias) x = s.node("Add", {s.weight({width}, 300), x});
  }
  s.sink(x);
  return s.take();
}

/// Products of two activations: [b, m, k] x [b, k, n], then x [b, n, k], and so on.
struct Batched {
  std::int64_t b, m, n, k;
  int repeats;
};

onnx_io::ModelSketch batched_chain(const Batched& row, bool transposed) {
  Sketch s(fmt::format("batched{}_{}_{}x{}x{}_x{}", transposed ? "_transposed" : "", row.b, row.m,
                       row.n, row.k, row.repeats));
  std::string x = s.input({row.b, row.m, row.k});
  const std::string there =
      s.input(transposed ? Dims{row.b, row.n, row.k} : Dims{row.b, row.k, row.n});
  const std::string back = s.input({row.b, row.n, row.k});
  // Results of products of positive numbers grow by k: alpha holds them down.
  for (int i = 0; i < row.repeats; ++i) {
    const Attributes there_scale = {attr("transB", transposed ? 1 : 0),
                                    attr("alpha", 1.0 / static_cast<double>(row.k))};
    const Attributes back_scale = {attr("alpha", 1.0 / static_cast<double>(row.n))};
    x = s.node("FusedMatMul", {x, there}, there_scale, kMicrosoft);
    x = s.node("FusedMatMul", {x, back}, back_scale, kMicrosoft);
  }
  s.sink(x);
  return s.take();
}

onnx_io::ModelSketch plain_batched(const Batched& row) {
  Sketch s(fmt::format("batched_plain_{}_{}x{}x{}", row.b, row.m, row.n, row.k));
  const std::string a = s.input({row.b, row.m, row.k});
  s.sink(s.node("MatMul", {a, s.input({row.b, row.k, row.n})}));
  return s.take();
}

/// Scores of attention, and their product with the values, as sums over named axes.
onnx_io::ModelSketch einsum_pair(const Batched& row) {
  Sketch s(fmt::format("einsum_{}_{}x{}x{}", row.b, row.m, row.n, row.k));
  const std::string q = s.input({1, row.b, row.m, row.k});
  const std::string k = s.input({1, row.b, row.n, row.k});
  const std::string v = s.input({1, row.b, row.n, row.k});
  const std::string scores =
      s.node("Einsum", {q, k}, {attr("equation", std::string("bhid,bhjd->bhij"))});
  s.sink(s.node("Einsum", {scores, v}, {attr("equation", std::string("bhij,bhjd->bhid"))}));
  return s.take();
}

struct Recurrence {
  std::int64_t steps, input, hidden, directions;
  std::int64_t batch = 1;
};

onnx_io::ModelSketch recurrence(const Recurrence& r, std::string_view op) {
  Sketch s(
      fmt::format("{}_{}x{}_{}-{}_d{}", op, r.steps, r.batch, r.input, r.hidden, r.directions));
  const std::int64_t gates = op == "LSTM" ? 4 : 3;
  const std::string x = s.input({r.steps, r.batch, r.input});
  const Names inputs = {x, s.weight({r.directions, gates * r.hidden, r.input}, r.input),
                        s.weight({r.directions, gates * r.hidden, r.hidden}, r.hidden),
                        s.weight({r.directions, 2 * gates * r.hidden}, 300)};
  Attributes attributes = {
      attr("hidden_size", r.hidden),
      attr("direction", std::string(r.directions == 2 ? "bidirectional" : "forward"))};
  if (op == "GRU") attributes.push_back(attr("linear_before_reset", 1));
  s.sink(s.node(op, inputs, std::move(attributes)));
  return s.take();
}

struct Encoder {
  std::int64_t tokens, width, heads;
  int layers;
};

std::string layer_norm(Sketch& s, const std::string& x, std::int64_t width) {
  return s.node("LayerNormalization",
                {x, s.random(ir::DType::kFloat32, {width}, 0.9, 1.1), s.weight({width}, 300)},
                {attr("axis", -1), attr("epsilon", 1e-5)});
}

std::string linear(Sketch& s, const std::string& x, std::int64_t k, std::int64_t n) {
  return s.node("Add", {s.node("MatMul", {x, s.weight({k, n}, k)}), s.weight({n}, 300)});
}

std::string heads_of(Sketch& s, const Encoder& e, const std::string& x, Dims perm) {
  const std::string split = s.ints({1, e.tokens, e.heads, e.width / e.heads});
  return s.node("Transpose", {s.node("Reshape", {x, split})}, {attr("perm", std::move(perm))});
}

/// A transformer's layer as exporters write it, node by node.
onnx_io::ModelSketch encoder(const Encoder& e) {
  Sketch s(fmt::format("encoder_{}x{}_h{}_x{}", e.tokens, e.width, e.heads, e.layers));
  std::string x = s.input({1, e.tokens, e.width});
  for (int i = 0; i < e.layers; ++i) {
    const std::string y = layer_norm(s, x, e.width);
    const std::string q = heads_of(s, e, linear(s, y, e.width, e.width), {0, 2, 1, 3});
    const std::string k = heads_of(s, e, linear(s, y, e.width, e.width), {0, 2, 3, 1});
    const std::string v = heads_of(s, e, linear(s, y, e.width, e.width), {0, 2, 1, 3});
    std::string scores = s.node("MatMul", {q, k});
    scores = s.node("Softmax", {s.node("Mul", {scores, s.scalar(0.125)})}, {attr("axis", -1)});
    const std::string mixed =
        s.node("Transpose", {s.node("MatMul", {scores, v})}, {attr("perm", Dims{0, 2, 1, 3})});
    const std::string joined = s.node("Reshape", {mixed, s.ints({1, e.tokens, e.width})});
    x = s.node("Add", {linear(s, joined, e.width, e.width), x});
    std::string z = linear(s, layer_norm(s, x, e.width), e.width, 4 * e.width);
    const std::string erf = s.node("Erf", {s.node("Div", {z, s.scalar(1.41421356)})});
    z = s.node("Mul", {s.node("Mul", {z, s.node("Add", {erf, s.scalar(1)})}), s.scalar(0.5)});
    x = s.node("Add", {linear(s, z, 4 * e.width, e.width), x});
  }
  s.sink(x);
  return s.take();
}

/// Attention as one operator; `Attention` computes q, k and v as well.
onnx_io::ModelSketch fused_attention(const Encoder& e, std::string_view op) {
  Sketch s(fmt::format("{}_{}x{}_h{}", op, e.tokens, e.width, e.heads));
  const std::string x = s.input({1, e.tokens, e.width});
  Names inputs = {x};
  if (op == "Attention") {
    inputs.push_back(s.weight({e.width, 3 * e.width}, e.width));
    inputs.push_back(s.weight({3 * e.width}, 300));
  } else {
    inputs.push_back(s.input({1, e.tokens, e.width}));
    inputs.push_back(s.input({1, e.tokens, e.width}));
  }
  s.sink(s.node(op, std::move(inputs), {attr("num_heads", e.heads)}, kMicrosoft));
  return s.take();
}

onnx_io::ModelSketch rotary(std::int64_t tokens, std::int64_t heads) {
  constexpr std::int64_t kHead = 64;
  Sketch s(fmt::format("rotary_{}x{}", tokens, heads));
  const Names inputs = {s.input({1, heads, tokens, kHead}), s.input({1, tokens}, ir::DType::kInt64),
                        s.random(ir::DType::kFloat32, {tokens, kHead / 2}, -1, 1),
                        s.random(ir::DType::kFloat32, {tokens, kHead / 2}, -1, 1)};
  s.sink(s.node("RotaryEmbedding", inputs, {}, kMicrosoft));
  return s.take();
}

}  // namespace

Sketches gemm_models() {
  struct Row {
    std::int64_t m;
    Dims widths;
    int repeats;
  };
  Sketches sketches;
  // One row (a matrix times a vector) to a thousand; weights from some KiB to beyond the caches.
  for (const Row& r : std::vector<Row>{
           {1, {768, 2304, 768}, 3},  {1, {256, 256}, 16},        {1, {512, 1000}, 1},
           {1, {128, 128}, 40},       {1, {64, 64}, 60},          {1, {768, 768}, 2},
           {8, {768, 768}, 2},        {4, {512, 512}, 4},         {2, {640, 1000}, 1},
           {16, {256, 256}, 16},      {32, {1024, 1024}, 1},      {50, {768, 1536}, 1},
           {50, {384, 384}, 5},       {64, {64, 64}, 40},         {64, {512, 512}, 4},
           {128, {768, 768}, 2},      {128, {384, 1536, 384}, 1}, {197, {192, 768, 192}, 3},
           {384, {512, 512}, 2},      {784, {96, 384, 96}, 2},    {3136, {96, 96}, 2},
           {3136, {32, 128, 32}, 1},  {512, {128, 128}, 6},       {32, {128, 6000}, 1},
           {1024, {256, 1024}, 1},    {128, {512, 2048}, 1},      {64, {2048, 512}, 1},
           {128, {3072, 384}, 1},     {256, {1024, 640}, 1},      {400, {2048, 320}, 1},
           {197, {1536, 512}, 1},     {320, {2304, 256}, 1},      {1, {768, 3072, 768}, 6},
           {16, {768, 3072, 768}, 5}, {128, {768, 3072, 768}, 5}, {100, {144, 576, 144}, 3},
           {99, {144, 144}, 8},       {577, {768, 768}, 1},       {32, {512, 512}, 48}}) {
    sketches.push_back(gemm_chain(r.m, r.widths, r.repeats));
  }
  sketches.push_back(matmul_chain(128, 256, 4, false));
  sketches.push_back(matmul_chain(50, 512, 3, true));
  sketches.push_back(matmul_chain(1, 512, 5, true));
  sketches.push_back(matmul_chain(1, 384, 8, false));
  sketches.push_back(matmul_chain(128, 1024, 24, false));
  return sketches;
}

Sketches batched_matmul_models() {
  Sketches sketches = cross(std::vector<Batched>{{12, 128, 128, 64, 1},
                                                 {12, 197, 197, 64, 1},
                                                 {12, 1, 513, 64, 6},
                                                 {96, 50, 50, 64, 1},

                                                 {64, 49, 49, 32, 1},
                                                 {4, 64, 64, 64, 12},
                                                 {32, 1, 1024, 64, 1}},
                            std::vector<bool>{false, true}, batched_chain);
  for (const Batched& row :
       {Batched{8, 256, 256, 128, 1}, Batched{6, 384, 384, 64, 1}, Batched{1, 256, 256, 256, 1},
        Batched{32, 128, 64, 128, 1}, Batched{32, 1, 1500, 64, 1}, Batched{16, 1, 128, 2048, 1}}) {
    sketches.push_back(plain_batched(row));
  }
  sketches.push_back(einsum_pair({128, 49, 49, 32, 1}));
  sketches.push_back(einsum_pair({8, 128, 128, 64, 1}));
  return sketches;
}

Sketches recurrent_models() {
  return cross(std::vector<Recurrence>{{32, 256, 384, 1},
                                       {16, 128, 128, 1},
                                       {100, 80, 256, 2},
                                       {50, 64, 64, 1},
                                       {16, 256, 512, 1},
                                       {64, 256, 256, 1, 4},
                                       {128, 32, 128, 2},
                                       {32, 512, 512, 2},
                                       {48, 1024, 512, 1},
                                       {20, 256, 256, 1, 16}},
               std::vector<std::string_view>{"LSTM", "GRU"}, recurrence);
}

Sketches transformer_models() {
  Sketches sketches;
  for (const Encoder& e : {Encoder{128, 320, 5, 1}, Encoder{50, 256, 4, 1}, Encoder{197, 192, 3, 2},
                           Encoder{16, 256, 4, 1}}) {
    sketches.push_back(encoder(e));
  }
  append(sketches,
         cross(std::vector<Encoder>{{128, 512, 8, 1}, {384, 256, 4, 1}},
               std::vector<std::string_view>{"MultiHeadAttention", "Attention"}, fused_attention));
  sketches.push_back(rotary(512, 12));
  sketches.push_back(rotary(128, 32));
  return sketches;
}

}  // namespace roofline::calibrate
