#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "roofline/base/diagnostic.hpp"

namespace roofline::calibrate {

/// One executed node, as a runtime's profiler saw it.
struct MeasuredNode {
  std::string name = {};  ///< the runtime's; fused nodes have invented ones
  std::string op = {};    ///< "Conv", "ReorderInput", ...; empty when the profile does not say
  std::vector<std::vector<std::int64_t>> outputs = {};  ///< shapes
  double seconds = 0;                                   ///< median over runs, >= 0
  int runs = 0;
};

/// One model timed on one machine.
struct Measurement {
  std::string model = {};      ///< file or name; empty in profiles that do not name it
  std::string hardware = {};   ///< profile id; empty: the machine that is asked about
  std::string runtime = {};    ///< plan name with level: "onnxruntime:all"; empty: not told
  std::string version = {};    ///< of the runtime
  std::string precision = {};  ///< "as-is", "fp16", ...; empty: as-is
  int threads = 0;             ///< 0: all
  std::map<std::string, std::int64_t> dims = {};  ///< symbolic dimensions, as for --dim
  double seconds = 0;                             ///< of one run, least disturbed median
  std::optional<double> p10_s = {};
  std::optional<double> p90_s = {};
  std::vector<double> round_medians_s = {};  ///< of each round of runs, for the repeat error
  std::vector<MeasuredNode> nodes = {};      ///< in execution order; empty when not profiled
  std::string source = {};                   ///< where the figure was published
  bool noisy = false;                        ///< rounds differ by more than kNoisySpread
  int line = 0;                              ///< in its file, for messages
};

/// What one file of measurements says.
struct Measurements {
  std::string path;
  std::string machine = {};  ///< in words, as the operating system calls it
  std::string date = {};     ///< YYYY-MM-DD
  std::vector<Measurement> rows = {};
  std::vector<Diagnostic> diagnostics = {};  ///< rows left out or doubted, and why
};

/// Rounds of one measurement that differ by more than this share of their median are noise.
inline constexpr double kNoisySpread = 0.3;
/// Times outside of these are taken for mistakes of unit.
inline constexpr double kShortestRunSeconds = 100e-9;
inline constexpr double kLongestRunSeconds = 3600;

/// Reads the JSON of tools/measure-onnxruntime, a profile of ONNX Runtime, what trtexec writes
/// with --exportProfile or --exportTimes, or CSV (docs/validate.md). Rows that are incomplete,
/// negative, zero, not finite or outside the limits above are left out; of rows that differ in
/// nothing but the time, the first is kept; noisy rows are kept and marked: all of that is told in
/// diagnostics. Throws Error when the file is none of these or has no usable row.
[[nodiscard]] Measurements read_measurements(const std::string& path);
/// The same from text; `path` is for messages.
[[nodiscard]] Measurements parse_measurements(std::string text, const std::string& path);

/// Adds the rows of another file; what is said of all rows stays the first one's. A row that
/// differs in nothing but the time from one that is there is left out, and that is told in
/// diagnostics.
void append(Measurements file, Measurements& all);

/// "resnet50" for "models/resnet50.onnx": what measurements and models are matched by.
[[nodiscard]] std::string model_stem(const std::string& model);

}  // namespace roofline::calibrate
