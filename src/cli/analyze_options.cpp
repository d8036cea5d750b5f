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

constexpr std::int64_t kMostThreads = 1 << 20;
constexpr std::array kPrecisions = {hardware::Precision::kFp64, hardware::Precision::kFp32,
                                    hardware::Precision::kTf32, hardware::Precision::kFp16,
                                    hardware::Precision::kBf16, hardware::Precision::kFp8,
                                    hardware::Precision::kInt8, hardware::Precision::kInt4};

std::vector<std::string> split_hardware(const std::vector<std::string>& values) {
  std::vector<std::string> machines;
  for (const std::string& value : values) {
    for (const std::string_view machine : split(value, ',')) {
      if (machine.empty()) {
        throw usage_error(fmt::format(
            "--hardware: found '{}', expected ids or files separated by commas", printable(value)));
      }
      machines.emplace_back(machine);
    }
  }
  return machines;
}

template <class Map, class Read>
void read_assignments(const Arguments& arguments, std::string_view flag, std::string_view form,
                      Map& map, Read read) {
  for (const std::string& text : arguments.all(flag)) {
    const auto [name, value] = assignment(flag, text, form);
    if (!map.emplace(name, read(flag, value)).second) {
      throw usage_error(fmt::format("{}: '{}' was given twice", flag, printable(name)));
    }
  }
}

infer::Bindings bindings(const Arguments& arguments) {
  infer::Bindings result;
  read_assignments(
      arguments, "--dim", "a size as in batch=8", result.dims,
      [](std::string_view flag, const std::string& text) { return integer(flag, text, 0); });
  read_assignments(arguments, "--shape", "a shape as in image=1x3x224x224 or image=scalar",
                   result.shapes, shape);
  read_assignments(
      arguments, "--trip-count", "a number of iterations as in decoder=20", result.trip_counts,
      [](std::string_view flag, const std::string& text) { return integer(flag, text, 0); });
  read_assignments(arguments, "--value", "elements as in steps=1,2,3", result.values, numbers);
  return result;
}

std::optional<hardware::Precision> precision(const std::string* text) {
  if (!text) return std::nullopt;
  std::vector<std::string> names = {"as-is"};
  for (const hardware::Precision p : kPrecisions) names.emplace_back(hardware::precision_name(p));
  return hardware::precision_from_name(choice("--precision", *text, names));
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
  need({"--runtime", "--runtime-version", "--precision", "--threads", "--roof", "--copies"},
       !options.hardware.empty(), "--hardware");
  need({"--sort", "--top", "--group-by", "--explain", "--dims"}, options.format == Format::kText,
       "--format text");
  need({"--tensors"}, options.format == Format::kJson, "--format json");
  if (options.text.sort == "time" && arguments.has("--sort") && options.hardware.empty()) {
    throw usage_error("--sort time has no effect without --hardware");
  }
  if (options.dims && !options.hardware.empty()) {
    throw usage_error("--hardware has no effect beside --dims");
  }
  if (!options.explain) return;
  for (const std::string_view flag : {"--sort", "--top", "--group-by", "--dims"}) {
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
  const std::vector<std::string> names = {"text", "json", "csv"};
  choice("--format", text, names);
  return text == "json" ? Format::kJson : text == "csv" ? Format::kCsv : Format::kText;
}

}  // namespace

AnalyzeOptions analyze_options(const Arguments& arguments, bool out_is_terminal) {
  AnalyzeOptions options;
  options.model = arguments.positionals.front();
  options.hardware = split_hardware(arguments.all("--hardware"));
  read_request(arguments, options.request);
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
  options.strict = arguments.has("--strict");
  options.dims = arguments.has("--dims");
  check_use(arguments, options);
  return options;
}

}  // namespace roofline::cli
