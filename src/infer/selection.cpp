// Owns which nodes a scenario is about.
// Refuses to judge whether it applies to them.
#include "roofline/infer/selection.hpp"

#include <fmt/format.h>

#include "roofline/base/text.hpp"

namespace roofline::infer {

Selection::Selection(const TypedGraph& graph, const Scenario& scenario) {
  const auto count = static_cast<ir::NodeId>(graph.costs.size());
  const auto pick = [&](std::string_view key, auto names_of) {
    for (const std::string& wanted : scenario.all(key)) {
      picked_.resize(graph.costs.size());
      bool found = false;
      std::vector<std::string> known;
      for (ir::NodeId n = 0; n < count; ++n) {
        for (const std::string& name : names_of(n)) {
          if (name == wanted) found = picked_[static_cast<std::size_t>(n)] = true;
          if (!found) known.push_back(name);
        }
      }
      if (found) continue;
      fail_scenario(scenario, fmt::format("names {} '{}': no such node", key, printable(wanted)),
                    did_you_mean_hint(wanted, known));
    }
  };
  pick("node", [&](ir::NodeId n) {
    return std::vector<std::string>{graph.node_name(n), graph.node_id(n), graph.node(n).name};
  });
  pick("op", [&](ir::NodeId n) { return std::vector<std::string>{graph.node(n).op_type}; });
  pick("class", [&](ir::NodeId n) {
    const ops::OpSpec* spec = graph.costs[static_cast<std::size_t>(n)].spec;
    return spec ? std::vector<std::string>{std::string(ops::class_name(spec->cls))}
                : std::vector<std::string>{};
  });
}

Finding finding(const TypedGraph& graph, ir::NodeId n, std::string what) {
  return {graph.node_id(n), graph.node_name(n), std::move(what)};
}

}  // namespace roofline::infer
