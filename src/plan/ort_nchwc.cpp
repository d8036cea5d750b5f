// Before: Conv, pooling and what stands between them, in plain layout. After: they run on channels
// in blocks (NCHWc), with ReorderInput and ReorderOutput at the borders of such regions; a Conv
// takes a residual and an activation on; BatchNormalization and Mul by a constant per channel are
// depthwise Convs. Conditions: constant weights of 4 axes whose channels come in whole blocks (or
// quarters of one, see conv_form); pooling of whole blocks; elementwise nodes when all operands are
// blocked already.
// It does not model: operands of types other than float32, which stay plain.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "ort_blocks.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

constexpr std::array<std::string_view, 7> kLayoutFree = {
    "Relu", "Sigmoid", "Tanh", "QuickGelu", "Gelu", "HardSigmoid", "LeakyRelu"};
constexpr std::array<std::string_view, 3> kFusible = {"Relu", "Sigmoid", "Tanh"};

class BlockedLayout {
 public:
  BlockedLayout(Rewrite& graph, std::int64_t block, const FusingChange& change)
      : graph_(graph),
        block_(block),
        activates_(change.runs(Fusing::kActivation, true)),
        adds_(change.runs(Fusing::kResidual, true)) {}

  void run() {
    for (const LaunchId l : std::vector<LaunchId>(graph_.order())) {
      if (graph_.is_live(l) && !graph_.at(l).outputs.empty()) transform(l);
    }
    add_reorder_outputs();
  }

 private:
  /// A result that is blocked now.
  struct Blocked {
    LaunchId launch = kNoLaunch;  // that writes it
    TensorId tensor = ir::kNoTensor;
    std::size_t uses = 0;  // of the plain result, at first
    std::int64_t channels = 0;
    Trace trace = {};
  };

  /// Of a window's result, when its operand is blocked or plain.
  [[nodiscard]] Trace window_trace(LaunchId l, bool reads_blocked) const {
    const Blocked* source = reads_blocked ? blocked(graph_.input(l, 0)) : nullptr;
    return source == nullptr ? own_trace(graph_.output(l)) : trace_window(graph_, l, source->trace);
  }

  void transform(LaunchId l) {
    const std::string_view op = graph_.at(l).op;
    if (!graph_.is_float(graph_.input(l, 0))) return;
    if (op == "Conv") return transform_conv(l);
    if (op == "MaxPool" || op == "AveragePool") return transform_pool(l);
    if (!all_operands_converted(l)) return;
    if (op == "Add" || op == "Sum") return transform_binary(l, true);
    if (op == "Mul") return transform_mul(l);
    if (op == "Concat") return transform_concat(l);
    if (activates_ && op == "HardSigmoid" && fuse_hard_swish(l)) return;
    if (is_one_of(kLayoutFree, op)) return transform_activation(l);
    if (op == "BatchNormalization") return transform_batch_normalization(l);
    if (op == "Transpose") return transform_transpose(l);
    if (op == "Resize" || op == "Upsample") return transform_resize(l);
    if (op == "GlobalMaxPool" || op == "GlobalAveragePool") transform_pool(l);
  }

  [[nodiscard]] const Blocked* blocked(TensorId t) const {
    const auto found = blocked_.find(t);
    return found == blocked_.end() ? nullptr : &found->second;
  }

  /// No operand that a launch computes is plain.
  [[nodiscard]] bool all_operands_converted(LaunchId l) const {
    for (const TensorId t : graph_.at(l).inputs) {
      if (t != ir::kNoTensor && graph_.producer(t) != kNoLaunch && blocked(t) == nullptr) {
        return false;
      }
    }
    return !graph_.at(l).inputs.empty();
  }

  [[nodiscard]] std::size_t uses(TensorId t) const {
    return graph_.uses(t) + (graph_.is_wanted(t) ? 1 : 0);
  }

  TensorId blocked_form(TensorId t) {
    return graph_.make(t, [this](ir::Shape shape) {
      if (shape.size() > 1 && shape[1] > 0) shape[1] = (shape[1] + block_ - 1) / block_ * block_;
      return shape;
    });
  }

  /// The launch's result becomes blocked.
  void write_blocked(LaunchId l, std::int64_t channels, const Trace& trace) {
    const TensorId plain = graph_.output(l);
    const std::size_t plain_uses = uses(plain);
    const TensorId tensor = blocked_form(plain);
    graph_.set_output(l, 0, tensor);
    graph_.at(l).layout = Layout::kBlocked;
    blocked_[plain] = {
        .launch = l, .tensor = tensor, .uses = plain_uses, .channels = channels, .trace = trace};
    results_.push_back(plain);
  }

