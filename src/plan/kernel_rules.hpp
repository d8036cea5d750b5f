#pragma once
#include "rewrite.hpp"
#include "roofline/infer/selection.hpp"

namespace roofline::plan {

/// Which operators between contractions become one kernel.
enum class Regions : std::uint8_t {
  kNone,   ///< none: a kernel each
  kUnary,  ///< those that make one function of one tensor: x * Sigmoid(x), the pieces of Gelu
  kAny,    ///< any that go over the same elements or rows: a residual Add and the norm behind it
};

/// What becomes of a view.
enum class Views : std::uint8_t {
  kFollowed,  ///< nothing: the kernels on both sides are neighbours
  kBetween,   ///< no kernel, but those on both sides are no neighbours
  kLaunched,  ///< the runtime calls it, though it moves nothing
};

inline constexpr int kGeluPieces = 8;  ///< operators of Gelu by Tanh; with Erf it has five

/// What a runtime makes one kernel of. A preset is a row of these.
struct KernelRules {
  bool folds_constants = true;  ///< what depends on constants alone is computed before the run
  bool knows_sizes = true;      ///< and what depends on sizes: it is built for those of the run
  bool takes_quantized = true;  ///< kernels between DequantizeLinear and QuantizeLinear
  bool requantizes = true;      ///< and these write integers, QuantizeLinear included
  bool absorbs_padding = true;  ///< convolutions and poolings make constant borders themselves
  Views views = Views::kFollowed;
  bool folds_norms = true;        ///< BatchNormalization folds into the weights before it
  bool adds_bias = true;          ///< an Add of a constant along the channels ends a contraction
  int epilogue = 0;               ///< most pointwise operators behind a contraction in its kernel
  int narrow_epilogue = 0;        ///< the same behind one in 8 bits or less, where that is more
  bool only_activations = true;   ///< and these are activations, one operator each
  bool adds_residual = false;     ///< so does the residual Add of a convolution
  bool adds_to_products = false;  ///< and that of a matrix product
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
  bool fuses_gates = false;   ///< global pool, two small products and what lies between are one
  bool absorbs_shuffles = false;  ///< neighbours of a channel shuffle address its channels
  bool winograd = false;          ///< 3x3 convolutions of stride 1 by a Winograd transform
  bool halves_matrices = false;   ///< weights of matrix products are stored in 16 bits
  bool pads_channels = false;     ///< to the alignment of a matrix unit
  bool works_in_vectors = true;   ///< kernels are those of channels in vectors, as blocked layouts
  int block = 1;  ///< channels are computed in multiples of this; 0: of the machine's vectors
};

/// Every node as written.
inline constexpr KernelRules kAsWritten = {.folds_constants = false,
                                           .knows_sizes = false,
                                           .takes_quantized = false,
                                           .requantizes = false,
                                           .absorbs_padding = false,
                                           .views = Views::kBetween,
                                           .folds_norms = false,
                                           .adds_bias = false,
                                           .works_in_vectors = false,
                                           .block = 0};
/// What nearly every runtime does: contractions end with activations and a residual.
inline constexpr KernelRules kBasicRules = {.knows_sizes = false,
                                            .views = Views::kBetween,
                                            .epilogue = 8,
                                            .adds_residual = true,
                                            .adds_to_products = true,
                                            .works_in_vectors = false,
                                            .block = 0};

/// What is left to do for a runtime that has passes of its own.
inline constexpr KernelRules kOwnPasses = {.folds_constants = false,
                                           .knows_sizes = false,
                                           .takes_quantized = false,
                                           .requantizes = false,
                                           .absorbs_padding = false,
                                           .views = Views::kLaunched,
                                           .folds_norms = false,
                                           .adds_bias = false,
                                           .works_in_vectors = false,
                                           .block = 0};
/// TensorRT 8 to 10: conv and normalisation, bias, activation, residual; fused attention. Products
/// in 8 bits run as convolutions (NVIDIA/TensorRT, demo/BERT/builder.py, use_int8), whose kernels
/// end with Gelu (TensorRT Developer Guide, Types of Fusions, Convolution and GELU Activation).
inline constexpr KernelRules kTensorRt = {.epilogue = 4,
                                          .narrow_epilogue = kGeluPieces,
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
inline constexpr KernelRules kPyTorch = {.requantizes = false,
                                         .folds_norms = false,
                                         .regions = Regions::kUnary,
                                         .fuses_attention = true,
                                         .biases_attention = false,
                                         .views_parts = true,
                                         .views_transposes = true,
                                         .copies_to_reshape = true,
                                         .pads_channels = true};
/// PyTorch 2, torch.compile: what lies between contractions is one kernel, they stay as they are.
inline constexpr KernelRules kPyTorchCompile = {.requantizes = false,
                                                .folds_norms = false,
                                                .regions = Regions::kAny,
                                                .regions_have_norms = true,
                                                .fuses_attention = true,
                                                .views_parts = true,
                                                .views_transposes = true,
                                                .pads_channels = true};

/// The rules of a runtime, node by node: a what-if may change them for some.
class NodeRules {
 public:
  explicit NodeRules(const KernelRules& rules) : rows_({rules}) {}

  /// Those for the fusing of a launch into another one: of its first node.
  [[nodiscard]] const KernelRules& of(const Rewrite& graph, LaunchId l) const {
    const auto& nodes = graph.at(l).nodes;
    return nodes.empty() ? common() : of(nodes.front());
  }
  [[nodiscard]] const KernelRules& of(ir::NodeId n) const {
    return row_.empty() ? common() : rows_[row_[static_cast<std::size_t>(n)]];
  }
  /// Those that no what-if changes for some nodes only.
  [[nodiscard]] const KernelRules& common() const { return rows_.front(); }
  /// Changes the rules for the nodes picked.
  void change(const infer::TypedGraph& graph, const infer::Selection& selection,
              const std::function<void(KernelRules&)>& apply);

 private:
  std::vector<KernelRules> rows_;
  std::vector<std::size_t> row_ = {};  ///< by node; empty: the first row holds for all
};

/// Rewrites the graph by the rules.
void rewrite_by_rules(Rewrite& graph, const NodeRules& rules);
/// Says of nodes that run alone what keeps them out of the kernels beside them.
void explain_unfused(Rewrite& graph, const NodeRules& rules);
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

void remove_what_ran_before(Rewrite& graph, const NodeRules& rules);
void eliminate_views(Rewrite& graph, const NodeRules& rules);
void absorb_shuffles(Rewrite& graph, const NodeRules& rules);
void view_parts(Rewrite& graph, const NodeRules& rules);
void fuse_attention(Rewrite& graph, const NodeRules& rules);
void fold_into_contractions(Rewrite& graph, const NodeRules& rules);
void fuse_epilogues(Rewrite& graph, const NodeRules& rules);
void fuse_gates(Rewrite& graph, const NodeRules& rules);
void merge_projections(Rewrite& graph, const NodeRules& rules);
void fuse_regions(Rewrite& graph, const NodeRules& rules);
void place_parts(Rewrite& graph, const NodeRules& rules);

}  // namespace rules
}  // namespace roofline::plan
