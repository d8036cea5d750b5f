#pragma once
#include <optional>
#include <string>
#include <vector>

#include "edit.hpp"

namespace roofline::transform {

/// The sizes of an ONNX Conv.
struct ConvSizes {
  std::int64_t in = 1;
  std::int64_t out = 1;
  std::int64_t group = 1;
  std::int64_t taps = 1;  ///< elements of the kernel
  ir::Shape kernel;
  std::int64_t input_positions = 1;   ///< of all images, per channel
  std::int64_t output_positions = 1;  ///< likewise

  [[nodiscard]] bool is_pointwise() const { return taps == 1; }
};
/// nullopt for other operators, and where a size is not known.
[[nodiscard]] std::optional<ConvSizes> conv_sizes(const OwnNodes& own, std::size_t n);

/// The layers with weights that a scenario is about: what may be done to each.
class Layers {
 public:
  Layers(const OwnNodes& own, const infer::Selection& selection);

  /// Picked nodes of class conv, and of class matmul if `with_products`, whose second operand is
  /// constant. Throws Error (kUsage, "bad-scenario") where there is none.
  [[nodiscard]] std::vector<std::size_t> picked(const Scenario& scenario, bool with_products) const;
  /// Why the weights of a node cannot be replaced by others; empty where they can.
  [[nodiscard]] std::string obstacle(std::size_t n) const;
  /// Removes the nodes that only made the old weights of node n: views and transposes.
  void remove_weights(std::size_t n, Edit& edit) const;
  /// How many operands and outputs of the model a tensor is.
  [[nodiscard]] int uses(ir::TensorId id) const { return uses_[static_cast<std::size_t>(id)]; }

 private:
  /// The node that only moves stored weights to this tensor; kNoNode where there is none.
  [[nodiscard]] ir::NodeId mover(ir::TensorId id) const;

  const OwnNodes& own_;
  const infer::Selection& selection_;
  std::vector<int> uses_;
};

}  // namespace roofline::transform
