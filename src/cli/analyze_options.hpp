#pragma once
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "question.hpp"
#include "roofline/report/render.hpp"

namespace roofline::cli {

/// In the order of format_names().
enum class Format { kText, kMarkdown, kJson, kNdjson, kCsv, kSvg, kHtml };
/// Values of --format.
[[nodiscard]] Names format_names();

/// The flags of `roofline analyze`, checked.
struct AnalyzeOptions {
  std::vector<std::string> operands;  ///< files and directories; one file unless `many`
  /// One line, or table, for all models: asked for by several operands, a directory or a flag that
  /// means many, never by what a directory or a pattern happens to hold.
  bool many = false;
  std::size_t jobs = 0;  ///< threads of `many`; 0: one for each core
  report::Detail detail = report::Detail::kLayers;
  Question question;
  Format format = Format::kText;
  std::optional<std::string> output;
  std::optional<std::string> explain;
  report::TextOptions text;
  bool dims = false;  ///< list the model's open sizes instead of pricing it
  bool strict = false;
};

/// Throws Error (kUsage) for bad values and for flags that would have no effect.
[[nodiscard]] AnalyzeOptions analyze_options(const Arguments& arguments, bool out_is_terminal);

/// Prices every model of the operands. Throws Error where nothing can be priced.
ExitCode analyze_many(const AnalyzeOptions& options, const Streams& streams);

/// Prints what a report's findings are, from `least` on, and whether they are a failure: an error
/// always, with `strict` also a figure that is not exact.
ExitCode judge(const report::Report& report, bool strict, Severity least, std::ostream& err);

}  // namespace roofline::cli
