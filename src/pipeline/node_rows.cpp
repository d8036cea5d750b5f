// Owns the rows of nodes and the algorithmic totals.
// Refuses to show an unknown quantity as a number.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "rows.hpp"

namespace roofline {
namespace {

std::string square_or_list(const std::vector<std::int64_t>& extents) {
  return fmt::format("{}", fmt::join(extents, "x"));
}

bool any_above_one(const std::vector<std::int64_t>& extents) {
  return std::any_of(extents.begin(), extents.end(), [](std::int64_t x) { return x > 1; });
}

/// "3x3 s2 dw": kernel, stride, dilation and grouping of a convolution.
std::string conv_detail(const ops::Contraction& c) {
  if (c.kernel.empty()) return "";
  std::string text = square_or_list(c.kernel);
  if (any_above_one(c.stride)) text += fmt::format(" s{}", c.stride.front());
  if (any_above_one(c.dilation)) text += fmt::format(" d{}", c.dilation.front());
  if (c.groups > 1) {
    const bool depthwise = c.n == 1 && c.k == static_cast<std::int64_t>(std::accumulate(
                                                  c.kernel.begin(), c.kernel.end(), std::int64_t{1},
                                                  std::multiplies<>()));
    text += depthwise ? " dw" : fmt::format(" g{}", c.groups);
  }
  return text;
}

std::string_view kind_name(ir::ValueKind kind) {
  switch (kind) {
    case ir::ValueKind::kTensor:
      return "tensor";
    case ir::ValueKind::kSparseTensor:
      return "sparse tensor";
    case ir::ValueKind::kSequence:
      return "sequence";
    case ir::ValueKind::kOptional:
      return "optional";
    case ir::ValueKind::kMap:
      return "map";
    case ir::ValueKind::kOpaque:
      return "opaque";
  }
  return "tensor";
}

report::TensorInfo tensor_info(const infer::TypedGraph& graph, ir::TensorId id) {
  const auto i = static_cast<std::size_t>(id);
  const ir::TensorType& type = graph.types[i];
  return {.name = graph.graph().tensors[i].name,
          .dtype = std::string(ir::name(type.dtype)),
          .shape = type.shape,
          .max_shape = type.has_exact_shape() ? std::nullopt : type.bound,
          .kind = kind_name(type.kind)};
}

std::vector<report::TensorInfo> tensor_infos(const infer::TypedGraph& graph,
                                             const std::vector<ir::TensorId>& ids) {
  std::vector<report::TensorInfo> infos;
  infos.reserve(ids.size());
  for (const ir::TensorId id : ids) {
    if (id != ir::kNoTensor) infos.push_back(tensor_info(graph, id));
  }
  return infos;
}

std::string op_name(const ir::Node& node) {
  return node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
}

std::string_view operand_role(const infer::TypedGraph& graph, const ir::Node& node,
                              const ops::Access& access) {
  if (access.is_output()) return "output";
  const auto id = static_cast<std::size_t>(node.inputs[static_cast<std::size_t>(access.index())]);
  if (!graph.is_constant[id]) return "activation";
  return access.role == ops::Role::kBuffer ? "weight" : "parameter";
}

void add_explanation(const infer::TypedGraph& graph, const ir::Node& node,
                     const infer::NodeCost& cost, report::NodeRow& row) {
  if (cost.spec) row.formula = cost.spec->formula;
  if (cost.work.contraction) {
    const ops::Contraction& c = *cost.work.contraction;
    row.contraction = report::ContractionRow{c.batch, c.m, c.n, c.k};
  }
  for (const ops::Access& access : cost.accesses) {
    const auto i = static_cast<std::size_t>(access.index());
    const ir::TensorId id = access.is_output() ? node.outputs[i] : node.inputs[i];
    const ir::TensorType& type = graph.types[static_cast<std::size_t>(id)];
    row.operands.push_back({.name = graph.graph().tensors[static_cast<std::size_t>(id)].name,
                            .role = std::string(operand_role(graph, node, access)),
                            .dtype = std::string(ir::name(type.dtype)),
                            .shape = type.shape,
                            .elements = access.elements,
                            .bytes = ir::bytes(type.dtype, access.elements)});
  }
}

/// A number of runs that is only limited makes what is exact for one run approximate.
ops::Confidence confidence_of(const infer::NodeCost& cost, const infer::Scope& scope) {
  const bool limited = scope.at_most && cost.confidence == ops::Confidence::kExact;
  return limited ? ops::Confidence::kApproximate : cost.confidence;
}

void add_quantities(const infer::NodeCost& cost, Count runs, report::NodeRow& row) {
  if (cost.confidence != ops::Confidence::kUnknown) {
    row.macs = runs * cost.work.macs;
    row.flops = runs * cost.work.flops();
    row.transcendentals = runs * cost.work.transcendentals;
  }
  if (cost.bytes_known) {
    row.activation_read_bytes = runs * cost.activation_read_bytes;
    row.weight_read_bytes = runs * cost.weight_read_bytes;
    row.written_bytes = runs * cost.written_bytes;
    row.traffic_bytes = runs * cost.traffic_bytes();
  }
  if (row.flops && row.traffic_bytes) row.intensity = intensity(*row.flops, *row.traffic_bytes);
  row.parameters = cost.parameters;
}

report::NodeRow node_row(const infer::TypedGraph& graph, ir::NodeId n, bool explain) {
  const ir::Node& node = graph.node(n);
  const infer::Scope& scope = graph.scope(n);
  const infer::NodeCost& cost = graph.costs[static_cast<std::size_t>(n)];
  report::NodeRow row;
  row.id = graph.node_id(n);
  row.name = graph.node_name(n);
  row.repeat = scope.repeat;
  row.op_type = node.op_type;
  row.domain = node.domain;
  row.cls = cost.spec ? ops::class_name(cost.spec->cls) : "unknown";
  if (cost.work.contraction) row.detail = conv_detail(*cost.work.contraction);
  row.inputs.reserve(node.inputs.size());
  for (const ir::TensorId id : node.inputs) {
    row.inputs.push_back(id == ir::kNoTensor
                             ? std::string()
                             : graph.graph().tensors[static_cast<std::size_t>(id)].name);
  }
  row.outputs = tensor_infos(graph, node.outputs);
  add_quantities(cost, scope.repeat.value_or(1), row);
  row.confidence = ops::confidence_name(confidence_of(cost, scope));
  if (explain) add_explanation(graph, node, cost, row);
  return row;
}

void add_to_totals(const infer::NodeCost& cost, const infer::Scope& scope, report::Totals& totals) {
  const Count runs = scope.repeat.value_or(1);
  if (runs == 0) return;
  totals.complete = totals.complete && cost.complete() && scope.repeat;
  totals.macs += runs * cost.work.macs;
  totals.flops += runs * cost.work.flops();
  totals.transcendentals += runs * cost.work.transcendentals;
  totals.activation_read_bytes += runs * cost.activation_read_bytes;
  totals.weight_read_bytes += runs * cost.weight_read_bytes;
  totals.written_bytes += runs * cost.written_bytes;
  totals.traffic_bytes += runs * cost.traffic_bytes();
}

void add_to_coverage(ops::Confidence confidence, report::Coverage& coverage) {
  switch (confidence) {
    case ops::Confidence::kExact:
      ++coverage.exact;
      break;
    case ops::Confidence::kApproximate:
      ++coverage.approximate;
      break;
    case ops::Confidence::kUnknown:
      ++coverage.unknown;
      break;
  }
}

/// Buffers and accesses of nodes that run one by one as written: all that live_bytes() reads.
class AsWritten {
 public:
  explicit AsWritten(const infer::TypedGraph& graph)
      : graph_(graph), buffer_of_(graph.types.size(), kNoBuffer) {
    const ir::Graph& ir = graph.graph();
    for (const ir::TensorId t : ir.inputs) at(buffer(t)).is_input = true;
    plan_.steps.resize(graph.costs.size());
    for (std::size_t n = 0; n < graph.costs.size(); ++n) add(static_cast<ir::NodeId>(n));
    for (const ir::TensorId t : ir.outputs) at(buffer(t)).is_output = true;
  }
  [[nodiscard]] const plan::Plan& plan() const { return plan_; }

