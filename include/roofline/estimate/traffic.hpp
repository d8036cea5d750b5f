#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "roofline/plan/plan.hpp"

namespace roofline::estimate {

/// How far away the bytes of each access are: bytes touched by the plan since they were touched
/// last, in the steady state of repeated runs. A cache that holds that many bytes still has them.
class ReuseDistances {
 public:
  /// Accesses times the logarithm of the results alive. Weights and graph inputs were last touched
  /// one run ago; a result is written where ONNX Runtime's allocator puts it, over what was there
  /// before; bodies of loops find what their last iteration left. No distance exceeds the bytes
  /// that the plan occupies.
  explicit ReuseDistances(const plan::Plan& plan);

  /// Bytes, one for each access of the step.
  [[nodiscard]] std::span<const double> of_step(std::size_t step) const {
    return std::span(distances_).subspan(first_[step], first_[step + 1] - first_[step]);
  }

 private:
  std::vector<double> distances_ = {};
  std::vector<std::size_t> first_ = {};  ///< of each step, and one past the last
};

}  // namespace roofline::estimate
