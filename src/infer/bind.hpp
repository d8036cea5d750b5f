#pragma once
#include "roofline/infer/infer.hpp"

namespace roofline::infer {

/// Where a message points: "model.onnx: node 'conv1' (Conv, #17)".
[[nodiscard]] std::string node_location(const ir::Model& model, ir::NodeId index);

/// Types every graph input and initializer, binding symbols as `bindings` says; symbols left over
/// become 1 with a note. Throws Error for bindings that name nothing or contradict each other.
void bind_inputs(const Bindings& bindings, TypedGraph& graph);

/// Overrides an inferred type by the user's --shape and --value for that tensor.
void apply_pins(const Bindings& bindings, const std::string& name, ir::TensorType& type);

/// A declared shape with symbols replaced by their sizes; unbound ones stay unknown.
[[nodiscard]] ir::Shape resolve(const std::vector<ir::Dim>& declared,
                                const std::map<std::string, std::int64_t>& dims);

}  // namespace roofline::infer
