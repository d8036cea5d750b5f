// Owns buffers, and what a step takes over from its nodes: work, reasons, arithmetic.
// Refuses to know which nodes make a step.
#include "step_builder.hpp"

namespace roofline::plan {

StepBuilder::StepBuilder(const Draft& draft, const PrecisionRules& precision, const Blocks& blocks,
                         Plan& plan)
    : draft_(draft),
      precision_(precision),
      blocks_(blocks),
      plan_(plan),
      buffer_of_(draft.graph.types.size(), kNoBuffer) {
  plan_.steps.reserve(draft_.graph.costs.size());
  plan_.buffers.reserve(draft_.graph.types.size());
}

void StepBuilder::add_graph_inputs() {
  for (const ir::TensorId id : draft_.graph.graph().inputs) {
    plan_.buffers[static_cast<std::size_t>(buffer(id))].is_input = true;
  }
}

void StepBuilder::mark_graph_outputs() {
  for (const ir::TensorId id : draft_.graph.graph().outputs) {
    plan_.buffers[static_cast<std::size_t>(buffer(id))].is_output = true;
  }
}

std::size_t StepBuilder::shape_key(const ir::Shape& shape) {
  std::size_t key = shape.size() + 1;
  for (const std::int64_t size : shape) key = key * 1'000'003 + static_cast<std::size_t>(size);
  return key;
}

BufferId StepBuilder::buffer(ir::TensorId id) {
  BufferId& slot = buffer_of_[static_cast<std::size_t>(id)];
  if (slot != kNoBuffer) return slot;
  if (!draft_.graph.storage.empty()) {
    const ir::TensorId whole = draft_.graph.storage[static_cast<std::size_t>(id)];
    if (whole != id) return slot = buffer(whole);
  }
  if (!draft_.part_of.empty() && draft_.part_of[static_cast<std::size_t>(id)] != ir::kNoTensor) {
    return slot = buffer_of_whole(id);
  }
  slot = static_cast<BufferId>(plan_.buffers.size());
  const ir::TensorType& type = draft_.type(id);
  const ir::Tensor& tensor = draft_.graph.graph().tensors[static_cast<std::size_t>(id)];
  const bool computed_before =
      tensor.producer != ir::kNoNode && draft_.host[static_cast<std::size_t>(tensor.producer)];
  Buffer b{.tensor = id, .dtype = precision_.storage(type.dtype)};
  const std::optional<Count> elements = type.elements();
  b.bytes = elements ? std::optional(ir::bytes(b.dtype, *elements)) : std::nullopt;
  if (type.shape) b.shape_key = shape_key(*type.shape);
  b.is_weight = tensor.constant.has_value() ||
                (computed_before && draft_.graph.is_constant[static_cast<std::size_t>(id)]);
  plan_.buffers.push_back(b);
  return slot;
}

BufferId StepBuilder::buffer_of_whole(ir::TensorId part) {
  std::vector<ir::TensorId> path;
  ir::TensorId whole = part;
  while (buffer_of_[static_cast<std::size_t>(whole)] == kNoBuffer &&
         draft_.part_of[static_cast<std::size_t>(whole)] != ir::kNoTensor) {
    path.push_back(whole);
    whole = draft_.part_of[static_cast<std::size_t>(whole)];
  }
  const BufferId b = buffer(whole);
  for (const ir::TensorId id : path) buffer_of_[static_cast<std::size_t>(id)] = b;
  return b;
}

void StepBuilder::alias(ir::TensorId operand_id, ir::TensorId result) {
  if (operand_id == ir::kNoTensor || result == ir::kNoTensor) return;
  buffer_of_[static_cast<std::size_t>(result)] = buffer(operand_id);
}

void StepBuilder::add_reasons(Step& step) const {
  for (const ir::NodeId n : step.nodes) {
    const auto& reasons = draft_.reasons[static_cast<std::size_t>(n)];
    step.reasons.insert(step.reasons.end(), reasons.begin(), reasons.end());
    const std::string& apart = draft_.apart[static_cast<std::size_t>(n)].why;
    if (!apart.empty()) step.reasons.push_back(apart);
  }
}

bool StepBuilder::has_bias(ir::NodeId anchor) const {
  for (const ops::Access& access : draft_.cost(anchor).accesses) {
    if (!access.is_output() && access.index() == 2) return true;
  }
  return false;
}

void StepBuilder::add_work(Step& step) const {
  bool biased = has_bias(step.nodes.front());
  for (const ir::NodeId n : step.nodes) {
    const infer::NodeCost& cost = draft_.cost(n);
    step.complete = step.complete && cost.complete();
    add_unpacking(n, step);
    if (draft_.folded_scale[static_cast<std::size_t>(n)]) {
      // Scaling went into the weights; the shift is the bias, added once per output element.
      if (!biased)
        step.work.arithmetic += draft_.type(draft_.node(n).outputs[0]).elements().value_or(0);
      biased = true;
      continue;
    }
    step.work.macs += cost.work.macs;
    step.work.arithmetic += cost.work.arithmetic;
    step.work.transcendentals += cost.work.transcendentals;
    if (cost.work.contraction && !step.work.contraction)
      step.work.contraction = cost.work.contraction;
  }
}

ir::TensorId operand(const Draft& draft, ir::NodeId n, ir::TensorId id) {
  const ir::TensorId stored = draft.stored[static_cast<std::size_t>(id)];
  const bool as_stored = draft.quantized[static_cast<std::size_t>(n)] != Quantized::kNo;
  return as_stored && stored != ir::kNoTensor ? stored : id;
}

void StepBuilder::add_unpacking(ir::NodeId n, Step& step) const {
  if (draft_.quantized[static_cast<std::size_t>(n)] != Quantized::kWeights) return;
  for (const ir::TensorId id : draft_.node(n).inputs) {
    if (id == ir::kNoTensor || operand(n, id) == id) continue;
    const ir::NodeId producer = draft_.graph.graph().tensors[static_cast<std::size_t>(id)].producer;
    step.work.arithmetic += draft_.cost(producer).work.arithmetic;
  }
}

ir::DType compute_dtype(const Draft& draft, ir::NodeId n) {
  const ir::Node& node = draft.node(n);
  for (const ops::Access& access : draft.cost(n).accesses) {
    const auto i = static_cast<std::size_t>(access.index());
    if (access.is_output()) return draft.type(node.outputs[i]).dtype;
    const bool on_integers = draft.quantized[static_cast<std::size_t>(n)] == Quantized::kInteger;
    return draft.type(on_integers ? operand(draft, n, node.inputs[i]) : node.inputs[i]).dtype;
  }
  return ir::DType::kFloat32;
}

void StepBuilder::finish(Step&& step, std::optional<ir::DType> computes_in,
                         const Reordered& reordered) {
  if (computes_in) precision_.assign_unit(*computes_in, step);
  describe_kernel(draft_, blocks_, reordered, step);
  plan_.steps.push_back(std::move(step));
}

}  // namespace roofline::plan
