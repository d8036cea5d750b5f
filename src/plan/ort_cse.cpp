// Before: nodes of the same operator, attributes and operands. After: the first one only.
// Conditions: one result or more, none of the removed ones a graph output; no random numbers, no
// bodies; constants of few elements count as the same when they are equal.
// It does not model: large constants that hold equal data.
#include <map>
#include <tuple>
#include <unordered_map>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

bool same_value(const ir::Attribute& a, const ir::Attribute& b) {
  if (a.name != b.name || a.ref != b.ref || a.value.index() != b.value.index()) return false;
  return std::visit(
      [&](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::int64_t> || std::is_same_v<Value, double> ||
                      std::is_same_v<Value, std::string> ||
                      std::is_same_v<Value, std::vector<std::int64_t>> ||
                      std::is_same_v<Value, std::vector<double>> ||
                      std::is_same_v<Value, std::vector<std::string>>) {
          return value == std::get<Value>(b.value);
        } else if constexpr (std::is_same_v<Value, ir::Constant>) {
          const auto& other = std::get<Value>(b.value);
          return value.dtype == other.dtype && value.dims == other.dims && value.value &&
                 value.value == other.value;
        } else {
          return std::is_same_v<Value, std::monostate>;
        }
      },
      a.value);
}

bool same_attributes(const ir::Node& a, const ir::Node& b) {
  if (a.attributes.size() != b.attributes.size()) return false;
  for (std::size_t i = 0; i < a.attributes.size(); ++i) {
    if (!same_value(a.attributes[i], b.attributes[i])) return false;
  }
  return true;
}

class Merger {
 public:
  explicit Merger(Rewrite& graph) : graph_(graph) {}

  void merge() {
    for (const LaunchId l : std::vector<LaunchId>(graph_.order())) {
      if (is_candidate(l)) merge(l);
    }
  }

 private:
  [[nodiscard]] bool is_candidate(LaunchId l) const {
    const Launch& launch = graph_.at(l);
    if (!launch.live || launch.nodes.size() != 1 || launch.outputs.empty() ||
        launch.inputs.empty()) {
      return false;
    }
    const ops::OpSpec* spec = graph_.draft().cost(launch.nodes.front()).spec;
    if (spec == nullptr || spec->cls == ops::OpClass::kRandom ||
        spec->cls == ops::OpClass::kControl) {
      return false;
    }
    for (const TensorId t : launch.outputs) {
      if (t == ir::kNoTensor || graph_.is_wanted(t)) return false;
    }
    return true;
  }

  /// Equal small constants are one.
  TensorId same(TensorId t) {
    if (t == ir::kNoTensor || !graph_.is_constant(t)) return t;
    const ir::SmallValue* value = graph_.sizes.value(t);
    if (value == nullptr || ir::size(*value) > kFewElements) return t;
    const auto& shape = graph_.sizes.shape(t);
    return constants_
        .try_emplace(std::make_tuple(graph_.dtype(t), shape.value_or(ir::Shape{}), *value), t)
        .first->second;
  }

  void merge(LaunchId l) {
    const Launch& launch = graph_.at(l);
    std::size_t key = std::hash<std::string_view>{}(launch.op);
    std::vector<TensorId> operands;
    operands.reserve(launch.inputs.size());
    for (const TensorId t : launch.inputs) {
      operands.push_back(same(t));
      key = key * 1000003 + static_cast<std::size_t>(operands.back() + 1);
    }
    const auto [found, inserted] = seen_.try_emplace(key, Seen{.launch = l, .operands = operands});
    if (inserted) return;
    const LaunchId first = found->second.launch;
    const Launch& other = graph_.at(first);
    if (!other.live || other.op != launch.op || found->second.operands != operands ||
        other.outputs.size() != launch.outputs.size() || !graph_.same_region(first, l) ||
        !same_attributes(*graph_.node(first), *graph_.node(l))) {
      return;
    }
    const std::vector<TensorId> results = launch.outputs;
    const std::string why = "eliminated: computes the same as " + graph_.name(first);
    graph_.remove(l, why);
    for (std::size_t i = 0; i < results.size(); ++i) {
      graph_.replace_uses(results[i], graph_.at(first).outputs[i]);
      graph_.set_root(results[i], graph_.at(first).outputs[i]);
    }
  }

  static constexpr std::size_t kFewElements = 8;
  struct Seen {
    LaunchId launch;
    std::vector<TensorId> operands;
  };
  Rewrite& graph_;
  std::unordered_map<std::size_t, Seen> seen_;
  std::map<std::tuple<ir::DType, ir::Shape, ir::SmallValue>, TensorId> constants_;
};

}  // namespace

void merge_equal_nodes(Rewrite& graph) { Merger(graph).merge(); }

}  // namespace roofline::plan::ort
