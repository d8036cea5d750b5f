// Before: branches from one tensor, convolutions with or without BatchNormalization behind them,
// a BatchNormalization or the tensor itself, summed by Adds. After: one convolution with the
// largest kernel, which takes the last Add's name and result (Ding et al., RepVGG: Making VGG-style
// ConvNets Great Again, 2021): the same results but for rounding. Conditions: strides and groups
// are equal; each smaller kernel lies inside the largest, tap on tap; nothing but the Adds reads
// the branches, which are of equal shape; weights are constant; no activation lies between. It does
// not model: branches that pool, and BatchNormalization in front of a convolution.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "layers.hpp"
#include "passes.hpp"
#include "roofline/base/text.hpp"
#include "roofline/ops/op_context.hpp"

namespace roofline::transform {
namespace {

using Ints = std::vector<std::int64_t>;

/// Where the taps of a kernel lie: tap t of an axis reads position t * dilation - begin.
struct Taps {
  Ints kernel;
  Ints begin;
  Ints stride;
  Ints dilation;
  std::int64_t group = 0;  ///< 0: the tensor itself, which fits any
};

/// A tensor that is a sum of linear branches of `source`.
struct Sum {
  ir::TensorId source = ir::kNoTensor;
  Taps taps = {};
  std::optional<std::size_t> widest = std::nullopt;  ///< the convolution with those taps
  std::vector<std::size_t> nodes = {};               ///< that compute it
  int branches = 1;
  bool has_bias = false;
  bool is_picked = false;
  std::string obstacle = {};  ///< why it is linear no more
};

/// True where every tap of `narrow` reads what some tap of `wide` reads.
bool lies_inside(const Taps& narrow, const Taps& wide) {
  for (std::size_t i = 0; i < wide.kernel.size(); ++i) {
    if (narrow.kernel[i] > 1 && narrow.dilation[i] != wide.dilation[i]) return false;
    const std::int64_t offset = wide.begin[i] - narrow.begin[i];
    if (offset < 0 || offset % wide.dilation[i] != 0) return false;
    if (offset / wide.dilation[i] + narrow.kernel[i] > wide.kernel[i]) return false;
  }
  return true;
}

class Merger {
 public:
  Merger(const OwnNodes& own, const infer::Selection& selection, Outcome& outcome)
      : own_(own), selection_(selection), layers_(own, selection), outcome_(outcome) {}

  void visit(std::size_t n) {
    const ops::OpSpec* spec = own_.spec(n);
    const ir::Node& node = own_.nodes()[n];
    if (!spec || node.outputs.size() != 1 || !own_.result_shape(n) || !own_.input_shape(n, 0)) {
      return;
    }
    if (const std::optional<ConvSizes> conv = conv_sizes(own_, n)) return visit_conv(n, *conv);
    if (spec->fusion == ops::Fusion::kScaleShift) return visit_scale(n);
    if (spec->cls == ops::OpClass::kActivation) return visit_activation(n);
    if (node.op_type == "Add" && spec->fusion == ops::Fusion::kAdd) visit_add(n);
  }

  /// Writes what was found; false where nothing was.
  bool write(Edit& edit) {
    bool found = false;
    for (std::size_t n = 0; n < own_.size(); ++n) {
      if (own_.nodes()[n].outputs.empty()) continue;
      const auto sum = sums_.find(own_.nodes()[n].outputs[0]);
      if (sum == sums_.end() || sum->second.branches < 2 || !sum->second.widest) continue;
      if (!sum->second.obstacle.empty() || !sum->second.is_picked) continue;
      found = true;
      merge(n, sum->second, edit);
    }
    return found;
  }

 private:
  [[nodiscard]] bool are_constant(std::size_t n, std::size_t first) const {
    const std::vector<ir::TensorId>& inputs = own_.nodes()[n].inputs;
    return std::all_of(
        inputs.begin() + static_cast<std::ptrdiff_t>(first), inputs.end(), [&](ir::TensorId id) {
          return id == ir::kNoTensor || own_.graph().is_constant[static_cast<std::size_t>(id)];
        });
  }

