#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "roofline/calibrate/measurement.hpp"
#include "roofline/ir/graph.hpp"

namespace roofline::calibrate {

/// Symbols of the model's inputs: what a measured row can give a size.
[[nodiscard]] std::set<std::string> input_symbols(const ir::Model& model);

/// The row's sizes for the model's symbols. "batch" is whatever the first axis of the model's first
/// input is called; a fixed one must be as large as the row says. Throws Error for a size that the
/// model does not leave open.
[[nodiscard]] std::map<std::string, std::int64_t> bound_dims(const ir::Model& model,
                                                             const Measurement& row);

}  // namespace roofline::calibrate
