// Owns the list of a model's symbolic dimensions and of the places that declare them.
// Refuses to give them sizes.
#include <fmt/format.h>

#include <algorithm>

#include "roofline/infer/infer.hpp"

namespace roofline::infer {
namespace {

void collect(const ir::Graph& graph, const std::vector<ir::TensorId>& ids, std::string_view role,
             std::vector<Dimension>& dimensions) {
  const bool is_input = role == "input";
  for (const ir::TensorId id : ids) {
    const ir::Tensor& tensor = graph.tensors[static_cast<std::size_t>(id)];
    if (!tensor.declared) continue;
    for (std::size_t axis = 0; axis < tensor.declared->size(); ++axis) {
      const ir::Dim& dim = (*tensor.declared)[axis];
      if (dim.value != ir::kUnknownDim || (dim.symbol.empty() && !is_input)) continue;
      const auto known =
          dim.symbol.empty()
              ? dimensions.end()
              : std::find_if(dimensions.begin(), dimensions.end(),
                             [&](const Dimension& d) { return d.symbol == dim.symbol; });
      Dimension& dimension =
          known != dimensions.end()
              ? *known
              : dimensions.emplace_back(Dimension{dim.symbol, id, axis, is_input});
      dimension.places.push_back(fmt::format("axis {} of {} '{}'", axis, role, tensor.name));
    }
  }
}

}  // namespace

std::vector<Dimension> dimensions(const ir::Model& model) {
  std::vector<Dimension> result;
  collect(model.graph, model.graph.inputs, "input", result);
  collect(model.graph, model.graph.outputs, "output", result);
  return result;
}

}  // namespace roofline::infer
