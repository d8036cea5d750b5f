// Owns the hierarchical roofline: seconds, bound and bottleneck of each step, and their sums.
// Refuses to look at anything but the plan and the profile.
#include "roofline/estimate/estimate.hpp"

#include <algorithm>

namespace roofline::estimate {
namespace {

using hardware::Profile;

class StepEstimator {
 public:
  StepEstimator(const Profile& profile, const EstimateOptions& options)
      : profile_(profile), options_(options) {
    for (const hardware::MemoryLevel& level : profile.memory) {
      bandwidths_.push_back(hardware::bandwidth(level, options.roof));
    }
  }

  [[nodiscard]] StepEstimate estimate(const plan::Step& step) const {
    StepEstimate e;
    e.complete = step.complete;
    e.levels.resize(profile_.memory.size());
    if (step.kind == plan::StepKind::kHost) return e;
    e.flops = step.work.flops();
    for (const plan::BufferAccess& access : step.accesses) e.planned_bytes += access.bytes;
    // Without a cache model every planned byte passes through every level.
    e.dram_bytes = e.planned_bytes;
    add_levels(e);
    add_compute(step, e);
    e.overhead_s = profile_.launch_overhead_s.value;
    e.roofline_s = std::max(e.compute_s, e.memory_s);
    e.predicted_s = e.roofline_s + e.overhead_s;
    classify(e);
    return e;
  }

 private:
  void add_levels(StepEstimate& e) const {
    for (std::size_t i = 0; i < e.levels.size(); ++i) {
      e.levels[i].bytes = e.planned_bytes;
      if (!bandwidths_[i]) continue;
      e.levels[i].seconds = e.planned_bytes.as_double() / *bandwidths_[i];
      e.memory_s = std::max(e.memory_s, e.levels[i].seconds);
    }
  }

  void add_compute(const plan::Step& step, StepEstimate& e) const {
    if (step.unit < 0 || !step.precision) {
      e.complete = e.complete && e.flops == 0;
      return;
    }
    const double peak = peak_rate(profile_, step.unit, *step.precision, options_);
    e.compute_s = e.flops.as_double() / peak;
    e.attainable_flops_per_s = peak;
    if (e.planned_bytes == 0 || !bandwidths_.back()) return;
    const double intensity = e.flops.as_double() / e.planned_bytes.as_double();
    e.attainable_flops_per_s = std::min(peak, intensity * *bandwidths_.back());
  }

  static void classify(StepEstimate& e) {
    if (!e.complete) {
      e.bound = Bound::kUnknown;
      e.bottleneck = Bottleneck::kUnknown;
      return;
    }
    if (e.roofline_s > 0) e.bound = e.compute_s >= e.memory_s ? Bound::kCompute : Bound::kMemory;
    if (e.overhead_s > e.roofline_s)
      e.bottleneck = Bottleneck::kOverhead;
    else if (e.bound == Bound::kCompute)
      e.bottleneck = Bottleneck::kCompute;
    else if (e.bound == Bound::kMemory)
      e.bottleneck = Bottleneck::kMemory;
  }

