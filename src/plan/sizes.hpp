#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "roofline/infer/infer.hpp"

namespace roofline::plan {

/// What of a model's shapes and values is fixed, whatever the sizes that it leaves open. A runtime
/// optimizes a model before it sees an input: it decides by these, not by the sizes of one run.
/// Of an omitted operand (ir::kNoTensor), which a broken node may have, nothing is known.
class Sizes {
 public:
  explicit Sizes(const infer::TypedGraph& graph) : graph_(graph) {}

  /// Number of axes; nullopt when it is not known.
  [[nodiscard]] std::optional<std::size_t> rank(ir::TensorId id) const;
  /// A size; ir::kUnknownDim when it is open.
  [[nodiscard]] std::int64_t dim(ir::TensorId id, std::size_t axis) const;
  /// True when two sizes are equal whatever the open ones are.
  [[nodiscard]] bool same_dim(ir::TensorId a, std::size_t i, ir::TensorId b, std::size_t j) const;
  [[nodiscard]] bool same_shape(ir::TensorId a, ir::TensorId b) const;
  /// All sizes are fixed.
  [[nodiscard]] bool is_fixed(ir::TensorId id) const;
  /// The elements, when they are known and fixed.
  [[nodiscard]] const ir::SmallValue* value(ir::TensorId id) const;
  /// A size that follows from a shape computed in the run, or that a Reshape leaves over: the
  /// runtime does not know it before, nor that it equals another, even where it never changes.
  [[nodiscard]] bool is_vague(ir::TensorId id, std::size_t axis) const {
    return (vague(id) >> std::min<std::size_t>(axis, 31) & 1U) != 0;
  }
  [[nodiscard]] bool is_vague(ir::TensorId id) const { return vague(id) != 0; }
  /// One bit for each axis.
  [[nodiscard]] std::uint32_t vague(ir::TensorId id) const {
    const auto i = static_cast<std::size_t>(origin(id));
    return i < vague_.size() ? vague_[i] : 0;
  }
  void set_vague(ir::TensorId id, std::uint32_t axes) {
    vague_.resize(graph_.types.size());
    vague_[static_cast<std::size_t>(origin(id))] = axes;
  }
  /// The sizes of this run.
  [[nodiscard]] const std::optional<ir::Shape>& shape(ir::TensorId id) const;

  /// A tensor that the runtime makes: another form of `of`, of the shape that `form` gives.
  ir::TensorId make(ir::TensorId of, const std::function<ir::Shape(ir::Shape)>& form);
  /// The model's tensor that a made one is a form of; a tensor of the model is its own.
  [[nodiscard]] ir::TensorId origin(ir::TensorId id) const;
  /// Tensors of the model and made ones.
  [[nodiscard]] std::size_t count() const { return graph_.types.size() + made_.size(); }

 private:
  struct Made {
    ir::TensorId origin = ir::kNoTensor;
    std::optional<ir::Shape> shape;
    std::optional<ir::Shape> other;
  };

  [[nodiscard]] bool is_made(ir::TensorId id) const {
    return id != ir::kNoTensor && static_cast<std::size_t>(id) >= graph_.types.size();
  }
  [[nodiscard]] const Made& made(ir::TensorId id) const {
    return made_[static_cast<std::size_t>(id) - graph_.types.size()];
  }
  [[nodiscard]] const std::optional<ir::Shape>& other(ir::TensorId id) const;
  /// The model's types under other sizes: what is alike is fixed. Empty when nothing is open.
  [[nodiscard]] const std::vector<ir::TensorType>& others() const;

  const infer::TypedGraph& graph_;
  mutable std::optional<std::vector<ir::TensorType>> others_;  ///< inferred when first asked for
  std::vector<Made> made_;
  std::vector<std::uint32_t> vague_;
};

}  // namespace roofline::plan
