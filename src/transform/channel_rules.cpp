// Owns how channels go through operators that calculate: contractions, normalization, pooling,
// elementwise.
// Refuses operators of which it knows no axes: find() has no rule for them.
#include <algorithm>
#include <array>
#include <string_view>

#include "channels.hpp"

namespace roofline::transform {
namespace {

using ops::OpClass;

constexpr std::string_view kFixed = "meet sizes that stay, in";
constexpr std::string_view kSpatial = "are a spatial axis of";

}  // namespace

// --- words of the rules

void ChannelRules::out(std::size_t i, std::size_t a, Axis axis) {
  if (i >= node.outputs.size() || node.outputs[i] == ir::kNoTensor || axis.empty()) return;
  std::vector<Axis>& axes = channels.axes_[static_cast<std::size_t>(node.outputs[i])];
  if (axes.empty()) axes.resize(result(i).size());
  axes[a] = std::move(axis);
}

void ChannelRules::join(const Axis& a, const Axis& b) {
  if (a.empty() != b.empty()) channels.groups.keep(a.empty() ? b : a, because(kFixed));
  if (!a.empty() && !b.empty()) channels.groups.unify(a, b, because("are joined unevenly by"));
}

void ChannelRules::keep_axes(std::size_t i, std::size_t first, std::size_t last,
                             std::string_view text) {
  for (std::size_t a = first; a < last; ++a) channels.groups.keep(in(i, a), because(text));
}

void ChannelRules::pass(std::size_t count) {
  for (std::size_t a = 0; a < count; ++a) out(0, a, in(0, a));
}

void ChannelRules::make(std::size_t weights, const Axis& axis) {
  const OwnNodes& own = channels.own();
  if (!own.graph().is_constant[static_cast<std::size_t>(node.inputs[weights])]) return;
  if (channels.selection_.has(own.walked(n))) channels.groups.ask(axis);
}

void ChannelRules::broadcast(std::size_t i, std::vector<Axis>& wanted) {
  const ir::Shape& from = shape(i);
  const std::size_t shift = wanted.size() - from.size();
  for (std::size_t a = 0; a < from.size(); ++a) {
    if (from[a] != 1) join(in(i, a), wanted[a + shift]);
  }
}

void ChannelRules::per_channel(std::size_t i, const Axis& axis) {
  if (has(i) && shape(i).size() == 1 && shape(i)[0] != 1) join(in(i, 0), axis);
}

// --- contractions

bool ChannelRules::conv() {
  const ir::Shape& w = shape(1);
  if (shape(0).size() != w.size() || w.size() < 3) return false;
  const std::int64_t group = op.attr_int("group", 1);
  const Axis x = in(0, 1);
  const Axis made = in(1, 0);
  AxisGroups& groups = channels.groups;
  if (group == 1) {
    join(x, in(1, 1));
  } else if (group == shape(0)[1]) {
    join(groups.repeat(x, w[0] / group), made);
  } else {
    groups.divide(made, group, because("are grouped by"));
    groups.divide(x, group, because("are grouped by"));
    if (!channels.own().is_stored(node.inputs[1]))
      groups.keep(x, because("meet computed weights in"));
  }
  per_channel(2, made);
  make(1, made);
  keep_axes(0, 2, shape(0).size(), kSpatial);
  out(0, 0, in(0, 0));
  out(0, 1, made);
  return true;
}

bool ChannelRules::conv_transpose() {
  const ir::Shape& w = shape(1);
  if (shape(0).size() != w.size() || w.size() < 3) return false;
  const std::int64_t group = op.attr_int("group", 1);
  const bool depthwise = group > 1 && group == shape(0)[1] && w[1] == 1;
  if (group != 1 && !depthwise) return false;
  join(in(0, 1), in(1, 0));
  const Axis made = depthwise ? in(1, 0) : in(1, 1);
  per_channel(2, made);
  make(1, made);
  keep_axes(0, 2, shape(0).size(), kSpatial);
  out(0, 0, in(0, 0));
  out(0, 1, made);
  return true;
}

bool ChannelRules::gemm() {
  const bool trans_a = op.attr_int("transA", 0) != 0;
  const bool trans_b = op.attr_int("transB", 0) != 0;
  const Axis rows = in(0, trans_a ? 1 : 0);
  const Axis columns = in(1, trans_b ? 0 : 1);
  join(in(0, trans_a ? 0 : 1), in(1, trans_b ? 1 : 0));
  std::vector<Axis> wanted = {rows, columns};
  if (has(2)) broadcast(2, wanted);
  make(1, columns);
  out(0, 0, rows);
  out(0, 1, columns);
  return true;
}

bool ChannelRules::matmul() {
  const std::size_t rank_a = shape(0).size();
  const std::size_t rank_b = shape(1).size();
  const std::size_t rank = result().size();
  if (rank_a < 2 || rank_b < 2) return false;
  join(in(0, rank_a - 1), in(1, rank_b - 2));
  for (std::size_t a = 0; a + 2 < rank; ++a) {
    const bool has_a = a + rank_a >= rank && shape(0)[a + rank_a - rank] != 1;
    const bool has_b = a + rank_b >= rank && shape(1)[a + rank_b - rank] != 1;
    const Axis from_a = has_a ? in(0, a + rank_a - rank) : Axis{};
    const Axis from_b = has_b ? in(1, a + rank_b - rank) : Axis{};
    if (has_a && has_b) join(from_a, from_b);
    out(0, a, has_a ? from_a : from_b);
  }
  const Axis columns = in(1, rank_b - 1);
  make(1, columns);
  out(0, rank - 2, in(0, rank_a - 2));
  out(0, rank - 1, columns);
  return true;
}

// --- normalization

bool ChannelRules::batch_norm() {
  if (shape(0).size() < 2 || node.outputs.size() > 1) return false;
  const Axis axis = in(0, 1);
  for (std::size_t i = 1; i < node.inputs.size(); ++i) per_channel(i, axis);
  pass(shape(0).size());
  return true;
}

bool ChannelRules::group_norm() {
  if (shape(0).size() < 2) return false;
  const Axis axis = in(0, 1);
  channels.groups.average(axis, because("are averaged by"));
  if (!axis.empty()) {
    channels.groups.divide(axis, op.required_int("num_groups"), because("are grouped by"));
  }
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (has(i) && shape(i).size() == 1 && shape(i)[0] == shape(0)[1]) per_channel(i, axis);
  }
  pass(shape(0).size());
  return true;
}

