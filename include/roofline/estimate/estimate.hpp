#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/hardware/profile.hpp"
#include "roofline/plan/plan.hpp"

namespace roofline::estimate {

/// What the roofline says of a layer.
enum class Bound : std::uint8_t { kCompute, kMemory, kNone, kUnknown };
/// The largest term of the predicted time.
enum class Bottleneck : std::uint8_t { kCompute, kMemory, kOverhead, kNone, kUnknown };
[[nodiscard]] std::string_view bound_name(Bound bound);
[[nodiscard]] std::string_view bottleneck_name(Bottleneck bottleneck);

struct LevelTraffic {
  Count bytes = 0;
  double seconds = 0;
};

/// The tile of a contraction that a matrix kernel works in, as the model chose it.
struct Tile {
  double rows = 0;
  double columns = 0;
  double split = 1;     ///< parts of k that run beside one another
  double waves = 0;     ///< tiles over cores
  double slowdown = 1;  ///< by loading its operands, conversions included
};

/// A predicted time and the terms that it is made of. Seconds.
struct StepTime {
  double total_s = 0;
  double overhead_s = 0;    ///< of the step and its calls
  double compute_s = 0;     ///< fused activations included
  double cached_s = 0;      ///< traffic that stays on the chip
  double dram_s = 0;        ///< traffic of main memory
  double dram_alone_s = 0;  ///< the same on one core of a CPU
  double combined_s = 0;    ///< smooth maximum of compute, cached and overlapped main memory
  double streamed_s = 0;    ///< main-memory time added to it
  double serial_s = 0;      ///< added to both: work that does not spread over all cores
  double scale = 1;         ///< factor on these three
  double threads = 1;       ///< of a CPU that the work is enough for
  double fork_s = 0;        ///< of `overhead_s`: handing it to them and waiting
  // What compute_s was derived from:
  double peak = 0;        ///< FLOP/s of the cores that run, derated
  double efficiency = 1;  ///< product of the kind's, the precision's and the machine's
  double saturation = 1;  ///< product of 1 + half / extent
  double power_load = 0;  ///< that the unit would draw, over the power budget; 0: no power cap
  double fused_s = 0;     ///< activations behind the kernel
  double beside_s = 0;    ///< transforms, unpacking and rounding beside it
  std::optional<Tile> tile = {};
  const hardware::KernelTiming* timing = nullptr;  ///< nullptr: the calibration has none
};

/// One step on one machine. Seconds, bytes, FLOPs.
struct StepEstimate {
  Count flops = 0;
  /// What the roof is compared with: taps on padding cost nothing, an algorithm such as Winograd
  /// has FLOPs of its own.
  double executed_flops = 0;
  Count planned_bytes = 0;
  Count dram_bytes = 0;
  /// Parallel to Profile::memory of the machine itself; levels without bandwidth: 0 s. Of a step on
  /// another device only main memory is there.
  std::vector<LevelTraffic> levels;
  double compute_s = 0;
  double memory_s = 0;  ///< the slowest level
  double overhead_s = 0;
  double roofline_s = 0;              ///< max(compute, memory) on the chosen roof
  double predicted_s = 0;             ///< >= roofline_s
  std::optional<StepTime> time = {};  ///< how it was predicted; nullopt without a calibration
  std::optional<double>
      attainable_flops_per_s;  ///< roof at this intensity; nullopt when no unit runs it
  Bound bound = Bound::kNone;
  Bottleneck bottleneck = Bottleneck::kNone;
  bool complete = true;  ///< false: the numbers are lower bounds
};

/// Predicted seconds by what they are spent on; they add up to the predicted latency.
struct TimeSplit {
  double compute_s = 0;   ///< time beyond the overhead of the steps that compute the longest
  double memory_s = 0;    ///< the same of the steps that move data the longest
  double overhead_s = 0;  ///< launches and the per-run overhead
};

struct PlanEstimate {
  std::vector<StepEstimate> steps;  ///< parallel to Plan::steps
  /// The profile's parameters for the plan's runtime, or its kind's; nullptr: uncalibrated.
  const hardware::Calibration* calibration = nullptr;
  double run_overhead_s = 0;  ///< of a run, beside its steps; copies included
  double copy_s = 0;          ///< inputs and outputs over the host link, where asked for
  /// Share of the predicted time in steps whose kind of kernel the calibration does not have.
  double untimed_share = 0;
  bool complete = true;
  Count flops = 0;
  Count planned_bytes = 0;
  Count dram_bytes = 0;
  std::vector<LevelTraffic> levels;
  double compute_s = 0;  ///< sums over steps
  double memory_s = 0;
  double overhead_s = 0;  ///< launches and the per-run overhead
  double roofline_s = 0;  ///< sum of the steps' roofline latencies
  double predicted_s = 0;
  TimeSplit time_split = {};
  Bound bound = Bound::kNone;  ///< of the model as a whole: intensity against the ridge
  Bottleneck bottleneck = Bottleneck::kNone;
  std::optional<double>
      ridge_point;              ///< FLOP/byte at main memory, of the unit doing most of the work
  Count peak_memory_bytes = 0;  ///< weights + peak activation of this plan
  std::optional<bool> fits_in_memory;  ///< nullopt when the capacity is unknown
};

struct EstimateOptions {
  hardware::Roof roof = hardware::Roof::kDatasheet;
  int threads = 0;           ///< 0: all cores
  std::string version = {};  ///< of the runtime; empty: the newest that the calibration knows
  bool copies = false;       ///< count the copies of inputs and outputs over the host link
};

/// FLOP/s of a unit in a precision under the chosen roof and threads.
[[nodiscard]] double peak_rate(const hardware::Profile& profile, int unit,
                               hardware::Precision precision, const EstimateOptions& options);

/// `profile` is the machine itself; devices of the plan are priced by their own, one after another.
[[nodiscard]] PlanEstimate estimate(const plan::Plan& plan, const hardware::Profile& profile,
                                    const EstimateOptions& options);

/// Bytes live while each step runs, in execution order: a buffer lives from its first write (graph
/// inputs: from the start) to its last read (graph outputs: to the end); weights are not included.
[[nodiscard]] std::vector<Count> live_bytes(const plan::Plan& plan);

/// Bytes of all weights that the plan reads, each once.
[[nodiscard]] Count weight_bytes(const plan::Plan& plan);

}  // namespace roofline::estimate
