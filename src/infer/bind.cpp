// Owns what the user pins down: symbols, shapes and values of named tensors.
// Refuses names the model does not have and sizes that contradict each other.
#include "bind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "roofline/base/text.hpp"

namespace roofline::infer {
namespace {

[[noreturn]] void fail(const ir::Model& model, std::string code, std::string message,
                       std::string hint) {
  throw Error(ExitCode::kUsage, {.severity = Severity::kError,
                                 .code = std::move(code),
                                 .message = std::move(message),
                                 .hint = std::move(hint),
                                 .location = model.path});
}

/// Symbols of the graph inputs, each with the first axis that declares it.
std::map<std::string, std::string> input_symbols(const ir::Graph& graph) {
  std::map<std::string, std::string> symbols;
  for (const ir::TensorId id : graph.inputs) {
    const ir::Tensor& tensor = graph.tensors[static_cast<std::size_t>(id)];
    if (!tensor.declared) continue;
    for (std::size_t axis = 0; axis < tensor.declared->size(); ++axis) {
      const std::string& symbol = (*tensor.declared)[axis].symbol;
      if (!symbol.empty()) {
        symbols.emplace(symbol, fmt::format("axis {} of input '{}'", axis, tensor.name));
      }
    }
  }
  return symbols;
}

void check_dims(const Bindings& bindings, const std::map<std::string, std::string>& symbols,
                const ir::Model& model) {
  for (const auto& [name, size] : bindings.dims) {
    if (symbols.contains(name)) continue;
    std::vector<std::string> known;
    for (const auto& [symbol, where] : symbols) known.push_back(symbol);
    std::string hint = did_you_mean_hint(name, known);
    if (hint.empty()) {
      hint = known.empty()
                 ? "every input dimension is fixed: use --shape INPUT=AxBx... to change one"
                 : "dimensions: " + join(known, ", ");
    }
    fail(model, "unknown-dim", fmt::format("no input has a dimension named '{}'", name), hint);
  }
}

/// Binds the symbols that a --shape for an input implies; sizes must agree.
void bind_from_shape(const ir::Tensor& tensor, const ir::Shape& shape, const Bindings& bindings,
                     TypedGraph& graph) {
  if (!tensor.declared) return;
  if (tensor.declared->size() != shape.size()) {
    fail(*graph.model, "rank-mismatch",
         fmt::format("--shape gives '{}' {} dimensions, the model declares {}", tensor.name,
                     shape.size(), tensor.declared->size()),
         "give one size per declared dimension");
  }
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const ir::Dim& dim = (*tensor.declared)[axis];
    if (dim.symbol.empty()) {
      if (dim.value != ir::kUnknownDim && dim.value != shape[axis]) {
        graph.diagnostics.push_back(
            {.severity = Severity::kWarning,
             .code = "shape-override",
             .message = fmt::format("--shape sets axis {} of '{}' to {}, the model fixes it at {}",
                                    axis, tensor.name, shape[axis], dim.value),
             .hint = "constants inside the model may still assume the old size",
             .location = graph.model->path});
      }
      continue;
    }
    const auto [it, inserted] = graph.dims.emplace(dim.symbol, shape[axis]);
    if (inserted || it->second == shape[axis]) continue;
    const std::string message =
        fmt::format("dimension '{}' is {} elsewhere, but --shape makes it {} in axis {} of '{}'",
                    dim.symbol, it->second, shape[axis], axis, tensor.name);
    const std::string hint = "give equal sizes to equal symbols";
    if (bindings.dims.contains(dim.symbol)) fail(*graph.model, "dim-conflict", message, hint);
    // Exporters give one name to sizes that differ; the shapes are what the user means.
    graph.diagnostics.push_back({.severity = Severity::kWarning,
                                 .code = "dim-conflict",
                                 .message = message,
                                 .hint = hint,
                                 .location = graph.model->path});
  }
}

void assume_one(const ir::Tensor& tensor, ir::Shape& shape, TypedGraph& graph) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] != ir::kUnknownDim) continue;
    shape[axis] = 1;
    graph.diagnostics.push_back(
        {.severity = Severity::kNote,
         .code = "unbound-dim",
         .message = fmt::format("axis {} of input '{}' has no size: 1 assumed", axis, tensor.name),
         .hint = fmt::format("--shape {}=...", tensor.name)});
  }
}

void assume_unbound_symbols(const std::map<std::string, std::string>& symbols, TypedGraph& graph) {
  for (const auto& [symbol, where] : symbols) {
    if (!graph.dims.emplace(symbol, 1).second) continue;
    graph.diagnostics.push_back(
        {.severity = Severity::kNote,
         .code = "unbound-dim",
         .message = fmt::format("dimension '{}' ({}) was not given: 1 assumed", symbol, where),
         .hint = fmt::format("--dim {}=N", symbol)});
  }
}

ir::TensorType constant_type(const ir::Constant& constant) {
  return {.dtype = constant.dtype, .shape = constant.dims, .value = constant.value};
}

}  // namespace

