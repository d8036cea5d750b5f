// Owns the calibrated latency of a step: overhead, compute, on-chip and main-memory time.
// Refuses to fit: parameters come from the calibration. docs/model.md derives the form.
#include "roofline/estimate/latency.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace roofline::estimate {
namespace {

using hardware::Calibration;
using hardware::KernelTiming;
using hardware::Profile;
using hardware::Terms;

double vector_peak(const Profile& profile) {
  for (const hardware::ComputeUnit& unit : profile.units) {
    if (unit.kind != hardware::UnitKind::kVector) continue;
    const auto peak = unit.peaks.find(hardware::Precision::kFp32);
    if (peak != unit.peaks.end()) return peak->second.flops_per_s.value;
    return unit.peaks.begin()->second.flops_per_s.value;
  }
  return 0;
}

/// p-norm of terms: their sum for p = 1, their maximum for large p.
double smooth_max(std::array<double, 3> terms, double p) {
  const double most = *std::max_element(terms.begin(), terms.end());
  if (most <= 0) return 0;
  double sum = 0;
  for (const double term : terms) sum += std::pow(term / most, p);
  return most * std::pow(sum, 1 / p);
}

/// 4-norm of 1 and x: the larger of both, with a round corner.
double at_least_one(double x) { return std::sqrt(std::sqrt(1 + x * x * x * x)); }

/// Threads that `grains` of work are enough for: as many, but one at least and `cores` at most. The
/// corners are round, so that a fit sees which way to go.
double threads(double grains, double cores) {
  const double more = at_least_one(grains) - 1;
  return 1 + more / at_least_one(more / (cores - 1));
}

/// Bandwidth over working set from the levels alone, for machines without a measured curve.
std::vector<hardware::BandwidthPoint> level_curve(const Profile& profile) {
  std::vector<hardware::BandwidthPoint> curve;
  for (const hardware::MemoryLevel& level : profile.memory) {
    if (&level == &profile.memory.back()) break;
    const auto rate = hardware::bandwidth(level, hardware::Roof::kMeasured);
    if (!rate || !level.capacity_bytes) continue;
    curve.push_back({level.capacity_bytes->value / 2, *rate, *rate});
  }
  return curve;
}

constexpr std::array<std::array<double, 2>, 9> kTiles = {{{256, 128},
                                                          {128, 256},
                                                          {128, 128},
                                                          {128, 64},
                                                          {64, 128},
                                                          {64, 64},
                                                          {64, 32},
                                                          {32, 64},
                                                          {32, 32}}};
constexpr std::array<double, 5> kSplits = {1, 2, 4, 8, 16};
constexpr double kLeastSplitDepth = 128;  ///< elements of k that a split keeps at least
/// FLOPs of fp32 that a multiprocessor does in the time of a conversion from 16 bits: 2 x 128 over
/// 32 results per clock. CUDA C++ Programming Guide, Throughput of Native Arithmetic Instructions,
/// compute capability 6.1.
constexpr double kConversion = 8;
/// Rate of a last cache that a profile tells nothing of, over that of main memory: no card that was
/// measured has less (H100 2.1, RTX 3090 2.4, V100 2.6, A100 3.2, L40S 6.3).
constexpr double kLeastCache = 2;
constexpr double kBlocksPerCore = 2;  ///< of threads, in fused attention
constexpr double kBlockRows = 256;    ///< of a head that such a block has at most
/// FLOPs of fp32 that a multiprocessor does in a clock while special functions, conversions and
/// integers keep pace: 64 lanes. The other 64 of compute capability 8.6, 8.9 and 9.0 do fp32 alone,
/// and exponentials stay at 16 a clock; before 7.0 they had 32: CUDA C++ Programming Guide, as
/// above.
constexpr double kMixedFlops = 128;
constexpr std::array<std::string_view, 2> kAllMixed = {"maxwell", "pascal"};

}  // namespace

std::string timing_key(const Calibration& calibration, const plan::Kernel& kernel) {
  std::string kind(kernel.kind);
  while (true) {
    std::string own = kind + ":" + std::string(kernel.op);
    if (calibration.kernels.contains(own)) return own;
    if (calibration.kernels.contains(kind)) return kind;
    const std::size_t dot = kind.rfind('.');
    if (dot == std::string::npos) return {};
    kind.resize(dot);
  }
}

