#pragma once
#include "roofline/transform/transform.hpp"

namespace roofline::transform {

/// A copy of the graph's model whose results have no declared shapes, but for those of operators
/// that the table does not know: nothing else tells them.
[[nodiscard]] ir::Model forget_shapes(const infer::TypedGraph& graph);

// Passes, each in the file of its name.
extern const Transform kBatch;
extern const Transform kBottleneck;
extern const Transform kDepthwise;
extern const Transform kLowRank;
extern const Transform kPrune;
extern const Transform kReparameterize;
extern const Transform kResolution;
extern const Transform kRoundChannels;

}  // namespace roofline::transform
