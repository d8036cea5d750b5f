#pragma once
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "roofline/estimate/estimate.hpp"
#include "support/model_builder.hpp"

namespace roofline::test {

/// A GPU: fp32 1, fp16 2 TFLOP/s on lanes; on a matrix unit fp16 8 (alignment 8), int8 16
/// (alignment 16); 100 GB/s, 10 us a launch.
inline hardware::Profile gpu(const std::string& architecture = "ampere") {
  using hardware::Precision;
  const auto peak = [](double rate, int alignment) {
    return hardware::PeakRate{.flops_per_s = {rate, "s"}, .measured = {}, .alignment = alignment};
  };
  hardware::Profile p;
  p.id = "toy";
  p.kind = "gpu";
  p.architecture = architecture;
  p.units.resize(2);
  p.units[0].name = "lanes";
  p.units[0].peaks = {{Precision::kFp32, peak(1e12, 1)}, {Precision::kFp16, peak(2e12, 1)}};
  p.units[1].name = "tensor";
  p.units[1].kind = hardware::UnitKind::kMatrix;
  p.units[1].peaks = {{Precision::kFp16, peak(8e12, 8)}, {Precision::kInt8, peak(16e12, 16)}};
  p.memory.push_back({.name = "dram",
                      .capacity_bytes = hardware::Fact{1e9, "s"},
                      .bytes_per_s = hardware::Fact{1e11, "s"},
                      .measured_bytes_per_s = {},
                      .core_bytes_per_s = {}});
  p.launch_overhead_s = {10e-6, "s"};
  p.run_overhead_s = {50e-6, "s"};
  return p;
}

/// A CPU of fp32 alone, 100 GFLOP/s and 10 GB/s.
inline hardware::Profile cpu() {
  hardware::Profile p = gpu({});
  p.kind = "cpu";
  p.units.resize(1);
  p.units[0].peaks = {
      {hardware::Precision::kFp32, {.flops_per_s = {1e11, "s"}, .measured = {}, .alignment = 1}}};
  p.memory[0].bytes_per_s = hardware::Fact{1e10, "s"};
  return p;
}

/// A plan under scenarios, and its estimate.
struct ChangedPlan {
  ChangedPlan(const ModelBuilder& builder, const std::vector<std::string>& scenarios,
              hardware::Profile machine = gpu(), const std::string& runtime = "basic")
      : profile(std::move(machine)) {
    static std::deque<ir::Model> models;  // a plan's names are the model's
    models.push_back(builder.model());
    plan::PlanOptions options{.runtime = runtime};
    for (const std::string& text : scenarios) options.scenarios.push_back(Scenario::parse(text));
    plan = plan::make_plan(infer::infer(models.back(), {}), &profile, options);
    estimate = estimate::estimate(plan, profile, {});
  }

  [[nodiscard]] const plan::Step& step(std::size_t i) const { return plan.steps.at(i); }
  [[nodiscard]] std::vector<std::string> kinds() const {
    std::vector<std::string> list;
    for (const plan::Step& s : plan.steps) {
      const std::string kind(plan::step_kind_name(s.kind));
      list.push_back(s.nodes.empty() ? kind + " " + std::string(s.kernel.op) : kind);
    }
    return list;
  }
  /// "r4096": bytes that a step reads and writes, in order.
  [[nodiscard]] std::vector<std::string> touched(std::size_t i) const {
    std::vector<std::string> list;
    for (const plan::BufferAccess& access : step(i).accesses) {
      list.push_back((access.is_write ? "w" : "r") + std::to_string(access.bytes.value()));
    }
    return list;
  }
  /// "node: what".
  [[nodiscard]] static std::vector<std::string> texts(const std::vector<Finding>& findings) {
    std::vector<std::string> list;
    for (const Finding& finding : findings) list.push_back(finding.node + ": " + finding.what);
    return list;
  }
  [[nodiscard]] std::vector<std::string> changed() const {
    return texts(plan.outcomes.back().changed);
  }
  [[nodiscard]] std::vector<std::string> refused() const {
    return texts(plan.outcomes.back().refused);
  }
  [[nodiscard]] Count macs() const {
    Count sum = 0;
    for (const plan::Step& s : plan.steps) sum += s.work.macs;
    return sum;
  }

  hardware::Profile profile;
  plan::Plan plan;
  estimate::PlanEstimate estimate;
};

inline ir::Attribute ints(const char* name, std::vector<std::int64_t> values) {
  return {.name = name, .value = std::move(values)};
}

}  // namespace roofline::test
