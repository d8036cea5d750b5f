#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"

namespace roofline::report {

/// Seconds of a run by what they are spent on; they add up to its time.
struct TimeParts {
  double compute_s = 0, memory_s = 0, overhead_s = 0;
};

/// A layer that an advice makes faster. Seconds for as many items as a run has without it.
struct AdvisedLayer {
  std::string name;
  double before_s = 0, after_s = 0;
};

/// A scenario that saves time. Its figures are those of `analyze --scenario SCENARIO`, for as many
/// items as a run has without it.
struct Advice {
  std::string scenario;  ///< "precision:fp16"
  std::string summary;   ///< what it does
  double latency_s = 0;  ///< with this scenario alone
  double saved_s = 0;    ///< by this scenario alone
  /// Saved on top of those that stand before it in the best combination; nullopt: not part of it.
  std::optional<double> added_s;
  std::string addresses;  ///< the part of the time that it takes most of: "overhead", ...
  bool changes_results = false, needs_training = false;
  Count peak_memory_bytes = 0;
  std::string why;                   ///< one or two sentences with the numbers
  std::vector<AdvisedLayer> layers;  ///< that save most, most first
  std::vector<std::string> warnings;
};

/// A scenario that saves nothing, and why.
struct PointlessAdvice {
  std::string scenario;
  std::string summary;
  std::string why;
};

/// What would make a model faster on one machine.
struct MachineAdvice {
  HardwareInfo hardware;
  std::string runtime, precision, roof;
  int threads = 0;
  bool complete = true;  ///< false: something is unknown, times are lower bounds
  double latency_s = 0;  ///< as it is
  TimeParts parts;
  std::int64_t launches = 0;        ///< layers that run on the machine
  std::int64_t short_launches = 0;  ///< those that take less time than starting them
  std::vector<Advice> advice;  ///< most saved first; those that need training behind the others
  std::vector<PointlessAdvice> pointless;
  std::vector<std::string> combination;  ///< scenarios that go together, in the order to take them
  double combined_latency_s = 0;         ///< with all of these, for the items of a run as it is
};

/// The answer to `roofline advise`.
struct AdviceReport {
  std::string tool_version;
  ModelInfo model;
  std::vector<MachineAdvice> machines;
  std::vector<Diagnostic> diagnostics;
};

/// For people, on a terminal or as Markdown.
void render_text(const AdviceReport& advice, const TextOptions& options, std::ostream& out);
/// docs/schemas/advice.schema.json
void render_json(const AdviceReport& advice, std::ostream& out);

}  // namespace roofline::report
