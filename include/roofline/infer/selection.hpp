#pragma once
#include <array>
#include <string>
#include <vector>

#include "roofline/base/scenario.hpp"
#include "roofline/infer/infer.hpp"

namespace roofline::infer {

/// Arguments by which a scenario picks nodes; a node that any of them names is picked.
inline constexpr std::array kSelectionArguments = {
    ScenarioArgument{"node", "NAME", "only this node, by name or id", true},
    ScenarioArgument{"op", "TYPE", "only nodes of this operator", true},
    ScenarioArgument{"class", "CLASS", "only nodes of this class, as 'roofline ops' lists", true},
};

/// A scenario's own arguments, and then these.
template <class... Argument>
[[nodiscard]] constexpr auto with_selection(const Argument&... own) {
  return std::array{own..., kSelectionArguments[0], kSelectionArguments[1], kSelectionArguments[2]};
}

/// The nodes that a scenario is about: all of them where it picks none.
class Selection {
 public:
  /// Throws Error (kUsage, "bad-scenario") for a name that no node has.
  Selection(const TypedGraph& graph, const Scenario& scenario);
  [[nodiscard]] bool has(ir::NodeId n) const {
    return picked_.empty() || picked_[static_cast<std::size_t>(n)];
  }
  /// True where every node is picked for want of arguments.
  [[nodiscard]] bool is_whole() const { return picked_.empty(); }

 private:
  std::vector<bool> picked_ = {};
};

/// A finding about a node.
[[nodiscard]] Finding finding(const TypedGraph& graph, ir::NodeId n, std::string what);

}  // namespace roofline::infer