 private:
  static constexpr plan::BufferId kNoBuffer = -1;

  plan::Buffer& at(plan::BufferId b) { return plan_.buffers[static_cast<std::size_t>(b)]; }

  plan::BufferId buffer(ir::TensorId t) {
    const auto i = static_cast<std::size_t>(t);
    if (buffer_of_[i] != kNoBuffer) return buffer_of_[i];
    if (!graph_.storage.empty() && graph_.storage[i] != t) {
      return buffer_of_[i] = buffer(graph_.storage[i]);
    }
    const ir::TensorType& type = graph_.types[i];
    const std::optional<Count> elements = type.elements();
    plan_.buffers.push_back(
        {.tensor = t,
         .dtype = type.dtype,
         .bytes = elements ? std::optional(ir::bytes(type.dtype, *elements)) : std::nullopt,
         .is_weight = is_weight(t)});
    return buffer_of_[i] = static_cast<plan::BufferId>(plan_.buffers.size()) - 1;
  }

  /// A constant of the model, or what a node without accesses makes of constants.
  [[nodiscard]] bool is_weight(ir::TensorId t) const {
    const ir::Tensor& tensor = graph_.graph().tensors[static_cast<std::size_t>(t)];
    if (tensor.constant) return true;
    return tensor.producer != ir::kNoNode && moves_nothing(tensor.producer) &&
           graph_.is_constant[static_cast<std::size_t>(t)];
  }

