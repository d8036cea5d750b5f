// Before: a channel shuffle, Reshape -> Transpose -> Reshape, copies its tensor. After: the kernel
// before it writes its channels in the other order, or those behind it read them so. Conditions:
// only axes between the batch and the planes of pixels are exchanged, so that whole planes move;
// the kernel before it feeds nothing else, or every kernel behind it goes plane by plane:
// convolutions, poolings, pointwise operators, BatchNormalization, copies of whole channels.
// It does not model: layouts with channels innermost, where such reads are no longer contiguous.
#include <algorithm>
#include <numeric>

#include "kernel_rules.hpp"

namespace roofline::plan::rules {
namespace {

using ir::TensorId;

bool is_view(const Rewrite& graph, LaunchId l) {
  const ir::Node* node = graph.is_live(l) ? graph.node(l) : nullptr;
  return node != nullptr &&
         graph.draft().alias[static_cast<std::size_t>(graph.at(l).nodes.front())];
}

std::int64_t product(const ir::Shape& shape, std::size_t from) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(from), shape.end(),
                         std::int64_t{1}, std::multiplies<>());
}

class Shuffle {
 public:
  Shuffle(Rewrite& graph, LaunchId transpose) : graph_(graph), transpose_(transpose) {}

  /// Why the Transpose need not run; empty where it must.
  [[nodiscard]] std::string absorbed() {
    if (!find_plane() || graph_.is_wanted(graph_.output(transpose_))) return {};
    if (has_writer()) return "absorbed: the kernel before it writes channels in the other order";
    if (has_readers()) return "absorbed: the kernels behind it read channels in the other order";
    return {};
  }

 private:
  /// The elements that stay together: those of the last axes, which keep their places.
  bool find_plane() {
    // As the model has it, the Reshape before it included, unless the runtime has changed it.
    const Launch& launch = graph_.at(transpose_);
    const auto* attribute = integers_attribute(graph_.node(transpose_), "perm");
    const bool as_written = launch.perm.empty() && attribute != nullptr;
    const std::vector<std::int64_t>& perm = as_written ? *attribute : launch.perm;
    const auto& shape = as_written ? graph_.draft().type(graph_.node(transpose_)->inputs[0]).shape
                                   : graph_.sizes.shape(launch.inputs[0]);
    if (!shape || !ir::is_known(*shape) || perm.size() != shape->size()) return false;
    std::size_t last = perm.size();
    while (last > 0 && perm[last - 1] == static_cast<std::int64_t>(last - 1)) --last;
    if (last < 3 || last == perm.size() || perm[0] != 0) return false;
    batch_ = shape->front();
    plane_ = product(*shape, last);
    return true;
  }

  /// A tensor [N, C, ...] whose planes are those that move; its channels may be in groups.
  [[nodiscard]] bool has_planes(TensorId t) const {
    const auto& shape = graph_.sizes.shape(t);
    if (!shape || !ir::is_known(*shape) || shape->size() < 3 || shape->front() != batch_) {
      return false;
    }
    std::size_t axis = shape->size();
    std::int64_t elements = 1;
    while (axis > 2 && elements < plane_) elements *= (*shape)[--axis];
    return elements == plane_;
  }

  [[nodiscard]] bool goes_by_planes(LaunchId l) const {
    if (!graph_.is_live(l) || !graph_.same_region(l, transpose_)) return false;
    if (graph_.at(l).nodes.empty()) return true;  // a change of layout goes through all of it
    const ops::OpSpec* spec = graph_.draft().cost(graph_.at(l).nodes.front()).spec;
    if (spec == nullptr) return false;
    switch (spec->cls) {
      case ops::OpClass::kConv:
      case ops::OpClass::kPooling:
      case ops::OpClass::kElementwise:
      case ops::OpClass::kActivation:
        return true;
      case ops::OpClass::kNormalization:
        return spec->fusion == ops::Fusion::kScaleShift;
      case ops::OpClass::kMovement:
        return copies_channels(l);
      default:
        return false;
    }
  }

  /// Operands and results differ in their channels only.
  [[nodiscard]] bool copies_channels(LaunchId l) const {
    if (!graph_.is(l, {"Concat", "Split", "Slice"})) return false;
    const auto& operands = graph_.at(l).inputs;
    const auto& results = graph_.at(l).outputs;
    const std::size_t read = graph_.is(l, {"Concat"}) ? operands.size() : 1;
    const auto fits = [&](TensorId t) { return t == ir::kNoTensor || has_planes(t); };
    return std::all_of(operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(read),
                       fits) &&
           std::all_of(results.begin(), results.end(), fits);
  }

  /// The kernel that makes the operand makes it for the Transpose alone, and can follow.
  [[nodiscard]] bool has_writer() {
    TensorId t = graph_.input(transpose_, 0);
    LaunchId reads = transpose_;
    while (graph_.sole_reader(t) == reads) {
      const LaunchId from = graph_.producer(t);
      if (!is_view(graph_, from)) return has_planes(t) && goes_by_planes(from);
      reads = from;
      t = graph_.input(from, 0);
    }
    return false;
  }

  /// All kernels that read the result, through views, can follow.
  [[nodiscard]] bool has_readers() {
    std::vector<TensorId> results = {graph_.output(transpose_)};
    bool any = false;
    while (!results.empty()) {
      const TensorId t = results.back();
      results.pop_back();
      if (graph_.is_wanted(t)) return false;
      for (const LaunchId l : graph_.readers(t)) {
        if (is_view(graph_, l)) {
          results.push_back(graph_.output(l));
          continue;
        }
        if (!has_planes(t) || !goes_by_planes(l)) return false;
        any = true;
      }
    }
    return any;
  }

  Rewrite& graph_;
  LaunchId transpose_;
  std::int64_t batch_ = 0;
  std::int64_t plane_ = 0;
};

}  // namespace

void absorb_shuffles(Rewrite& graph, const NodeRules& rules) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"Transpose"}) || !rules.of(graph, l).absorbs_shuffles) continue;
    const std::string why = Shuffle(graph, l).absorbed();
    if (!why.empty()) (void)graph.eliminate(l, 0, why);
  }
}

}  // namespace roofline::plan::rules
