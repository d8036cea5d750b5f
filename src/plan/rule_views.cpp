// Before: nodes that compute nothing, or whose results are known beforehand, stand between those
// that do. After: they are gone, and their readers read what they handed on. Conditions: none for
// views; Transpose only where the rules say that it is a view, and not in front of a Reshape where
// they say that this copies. It does not model: copies that a runtime makes of a view that its
// kernels cannot follow.
#include <algorithm>

#include "kernel_rules.hpp"

namespace roofline::plan::rules {

namespace {

std::size_t first_node(const Rewrite& graph, LaunchId l) {
  return static_cast<std::size_t>(graph.at(l).nodes.front());
}

/// Known before the run: constants, what follows from sizes, and what was computed from such.
bool is_known(const Rewrite& graph, ir::TensorId t) {
  if (t == ir::kNoTensor || graph.is_constant(t)) return true;
  const Draft& draft = graph.draft();
  if (draft.graph.is_constant[static_cast<std::size_t>(t)]) return true;
  const auto& value = draft.type(t).value;
  return value && ir::is_known(*value);
}

bool runs_before(const Rewrite& graph, LaunchId l, const KernelRules& rules) {
  const Launch& launch = graph.at(l);
  const Draft& draft = graph.draft();
  const std::size_t n = first_node(graph, l);
  if (rules.views == Views::kLaunched) return false;
  if (draft.host[n] && !draft.alias[n]) return true;
  if (!rules.folds_constants || !rules.knows_sizes) return false;
  const ops::OpSpec* spec = draft.graph.costs[n].spec;
  return spec != nullptr && spec->cls != ops::OpClass::kRandom &&
         spec->cls != ops::OpClass::kControl && !launch.inputs.empty() &&
         std::all_of(launch.inputs.begin(), launch.inputs.end(),
                     [&](ir::TensorId t) { return is_known(graph, t); });
}

/// A view by class whose other results nobody reads: Dropout with its mask.
bool hands_on(Rewrite& graph, LaunchId l) {
  const std::size_t n = first_node(graph, l);
  if (graph.draft().alias[n]) return true;
  const ops::OpSpec* spec = graph.draft().graph.costs[n].spec;
  const auto& outputs = graph.at(l).outputs;
  return spec != nullptr && spec->cls == ops::OpClass::kView &&
         std::all_of(outputs.begin() + 1, outputs.end(), [&](ir::TensorId t) {
           return t == ir::kNoTensor || (graph.uses(t) == 0 && !graph.is_wanted(t));
         });
}

bool ends_in_reshape(Rewrite& graph, LaunchId l) {
  const LaunchId reader = graph.sole_reader(graph.output(l));
  return reader != kNoLaunch && graph.is(reader, {"Reshape", "Flatten"});
}

}  // namespace

void remove_what_ran_before(Rewrite& graph, const NodeRules& rules) {
  keep_quantized(graph.draft(), [&](ir::NodeId n) { return rules.of(n).takes_quantized; });
  plan::fold_constants(graph.draft(), [&](ir::NodeId n) { return rules.of(n).folds_constants; });
  plan::absorb_padding(graph.draft(), [&](ir::NodeId n) { return rules.of(n).absorbs_padding; });
  const bool knows_sizes = rules.common().knows_sizes;
  const auto is_constant = [&](ir::TensorId t) {
    return t != ir::kNoTensor && graph.draft().graph.is_constant[static_cast<std::size_t>(t)];
  };
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || graph.at(l).nodes.empty()) continue;
    if (!runs_before(graph, l, rules.of(graph, l))) continue;
    const ops::OpSpec* spec = graph.draft().cost(graph.at(l).nodes.front()).spec;
    if (spec != nullptr && spec->fusion == ops::Fusion::kDequantize) {
      (void)graph.eliminate(l, 0, {});  // kernels read what it would read
      continue;
    }
    const std::vector<ir::TensorId> outputs = graph.at(l).outputs;
    graph.remove(l, {});
    for (const ir::TensorId t : outputs) {
      if (knows_sizes || is_constant(t)) graph.set_constant(t);
    }
  }
}

void eliminate_views(Rewrite& graph, const NodeRules& rules) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is_live(l) || graph.at(l).nodes.empty() || graph.at(l).outputs.empty() ||
        graph.output(l) == ir::kNoTensor) {
      continue;
    }
    const KernelRules& own = rules.of(graph, l);
    if (own.views == Views::kFollowed && hands_on(graph, l)) {
      (void)graph.eliminate(l, 0, {});
    } else if (own.views == Views::kBetween && graph.draft().alias[first_node(graph, l)]) {
      graph.at(l).op = {};
    } else if (own.views_transposes && graph.is(l, {"Transpose"}) &&
               !(own.copies_to_reshape && ends_in_reshape(graph, l))) {
      (void)graph.eliminate(l, 0, "a view that its readers follow");
    }
  }
}

}  // namespace roofline::plan::rules
