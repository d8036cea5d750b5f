#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "roofline/report/report.hpp"

namespace roofline::report {

/// Parts of a node's path that tell it apart: "/layer1/layer1.0/conv1/Conv" has the parts
/// "layer1.0", "conv1", "Conv" (a part that only repeats its parent's name is merged with it).
/// Names without '/' are split at '.'.
[[nodiscard]] std::vector<std::string_view> path_parts(std::string_view name);

/// Short names for the screen; JSON and CSV keep the full ones.
class Names {
 public:
  explicit Names(const Report& report);
  /// "layer1.0/conv1": without an operator type that the op column shows anyway.
  [[nodiscard]] std::string node(std::size_t index) const;
  /// "layer1.0/conv1 + bn1 + relu".
  [[nodiscard]] std::string layer(const LayerRow& layer) const;

 private:
  [[nodiscard]] std::vector<std::string_view> short_parts(const NodeRow& node) const;
  [[nodiscard]] std::string fused_part(std::size_t index,
                                       const std::vector<std::string_view>& first) const;

  const Report& report_;
  std::unordered_map<std::string_view, int> nodes_in_;  ///< directory -> nodes directly in it
};

}  // namespace roofline::report
