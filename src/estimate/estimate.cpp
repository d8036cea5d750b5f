// Owns the hierarchical roofline: seconds, bound and bottleneck of each step, and their sums.
// Refuses to look at anything but the plan and the profile.
#include "roofline/estimate/estimate.hpp"

#include <algorithm>
#include <cmath>

#include "roofline/estimate/latency.hpp"
#include "roofline/estimate/traffic.hpp"

namespace roofline::estimate {
namespace {

using hardware::Profile;

/// Which of the two terms of the predicted time is the larger one.
bool computes_longest(const StepEstimate& e) {
  if (!e.time) return e.compute_s >= e.memory_s;
  return e.time->compute_s >= e.time->cached_s + e.time->dram_s;
}

class StepEstimator {
 public:
  StepEstimator(const plan::Plan& plan, const Profile& profile, const EstimateOptions& options,
                const hardware::Calibration* calibration, const ReuseDistances& distances)
      : plan_(plan), profile_(profile), options_(options), distances_(distances) {
    for (const hardware::MemoryLevel& level : profile.memory) {
      bandwidths_.push_back(hardware::bandwidth(level, options.roof));
    }
    if (calibration != nullptr) {
      terms_ = calibration->terms;
      model_.emplace(profile, *calibration, options);
    }
  }

  /// Host time of one run of the model.
  [[nodiscard]] double run_s() const {
    return model_ ? model_->run_s() : profile_.run_overhead_s.value;
  }

  [[nodiscard]] StepEstimate estimate(std::size_t index) const {
    const plan::Step& step = plan_.steps[index];
    StepEstimate e;
    e.complete = step.complete;
    e.levels.resize(profile_.memory.size());
    if (step.way) {
      transfer(step, e);
      return e;
    }
    if (step.kind != plan::StepKind::kHost) {
      e.flops = step.work.flops();
      e.executed_flops = plan::executed_flops(step);
      for (const plan::BufferAccess& access : step.accesses) e.planned_bytes += access.bytes;
      add_levels(step, distances_.of_step(index), e);
      add_compute(step, e);
      e.roofline_s = std::max(e.compute_s, e.memory_s);
    }
    predict(step, distances_.of_step(index), e);
    classify(e);
    return e;
  }

 private:
  /// Main memory sees both ends, the way between them each byte once.
  static void transfer(const plan::Step& step, StepEstimate& e) {
    for (const plan::BufferAccess& access : step.accesses) e.planned_bytes += access.bytes;
    e.dram_bytes = e.planned_bytes;
    e.memory_s = step.accesses.front().bytes.as_double() / step.way->bytes_per_s;
    e.levels.back() = {e.dram_bytes, e.memory_s};
    e.roofline_s = e.memory_s;
    e.overhead_s = step.way->latency_s;
    e.predicted_s = e.roofline_s + e.overhead_s;
    classify(e);
  }

  /// Bytes that each level hands on: what the levels nearer to the units do not hold any more.
  void add_levels(const plan::Step& step, std::span<const double> distances,
                  StepEstimate& e) const {
    for (std::size_t level = 0; level < e.levels.size(); ++level) {
      double bytes = 0;
      for (std::size_t i = 0; i < distances.size(); ++i) {
        bytes += step.accesses[i].bytes.as_double() * misses_above(level, step, i, distances[i]);
      }
      e.levels[level].bytes = std::min(Count(std::llround(bytes)), e.planned_bytes);
      if (!bandwidths_[level]) continue;
      e.levels[level].seconds = e.levels[level].bytes.as_double() / *bandwidths_[level];
      e.memory_s = std::max(e.memory_s, e.levels[level].seconds);
    }
    e.dram_bytes = e.levels.back().bytes;
  }

  /// Share of an access that the level in front of `level` does not hold.
  [[nodiscard]] double misses_above(std::size_t level, const plan::Step& step, std::size_t access,
                                    double distance) const {
    if (level == 0 || !profile_.memory[level - 1].capacity_bytes) return 1;
    const auto buffer = static_cast<std::size_t>(step.accesses[access].buffer);
    const double share =
        plan_.buffers[buffer].is_weight ? terms_.weight_residency : terms_.activation_residency;
    return hardware::miss_rate(share * profile_.memory[level - 1].capacity_bytes->value, distance,
                               terms_.residency_sharpness);
  }

  void add_compute(const plan::Step& step, StepEstimate& e) const {
    if (step.unit < 0 || !step.precision) {
      e.complete = e.complete && e.flops == 0;
      return;
    }
    const double peak = peak_rate(profile_, step.unit, *step.precision, options_);
    e.compute_s = e.executed_flops / peak;
    e.attainable_flops_per_s = peak;
    if (e.planned_bytes == 0 || !bandwidths_.back()) return;
    const double intensity = e.flops.as_double() / e.planned_bytes.as_double();
    e.attainable_flops_per_s = std::min(peak, intensity * *bandwidths_.back());
  }

  void predict(const plan::Step& step, std::span<const double> distances, StepEstimate& e) const {
    if (model_) {
      e.time = model_->time(step, plan_, distances);
      e.overhead_s = e.time->overhead_s;
      e.predicted_s = std::max(e.time->total_s, e.roofline_s + e.overhead_s);
    } else {
      if (step.kind != plan::StepKind::kHost) e.overhead_s = profile_.launch_overhead_s.value;
      e.overhead_s =
          step.starts * std::min(e.overhead_s, step.launch_limit_s.value_or(e.overhead_s));
      e.predicted_s = e.roofline_s + e.overhead_s;
    }
  }

