// Before: a Transpose feeds an operator that works alike on any order of axes. After: the operator
// comes first, the Transpose behind it, where another one may cancel it or take it on. Conditions:
// it costs fewer transposed axes than before, counted as the runtime counts: transposed operands
// that come for free, others that need a Transpose, and the result's, unless a Transpose follows.
// It does not model: Slice, Pad, Squeeze and a Reshape that joins axes, which keep their Transpose.
#include <algorithm>
#include <array>
#include <numeric>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;
using Perm = std::vector<std::int64_t>;

/// How an operator takes a change of its operands' axes.
enum class Manner : std::uint8_t {
  kElementwise,  ///< every operand broadcasts, the result has the same axes
  kFirst,        ///< of the first operand; the others say nothing about axes
  kAxis,         ///< as kElementwise, and an axis attribute
  kFirstAxis,    ///< as kFirst, and an axis attribute
  kGather,       ///< of the first operand; one index takes the axis away
  kUnsqueeze,    ///< of the first operand; the result has more axes
  kReshape,      ///< of the first operand; some axes become several
  kShape,        ///< the sizes are put in order behind it
  kReduce,       ///< of the first operand; axes stay, with one element
};
struct Handler {
  std::string_view op;
  Manner manner;
};
constexpr std::array kHandlers = {
    Handler{"Add", Manner::kElementwise},
    Handler{"Sub", Manner::kElementwise},
    Handler{"Mul", Manner::kElementwise},
    Handler{"Div", Manner::kElementwise},
    Handler{"Max", Manner::kElementwise},
    Handler{"Min", Manner::kElementwise},
    Handler{"Sum", Manner::kElementwise},
    Handler{"Pow", Manner::kElementwise},
    Handler{"PRelu", Manner::kElementwise},
    Handler{"Where", Manner::kElementwise},
    Handler{"Equal", Manner::kElementwise},
    Handler{"Greater", Manner::kElementwise},
    Handler{"Less", Manner::kElementwise},
    Handler{"And", Manner::kElementwise},
    Handler{"Or", Manner::kElementwise},
    Handler{"Mod", Manner::kElementwise},
    Handler{"Relu", Manner::kFirst},
    Handler{"Sigmoid", Manner::kFirst},
    Handler{"Tanh", Manner::kFirst},
    Handler{"Clip", Manner::kFirst},
    Handler{"LeakyRelu", Manner::kFirst},
    Handler{"Elu", Manner::kFirst},
    Handler{"Selu", Manner::kFirst},
    Handler{"HardSigmoid", Manner::kFirst},
    Handler{"Softplus", Manner::kFirst},
    Handler{"Exp", Manner::kFirst},
    Handler{"Log", Manner::kFirst},
    Handler{"Sqrt", Manner::kFirst},
    Handler{"Reciprocal", Manner::kFirst},
    Handler{"Abs", Manner::kFirst},
    Handler{"Neg", Manner::kFirst},
    Handler{"Erf", Manner::kFirst},
    Handler{"Floor", Manner::kFirst},
    Handler{"Ceil", Manner::kFirst},
    Handler{"Round", Manner::kFirst},
    Handler{"Sign", Manner::kFirst},
    Handler{"Not", Manner::kFirst},
    Handler{"Cast", Manner::kFirst},
    Handler{"Identity", Manner::kFirst},
    Handler{"QuantizeLinear", Manner::kFirst},
    Handler{"DequantizeLinear", Manner::kFirst},
    Handler{"Concat", Manner::kAxis},
    Handler{"Gather", Manner::kGather},
    Handler{"Unsqueeze", Manner::kUnsqueeze},
    Handler{"Reshape", Manner::kReshape},
    Handler{"ReduceMean", Manner::kReduce},
    Handler{"ReduceSum", Manner::kReduce},
    Handler{"ReduceMax", Manner::kReduce},
    Handler{"ReduceMin", Manner::kReduce},
    Handler{"ReduceL2", Manner::kReduce},
    Handler{"ReduceProd", Manner::kReduce},
    Handler{"Shape", Manner::kShape},
    Handler{"Split", Manner::kFirstAxis},
    Handler{"Softmax", Manner::kFirstAxis},
};

