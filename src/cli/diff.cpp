// Owns `roofline diff`: two models or reports in, what changed and whether it may out.
// Refuses to compare anything itself.
#include "roofline/report/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>

#include "command.hpp"
#include "option_groups.hpp"
#include "output.hpp"
#include "question.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

using report::GrowthLimit;
using report::Measure;
using report::Metric;

const Metric& metric(const std::string& key) {
  std::vector<std::string> keys;
  for (const auto& metrics : {report::result_metrics(), report::model_metrics()}) {
    for (const Metric& candidate : metrics) {
      if (candidate.key == key) return candidate;
      const bool listed = std::find(keys.begin(), keys.end(), candidate.key) != keys.end();
      if (!listed) keys.emplace_back(candidate.key);
    }
  }
  throw usage_error(
      fmt::format("--fail-on: found '{}', expected one of {}", printable(key), join(keys, ", ")),
      did_you_mean_hint(key, keys));
}

/// "1ms" and "2 MB": a number and, right behind it or after a blank, its unit; "7" for counts.
std::optional<double> amount(std::string_view text, Measure measure) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  if (digits == 0 || text.empty()) return std::nullopt;  // no second sign
  if (measure == Measure::kCount || text == "0") return parse_double(text);
  if (digits == std::string_view::npos) return std::nullopt;
  std::string quantity(text);
  if (quantity[digits] != ' ') quantity.insert(digits, 1, ' ');
  const Unit unit = measure == Measure::kSeconds ? Unit::kSecond
                    : measure == Measure::kBytes ? Unit::kByte
                                                 : Unit::kFlop;
  return parse_quantity(quantity, unit);
}

std::string_view example(Measure measure) {
  switch (measure) {
    case Measure::kSeconds:
      return "1ms";
    case Measure::kBytes:
      return "2MB";
    case Measure::kFlops:
      return "1MFLOP";
    case Measure::kCount:
      return "0";
  }
  return {};
}

GrowthLimit limit(const std::string& text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const Metric& what = metric(text.substr(0, colon));
  const std::string_view most = std::string_view(text).substr(colon);
  GrowthLimit result{.key = what.key};
  std::optional<double> value;
  if (most.starts_with(":+")) {
    result.relative = most.ends_with('%');
    const std::string_view number = most.substr(2);
    value = result.relative ? amount(number.substr(0, number.size() - 1), Measure::kCount)
                            : amount(number, what.measure);
  }
  if (!value || !std::isfinite(*value)) {
    throw usage_error(fmt::format("--fail-on: found '{}', expected growth as in {}:+5% or {}:+{}",
                                  printable(text), what.key, what.key, example(what.measure)));
  }
  result.most = result.relative ? *value / 100 : *value;
  return result;
}

std::vector<GrowthLimit> limits(const Arguments& arguments) {
  std::vector<GrowthLimit> list;
  for (const std::string& value : arguments.all("--fail-on")) {
    for (const std::string_view text : split(value, ',')) list.push_back(limit(std::string(text)));
  }
  return list;
}

ExitCode run_diff(const Arguments& arguments, const Streams& streams) {
  const Rendering rendering = read_rendering(arguments, streams);
  const std::vector<GrowthLimit> allowed = limits(arguments);
  const Inputs inputs(arguments);
  const report::Report before = inputs.get(arguments.positionals[0]);
  const report::Report after = inputs.get(arguments.positionals[1]);
  const report::Difference difference = report::diff(before, after);
  const std::vector<Diagnostic> breaches = report::exceeded(difference, allowed);
  write_output(arguments, streams.out, [&](std::ostream& out) {
    if (rendering.format == "json")
      render_json(difference, out);
    else
      render_text(difference, rendering.text, out);
  });
  const bool before_broken = print_errors(before, streams.err);
  const bool broken = print_errors(after, streams.err) || before_broken;
  for (const Diagnostic& breach : breaches) print(breach, streams.err);
  return broken ? ExitCode::kInput : breaches.empty() ? ExitCode::kOk : ExitCode::kCheckFailed;
}

constexpr std::array kFailOn = {
    OptionSpec{.group = "verdict",
               .name = "--fail-on",
               .value = "LIMITS",
               .help = "exit with 1 when a total grows by more, as in "
                       "latency:+5%,parameters:+0,dram_bytes:+2MB; totals: latency, roofline, "
                       "planned_bytes, dram_bytes, peak_memory, copies, nodes, parameters, "
                       "weight_bytes, macs, flops, transcendentals, traffic",
               .repeatable = true},
};
constexpr auto kDiffOptions =
    joined(kMachineOptions, kSizeOptions, kFailOn, kRenderingOptions, kOutputOption);
constexpr std::string_view kDiffExamples =
    "roofline diff resnet50.onnx resnet50_pruned.onnx --hardware v100\n"
    "roofline diff main.json model.onnx --hardware v100 --fail-on latency:+5%,parameters:+0\n"
    "roofline diff main.json branch.json --format markdown --top 5";

}  // namespace

const Command kDiffCommand{"diff",
                           "OLD NEW",
                           "compare two models or saved reports: what each changed layer costs",
                           kDiffOptions,
                           kDiffExamples,
                           run_diff};

}  // namespace roofline::cli