  /// The sum that a tensor is, if only one node reads it.
  Sum* sum_of(ir::TensorId id) {
    const auto found = sums_.find(id);
    return found == sums_.end() || layers_.uses(id) != 1 ? nullptr : &found->second;
  }

  /// The tensor itself as a branch.
  Sum identity(std::size_t n, ir::TensorId id) const {
    const std::size_t axes = own_.type(id).shape->size() < 2 ? 0 : own_.type(id).shape->size() - 2;
    Sum sum{.source = id};
    sum.taps = {Ints(axes, 1), Ints(axes, 0), Ints(axes, 1), Ints(axes, 1)};
    sum.is_picked = selection_.has(own_.walked(n));
    return sum;
  }

  void visit_conv(std::size_t n, const ConvSizes& conv) {
    const ir::Node& node = own_.nodes()[n];
    Sum sum = identity(n, node.inputs[0]);
    sum.widest = n;
    sum.nodes = {n};
    sum.has_bias = node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor;
    if (!are_constant(n, 1)) sum.obstacle = "weights are computed";
    const std::string why = layers_.obstacle(n);
    if (!why.empty()) sum.obstacle = why;
    const ops::OpContext op(node, own_.opset(n), {}, {});
    const auto list = [&](std::string_view name, Ints& into) {
      const Ints* given = op.attr_ints(name);
      if (given && given->size() >= into.size())
        std::copy_n(given->begin(), into.size(), into.begin());
    };
    sum.taps.kernel = conv.kernel;
    list("pads", sum.taps.begin);
    list("strides", sum.taps.stride);
    list("dilations", sum.taps.dilation);
    sum.taps.group = conv.group;
    const std::string_view pad = op.attr_string("auto_pad", "NOTSET");
    if (pad != "NOTSET" && pad != "VALID") sum.obstacle = "auto_pad chooses the padding";
    sums_.insert_or_assign(node.outputs[0], std::move(sum));
  }

  void visit_scale(std::size_t n) {
    const ir::Node& node = own_.nodes()[n];
    if (!are_constant(n, 1)) return;
    Sum* before = sum_of(node.inputs[0]);
    const bool is_conv = before && before->branches == 1 && before->nodes.size() == 1 &&
                         before->widest && before->obstacle.empty();
    Sum sum = is_conv ? std::move(*before) : identity(n, node.inputs[0]);
    if (is_conv) sums_.erase(node.inputs[0]);
    sum.nodes.push_back(n);
    sum.has_bias = true;
    sum.is_picked = sum.is_picked || selection_.has(own_.walked(n));
    sums_.insert_or_assign(node.outputs[0], std::move(sum));
  }

  void visit_activation(std::size_t n) {
    const ir::Node& node = own_.nodes()[n];
    const Sum* before = sum_of(node.inputs[0]);
    if (!before || before->branches != 1) return;
    Sum sum{.source = before->source};
    sum.is_picked = before->is_picked;
    sum.obstacle = fmt::format("{} '{}' lies between", node.op_type,
                               printable(ir::display_name(node, static_cast<ir::NodeId>(n))));
    sums_.insert_or_assign(node.outputs[0], std::move(sum));
  }

  void visit_add(std::size_t n) {
    const ir::Node& node = own_.nodes()[n];
    if (node.inputs.size() != 2 || node.inputs[0] == node.inputs[1]) return;
    for (std::size_t i = 0; i < 2; ++i) {
      const ir::Shape* shape = own_.input_shape(n, i);
      if (!shape || *shape != *own_.result_shape(n)) return;
    }
    Sum* a = sum_of(node.inputs[0]);
    Sum* b = sum_of(node.inputs[1]);
    Sum itself;
    const bool is_pair = a && b && a->source == b->source;
    if (!is_pair && a && a->source == node.inputs[1]) {
      itself = identity(n, node.inputs[1]);
      b = &itself;
    } else if (!is_pair && b && b->source == node.inputs[0]) {
      itself = identity(n, node.inputs[0]);
      a = &itself;
    } else if (!is_pair) {
      return;
    }
    const std::string why = obstacle(*a, *b);
    if (!why.empty()) {
      if ((a->is_picked || b->is_picked) && (a->widest || b->widest || !a->obstacle.empty())) {
        outcome_.refused.push_back(own_.finding(n, why));
      }
      return;
    }
    // The tensor itself may be a sum of its own, which stays.
    const bool keeps_0 = a == &itself;
    const bool keeps_1 = b == &itself;
    Sum sum = join(std::move(*a), std::move(*b));
    sum.nodes.push_back(n);
    if (!keeps_0) sums_.erase(node.inputs[0]);
    if (!keeps_1) sums_.erase(node.inputs[1]);
    sums_.insert_or_assign(node.outputs[0], std::move(sum));
  }