bool ChannelRules::layer_norm() {
  const std::size_t rank = shape(0).size();
  const std::size_t first = ops::normalize_axis(op.attr_int("axis", -1), rank);
  std::vector<Axis> axes;
  for (std::size_t a = 0; a < rank; ++a) {
    axes.push_back(in(0, a));
    if (a >= first) channels.groups.average(axes[a], because("are averaged by"));
  }
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (!has(i)) continue;
    if (shape(i).size() > rank) return false;
    broadcast(i, axes);
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    for (std::size_t a = 0; a < (i == 0 ? rank : first); ++a) out(i, a, axes[a]);
  }
  return true;
}

/// LRN, LpNormalization and the like: one operand, statistics over some of its axes.
bool ChannelRules::whole_norm() {
  for (std::size_t a = 0; a < shape(0).size(); ++a) {
    channels.groups.average(in(0, a), because("are averaged by"));
  }
  pass(shape(0).size());
  return true;
}

bool ChannelRules::pool() {
  if (shape(0).size() < 3 || node.outputs.size() > 1) return false;
  keep_axes(0, 2, shape(0).size(), kSpatial);
  // Regions of interest have a first axis of their own.
  if (shape(0)[0] == result()[0])
    out(0, 0, in(0, 0));
  else
    keep_axes(0, 0, 1, kSpatial);
  out(0, 1, in(0, 1));
  return true;
}

bool ChannelRules::resize() {
  if (shape(0).size() != result().size()) return false;
  return same_sizes();
}

// --- elementwise

