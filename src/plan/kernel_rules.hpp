#pragma once
#include "rewrite.hpp"

namespace roofline::plan {

/// Which operators between contractions become one kernel.
enum class Regions : std::uint8_t {
  kNone,   ///< none: a kernel each
  kUnary,  ///< those that make one function of one tensor: x * Sigmoid(x), the pieces of Gelu
  kAny,    ///< any that go over the same elements or rows: a residual Add and the norm behind it
};

/// What a runtime makes one kernel of. A preset is a row of these.
struct KernelRules {
  bool folds_norms = true;       ///< BatchNormalization folds into the weights before it
  bool adds_bias = true;         ///< an Add of a constant along the channels ends a contraction
  int epilogue = 0;              ///< most pointwise operators behind a contraction in its kernel
  bool only_activations = true;  ///< and these are activations, one operator each
  bool adds_residual = false;    ///< so does the residual Add of a convolution
  Regions regions = Regions::kNone;
  bool regions_have_norms = false;  ///< with BatchNormalization, LayerNormalization, Softmax, sums
  bool fuses_attention = false;  ///< products, scale, mask, Softmax and transposes are one kernel
  bool biases_attention = true;  ///< even if what is added to the scores differs by head
  bool merges_projections = false;  ///< products of one tensor with several weights are one
  bool views_parts = false;         ///< Split, Slice and the like are views
  bool views_transposes = false;    ///< and so is Transpose
  bool copies_to_reshape =
      false;                  ///< but not in front of a Reshape, which needs its elements in order
  bool places_parts = false;  ///< producers write their part of a Concat themselves
  bool winograd = false;      ///< 3x3 convolutions of stride 1 by a Winograd transform
  bool halves_matrices = false;  ///< weights of matrix products are stored in 16 bits
  bool pads_channels = false;    ///< to the alignment of a matrix unit
  int block = 1;                 ///< channels are computed in multiples of this
};

/// TensorRT 8 to 10: conv and normalisation, bias, activation, residual; fused attention.
inline constexpr KernelRules kTensorRt = {.epilogue = 4,
                                          .only_activations = false,
                                          .adds_residual = true,
                                          .regions = Regions::kAny,
                                          .regions_have_norms = true,
                                          .fuses_attention = true,
                                          .merges_projections = true,
                                          .views_parts = true,
                                          .places_parts = true,
                                          .pads_channels = true};
/// ncnn on CPUs: packed channels, activations in the convolution, Winograd.
inline constexpr KernelRules kNcnn = {.epilogue = 1,
                                      .regions = Regions::kUnary,
                                      .winograd = true,
                                      .halves_matrices = true,
                                      .block = 4};
/// PyTorch 2, eager: each module a kernel, attention by scaled_dot_product_attention; models that
/// add a bias for each head, as window transformers do, spell it out.
inline constexpr KernelRules kPyTorch = {.folds_norms = false,
                                         .regions = Regions::kUnary,
                                         .fuses_attention = true,
                                         .biases_attention = false,
                                         .views_parts = true,
                                         .views_transposes = true,
                                         .copies_to_reshape = true,
                                         .pads_channels = true};
/// PyTorch 2, torch.compile: what lies between contractions is one kernel, they stay as they are.
inline constexpr KernelRules kPyTorchCompile = {.folds_norms = false,
                                                .regions = Regions::kAny,
                                                .regions_have_norms = true,
                                                .fuses_attention = true,
                                                .views_parts = true,
                                                .views_transposes = true,
                                                .pads_channels = true};

/// Rewrites the graph by the rules.
void rewrite_by_rules(Rewrite& graph, const KernelRules& rules);
/// What remains to be said of steps built from that graph: algorithms and storage.
void finish_by_rules(const Draft& draft, const KernelRules& rules, Plan& plan);

/// How a launch goes over its elements.
enum class Motion : std::uint8_t {
  kOther,
  kContraction,
  kPointwise,   ///< element by element, operands broadcast
  kScaleShift,  ///< the same, by constants of each channel (BatchNormalization)
  kRow,         ///< needs whole rows of the last axis: norms, Softmax, sums
};
[[nodiscard]] Motion motion_of(const Rewrite& graph, LaunchId l);
/// Elements of a tensor; nullopt when they are not known.
[[nodiscard]] std::optional<Count> elements_of(const Rewrite& graph, ir::TensorId t);
/// Where the launch stands in an order of execution: behind its last node.
[[nodiscard]] ir::NodeId position_of(const Rewrite& graph, LaunchId l);
/// Fuses `members` into the first one; operands and results are what crosses the border.
void fuse_members(Rewrite& graph, const std::vector<LaunchId>& members, std::string_view op);

// Passes, each in the file of its name. They look at every live launch once.
namespace rules {

void remove_what_ran_before(Rewrite& graph);
void eliminate_views(Rewrite& graph, const KernelRules& rules);
void fuse_attention(Rewrite& graph, const KernelRules& rules);
void fold_into_contractions(Rewrite& graph, const KernelRules& rules);
void fuse_epilogues(Rewrite& graph, const KernelRules& rules);
void fuse_regions(Rewrite& graph, const KernelRules& rules);
void merge_projections(Rewrite& graph);
void view_parts(Rewrite& graph);
void place_parts(Rewrite& graph);

}  // namespace rules
}  // namespace roofline::plan
