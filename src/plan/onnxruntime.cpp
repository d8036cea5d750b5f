// Owns the order in which ONNX Runtime's graph passes run, and at which level.
// Refuses to rewrite anything by itself.
#include "onnxruntime.hpp"

#include <array>
#include <optional>

namespace roofline::plan {
namespace {

constexpr int kMaxRounds = 10;  // the runtime's own limit

/// A pass, and what a what-if knows it by.
struct Pass {
  void (*run)(Rewrite&);
  std::optional<Fusing> kind = {};
};

// In the runtime's order.
constexpr std::array kBasic = {
    Pass{ort::eliminate_no_ops},
    Pass{ort::fold_norms_into_conv, Fusing::kNorm},
    Pass{ort::fold_factors_into_conv, Fusing::kBias},
    Pass{ort::absorb_padding},
    Pass{ort::merge_equal_nodes},
    Pass{ort::fold_constants, Fusing::kConstants},
    Pass{ort::fuse_matmul_norm, Fusing::kNorm},
    Pass{ort::fuse_matmul_add, Fusing::kBias},
    Pass{ort::fuse_reshape},
    Pass{ort::push_transposes},
};
constexpr std::array kExtended = {
    Pass{ort::fuse_quantized, Fusing::kQdq},
    Pass{ort::fuse_gemm_activations, Fusing::kActivation},
    Pass{ort::fuse_conv_activations, Fusing::kActivation},
    Pass{ort::fuse_gelu, Fusing::kLayerNorm},
    Pass{ort::fuse_layer_norm, Fusing::kLayerNorm},
    Pass{ort::fuse_simplified_layer_norm, Fusing::kLayerNorm},
    Pass{ort::fuse_matmul_add_of_attention, Fusing::kBias},
    Pass{ort::split_gathers},
    Pass{ort::slice_ranges},
    Pass{ort::fuse_matmul_transpose},
    Pass{ort::fuse_gelu_bias, Fusing::kLayerNorm},
    Pass{ort::fuse_skip_layer_norm, Fusing::kLayerNorm},
    Pass{ort::fuse_fast_gelu, Fusing::kLayerNorm},
    Pass{ort::fuse_quick_gelu, Fusing::kLayerNorm},
    Pass{ort::fuse_matmul_scale},
};

class Optimizer {
 public:
  Optimizer(Rewrite& graph, const FusingChange& change) : graph_(graph), change_(change) {}

  /// `usual`: of this level, or of one below it.
  template <typename Passes>
  void run(const Passes& passes, bool usual) {
    for (int round = 0; round < kMaxRounds; ++round) {
      (void)graph_.take_modified();
      for (const Pass& pass : passes) {
        if (pass.kind ? change_.runs(*pass.kind, usual) : usual) pass.run(graph_);
      }
      if (!graph_.take_modified()) return;
    }
  }

 private:
  Rewrite& graph_;
  const FusingChange& change_;
};

}  // namespace

void rewrite_as_onnxruntime(Rewrite& graph, OrtLevel level, int block, const FusingChange& change) {
  Optimizer optimizer(graph, change);
  optimizer.run(kBasic, level >= OrtLevel::kBasic);
  if (level >= OrtLevel::kBasic) ort::copy_dequantizers(graph);
  ort::expand_functions(graph);
  optimizer.run(kExtended, level >= OrtLevel::kExtended);
  const bool all = level >= OrtLevel::kAll;
  if (all) ort::use_blocked_layout(graph, block, change);
  if (all) ort::use_channels_last(graph);
  if (change.runs(Fusing::kResidual, all)) ort::fuse_conv_residuals(graph);
}

}  // namespace roofline::plan
