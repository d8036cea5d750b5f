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

/// One step on one machine. Seconds, bytes, FLOPs.
struct StepEstimate {
  Count flops = 0;
  Count planned_bytes = 0;
  Count dram_bytes = 0;
  std::vector<LevelTraffic> levels;  ///< parallel to Profile::memory; levels without bandwidth: 0 s
  double compute_s = 0;
  double memory_s = 0;  ///< the slowest level
  double overhead_s = 0;
  double roofline_s = 0;   ///< max(compute, memory) on the chosen roof
  double predicted_s = 0;  ///< >= roofline_s
  std::optional<double>
      attainable_flops_per_s;  ///< roof at this intensity; nullopt when no unit runs it
  Bound bound = Bound::kNone;
  Bottleneck bottleneck = Bottleneck::kNone;
  bool complete = true;  ///< false: the numbers are lower bounds
};

/// Predicted seconds by what they are spent on; they add up to the predicted latency.
struct TimeSplit {
  double compute_s = 0;   ///< roofline time of the compute-bound steps
  double memory_s = 0;    ///< roofline time of the memory-bound steps
  double overhead_s = 0;  ///< launches and the per-run overhead
};

struct PlanEstimate {
  std::vector<StepEstimate> steps;  ///< parallel to Plan::steps
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
  int threads = 0;  ///< 0: all cores
};

/// FLOP/s of a unit in a precision under the chosen roof and threads.
[[nodiscard]] double peak_rate(const hardware::Profile& profile, int unit,
                               hardware::Precision precision, const EstimateOptions& options);

[[nodiscard]] PlanEstimate estimate(const plan::Plan& plan, const hardware::Profile& profile,
                                    const EstimateOptions& options);

/// Bytes live while each step runs, in execution order: a buffer lives from its first write (graph
/// inputs: from the start) to its last read (graph outputs: to the end); weights are not included.
[[nodiscard]] std::vector<Count> live_bytes(const plan::Plan& plan);

/// Bytes of all weights that the plan reads, each once.
[[nodiscard]] Count weight_bytes(const plan::Plan& plan);

}  // namespace roofline::estimate
