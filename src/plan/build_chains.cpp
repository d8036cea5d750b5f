// Owns the steps of plans that fuse chains of nodes: one step per chain, in the model's order.
// Refuses to fuse: the passes have decided.
#include <algorithm>

#include "build.hpp"
#include "step_builder.hpp"

namespace roofline::plan {
namespace {

class ChainBuilder : private StepBuilder {
 public:
  ChainBuilder(const Draft& draft, const PrecisionRules& precision, int block, Plan& plan)
      : StepBuilder(draft, precision, block, plan) {}

  void build() {
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
    mark_graph_outputs();
  }

 private:
  void add_step(ir::NodeId first) {
    Step step;
    const bool host = draft_.host[static_cast<std::size_t>(first)];
    step.kind = host ? StepKind::kHost : StepKind::kOp;
    for (ir::NodeId n = first; n != ir::kNoNode; n = draft_.next[static_cast<std::size_t>(n)]) {
      step.nodes.push_back(n);
    }
    if (step.nodes.size() > 1) step.kind = StepKind::kFused;
    const infer::NodeCost& cost = draft_.cost(first);
    if (cost.spec) step.cls = cost.spec->cls;
    step.repeat = draft_.graph.scope(first).repeat;
    add_reasons(step);
    if (step.kind == StepKind::kHost) {
      alias_result(first);
      return finish(std::move(step), std::nullopt);
    }
    add_kernel(step);
    add_work(step);
    add_accesses(step);
    finish(std::move(step), compute_dtype(first));
  }

  void add_kernel(Step& step) const {
    step.kernel.op = draft_.node(step.nodes.front()).op_type;
    for (std::size_t i = 1; i < step.nodes.size(); ++i) {
      step.kernel.fused.emplace_back(draft_.node(step.nodes[i]).op_type);
    }
    for (const ir::TensorId id : draft_.node(step.nodes.back()).outputs) {
      if (id == ir::kNoTensor) continue;
      step.kernel.results += draft_.type(id).elements().value_or(0).as_double();
    }
  }

  void alias_result(ir::NodeId n) {
    const ir::Node& node = draft_.node(n);
    if (!draft_.alias[static_cast<std::size_t>(n)] || node.inputs.empty() || node.outputs.empty()) {
      return;
    }
    alias(node.inputs[0], node.outputs[0]);
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
};

}  // namespace

void build_chains(const Draft& draft, const PrecisionRules& precision, int block, Plan& plan) {
  ChainBuilder(draft, precision, block, plan).build();
}

}  // namespace roofline::plan