LatencyModel::LatencyModel(const Profile& profile, const Calibration& calibration,
                           const EstimateOptions& options)
    : profile_(profile), calibration_(calibration) {
  const Terms& terms = calibration.terms;
  const double all = profile.cores ? profile.cores->value : 1;
  const bool is_cpu = profile.kind == "cpu";
  cores_ = is_cpu && options.threads > 0 ? std::min<double>(options.threads, all) : all;
  if (is_cpu && cores_ > 1) speedup_ = cores_ * terms.thread_efficiency;
  share_ = is_cpu ? speedup_ / all : 1;
  vector_peak_ = vector_peak(profile) * share_;
  mixed_peak_ = vector_peak_;
  const bool is_mixed =
      std::find(kAllMixed.begin(), kAllMixed.end(), profile.architecture) != kAllMixed.end();
  if (!is_cpu && !is_mixed && profile.clock_hz) {
    mixed_peak_ = std::min(mixed_peak_, kMixedFlops * all * profile.clock_hz->value);
  }
  curve_ = profile.bandwidth_curve.empty() ? level_curve(profile) : profile.bandwidth_curve;
  const double copies = profile.bandwidth_curve.empty() ? share_ : speedup_;
  for (hardware::BandwidthPoint& point : curve_) {
    point.read_bytes_per_s *= copies;
    point.write_bytes_per_s *= copies;
  }
  const hardware::MemoryLevel& dram = profile.dram();
  dram_bytes_per_s_ = *hardware::bandwidth(dram, hardware::Roof::kDatasheet);
  if (is_cpu && dram.core_bytes_per_s) {
    const double one = dram.core_bytes_per_s->value;
    const double most = terms.thread_bandwidth * dram_bytes_per_s_ / one;
    if (cores_ > 1) dram_speedup_ = std::clamp(most, 1.0, cores_);
    dram_bytes_per_s_ = one * dram_speedup_;
  }
  dram_bytes_per_s_ *= terms.dram_bandwidth;
  last_cache_bytes_per_s_ =
      curve_.empty() ? kLeastCache * dram_bytes_per_s_ : curve_.back().read_bytes_per_s;
  if (profile.memory.size() > 1) {
    const auto& capacity = profile.memory[profile.memory.size() - 2].capacity_bytes;
    if (capacity) last_cache_bytes_ = capacity->value;
  }
  for (int p = 0; p < hardware::kPrecisions; ++p) {
    const auto name = hardware::precision_name(static_cast<hardware::Precision>(p));
    release_[static_cast<std::size_t>(p)] =
        hardware::release_factor(calibration, options.version, name);
  }
  release_.back() = hardware::release_factor(calibration, options.version);
  if (terms.clock_hz > 0 && profile.clock_hz)
    clock_scale_ = terms.clock_hz / profile.clock_hz->value;
}

const KernelTiming* LatencyModel::timing(const plan::Kernel& kernel) const {
  const auto [at, is_new] = known_.try_emplace({kernel.kind, kernel.op}, nullptr);
  if (is_new) {
    const auto found = calibration_.kernels.find(timing_key(calibration_, kernel));
    if (found != calibration_.kernels.end()) at->second = &found->second;
  }
  return at->second;
}

double LatencyModel::derate(const hardware::ComputeUnit& unit) const {
  double factor = 1;
  for (const hardware::Derate& rule : calibration_.derates) {
    if (rule.matrix_only && unit.kind != hardware::UnitKind::kMatrix) continue;
    const auto& names = rule.architectures;
    const bool applies = names.empty() || std::find(names.begin(), names.end(),
                                                    profile_.architecture) != names.end();
    if (applies) factor *= rule.factor;
  }
  return factor;
}

