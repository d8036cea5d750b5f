#pragma once
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/estimate/estimate.hpp"

namespace roofline::estimate {

/// The calibrated latency form of docs/model.md for one machine and one runtime.
class LatencyModel {
 public:
  /// Keeps references to profile and calibration.
  LatencyModel(const hardware::Profile& profile, const hardware::Calibration& calibration,
               const EstimateOptions& options);

  /// `distances` are the step's of ReuseDistances.
  [[nodiscard]] StepTime time(const plan::Step& step, const plan::Plan& plan,
                              std::span<const double> distances) const;
  /// Host time of one run of the model.
  [[nodiscard]] double run_s() const;

 private:
  struct Bandwidths {
    double read = 0;
    double write = 0;
  };

  [[nodiscard]] const hardware::KernelTiming* timing(const plan::Kernel& kernel) const;
  [[nodiscard]] double peak(const plan::Step& step) const;
  [[nodiscard]] double derate(const hardware::ComputeUnit& unit) const;
  [[nodiscard]] double full_load(const hardware::ComputeUnit& unit) const;
  void cap_power(const plan::Step& step, StepTime& t) const;
  [[nodiscard]] Bandwidths cached_bandwidth(double distance) const;
  void add_traffic(const plan::Step& step, const plan::Plan& plan,
                   std::span<const double> distances, StepTime& t) const;
  void add_compute(const plan::Step& step, const hardware::KernelTiming& timing, StepTime& t) const;
  void add_work(const plan::Step& step, StepTime& t) const;
  [[nodiscard]] double combined(const hardware::KernelTiming& times, double compute_s,
                                double cached_s, double dram_s) const;
  void spread(const hardware::KernelTiming& times, StepTime& t) const;
  [[nodiscard]] double attention_s(const ops::Contraction& c, double rate) const;
  /// `converted`: FLOPs of the unit that each element which a tile loads costs beside the product.
  void choose_tile(const ops::Contraction& c, double element_bytes, double converted,
                   StepTime& t) const;

  const hardware::Profile& profile_;
  const hardware::Calibration& calibration_;
  /// What timing_key found, by kind and operator.
  mutable std::map<std::pair<std::string_view, std::string_view>, const hardware::KernelTiming*>
      known_ = {};
  std::vector<hardware::BandwidthPoint> curve_ = {};  ///< of the cores that run
  double cores_ = 1;                                  ///< that run
  double speedup_ = 1;       ///< of a CPU's cores over one of them, in arithmetic and caches
  double dram_speedup_ = 1;  ///< the same in main memory
  double share_ = 1;         ///< of the machine's rates that these cores reach
  double vector_peak_ = 0;   ///< fp32 FLOP/s of the cores that run
  double mixed_peak_ = 0;    ///< the same among special functions
  double dram_bytes_per_s_ = 0;
  double last_cache_bytes_ = 0;
  double last_cache_bytes_per_s_ = 0;
  double clock_scale_ = 1;  ///< of fixed times
  /// Factors of the runtime's release, by precision; the last one where a step has none.
  std::array<double, hardware::kPrecisions + 1> release_ = {};
};

/// Key of the times of an operator's kernel: KIND:OPERATOR, else KIND, else what KIND is a special
/// case of ("softmax" for "softmax.outer"); empty when the calibration has none of them.
[[nodiscard]] std::string timing_key(const hardware::Calibration& calibration,
                                     const plan::Kernel& kernel);

}  // namespace roofline::estimate