std::string node_location(const TypedGraph& graph, const ir::Node& node, ir::NodeId n) {
  const std::string& path = graph.model->path;
  return node.name.empty() ? fmt::format("{}: node #{} ({})", path, graph.node_id(n), node.op_type)
                           : fmt::format("{}: node '{}{}' ({}, #{})", path, graph.scope(n).name,
                                         node.name, node.op_type, graph.node_id(n));
}

void check_pins(const Bindings& bindings, const TypedGraph& graph) {
  if (bindings.shapes.empty() && bindings.values.empty()) return;
  std::set<std::string_view> names;
  for (const ir::Tensor& tensor : graph.graph().tensors) names.insert(tensor.name);
  for (const auto& [name, id] : graph.names) names.insert(name);
  const auto check = [&](const std::string& name, std::string_view flag) {
    if (names.contains(name)) return;
    std::vector<std::string> candidates;
    for (const std::string_view candidate : names) candidates.emplace_back(candidate);
    fail(*graph.model, "unknown-tensor",
         fmt::format("{} names '{}', which is no tensor of the model", flag, name),
         did_you_mean_hint(name, candidates));
  };
  for (const auto& [name, shape] : bindings.shapes) check(name, "--shape");
  for (const auto& [name, value] : bindings.values) check(name, "--value");
}

ir::Shape resolve(const std::vector<ir::Dim>& declared,
                  const std::map<std::string, std::int64_t>& dims) {
  ir::Shape shape;
  shape.reserve(declared.size());
  for (const ir::Dim& dim : declared) {
    if (dim.symbol.empty()) {
      shape.push_back(dim.value);
      continue;
    }
    const auto it = dims.find(dim.symbol);
    shape.push_back(it == dims.end() ? ir::kUnknownDim : it->second);
  }
  return shape;
}

ir::TensorType declared_type(const ir::Tensor& tensor,
                             const std::map<std::string, std::int64_t>& dims) {
  ir::TensorType type{.dtype = tensor.dtype};
  if (tensor.declared) type.shape = resolve(*tensor.declared, dims);
  for (const ir::ValueKind kind : {tensor.element_kind, tensor.kind}) {
    if (kind != ir::ValueKind::kSequence && kind != ir::ValueKind::kOptional) {
      type.kind = kind;
      continue;
    }
    const auto content = std::make_shared<const ir::Content>(ir::Content{.common = type});
    type = {.dtype = tensor.dtype, .kind = kind, .content = content};
  }
  return type;
}

void apply_pins(const Bindings& bindings, const std::string& name, ir::TensorType& type) {
  if (const auto it = bindings.shapes.find(name); it != bindings.shapes.end()) {
    type.shape = it->second;
  }
  const auto it = bindings.values.find(name);
  if (it == bindings.values.end()) return;
  if (ir::is_float(type.dtype)) {
    type.value = it->second;
  } else {
    std::vector<std::int64_t> integers;
    for (const double x : it->second) integers.push_back(std::llround(x));
    type.value = std::move(integers);
  }
  if (!type.shape) type.shape = ir::Shape{static_cast<std::int64_t>(it->second.size())};
  const std::optional<Count> elements = type.elements();
  if (!elements && type.shape->size() == 1) {
    type.shape = ir::Shape{static_cast<std::int64_t>(it->second.size())};
  } else if (elements && *elements != static_cast<std::int64_t>(it->second.size())) {
    throw Error(
        ExitCode::kUsage,
        {.severity = Severity::kError,
         .code = "value-size",
         .message = fmt::format("--value gives '{}' {} elements, its shape {} holds {}", name,
                                it->second.size(), ir::to_string(*type.shape), elements->value()),
         .hint = "give every element, row by row"});
  }
}

void know_empty(ir::TensorType& type) {
  const bool is_empty =
      type.shape && std::find(type.shape->begin(), type.shape->end(), 0) != type.shape->end();
  if (!is_empty || type.value || !(ir::is_integer(type.dtype) || ir::is_float(type.dtype))) return;
  if (ir::is_float(type.dtype))
    type.value = std::vector<double>();
  else
    type.value = std::vector<std::int64_t>();
}

void bind_inputs(const Bindings& bindings, TypedGraph& graph) {
  const ir::Model& model = *graph.model;
  const auto symbols = input_symbols(model.graph);
  check_dims(bindings, symbols, model);
  graph.dims = bindings.dims;
  for (const ir::TensorId id : model.graph.inputs) {
    const ir::Tensor& tensor = model.graph.tensors[static_cast<std::size_t>(id)];
    const auto it = bindings.shapes.find(tensor.name);
    if (it != bindings.shapes.end()) bind_from_shape(tensor, it->second, bindings, graph);
  }
  assume_unbound_symbols(symbols, graph);
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.constant) graph.types[i] = constant_type(*tensor.constant);
  }
  for (const ir::TensorId id : model.graph.inputs) {
    const ir::Tensor& tensor = model.graph.tensors[static_cast<std::size_t>(id)];
    ir::TensorType& type = graph.types[static_cast<std::size_t>(id)];
    type = declared_type(tensor, graph.dims);
    apply_pins(bindings, tensor.name, type);
    if (type.shape) assume_one(tensor, *type.shape, graph);
    know_empty(type);
  }
}

}  // namespace roofline::infer