/// Power that a matrix unit draws at its peak, over what the power cap leaves beside main memory;
/// 0 where the calibration or the profile does not tell.
double LatencyModel::full_load(const hardware::ComputeUnit& unit) const {
  const auto fp16 = unit.peaks.find(hardware::Precision::kFp16);
  if (unit.kind != hardware::UnitKind::kMatrix || fp16 == unit.peaks.end()) return 0;
  if (!profile_.tdp_w || !profile_.clock_hz || !profile_.logic_energy_percent) return 0;
  const std::optional<hardware::Fact>& memory = profile_.dram().power_w;
  const double budget = profile_.tdp_w->value - (memory ? memory->value : 0);
  if (budget <= 0) return 0;
  const double flop_j = calibration_.terms.flop_pj * 1e-12 * profile_.logic_energy_percent->value /
                        100 * profile_.clock_hz->value / 1e9;
  return fp16->second.flops_per_s.value * flop_j / budget;
}

/// Slows a contraction down to the clock at which its unit keeps within the power cap. Power goes
/// with the clock and the square of the voltage; that rises about with the root of the clock here,
/// so that the clock falls with the root of the load. Narrow precisions draw as much at their peak
/// as 16 bits at theirs.
void LatencyModel::cap_power(const plan::Step& step, StepTime& t) const {
  if (!step.work.contraction || step.unit < 0 || !step.precision || t.compute_s <= 0) return;
  const hardware::ComputeUnit& unit = profile_.units[static_cast<std::size_t>(step.unit)];
  const double busy_s =
      step.kernel.work / (unit.peaks.at(*step.precision).flops_per_s.value * share_);
  t.power_load = full_load(unit) * busy_s / t.compute_s;
  t.compute_s *= std::pow(1 + t.power_load * t.power_load, 0.25);
}

/// Contractions run at the rate of their unit; what goes through elements, at the vector unit's.
double LatencyModel::peak(const plan::Step& step) const {
  if (!step.work.contraction || step.unit < 0 || !step.precision) return vector_peak_;
  const hardware::ComputeUnit& unit = profile_.units[static_cast<std::size_t>(step.unit)];
  const double all = unit.peaks.at(*step.precision).flops_per_s.value;
  return all * share_ * derate(unit);
}

LatencyModel::Bandwidths LatencyModel::cached_bandwidth(double distance) const {
  if (curve_.empty()) return {dram_bytes_per_s_, dram_bytes_per_s_};
  const auto above = std::lower_bound(
      curve_.begin(), curve_.end(), distance,
      [](const hardware::BandwidthPoint& point, double bytes) { return point.bytes < bytes; });
  if (above == curve_.begin()) return {above->read_bytes_per_s, above->write_bytes_per_s};
  const auto below = above - 1;
  if (above == curve_.end()) return {below->read_bytes_per_s, below->write_bytes_per_s};
  const double share = std::log(distance / below->bytes) / std::log(above->bytes / below->bytes);
  const auto mix = [share](double a, double b) { return a + share * (b - a); };
  return {mix(below->read_bytes_per_s, above->read_bytes_per_s),
          mix(below->write_bytes_per_s, above->write_bytes_per_s)};
}

void LatencyModel::add_traffic(const plan::Step& step, const plan::Plan& plan,
                               std::span<const double> distances, StepTime& t) const {
  const Terms& terms = calibration_.terms;
  // A measured curve goes on into main memory, whose rate falls as page tables outgrow caches. The
  // more of it still comes from the last cache, the more of it grows with the cores.
  const bool measured = !profile_.bandwidth_curve.empty();
  const auto add = [&](double bytes, double distance, double residency, bool is_write) {
    const double missed =
        hardware::miss_rate(residency * last_cache_bytes_, distance, terms.residency_sharpness);
    const Bandwidths rates = cached_bandwidth(distance);
    const double rate = is_write ? rates.write : rates.read;
    t.cached_s += (1 - missed) * bytes / (rate * terms.cache_bandwidth);
    double alone = dram_bytes_per_s_ / dram_speedup_;
    double gain = dram_speedup_;
    if (measured) {
      const auto& last = curve_.back();
      const double least = is_write ? last.write_bytes_per_s : last.read_bytes_per_s;
      alone = rate / speedup_ * terms.dram_bandwidth;
      gain = std::min(speedup_, gain * rate / least);
    }
    t.dram_s += missed * bytes / (alone * gain);
    t.dram_alone_s += missed * bytes / alone;
  };
  for (std::size_t i = 0; i < step.accesses.size(); ++i) {
    const plan::BufferAccess& access = step.accesses[i];
    const bool is_weight = plan.buffers[static_cast<std::size_t>(access.buffer)].is_weight;
    add(access.bytes.as_double(), distances[i],
        is_weight ? terms.weight_residency : terms.activation_residency, access.is_write);
  }
  const plan::Kernel& kernel = step.kernel;
  if (kernel.reread_bytes > 0) {
    add(kernel.reread_bytes, kernel.reread_span, terms.activation_residency, false);
  }
}

