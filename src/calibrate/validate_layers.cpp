// Owns the matching of a runtime's executed nodes to the steps of a plan.
// Refuses to match different operators; what has no partner is reported as such.
#include <cmath>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "roofline/calibrate/validate.hpp"

namespace roofline::calibrate {
namespace {

using Shape = std::vector<std::int64_t>;

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
/// What ONNX Runtime puts around the name of a node, or of its result, that it rewrites.
constexpr std::string_view kFusedPrefix = "fused ";
constexpr std::string_view kBlockedSuffix = "_nchwc";

std::string_view original_name(std::string_view name) {
  if (name.starts_with(kFusedPrefix)) name.remove_prefix(kFusedPrefix.size());
  return name.substr(0, name.rfind(kBlockedSuffix));
}

std::string shape_key(const Shape& shape, bool with_channels) {
  std::string key;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    key += axis == 1 && !with_channels ? "*" : std::to_string(shape[axis]);
    key += 'x';
  }
  return key;
}

/// Pairs off what has equal keys, in order. A layer may have several keys; "" is none.
class Matcher {
 public:
  Matcher(std::size_t nodes, std::size_t layers)
      : layer_of_node_(nodes, kNone), is_taken_(layers, false) {}

  using NodeKey = std::function<std::string(std::size_t node)>;
  using LayerKeys = std::function<std::vector<std::string>(std::size_t layer)>;

  void match(const NodeKey& node_key, const LayerKeys& layer_keys) {
    std::unordered_map<std::string, std::vector<std::size_t>> waiting;
    for (std::size_t l = is_taken_.size(); l-- > 0;) {
      if (is_taken_[l]) continue;
      for (std::string& key : layer_keys(l)) waiting[std::move(key)].push_back(l);
    }
    for (std::size_t n = 0; n < layer_of_node_.size(); ++n) {
      if (layer_of_node_[n] != kNone) continue;
      const auto found = waiting.find(node_key(n));
      if (found == waiting.end()) continue;
      std::vector<std::size_t>& layers = found->second;  // the earliest is last
      while (!layers.empty() && is_taken_[layers.back()]) layers.pop_back();
      if (layers.empty()) continue;
      layer_of_node_[n] = layers.back();
      is_taken_[layers.back()] = true;
    }
  }

  [[nodiscard]] std::size_t layer_of(std::size_t node) const { return layer_of_node_[node]; }
  [[nodiscard]] bool is_taken(std::size_t layer) const { return is_taken_[layer]; }

 private:
  std::vector<std::size_t> layer_of_node_;
  std::vector<bool> is_taken_;
};

/// The executed layers of a report, and what measured nodes are compared with.
class Layers {
 public:
  explicit Layers(const report::Report& report) : report_(report) {
    for (const report::LayerRow& layer : report.results.front().layers) {
      if (layer.repeat != Count(0)) rows_.push_back(&layer);
    }
  }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] const report::LayerRow& operator[](std::size_t l) const { return *rows_[l]; }

  /// Where the plan launches nothing, a runtime may still do something short.
  [[nodiscard]] bool is_host(std::size_t l) const { return rows_[l]->kind == "host"; }
  /// Names of the layer's nodes and of its results.
  [[nodiscard]] std::vector<std::string> names(std::size_t l) const {
    std::vector<std::string> names;
    for (const std::size_t n : rows_[l]->nodes) {
      names.push_back(report_.nodes[n].name);
      for (const report::TensorInfo& output : report_.nodes[n].outputs) {
        names.push_back(output.name);
      }
    }
    return names;
  }
  /// Of the first result; nullptr where it is not known.
  [[nodiscard]] const Shape* shape(std::size_t l) const {
    const report::LayerRow& layer = *rows_[l];
    if (!layer.nodes.empty()) {
      const auto& outputs = report_.nodes[layer.nodes.back()].outputs;
      return outputs.empty() || !outputs.front().shape ? nullptr : &*outputs.front().shape;
    }
    for (const report::OperandRow& operand : layer.operands) {
      if (operand.role == "output") return operand.shape ? &*operand.shape : nullptr;
    }
    return nullptr;
  }
  [[nodiscard]] LayerPair pair(std::size_t l, double measured_s) const {
    const report::LayerRow& layer = *rows_[l];
    LayerPair pair{.name = layer.name,
                   .op = layer.op,
                   .kernel = layer.kernel_kind,
                   .bound = layer.bound,
                   .time = {measured_s, layer.predicted_latency_s},
                   .roofline_s = layer.roofline_latency_s};
    pair.step = static_cast<std::size_t>(&layer - report_.results.front().layers.data());
    pair.attainable_flops_per_s = layer.attainable_flops_per_s;
    if (!layer.flops || *layer.flops == 0) return pair;
    pair.intensity = layer.intensity;
    if (measured_s > 0) pair.attained_flops_per_s = layer.flops->as_double() / measured_s;
    return pair;
  }

