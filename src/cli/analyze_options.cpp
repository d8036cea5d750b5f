// Owns the meaning of analyze's flags.
// Refuses flags that would silently change nothing.
#include "analyze_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "output.hpp"
#include "roofline/base/text.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

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
  need({"--runtime", "--runtime-version", "--precision", "--threads", "--roof", "--copies",
        "--plot"},
       !options.question.machines.empty(), "--hardware");
  need({"--sort", "--top", "--group-by", "--explain", "--dims", "--plot"},
       options.format == Format::kText, "--format text");
  need({"--tensors"}, options.format == Format::kJson, "--format json");
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
  if (!options.explain) return;
  for (const std::string_view flag : {"--sort", "--top", "--group-by", "--dims", "--plot"}) {
    if (arguments.has(flag)) {
      throw usage_error(fmt::format("{} has no effect beside --explain", flag));
    }
  }
}

report::GroupBy group_by(const std::string& text) {
  const std::vector<std::string> names = {"op", "class", "scope"};
  choice("--group-by", text, names);
  return text == "op"      ? report::GroupBy::kOp
         : text == "class" ? report::GroupBy::kClass
                           : report::GroupBy::kScope;
}

Format format(const std::string& text) {
  const std::vector<std::string> names = {"text", "json", "csv", "svg", "html"};
  choice("--format", text, names);
  return static_cast<Format>(std::find(names.begin(), names.end(), text) - names.begin());
}

}  // namespace

AnalyzeOptions analyze_options(const Arguments& arguments, bool out_is_terminal) {
  AnalyzeOptions options;
  options.model = arguments.positionals.front();
  options.question = question(arguments);
  options.question.request.tensors = arguments.has("--tensors");
  options.question.request.explain = arguments.has("--explain");
  if (const std::string* text = arguments.one("--format")) options.format = format(*text);
  if (const std::string* text = arguments.one("--output")) options.output = *text;
  if (const std::string* text = arguments.one("--explain")) options.explain = *text;
  options.text = terminal_options(out_is_terminal && !options.output);
  if (const std::string* text = arguments.one("--sort")) {
    options.text.sort = choice("--sort", *text, report::sort_keys());
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