double LatencyModel::attention_s(const ops::Contraction& c, double rate) const {
  const auto batch = static_cast<double>(c.batch);
  const double scores = batch * static_cast<double>(c.m) * static_cast<double>(c.n);
  const double flops = 2 * scores * static_cast<double>(c.k);
  const double cores = profile_.cores ? profile_.cores->value : 1;
  const double blocks = batch * std::ceil(static_cast<double>(c.m) / kBlockRows);
  const double busy = std::min(1.0, blocks / (kBlocksPerCore * cores));
  return (flops / rate + scores * calibration_.terms.softmax_flops / mixed_peak_) / busy;
}

/// The fastest tile and split of k, as a library's tuner would pick it.
void LatencyModel::choose_tile(const ops::Contraction& c, double element_bytes, double converted,
                               StepTime& t) const {
  const Terms& terms = calibration_.terms;
  const double cores = profile_.cores ? profile_.cores->value : 1;
  const double rate = t.peak / cores * t.efficiency;
  const auto m = static_cast<double>(c.m);
  const auto n = static_cast<double>(c.n);
  const auto k = static_cast<double>(c.k);
  const auto batch = static_cast<double>(c.batch);
  const double ridge = t.peak / last_cache_bytes_per_s_;
  const double prologue = terms.tile_prologue * 2 / element_bytes;
  const double epilogue = terms.epilogue_flops + (element_bytes <= 1 ? terms.requantize_flops : 0);
  double best = std::numeric_limits<double>::infinity();
  for (const auto& [rows, columns] : kTiles) {
    const double tiles = std::ceil(m / rows) * std::ceil(n / columns) * batch;
    // A step of k loads rows + columns elements for 2 * rows * columns FLOPs.
    const double area = rows * columns;
    const double load = (rows + columns) / (2 * area);
    const double slowdown =
        std::hypot(1, terms.tile_load * ridge * element_bytes * load) + converted * load;
    for (const double split : kSplits) {
      if (split > 1 && (k / split < kLeastSplitDepth || tiles >= 2 * cores)) break;
      const double waves = tiles * split / cores;
      const double whole = std::ceil(waves);
      const double depth = k / split + prologue;
      const double least_s = depth * element_bytes * terms.tile_latency_s * clock_scale_;
      double seconds = std::max(whole * 2 * area * depth * slowdown / rate, least_s) +
                       whole * area * epilogue * cores / vector_peak_;
      if (split > 1) {
        const double bytes = 8 * split * m * n * batch;
        const double on_chip = cached_bandwidth(bytes).read * terms.cache_bandwidth;
        seconds += terms.split_s + bytes / on_chip;
      }
      if (seconds >= best) continue;
      best = seconds;
      t.tile = Tile{rows, columns, split, waves, slowdown};
    }
  }
  t.compute_s = best;
}

void LatencyModel::add_compute(const plan::Step& step, const KernelTiming& times,
                               StepTime& t) const {
  const plan::Kernel& kernel = step.kernel;
  t.peak = peak(step);
  t.efficiency = times.efficiency * calibration_.terms.compute;
  if (step.precision) {
    const auto factor = calibration_.precisions.find(hardware::precision_name(*step.precision));
    if (factor != calibration_.precisions.end() && step.work.contraction) {
      t.efficiency *= factor->second;
    }
  }
  for (std::size_t i = 0; i < times.half.size(); ++i) {
    t.saturation *= 1 + times.half[i] / kernel.extents[i];
  }
  add_work(step, t);
  cap_power(step, t);
  for (const std::string_view op : kernel.fused) {
    const auto cost = calibration_.fused.find(op);
    if (cost != calibration_.fused.end()) t.fused_s += cost->second * kernel.results / vector_peak_;
  }
  t.beside_s = kernel.beside_flops / vector_peak_;
  t.compute_s += t.fused_s + t.beside_s;
}

