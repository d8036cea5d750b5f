// Owns the order in which ONNX Runtime's graph passes run, and at which level.
// Refuses to rewrite anything by itself.
#include "onnxruntime.hpp"

#include <array>

namespace roofline::plan {
namespace {

constexpr int kMaxRounds = 10;  // the runtime's own limit

using Pass = void (*)(Rewrite&);

// In the runtime's order.
constexpr std::array<Pass, 8> kBasic = {
    ort::eliminate_no_ops, ort::fold_into_conv,  ort::absorb_padding, ort::merge_equal_nodes,
    ort::fold_constants,   ort::fuse_matmul_add, ort::fuse_reshape,   ort::push_transposes,
};
constexpr std::array<Pass, 15> kExtended = {
    ort::fuse_quantized,
    ort::fuse_gemm_activations,
    ort::fuse_conv_activations,
    ort::fuse_gelu,
    ort::fuse_layer_norm,
    ort::fuse_simplified_layer_norm,
    ort::fuse_matmul_add_of_attention,
    ort::split_gathers,
    ort::slice_ranges,
    ort::fuse_matmul_transpose,
    ort::fuse_gelu_bias,
    ort::fuse_skip_layer_norm,
    ort::fuse_fast_gelu,
    ort::fuse_quick_gelu,
    ort::fuse_matmul_scale,
};

template <typename Passes>
void run(Rewrite& graph, const Passes& passes) {
  for (int round = 0; round < kMaxRounds; ++round) {
    (void)graph.take_modified();
    for (const Pass pass : passes) pass(graph);
    if (!graph.take_modified()) return;
  }
}

}  // namespace

void rewrite_as_onnxruntime(Rewrite& graph, OrtLevel level, int block) {
  if (level >= OrtLevel::kBasic) {
    run(graph, kBasic);
    ort::copy_dequantizers(graph);
  }
  ort::expand_functions(graph);
  if (level >= OrtLevel::kExtended) run(graph, kExtended);
  if (level < OrtLevel::kAll) return;
  ort::use_blocked_layout(graph, block);
  ort::use_channels_last(graph);
  ort::fuse_conv_residuals(graph);
}

}  // namespace roofline::plan
