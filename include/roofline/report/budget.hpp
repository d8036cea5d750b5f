#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/units.hpp"
#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"
#include "roofline/report/run.hpp"

namespace roofline::report {

/// A figure as a report knows it. SI base units; a share is a fraction.
struct Measured {
  double value = 0;
  bool complete = true;  ///< false: at least this much; at most, for a figure that has a minimum
};

/// What a figure can be measured of: a layer of the report's only result, or one of its nodes.
struct Part {
  const LayerRow* layer = nullptr;
  std::size_t node = 0;  ///< where there is no layer
};

/// How a limit is written.
enum class LimitForm : std::uint8_t {
  kQuantity,   ///< "340 ms"; "+5 %" or "+2 ms" against a baseline
  kForbidden,  ///< a list of operators
  kAllowed,    ///< a list of operators
  kVersions,   ///< {min: 13, max: 21}
};

/// One figure that a budget can limit.
struct Figure {
  std::string_view key;    ///< in the file: "peak_memory"
  std::string_view title;  ///< for people: "peak memory"
  Unit unit = Unit::kCount;
  std::string_view example = {};      ///< of a limit: "200 MB"
  bool is_minimum = false;            ///< its limit is the least it may be
  bool needs_machine = false;         ///< reports without a result do not have it
  bool follows_plan = false;          ///< depends on the machine where there is one
  bool adds_up = false;               ///< over layers: budgets of layers and classes may limit it
  bool has_culprits = false;          ///< the layers with most of it are to blame
  std::string_view culprits_by = {};  ///< another figure's key, where layers are blamed for that
  LimitForm form = LimitForm::kQuantity;
  Measured (*total)(const Report&) = nullptr;  ///< of a report with one result at the most
  Measured (*part)(const Report&, const Part&) = nullptr;
};
/// Every figure, in the order of the documentation.
[[nodiscard]] std::span<const Figure> figures();
/// nullptr when there is none of that key.
[[nodiscard]] const Figure* find_figure(std::string_view key);

/// True for what is counted: bytes, MACs, nodes.
[[nodiscard]] bool is_whole(Unit unit);

/// What the numbers of a limit are.
enum class Basis : std::uint8_t {
  kAbsolute,
  kShare,       ///< change as a share of the baseline: 0.05 for "+5 %"
  kDifference,  ///< change in the figure's unit
};

/// One limit of one figure.
struct Limit {
  const Figure* figure = nullptr;
  std::string text = {};  ///< as written: "340 ms", "+5 %"
  int line = 0;           ///< in the budget file
  Basis basis = Basis::kAbsolute;
  std::optional<double> least = {}, most = {};
  std::vector<std::string> ops = {};  ///< "Type", or "domain.Type" outside ai.onnx
};

/// One entry of a budget file: a run, a part of it, and limits.
struct Rule {
  Run run = {};                 ///< whose figures are limited
  std::string location = {};    ///< file:line:column
  std::string baseline = {};    ///< file of a model or saved report; "": none
  bool allow_unknown = false;   ///< lower bounds pass where they are within the limit
  std::string each_layer = {};  ///< pattern: limits hold for every layer of such a name
  std::string cls = {};         ///< limits hold for the sum over layers of this class
  std::vector<Limit> limits = {};
};

struct Budget {
  std::string path;
  std::vector<Rule> rules;  ///< at least one, each with at least one limit
};

/// Reads a budget file (docs/ci.md, docs/schemas/budget.schema.json). Paths in it are relative to
/// it; those returned are relative to the working directory. Throws Error with file:line:column.
[[nodiscard]] Budget read_budget(std::string_view text, const std::string& path);
/// Throws Error "unreadable-file" as well.
[[nodiscard]] Budget read_budget_file(const std::string& path);

/// A layer to blame for a broken limit.
struct Culprit {
  std::string id, name;  ///< as in JSON
  std::string label;     ///< the name as text shows it
  std::string op;        ///< "Conv 3x3"
  Measured now = {};
  std::optional<double> before = {};  ///< with a baseline; nullopt for a layer it does not have
};

enum class Judgement : std::uint8_t {
  kHolds,
  kBroken,
  kUnknown,  ///< what is known is within the limit, but something is not known
  kNoLayer,  ///< no layer has such a name
};
/// "holds", "broken", "unknown", "no-layer".
[[nodiscard]] std::string_view judgement_name(Judgement judgement);

/// What became of one limit. It points into the Budget, which must outlive it.
struct Verdict {
  const Rule* rule = nullptr;
  const Limit* limit = nullptr;
  std::string model;     ///< file that was checked
  std::string hardware;  ///< id; "" without a machine
  Judgement judgement = Judgement::kHolds;
  std::optional<Measured> value = {};           ///< nullopt without a layer to measure
  std::optional<double> least = {}, most = {};  ///< absolute, whatever the limit's basis
  std::optional<double> baseline = {};
  bool has_baseline = false;            ///< culprits are compared with one
  const Figure* culprits_by = nullptr;  ///< what `culprits` are measured in
  std::vector<Culprit> culprits = {};   ///< the worst first
  std::size_t more_culprits = 0;

  [[nodiscard]] bool passes() const { return judgement == Judgement::kHolds; }
};

/// Judges every limit of a rule. `report` has the rule's result and no other (none without a
/// machine), as has `baseline`, which is nullptr where the rule has none. Throws Error (kUsage,
/// "baseline-mismatch") when they cannot be compared.
[[nodiscard]] std::vector<Verdict> evaluate(const Rule& rule, const Report& report,
                                            const Report* baseline);

/// A report reduced to what the rule is about. `hardware` is the id of the rule's machine, `path`
/// the file of the report. Throws Error (kUsage, "no-result") when it has no such result, or is of
/// other sizes.
[[nodiscard]] Report narrowed(Report report, const Rule& rule, const std::string& hardware,
                              const std::string& path);

/// Every verdict on a budget.
struct Check {
  std::string_view tool_version;
  std::string budget;  ///< path of the file
  std::vector<Verdict> verdicts;
  [[nodiscard]] std::size_t broken() const;
};
/// For people: a table, then for every broken budget the layers to blame.
void render_text(const Check& check, const TextOptions& options, std::ostream& out);
/// docs/schemas/check.schema.json
void render_json(const Check& check, std::ostream& out);
/// One test suite per model, one test case per budget.
void render_junit(const Check& check, std::ostream& out);
/// Workflow commands of GitHub Actions: one error per broken budget, at its line.
void render_github(const Check& check, std::ostream& out);
/// A summary for a pull request.
void render_markdown(const Check& check, std::ostream& out);

/// What `roofline check --init` knows besides the report.
struct BudgetDraft {
  std::string model;                  ///< path as the budget file is to say it
  std::vector<std::string> hardware;  ///< ids or paths, in the order of the report's results
  infer::Bindings sizes;
  double headroom = 0.05;  ///< a fraction of today's figures
};
/// A commented budget file that `report` passes.
void write_budget(const Report& report, const BudgetDraft& draft, std::ostream& out);

}  // namespace roofline::report
