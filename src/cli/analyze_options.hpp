#pragma once
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "question.hpp"
#include "roofline/report/render.hpp"

namespace roofline::cli {

enum class Format { kText, kJson, kCsv, kSvg, kHtml };

/// The flags of `roofline analyze`, checked.
struct AnalyzeOptions {
  std::string model;
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

}  // namespace roofline::cli
