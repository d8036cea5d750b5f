// Before: inputs whose first axis has one size. After: that axis has N.
// Conditions: the inputs that have a batch agree on its size; a Reshape in the model that fixes the
// old size breaks: it is refused, and reported as any broken node is.
// It does not model: inputs whose batch is not their first axis.
#include <fmt/format.h>

#include <array>

#include "edit.hpp"
#include "passes.hpp"

namespace roofline::transform {
namespace {

constexpr std::array kBatchArguments = {
    ScenarioArgument{"", "N", "items in a run", false, true},
};

/// A symbol keeps its name: wherever it stands, it stands for another size now.
void set_size(ir::Tensor& input, std::int64_t size, infer::Bindings& bindings) {
  ir::Dim& dim = input.declared->front();
  if (dim.symbol.empty())
    dim.value = size;
  else
    bindings.dims[dim.symbol] = size;
  const auto shape = bindings.shapes.find(input.name);
  if (shape != bindings.shapes.end() && !shape->second.empty()) shape->second.front() = size;
}

ir::Model apply_batch(const infer::TypedGraph& graph, const Scenario& scenario,
                      infer::Bindings& bindings, Outcome& outcome) {
  const std::int64_t size = scenario.integer("", 1, 1);
  ir::Model model = forget_shapes(graph);
  std::optional<std::int64_t> before;
  for (const ir::TensorId id : model.graph.inputs) {
    ir::Tensor& input = model.graph.tensors[static_cast<std::size_t>(id)];
    const auto& shape = graph.types[static_cast<std::size_t>(id)].shape;
    if (!input.declared || input.declared->empty() || !shape) continue;
    const std::int64_t old = shape->front();
    if (old <= 0) continue;
    if (!before) before = old;
    if (old != *before) {
      fail_scenario(scenario, fmt::format("finds inputs with {} and {} items", *before, old),
                    "--shape sets the sizes of each input");
    }
    set_size(input, size, bindings);
    outcome.changed.push_back({"", input.name, fmt::format("{} -> {} items", old, size)});
  }
  if (!before) fail_scenario(scenario, "finds no input with a declared batch");
  outcome.items = static_cast<double>(size) / static_cast<double>(*before);
  refuse_broken(OwnNodes(graph), infer::infer(model, bindings), outcome);
  return model;
}

}  // namespace

const Transform kBatch{{"batch", "run N items at once", kBatchArguments}, apply_batch};

}  // namespace roofline::transform
