// Owns the steps of plans whose graph was rewritten: one step per launch, in an order that a
// runtime may take, and a host step for each node that is gone.
// Refuses to rewrite: the passes have decided.
#include <algorithm>
#include <array>
#include <queue>
#include <tuple>

#include "build.hpp"
#include "step_builder.hpp"

namespace roofline::plan {
namespace {

using ir::TensorId;

class LaunchBuilder : private StepBuilder {
 public:
  LaunchBuilder(const Rewrite& graph, const PrecisionRules& precision, const Blocks& blocks,
                Plan& plan)
      : StepBuilder(graph.draft(), precision, blocks, plan), graph_(graph) {
    buffer_of_.resize(graph.sizes.count(), kNoBuffer);
    slots_.resize(draft_.graph.types.size());
  }

  void build() {
    add_graph_inputs();
    for (const LaunchId l : execution_order()) {
      const Launch& launch = graph_.at(l);
      if (!launch.live) {
        add_gone(launch);
      } else if (launch.nodes.empty()) {
        add_inserted(launch);
      } else {
        add_step(launch);
      }
    }
    mark_graph_outputs();
  }

 private:
  /// Where a launch stands among the nodes of the model: a fused one where its last node stood.
  [[nodiscard]] std::tuple<ir::NodeId, int, LaunchId> place(LaunchId l) const {
    const Launch& launch = graph_.at(l);
    if (launch.nodes.empty()) return {launch.beside, launch.before ? 0 : 2, l};
    return {*std::max_element(launch.nodes.begin(), launch.nodes.end()), 1, l};
  }

  [[nodiscard]] std::vector<LaunchId> execution_order() const {
    const auto count = static_cast<std::size_t>(graph_.count());
    std::vector<std::vector<LaunchId>> readers(count);
    std::vector<int> waiting(count);
    using Entry = std::tuple<ir::NodeId, int, LaunchId>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    for (LaunchId l = 0; l < graph_.count(); ++l) {
      const Launch& launch = graph_.at(l);
      if (!launch.live && launch.nodes.empty()) continue;
      for (const TensorId t : launch.live ? launch.inputs : std::vector<TensorId>{}) {
        const LaunchId source = graph_.producer(t);
        if (source == kNoLaunch || source == l || !graph_.at(source).live) continue;
        readers[static_cast<std::size_t>(source)].push_back(l);
        ++waiting[static_cast<std::size_t>(l)];
      }
      if (waiting[static_cast<std::size_t>(l)] == 0) ready.push(place(l));
    }
    std::vector<LaunchId> order;
    order.reserve(count);
    while (!ready.empty()) {
      const LaunchId l = std::get<2>(ready.top());
      ready.pop();
      order.push_back(l);
      for (const LaunchId reader : readers[static_cast<std::size_t>(l)]) {
        if (--waiting[static_cast<std::size_t>(reader)] == 0) ready.push(place(reader));
      }
    }
    return order;
  }

  void add_gone(const Launch& launch) {
    Step step;
    step.kind = StepKind::kHost;
    step.nodes = launch.nodes;
    const ir::NodeId lead = launch.nodes.front();
    if (const ops::OpSpec* spec = draft_.cost(lead).spec) step.cls = spec->cls;
    step.repeat = draft_.graph.scope(lead).repeat;
    add_reasons(step);
    finish(std::move(step), std::nullopt);
  }

  void add_kernel(const Launch& launch, Step& step) const {
    step.kernel.op = launch.op;
    // One that no rule is about.
    if (!step.nodes.empty() && draft_.cost(step.nodes.front()).spec == nullptr) {
      step.kernel.op = draft_.node(step.nodes.front()).op_type;
    }
    step.kernel.fused = launch.fused;
    step.kernel.layout = launch.layout;
    for (const TensorId t : launch.outputs) {
      if (t == ir::kNoTensor) continue;
      step.kernel.results += elements(t).value_or(0).as_double();
      step.results.push_back(graph_.sizes.shape(t).value_or(ir::Shape{}));
    }
  }

  /// What the kernels are that a runtime inserts.
  struct Inserted {
    std::string_view op;
    StepKind kind;
    ops::OpClass cls;
    std::string_view kernel;
  };
  static Inserted inserted_kind(std::string_view op) {
    static constexpr std::array kKinds = {
        Inserted{"Reshape", StepKind::kHost, ops::OpClass::kView, "view"},
        Inserted{"Squeeze", StepKind::kHost, ops::OpClass::kView, "view"},
        Inserted{"Unsqueeze", StepKind::kHost, ops::OpClass::kView, "view"},
        Inserted{"DequantizeLinear", StepKind::kOp, ops::OpClass::kQuantize, "quantize"},
        Inserted{"Mul", StepKind::kOp, ops::OpClass::kElementwise, "elementwise"},
        Inserted{"Gather", StepKind::kOp, ops::OpClass::kMovement, "move"},
        Inserted{"Transpose", StepKind::kReorder, ops::OpClass::kMovement, "move"},
    };
    for (const Inserted& kind : kKinds) {
      if (kind.op == op) return kind;
    }
    return {op, StepKind::kReorder, ops::OpClass::kMovement, "reorder"};
  }

