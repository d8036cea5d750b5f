#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/calibrate/measurement.hpp"
#include "roofline/estimate/estimate.hpp"
#include "roofline/estimate/traffic.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/infer/infer.hpp"
#include "roofline/ir/graph.hpp"
#include "roofline/plan/plan.hpp"

namespace roofline::calibrate {

/// A model as a runtime executes it on a machine, ready to be timed under many calibrations.
class Workload {
 public:
  /// Throws Error as `analyze` does.
  Workload(std::shared_ptr<const ir::Model> model, const infer::Bindings& bindings,
           const hardware::Profile& profile, const plan::PlanOptions& plan,
           const estimate::EstimateOptions& options);

  [[nodiscard]] const infer::TypedGraph& graph() const { return graph_; }
  [[nodiscard]] const plan::Plan& plan() const { return plan_; }
  [[nodiscard]] const hardware::Profile& profile() const { return profile_; }
  [[nodiscard]] const estimate::EstimateOptions& options() const { return options_; }
  [[nodiscard]] const estimate::ReuseDistances& distances() const { return distances_; }

 private:
  std::shared_ptr<const ir::Model> model_;
  infer::TypedGraph graph_;
  const hardware::Profile& profile_;
  plan::Plan plan_;
  estimate::EstimateOptions options_;
  estimate::ReuseDistances distances_;
};

/// A measured time and what ran in it.
struct Sample {
  std::string label;  ///< for messages
  std::shared_ptr<const Workload> workload;
  std::vector<std::size_t> steps;  ///< that were timed
  bool whole = true;               ///< all of them, with the host time of a run
  double seconds = 0;
  double width = 0.1;  ///< relative standard deviation of the measurement and the form
};

struct FitOptions {
  /// Names of parameters to fit, '*' for any text, as in "kernels.*.efficiency"; empty: what a
  /// calibration of single operators determines.
  std::vector<std::string> free = {};
  /// The same, of parameters that each machine has for itself; they stay as they start for others.
  std::vector<std::string> per_machine = {};
  double prior = 1;  ///< factor on how far parameters may go from where they start
  int folds = 5;     ///< of the cross-validation; below 2: none
};

/// How well one kind of kernel is matched.
struct KindResidual {
  std::string kind;  ///< "conv.pointwise", "unary:Sigmoid"
  int samples = 0;   ///< in which it takes most of the time
  double bias = 0;   ///< mean signed error of these
  double mape = 0;
};

struct Fit {
  hardware::Calibration calibration;
  std::map<std::string, hardware::Calibration> machines = {};  ///< by id, with per_machine alone
  double start_mape = 0;  ///< of the calibration that the fit started from
  double mape = 0;
  std::optional<double> cross_validated_mape = {};
  std::vector<KindResidual> kinds = {};  ///< worst first
  std::vector<std::string> unidentified =
      {};  ///< free parameters that the samples do not determine
};

/// Fits the free parameters of `start` to the samples, in logarithms, with priors at `start` and a
/// robust loss. Deterministic. Throws Error when there are no samples or `free` names nothing.
[[nodiscard]] Fit fit(const std::vector<Sample>& samples, const hardware::Calibration& start,
                      const FitOptions& options);

/// Predicted seconds of each sample; machines that are listed have a calibration of their own.
[[nodiscard]] std::vector<double> predict(
    const std::vector<Sample>& samples, const hardware::Calibration& calibration,
    const std::map<std::string, hardware::Calibration>& machines = {});

}  // namespace roofline::calibrate
