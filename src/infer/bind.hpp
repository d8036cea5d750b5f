#pragma once
#include "roofline/infer/infer.hpp"

namespace roofline::infer {

/// Where a message points: "model.onnx: node 'conv1' (Conv, #17)".
[[nodiscard]] std::string node_location(const TypedGraph& graph, const ir::Node& node,
                                        ir::NodeId n);

/// Types every graph input and initializer, binding symbols as `bindings` says; symbols left over
/// become 1 with a note. Throws Error for bindings that name nothing or contradict each other.
void bind_inputs(const Bindings& bindings, TypedGraph& graph);

/// Throws Error for a --shape or --value that names no tensor.
void check_pins(const Bindings& bindings, const TypedGraph& graph);

/// What the model says of a tensor, sequence or optional, before anything is inferred.
[[nodiscard]] ir::TensorType declared_type(const ir::Tensor& tensor,
                                           const std::map<std::string, std::int64_t>& dims);

/// Overrides an inferred type by the user's --shape and --value for that tensor.
void apply_pins(const Bindings& bindings, const std::string& name, ir::TensorType& type);

/// A tensor without elements has a known value: the empty one.
void know_empty(ir::TensorType& type);

/// A declared shape with symbols replaced by their sizes; unbound ones stay unknown.
[[nodiscard]] ir::Shape resolve(const std::vector<ir::Dim>& declared,
                                const std::map<std::string, std::int64_t>& dims);

}  // namespace roofline::infer