  [[nodiscard]] const infer::NodeCost& cost(ir::NodeId n) const {
    return graph_.costs[static_cast<std::size_t>(n)];
  }
  [[nodiscard]] bool moves_nothing(ir::NodeId n) const {
    const ops::OpSpec* spec = cost(n).spec;
    return spec && cost(n).accesses.empty() &&
           (spec->cls == ops::OpClass::kView || spec->cls == ops::OpClass::kShape ||
            spec->cls == ops::OpClass::kControl);
  }

  void add(ir::NodeId n) {
    const ir::Node& node = graph_.node(n);
    plan::Step& step = plan_.steps[static_cast<std::size_t>(n)];
    step.repeat = graph_.scope(n).repeat;
    if (moves_nothing(n)) {
      const bool is_view = cost(n).spec->cls == ops::OpClass::kView && !node.inputs.empty() &&
                           !node.outputs.empty() && node.inputs[0] != ir::kNoTensor &&
                           node.outputs[0] != ir::kNoTensor;
      if (is_view) {
        buffer_of_[static_cast<std::size_t>(node.outputs[0])] = buffer(node.inputs[0]);
      }
      return;
    }
    for (const ops::Access& access : cost(n).accesses) {
      const auto i = static_cast<std::size_t>(access.index());
      if (access.elements == 0) continue;
      const plan::BufferId b = buffer(access.is_output() ? node.outputs[i] : node.inputs[i]);
      step.accesses.push_back({.buffer = b, .is_write = access.is_output()});
    }
  }

  const infer::TypedGraph& graph_;
  std::vector<plan::BufferId> buffer_of_;
  plan::Plan plan_;
};

/// Activations in use while each node runs.
void add_memory(const infer::TypedGraph& graph, report::Report& out) {
  const std::vector<Count> live = estimate::live_bytes(AsWritten(graph).plan());
  for (std::size_t n = 0; n < live.size(); ++n) {
    out.nodes[n].live_bytes = live[n];
    out.totals.peak_activation_bytes = std::max(out.totals.peak_activation_bytes, live[n]);
  }
  out.totals.peak_memory_bytes = out.totals.peak_activation_bytes + graph.weight_bytes;
}

void add_model(const infer::TypedGraph& graph, report::ModelInfo& info) {
  const ir::Model& model = *graph.model;
  info.path = model.path;
  info.name = model.graph.name;
  info.producer = model.producer;
  info.ir_version = model.ir_version;
  info.opsets = model.opsets;
  info.skeleton_sha256 = model.skeleton_sha256;
  info.nodes = static_cast<std::int64_t>(graph.costs.size());
  info.parameters = graph.parameters;
  info.weight_bytes = graph.weight_bytes;
  info.inputs = tensor_infos(graph, model.graph.inputs);
  info.outputs = tensor_infos(graph, model.graph.outputs);
  info.dims = graph.dims;
}

}  // namespace

std::optional<double> intensity(Count flops, Count bytes) {
  if (bytes == 0) return std::nullopt;
  return flops.as_double() / bytes.as_double();
}

void add_nodes(const infer::TypedGraph& graph, const Request& request, report::Report& out) {
  add_model(graph, out.model);
  std::set<std::string> unknown_ops;
  out.nodes.reserve(graph.costs.size());
  for (std::size_t n = 0; n < graph.costs.size(); ++n) {
    const infer::NodeCost& cost = graph.costs[n];
    out.nodes.push_back(node_row(graph, static_cast<ir::NodeId>(n), request.explain));
    const infer::Scope& scope = graph.scope(static_cast<ir::NodeId>(n));
    add_to_totals(cost, scope, out.totals);
    add_to_coverage(confidence_of(cost, scope), out.coverage);
    if (cost.confidence == ops::Confidence::kUnknown) {
      unknown_ops.insert(op_name(graph.graph().nodes[n]));
    }
  }
  out.coverage.unknown_ops.assign(unknown_ops.begin(), unknown_ops.end());
  out.totals.intensity = intensity(out.totals.flops, out.totals.traffic_bytes);
  add_memory(graph, out);
  out.has_tensors = request.tensors;
  if (!request.tensors) return;
  for (std::size_t t = 0; graph.names.empty() && t < graph.types.size(); ++t) {
    out.tensors.push_back(tensor_info(graph, static_cast<ir::TensorId>(t)));
  }
  for (const auto& [name, id] : graph.names) {
    out.tensors.push_back(tensor_info(graph, id));
    out.tensors.back().name = name;
  }
}

}  // namespace roofline
