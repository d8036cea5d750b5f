#pragma once
#include <algorithm>
#include <array>
#include <string_view>

#include "draft.hpp"
#include "kernel_runs.hpp"
#include "rewrite.hpp"
#include "step_builder.hpp"

namespace roofline::plan {

/// A step whose kernel is being described, and what tells its sizes.
class KernelSketch {
 public:
  KernelSketch(const Draft& draft, const Blocks& blocks, const Reordered& reordered, Step& step)
      : draft_(draft),
        reordered_(reordered),
        block_(blocks.channels),
        at_once_(blocks.at_once),
        step_(step),
        kernel_(step.kernel),
        lead_(draft.node(step.nodes.front())),
        in_(operand_shape(0)) {
    const ir::Node& last = draft.node(step.nodes.back());
    if (!last.outputs.empty()) out_ = known_shape(last.outputs[0]);
  }

 protected:
  void set(std::string_view kind, double work, std::array<double, 3> extents) {
    kernel_.kind = kind;
    kernel_.work = work;
    for (double& extent : extents) extent = std::max(extent, 1.0);
    kernel_.extents = extents;
  }

  /// nullptr: not known.
  [[nodiscard]] const ir::Shape* known_shape(ir::TensorId id) const {
    if (id == ir::kNoTensor) return nullptr;
    if (const auto at = reordered_.shapes.find(id); at != reordered_.shapes.end()) {
      return &at->second;
    }
    const auto& shape = draft_.type(id).shape;
    return shape && ir::is_known(*shape) ? &*shape : nullptr;
  }

  /// Of the first node; nullptr when it has no such operand or its shape is not known.
  [[nodiscard]] const ir::Shape* operand_shape(std::size_t i) const {
    return i < lead_.inputs.size() ? known_shape(lead_.inputs[i]) : nullptr;
  }

  [[nodiscard]] ir::DType first_operand_dtype() const {
    if (lead_.inputs.empty() || lead_.inputs[0] == ir::kNoTensor) return ir::DType::kFloat32;
    const ir::NodeId n = step_.nodes.front();
    const bool on_integers = draft_.quantized[static_cast<std::size_t>(n)] == Quantized::kInteger;
    return draft_.type(on_integers ? operand(draft_, n, lead_.inputs[0]) : lead_.inputs[0]).dtype;
  }

  [[nodiscard]] int first_operand_bits() const { return ir::bits(first_operand_dtype()); }

  [[nodiscard]] double pixels_in() const {
    return in_ != nullptr && in_->size() > 2 ? product(*in_, 2) : 1;
  }

  const Draft& draft_;
  const Reordered& reordered_;
  double block_;    ///< channels of a vector in the blocked layout
  double at_once_;  ///< blocks of results that a pass over the input computes
  Step& step_;
  Kernel& kernel_;
  const ir::Node& lead_;  ///< the first node
  const ir::Shape* in_;
  const ir::Shape* out_ = nullptr;  ///< of the last node
};

void describe_contraction(const KernelSketch& sketch, const ops::Contraction& contraction);

}  // namespace roofline::plan
