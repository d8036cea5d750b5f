#pragma once
#include <array>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {

/// How a Conv can run on channels in blocks.
struct ConvForm {
  bool blocked = false;
  bool plain_input = false;  ///< few input channels: read as they are
  std::string reason = {};   ///< why it cannot
};
[[nodiscard]] ConvForm conv_form(const Rewrite& graph, LaunchId l, std::int64_t block);

/// A Resize that has a kernel for blocks: by whole factors, near or linear.
[[nodiscard]] bool is_blocked_resize(const Rewrite& graph, LaunchId l);

/// Where the sizes of a result come from: the tensor that first had each, and how often its
/// rows and columns were halved since. So sizes that are open compare.
struct Trace {
  std::array<ir::TensorId, 4> dims = {};
  std::array<std::int64_t, 2> halvings = {};
  [[nodiscard]] bool same(const Trace& other, std::size_t axis) const {
    return dims[axis] == other.dims[axis] &&
           (axis < 2 || halvings[axis - 2] == other.halvings[axis - 2]);
  }
};
[[nodiscard]] Trace own_trace(ir::TensorId t);
/// Of a convolution's or pooling's result: a border that makes up for the kernel keeps rows and
/// columns, or halves them.
[[nodiscard]] Trace trace_window(const Rewrite& graph, LaunchId l, const Trace& source);

}  // namespace roofline::plan::ort