  void add_inserted(const Launch& launch) {
    Step step;
    const Inserted inserted = inserted_kind(launch.op);
    step.kind = inserted.kind;
    step.cls = inserted.cls;
    step.repeat = draft_.graph.scope(launch.beside).repeat;
    add_kernel(launch, step);
    step.kernel.kind = inserted.kernel;
    if (step.kind == StepKind::kHost) {
      alias(launch.inputs.at(0), launch.outputs.at(0));
      return finish(std::move(step), std::nullopt);
    }
    step.kernel.work = step.kernel.results;
    const auto& shape = graph_.sizes.shape(launch.outputs.at(0));
    if (shape && ir::is_known(*shape) && !shape->empty()) {
      // The pixels of an image, the last axis of anything else.
      const bool image = inserted.kernel == "reorder" && shape->size() > 2;
      double extent = 1;
      for (std::size_t i = image ? 2 : shape->size() - 1; i < shape->size(); ++i) {
        extent *= static_cast<double>((*shape)[i]);
      }
      // Channels of one pixel lie in the same order either way.
      if (!image || extent != 1) step.kernel.extents[0] = std::max(1.0, extent);
      if (!launch.perm.empty()) {
        describe_transpose(launch.perm, *shape, graph_.dtype(launch.inputs.at(0)), step.kernel);
      }
    }
    for (const TensorId t : launch.inputs) touch(t, false, std::nullopt, step);
    for (const TensorId t : launch.outputs) touch(t, true, std::nullopt, step);
    finish(std::move(step), graph_.dtype(launch.inputs.at(0)));
  }

  void add_step(const Launch& launch) {
    Step step;
    step.nodes = launch.nodes;
    const ir::NodeId lead = launch.nodes.front();
    const bool host = launch.nodes.size() == 1 && draft_.host[static_cast<std::size_t>(lead)];
    step.kind = host ? StepKind::kHost : launch.nodes.size() > 1 ? StepKind::kFused : StepKind::kOp;
    if (const ops::OpSpec* spec = draft_.cost(lead).spec) step.cls = spec->cls;
    if (launch.cls) step.cls = *launch.cls;
    step.repeat = draft_.graph.scope(lead).repeat;
    add_reasons(step);
    add_kernel(launch, step);
    if (host) {
      if (draft_.alias[static_cast<std::size_t>(lead)] && !launch.inputs.empty() &&
          !launch.outputs.empty()) {
        alias(launch.inputs[0], launch.outputs[0]);
      }
      return finish(std::move(step), std::nullopt);
    }
    if (!launch.perm.empty() && !step.results.empty() && ir::is_known(step.results.front())) {
      describe_transpose(launch.perm, step.results.front(), graph_.dtype(launch.inputs.at(0)),
                         step.kernel);
    }
    add_work(step);
    if (launch.merged) widen_contraction(step);
    const double products = take_products_aside(step);
    add_accesses(launch, step);
    finish(std::move(step), compute_dtype(lead), reordered(launch));
    plan_.steps.back().kernel.work += products;
  }

  [[nodiscard]] Reordered reordered(const Launch& launch) const {
    if (!launch.reordered || launch.nodes.size() != 1) return {};
    Reordered result{.axis = launch.axis, .axes = launch.axes};
    const auto add = [&](const std::vector<TensorId>& of_node, const std::vector<TensorId>& taken) {
      for (std::size_t i = 0; i < std::min(of_node.size(), taken.size()); ++i) {
        if (of_node[i] == taken[i] || taken[i] == ir::kNoTensor) continue;
        const auto& shape = graph_.sizes.shape(taken[i]);
        if (shape && ir::is_known(*shape)) result.shapes.emplace(of_node[i], *shape);
      }
    };
    add(draft_.node(launch.nodes[0]).inputs, launch.inputs);
    add(draft_.node(launch.nodes[0]).outputs, launch.outputs);
    return result;
  }

  /// Products inside the kernel of a pool run beside it on the vector unit, at its efficiency.
  /// Returns their FLOPs.
  [[nodiscard]] static double take_products_aside(Step& step) {
    const bool pools = step.cls == ops::OpClass::kPooling || step.cls == ops::OpClass::kReduction;
    if (!pools || !step.work.contraction) return 0;
    step.work.contraction.reset();
    return 2 * step.work.macs.as_double();
  }

