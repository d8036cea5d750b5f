#pragma once
#include "rewrite.hpp"

namespace roofline::plan {

/// Turns a rewritten graph into steps and buffers: a launch is a step.
void build_launches(const Rewrite& graph, const PrecisionRules& precision, const Blocks& blocks,
                    Plan& plan);

}  // namespace roofline::plan
