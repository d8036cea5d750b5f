#pragma once
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/diagnostic.hpp"
#include "roofline/calibrate/measurement.hpp"
#include "roofline/calibrate/metrics.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"

namespace roofline::calibrate {

/// Bump on any change that a reader of the JSON could notice.
inline constexpr int kValidationSchemaVersion = 1;

/// What to compare, and what overrides the measurements' own words.
struct ValidateRequest {
  std::vector<std::string> models = {};       ///< files; empty: found by the rows' names
  std::vector<std::string> model_dirs = {};   ///< folders with NAME.onnx
  std::optional<std::string> hardware = {};   ///< id or file
  std::optional<std::string> runtime = {};    ///< plan name
  std::optional<std::string> precision = {};  ///< "as-is", "fp16", ...
  std::optional<int> threads = {};
  std::map<std::string, std::int64_t> dims = {};  ///< of every model that has such a dimension
  hardware::Roof roof = hardware::Roof::kDatasheet;
};

/// An executed node beside the step of the plan that it was matched to.
struct LayerPair {
  std::size_t step = 0;  ///< of the plan
  std::string name;      ///< of the plan's layer
  std::string op;        ///< as the runtime calls it
  std::string kernel;    ///< kind of kernel
  std::string bound;
  TimePair time = {};
  double roofline_s = 0;
  std::optional<double> intensity = {};               ///< FLOP/byte, planned traffic
  std::optional<double> attained_flops_per_s = {};    ///< FLOPs over measured time
  std::optional<double> attainable_flops_per_s = {};  ///< the roof there

  /// Signed seconds by which the prediction is off.
  [[nodiscard]] double lost_s() const { return time.predicted_s - time.measured_s; }
};

/// The layers of one measured model.
struct LayerComparison {
  std::vector<LayerPair> layers = {};              ///< in measured order
  std::vector<MeasuredNode> unmatched_nodes = {};  ///< no step of the plan is like them
  std::vector<LayerPair> unmatched_layers = {};    ///< predicted, not measured
  double measured_s = 0;                           ///< of all measured nodes
  double matched_s = 0;                            ///< of the matched ones
  double absolute_error_s = 0;                     ///< sum over the matched ones

  /// Error of the matched layers, weighted by their measured time.
  [[nodiscard]] double error() const { return matched_s > 0 ? absolute_error_s / matched_s : 0; }
  [[nodiscard]] double matched_share() const { return measured_s > 0 ? matched_s / measured_s : 0; }
};

/// One measurement and its prediction.
struct ValidatedRow {
  std::string model;  ///< name without folder and extension
  std::string hardware, runtime, precision;
  int threads = 0;
  std::map<std::string, std::int64_t> dims = {};
  std::string version = {};
  std::string source = {};
  std::string calibration = {};  ///< "calibrated" or "uncalibrated"
  TimePair time = {};
  double roofline_s = 0;  ///< the model under the roof alone
  std::optional<double> repeat_error = {};
  bool noisy = false;
  bool complete = true;  ///< false: the prediction is a lower bound
  std::optional<LayerComparison> layers = {};

  [[nodiscard]] TimePair roofline() const { return {time.measured_s, roofline_s}; }
};

/// Rows of one machine, runtime and precision; each is empty where rows differ.
struct GroupAccuracy {
  std::string hardware, runtime, precision;
  Accuracy predicted = {};
  Accuracy roofline = {};
  std::optional<double> repeat_error = {};  ///< mean over rows with several rounds
};

/// All layers of one kind of kernel, over all rows.
struct KindAccuracy {
  std::string kernel;
  std::int64_t layers = 0;
  double measured_s = 0;
  double predicted_s = 0;
  double absolute_error_s = 0;
  double share = 0;  ///< of the matched measured time
};

struct Validation {
  std::vector<ValidatedRow> rows = {};
  GroupAccuracy total = {};
  std::vector<GroupAccuracy> groups = {};  ///< sorted by hardware, runtime, precision
  /// Pairs of machines that ran the same: is the faster one predicted to be the faster one?
  PairOrder machines = {};
  PairOrder machines_by_roofline = {};
  std::vector<KindAccuracy> kinds = {};  ///< by falling absolute error
  std::string roof = {};
  std::vector<Diagnostic> diagnostics = {};
};

/// Predicts every row of `measurements` that has a model. Throws Error when nothing can be
/// compared.
[[nodiscard]] Validation validate(const std::vector<Measurements>& measurements,
                                  const ValidateRequest& request);

/// Layers of the report's only result beside measured nodes, matched by name and operator, then by
/// operator and shape of the result, then by operator, each in execution order. The report must
/// have been made with Request::explain.
[[nodiscard]] LayerComparison compare_layers(const report::Report& report,
                                             const std::vector<MeasuredNode>& nodes);

/// Fills everything of a validation that follows from its rows.
void summarize(Validation& validation);

/// Keys of --sort: "error", "order", "measured", "predicted", "model".
[[nodiscard]] std::vector<std::string> validation_sort_keys();
/// `options.sort` is one of validation_sort_keys(); `options.top` limits rows and layers.
void render_text(const Validation& validation, const report::TextOptions& options,
                 std::ostream& out);
void render_json(const Validation& validation, std::string_view tool_version, std::ostream& out);
enum class CsvTable {
  kRows,    ///< one line per measurement
  kLayers,  ///< one line per matched layer: attained FLOP/s against intensity
};
void render_csv(const Validation& validation, CsvTable table, std::ostream& out);

}  // namespace roofline::calibrate
