#pragma once
#include <cstdint>
#include <vector>

#include "roofline/ir/tensor_type.hpp"

namespace roofline::ops {

/// What a transpose does to memory; axes of one element do not count.
struct TransposedRuns {
  std::int64_t run = 1;        ///< contiguous elements that stay together; 0: all of them
  bool moves_one_axis = true;  ///< at most: all others keep their order
  /// Of the matrices that it transposes, if it moves one axis.
  std::int64_t rows = 1;
  std::int64_t columns = 1;
};
/// Of a permutation that makes a tensor of shape `result`; of another rank, nothing stays together.
[[nodiscard]] TransposedRuns transposed_runs(const std::vector<std::int64_t>& perm,
                                             const ir::Shape& result);

}  // namespace roofline::ops
