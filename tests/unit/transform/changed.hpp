#pragma once
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "roofline/transform/transform.hpp"
#include "support/model_builder.hpp"

namespace roofline::test {

inline const transform::Transform& transform_of(const Scenario& scenario) {
  for (const transform::Transform* t : transform::transforms()) {
    if (t->kind.name == scenario.name()) return *t;
  }
  throw std::out_of_range("no transform " + scenario.name());
}

inline std::int64_t macs_of(const infer::TypedGraph& graph) {
  Count sum = 0;
  for (std::size_t n = 0; n < graph.costs.size(); ++n) {
    const auto id = static_cast<ir::NodeId>(n);
    sum += graph.scope(id).repeat.value_or(1) * graph.costs[n].work.macs;
  }
  return sum.value();
}

inline std::vector<std::string> errors_of(const infer::TypedGraph& graph) {
  std::vector<std::string> errors;
  for (const Diagnostic& d : graph.diagnostics) {
    if (d.severity == Severity::kError) errors.push_back(d.message);
  }
  return errors;
}

/// A model before and after a scenario.
struct Changed {
  Changed(ir::Model from, const std::string& text, infer::Bindings pins = {})
      : old_model(std::move(from)), bindings(std::move(pins)) {
    before = infer::infer(old_model, bindings);
    const Scenario scenario = Scenario::parse(text);
    const transform::Transform& transform = transform_of(scenario);
    scenario.check(transform.kind);
    model = transform.apply(before, scenario, bindings, outcome);
    after = infer::infer(model, bindings);
  }
  Changed(const ModelBuilder& builder, const std::string& text, infer::Bindings pins = {})
      : Changed(builder.model(), text, std::move(pins)) {}

  [[nodiscard]] const ir::Tensor& tensor(const std::string& name) const {
    for (const ir::Tensor& tensor : model.graph.tensors) {
      if (tensor.name == name) return tensor;
    }
    throw std::out_of_range("no tensor " + name);
  }
  [[nodiscard]] std::string shape(const std::string& name) const {
    const std::ptrdiff_t id = &tensor(name) - model.graph.tensors.data();
    const auto& known = after.types[static_cast<std::size_t>(id)].shape;
    return known ? ir::to_string(*known) : "unknown";
  }
  [[nodiscard]] const ir::Node& node(const std::string& name) const {
    for (const ir::Node& n : model.graph.nodes) {
      if (n.name == name) return n;
    }
    throw std::out_of_range("no node " + name);
  }
  [[nodiscard]] std::vector<std::string> nodes() const {
    std::vector<std::string> names;
    for (const ir::Node& n : model.graph.nodes) names.push_back(n.op_type + " " + n.name);
    return names;
  }
  [[nodiscard]] std::int64_t macs() const { return macs_of(after); }
  [[nodiscard]] std::int64_t parameters() const { return after.parameters.value(); }
  [[nodiscard]] std::vector<std::string> errors() const { return errors_of(after); }

  /// What the outcome says of a node; empty where it says nothing.
  [[nodiscard]] std::string changed(const std::string& name) const {
    return find(outcome.changed, name);
  }
  [[nodiscard]] std::string refused(const std::string& name) const {
    return find(outcome.refused, name);
  }

  ir::Model old_model;
  infer::Bindings bindings;
  infer::TypedGraph before;
  Outcome outcome;
  ir::Model model;
  infer::TypedGraph after;

 private:
  static std::string find(const std::vector<Finding>& findings, const std::string& name) {
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [&](const Finding& f) { return f.node == name; });
    return found == findings.end() ? std::string() : found->what;
  }
};

/// What a scenario that cannot be applied says.
inline std::string failure(const ModelBuilder& builder, const std::string& text) {
  try {
    const Changed changed(builder, text);
  } catch (const Error& e) {
    return e.diagnostic().message;
  }
  return {};
}

inline ir::Attribute attr(const std::string& name, std::vector<std::int64_t> list) {
  return {.name = name, .value = std::move(list)};
}
inline ir::Attribute attr(const std::string& name, std::int64_t value) {
  return {.name = name, .value = value};
}

}  // namespace roofline::test