// Others that the runtime moves a Transpose through: it may vanish, though not here.
constexpr std::array<std::string_view, 17> kAlsoMovable = {
    "Transpose", "Squeeze",  "Slice",      "Pad",         "Tile", "GreaterOrEqual",
    "ArgMax",    "ArgMin",   "LogSoftmax", "LessOrEqual", "Xor",  "IsNaN",
    "HardSwish", "Softsign", "Mean",       "Sin",         "Cos"};

Perm inverse(const Perm& perm) {
  Perm result(perm.size());
  for (std::size_t i = 0; i < perm.size(); ++i) {
    result[static_cast<std::size_t>(perm[i])] = static_cast<std::int64_t>(i);
  }
  return result;
}

/// First `a`, then `b`.
Perm compose(const Perm& a, const Perm& b) {
  Perm result(a.size());
  for (std::size_t i = 0; i < b.size(); ++i) result[i] = a[static_cast<std::size_t>(b[i])];
  return result;
}

bool is_identity(const Perm& perm) {
  for (std::size_t i = 0; i < perm.size(); ++i) {
    if (perm[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

const Handler* handler_of(std::string_view op) {
  const auto* found = std::find_if(kHandlers.begin(), kHandlers.end(),
                                   [op](const Handler& h) { return h.op == op; });
  return found == kHandlers.end() ? nullptr : found;
}

/// The Transpose behind it is part of the price.
bool counts_result(const Handler& handler) {
  return handler.manner != Manner::kShape && handler.manner != Manner::kReshape;
}

class Pusher {
 public:
  explicit Pusher(Rewrite& graph) : graph_(graph) {}

  void run() {
    const std::vector<LaunchId> order = graph_.order();
    find_leading(order);
    for (const LaunchId l : order) {
      if (!graph_.is_live(l) || graph_.at(l).outputs.empty()) continue;
      if (graph_.at(l).op == "Transpose") {
        merge(l);
        continue;
      }
      if (handler_of(graph_.at(l).op) != nullptr && graph_.at(l).nodes.size() == 1) visit(l);
    }
  }

 private:
  /// The permutation of a Transpose; empty when it has none that is valid.
  [[nodiscard]] Perm perm_of(LaunchId l) const {
    if (!graph_.is(l, {"Transpose"})) return {};
    const Launch& launch = graph_.at(l);
    Perm perm = launch.perm;
    const auto* own = perm.empty() ? integers_attribute(graph_.node(l), "perm") : nullptr;
    if (own != nullptr) perm = *own;
    const auto rank = graph_.sizes.rank(graph_.input(l, 0));
    if (!rank || perm.size() != *rank) return {};
    Perm sorted = perm;
    std::sort(sorted.begin(), sorted.end());
    return is_identity(sorted) ? perm : Perm{};
  }

  /// Axes of more than one element, as far as the runtime knows.
  [[nodiscard]] int rank_cost(TensorId t) const {
    const auto rank = graph_.sizes.rank(t);
    if (!rank) return 5;
    int axes = 0;
    for (std::size_t i = 0; i < *rank; ++i) {
      const bool one = graph_.sizes.dim(t, i) == 1 && !graph_.sizes.is_vague(t, i);
      axes += one ? 0 : 1;
    }
    return axes;
  }

  /// Results from which operators that let Transposes through lead to one.
  void find_leading(const std::vector<LaunchId>& order) {
    leads_.resize(graph_.sizes.count());
    for (auto l = order.rbegin(); l != order.rend(); ++l) {
      const Launch& launch = graph_.at(*l);
      if (launch.op == "Transpose") {
        mark(graph_.input(*l, 0));
        continue;
      }
      const Handler* handler = handler_of(launch.op);
      if (handler == nullptr) continue;
      const bool leads = std::any_of(launch.outputs.begin(), launch.outputs.end(),
                                     [this](TensorId t) { return leads_to_transpose(t); });
      if (!counts_result(*handler)) continue;
      for (std::size_t i = 0; leads && i < operands(*l, *handler); ++i) mark(launch.inputs[i]);
    }
  }
  void mark(TensorId t) {
    if (t != ir::kNoTensor) leads_[static_cast<std::size_t>(t)] = true;
  }
  [[nodiscard]] bool leads_to_transpose(TensorId t) const {
    return t != ir::kNoTensor && static_cast<std::size_t>(t) < leads_.size() &&
           leads_[static_cast<std::size_t>(t)];
  }

  /// Operands that change with the axes.
  [[nodiscard]] std::size_t operands(LaunchId l, const Handler& handler) const {
    const bool all = handler.manner == Manner::kElementwise || handler.manner == Manner::kAxis;
    return all ? graph_.at(l).inputs.size() : std::min<std::size_t>(1, graph_.at(l).inputs.size());
  }

  /// A Transpose behind a Transpose is one, or none.
  void merge(LaunchId l) {
    const LaunchId before = graph_.producer(graph_.input(l, 0));
    const Perm first = perm_of(before);
    const Perm second = perm_of(l);
    if (first.empty() || second.empty() || !graph_.same_region(before, l)) return;
    const Perm both = compose(first, second);
    graph_.at(l).perm = both;
    read_before(l, 0, before);
    graph_.remove_unread(before, "eliminated: joins the Transpose behind it");
    if (is_identity(both)) graph_.eliminate(l, 0, "eliminated: undoes the Transpose before it");
  }

  /// Operand i becomes what the Transpose reads that made it: the same numbers in another order.
  void read_before(LaunchId l, std::size_t i, LaunchId transpose) {
    graph_.set_root(graph_.output(transpose), graph_.input(transpose, 0));
    graph_.set_input(l, i, graph_.input(transpose, 0));
  }

  void visit(LaunchId l) {
    const Handler& handler = *handler_of(graph_.at(l).op);
    const std::size_t tried = std::min(operands(l, handler), kTriedOperands);
    for (std::size_t i = 0; i < tried; ++i) {
      const LaunchId before = graph_.producer(graph_.input(l, i));
      const Perm perm = perm_of(before);
      if (perm.empty() || !graph_.same_region(before, l)) continue;
      if (handler.manner == Manner::kReshape &&
          graph_.sizes.same_shape(graph_.input(l, 0), graph_.output(l))) {
        (void)graph_.eliminate(l, 0, "eliminated: what it reads has that shape");
        return;
      }
      if (!fits(l, handler, perm) || cost(l, handler, perm) >= 0) continue;
      push(l, handler, perm);
      return;
    }
  }

  /// Ranks are known, and what the operator does to them.
  [[nodiscard]] bool fits(LaunchId l, const Handler& handler, const Perm& perm) const {
    for (std::size_t i = 0; i < operands(l, handler); ++i) {
      const TensorId t = graph_.input(l, i);
      const auto rank = graph_.sizes.rank(t == ir::kNoTensor ? graph_.output(l) : t);
      if (t == ir::kNoTensor || !rank || *rank > perm.size()) return false;
    }
    if (handler.manner == Manner::kShape) {
      return graph_.node(l)->attribute("start") == nullptr &&
             graph_.node(l)->attribute("end") == nullptr;
    }
    return !results_of(l, handler, perm).empty();
  }

  /// The order of the result's axes behind an operator that takes its operand as it was before
  /// `perm`; empty when it cannot.
  [[nodiscard]] Perm results_of(LaunchId l, const Handler& handler, const Perm& perm) const {
    Perm result = perm;
    if (handler.manner == Manner::kGather) {
      result = behind_gather(l, perm);
    } else if (handler.manner == Manner::kUnsqueeze) {
      result = behind_unsqueeze(l, perm);
    } else if (handler.manner == Manner::kReshape) {
      result = behind_split(l, perm);
    } else if (handler.manner == Manner::kReduce &&
               (graph_.reduced_axes(l).empty() ||
                integer_attribute(graph_.node(l), "keepdims", 1) != 1)) {
      return {};
    }
    if (result.empty()) return {};
    for (const TensorId t : graph_.at(l).outputs) {
      if (t == ir::kNoTensor || graph_.sizes.rank(t) != result.size()) return {};
    }
    return result;
  }

  /// A single index takes its axis away.
  [[nodiscard]] Perm behind_gather(LaunchId l, Perm perm) const {
    const auto index_rank = graph_.sizes.rank(graph_.input(l, 1));
    const std::int64_t axis = positive_axis(l, 0, perm.size());
    if (!index_rank || *index_rank > 1 || axis < 0) return {};
    if (*index_rank == 1) return perm;
    const std::int64_t gone = perm[static_cast<std::size_t>(axis)];
    perm.erase(perm.begin() + axis);
    for (std::int64_t& entry : perm) entry -= entry > gone ? 1 : 0;
    return perm;
  }

  /// The new axis stays where it is; the others go around it.
  [[nodiscard]] Perm behind_unsqueeze(LaunchId l, Perm perm) const {
    const auto* axes = graph_.integers(graph_.input(l, 1));
    if (axes == nullptr || axes->size() != 1) return {};
    const auto rank = static_cast<std::int64_t>(perm.size()) + 1;
    const std::int64_t axis = axes->front() < 0 ? axes->front() + rank : axes->front();
    if (axis < 0 || axis >= rank) return {};
    for (std::int64_t& entry : perm) entry += entry >= axis ? 1 : 0;
    perm.insert(perm.begin() + axis, axis);
    return perm;
  }

  /// A Reshape that makes several axes of one does so before the axes move, and they move together.
  [[nodiscard]] Perm behind_split(LaunchId l, const Perm& perm) const {
    const auto& from = graph_.sizes.shape(graph_.input(l, 0));
    const auto& to = graph_.sizes.shape(graph_.output(l));
    if (!from || !to || !ir::is_known(*from) || !ir::is_known(*to) || to->size() <= from->size()) {
      return {};
    }
    std::vector<std::size_t> parts(from->size());  // axes of the result, of each axis
    std::size_t axis = 0;
    for (std::size_t i = 0; i < from->size(); ++i) {
      std::int64_t size = 1;
      const bool is_last = i + 1 == from->size();
      while (axis < to->size() && (parts[i] == 0 || size < (*from)[i] || is_last)) {
        size *= (*to)[axis++];
        ++parts[i];
      }
      if (size != (*from)[i]) return {};
    }
    std::vector<std::int64_t> first(from->size());  // position of each axis before it moves
    std::int64_t position = 0;
    for (const std::int64_t i : inverse(perm)) {
      first[static_cast<std::size_t>(i)] = position;
      position += static_cast<std::int64_t>(parts[static_cast<std::size_t>(i)]);
    }
    Perm result;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for (std::size_t part = 0; part < parts[i]; ++part) {
        result.push_back(first[i] + static_cast<std::int64_t>(part));
      }
    }
    return result;
  }

  [[nodiscard]] std::int64_t positive_axis(LaunchId l, std::int64_t otherwise,
                                           std::size_t rank) const {
    const auto axes = static_cast<std::int64_t>(rank);
    const std::int64_t axis = graph_.axis(l, otherwise);
    const std::int64_t positive = axis < 0 ? axis + axes : axis;
    return positive < axes ? positive : -1;
  }

  /// Whatever reads a Transpose's result lets it through.
  bool may_vanish(LaunchId transpose) {
    const TensorId result = graph_.output(transpose);
    if (graph_.is_wanted(result) || graph_.uses(result) > kManyReaders) return false;
    const std::vector<LaunchId> readers = graph_.readers(result);
    return std::all_of(readers.begin(), readers.end(), [this](LaunchId l) {
      const std::string_view op = graph_.at(l).op;
      return handler_of(op) != nullptr ||
             std::find(kAlsoMovable.begin(), kAlsoMovable.end(), op) != kAlsoMovable.end();
    });
  }

  [[nodiscard]] int cost(LaunchId l, const Handler& handler, const Perm& perm) {
    int total = 0;
    for (std::size_t i = 0; i < operands(l, handler); ++i) {
      const TensorId t = graph_.input(l, i);
      if (graph_.is_constant(t) || graph_.sizes.rank(t) == 0U) continue;
      const Perm own = perm_of(graph_.producer(t));
      if (own.empty()) total += rank_cost(t);
      if (own == perm && may_vanish(graph_.producer(t))) total -= rank_cost(t);
    }
    if (total >= 0 || !counts_result(handler)) return total;
    int most = 0;
    bool leads = false;
    for (const TensorId t : graph_.at(l).outputs) {
      most = std::max(most, rank_cost(t));
      leads = leads || leads_to_transpose(t);
    }
    return leads ? total : total + most;
  }

  void push(LaunchId l, const Handler& handler, const Perm& perm) {
    const Perm back = inverse(perm);
    std::vector<std::int64_t> reduced;
    if (handler.manner == Manner::kReduce) reduced = graph_.reduced_axes(l);
    const Perm behind = handler.manner == Manner::kShape ? Perm{} : results_of(l, handler, perm);
    for (std::size_t i = 0; i < operands(l, handler); ++i) {
      const TensorId t = graph_.input(l, i);
      if (graph_.is_constant(t) || graph_.sizes.rank(t) == 0U) continue;
      const LaunchId before = graph_.producer(t);
      if (perm_of(before) == perm) {
        read_before(l, i, before);
        graph_.remove_unread(before, "moved behind the operators that it fed");
      } else {
        graph_.set_input(l, i, transposed(t, back, l));
      }
    }
    if (handler.manner == Manner::kShape) return push_shape(l);
    if (handler.manner == Manner::kAxis || handler.manner == Manner::kFirstAxis ||
        handler.manner == Manner::kGather) {
      const std::int64_t axis = positive_axis(l, handler.op == "Softmax" ? -1 : 0, perm.size());
      if (axis >= 0) graph_.at(l).axis = perm[static_cast<std::size_t>(axis)];
    }
    for (std::int64_t& axis : reduced) axis = perm[static_cast<std::size_t>(axis)];
    graph_.at(l).axes = reduced;
    graph_.at(l).reordered = true;
    for (std::size_t i = 0; i < graph_.at(l).outputs.size(); ++i) {
      const TensorId result = graph_.at(l).outputs[i];
      const TensorId moved = form(result, inverse(behind));
      graph_.set_output(l, i, moved);
      graph_.insert({.op = "Transpose", .inputs = {moved}, .outputs = {result}, .perm = behind}, l);
    }
  }

  /// The sizes in the operand's own order, put in the Transpose's.
  void push_shape(LaunchId l) {
    const TensorId result = graph_.output(l);
    const TensorId moved = graph_.make(result, [](ir::Shape shape) { return shape; });
    graph_.set_output(l, 0, moved);
    graph_.insert({.op = "Gather", .inputs = {moved}, .outputs = {result}}, l);
  }

  TensorId form(TensorId t, const Perm& perm) {
    return graph_.make(t, [&perm](const ir::Shape& shape) {
      ir::Shape result(shape.size());
      for (std::size_t i = 0; i < perm.size() && i < shape.size(); ++i) {
        result[i] = shape[static_cast<std::size_t>(perm[i])];
      }
      return result;
    });
  }

  /// An operand in other order: a Transpose before it takes that on.
  TensorId transposed(TensorId t, const Perm& perm, LaunchId reader) {
    const auto rank = graph_.sizes.rank(t);
    if (rank && *rank < perm.size()) {
      const std::size_t added = perm.size() - *rank;
      const TensorId wide = graph_.make(t, [added](ir::Shape shape) {
        shape.insert(shape.begin(), added, 1);
        return shape;
      });
      graph_.insert({.op = "Unsqueeze", .inputs = {t}, .outputs = {wide}, .before = true}, reader);
      t = wide;
    }
    const LaunchId before = graph_.producer(t);
    const Perm own = perm_of(before);
    const TensorId source = own.empty() ? t : graph_.input(before, 0);
    const Perm both = own.empty() ? perm : compose(own, perm);
    const TensorId result = form(t, perm);
    graph_.insert(
        {.op = "Transpose", .inputs = {source}, .outputs = {result}, .perm = both, .before = true},
        reader);
    return result;
  }

  // Beyond these, looking at all would cost too much.
  static constexpr std::size_t kManyReaders = 64;
  static constexpr std::size_t kTriedOperands = 4;
  Rewrite& graph_;
  std::vector<bool> leads_;  // by tensor
};

}  // namespace

void push_transposes(Rewrite& graph) { Pusher(graph).run(); }

}  // namespace roofline::plan::ort
