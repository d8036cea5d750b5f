// Owns tree ensembles: what a row costs is the longest path of each tree.
// Refuses to guess which leaves the data reach.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "families.hpp"
#include "ml.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

/// A link that leads to no comparison.
constexpr std::size_t kLeaf = static_cast<std::size_t>(-1);

/// Trees as links between the nodes that compare; the others have no links.
struct Forest {
  std::vector<std::size_t> yes = {};  ///< where a true comparison leads
  std::vector<std::size_t> no = {};
  std::vector<std::size_t> roots = {};
  std::int64_t trees = 0;
  std::int64_t leaves = 0;
  std::int64_t votes = 0;  ///< weights at the leaves, all together
};

/// Comparisons on the longest path from `root`. Each node counts once, so that a damaged model
/// whose links go round in circles comes to an end.
std::int64_t longest_path(const Forest& forest, std::size_t root, std::vector<bool>& seen) {
  std::int64_t depth = 0;
  std::vector<std::size_t> level = {root};
  while (true) {
    std::vector<std::size_t> next;
    for (const std::size_t node : level) {
      if (node >= seen.size() || seen[node]) continue;
      seen[node] = true;
      next.insert(next.end(), {forest.yes[node], forest.no[node]});
    }
    if (next.empty()) return depth;
    ++depth;
    level = std::move(next);
  }
}

// --- opsets 1 to 3: nodes have a tree's and their own number, leaves are nodes

/// Position of each node among those that compare, by tree and number.
class NodeIndex {
 public:
  NodeIndex(const Ints& trees, const Ints& nodes, const std::vector<std::string>& modes) {
    for (std::size_t i = 0; i < modes.size(); ++i) {
      if (modes[i] != "LEAF") entries_.emplace_back(trees[i], nodes[i], entries_.size());
    }
    std::sort(entries_.begin(), entries_.end());
  }
  /// kLeaf when there is none.
  [[nodiscard]] std::size_t find(std::int64_t tree, std::int64_t node) const {
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), std::tuple(tree, node, std::size_t{0}));
    if (found == entries_.end()) return kLeaf;
    const auto& [t, n, position] = *found;
    return t == tree && n == node ? position : kLeaf;
  }

 private:
  std::vector<std::tuple<std::int64_t, std::int64_t, std::size_t>> entries_ = {};
};

std::int64_t list_size(const OpContext& ctx, std::string_view name) {
  const Ints* list = ctx.attr_ints(name);
  return list ? static_cast<std::int64_t>(list->size()) : 0;
}

/// Roots are the nodes that no other one leads to.
void find_roots(Forest& forest) {
  std::vector<bool> is_child(forest.yes.size());
  for (const auto* links : {&forest.yes, &forest.no}) {
    for (const std::size_t child : *links) {
      if (child < is_child.size()) is_child[child] = true;
    }
  }
  for (std::size_t i = 0; i < is_child.size(); ++i) {
    if (!is_child[i]) forest.roots.push_back(i);
  }
}

Forest read_numbered(const OpContext& ctx) {
  const Ints& trees = ctx.required_ints("nodes_treeids");
  const Ints& nodes = ctx.required_ints("nodes_nodeids");
  const Ints& yes = ctx.required_ints("nodes_truenodeids");
  const Ints& no = ctx.required_ints("nodes_falsenodeids");
  const auto* modes = ctx.attr_strings("nodes_modes");
  const std::size_t size = trees.size();
  if (!modes || nodes.size() != size || yes.size() != size || no.size() != size ||
      modes->size() != size) {
    attribute_error("the lists nodes_* have different lengths");
  }
  const NodeIndex index(trees, nodes, *modes);
  Forest forest;
  forest.leaves = std::count(modes->begin(), modes->end(), "LEAF");
  for (std::size_t i = 0; i < size; ++i) {
    if ((*modes)[i] == "LEAF") continue;
    forest.yes.push_back(index.find(trees[i], yes[i]));
    forest.no.push_back(index.find(trees[i], no[i]));
  }
  forest.votes = list_size(ctx, "class_ids") + list_size(ctx, "target_ids");
  find_roots(forest);
  forest.trees = static_cast<std::int64_t>(std::set(trees.begin(), trees.end()).size());
  return forest;
}

// --- opset 5: links are positions, leaves have a list of their own with one vote each

