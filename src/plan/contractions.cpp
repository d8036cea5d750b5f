// Owns what scenarios about products share: their weights, their algorithm, forms of buffers.
// Refuses to decide what is changed.
#include "contractions.hpp"

#include <algorithm>

namespace roofline::plan {
namespace {

/// The tensor whose buffer holds `id`: views and parts of memory are followed to what they show.
ir::TensorId root(const Draft& draft, ir::TensorId id) {
  while (true) {
    if (!draft.graph.storage.empty()) {
      const ir::TensorId whole = draft.graph.storage[static_cast<std::size_t>(id)];
      if (whole != id) {
        id = whole;
        continue;
      }
    }
    const ir::NodeId producer = draft.graph.graph().tensors[static_cast<std::size_t>(id)].producer;
    if (producer == ir::kNoNode || !draft.alias[static_cast<std::size_t>(producer)]) return id;
    const auto& inputs = draft.node(producer).inputs;
    if (inputs.empty() || inputs[0] == ir::kNoTensor) return id;
    id = inputs[0];
  }
}

/// The largest constant operand of a node, if it has the elements of its product's matrix.
ir::TensorId matrix_of(const Draft& draft, ir::NodeId n) {
  const infer::NodeCost& cost = draft.cost(n);
  if (!cost.work.contraction) return ir::kNoTensor;
  const ops::Contraction& c = *cost.work.contraction;
  Count most = Count(c.k) * c.n - 1;
  ir::TensorId matrix = ir::kNoTensor;
  for (const ops::Access& access : cost.accesses) {
    if (access.is_output()) continue;
    const ir::TensorId id = draft.node(n).inputs[static_cast<std::size_t>(access.index())];
    const bool constant = draft.graph.is_constant[static_cast<std::size_t>(id)];
    if (!constant || access.elements * access.packing <= most) continue;
    most = access.elements * access.packing;
    matrix = id;
  }
  return matrix;
}

/// Relu, Clip and their kin: comparisons and selections, one product by a constant at the most.
constexpr std::int64_t kSelecting = 2;

bool only_selects(const Draft& draft, ir::NodeId n) {
  const infer::NodeCost& cost = draft.cost(n);
  if (cost.spec == nullptr || cost.work.transcendentals > 0 || cost.work.contraction) return false;
  switch (cost.spec->cls) {
    case ops::OpClass::kMovement:
    case ops::OpClass::kView:
    case ops::OpClass::kPooling:
      return true;
    case ops::OpClass::kResize:
      return cost.work.arithmetic == 0;
    case ops::OpClass::kActivation:
      return cost.work.arithmetic <= kSelecting * results_of(draft, n);
    default:
      return cost.spec->fusion == ops::Fusion::kAdd;
  }
}

}  // namespace

bool only_selects(const Draft& draft, const Step& step) {
  return std::all_of(step.nodes.begin(), step.nodes.end(),
                     [&](ir::NodeId n) { return only_selects(draft, n); });
}

Count results_of(const Draft& draft, ir::NodeId n) {
  const auto& outputs = draft.node(n).outputs;
  if (outputs.empty() || outputs[0] == ir::kNoTensor) return 0;
  return draft.type(outputs[0]).elements().value_or(0);
}

bool is_product(const Step& step) {
  return step.work.contraction && step.kind != StepKind::kHost &&
         (step.cls == ops::OpClass::kConv || step.cls == ops::OpClass::kMatmul);
}

bool picks(const infer::Selection& selection, const Step& step) {
  return std::any_of(step.nodes.begin(), step.nodes.end(),
                     [&](ir::NodeId n) { return selection.has(n); });
}

Finding finding(const Draft& draft, const Step& step, std::string what) {
  return infer::finding(draft.graph, step.nodes.front(), std::move(what));
}

void for_each_product(PlanChange& change, const Scenario& scenario, Outcome& outcome,
                      Products products, const std::function<void(Step&)>& apply) {
  const infer::Selection selection(change.draft.graph, scenario);
  const bool all = products == Products::kAll;
  for (Step& step : change.plan.steps) {
    if (step.nodes.empty() || step.kind == StepKind::kHost || !picks(selection, step)) continue;
    if (is_product(step) && (all || step.cls == ops::OpClass::kConv)) {
      apply(step);
    } else if (!selection.is_whole()) {
      outcome.refused.push_back(
          finding(change.draft, step, all ? "no convolution or matrix product" : "no convolution"));
    }
  }
}

std::vector<std::size_t> weight_matrices(const Draft& draft, const Plan& plan, const Step& step) {
  std::vector<std::size_t> found;
  for (const ir::NodeId n : step.nodes) {
    const ir::TensorId matrix = matrix_of(draft, n);
    if (matrix == ir::kNoTensor) continue;
    const ir::TensorId stored =
        draft.stored.empty() ? ir::kNoTensor : draft.stored[static_cast<std::size_t>(matrix)];
    for (std::size_t i = 0; i < step.accesses.size(); ++i) {
      const Buffer& buffer = plan.buffers[static_cast<std::size_t>(step.accesses[i].buffer)];
      if (!buffer.is_weight || step.accesses[i].is_write || buffer.tensor == ir::kNoTensor)
        continue;
      const ir::TensorId held = root(draft, buffer.tensor);
      if (held != root(draft, matrix) && (stored == ir::kNoTensor || held != root(draft, stored))) {
        continue;
      }
      if (std::find(found.begin(), found.end(), i) == found.end()) found.push_back(i);
    }
  }
  return found;
}

Algorithm& algorithm_of(Step& step) {
  if (!step.algorithm) {
    const Count valid = std::min(step.work.contraction->valid_macs, step.work.macs);
    step.algorithm =
        Algorithm{.name = {}, .flops = 2 * valid.as_double(), .contraction = step.work.contraction};
  }
  return *step.algorithm;
}

void scale_product(double factor, ops::Contraction contraction, std::string_view name, Step& step) {
  Algorithm& algorithm = algorithm_of(step);
  algorithm.name += (algorithm.name.empty() ? "" : ", ") + std::string(name);
  algorithm.flops *= factor;
  algorithm.contraction = std::make_shared<const ops::Contraction>(std::move(contraction));
  step.kernel.work *= factor;
}

const ops::Contraction& executed_contraction(const Step& step) {
  const bool other = step.algorithm && step.algorithm->contraction;
  return other ? *step.algorithm->contraction : *step.work.contraction;
}

bool all_one(std::span<const std::int64_t> values) {
  return std::all_of(values.begin(), values.end(), [](std::int64_t v) { return v == 1; });
}

Count elements_of(const Plan& plan, const BufferAccess& access) {
  const int bits = ir::bits(plan.buffers[static_cast<std::size_t>(access.buffer)].dtype);
  return bits > 0 ? Count((8 * access.bytes).value() / bits) : Count(0);
}

Count packed_bytes(Count elements, int bits) { return ceil_div(elements * bits, 8); }

BufferId BufferForms::form(BufferId of, ir::DType dtype, std::optional<Count> bytes) {
  const Buffer& original = plan_.buffers[static_cast<std::size_t>(of)];
  if (original.dtype == dtype && original.bytes == bytes) return of;
  const auto [at, is_new] =
      forms_.try_emplace({of, dtype}, static_cast<BufferId>(plan_.buffers.size()));
  if (is_new) {
    Buffer made = original;
    made.dtype = dtype;
    made.bytes = bytes;
    made.is_input = made.is_output = false;
    plan_.buffers.push_back(made);
  }
  return at->second;
}

}  // namespace roofline::plan