  /// Products of one operand with several weights are one product with all of their columns.
  void widen_contraction(Step& step) const {
    auto merged = std::make_shared<ops::Contraction>(*step.work.contraction);
    merged->n = 0;
    for (const ir::NodeId n : step.nodes) {
      const auto& contraction = draft_.cost(n).work.contraction;
      if (contraction) merged->n += contraction->n;
    }
    step.work.contraction = std::move(merged);
  }

  /// Operands by the model's tensor that they are or are a form of.
  struct Slot {
    std::size_t stamp = 0;
    TensorId read = ir::kNoTensor;
    TensorId written = ir::kNoTensor;
  };

  Slot& slot(TensorId t) {
    Slot& s = slots_[static_cast<std::size_t>(graph_.root(graph_.sizes.origin(t)))];
    if (s.stamp != stamp_) s = {.stamp = stamp_};
    return s;
  }

  void add_accesses(const Launch& launch, Step& step) {
    if (launch.copied) {
      for (const TensorId t : launch.inputs) touch(t, false, elements(t), step);
      return touch(launch.outputs.at(0), true, launch.copied, step);
    }
    ++stamp_;
    for (const TensorId t : launch.inputs) {
      if (t != ir::kNoTensor) slot(t).read = t;
    }
    for (const TensorId t : launch.outputs) {
      if (t != ir::kNoTensor) slot(t).written = t;
    }
    for (const ir::NodeId n : step.nodes) {
      for (const ops::Access& access : draft_.cost(n).accesses) {
        if (access.elements != 0) add_access(n, access, step);
      }
    }
  }

  void add_access(ir::NodeId n, const ops::Access& access, Step& step) {
    const auto i = static_cast<std::size_t>(access.index());
    if (access.is_output()) {
      Slot& s = slot(draft_.node(n).outputs[i]);
      touch(std::exchange(s.written, ir::kNoTensor), true, access.elements, step);
      return;
    }
    // Edges inside the launch, and what was folded, are no operands of it. An operand is read once.
    const TensorId id = draft_.node(n).inputs[i];
    Slot& s = slot(id);
    if (s.read != ir::kNoTensor) {
      touch(std::exchange(s.read, ir::kNoTensor), false, access.elements, step);
      return;
    }
    const TensorId stored = operand(n, id);
    if (stored == id) return;
    touch(std::exchange(slot(stored).read, ir::kNoTensor), false, access.elements, step);
  }

  [[nodiscard]] std::optional<Count> elements(TensorId t) const {
    if (graph_.sizes.origin(t) == t) return draft_.type(t).elements();
    const auto& shape = graph_.sizes.shape(t);
    return shape ? ir::element_count(*shape) : std::nullopt;
  }

  BufferId buffer(TensorId t) {
    if (graph_.sizes.origin(t) == t) {
      const BufferId b = StepBuilder::buffer(t);
      if (graph_.is_constant(t)) plan_.buffers[static_cast<std::size_t>(b)].is_weight = true;
      return b;
    }
    BufferId& slot = buffer_of_[static_cast<std::size_t>(t)];
    if (slot != kNoBuffer) return slot;
    slot = static_cast<BufferId>(plan_.buffers.size());
    Buffer b{.tensor = graph_.sizes.origin(t), .dtype = precision_.storage(graph_.dtype(t))};
    const std::optional<Count> size = elements(t);
    b.bytes = size ? std::optional(ir::bytes(b.dtype, *size)) : std::nullopt;
    if (const auto& shape = graph_.sizes.shape(t)) b.shape_key = shape_key(*shape);
    plan_.buffers.push_back(b);
    return slot;
  }

  void alias(TensorId operand_id, TensorId result) {
    if (operand_id == ir::kNoTensor || result == ir::kNoTensor) return;
    buffer_of_[static_cast<std::size_t>(result)] = buffer(operand_id);
  }

  /// A form of a tensor is touched wholly, and its padding with it, when the tensor is.
  void touch(TensorId t, bool write, std::optional<Count> touched, Step& step) {
    if (t == ir::kNoTensor) return;
    const BufferId b = buffer(t);
    const Buffer& whole = plan_.buffers[static_cast<std::size_t>(b)];
    const TensorId origin = graph_.sizes.origin(t);
    const std::optional<Count> all = draft_.type(origin).elements();
    Count bytes = whole.bytes.value_or(0);
    if (touched && (origin == t || (all && *touched < *all))) {
      bytes = ir::bytes(whole.dtype, *touched);
      if (whole.bytes) bytes = std::min(bytes, *whole.bytes);
    }
    step.accesses.push_back({b, write, bytes});
  }

  const Rewrite& graph_;
  std::vector<Slot> slots_;
  std::size_t stamp_ = 0;
};

}  // namespace

void build_launches(const Rewrite& graph, const PrecisionRules& precision, const Blocks& blocks,
                    Plan& plan) {
  LaunchBuilder(graph, precision, blocks, plan).build();
}

}  // namespace roofline::plan