/// Smooth maximum of compute, on-chip and overlapped main-memory time.
double LatencyModel::combined(const KernelTiming& times, double compute_s, double cached_s,
                              double dram_s) const {
  return smooth_max({compute_s, times.cached * cached_s, times.overlapped * dram_s},
                    calibration_.terms.exponent);
}

/// What of a step's work does not spread over all cores: a share of it has one thread only, and
/// runtimes give no thread less than its grain.
void LatencyModel::spread(const KernelTiming& times, StepTime& t) const {
  const double together = t.combined_s + t.streamed_s;
  const double alone =
      combined(times, t.compute_s * speedup_, t.cached_s * speedup_, t.dram_alone_s) +
      times.streamed * t.dram_alone_s;
  t.threads = times.grain_s > 0 ? threads(alone / times.grain_s, cores_) : cores_;
  const double needed =
      std::max(times.serial * alone + (1 - times.serial) * together, alone / t.threads);
  t.serial_s = std::max(0.0, needed - together);
  t.fork_s = times.fork_s * (1 - times.serial) * (t.threads - 1) / (cores_ - 1);
}

/// Time of the kernel's work at the clock of the profile.
void LatencyModel::add_work(const plan::Step& step, StepTime& t) const {
  const ops::Contraction* c = step.work.contraction.get();
  if (step.algorithm && step.algorithm->contraction) c = step.algorithm->contraction.get();
  if (c != nullptr && calibration_.terms.tile_load > 0) {
    if (step.kernel.kind == "attention") {
      t.compute_s = attention_s(*c, t.peak * t.efficiency);
      return;
    }
    if (c->n > 1 && step.unit >= 0 && step.precision) {
      const double element_bytes = hardware::storage_bits(*step.precision) / 8.0;
      choose_tile(*c, element_bytes, step.converts ? kConversion : 0, t);
      return;
    }
  }
  t.compute_s = step.kernel.work / (t.peak * t.efficiency) * t.saturation;
}

double LatencyModel::run_s() const {
  const Terms& terms = calibration_.terms;
  return terms.run_s + (profile_.link_bytes_per_s ? terms.link_s : 0);
}

StepTime LatencyModel::time(const plan::Step& step, const plan::Plan& plan,
                            std::span<const double> distances) const {
  StepTime t;
  const Terms& terms = calibration_.terms;
  if (step.kernel.kind.empty()) return t;
  t.timing = timing(step.kernel);
  t.overhead_s = terms.step_s * clock_scale_;
  add_traffic(step, plan, distances, t);
  if (t.timing == nullptr) {
    t.peak = peak(step);
    if (t.peak > 0) t.compute_s = plan::executed_flops(step) / t.peak;
    t.combined_s = std::max({t.compute_s, t.cached_s, t.dram_s});
  } else {
    t.overhead_s += t.timing->call_s * clock_scale_ * step.kernel.calls;
    add_compute(step, *t.timing, t);
    t.combined_s = combined(*t.timing, t.compute_s, t.cached_s, t.dram_s);
    t.streamed_s = t.timing->streamed * t.dram_s;
    if (speedup_ > 1) spread(*t.timing, t);
    t.overhead_s += t.fork_s;
  }
  const double release =
      step.precision ? release_[static_cast<std::size_t>(*step.precision)] : release_.back();
  t.overhead_s *= release;
  t.overhead_s = step.starts * std::min(t.overhead_s, step.launch_limit_s.value_or(t.overhead_s));
  t.scale = release * terms.scale;
  t.total_s = t.overhead_s + t.scale * (t.combined_s + t.streamed_s + t.serial_s);
  return t;
}

}  // namespace roofline::estimate
