// Owns what the sizes of a measured row mean for a model.
// Refuses sizes that the model fixes otherwise.
#include "roofline/calibrate/bindings.hpp"

#include <fmt/format.h>

#include "roofline/base/text.hpp"
#include "roofline/infer/infer.hpp"

namespace roofline::calibrate {
namespace {

constexpr std::string_view kBatch = "batch";

/// The first axis of the model's first input; nullptr when it has none.
const ir::Dim* batch_axis(const ir::Model& model) {
  if (model.graph.inputs.empty()) return nullptr;
  const auto first = static_cast<std::size_t>(model.graph.inputs.front());
  const auto& declared = model.graph.tensors[first].declared;
  return declared && !declared->empty() ? &declared->front() : nullptr;
}

Error unfit(const ir::Model& model, std::string message, std::string hint = {}) {
  return {"unfit-dims", model.path, std::move(message), std::move(hint)};
}

}  // namespace

std::set<std::string> input_symbols(const ir::Model& model) {
  std::set<std::string> symbols;
  for (const infer::Dimension& dimension : infer::dimensions(model)) {
    if (dimension.is_input && !dimension.symbol.empty()) symbols.insert(dimension.symbol);
  }
  return symbols;
}

std::map<std::string, std::int64_t> bound_dims(const ir::Model& model, const Measurement& row) {
  const std::set<std::string> symbols = input_symbols(model);
  std::map<std::string, std::int64_t> dims;
  for (const auto& [name, size] : row.dims) {
    if (symbols.contains(name)) {
      dims[name] = size;
      continue;
    }
    const ir::Dim* batch = name == kBatch ? batch_axis(model) : nullptr;
    if (batch == nullptr) {
      throw unfit(model, fmt::format("the model has no dimension named '{}'", printable(name)),
                  "'roofline analyze MODEL --dims' lists them");
    }
    if (!batch->symbol.empty())
      dims[batch->symbol] = size;
    else if (batch->value != size)
      throw unfit(
          model, fmt::format("the row's batch is {}, the model fixes it at {}", size, batch->value),
          "export the model with a symbolic batch");
  }
  return dims;
}

}  // namespace roofline::calibrate
