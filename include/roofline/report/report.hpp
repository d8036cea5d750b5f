#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/count.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/scenario.hpp"
#include "roofline/estimate/estimate.hpp"

namespace roofline::report {

/// Bump on any change that a reader of the JSON could notice; tools refuse newer ones.
inline constexpr int kSchemaVersion = 1;

struct TensorInfo {
  std::string name;
  std::string dtype;
  std::optional<std::vector<std::int64_t>> shape;  ///< -1 where a size is unknown
  /// Upper limits of the sizes, where data decide some of them.
  std::optional<std::vector<std::int64_t>> max_shape = std::nullopt;
  std::string_view kind = "tensor";  ///< "sequence", "optional", ...
};

struct ModelInfo {
  std::string path;
  std::string name;  ///< graph name
  std::string producer;
  std::int64_t ir_version = 0;
  std::vector<std::pair<std::string, int>> opsets;
  std::string skeleton_sha256;
  std::int64_t nodes = 0;
  Count parameters = 0;
  Count weight_bytes = 0;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::map<std::string, std::int64_t> dims;
};

struct Coverage {
  std::int64_t exact = 0;
  std::int64_t approximate = 0;
  std::int64_t unknown = 0;
  std::vector<std::string> unknown_ops;  ///< "domain.Type" or "Type", sorted, unique
};

/// Algorithmic sums over all nodes; lower bounds unless `complete`.
struct Totals {
  bool complete = true;
  Count macs = 0;
  Count flops = 0;
  Count transcendentals = 0;
  Count activation_read_bytes = 0;
  Count weight_read_bytes = 0;
  Count written_bytes = 0;
  Count traffic_bytes = 0;
  std::optional<double> intensity;
  Count peak_activation_bytes = 0;
  Count peak_memory_bytes = 0;
};

/// One tensor that a node or layer touches, as --explain lists it.
struct OperandRow {
  std::string name;
  std::string role;  ///< "activation", "parameter", "weight" (constant, no parameter) or "output"
  std::string dtype;
  std::optional<std::vector<std::int64_t>> shape;  ///< -1 where a size is unknown
  std::optional<Count> elements;  ///< touched, each once; nullopt for the operands of a layer
  std::optional<Count> bytes;
};

/// A contraction in matrix form, as --explain shows it: batch x [m,k] x [k,n].
struct ContractionRow {
  Count batch = 1, m = 1, n = 1, k = 1;
};

/// One ONNX node. Quantities are those of all its runs, nullopt when unknown.
struct NodeRow {
  std::string id;    ///< scope path + index: unique
  std::string name;  ///< display name; may be repeated
  std::string op_type;
  std::string domain;
  std::string cls;
  std::string
      detail;  ///< "3x3 s2 g32": what distinguishes nodes of this type on screen; may be empty
  std::vector<std::string> inputs;
  std::vector<TensorInfo> outputs;
  std::optional<Count> macs, flops, transcendentals;
  std::optional<Count> activation_read_bytes, weight_read_bytes, written_bytes, traffic_bytes;
  std::optional<double> intensity;
  Count parameters = 0;
  std::string confidence;
  /// Runs in one run of the model: above 1 in a loop, 0 in a branch that is not counted, nullopt
  /// where nothing tells: then quantities are those of one.
  std::optional<Count> repeat = Count(1);
  std::optional<Count> live_bytes;  ///< activations in use while the node runs
  // For --explain, filled only when asked for.
  std::string formula;  ///< FLOPs in terms of the operands, from the operator table
  std::optional<ContractionRow> contraction;
  std::vector<OperandRow> operands;  ///< algorithmic: every operand and result once
};

/// One level of a machine's memory.
struct LevelRow {
  std::string name;
  Count bytes = 0;
  double seconds = 0;
  std::optional<double> bytes_per_s;  ///< under the chosen roof; nullopt when the profile has none
};

/// How a calibration predicts a layer, for --explain: of one run.
struct DerivationRow {
  double work = 0;                     ///< in units of the kernel's kind
  std::array<double, 3> extents = {};  ///< infinite where none counts
  double calls = 1;
  std::string fused;                             ///< operators behind the kernel, "Add, Relu"
  estimate::StepTime time;                       ///< without its pointer to the times:
  std::optional<hardware::KernelTiming> timing;  ///< nullopt: the calibration has none
  double exponent = 1;
};

/// One step of the plan on one machine. Quantities and seconds are those of all its runs.
struct LayerRow {
  std::string id;           ///< id of its first node
  std::string name;         ///< "conv1 + bn1 + relu"
  std::string kind;         ///< "op", "fused", "host"
  std::string op;           ///< what the runtime calls it: "Conv", "ReorderInput"
  std::string kernel_kind;  ///< key of its times: "conv.pointwise"
  bool blocked = false;     ///< runs on channels in blocks
  std::vector<std::vector<std::int64_t>>
      results;                             ///< shapes it writes, of runtimes that change them
  std::optional<Count> repeat = Count(1);  ///< as its nodes'
  std::vector<std::size_t> nodes;          ///< indices into Report::nodes; JSON writes their ids
  std::string cls;
  std::string unit;   ///< "" when none
  std::string dtype;  ///< precision computed in, "" when none
  std::optional<Count> macs;
  std::optional<Count> flops;  ///< nullopt when unknown
  Count planned_bytes = 0;
  Count dram_bytes = 0;
  std::vector<LevelRow> levels;
  std::optional<double> intensity, dram_intensity, attainable_flops_per_s;
  double compute_s = 0, memory_s = 0, overhead_s = 0;
  double roofline_latency_s = 0, predicted_latency_s = 0;
  std::string bound, bottleneck;
  double share = 0;  ///< of the predicted latency
  bool complete = true;
  std::vector<std::string> reasons;
  std::optional<double> peak_flops_per_s;  ///< of `unit` in `dtype` under the chosen roof
  std::vector<OperandRow> operands;        ///< planned; filled only when asked for (--explain)
  double executed_flops = 0;               ///< that meet the roof: without taps on padding
  /// Beside scenarios: predicted before, of the layers that this one stands for; nullopt: none.
  std::optional<double> base_latency_s;
  std::shared_ptr<const DerivationRow> derivation;  ///< as operands
};

struct HardwareInfo {
  std::string id, name, digest;
  /// "uncalibrated"; "calibrated" on this machine; "default", of machines of its kind;
  /// "unvalidated", a default that no measurement of a whole model on this machine was compared
  /// with.
  std::string calibration_status;
  std::string calibration_runtime, calibration_version, calibration_date;
  std::optional<double> calibration_error;  ///< cross-validated, else that of the fit
};

/// A scenario and what became of it.
struct ScenarioRow {
  std::string text;              ///< as it was asked for: "prune:0.5,class=conv"
  std::string summary;           ///< what it does
  bool changes_results = false;  ///< accuracy has to be measured
  bool needs_training = false;   ///< and regained by training
  Outcome outcome;
};

/// What a machine's result was without the scenarios.
struct BaseResult {
  bool complete = true;
  Count flops = 0;
  Count planned_bytes = 0;
  Count dram_bytes = 0;
  Count peak_memory_bytes = 0;
  double roofline_latency_s = 0, predicted_latency_s = 0, overhead_s = 0;
  double gone_s = 0;  ///< predicted, of layers that no layer stands for any more
  double items = 1;   ///< in a run now, over those of a run before
  std::string bound, bottleneck;
};

/// What the model was without the scenarios.
struct BaseModel {
  bool complete = true;
  Count parameters = 0;
  Count weight_bytes = 0;
  Count macs = 0;
  Count flops = 0;
  Count traffic_bytes = 0;
  Count peak_memory_bytes = 0;
};

/// The model on one machine.
struct Result {
  HardwareInfo hardware;
  std::string runtime;
  std::string precision;
  int threads = 0;
  std::string roof;  ///< "datasheet" or "measured"
  std::optional<double> ridge_point;
  // totals
  bool complete = true;
  Count macs = 0;
  Count flops = 0;
  Count planned_bytes = 0;
  Count dram_bytes = 0;
  std::optional<double> intensity, dram_intensity;
  std::vector<LevelRow> levels;
  double roofline_latency_s = 0, predicted_latency_s = 0;
  double compute_s = 0, memory_s = 0, overhead_s = 0;
  double run_overhead_s = 0;  ///< the part of overhead_s that no layer carries
  double copy_s = 0;          ///< the part of that for copies over the host link, where asked for
  double untimed_share = 0;   ///< of the predicted time: kernels that the calibration lacks
  std::string bound, bottleneck;
  std::optional<double> throughput_per_s;
  Count peak_memory_bytes = 0;
  std::optional<Count> memory_capacity_bytes;
  std::optional<bool> fits_in_memory;
  std::map<std::string, std::int64_t> layers_by_bound;
  std::map<std::string, double> time_by_bottleneck_s;
  std::vector<ScenarioRow> scenarios;  ///< that change how the machine runs the model
  std::optional<BaseResult> base;      ///< beside scenarios
  std::vector<LayerRow> layers;
};

/// The one value behind every output format.
struct Report {
  std::string tool_version;
  ModelInfo model;
  std::vector<TensorInfo> tensors;  ///< every tensor, only when asked for
  bool has_tensors = false;
  Coverage coverage;
  Totals totals;
  std::vector<NodeRow> nodes;
  std::vector<ScenarioRow> scenarios;  ///< that change the model
  std::optional<BaseModel> base;       ///< beside scenarios
  std::vector<Result> results;         ///< one per machine; empty without --hardware
  std::vector<Diagnostic> diagnostics;
};

}  // namespace roofline::report
