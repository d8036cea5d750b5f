#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/sweep.hpp"

namespace roofline {

/// A symbolic dimension and the sizes it takes.
struct SweptDim {
  std::string name;
  std::vector<std::int64_t> sizes;
};

/// One model over a range of sizes.
struct SweepRequest {
  Request base;                ///< sizes that stay, machines, runtime; at least one machine
  std::vector<SweptDim> dims;  ///< the first is the axis; every combination of the others a series
  std::vector<std::optional<hardware::Precision>> precisions = {std::nullopt};
  std::optional<double> max_latency_s = {};
  std::function<void(double)> progress = {};  ///< told the share that is done
};

/// Prices the model at every size. Throws Error when it cannot go on, or when the model breaks at
/// one of the sizes, which the message names.
[[nodiscard]] report::Sweep sweep(const ir::Model& model, const SweepRequest& request);

}  // namespace roofline
