#pragma once
#include <string>
#include <vector>

#include "axis_groups.hpp"
#include "edit.hpp"
#include "roofline/ops/op_context.hpp"

namespace roofline::transform {

/// Which axes of a model's tensors change together when channels are removed or added. Constants
/// are free to follow; a result's axis of which nothing is known stays.
class Channels {
 public:
  /// Walks the model once. Channels that picked convolutions and products with constant weights
  /// make are asked to change.
  Channels(const OwnNodes& own, const infer::Selection& selection);

  AxisGroups groups = {};

  [[nodiscard]] const OwnNodes& own() const { return own_; }
  /// Axis a of a tensor; empty where its size stays.
  [[nodiscard]] Axis axis(ir::TensorId id, std::size_t a);
  /// The axes of a tensor as far as they are known, without making new groups.
  [[nodiscard]] const std::vector<Axis>& known_axes(ir::TensorId id) const {
    return axes_[static_cast<std::size_t>(id)];
  }
  /// Keeps every channel on the node's operands and results; false when all were kept before.
  bool keep_node(std::size_t n, const Reason& reason);
  /// Keeps every channel whose number some node asks for (Shape, Size); false likewise.
  bool keep_read_sizes();
  /// Why the group stays as it is, in words.
  [[nodiscard]] std::string explain(const Reason& reason) const;

 private:
  friend struct ChannelRules;

  void walk(std::size_t n);
  void keep_all(ir::TensorId id, const Reason& reason, bool& is_new);
  [[nodiscard]] bool is_editable(ir::TensorId id) const;

  const OwnNodes& own_;
  const infer::Selection& selection_;
  std::vector<std::vector<Axis>> axes_;
  std::vector<std::size_t> size_readers_ = {};
};

/// One node's part in the walk: how its results' axes follow from its operands'.
struct ChannelRules {
  Channels& channels;
  std::size_t n;
  const ir::Node& node;
  const ops::OpContext& op;

  /// Says what it knows of the node; false where its axes are not known to follow.
  [[nodiscard]] bool apply(const ops::OpSpec& spec);

 private:
  using Rule = bool (ChannelRules::*)();
  [[nodiscard]] static Rule find(const ops::OpSpec& spec);

  bool conv();
  bool conv_transpose();
  bool gemm();
  bool matmul();
  bool batch_norm();
  bool group_norm();
  bool layer_norm();
  bool whole_norm();
  bool pool();
  bool resize();
  bool elementwise();
  bool quantize();
  bool view();
  bool transpose();
  bool concat();
  bool split();
  bool slice();
  bool same_sizes();
  bool gather();
  bool softmax();
  bool reduce();
  bool sizes();

  // --- words of the rules
  [[nodiscard]] Reason because(std::string_view text) const {
    return {text, static_cast<ir::NodeId>(n)};
  }
  [[nodiscard]] bool has(std::size_t i) const {
    return i < node.inputs.size() && node.inputs[i] != ir::kNoTensor;
  }
  [[nodiscard]] const ir::Shape& shape(std::size_t i) const {
    return *op.shape(static_cast<int>(i));
  }
  [[nodiscard]] const ir::Shape& result(std::size_t i = 0) const {
    return *op.output_shape(static_cast<int>(i));
  }
  [[nodiscard]] Axis in(std::size_t i, std::size_t a) { return channels.axis(node.inputs[i], a); }
  void out(std::size_t i, std::size_t a, Axis axis);
  /// Both axes change together; where one of them stays, so does the other.
  void join(const Axis& a, const Axis& b);
  /// Keeps axes [first, last) of operand i.
  void keep_axes(std::size_t i, std::size_t first, std::size_t last, std::string_view text);
  /// Result 0's axes [0, count) are operand 0's.
  void pass(std::size_t count);
  /// The channels that a node with constant weights makes.
  void make(std::size_t weights, const Axis& axis);
  /// Operand i broadcasts to result 0 from its last axis on: joins its axes with `wanted`.
  void broadcast(std::size_t i, std::vector<Axis>& wanted);
  /// A vector per channel (bias, scale) as operand i.
  void per_channel(std::size_t i, const Axis& axis);
};

}  // namespace roofline::transform
