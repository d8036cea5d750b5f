#pragma once
#include <cstdint>
#include <vector>

#include "roofline/ir/tensor_type.hpp"

namespace roofline::ops {

/// What a transpose does to memory.
struct TransposedRuns {
  std::int64_t run = 1;  ///< contiguous elements that stay together; 0: all of them
  /// At most: all others, those of one element too, keep their order.
  bool moves_one_axis = true;
  /// Of the matrices that it transposes, if it moves one axis.
  std::int64_t rows = 1;
  std::int64_t columns = 1;
};
/// Of a permutation that makes a tensor of shape `result`; of another rank, nothing stays together.
[[nodiscard]] TransposedRuns transposed_runs(const std::vector<std::int64_t>& perm,
                                             const ir::Shape& result);

}  // namespace roofline::ops