  /// The operand becomes the blocked form of itself, reordered unless it is blocked already.
  void read_blocked(LaunchId l, std::size_t i) {
    const TensorId plain = graph_.input(l, i);
    if (const Blocked* source = blocked(plain)) return graph_.set_input(l, i, source->tensor);
    const auto known = reordered_.find(plain);
    if (known != reordered_.end()) return graph_.set_input(l, i, known->second);
    const TensorId tensor = blocked_form(plain);
    reordered_[plain] = tensor;
    const LaunchId transpose = graph_.producer(plain);
    const bool last_axis =
        is_transpose(transpose, {0, 3, 1, 2}) && graph_.same_region(transpose, l);
    if (last_axis) {
      insert_from_channels_last(l, i, transpose, tensor);
      return;
    }
    graph_.insert({.op = "ReorderInput", .inputs = {plain}, .outputs = {tensor}, .before = true},
                  l);
    graph_.set_input(l, i, tensor);
  }

  /// A ReorderInput can read channels that come last: it does a Transpose's work on the way.
  void insert_from_channels_last(LaunchId l, std::size_t i, LaunchId transpose, TensorId tensor) {
    const TensorId plain = graph_.input(l, i);
    const TensorId source = graph_.input(transpose, 0);
    graph_.set_input(l, i, tensor);
    if (uses(plain) == 0 && graph_.at(transpose).nodes.size() == 1) {
      graph_.at(transpose).op = "ReorderInput";
      graph_.set_output(transpose, 0, tensor);
      graph_.explain(transpose, "runs as a part of the change to blocked layout");
      return;
    }
    graph_.insert({.op = "ReorderInput", .inputs = {source}, .outputs = {tensor}, .before = true},
                  l);
    if (graph_.at(transpose).nodes.empty()) graph_.remove_unread(transpose, {});
  }

  [[nodiscard]] bool is_transpose(LaunchId l, const std::vector<std::int64_t>& perm) const {
    if (!graph_.is(l, {"Transpose"})) return false;
    const Launch& launch = graph_.at(l);
    const auto* own =
        launch.perm.empty() ? integers_attribute(graph_.node(l), "perm") : &launch.perm;
    return own != nullptr && *own == perm;
  }

  void transform_conv(LaunchId l) {
    const ConvForm form = conv_form(graph_, l, block_);
    if (!form.blocked) return graph_.explain(l, "not in blocked layout: " + form.reason);
    const Trace trace = window_trace(l, !form.plain_input);
    if (!form.plain_input) read_blocked(l, 0);
    write_blocked(l, graph_.sizes.dim(graph_.input(l, 1), 0), trace);
  }

  void transform_pool(LaunchId l) {
    const TensorId x = graph_.input(l, 0);
    if (graph_.at(l).outputs.size() > 1 || graph_.sizes.rank(x) != 4U) return;
    const std::int64_t channels = graph_.sizes.dim(x, 1);
    if (channels == ir::kUnknownDim || channels % block_ != 0) {
      return graph_.explain(
          l, fmt::format("not in blocked layout: {} channels are no multiple of {}", channels,
                         block_));
    }
    const Trace trace = window_trace(l, true);
    read_blocked(l, 0);
    write_blocked(l, channels, trace);
  }

  /// Sizes of two results agree: by where they come from, or by what shape inference finds.
  [[nodiscard]] bool agree(TensorId a, TensorId b) const {
    for (std::size_t axis = 0; axis < 4; ++axis) {
      if (blocked(a)->trace.same(blocked(b)->trace, axis)) continue;
      if (graph_.sizes.rank(a) != 4U || graph_.sizes.rank(b) != 4U ||
          graph_.sizes.is_vague(a, axis) || graph_.sizes.is_vague(b, axis) ||
          !graph_.sizes.same_dim(a, axis, b, axis)) {
        return false;
      }
    }
    return true;
  }

