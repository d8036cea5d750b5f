// Owns the order of the passes that fuse by rules, and the words they share.
// Refuses to know runtimes: their rules are rows of a table.
#include "kernel_rules.hpp"

#include <algorithm>

namespace roofline::plan {
namespace {

/// The last axis is the one that is summed, or several that end with it.
bool reduces_rows(const Rewrite& graph, LaunchId l) {
  const auto& in = graph.sizes.shape(graph.input(l, 0));
  const auto& out = graph.sizes.shape(graph.output(l));
  if (!in || !out || in->empty()) return false;
  // Leading sizes stay: what is missing, or became 1, is at the end.
  std::size_t kept = 0;
  while (kept < in->size() && kept < out->size() && (*in)[kept] == (*out)[kept]) ++kept;
  return kept < in->size() && std::all_of(out->begin() + static_cast<std::ptrdiff_t>(kept),
                                          out->end(), [](std::int64_t size) { return size == 1; });
}

bool works_on_last_axis(const Rewrite& graph, LaunchId l) {
  const auto& shape = graph.sizes.shape(graph.input(l, 0));
  if (!shape || shape->empty()) return false;
  const std::int64_t axis = integer_attribute(graph.node(l), "axis", -1);
  return axis == -1 || axis == static_cast<std::int64_t>(shape->size()) - 1;
}

}  // namespace

Motion motion_of(const Rewrite& graph, LaunchId l) {
  const Launch& launch = graph.at(l);
  if (launch.nodes.empty() || launch.cls || launch.outputs.size() != 1 ||
      launch.outputs[0] == ir::kNoTensor) {
    return Motion::kOther;
  }
  const infer::NodeCost& cost = graph.draft().cost(launch.nodes.front());
  if (cost.spec == nullptr || graph.draft().host[static_cast<std::size_t>(launch.nodes.front())]) {
    return Motion::kOther;
  }
  switch (cost.spec->cls) {
    case ops::OpClass::kConv:
    case ops::OpClass::kMatmul:
      return cost.work.contraction ? Motion::kContraction : Motion::kOther;
    case ops::OpClass::kElementwise:
    case ops::OpClass::kActivation:
      return Motion::kPointwise;
    case ops::OpClass::kSoftmax:
      return works_on_last_axis(graph, l) ? Motion::kRow : Motion::kOther;
    case ops::OpClass::kNormalization:
      if (cost.spec->fusion == ops::Fusion::kScaleShift) return Motion::kScaleShift;
      return launch.op == "LayerNormalization" && works_on_last_axis(graph, l) ? Motion::kRow
                                                                               : Motion::kOther;
    case ops::OpClass::kReduction:
      return reduces_rows(graph, l) ? Motion::kRow : Motion::kOther;
    case ops::OpClass::kMovement:
      // A Gather of rows of a table is a pointwise operator that reads where another one says.
      return launch.op == "Cast" || (launch.op == "Gather" && graph.is_constant(graph.input(l, 0)))
                 ? Motion::kPointwise
                 : Motion::kOther;
    default:
      return Motion::kOther;
  }
}

std::optional<Count> elements_of(const Rewrite& graph, ir::TensorId t) {
  if (t == ir::kNoTensor) return std::nullopt;
  const auto& shape = graph.sizes.shape(t);
  return shape && ir::is_known(*shape) ? ir::element_count(*shape) : std::nullopt;
}

ir::NodeId position_of(const Rewrite& graph, LaunchId l) {
  const Launch& launch = graph.at(l);
  if (launch.nodes.empty()) return launch.beside;
  return *std::max_element(launch.nodes.begin(), launch.nodes.end());
}

void fuse_members(Rewrite& graph, const std::vector<LaunchId>& members, std::string_view op) {
  const auto is_member = [&](LaunchId l) {
    return std::find(members.begin(), members.end(), l) != members.end();
  };
  std::vector<ir::TensorId> operands;
  std::vector<ir::TensorId> results;
  std::vector<std::string_view> fused;
  for (const LaunchId l : members) {
    const Launch& launch = graph.at(l);
    for (const ir::TensorId t : launch.inputs) {
      if (t == ir::kNoTensor || is_member(graph.producer(t))) continue;
      if (std::find(operands.begin(), operands.end(), t) == operands.end()) operands.push_back(t);
    }
    for (const ir::TensorId t : launch.outputs) {
      const std::vector<LaunchId> readers = graph.readers(t);
      if (graph.is_wanted(t) ||
          std::any_of(readers.begin(), readers.end(), [&](LaunchId r) { return !is_member(r); })) {
        results.push_back(t);
      }
    }
    if (l != members.front()) fused.push_back(launch.op);
    fused.insert(fused.end(), launch.fused.begin(), launch.fused.end());
  }
  if (results.empty()) results = graph.at(members.back()).outputs;
  graph.fuse(members, op, std::move(operands), std::move(results));
  graph.at(members.front()).fused = std::move(fused);
}

void NodeRules::change(const infer::TypedGraph& graph, const infer::Selection& selection,
                       const std::function<void(KernelRules&)>& apply) {
  if (selection.is_whole()) {
    for (KernelRules& row : rows_) apply(row);
    return;
  }
  const std::size_t rows = rows_.size();
  row_.resize(graph.costs.size());
  rows_.insert(rows_.end(), rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(rows));
  for (std::size_t i = rows; i < rows_.size(); ++i) apply(rows_[i]);
  for (std::size_t n = 0; n < row_.size(); ++n) {
    if (selection.has(static_cast<ir::NodeId>(n))) row_[n] += rows;
  }
}

void rewrite_by_rules(Rewrite& graph, const NodeRules& rules) {
  rules::remove_what_ran_before(graph, rules);
  rules::eliminate_views(graph, rules);
  rules::absorb_shuffles(graph, rules);
  rules::view_parts(graph, rules);
  rules::fuse_attention(graph, rules);
  rules::fold_into_contractions(graph, rules);
  rules::fuse_epilogues(graph, rules);
  rules::fuse_gates(graph, rules);
  rules::merge_projections(graph, rules);
  rules::fuse_regions(graph, rules);
  rules::place_parts(graph, rules);
  if (!rules.common().works_in_vectors) return;
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (graph.is_live(l) && !graph.at(l).nodes.empty() && !graph.at(l).cls) {
      graph.at(l).layout = Layout::kBlocked;
    }
  }
}

}  // namespace roofline::plan
