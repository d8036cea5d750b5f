// Owns the building of a plan: passes decide about nodes, then steps and buffers are laid out.
// Refuses to know how long anything takes.
#include "roofline/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "draft.hpp"
#include "roofline/base/text.hpp"

namespace roofline::plan {
namespace {

class Builder {
 public:
  Builder(const Draft& draft, const PrecisionRules& precision, Plan& plan)
      : draft_(draft),
        precision_(precision),
        plan_(plan),
        buffer_of_(draft.graph.types.size(), kNoBuffer) {}

  void build() {
    plan_.steps.reserve(draft_.graph.costs.size());
    plan_.buffers.reserve(draft_.graph.types.size());
    add_graph_inputs();
    // A fused step runs where its last node stood: by then all its operands exist.
    const auto count = static_cast<ir::NodeId>(draft_.graph.costs.size());
    std::vector<ir::NodeId> anchor(draft_.graph.costs.size(), ir::kNoNode);
    for (ir::NodeId n = 0; n < count; ++n) {
      const auto i = static_cast<std::size_t>(n);
      if (!draft_.follows[i]) anchor[i] = n;
      if (draft_.next[i] == ir::kNoNode)
        add_step(anchor[i]);
      else
        anchor[static_cast<std::size_t>(draft_.next[i])] = anchor[i];
    }
    for (const ir::TensorId id : draft_.graph.graph().outputs) {
      plan_.buffers[static_cast<std::size_t>(buffer(id))].is_output = true;
    }
  }

 private:
  static constexpr BufferId kNoBuffer = -1;

  void add_graph_inputs() {
    for (const ir::TensorId id : draft_.graph.graph().inputs) {
      plan_.buffers[static_cast<std::size_t>(buffer(id))].is_input = true;
    }
  }

  BufferId buffer(ir::TensorId id) {
    BufferId& slot = buffer_of_[static_cast<std::size_t>(id)];
    if (slot != kNoBuffer) return slot;
    if (!draft_.graph.storage.empty()) {
      const ir::TensorId whole = draft_.graph.storage[static_cast<std::size_t>(id)];
      if (whole != id) return slot = buffer(whole);
    }
    slot = static_cast<BufferId>(plan_.buffers.size());
    const ir::TensorType& type = draft_.type(id);
    const ir::Tensor& tensor = draft_.graph.graph().tensors[static_cast<std::size_t>(id)];
    const bool computed_before =
        tensor.producer != ir::kNoNode && draft_.host[static_cast<std::size_t>(tensor.producer)];
    Buffer b{.tensor = id, .dtype = precision_.storage(type.dtype)};
    const std::optional<Count> elements = type.elements();
    b.bytes = elements ? std::optional(ir::bytes(b.dtype, *elements)) : std::nullopt;
    b.is_weight = tensor.constant.has_value() ||
                  (computed_before && draft_.graph.is_constant[static_cast<std::size_t>(id)]);
    plan_.buffers.push_back(b);
    return slot;
  }

  void add_step(ir::NodeId first) {
    Step step;
    step.kind = draft_.host[static_cast<std::size_t>(first)] ? StepKind::kHost : StepKind::kOp;
    for (ir::NodeId n = first; n != ir::kNoNode; n = draft_.next[static_cast<std::size_t>(n)]) {
      step.nodes.push_back(n);
    }
    if (step.nodes.size() > 1) step.kind = StepKind::kFused;
    const infer::NodeCost& cost = draft_.cost(first);
    if (cost.spec) step.cls = cost.spec->cls;
    step.repeat = draft_.graph.scope(first).repeat;
    for (const ir::NodeId n : step.nodes) {
      const auto& reasons = draft_.reasons[static_cast<std::size_t>(n)];
      step.reasons.insert(step.reasons.end(), reasons.begin(), reasons.end());
    }
    if (step.kind == StepKind::kHost) {
      alias_result(first);
    } else {
      add_work(step);
      add_accesses(step);
      precision_.assign_unit(compute_dtype(first), step);
    }
    plan_.steps.push_back(std::move(step));
  }

  void alias_result(ir::NodeId n) {
    const ir::Node& node = draft_.node(n);
    if (!draft_.alias[static_cast<std::size_t>(n)] || node.inputs.empty() || node.outputs.empty() ||
        node.inputs[0] == ir::kNoTensor || node.outputs[0] == ir::kNoTensor) {
      return;
    }
    buffer_of_[static_cast<std::size_t>(node.outputs[0])] = buffer(node.inputs[0]);
  }

  /// A bias operand of the anchor: then a folded shift adds nothing to compute or read.
  [[nodiscard]] bool has_bias(ir::NodeId anchor) const {
    for (const ops::Access& access : draft_.cost(anchor).accesses) {
      if (!access.is_output() && access.index() == 2) return true;
    }
    return false;
  }