  void transform_binary(LaunchId l, bool adds) {
    const std::vector<TensorId> operands = graph_.at(l).inputs;
    for (const TensorId t : operands) {
      const Blocked* operand = blocked(t);
      if (operand == nullptr || operand->channels != blocked(operands[0])->channels) return;
    }
    const bool all_agree = std::all_of(operands.begin(), operands.end(),
                                       [&](TensorId t) { return agree(t, operands[0]); });
    if (!all_agree) {
      if (adds) add_in_five_axes(l);
      return;
    }
    for (std::size_t i = 0; adds && operands.size() == 2 && i < 2; ++i) {
      if (takes_residual(operands[i])) return fuse_residual(l, operands[i], operands[1 - i]);
    }
    for (std::size_t i = 0; i < operands.size(); ++i) read_blocked(l, i);
    write_blocked(l, blocked(operands[0])->channels, blocked(operands[0])->trace);
  }

  /// Sizes that cannot be shown to agree: blocks become an axis, so that they broadcast.
  void add_in_five_axes(LaunchId l) {
    const std::int64_t block = block_;
    const auto split = [block](ir::Shape shape) {
      if (shape.size() != 4 || shape[1] < 0) return shape;
      shape[1] = (shape[1] + block - 1) / block;
      shape.push_back(block);
      return shape;
    };
    const TensorId plain = graph_.output(l);
    const std::int64_t channels = blocked(graph_.input(l, 0))->channels;
    for (std::size_t i = 0; i < graph_.at(l).inputs.size(); ++i) {
      const TensorId source = blocked(graph_.input(l, i))->tensor;
      const TensorId split_source = graph_.make(graph_.input(l, i), split);
      graph_.insert(
          {.op = "Reshape", .inputs = {source}, .outputs = {split_source}, .before = true}, l);
      graph_.set_input(l, i, split_source);
    }
    const std::size_t plain_uses = uses(plain);
    const TensorId sum = graph_.make(plain, split);
    const TensorId tensor = blocked_form(plain);
    graph_.set_output(l, 0, sum);
    const LaunchId join = graph_.insert({.op = "Reshape", .inputs = {sum}, .outputs = {tensor}}, l);
    blocked_[plain] = {.launch = join,
                       .tensor = tensor,
                       .uses = plain_uses,
                       .channels = channels,
                       .trace = own_trace(plain)};
    results_.push_back(plain);
  }

  [[nodiscard]] bool takes_residual(TensorId t) const {
    const Blocked* operand = blocked(t);
    const Launch& conv = graph_.at(operand->launch);
    return adds_ && conv.op == "Conv" && conv.inputs.size() < 4 && operand->uses == 1 &&
           conv.fused.empty() && !conv.nodes.empty();
  }

  void fuse_residual(LaunchId l, TensorId result, TensorId other) {
    const LaunchId conv = blocked(result)->launch;
    std::vector<TensorId> operands = graph_.at(conv).inputs;
    operands.resize(3, ir::kNoTensor);
    operands.push_back(blocked(other)->tensor);
    fuse_behind(conv, l, operands);
  }

  /// The Conv takes a launch on, and writes its result.
  void fuse_behind(LaunchId conv, LaunchId l, const std::vector<TensorId>& operands) {
    const std::string_view op = graph_.at(l).op;
    const TensorId plain = graph_.output(l);
    const std::size_t plain_uses = uses(plain);
    const Blocked before = *blocked(graph_.sizes.origin(graph_.output(conv)));
    const TensorId tensor = blocked_form(plain);
    graph_.fuse({conv, l}, "Conv", operands, {tensor});
    graph_.at(conv).fused.push_back(op);
    blocked_[plain] = {.launch = conv,
                       .tensor = tensor,
                       .uses = plain_uses,
                       .channels = before.channels,
                       .trace = before.trace};
    results_.push_back(plain);
  }

  void transform_concat(LaunchId l) {
    if (graph_.axis(l, 0) != 1) return;
    std::int64_t channels = 0;
    for (const TensorId t : graph_.at(l).inputs) {
      const Blocked* operand = blocked(t);
      if (operand == nullptr || operand->channels % block_ != 0) return;
      channels += operand->channels;
    }
    Trace trace = blocked(graph_.input(l, 0))->trace;
    trace.dims[1] = graph_.output(l);
    for (std::size_t i = 0; i < graph_.at(l).inputs.size(); ++i) read_blocked(l, i);
    write_blocked(l, channels, trace);
  }

