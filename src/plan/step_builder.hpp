#pragma once
#include "draft.hpp"

namespace roofline::plan {

/// What a node reads for an operand: what that was dequantized from, if its kernel takes it.
[[nodiscard]] ir::TensorId operand(const Draft& draft, ir::NodeId n, ir::TensorId id);
/// The element type a node computes in: of its first operand that is touched, else of its result.
[[nodiscard]] ir::DType compute_dtype(const Draft& draft, ir::NodeId n);

/// What steps of chains and of launches have in common: buffers of tensors, work of nodes.
class StepBuilder {
 protected:
  StepBuilder(const Draft& draft, const PrecisionRules& precision, const Blocks& blocks,
              Plan& plan);

  static constexpr BufferId kNoBuffer = -1;

  void add_graph_inputs();
  void mark_graph_outputs();
  /// The buffer that holds a tensor of the model; it comes to exist when first asked for.
  BufferId buffer(ir::TensorId id);
  [[nodiscard]] static std::size_t shape_key(const ir::Shape& shape);
  /// Lets `result` share the buffer of `operand`.
  void alias(ir::TensorId operand, ir::TensorId result);
  /// Reasons of the step's nodes, in their order.
  void add_reasons(Step& step) const;
  void add_work(Step& step) const;
  /// A bias operand of the anchor: then a folded shift adds nothing to compute or read.
  [[nodiscard]] bool has_bias(ir::NodeId anchor) const;
  [[nodiscard]] ir::TensorId operand(ir::NodeId n, ir::TensorId id) const {
    return plan::operand(draft_, n, id);
  }
  /// Chooses the unit, describes the kernel and appends the step.
  void finish(Step&& step, std::optional<ir::DType> computes_in, const Reordered& reordered = {});
  [[nodiscard]] ir::DType compute_dtype(ir::NodeId n) const {
    return plan::compute_dtype(draft_, n);
  }

  const Draft& draft_;
  const PrecisionRules& precision_;
  Blocks blocks_;
  Plan& plan_;
  std::vector<BufferId> buffer_of_;

 private:
  /// Of a tensor that lies inside another one.
  BufferId buffer_of_whole(ir::TensorId part);
  /// Unpacking the weights inside the kernel that multiplies by them.
  void add_unpacking(ir::NodeId n, Step& step) const;
};

}  // namespace roofline::plan
