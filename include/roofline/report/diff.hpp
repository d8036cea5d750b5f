#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"

namespace roofline::report {

/// An exact count, or seconds.
using Amount = std::variant<Count, double>;
[[nodiscard]] double as_double(const Amount& amount);
/// `after` - `before`, of one kind.
[[nodiscard]] Amount growth(const Amount& before, const Amount& after);
/// Equal counts; seconds that differ by less than rounding does.
[[nodiscard]] bool same(const Amount& before, const Amount& after);

enum class Measure { kCount, kFlops, kBytes, kSeconds };

/// One total that reports have.
struct Metric {
  std::string_view key;    ///< "latency": as flags call it
  std::string_view field;  ///< "predicted_latency_s": as JSON calls it
  std::string_view title;  ///< "predicted": as text calls it
  Measure measure;
};

/// One total of both reports.
struct Change {
  const Metric* metric = nullptr;
  Amount before, after;
  bool before_complete = true, after_complete = true;  ///< false: a lower bound
  [[nodiscard]] bool complete() const { return before_complete && after_complete; }
  [[nodiscard]] bool changed() const;
};

/// A word of both reports: a bound, an operator, a shape.
struct Words {
  std::string before, after;
  [[nodiscard]] bool changed() const { return before != after; }
};

/// What a layer costs in one report. Without a machine it is a node. nullopt: not known.
struct LayerCost {
  std::size_t index = 0;  ///< into Result::layers, or Report::nodes
  std::string id, name;   ///< as in JSON
  std::string label;      ///< the name as text shows it
  std::string op;         ///< "Conv 3x3 s2"
  std::string output;     ///< "1x64x56x56"
  std::string dtype;      ///< computed in; "" without a machine
  double seconds = 0;     ///< predicted; 0 without a machine
  std::optional<Count> macs, flops;
  std::optional<Count> bytes;       ///< planned, or algorithmic without a machine
  std::optional<Count> dram_bytes;  ///< nullopt without a machine
  Count parameters = 0;
  bool complete = true;  ///< false: seconds and bytes are lower bounds
};

/// A layer that only one report has, or that costs or is something else in the other.
struct LayerChange {
  std::optional<LayerCost> before;              ///< nullopt: added
  std::optional<LayerCost> after;               ///< nullopt: removed
  [[nodiscard]] std::string_view kind() const;  ///< "added", "removed" or "changed"
  /// The layer as it is now, or as it was if it is gone.
  [[nodiscard]] const LayerCost& layer() const { return after ? *after : *before; }
  // What was added to the cost, negative where it shrank: a side without the layer counts 0.
  // nullopt where a side does not know its figure.
  [[nodiscard]] double seconds() const;
  [[nodiscard]] std::optional<Count> macs() const;
  [[nodiscard]] std::optional<Count> flops() const;
  [[nodiscard]] std::optional<Count> bytes() const;
  [[nodiscard]] Count parameters() const;
};

/// Which results are of one kind: a pair is compared.
struct MachineUse {
  std::string id, name, digest;
  std::string runtime, precision, roof;
  int threads = 0;
};

/// Both reports on one machine.
struct ResultDifference {
  MachineUse machine;
  std::vector<Change> totals;  ///< every metric of results, changed or not
  Words bound, bottleneck;
  std::vector<LayerChange> layers;  ///< as Difference::nodes
  [[nodiscard]] bool empty() const;
};

/// What two reports differ in. It refers to neither.
struct Difference {
  std::string tool_version;  ///< of the report after
  Words path;
  std::vector<Change> totals;             ///< every metric of models, changed or not
  std::vector<ResultDifference> results;  ///< what both reports have; in the order of `after`
  /// Where `results` is empty. Those whose change costs most come first: by seconds on a machine,
  /// then FLOPs, then bytes; a saving weighs as much as a cost. Ties are in execution order.
  std::vector<LayerChange> nodes;
  /// What the comparison leaves out or rests on: machines that one report lacks, sizes that differ.
  std::vector<Diagnostic> notes;
  [[nodiscard]] bool empty() const;  ///< notes aside
};

/// Compares two reports. Layers are matched by name and, where exporters rename or number them, by
/// structure and order; layers with other names that are equal are no difference. Results are
/// matched by machine, runtime, precision, threads and roof.
/// Throws Error (kUsage, "baseline-mismatch") when a matched machine's profile or the tool's major
/// version is another: the times would differ for other reasons than the model.
[[nodiscard]] Difference diff(const Report& before, const Report& after);

/// Metrics of models and of results; keys are unique within each.
[[nodiscard]] std::span<const Metric> model_metrics();
[[nodiscard]] std::span<const Metric> result_metrics();

/// How much a total may grow.
struct GrowthLimit {
  std::string_view key;   ///< of a metric
  double most = 0;        ///< growth in the metric's unit, or as a share of what was before
  bool relative = false;  ///< `most` is a share
};
/// An error "growth" for every limit that a total breaks, on each machine that has it, else of the
/// model; and for every total whose growth is not known. Throws Error (kUsage, "no-result") for a
/// metric that only machines have where no machine was compared.
[[nodiscard]] std::vector<Diagnostic> exceeded(const Difference& difference,
                                               std::span<const GrowthLimit> limits);

/// For people, on a terminal or as Markdown: totals that changed, then options.top layers.
void render_text(const Difference& difference, const TextOptions& options, std::ostream& out);
/// docs/schemas/difference.schema.json
void render_json(const Difference& difference, std::ostream& out);

}  // namespace roofline::report