  void add_work(Step& step) {
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

  /// What a node reads for an operand: what that was dequantized from, if its kernel takes it.
  [[nodiscard]] ir::TensorId operand(ir::NodeId n, ir::TensorId id) const {
    const ir::TensorId stored = draft_.stored[static_cast<std::size_t>(id)];
    const bool as_stored = draft_.quantized[static_cast<std::size_t>(n)] != Quantized::kNo;
    return as_stored && stored != ir::kNoTensor ? stored : id;
  }

  /// Unpacking the weights inside the kernel that multiplies by them.
  void add_unpacking(ir::NodeId n, Step& step) {
    if (draft_.quantized[static_cast<std::size_t>(n)] != Quantized::kWeights) return;
    for (const ir::TensorId id : draft_.node(n).inputs) {
      if (id == ir::kNoTensor || operand(n, id) == id) continue;
      const ir::NodeId producer =
          draft_.graph.graph().tensors[static_cast<std::size_t>(id)].producer;
      step.work.arithmetic += draft_.cost(producer).work.arithmetic;
    }
  }

  void add_accesses(Step& step) {
    bool biased = has_bias(step.nodes.front());
    ir::TensorId inner = ir::kNoTensor;  // the fused edge into node n: stays on chip
    for (const ir::NodeId n : step.nodes) {
      const bool folded = draft_.folded_scale[static_cast<std::size_t>(n)];
      for (const ops::Access& access : draft_.cost(n).accesses) {
        const auto i = static_cast<std::size_t>(access.index());
        const ir::TensorId id =
            access.is_output() ? draft_.node(n).outputs[i] : draft_.node(n).inputs[i];
        if (access.elements == 0 || id == inner) continue;
        if (access.is_output() ? n != step.nodes.back() : folded && (biased || i != 2)) continue;
        const BufferId b = buffer(access.is_output() ? id : operand(n, id));
        const Buffer& touched = plan_.buffers[static_cast<std::size_t>(b)];
        Count bytes = ir::bytes(touched.dtype, access.elements);
        // An absorbed border is part of the operand's shape but not of its buffer.
        if (touched.bytes) bytes = std::min(bytes, *touched.bytes);
        step.accesses.push_back({b, access.is_output(), bytes});
      }
      biased = biased || folded;
      if (!draft_.node(n).outputs.empty()) inner = draft_.node(n).outputs[0];
    }
  }

  /// The element type a node computes in: of its first operand that is touched, else of its result.
  [[nodiscard]] ir::DType compute_dtype(ir::NodeId n) const {
    const ir::Node& node = draft_.node(n);
    for (const ops::Access& access : draft_.cost(n).accesses) {
      const auto i = static_cast<std::size_t>(access.index());
      if (access.is_output()) return draft_.type(node.outputs[i]).dtype;
      const bool on_integers = draft_.quantized[static_cast<std::size_t>(n)] == Quantized::kInteger;
      return draft_.type(on_integers ? operand(n, node.inputs[i]) : node.inputs[i]).dtype;
    }
    return ir::DType::kFloat32;
  }

  const Draft& draft_;
  const PrecisionRules& precision_;
  Plan& plan_;
  std::vector<BufferId> buffer_of_;
};

}  // namespace

std::string_view step_kind_name(StepKind kind) {
  switch (kind) {
    case StepKind::kOp:
      return "op";
    case StepKind::kFused:
      return "fused";
    case StepKind::kHost:
      return "host";
  }
  return "op";
}

std::vector<std::string> runtime_names() { return {"none", "basic"}; }

Plan make_plan(const infer::TypedGraph& graph, const hardware::Profile* profile,
               const PlanOptions& options) {
  const std::vector<std::string> runtimes = runtime_names();
  if (std::find(runtimes.begin(), runtimes.end(), options.runtime) == runtimes.end()) {
    std::string hint = did_you_mean_hint(options.runtime, runtimes);
    if (hint.empty()) hint = "runtimes: " + join(runtimes, ", ");
    throw Error(ExitCode::kUsage, {.severity = Severity::kError,
                                   .code = "unknown-runtime",
                                   .message = fmt::format("'{}' is no runtime", options.runtime),
                                   .hint = hint});
  }
  Plan plan;
  plan.runtime = options.runtime;
  plan.precision = options.precision ? hardware::precision_name(*options.precision) : "as-is";
  Draft draft(graph);
  mark_views(draft);
  if (options.runtime == "basic") {
    keep_quantized(draft);
    fold_constants(draft);
    absorb_padding(draft);
    fuse_epilogues(draft);
  }
  const PrecisionRules precision(profile, options, plan.diagnostics);
  Builder(draft, precision, plan).build();
  return plan;
}

}  // namespace roofline::plan