  void transform_activation(LaunchId l) {
    const Blocked* source = blocked(graph_.input(l, 0));
    if (source == nullptr) return;
    const Launch& conv = graph_.at(source->launch);
    const bool bare = conv.fused.empty() || conv.fused.back() == "Add";
    if (activates_ && is_one_of(kFusible, graph_.at(l).op) && conv.op == "Conv" &&
        source->uses == 1 && bare) {
      return fuse_behind(source->launch, l, conv.inputs);
    }
    const Blocked before = *source;
    read_blocked(l, 0);
    write_blocked(l, before.channels, before.trace);
  }

  /// x times its HardSigmoid, behind a Conv that nobody else reads.
  bool fuse_hard_swish(LaunchId l) {
    const TensorId x = graph_.input(l, 0);
    const Blocked* source = blocked(x);
    const LaunchId product = graph_.next(l, {"Mul"});
    if (source == nullptr || source->uses != 2 || product == kNoLaunch ||
        graph_.other_input(product, graph_.output(l)) != x) {
      return false;
    }
    const LaunchId conv = source->launch;
    if (graph_.at(conv).op != "Conv" || !graph_.at(conv).fused.empty()) return false;
    const std::vector<TensorId> operands = graph_.at(conv).inputs;
    graph_.fuse({product, l}, "HardSwish", {x}, graph_.at(product).outputs);
    fuse_behind(conv, product, operands);
    return true;
  }

  void transform_batch_normalization(LaunchId l) {
    const Blocked* source = blocked(graph_.input(l, 0));
    if (source == nullptr || !is_constant_norm(graph_, l)) return;
    const Blocked before = *source;
    scale_channels(l, before, {graph_.input(l, 1), graph_.input(l, 2)});
  }

  /// By a constant for each channel, or of two operands.
  void transform_mul(LaunchId l) {
    for (std::size_t i = 0; i < 2 && graph_.at(l).inputs.size() == 2; ++i) {
      const Blocked* source = blocked(graph_.input(l, i));
      const TensorId scale = graph_.input(l, 1 - i);
      const auto& shape = graph_.sizes.shape(scale);
      if (source == nullptr || !graph_.is_constant(scale) || !shape) continue;
      const ir::Shape wide = {1, source->channels, 1, 1};
      if (*shape == wide || *shape == ir::Shape(wide.begin() + 1, wide.end())) {
        const Blocked before = *source;
        return scale_channels(l, before, {scale});
      }
    }
    transform_binary(l, false);
  }

  void scale_channels(LaunchId l, const Blocked& source, const std::vector<TensorId>& constants) {
    std::vector<TensorId> inputs = {source.tensor};
    inputs.insert(inputs.end(), constants.begin(), constants.end());
    graph_.set_inputs(l, std::move(inputs));
    graph_.at(l).op = "Conv";
    graph_.at(l).cls = ops::OpClass::kConv;
    graph_.explain(l, "runs as a depthwise convolution of one tap");
    write_blocked(l, source.channels, source.trace);
  }

  void transform_transpose(LaunchId l) {
    const Blocked* source = blocked(graph_.input(l, 0));
    if (source == nullptr || !is_transpose(l, {0, 2, 3, 1})) return;
    graph_.set_input(l, 0, source->tensor);
    graph_.at(l).op = "ReorderOutput";
    graph_.explain(l, "runs as the change to plain layout");
  }

  void transform_resize(LaunchId l) {
    const Blocked* source = blocked(graph_.input(l, 0));
    if (source == nullptr || !is_blocked_resize(graph_, l)) return;
    const std::int64_t channels = source->channels;
    graph_.set_inputs(l, {source->tensor});
    graph_.at(l).op = "Upsample";
    write_blocked(l, channels, own_trace(graph_.output(l)));
  }

  void add_reorder_outputs() {
    for (const TensorId plain : results_) {
      if (uses(plain) == 0) continue;
      const Blocked& result = blocked_.at(plain);
      graph_.insert({.op = "ReorderOutput", .inputs = {result.tensor}, .outputs = {plain}},
                    result.launch);
    }
  }

  Rewrite& graph_;
  std::int64_t block_;
  bool activates_;                                    ///< convolutions take activations on
  bool adds_;                                         ///< and residuals
  std::unordered_map<TensorId, Blocked> blocked_;     // by the plain result
  std::unordered_map<TensorId, TensorId> reordered_;  // by the plain operand
  std::vector<TensorId> results_;
};

}  // namespace

void use_blocked_layout(Rewrite& graph, int block, const FusingChange& change) {
  if (block > 1) BlockedLayout(graph, block, change).run();
}

}  // namespace roofline::plan::ort
