#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "roofline/ir/dtype.hpp"
#include "roofline/ir/graph.hpp"
#include "roofline/onnx_io/write.hpp"

namespace roofline::calibrate {

using Dims = std::vector<std::int64_t>;
using Names = std::vector<std::string>;
using Attributes = std::vector<ir::Attribute>;
using Sketches = std::vector<onnx_io::ModelSketch>;

/// Builds one model node by node; every method returns the name of the tensor it made.
class Sketch {
 public:
  explicit Sketch(std::string name, std::int64_t opset = 17);

  std::string input(Dims dims, ir::DType dtype = ir::DType::kFloat32);
  /// Random floats of mean 0 and variance 1 / fan_in: a chain of products neither grows nor fades.
  std::string weight(Dims dims, std::int64_t fan_in);
  std::string random(ir::DType dtype, Dims dims, double low, double high);
  std::string constant(ir::DType dtype, Dims dims, std::vector<double> values);
  std::string ints(const Dims& values);  ///< 1-D int64
  std::string scalar(double value);      ///< 0-D float32

  std::string node(std::string_view op, Names inputs, Attributes attributes = {},
                   std::string_view domain = {});
  Names node_of(std::string_view op, Names inputs, std::size_t outputs, Attributes attributes = {},
                std::string_view domain = {});

  void output(const std::string& name, ir::DType dtype = ir::DType::kFloat32);
  /// Declares one element of a tensor as output. A whole tensor would be copied out of the runtime
  /// after each run, which is neither its time nor what happens inside a larger model.
  void sink(const std::string& name, ir::DType dtype = ir::DType::kFloat32);
  [[nodiscard]] onnx_io::ModelSketch take() { return std::move(model_); }

 private:
  std::string fresh(char prefix);

  onnx_io::ModelSketch model_;
  std::size_t names_ = 0;
  Names sink_bounds_ = {};  ///< shared by all sinks: [-1], [0], [1]
};

[[nodiscard]] ir::Attribute attr(std::string name, int value);
[[nodiscard]] ir::Attribute attr(std::string name, std::int64_t value);
[[nodiscard]] ir::Attribute attr(std::string name, double value);
[[nodiscard]] ir::Attribute attr(std::string name, std::string value);
[[nodiscard]] ir::Attribute attr(std::string name, Dims values);

inline constexpr std::string_view kMicrosoft = "com.microsoft";

[[nodiscard]] std::int64_t product(const Dims& dims);
/// "1x64x56x56", for names of models.
[[nodiscard]] std::string dims_text(const Dims& dims);

/// A convolution with a bias and, unless it is as long as its stride, padding that keeps the size.
struct ConvSize {
  std::int64_t in = 0;
  std::int64_t out = 0;
  Dims kernel = {1, 1};
  std::int64_t stride = 1;
  std::int64_t group = 1;
  std::int64_t dilation = 1;
};
[[nodiscard]] std::string conv(Sketch& sketch, const std::string& x, const ConvSize& size);
/// A product with a weight, and its bias.
[[nodiscard]] std::string gemm(Sketch& sketch, const std::string& x, std::int64_t k,
                               std::int64_t n);

/// make(row, kind) for all pairs, ordered so that every second one still meets each row and each
/// kind: like the squares of one colour.
template <class Rows, class Kinds, class Make>
Sketches cross(const Rows& rows, const Kinds& kinds, Make make) {
  std::array<Sketches, 2> colours;
  std::size_t r = 0;
  for (const auto& row : rows) {
    std::size_t k = r++;
    for (const auto& kind : kinds) colours[k++ % 2].push_back(make(row, kind));
  }
  Sketches all;
  for (std::size_t i = 0; i < colours[0].size(); ++i) {
    all.push_back(std::move(colours[0][i]));
    if (i < colours[1].size()) all.push_back(std::move(colours[1][i]));
  }
  return all;
}
void append(Sketches& sketches, Sketches more);

// One function per family of models. Every second model of each family still spans its sizes.
[[nodiscard]] Sketches overhead_models();
[[nodiscard]] Sketches pointwise_models();
[[nodiscard]] Sketches dense_conv_models();
[[nodiscard]] Sketches first_conv_models();
[[nodiscard]] Sketches depthwise_models();
[[nodiscard]] Sketches grouped_conv_models();
[[nodiscard]] Sketches transposed_conv_models();
[[nodiscard]] Sketches conv_block_models();
[[nodiscard]] Sketches fused_activation_models();
[[nodiscard]] Sketches behind_conv_models();
[[nodiscard]] Sketches gemm_models();
[[nodiscard]] Sketches batched_matmul_models();
[[nodiscard]] Sketches recurrent_models();
[[nodiscard]] Sketches transformer_models();
[[nodiscard]] Sketches elementwise_models();
[[nodiscard]] Sketches broadcast_models();
[[nodiscard]] Sketches unary_models();
[[nodiscard]] Sketches pool_models();
[[nodiscard]] Sketches normalization_models();
[[nodiscard]] Sketches reduction_models();
[[nodiscard]] Sketches transpose_models();
[[nodiscard]] Sketches join_models();
[[nodiscard]] Sketches movement_models();
[[nodiscard]] Sketches resize_models();
[[nodiscard]] Sketches quantized_models();

}  // namespace roofline::calibrate
