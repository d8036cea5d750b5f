#pragma once
#include <span>
#include <vector>

#include "roofline/base/scenario.hpp"
#include "roofline/infer/infer.hpp"

namespace roofline::transform {

/// A scenario that changes the model. Tensors that remain keep their names, and so do the results
/// of nodes that stand for others: by them the layers of both models are compared.
struct Transform {
  ScenarioKind kind;
  /// The changed model; `graph` is of the model as it was, under `bindings`, which follow where the
  /// scenario changes a size that they pin down. Shapes of results are not declared in the new
  /// model: they are inferred again (see forget_shapes). Throws Error (kUsage, "bad-scenario") for
  /// arguments that mean nothing for this model.
  ir::Model (*apply)(const infer::TypedGraph& graph, const Scenario& scenario,
                     infer::Bindings& bindings, Outcome& outcome);
};
[[nodiscard]] std::span<const Transform* const> transforms();

}  // namespace roofline::transform