Forest read_linked(const OpContext& ctx) {
  const auto read = [&ctx](std::string_view links, std::string_view are_leaves) {
    const Ints& targets = ctx.required_ints(links);
    const Ints& flags = ctx.required_ints(are_leaves);
    if (flags.size() != targets.size()) {
      attribute_error(fmt::format("{} has {} entries, {} has {}", links, targets.size(), are_leaves,
                                  flags.size()));
    }
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      out.push_back(flags[i] != 0 ? kLeaf : static_cast<std::size_t>(targets[i]));
    }
    return out;
  };
  Forest forest = {.yes = read("nodes_truenodeids", "nodes_trueleafs"),
                   .no = read("nodes_falsenodeids", "nodes_falseleafs")};
  if (forest.yes.size() != forest.no.size()) {
    attribute_error(fmt::format("{} nodes lead on when true, {} when false", forest.yes.size(),
                                forest.no.size()));
  }
  for (const std::int64_t root : ctx.required_ints("tree_roots")) {
    forest.roots.push_back(static_cast<std::size_t>(root));
  }
  forest.trees = list_size(ctx, "tree_roots");
  forest.leaves = forest.votes = list_size(ctx, "leaf_targetids");
  return forest;
}

/// Comparisons and added votes per row, then what happens to the scores: a base value each, and a
/// division for an average.
Work forest_work(const OpContext& ctx, const Forest& forest, Count scores) {
  std::vector<bool> seen(forest.yes.size());
  Count per_row = 0;
  for (const std::size_t root : forest.roots) per_row += longest_path(forest, root, seen);
  per_row += Count(forest.trees) * (forest.leaves > 0 ? ceil_div(forest.votes, forest.leaves) : 0);
  Work work = transform_work(ctx, scores);
  work.arithmetic += per_row * rows_of(ctx).count;
  if (ctx.has_attr("base_values") || ctx.has_attr("base_values_as_tensor")) {
    work.arithmetic += scores;
  }
  static constexpr std::string_view kFunctions[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  const bool is_default = !ctx.has_attr("aggregate_function");
  if (!is_default && attr_choice(ctx, "aggregate_function", kFunctions) == "AVERAGE") {
    work.arithmetic += scores;
  }
  return work;
}

void infer_tree_classifier(OpContext& ctx) {
  const Rows x = rows_of(ctx);
  const Labels labels = labels_of(ctx, "classlabels_int64s");
  ctx.set_output(0, labels.dtype, Shape{x.count});
  ctx.set_output(1, DType::kFloat32, Shape{x.count, labels.count});
}

/// A last comparison per score finds the class.
Work tree_classifier_work(const OpContext& ctx) {
  const Count scores = ctx.output_elements(1);
  Work work = forest_work(ctx, read_numbered(ctx), scores);
  work.arithmetic += scores;
  return work;
}

template <bool keeps_dtype>
void infer_tree_regressor(OpContext& ctx) {
  const std::int64_t targets = ctx.attr_int("n_targets", kUnknownDim);
  ctx.set_output(0, keeps_dtype ? ctx.input(0).dtype : DType::kFloat32,
                 Shape{rows_of(ctx).count, targets});
}

Work tree_regressor_work(const OpContext& ctx) {
  return forest_work(ctx, read_numbered(ctx), ctx.output_elements());
}

Work tree_ensemble_work(const OpContext& ctx) {
  return forest_work(ctx, read_linked(ctx), ctx.output_elements());
}

constexpr std::string_view kFormula =
    "at most N*(compares on the longest path of each tree + votes of a leaf per tree); + 1 per "
    "score for a base value, an average, and a class; + post_transform";

constexpr OpSpec tree(std::string_view type, int since, Arity arity, InferFn infer, WorkFn work) {
  return ml(type, since, arity, infer, work, kFormula, Confidence::kApproximate);
}

constexpr OpSpec kMlTreesOps[] = {
    tree("TreeEnsembleClassifier", 1, {1, 1, 2, 2}, infer_tree_classifier, tree_classifier_work),
    tree("TreeEnsembleRegressor", 1, {1, 1}, infer_tree_regressor<false>, tree_regressor_work),
    tree("TreeEnsemble", 5, {1, 1}, infer_tree_regressor<true>, tree_ensemble_work),
};

}  // namespace

std::span<const OpSpec> ml_trees_ops() { return kMlTreesOps; }

}  // namespace roofline::ops