  static void classify(StepEstimate& e) {
    if (!e.complete) {
      e.bound = Bound::kUnknown;
      e.bottleneck = Bottleneck::kUnknown;
      return;
    }
    if (e.roofline_s > 0) e.bound = e.compute_s >= e.memory_s ? Bound::kCompute : Bound::kMemory;
    if (e.predicted_s <= 0) return;
    if (e.overhead_s > e.predicted_s - e.overhead_s)
      e.bottleneck = Bottleneck::kOverhead;
    else
      e.bottleneck = computes_longest(e) ? Bottleneck::kCompute : Bottleneck::kMemory;
  }

  const plan::Plan& plan_;
  const Profile& profile_;
  const EstimateOptions& options_;
  const ReuseDistances& distances_;
  hardware::Terms terms_ = {};
  std::optional<LatencyModel> model_ = {};
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

/// Seconds of predicted time by what they are spent on: each step's longest term and its overhead.
TimeSplit split_time(const plan::Plan& plan, const PlanEstimate& total) {
  TimeSplit split;
  split.overhead_s = total.overhead_s;
  for (std::size_t i = 0; i < total.steps.size(); ++i) {
    const StepEstimate& step = total.steps[i];
    (computes_longest(step) ? split.compute_s : split.memory_s) +=
        runs(plan.steps[i]).as_double() * (step.predicted_s - step.overhead_s);
  }
  return split;
}

Bottleneck largest(const TimeSplit& split) {
  const double most = std::max({split.compute_s, split.memory_s, split.overhead_s});
  if (most <= 0) return Bottleneck::kNone;
  if (most == split.overhead_s) return Bottleneck::kOverhead;
  return most == split.compute_s ? Bottleneck::kCompute : Bottleneck::kMemory;
}

/// A unit and the machine that has it.
struct Engine {
  const Profile* device = nullptr;
  int unit = 0;
  hardware::Precision precision = {};

  auto operator<=>(const Engine&) const = default;
};

/// What does most of the FLOPs; nullopt when nothing does any.
std::optional<Engine> dominant_engine(const plan::Plan& plan, const PlanEstimate& total,
                                      const Profile& profile) {
  std::map<Engine, double> flops;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const plan::Step& step = plan.steps[i];
    if (step.unit < 0 || !step.precision) continue;
    flops[{&plan::device_of(plan, step, profile), step.unit, *step.precision}] +=
        runs(step).as_double() * total.steps[i].flops.as_double();
  }
  const auto most = std::max_element(
      flops.begin(), flops.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == flops.end() ? std::nullopt : std::optional(most->first);
}

void place_under_roof(const plan::Plan& plan, const Profile& profile,
                      const EstimateOptions& options, PlanEstimate& total) {
  const std::optional<Engine> engine = dominant_engine(plan, total, profile);
  if (engine) {
    const double peak = peak_rate(*engine->device, engine->unit, engine->precision, options);
    const auto dram = hardware::bandwidth(engine->device->dram(), options.roof);
    if (peak > 0 && dram) total.ridge_point = peak / *dram;
  }
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

/// Seconds in which the model's inputs and outputs cross the host link, one after the other.
double copy_s(const plan::Plan& plan, const Profile& profile) {
  if (!profile.link_bytes_per_s) return 0;
  double bytes = 0;
  for (const plan::Buffer& buffer : plan.buffers) {
    const int crossings = int{buffer.is_input} + int{buffer.is_output};
    bytes += crossings * buffer.bytes.value_or(0).as_double();
  }
  return bytes / profile.link_bytes_per_s->value;
}

/// Caches of another device are not levels of `profile`: its main memory stands for that one's.
void move_levels(const Profile& profile, StepEstimate& step) {
  std::vector<LevelTraffic> levels(profile.memory.size());
  levels.back() = step.levels.back();
  step.levels = std::move(levels);
}

PlanEstimate estimate(const plan::Plan& plan, const Profile& profile,
                      const EstimateOptions& options) {
  PlanEstimate total;
  total.levels.resize(profile.memory.size());
  total.steps.reserve(plan.steps.size());
  total.calibration = hardware::find_calibration(profile, plan.runtime, options.threads);
  const ReuseDistances distances(plan);
  std::vector<StepEstimator> estimators;
  estimators.reserve(1 + plan.devices.size());
  estimators.emplace_back(plan, profile, options, total.calibration, distances);
  for (const auto& device : plan.devices) {
    estimators.emplace_back(plan, *device, options,
                            hardware::find_calibration(*device, plan.runtime, options.threads),
                            distances);
  }
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const int device = plan.steps[s].device;
    total.steps.push_back(estimators[static_cast<std::size_t>(device)].estimate(s));
    if (device != 0) move_levels(profile, total.steps.back());
    add_step(plan.steps[s], total.steps.back(), total);
    const auto& time = total.steps.back().time;
    if (time && time->timing == nullptr) {
      total.untimed_share += runs(plan.steps[s]).as_double() * total.steps.back().predicted_s;
    }
  }
  if (options.copies) total.copy_s = copy_s(plan, profile);
  total.run_overhead_s = estimators.front().run_s() + total.copy_s;
  total.overhead_s += total.run_overhead_s;
  total.predicted_s += total.run_overhead_s;
  if (total.predicted_s > 0) total.untimed_share /= total.predicted_s;
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
