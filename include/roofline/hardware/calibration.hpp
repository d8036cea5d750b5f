#pragma once
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roofline::hardware {

/// How long kernels of one kind take, relative to the machine's peaks. docs/model.md has the form.
struct KernelTiming {
  double efficiency = 1;                   ///< work done per FLOP that the unit could do
  std::array<double, 3> half = {0, 0, 0};  ///< of each extent: where the efficiency falls to a half
  double call_s = 0;      ///< fixed time of one call, at Calibration::Terms::clock_hz
  double cached = 1;      ///< weight of on-chip traffic time, overlapped with compute
  double overlapped = 1;  ///< weight of main-memory time, overlapped with compute
  double streamed = 0;    ///< weight of main-memory time, added to the rest
  double serial = 0;      ///< share of the work that one thread does alone, whatever the others do
  double grain_s = 0;     ///< least work of a thread: less of it runs on fewer threads
  double fork_s = 0;      ///< of handing a step to several threads and waiting for them

  bool operator==(const KernelTiming&) const = default;
};

/// What holds for all kernels of a runtime. Neutral values leave the roofline.
struct Terms {
  double exponent = 64;        ///< p of the smooth maximum (c^p + m^p)^(1/p); 64 is a plain maximum
  double run_s = 0;            ///< host time of one run of the model
  double link_s = 0;           ///< the same, only on machines behind a host link
  double step_s = 0;           ///< fixed time of a step, at clock_hz
  double clock_hz = 0;         ///< clock at which step_s and call_s hold; 0: on any machine
  double scale = 1;            ///< factor on everything in a graph against kernels timed alone
  double compute = 1;          ///< factor on every efficiency: what a machine adds to its family
  double cache_bandwidth = 1;  ///< reached share of on-chip bandwidth
  double dram_bandwidth = 1;   ///< reached share of main-memory bandwidth
  double activation_residency = 1;  ///< share of the last cache that activations can use
  double weight_residency = 1;      ///< the same for weights
  double residency_sharpness = 4;  ///< s of the miss rate 1 / (1 + (share * capacity / distance)^s)
  double thread_efficiency = 1;    ///< speed of each of several threads against one alone
  double thread_bandwidth = 1;     ///< share of main-memory bandwidth that all threads reach
  double tile_load = 0;  ///< weight of loading a tile's operands from the last cache; 0: no tiles
  double tile_prologue = 0;     ///< k elements of 2 bytes that a tile costs before it starts
  double split_s = 0;           ///< fixed time of reducing a contraction split along k
  double tile_latency_s = 0;    ///< least time of a tile for each byte of its k, at clock_hz
  double epilogue_flops = 0;    ///< of the vector unit, for each result of a contraction
  double requantize_flops = 0;  ///< beside these, for each result of one in 8 bits or less
  double softmax_flops = 0;     ///< among special functions, for each score of a fused attention
  /// Energy in pJ of a FLOP of 16 bits on a matrix unit, all around it included, in logic of
  /// TSMC's 16 nm process at 1 GHz; 0: no power cap.
  double flop_pj = 0;
};

/// A factor on the peak of the machines that it applies to: what a data sheet does not tell.
struct Derate {
  double factor = 1;
  std::vector<std::string> architectures = {};  ///< empty: any
  bool matrix_only = true;                      ///< matrix units only

  bool operator==(const Derate&) const = default;
};

/// What a calibration was fitted to and how well it did.
struct Evidence {
  int rows = 0;     ///< measurements used
  double mape = 0;  ///< mean absolute error over them, 0.05 is 5 %
  std::optional<double> cross_validated_mape = {};
  std::vector<std::string> unidentified = {};  ///< parameters that the data do not determine
  std::vector<std::string> sources = {};
  /// Ids of the machines whose whole models were measured; a default is unvalidated on others.
  std::vector<std::string> machines = {};

  bool operator==(const Evidence&) const = default;
};

/// What to expect of predictions: cross-validated, else that of the fit; nullopt without rows.
[[nodiscard]] std::optional<double> expected_error(const Evidence& evidence);
/// Whether whole models were measured on the machine of this id.
[[nodiscard]] bool covers(const Evidence& evidence, std::string_view machine);

/// Parameters fitted to measurements of one runtime on this machine, or on machines of its kind.
struct Calibration {
  std::string runtime;       ///< plan name with level: "onnxruntime:all", "tensorrt"
  std::string version;       ///< of the runtime
  std::string date;          ///< of the measurements, YYYY-MM-DD
  std::string machine = {};  ///< that was measured, in words
  int threads = 0;           ///< that were measured; 0: several numbers of threads
  bool is_default = false;   ///< fitted on other machines of this kind
  /// Default whose terms, precisions, releases, kernels, fused and derates this one started from,
  /// already merged in; files keep what differs. Its evidence is never inherited.
  std::string extends = {};
  Terms terms = {};
  std::map<std::string, double, std::less<>> precisions = {};  ///< factor on efficiency by name
  /// By release of the runtime, "8.5": factor on the times of kernels in that release. The newest
  /// has 1. "8.5 int8" are those of kernels that compute in int8: where a precision has any, they
  /// stand instead of the others.
  std::map<std::string, double, std::less<>> releases = {};
  /// By kind of kernel ("conv.pointwise"), or kind and operator ("unary:Sigmoid").
  std::map<std::string, KernelTiming, std::less<>> kernels = {};
  /// FLOPs of the vector unit for each element of an activation fused behind a kernel, by operator.
  std::map<std::string, double, std::less<>> fused = {};
  std::vector<Derate> derates = {};
  Evidence evidence = {};
};

/// What a value may be, ends included; files with others are refused.
struct Range {
  double least;
  double most;
};

/// A scalar of Terms or KernelTiming by name: what files, fits and explanations enumerate. A name
/// that ends in _s or _hz stands for a quantity with a unit in files.
template <class Owner>
struct Parameter {
  std::string_view name;
  double Owner::*member;
  Range range;
};
[[nodiscard]] std::span<const Parameter<Terms>> term_parameters();
[[nodiscard]] std::span<const Parameter<KernelTiming>> kernel_parameters();  ///< without `half`
inline constexpr Range kHalfRange = {0, 1e9};  ///< of each of KernelTiming::half
inline constexpr Range kPrecisionRange = {1e-3, 1e3};
inline constexpr Range kReleaseRange = {0.1, 10};
inline constexpr Range kFusedRange = {0, 1e6};
inline constexpr Range kDerateRange = {1e-3, 10};

/// Whether `key` is one of Calibration::releases: a release and, after a space, maybe a precision.
[[nodiscard]] bool is_release(std::string_view key);

/// Factor on the times of kernels that compute in `precision` (empty: in none that is listed) in
/// release `version` of the runtime: between two listed ones their geometric mean, weighted by the
/// distance of the numbers; of the oldest or newest one beyond them; 1 where none is listed or
/// `version` does not start with a number.
[[nodiscard]] double release_factor(const Calibration& calibration, std::string_view version,
                                    std::string_view precision = {});

/// Miss rate of a cache for bytes that were touched `distance` bytes ago; `sharpness` as in Terms.
[[nodiscard]] double miss_rate(double capacity, double distance, double sharpness);

/// SHA-256 of the parameters: without version, date, machine and evidence.
[[nodiscard]] std::string digest(const Calibration& calibration);

/// A calibration shipped for machines that have none of their own: the file NAME.yaml in a
/// directory `defaults` of the search path.
struct DefaultCalibration {
  std::string name;  ///< KIND-RUNTIME[-ANYTHING], with the runtime without level
  std::string path;
  std::string kind;                             ///< of the machines that it is for
  std::vector<std::string> architectures = {};  ///< of these machines; empty: any
  Calibration calibration;
  /// By profile id, the terms of machines that were measured: `calibration`'s, but for some.
  std::map<std::string, Terms> machines = {};
};
/// Reads and validates one. Throws Error with file:line:column.
[[nodiscard]] DefaultCalibration load_default(const std::string& path);
/// One from YAML text; `path` names it.
[[nodiscard]] DefaultCalibration load_default_text(std::string_view yaml, const std::string& path);
/// Names of every default on the search path, sorted.
[[nodiscard]] std::vector<std::string> list_defaults();
/// A default of the search path, read once and never freed. Throws Error "unknown-calibration".
[[nodiscard]] const DefaultCalibration& find_default(const std::string& name);

}  // namespace roofline::hardware
