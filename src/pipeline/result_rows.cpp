// Owns the rows of one machine: layers as the plan executes them, and their totals.
// Refuses to price: every figure comes from estimate.
#include <fmt/format.h>

#include <algorithm>

#include "rows.hpp"

namespace roofline {
namespace {

class ResultBuilder {
 public:
  ResultBuilder(const infer::TypedGraph& graph, const hardware::Profile& profile,
                const Request& request, const report::Report& report)
      : graph_(graph),
        profile_(profile),
        request_(request),
        report_(report),
        plan_(plan::make_plan(graph, &profile, request.plan)),
        estimate_(estimate::estimate(plan_, profile, request.estimate)) {}

  report::Result build() {
    report::Result result;
    add_identity(result);
    add_totals(result);
    for (std::size_t i = 0; i < plan_.outcomes.size(); ++i) {
      result.scenarios.push_back(
          scenario_row(request_.plan.scenarios[i], std::move(plan_.outcomes[i])));
    }
    result.layers.reserve(plan_.steps.size());
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      result.layers.push_back(layer(s));
      if (plan_.steps[s].repeat != Count(0)) {
        ++result.layers_by_bound[result.layers.back().bound];
      }
      result.macs += plan_.steps[s].repeat.value_or(1) * plan_.steps[s].work.macs;
    }
    return result;
  }

  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const { return plan_.diagnostics; }

 private:
  void add_identity(report::Result& result) const {
    result.hardware.id = profile_.id;
    result.hardware.name = profile_.name;
    result.hardware.digest = profile_.digest;
    add_calibration(result.hardware);
    result.runtime = plan_.runtime;
    result.precision = plan_.precision;
    result.threads = request_.estimate.threads;
    result.roof = request_.estimate.roof == hardware::Roof::kMeasured ? "measured" : "datasheet";
  }

  void add_calibration(report::HardwareInfo& info) const {
    const hardware::Calibration* calibration = estimate_.calibration;
    info.calibration_status = "uncalibrated";
    if (calibration == nullptr) return;
    const hardware::Evidence& evidence = calibration->evidence;
    info.calibration_status = !calibration->is_default                  ? "calibrated"
                              : hardware::covers(evidence, profile_.id) ? "default"
                                                                        : "unvalidated";
    info.calibration_runtime = calibration->runtime;
    info.calibration_version = calibration->version;
    info.calibration_date = calibration->date;
    info.calibration_error = hardware::expected_error(evidence);
  }

  void add_totals(report::Result& result) const {
    const estimate::PlanEstimate& e = estimate_;
    result.ridge_point = e.ridge_point;
    result.complete = e.complete;
    result.flops = e.flops;
    result.planned_bytes = e.planned_bytes;
    result.dram_bytes = e.dram_bytes;
    result.intensity = intensity(e.flops, e.planned_bytes);
    result.dram_intensity = intensity(e.flops, e.dram_bytes);
    result.levels = levels(e.levels, 1);
    result.roofline_latency_s = e.roofline_s;
    result.predicted_latency_s = e.predicted_s;
    result.compute_s = e.compute_s;
    result.memory_s = e.memory_s;
    result.overhead_s = e.overhead_s;
    result.run_overhead_s = e.run_overhead_s;
    result.copy_s = e.copy_s;
    result.untimed_share = e.untimed_share;
    result.bound = estimate::bound_name(e.bound);
    result.bottleneck = estimate::bottleneck_name(e.bottleneck);
    if (e.complete && e.predicted_s > 0) result.throughput_per_s = 1 / e.predicted_s;
    result.peak_memory_bytes = e.peak_memory_bytes;
    if (const auto& capacity = profile_.dram().capacity_bytes) {
      result.memory_capacity_bytes = Count(static_cast<std::int64_t>(capacity->value));
    }
    result.fits_in_memory = e.fits_in_memory;
    result.time_by_bottleneck_s = {{"compute", e.time_split.compute_s},
                                   {"memory", e.time_split.memory_s},
                                   {"overhead", e.time_split.overhead_s}};
  }

  [[nodiscard]] std::vector<report::LevelRow> levels(
      const std::vector<estimate::LevelTraffic>& traffic, Count runs) const {
    std::vector<report::LevelRow> rows;
    rows.reserve(traffic.size());
    for (std::size_t i = 0; i < traffic.size(); ++i) {
      rows.push_back(
          {.name = profile_.memory[i].name,
           .bytes = runs * traffic[i].bytes,
           .seconds = runs.as_double() * traffic[i].seconds,
           .bytes_per_s = hardware::bandwidth(profile_.memory[i], request_.estimate.roof)});
    }
    return rows;
  }

  /// "conv1 + BatchNorm + Relu": the first node's name, then what is fused behind it.
  [[nodiscard]] std::string layer_name(const plan::Step& step) const {
    std::string name = report_.nodes[static_cast<std::size_t>(step.nodes.front())].name;
    for (std::size_t i = 1; i < step.nodes.size(); ++i) {
      const auto n = static_cast<std::size_t>(step.nodes[i]);
      const ops::OpSpec* spec = graph_.costs[n].spec;
      const bool scale = spec && spec->fusion == ops::Fusion::kScaleShift;
      name += " + ";
      name += scale ? "BatchNorm" : graph_.graph().nodes[n].op_type;
    }
    return name;
  }