  /// Why two sums of branches cannot be one convolution; empty where they can.
  static std::string obstacle(const Sum& a, const Sum& b) {
    for (const Sum* sum : {&a, &b}) {
      if (!sum->obstacle.empty()) return sum->obstacle;
    }
    if (a.taps.stride != b.taps.stride) return "strides differ";
    if (a.taps.group != b.taps.group && a.taps.group != 0 && b.taps.group != 0) {
      return fmt::format("one branch has {}, another {}", counted(a.taps.group, "group"),
                         counted(b.taps.group, "group"));
    }
    if (lies_inside(a.taps, b.taps) || lies_inside(b.taps, a.taps)) return {};
    return "taps of one kernel do not lie on those of another: padding or dilation differ";
  }

  static Sum join(Sum a, Sum b) {
    const bool b_is_wider = !a.widest || (b.widest && !lies_inside(b.taps, a.taps));
    Sum& wide = b_is_wider ? b : a;
    Sum& other = b_is_wider ? a : b;
    wide.nodes.insert(wide.nodes.end(), other.nodes.begin(), other.nodes.end());
    wide.branches += other.branches;
    wide.has_bias = wide.has_bias || other.has_bias;
    wide.is_picked = wide.is_picked || other.is_picked;
    return std::move(wide);
  }

  void merge(std::size_t n, const Sum& sum, Edit& edit) {
    const ir::Node& conv = own_.nodes()[*sum.widest];
    const ir::TensorType& weights = *own_.input(*sum.widest, 1);
    for (const std::size_t branch : sum.nodes) {
      if (branch == n) continue;
      edit.remove(branch);
      if (own_.spec(branch)->cls == ops::OpClass::kConv) layers_.remove_weights(branch, edit);
    }
    ir::Node& node = edit.node(n);
    node.op_type = "Conv";
    node.attributes = conv.attributes;
    edit.replace_operands(n, sum.source, weights.dtype, *weights.shape);
    if (sum.has_bias) edit.add_operand(n, "bias", weights.dtype, {weights.shape->front()});
    outcome_.changed.push_back(
        own_.finding(n, fmt::format("{} branches -> one {} convolution", sum.branches,
                                    ir::to_string(sum.taps.kernel))));
  }

  const OwnNodes& own_;
  const infer::Selection& selection_;
  Layers layers_;
  Outcome& outcome_;
  std::unordered_map<ir::TensorId, Sum> sums_ = {};
};

ir::Model apply_reparameterize(const infer::TypedGraph& graph, const Scenario& scenario,
                               infer::Bindings& /*bindings*/, Outcome& outcome) {
  const OwnNodes own(graph);
  const infer::Selection selection(graph, scenario);
  Merger merger(own, selection, outcome);
  for (std::size_t n = 0; n < own.size(); ++n) merger.visit(n);
  Edit edit(forget_shapes(graph));
  if (!merger.write(edit) && outcome.refused.empty()) {
    fail_scenario(scenario, "finds no convolutions of one tensor that are only summed");
  }
  return std::move(edit).finish();
}

}  // namespace

const Transform kReparameterize{
    {"reparameterize", "merge parallel convolutions that are summed into one (RepVGG)",
     infer::kSelectionArguments},
    apply_reparameterize};

}  // namespace roofline::transform
