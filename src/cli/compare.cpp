// Owns `roofline compare`: models and machines in, one row for each pair out.
// Refuses to compare anything itself.
#include "roofline/report/compare.hpp"

#include <array>
#include <ostream>

#include "command.hpp"
#include "option_groups.hpp"
#include "output.hpp"
#include "question.hpp"

namespace roofline::cli {
namespace {

ExitCode run_compare(const Arguments& arguments, const Streams& streams) {
  const Rendering rendering = read_rendering(arguments, streams);
  const bool layers = arguments.has("--layers");
  if (layers && !rendering.is_text()) {
    throw usage_error("--layers has no effect without --format text or markdown");
  }
  if (!layers && arguments.has("--top")) throw usage_error("--top has no effect without --layers");
  const Inputs inputs(arguments, OnMissingPrecision::kAsIs);
  std::vector<report::Report> reports;
  for (const std::string& path : arguments.positionals) reports.push_back(inputs.get(path));
  std::vector<const report::Report*> pointers;
  for (const report::Report& report : reports) pointers.push_back(&report);
  const report::Comparison comparison = report::compare(pointers);
  write_output(arguments, streams.out, [&](std::ostream& out) {
    if (rendering.format == "json") return render_json(comparison, out);
    if (rendering.format == "html") return render_html(pointers, out);
    render_text(comparison, rendering.text, layers, out);
  });
  bool broken = false;
  for (const report::Report& report : reports) broken |= print_errors(report, streams.err);
  return broken ? ExitCode::kInput : ExitCode::kOk;
}

constexpr auto kCompareRenderings = [] {
  auto options = kRenderingOptions;
  options[0].help = "text (default), markdown or json; html: a page with charts and tables";
  options[0].choices = [] { return Names{"text", "markdown", "json", "html"}; };
  return options;
}();
constexpr std::array kLayers = {
    OptionSpec{.group = "output",
               .name = "--layers",
               .help = "text, markdown: list layers whose bound is not the same on every machine"},
};
constexpr auto kCompareOptions =
    joined(kMachineOptions, kSizeOptions, kLayers, kCompareRenderings, kOutputOption);
constexpr std::string_view kCompareExamples =
    "roofline compare resnet50.onnx --hardware v100,xavier,rpi4b\n"
    "roofline compare resnet50.onnx mobilenet_v2.onnx --hardware t4,rpi5 --precision fp16\n"
    "roofline compare resnet50.onnx --hardware v100,t4 --layers --top 0\n"
    "roofline compare before.json after.json --format markdown";

}  // namespace

const Command kCompareCommand{
    "compare",
    "MODEL...",
    "one row for each model on each machine: time, speed-up, bound, memory",
    kCompareOptions,
    kCompareExamples,
    run_compare};

}  // namespace roofline::cli
