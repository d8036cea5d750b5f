#pragma once
#include <string>
#include <vector>

#include "roofline/infer/infer.hpp"
#include "support/model_builder.hpp"

namespace roofline::test {

/// An inferred model whose tensors and nodes are asked for by name.
struct Typed {
  explicit Typed(const ModelBuilder& builder, const infer::Bindings& bindings = {})
      : model(builder.model()), graph(infer::infer(model, bindings)) {}

  [[nodiscard]] const ir::TensorType& type(const std::string& name) const {
    for (const auto& [known, id] : graph.names) {
      if (known == name) return graph.types[static_cast<std::size_t>(id)];
    }
    throw std::out_of_range("no tensor " + name);
  }
  [[nodiscard]] std::string shape(const std::string& name) const {
    const auto& known = type(name).shape;
    return known ? ir::to_string(*known) : "unknown";
  }
  [[nodiscard]] std::string bound(const std::string& name) const {
    const auto& limit = type(name).bound;
    return limit ? ir::to_string(*limit) : "none";
  }
  /// "Loop#1/body/y (1/body/0) x5": every node in order, with its runs.
  [[nodiscard]] std::vector<std::string> nodes() const {
    std::vector<std::string> list;
    for (std::size_t n = 0; n < graph.costs.size(); ++n) {
      const auto id = static_cast<ir::NodeId>(n);
      const auto repeat = graph.scope(id).repeat;
      list.push_back(graph.node_name(id) + " (" + graph.node_id(id) + ") x" +
                     (repeat ? std::to_string(repeat->value()) : "?"));
    }
    return list;
  }
  /// MACs of all runs.
  [[nodiscard]] std::int64_t macs() const {
    Count sum = 0;
    for (std::size_t n = 0; n < graph.costs.size(); ++n) {
      sum += graph.scope(static_cast<ir::NodeId>(n)).repeat.value_or(1) * graph.costs[n].work.macs;
    }
    return sum.value();
  }
  [[nodiscard]] std::vector<std::string> messages() const {
    std::vector<std::string> list;
    for (const Diagnostic& d : graph.diagnostics) {
      list.push_back(std::string(severity_name(d.severity)) + ": " + d.message + " | " + d.hint);
    }
    return list;
  }

  ir::Model model;
  infer::TypedGraph graph;
};

}  // namespace roofline::test