  /// Id, name and class of its first node; of a step that the runtime inserted, what it does.
  void add_name(std::size_t s, report::LayerRow& row) const {
    const plan::Step& step = plan_.steps[s];
    row.cls = ops::class_name(step.cls);
    if (!step.nodes.empty()) {
      const auto& first = report_.nodes[static_cast<std::size_t>(step.nodes.front())];
      row.id = first.id;
      row.name = layer_name(step);
      if (!graph_.costs[static_cast<std::size_t>(step.nodes.front())].spec) row.cls = first.cls;
      return;
    }
    const bool reorder = step.kind == plan::StepKind::kReorder;
    row.id = fmt::format("{}:{}", reorder ? "reorder" : "inserted", s);
    row.name = reorder ? "reorder" : std::string(step.kernel.op);
    if (step.accesses.empty()) return;
    const auto b = static_cast<std::size_t>(step.accesses.front().buffer);
    const auto t = static_cast<std::size_t>(plan_.buffers[b].tensor);
    row.name += " of " + graph_.graph().tensors[t].name;
  }

  [[nodiscard]] report::LayerRow layer(std::size_t s) const {
    const plan::Step& step = plan_.steps[s];
    const estimate::StepEstimate& e = estimate_.steps[s];
    report::LayerRow row;
    add_name(s, row);
    row.kind = plan::step_kind_name(step.kind);
    row.op = step.kernel.op;
    row.kernel_kind = step.kernel.kind;
    row.blocked = step.kernel.layout == plan::Layout::kBlocked;
    row.results = step.results;
    row.nodes.assign(step.nodes.begin(), step.nodes.end());
    row.repeat = step.repeat;
    if (step.unit >= 0) {
      const hardware::Profile& device = plan::device_of(plan_, step, profile_);
      const hardware::ComputeUnit& unit = device.units[static_cast<std::size_t>(step.unit)];
      row.unit = step.device == 0 ? unit.name : device.id + '/' + unit.name;
      row.dtype = hardware::precision_name(*step.precision);
      row.peak_flops_per_s =
          estimate::peak_rate(device, step.unit, *step.precision, request_.estimate);
    }
    const Count runs = step.repeat.value_or(1);
    if (step.complete) {
      row.macs = runs * step.work.macs;
      row.flops = runs * e.flops;
    }
    row.planned_bytes = runs * e.planned_bytes;
    row.dram_bytes = runs * e.dram_bytes;
    row.levels = levels(e.levels, runs);
    if (step.complete) {
      row.intensity = intensity(e.flops, e.planned_bytes);
      row.dram_intensity = intensity(e.flops, e.dram_bytes);
    }
    row.attainable_flops_per_s = e.attainable_flops_per_s;
    add_times(e, runs.as_double(), row);
    row.complete = e.complete;
    row.reasons = step.reasons;
    row.executed_flops = runs.as_double() * e.executed_flops;
    if (request_.explain) {
      add_operands(step, row);
      // Parameters of other devices are in no calibration that the report names.
      if (e.time && step.device == 0)
        row.derivation = std::make_shared<report::DerivationRow>(derivation(step, *e.time));
    }
    return row;
  }

  [[nodiscard]] report::DerivationRow derivation(const plan::Step& step,
                                                 const estimate::StepTime& time) const {
    report::DerivationRow row = {.work = step.kernel.work,
                                 .extents = step.kernel.extents,
                                 .calls = step.kernel.calls,
                                 .fused = fmt::format("{}", fmt::join(step.kernel.fused, ", ")),
                                 .time = time,
                                 .timing = std::nullopt,
                                 .exponent = estimate_.calibration->terms.exponent};
    if (time.timing != nullptr) row.timing = *time.timing;
    row.time.timing = nullptr;
    return row;
  }

  void add_times(const estimate::StepEstimate& e, double runs, report::LayerRow& row) const {
    row.compute_s = runs * e.compute_s;
    row.memory_s = runs * e.memory_s;
    row.overhead_s = runs * e.overhead_s;
    row.roofline_latency_s = runs * e.roofline_s;
    row.predicted_latency_s = runs * e.predicted_s;
    row.bound = estimate::bound_name(e.bound);
    row.bottleneck = estimate::bottleneck_name(e.bottleneck);
    row.share = estimate_.predicted_s > 0 ? row.predicted_latency_s / estimate_.predicted_s : 0;
  }

  void add_operands(const plan::Step& step, report::LayerRow& row) const {
    for (const plan::BufferAccess& access : step.accesses) {
      const plan::Buffer& buffer = plan_.buffers[static_cast<std::size_t>(access.buffer)];
      const auto t = static_cast<std::size_t>(buffer.tensor);
      row.operands.push_back({.name = graph_.graph().tensors[t].name,
                              .role = access.is_write    ? "output"
                                      : buffer.is_weight ? "weight"
                                                         : "activation",
                              .dtype = std::string(ir::name(buffer.dtype)),
                              .shape = graph_.types[t].shape,
                              .elements = std::nullopt,
                              .bytes = access.bytes});
    }
  }

  const infer::TypedGraph& graph_;
  const hardware::Profile& profile_;
  const Request& request_;
  const report::Report& report_;
  plan::Plan plan_;
  estimate::PlanEstimate estimate_;
};

}  // namespace

void add_result(const infer::TypedGraph& graph, const hardware::Profile& profile,
                const Request& request, report::Report& out) {
  ResultBuilder builder(graph, profile, request, out);
  out.results.push_back(builder.build());
  out.diagnostics.insert(out.diagnostics.end(), builder.diagnostics().begin(),
                         builder.diagnostics().end());
}

}  // namespace roofline
