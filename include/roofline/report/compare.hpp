#pragma once
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"

namespace roofline::report {

/// One of the models compared.
struct ComparedModel {
  std::string path;
  std::string skeleton_sha256;
  std::int64_t nodes = 0;
  Count parameters = 0, macs = 0, flops = 0;
  bool complete = true;  ///< false: macs and flops are lower bounds
};

/// A model on a machine: one row of the comparison.
struct ComparedRun {
  std::size_t model = 0;  ///< index into Comparison::models
  HardwareInfo hardware;
  std::string runtime, precision, roof;
  std::string computed_in;  ///< the precision, and what as-is came to: "as-is (fp32)"
  int threads = 0;
  bool complete = true;  ///< false: times and bytes are lower bounds
  double predicted_latency_s = 0, roofline_latency_s = 0;
  std::optional<double> throughput_per_s;
  /// The first run's predicted latency / this one's; nullopt unless both are complete.
  std::optional<double> speedup;
  double attained = 0;  ///< roofline / predicted latency, 0 to 1
  std::string bound, bottleneck;
  /// Parts of the predicted latency whose bottleneck is this, 0 to 1.
  double memory_share = 0, compute_share = 0, overhead_share = 0;
  Count peak_memory_bytes = 0;
  std::optional<Count> memory_capacity_bytes;
  std::optional<bool> fits_in_memory;  ///< nullopt: not known, or a lower bound fits
};

/// A layer on one of the runs.
struct LayerOnRun {
  std::size_t run = 0;  ///< index into Comparison::runs
  std::string bound;
  double seconds = 0;  ///< predicted
  double share = 0;    ///< of the run's predicted latency
};

/// A layer of one model whose bound is not the same on every machine.
struct BoundChange {
  std::size_t model = 0;
  std::string id, name;          ///< of its first node
  std::string label;             ///< the name as text shows it
  std::string op;                ///< "Conv 3x3 s2"
  std::vector<LayerOnRun> runs;  ///< of this model, where the layer exists
};

/// Models on machines, side by side. It refers to no report.
struct Comparison {
  std::string tool_version;  ///< of the first report
  std::vector<ComparedModel> models;
  std::vector<ComparedRun> runs;  ///< models in order, and machines in the order of each
  /// Those with the largest share of any run's time come first.
  std::vector<BoundChange> layers;
  std::vector<Diagnostic> notes;  ///< notes and warnings of the reports
};

/// Puts the results of reports side by side. Layers are matched by their first node. Throws Error
/// (kUsage, "no-result") for a report without results.
[[nodiscard]] Comparison compare(std::span<const Report* const> reports);

/// For people, on a terminal or as Markdown. `layers`: list options.top of those whose bound
/// changes.
void render_text(const Comparison& comparison, const TextOptions& options, bool layers,
                 std::ostream& out);
/// docs/schemas/comparison.schema.json
void render_json(const Comparison& comparison, std::ostream& out);

}  // namespace roofline::report
