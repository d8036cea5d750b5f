// Owns the small language that the synthetic models are written in.
// Refuses to know which models there are.
#include "sketch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace roofline::calibrate {

Sketch::Sketch(std::string name, std::int64_t opset) {
  model_.name = std::move(name);
  model_.opset = opset;
}

std::string Sketch::fresh(char prefix) { return fmt::format("{}{}", prefix, names_++); }

std::string Sketch::input(Dims dims, ir::DType dtype) {
  return model_.inputs.emplace_back(onnx_io::PortSketch{fresh('x'), dtype, std::move(dims)}).name;
}

std::string Sketch::weight(Dims dims, std::int64_t fan_in) {
  const double bound = std::sqrt(3.0 / static_cast<double>(fan_in));
  return random(ir::DType::kFloat32, std::move(dims), -bound, bound);
}

std::string Sketch::random(ir::DType dtype, Dims dims, double low, double high) {
  return model_.initializers
      .emplace_back(onnx_io::InitializerSketch{fresh('w'), dtype, std::move(dims), {}, low, high})
      .name;
}

std::string Sketch::constant(ir::DType dtype, Dims dims, std::vector<double> values) {
  return model_.initializers
      .emplace_back(
          onnx_io::InitializerSketch{fresh('c'), dtype, std::move(dims), std::move(values), 0, 0})
      .name;
}

std::string Sketch::ints(const Dims& values) {
  return constant(ir::DType::kInt64, {static_cast<std::int64_t>(values.size())},
                  {values.begin(), values.end()});
}

std::string Sketch::scalar(double value) { return constant(ir::DType::kFloat32, {}, {value}); }

std::string Sketch::node(std::string_view op, Names inputs, Attributes attributes,
                         std::string_view domain) {
  return node_of(op, std::move(inputs), 1, std::move(attributes), domain).front();
}

Names Sketch::node_of(std::string_view op, Names inputs, std::size_t outputs, Attributes attributes,
                      std::string_view domain) {
  auto& domains = model_.domains;
  if (!domain.empty() && std::find(domains.begin(), domains.end(), domain) == domains.end()) {
    domains.emplace_back(domain);
  }
  Names results;
  for (std::size_t i = 0; i < outputs; ++i) results.push_back(fresh('t'));
  model_.nodes.push_back(
      {std::string(op), std::string(domain), std::move(inputs), results, std::move(attributes)});
  return results;
}

void Sketch::output(const std::string& name, ir::DType dtype) {
  model_.outputs.push_back({name, dtype});
}

void Sketch::sink(const std::string& name, ir::DType dtype) {
  if (sink_bounds_.empty()) sink_bounds_ = {ints({-1}), ints({0}), ints({1})};
  const std::string flat = node("Reshape", {name, sink_bounds_[0]});
  output(node("Slice", {flat, sink_bounds_[1], sink_bounds_[2], sink_bounds_[1]}), dtype);
}

ir::Attribute attr(std::string name, int value) {
  return {std::move(name), std::int64_t{value}, {}};
}
ir::Attribute attr(std::string name, std::int64_t value) { return {std::move(name), value, {}}; }
ir::Attribute attr(std::string name, double value) { return {std::move(name), value, {}}; }
ir::Attribute attr(std::string name, std::string value) {
  return {std::move(name), std::move(value), {}};
}
ir::Attribute attr(std::string name, Dims values) {
  return {std::move(name), std::move(values), {}};
}

void append(Sketches& sketches, Sketches more) {
  sketches.insert(sketches.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

std::int64_t product(const Dims& dims) {
  std::int64_t result = 1;
  for (const std::int64_t dim : dims) result *= dim;
  return result;
}

std::string dims_text(const Dims& dims) { return fmt::format("{}", fmt::join(dims, "x")); }

std::string conv(Sketch& sketch, const std::string& x, const ConvSize& size) {
  const std::size_t rank = size.kernel.size();
  Dims weight = {size.out, size.in / size.group};
  weight.insert(weight.end(), size.kernel.begin(), size.kernel.end());
  Dims pads;
  for (const std::int64_t k : size.kernel) {
    pads.push_back(k == size.stride ? 0 : (k - 1) / 2 * size.dilation);
  }
  pads.insert(pads.end(), pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  const std::int64_t fan_in = size.in / size.group * product(size.kernel);
  return sketch.node("Conv",
                     {x, sketch.weight(std::move(weight), fan_in), sketch.weight({size.out}, 300)},
                     {attr("kernel_shape", size.kernel), attr("strides", Dims(rank, size.stride)),
                      attr("pads", std::move(pads)), attr("dilations", Dims(rank, size.dilation)),
                      attr("group", size.group)});
}

std::string gemm(Sketch& sketch, const std::string& x, std::int64_t k, std::int64_t n) {
  return sketch.node("Gemm", {x, sketch.weight({k, n}, k), sketch.weight({n}, 300)});
}

}  // namespace roofline::calibrate
