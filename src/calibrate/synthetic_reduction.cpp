// Owns the synthetic operators that summarise: pools, normalizations, reductions, searches.
// Refuses pools that run in a convolution's layout: synthetic_block.cpp has those.
#include <fmt/format.h>

#include "sketch.hpp"

namespace roofline::calibrate {
namespace {

struct PoolWindow {
  std::int64_t channels, edge, kernel, stride;
};

onnx_io::ModelSketch pooled(const PoolWindow& w, std::string_view op) {
  Sketch s(
      fmt::format("pool_{0}_{1}_{2}x{2}_k{3}s{4}", op, w.channels, w.edge, w.kernel, w.stride));
  const std::int64_t pad = w.kernel == w.stride ? 0 : w.kernel / 2;
  s.sink(s.node(op, {s.input({1, w.channels, w.edge, w.edge})},
                {attr("kernel_shape", Dims{w.kernel, w.kernel}),
                 attr("strides", Dims{w.stride, w.stride}), attr("pads", Dims(4, pad))}));
  return s.take();
}

/// One operator whose other operands are in the model, on `lanes` inputs, so that it can be timed.
struct Single {
  std::string_view op;
  Dims dims;
  Attributes attributes = {};
  int lanes = 1;
  std::string_view domain = {};
};

/// Scales and shifts for each of `count` channels.
Names parameters(Sketch& s, std::string_view op, std::int64_t count) {
  const auto near_one = [&] { return s.random(ir::DType::kFloat32, {count}, 0.9, 1.1); };
  if (op == "SimplifiedLayerNormalization") return {near_one()};
  if (op == "BatchNormalization") {
    return {near_one(), s.weight({count}, 300), s.weight({count}, 300), near_one()};
  }
  return {near_one(), s.weight({count}, 300)};
}

onnx_io::ModelSketch normalization(const Single& row) {
  Sketch s(fmt::format("{}_{}", row.op, dims_text(row.dims)));
  const bool by_channel = row.op == "BatchNormalization" || row.op == "InstanceNormalization";
  const bool skip = row.op.starts_with("Skip");
  for (int lane = 0; lane < row.lanes; ++lane) {
    Names inputs = {s.input(row.dims)};
    if (skip) inputs.push_back(s.input(row.dims));
    Names more = {};
    if (row.op == "SkipSimplifiedLayerNormalization") {
      more = parameters(s, "SimplifiedLayerNormalization", row.dims.back());
    } else if (!row.op.ends_with("Softmax") && row.op != "LRN") {
      more = parameters(s, row.op, by_channel ? row.dims[1] : row.dims.back());
    }
    inputs.insert(inputs.end(), more.begin(), more.end());
    s.sink(s.node(row.op, std::move(inputs), row.attributes, row.domain));
  }
  return s.take();
}

/// As exporters write it for runtimes without an operator: normalize groups, then scale channels.
onnx_io::ModelSketch group_norm(std::int64_t channels, std::int64_t edge) {
  constexpr std::int64_t kGroups = 32;
  Sketch s(fmt::format("group_norm_{}_{}x{}", channels, edge, edge));
  const std::string x = s.input({1, channels, edge, edge});
  std::string y = s.node("Reshape", {x, s.ints({1, kGroups, -1})});
  y = s.node("InstanceNormalization",
             {y, s.random(ir::DType::kFloat32, {kGroups}, 0.9, 1.1), s.weight({kGroups}, 300)});
  y = s.node("Reshape", {y, s.ints({1, channels, edge, edge})});
  y = s.node("Mul", {y, s.random(ir::DType::kFloat32, {channels, 1, 1}, 0.9, 1.1)});
  s.sink(s.node("Add", {y, s.weight({channels, 1, 1}, 300)}));
  return s.take();
}

onnx_io::ModelSketch reduction(const Single& row) {
  std::string name = fmt::format("{}_{}", row.op, dims_text(row.dims));
  for (const ir::Attribute& attribute : row.attributes) {
    if (const auto* axis = std::get_if<std::int64_t>(&attribute.value)) {
      name += fmt::format("_{}{}", attribute.name, *axis);
    } else if (const auto* axes = std::get_if<Dims>(&attribute.value)) {
      name += fmt::format("_{}{}", attribute.name, dims_text(*axes));
    }
  }
  Sketch s(std::move(name));
  const bool search = row.op.starts_with("Arg");
  for (int lane = 0; lane < row.lanes; ++lane) {
    Names inputs = {s.input(row.dims)};
    // ReduceSum has its axes as an operand since opset 13, the others since 18.
    if (row.op == "ReduceSum" || row.op == "CumSum") inputs.push_back(s.ints({1}));
    s.sink(s.node(row.op, std::move(inputs), row.attributes),
           search ? ir::DType::kInt64 : ir::DType::kFloat32);
  }
  return s.take();
}

onnx_io::ModelSketch top_k(std::int64_t rows, std::int64_t columns, std::int64_t k) {
  Sketch s(fmt::format("TopK_{}x{}_{}", rows, columns, k));
  const Names results =
      s.node_of("TopK", {s.input({rows, columns}), s.ints({k})}, 2, {attr("axis", -1)});
  s.sink(results[0]);
  s.sink(results[1], ir::DType::kInt64);
  return s.take();
}

}  // namespace

Sketches pool_models() {
  Sketches sketches = cross(std::vector<PoolWindow>{{24, 112, 3, 2},
                                                    {24, 112, 2, 2},
                                                    {250, 28, 2, 2},
                                                    {100, 28, 3, 1},
                                                    {120, 10, 5, 1},
                                                    {58, 35, 3, 1}},
                            std::vector<std::string_view>{"MaxPool", "AveragePool"}, pooled);
  for (const Single& row :
       {Single{"GlobalAveragePool", {1, 1000, 13, 13}},
        Single{"GlobalAveragePool", {1, 72, 56, 56}},
        Single{"GlobalAveragePool", {1, 24, 112, 112}},
        Single{"GlobalAveragePool", {1, 1000, 7, 7}, {}, 2},
        Single{"GlobalAveragePool", {8, 500, 7, 7}}, Single{"GlobalAveragePool", {4, 120, 28, 28}},
        Single{"GlobalMaxPool", {1, 500, 28, 28}}, Single{"GlobalMaxPool", {1, 1000, 14, 14}}}) {
    sketches.push_back(reduction(row));
  }
  return sketches;
}

Sketches normalization_models() {
  const Attributes last = {attr("axis", -1)};
  const Attributes second = {attr("axis", 1)};
  const Attributes lrn = {attr("size", 5), attr("alpha", 1e-4), attr("beta", 0.75)};
  const Attributes rms = {attr("axis", -1), attr("epsilon", 1e-6)};
  constexpr std::string_view kRms = "SimplifiedLayerNormalization";
  constexpr std::string_view kSkip = "SkipLayerNormalization";
  constexpr std::string_view kSkipRms = "SkipSimplifiedLayerNormalization";
  Sketches sketches;
  for (const Single& row : std::vector<Single>{{"Softmax", {12, 128, 128}, last},
                                               {"Softmax", {12, 300, 300}, last},
                                               {"Softmax", {12, 197, 197}, last},
                                               {"Softmax", {1, 20000}, last, 2},
                                               {"Softmax", {12, 1, 513}, last, 4},
                                               {"Softmax", {3136, 49}, last},
                                               {"Softmax", {8, 1000}, last, 4},
                                               {"Softmax", {9216, 16}, last},
                                               {"Softmax", {32768, 7}, last},
                                               {"Softmax", {12, 512, 512}, last},
                                               {"Softmax", {1, 21, 128, 128}, second},
                                               {"Softmax", {1, 64, 40, 40}, second},
                                               {"Softmax", {1, 3, 160, 160}, second},
                                               {"Softmax", {1, 2, 64, 64}, second, 2},

                                               {"LayerNormalization", {1, 128, 768}, last},
                                               {"LayerNormalization", {3136, 96}, last},
                                               {"LayerNormalization", {1, 1, 768}, last, 12},
                                               {"LayerNormalization", {49, 768}, last, 2},
                                               {"LayerNormalization", {1500, 384}, last},
                                               {"LayerNormalization", {64, 4096}, last},
                                               {kSkip, {1, 128, 768}, {}, 1, kMicrosoft},
                                               {kSkip, {1, 1024, 256}, {}, 1, kMicrosoft},
                                               {kSkip, {1, 1, 768}, {}, 8, kMicrosoft},
                                               {kSkip, {1, 16, 512}, {}, 4, kMicrosoft},
                                               {kRms, {1, 128, 2048}, rms},
                                               {kRms, {1, 1, 2048}, rms, 8},
                                               {kRms, {1, 512, 512}, rms},
                                               {kRms, {1, 1, 4096}, rms, 6},
                                               {kSkipRms, {1, 128, 1024}, {}, 1, kMicrosoft},
                                               {kSkipRms, {1, 1, 4096}, {}, 4, kMicrosoft},
                                               {"InstanceNormalization", {1, 64, 56, 56}},
                                               {"InstanceNormalization", {1, 256, 28, 28}},

                                               {"BatchNormalization", {1, 64, 56, 56}},
                                               {"BatchNormalization", {1, 512, 14, 14}},
                                               {"BatchNormalization", {64, 1024}},
                                               {"BatchNormalization", {1, 256, 100}},
                                               {"LRN", {1, 96, 27, 27}, lrn},
                                               {"LRN", {1, 64, 56, 56}, lrn}}) {
    sketches.push_back(normalization(row));
  }
  sketches.push_back(group_norm(320, 32));
  sketches.push_back(group_norm(128, 64));
  return sketches;
}

Sketches reduction_models() {
  const auto axes = [](Dims list) { return Attributes{attr("axes", std::move(list))}; };
  const auto axis = [](int which) { return Attributes{attr("axis", which)}; };
  Sketches sketches;
  for (const Single& row : std::vector<Single>{{"ReduceMean", {1, 128, 768}, axes({-1}), 2},
                                               {"ReduceMean", {1, 768, 196}, axes({1}), 2},
                                               {"ReduceMean", {1, 3136, 96}, axes({-1})},
                                               {"ReduceMean", {1, 197, 768}, axes({1}), 2},
                                               {"ReduceMean", {1, 1280, 7, 7}, axes({2, 3}), 2},
                                               {"ReduceMean", {8, 49, 768}, axes({1})},
                                               {"ReduceMean", {1, 96, 56, 56}, axes({2, 3})},
                                               {"ReduceMean", {1, 21, 128, 128}, axes({1})},
                                               {"ReduceMean", {1, 64, 64, 64}, axes({1})},
                                               {"ReduceMean", {1, 64, 128, 128}, axes({1})},
                                               {"ReduceMean", {1, 32, 200, 200}, axes({1})},

                                               {"ReduceSum", {64, 16, 256}},
                                               {"ReduceSum", {4, 1024, 96}},
                                               {"ReduceMax", {1, 512, 784}, axes({-1})},
                                               {"ReduceMax", {1, 64, 1000}, axes({-1}), 2},
                                               {"ReduceL2", {256, 1024}, axes({-1})},
                                               {"ReduceL2", {1000, 128}, axes({-1}), 2},
                                               {"ArgMax", {1, 21, 128, 128}, axis(1)},
                                               {"ArgMax", {8, 20000}, axis(-1)},
                                               {"ArgMax", {128, 1000}, axis(-1)},
                                               {"ArgMax", {1, 150, 64, 64}, axis(1)},
                                               {"CumSum", {64, 512}, {}, 2},
                                               {"CumSum", {16, 8192}}}) {
    sketches.push_back(reduction(row));
  }
  sketches.push_back(top_k(1, 20000, 100));
  sketches.push_back(top_k(64, 1000, 5));
  sketches.push_back(top_k(8, 4096, 1));
  sketches.push_back(top_k(1, 8400, 300));
  sketches.push_back(top_k(64, 1000, 200));
  sketches.push_back(top_k(128, 64, 64));
  return sketches;
}

}  // namespace roofline::calibrate
