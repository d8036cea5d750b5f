#pragma once
#include "fusing.hpp"
#include "rewrite.hpp"

namespace roofline::plan {

/// Graph optimization levels of ONNX Runtime, each with all that the ones before it do.
enum class OrtLevel : std::uint8_t { kOff, kBasic, kExtended, kAll };

/// Rewrites the graph as ONNX Runtime 1.30 does for its CPU provider. `block`: channels of a vector
/// in the blocked layout; 1 where the runtime has none. `change`: passes that run although the
/// level has none such, or do not although it has.
void rewrite_as_onnxruntime(Rewrite& graph, OrtLevel level, int block, const FusingChange& change);

namespace ort {

/// Blocks of results that its 1x1 convolutions compute in a pass over their input.
constexpr int kBlocksAtOnce = 4;

// Passes, each in the file of its name. They look at every live launch once.

/// Marks sizes of the launch's results that follow from shapes computed in the run.
void mark_vague_sizes(Rewrite& graph, LaunchId l);
void fold_constants(Rewrite& graph);
void merge_equal_nodes(Rewrite& graph);
void eliminate_no_ops(Rewrite& graph);
void fold_norms_into_conv(Rewrite& graph);
void fold_factors_into_conv(Rewrite& graph);
void absorb_padding(Rewrite& graph);
/// A BatchNormalization by constants, with one result: a factor and a shift for each channel.
[[nodiscard]] bool is_constant_norm(const Rewrite& graph, LaunchId norm);
void fuse_matmul_norm(Rewrite& graph);
void fuse_matmul_add(Rewrite& graph);
void fuse_matmul_add_of_attention(Rewrite& graph);
void fuse_gemm_activations(Rewrite& graph);
void fuse_conv_activations(Rewrite& graph);
void expand_functions(Rewrite& graph);
void fuse_conv_residuals(Rewrite& graph);
void fuse_reshape(Rewrite& graph);
void push_transposes(Rewrite& graph);
void fuse_gelu(Rewrite& graph);
void fuse_fast_gelu(Rewrite& graph);
void fuse_quick_gelu(Rewrite& graph);
void fuse_gelu_bias(Rewrite& graph);
void fuse_layer_norm(Rewrite& graph);
void fuse_simplified_layer_norm(Rewrite& graph);
void fuse_skip_layer_norm(Rewrite& graph);
void fuse_matmul_transpose(Rewrite& graph);
void fuse_matmul_scale(Rewrite& graph);
void split_gathers(Rewrite& graph);
void slice_ranges(Rewrite& graph);
void copy_dequantizers(Rewrite& graph);
void fuse_quantized(Rewrite& graph);
void use_channels_last(Rewrite& graph);
void use_blocked_layout(Rewrite& graph, int block, const FusingChange& change);

}  // namespace ort
}  // namespace roofline::plan
