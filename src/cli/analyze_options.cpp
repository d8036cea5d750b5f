// Owns the meaning of analyze's flags.
// Refuses flags that would silently change nothing.
#include "analyze_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>

#include "output.hpp"
#include "roofline/base/text.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

constexpr std::int64_t kMostJobs = 1024;

bool asks_for_many(const Arguments& arguments, Format format) {
  const auto& operands = arguments.positionals;
  std::error_code unreadable;
  return operands.size() > 1 || arguments.has("--jobs") || arguments.has("--totals") ||
         format == Format::kNdjson || std::filesystem::is_directory(operands.front(), unreadable);
}

/// Flags that are about the layers of one model.
void check_many(const Arguments& arguments, const AnalyzeOptions& options) {
  for (const std::string_view flag :
       {"--sort", "--top", "--group-by", "--plot", "--explain", "--dims"}) {
    if (!arguments.has(flag)) continue;
    throw usage_error(fmt::format("{} is for one model, not for many", flag),
                      "name one .onnx file, without --jobs and --totals");
  }
  if (options.format == Format::kJson) {
    throw usage_error("--format json is one report, not many",
                      "--format ndjson writes one JSON report per line");
  }
  if (options.format == Format::kMarkdown || options.format == Format::kSvg ||
      options.format == Format::kHtml) {
    throw usage_error(fmt::format("--format {} is about one model, not many",
                                  format_names()[static_cast<std::size_t>(options.format)]),
                      "'roofline compare' puts several on one page");
  }
}

/// Flags that mean something only beside another one.
void check_use(const Arguments& arguments, const AnalyzeOptions& options) {
  const auto need = [&](std::initializer_list<std::string_view> flags, bool met,
                        std::string_view condition) {
    for (const std::string_view flag : flags) {
      if (arguments.has(flag) && !met) {
        throw usage_error(fmt::format("{} has no effect without {}", flag, condition));
      }
    }
  };
  const bool is_text = options.format == Format::kText;
  need({"--plot"}, !options.question.machines.empty(), "--hardware");
  need({"--explain", "--dims", "--plot"}, is_text, "--format text");
  need({"--sort", "--top", "--group-by"}, is_text || options.format == Format::kMarkdown,
       "--format text or markdown");
  need({"--tensors"}, options.format == Format::kJson || options.format == Format::kNdjson,
       "--format json or ndjson");
  if (options.text.sort == "time" && arguments.has("--sort") && options.question.machines.empty()) {
    throw usage_error("--sort time has no effect without --hardware");
  }
  if (options.format == Format::kSvg && options.question.machines.empty()) {
    throw usage_error("--format svg draws machines' roofs: give --hardware",
                      "'roofline hardware list' names the machines");
  }
  if (options.dims && !options.question.machines.empty()) {
    throw usage_error("--hardware has no effect beside --dims");
  }
  if (options.many) check_many(arguments, options);
  if (!options.explain) return;
  for (const std::string_view flag : {"--sort", "--top", "--group-by", "--dims", "--plot"}) {
    if (arguments.has(flag)) {
      throw usage_error(fmt::format("{} has no effect beside --explain", flag));
    }
  }
}

report::GroupBy group_by(const std::string& text) {
  return text == "op"      ? report::GroupBy::kOp
         : text == "class" ? report::GroupBy::kClass
                           : report::GroupBy::kScope;
}

/// `text` is one of format_names().
Format format(const std::string& text) {
  const Names names = format_names();
  return static_cast<Format>(std::find(names.begin(), names.end(), text) - names.begin());
}

}  // namespace

Names format_names() { return {"text", "markdown", "json", "ndjson", "csv", "svg", "html"}; }

AnalyzeOptions analyze_options(const Arguments& arguments, bool out_is_terminal) {
  AnalyzeOptions options;
  options.operands = arguments.positionals;
  options.question = question(arguments);
  options.question.request.tensors = arguments.has("--tensors");
  options.question.request.explain = arguments.has("--explain");
  if (const std::string* text = arguments.one("--format")) options.format = format(*text);
  options.many = asks_for_many(arguments, options.format);
  if (arguments.has("--totals")) options.detail = report::Detail::kTotals;
  if (const std::string* text = arguments.one("--jobs")) {
    options.jobs = static_cast<std::size_t>(std::min(integer("--jobs", *text, 0), kMostJobs));
  }
  if (const std::string* text = arguments.one("--output")) options.output = *text;
  if (const std::string* text = arguments.one("--explain")) options.explain = *text;
  options.text = terminal_options(out_is_terminal && !options.output);
  if (options.format == Format::kMarkdown) options.text.markup = report::Markup::kMarkdown;
  if (const std::string* text = arguments.one("--sort")) {
    options.text.sort = *text;
  }
  if (const std::string* text = arguments.one("--top")) {
    options.text.top = static_cast<std::size_t>(integer("--top", *text, 0));
  }
  if (const std::string* text = arguments.one("--group-by")) {
    options.text.group_by = group_by(*text);
  }
  options.text.plot = arguments.has("--plot");
  options.strict = arguments.has("--strict");
  options.dims = arguments.has("--dims");
  check_use(arguments, options);
  return options;
}

}  // namespace roofline::cli