bool ChannelRules::elementwise() {
  const ir::Shape& to = result();
  if (node.outputs.size() > 1) return false;
  std::vector<Axis> axes(to.size());
  std::vector<bool> seen(to.size(), false);
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!has(i)) continue;
    const ir::Shape& from = shape(i);
    if (from.size() > to.size()) return false;
    const std::size_t shift = to.size() - from.size();
    for (std::size_t a = 0; a < from.size(); ++a) {
      if (from[a] == 1) continue;
      if (from[a] != to[a + shift]) return false;
      if (seen[a + shift]) {
        join(axes[a + shift], in(i, a));
      } else {
        axes[a + shift] = in(i, a);
        seen[a + shift] = true;
      }
    }
  }
  for (std::size_t a = 0; a < to.size(); ++a) out(0, a, std::move(axes[a]));
  return true;
}

bool ChannelRules::quantize() {
  const std::size_t rank = shape(0).size();
  if (op.attr_int("block_size", 0) != 0 || node.outputs.size() > 1) return false;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (!has(i) || shape(i).empty()) continue;
    if (shape(i).size() != 1) return false;
    if (shape(i)[0] != 1) {
      per_channel(i, in(0, ops::normalize_axis(op.attr_int("axis", 1), rank)));
    }
  }
  pass(rank);
  return true;
}

// --- which rule

ChannelRules::Rule ChannelRules::find(const ops::OpSpec& spec) {
  struct Row {
    std::string_view type;
    Rule rule;
  };
  static constexpr std::array kRows = {
      Row{"Conv", &ChannelRules::conv},
      Row{"ConvTranspose", &ChannelRules::conv_transpose},
      Row{"Gemm", &ChannelRules::gemm},
      Row{"MatMul", &ChannelRules::matmul},
      Row{"BatchNormalization", &ChannelRules::batch_norm},
      Row{"InstanceNormalization", &ChannelRules::batch_norm},
      Row{"GroupNormalization", &ChannelRules::group_norm},
      Row{"LayerNormalization", &ChannelRules::layer_norm},
      Row{"RMSNormalization", &ChannelRules::layer_norm},
      Row{"SimplifiedLayerNormalization", &ChannelRules::layer_norm},
      Row{"LRN", &ChannelRules::whole_norm},
      Row{"LpNormalization", &ChannelRules::whole_norm},
      Row{"MeanVarianceNormalization", &ChannelRules::whole_norm},
      Row{"Resize", &ChannelRules::resize},
      Row{"Upsample", &ChannelRules::resize},
      Row{"QuantizeLinear", &ChannelRules::quantize},
      Row{"DequantizeLinear", &ChannelRules::quantize},
      Row{"Transpose", &ChannelRules::transpose},
      Row{"Concat", &ChannelRules::concat},
      Row{"Split", &ChannelRules::split},
      Row{"Slice", &ChannelRules::slice},
      Row{"Pad", &ChannelRules::same_sizes},
      Row{"Expand", &ChannelRules::same_sizes},
      Row{"Tile", &ChannelRules::same_sizes},
      Row{"Cast", &ChannelRules::same_sizes},
      Row{"CastLike", &ChannelRules::same_sizes},
      Row{"Gather", &ChannelRules::gather},
      // Elementwise by class, but not along their last axis.
      Row{"RotaryEmbedding", nullptr},
      Row{"SwiGLU", nullptr},
  };
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) {
    return r.type == spec.type && spec.domain.empty();
  });
  if (row != kRows.end()) return row->rule;
  if (spec.cls == OpClass::kActivation) return &ChannelRules::elementwise;
  if (!spec.domain.empty()) return nullptr;
  switch (spec.cls) {
    case OpClass::kElementwise:
      return &ChannelRules::elementwise;
    case OpClass::kPooling:
      return &ChannelRules::pool;
    case OpClass::kView:
      return &ChannelRules::view;
    case OpClass::kSoftmax:
      return &ChannelRules::softmax;
    case OpClass::kReduction:
      return &ChannelRules::reduce;
    case OpClass::kShape:
      return &ChannelRules::sizes;
    default:
      return nullptr;
  }
}

bool ChannelRules::apply(const ops::OpSpec& spec) {
  const Rule rule = find(spec);
  return rule && !node.outputs.empty() && node.outputs[0] != ir::kNoTensor && (this->*rule)();
}

}  // namespace roofline::transform
