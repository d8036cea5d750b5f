// Owns which kernels of ONNX Runtime take channels in blocks, and how sizes pass through them.
// Refuses to change the graph.
#include "ort_blocks.hpp"

#include <fmt/format.h>

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

constexpr std::int64_t kChannelAlignment = 4;  // what reorders and depthwise kernels can pad from

bool scales_by_integers(const Rewrite& graph, LaunchId l) {
  const TensorId from = graph.input(l, 0);
  const TensorId to = graph.output(l);
  if (graph.sizes.rank(from) != 4U || graph.sizes.rank(to) != 4U) return false;
  for (const std::size_t axis : {2U, 3U}) {
    const std::int64_t in = graph.sizes.dim(from, axis);
    const std::int64_t out = graph.sizes.dim(to, axis);
    if (in <= 0 || out <= 0 || out % in != 0) return false;
  }
  return true;
}

}  // namespace

ConvForm conv_form(const Rewrite& graph, LaunchId l, std::int64_t block) {
  const TensorId weights = graph.input(l, 1);
  const TensorId bias = graph.input(l, 2);
  if (!graph.is_constant(weights) || (bias != ir::kNoTensor && !graph.is_constant(bias))) {
    return {.reason = "its weights are no constants"};
  }
  if (graph.sizes.rank(weights) != 4U || !graph.is_float(weights)) {
    return {.reason = "only images of float32 are"};
  }
  const std::int64_t out = graph.sizes.dim(weights, 0);
  const std::int64_t in = graph.sizes.dim(weights, 1);
  const std::int64_t groups = integer_attribute(graph.node(l), "group", 1);
  if (groups <= 1) {
    if (in < block) return {.blocked = true, .plain_input = true};
    if (in % kChannelAlignment == 0) return {.blocked = true};
    return {.reason =
                fmt::format("{} input channels are no multiple of {}", in, kChannelAlignment)};
  }
  if (in == 1 && out == groups) {
    if (out % kChannelAlignment == 0) return {.blocked = true};
    return {.reason = fmt::format("{} channels are no multiple of {}", out, kChannelAlignment)};
  }
  if (in % block == 0 && out % groups == 0 && (out / groups) % block == 0) {
    return {.blocked = true};
  }
  return {.reason = fmt::format("{} channels in and {} out per group are no multiples of {}", in,
                                out / groups, block)};
}

bool is_blocked_resize(const Rewrite& graph, LaunchId l) {
  const ir::Node* node = graph.node(l);
  const std::string_view mode = text_attribute(node, "mode", "nearest");
  const std::string_view transform =
      text_attribute(node, "coordinate_transformation_mode", "half_pixel");
  if (mode == "nearest") {
    if (graph.at(l).op == "Resize" &&
        (transform != "asymmetric" || text_attribute(node, "nearest_mode", "") != "floor")) {
      return false;
    }
  } else if (mode == "linear") {
    if (transform != "asymmetric" && transform != "align_corners" && transform != "half_pixel") {
      return false;
    }
  } else {
    return false;
  }
  return scales_by_integers(graph, l);
}

Trace own_trace(TensorId t) { return {.dims = {t, t, t, t}}; }

Trace trace_window(const Rewrite& graph, LaunchId l, const Trace& source) {
  Trace trace = own_trace(graph.output(l));
  trace.dims[0] = source.dims[0];
  const ir::Node* node = graph.node(l);
  const auto* pads = integers_attribute(node, "pads");
  const auto* strides = integers_attribute(node, "strides");
  const auto* dilations = integers_attribute(node, "dilations");
  const auto* kernel = integers_attribute(node, "kernel_shape");
  const bool same = text_attribute(node, "auto_pad", "NOTSET").starts_with("SAME");
  for (std::size_t i = 0; i < 2; ++i) {
    const auto at = [i](const auto* list, std::size_t skipped, std::int64_t otherwise) {
      return list != nullptr && list->size() > i + skipped ? (*list)[i + skipped] : otherwise;
    };
    std::int64_t taps = at(kernel, 0, -1);
    if (graph.at(l).op == "Conv") taps = graph.sizes.dim(graph.input(l, 1), 2 + i);
    const std::int64_t stride = at(strides, 0, 1);
    const std::int64_t border = at(pads, 0, 0) + at(pads, 2, 0);
    if (at(dilations, 0, 1) != 1 || stride < 1 || stride > 2) continue;
    if (!same && border + 1 != taps) continue;
    trace.dims[2 + i] = source.dims[2 + i];
    trace.halvings[i] = source.halvings[i] + stride - 1;
  }
  return trace;
}

}  // namespace roofline::plan::ort