 private:
  const report::Report& report_;
  std::vector<const report::LayerRow*> rows_;
};

/// A runtime's "FusedConv" is the "Conv" of a plan, which lists what is fused apart.
std::string plain_op(std::string_view op) {
  constexpr std::string_view kFusedOp = "Fused";
  return std::string(op.starts_with(kFusedOp) ? op.substr(kFusedOp.size()) : op);
}

std::string with_op(std::string_view op, std::string_view rest) {
  return plain_op(op) + '\n' + std::string(rest);
}

/// A node without an operator may list the names of several nodes: "conv1 + relu1".
void match_listed_names(const std::vector<MeasuredNode>& nodes, const Layers& layers,
                        Matcher& matcher) {
  constexpr std::string_view kSeparator = " + ";
  const auto first_name = [&](std::size_t n) {
    if (!nodes[n].op.empty()) return std::string();
    return nodes[n].name.substr(0, nodes[n].name.find(kSeparator));
  };
  matcher.match(first_name, [&](std::size_t l) { return layers.names(l); });
}

Matcher match(const std::vector<MeasuredNode>& nodes, const Layers& layers) {
  Matcher matcher(nodes.size(), layers.size());
  matcher.match([&](std::size_t n) { return with_op(nodes[n].op, original_name(nodes[n].name)); },
                [&](std::size_t l) {
                  std::vector<std::string> keys = layers.names(l);
                  for (std::string& name : keys) name = with_op(layers[l].op, name);
                  return keys;
                });
  // Blocked layouts round channels up: the second time, shapes are compared without them.
  for (const bool with_channels : {true, false}) {
    matcher.match(
        [&](std::size_t n) {
          const MeasuredNode& node = nodes[n];
          if (node.op.empty() || node.outputs.empty()) return std::string();
          return with_op(node.op, shape_key(node.outputs.front(), with_channels));
        },
        [&](std::size_t l) {
          const Shape* shape = layers.shape(l);
          if (shape == nullptr || layers.is_host(l)) return std::vector<std::string>();
          return std::vector{with_op(layers[l].op, shape_key(*shape, with_channels))};
        });
  }
  matcher.match([&](std::size_t n) { return plain_op(nodes[n].op); },
                [&](std::size_t l) {
                  return layers.is_host(l) ? std::vector<std::string>()
                                           : std::vector{plain_op(layers[l].op)};
                });
  match_listed_names(nodes, layers, matcher);
  return matcher;
}

}  // namespace

LayerComparison compare_layers(const report::Report& report,
                               const std::vector<MeasuredNode>& nodes) {
  const Layers layers(report);
  const Matcher matcher = match(nodes, layers);
  LayerComparison result;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    result.measured_s += nodes[n].seconds;
    const std::size_t l = matcher.layer_of(n);
    if (l == kNone) {
      result.unmatched_nodes.push_back(nodes[n]);
      continue;
    }
    result.layers.push_back(layers.pair(l, nodes[n].seconds));
    result.matched_s += nodes[n].seconds;
    result.absolute_error_s += std::fabs(result.layers.back().lost_s());
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    if (!matcher.is_taken(l) && !layers.is_host(l))
      result.unmatched_layers.push_back(layers.pair(l, 0));
  }
  return result;
}

}  // namespace roofline::calibrate
