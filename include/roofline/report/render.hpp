#pragma once
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/data/json_writer.hpp"
#include "roofline/report/report.hpp"

namespace roofline::report {

enum class GroupBy { kNone, kOp, kClass, kScope };

enum class Markup { kTerminal, kMarkdown };

/// How a person reads the report; JSON and CSV always list everything in execution order.
struct TextOptions {
  Markup markup = Markup::kTerminal;
  std::size_t width = 120;    ///< terminal columns; Markdown is as wide as it needs to be
  bool color = false;         ///< ANSI colours
  bool unicode = true;        ///< bars and arrows; ASCII otherwise
  std::size_t top = 20;       ///< layers to list; 0 = all
  std::string sort = "time";  ///< one of sort_keys()
  GroupBy group_by = GroupBy::kNone;
  bool plot = false;  ///< draw the layers under the roofs
};

/// Keys of --sort: "time", "order", "macs", "flops", "traffic", "intensity", "parameters",
/// "memory". "time" means FLOPs in a report without machines.
[[nodiscard]] std::vector<std::string> sort_keys();

/// For people, on a terminal or as Markdown: a summary, the layers that matter, notes and warnings.
/// Errors are left to the caller.
void render_text(const Report& report, const TextOptions& options, std::ostream& out);
/// How much of a report a script reads: thousands of models are compared by their totals.
enum class Detail { kLayers, kTotals };
/// The JSON contract (docs/schemas/report.schema.json), streamed. Totals leave out `nodes` and
/// `layers`, and say so: their kind is "totals".
void render_json(const Report& report, std::ostream& out,
                 data::JsonLayout layout = data::JsonLayout::kIndented,
                 Detail detail = Detail::kLayers);
/// The line of NDJSON that stands for a model without report
/// (docs/schemas/failure.schema.json).
void render_failure(const std::string& path, const Diagnostic& diagnostic,
                    std::string_view tool_version, std::ostream& out);
/// One header row, then one row per layer and machine (per node without machines), RFC 4180.
void render_csv(const Report& report, std::ostream& out);
// Many reports in one table, whose first column is the model's path: the header once, then rows.
[[nodiscard]] std::string csv_header(bool machines, Detail detail);
void render_csv_rows(const Report& report, Detail detail, std::ostream& out);
// Many reports for people: one line per model and machine, in columns that need no look ahead.
/// `path_width`: columns of the longest path; longer ones stick out.
[[nodiscard]] std::string line_header(bool machines, std::size_t path_width);
void render_lines(const Report& report, std::size_t path_width, std::ostream& out);
/// The roofline plot of every machine, one below the other; needs machines.
void render_svg(const Report& report, std::ostream& out);
/// One page for a browser, complete in itself: the models on their machines, with charts and tables
/// (docs/html_report.md).
void render_html(std::span<const Report* const> reports, std::ostream& out);
/// The derivation of one node's and its layer's figures, term by term. `node` is an id, a full name
/// or a name as the layer table shows it. Formula and operands are shown where the report has them.
/// Throws Error (kUsage, "unknown-node", "ambiguous-node") with candidates.
void render_explanation(const Report& report, std::string_view node, const TextOptions& options,
                        std::ostream& out);

}  // namespace roofline::report