  const Profile& profile_;
  const EstimateOptions& options_;
  std::vector<std::optional<double>> bandwidths_ = {};
};

/// Runs that a step counts for: once where nothing tells.
Count runs(const plan::Step& step) { return step.repeat.value_or(1); }

void add_step(const plan::Step& planned, const StepEstimate& step, PlanEstimate& total) {
  const Count repeat = runs(planned);
  if (repeat == 0) return;
  const double times = repeat.as_double();
  total.complete = total.complete && step.complete && planned.repeat;
  total.flops += repeat * step.flops;
  total.planned_bytes += repeat * step.planned_bytes;
  total.dram_bytes += repeat * step.dram_bytes;
  for (std::size_t i = 0; i < step.levels.size(); ++i) {
    total.levels[i].bytes += repeat * step.levels[i].bytes;
    total.levels[i].seconds += times * step.levels[i].seconds;
  }
  total.compute_s += times * step.compute_s;
  total.memory_s += times * step.memory_s;
  total.overhead_s += times * step.overhead_s;
  total.roofline_s += times * step.roofline_s;
  total.predicted_s += times * step.predicted_s;
}

/// Seconds of predicted time by what they are spent on: each step's roofline term and its overhead.
TimeSplit split_time(const plan::Plan& plan, const PlanEstimate& total) {
  TimeSplit split;
  split.overhead_s = total.overhead_s;
  for (std::size_t i = 0; i < total.steps.size(); ++i) {
    const StepEstimate& step = total.steps[i];
    (step.compute_s >= step.memory_s ? split.compute_s : split.memory_s) +=
        runs(plan.steps[i]).as_double() * step.roofline_s;
  }
  return split;
}

Bottleneck largest(const TimeSplit& split) {
  const double most = std::max({split.compute_s, split.memory_s, split.overhead_s});
  if (most <= 0) return Bottleneck::kNone;
  if (most == split.overhead_s) return Bottleneck::kOverhead;
  return most == split.compute_s ? Bottleneck::kCompute : Bottleneck::kMemory;
}

/// The peak of the unit and precision that do most of the FLOPs; 0 when none does any.
double dominant_peak(const plan::Plan& plan, const PlanEstimate& total, const Profile& profile,
                     const EstimateOptions& options) {
  std::map<std::pair<int, hardware::Precision>, double> flops;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const plan::Step& step = plan.steps[i];
    if (step.unit < 0 || !step.precision) continue;
    flops[{step.unit, *step.precision}] +=
        runs(step).as_double() * total.steps[i].flops.as_double();
  }
  const auto most = std::max_element(
      flops.begin(), flops.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == flops.end() ? 0
                             : peak_rate(profile, most->first.first, most->first.second, options);
}

void place_under_roof(const plan::Plan& plan, const Profile& profile,
                      const EstimateOptions& options, PlanEstimate& total) {
  const double peak = dominant_peak(plan, total, profile, options);
  const auto dram = hardware::bandwidth(profile.dram(), options.roof);
  if (peak > 0 && dram) total.ridge_point = peak / *dram;
  if (!total.complete) {
    total.bound = Bound::kUnknown;
  } else if (total.ridge_point && total.planned_bytes > 0) {
    const double intensity = total.flops.as_double() / total.planned_bytes.as_double();
    total.bound = intensity >= *total.ridge_point ? Bound::kCompute : Bound::kMemory;
  }
}

}  // namespace

std::string_view bound_name(Bound bound) {
  switch (bound) {
    case Bound::kCompute:
      return "compute";
    case Bound::kMemory:
      return "memory";
    case Bound::kNone:
      return "none";
    case Bound::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view bottleneck_name(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::kCompute:
      return "compute";
    case Bottleneck::kMemory:
      return "memory";
    case Bottleneck::kOverhead:
      return "overhead";
    case Bottleneck::kNone:
      return "none";
    case Bottleneck::kUnknown:
      return "unknown";
  }
  return "unknown";
}

double peak_rate(const Profile& profile, int unit, hardware::Precision precision,
                 const EstimateOptions& options) {
  const hardware::PeakRate& peak =
      profile.units[static_cast<std::size_t>(unit)].peaks.at(precision);
  double rate = peak.flops_per_s.value;
  if (options.roof == hardware::Roof::kMeasured && peak.measured) rate = peak.measured->value;
  // Threads are cores of a CPU; a GPU's peak is always of all its SMs.
  if (profile.kind == "cpu" && options.threads > 0 && profile.cores) {
    rate *= std::min(1.0, options.threads / profile.cores->value);
  }
  return rate;
}

PlanEstimate estimate(const plan::Plan& plan, const Profile& profile,
                      const EstimateOptions& options) {
  PlanEstimate total;
  total.levels.resize(profile.memory.size());
  total.steps.reserve(plan.steps.size());
  const StepEstimator estimator(profile, options);
  for (const plan::Step& step : plan.steps) {
    total.steps.push_back(estimator.estimate(step));
    add_step(step, total.steps.back(), total);
  }
  total.overhead_s += profile.run_overhead_s.value;
  total.predicted_s += profile.run_overhead_s.value;
  total.time_split = split_time(plan, total);
  total.bottleneck = total.complete ? largest(total.time_split) : Bottleneck::kUnknown;
  place_under_roof(plan, profile, options, total);
  total.peak_memory_bytes = weight_bytes(plan);
  Count peak_activation = 0;
  for (const Count live : live_bytes(plan)) peak_activation = std::max(peak_activation, live);
  total.peak_memory_bytes += peak_activation;
  if (profile.dram().capacity_bytes) {
    total.fits_in_memory =
        total.peak_memory_bytes.as_double() <= profile.dram().capacity_bytes->value;
  }
  return total;
}

}  // namespace roofline::estimate
