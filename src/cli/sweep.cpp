// Owns `roofline sweep`: ranges in, one table or plot per machine out.
// Refuses to price anything itself.
#include "roofline/pipeline/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "option_groups.hpp"
#include "output.hpp"
#include "question.hpp"
#include "roofline/base/text.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "values.hpp"

namespace roofline::cli {
namespace {

constexpr std::size_t kMostPoints = 100000;
constexpr std::size_t kShownSizes = 12;

SweepRequest sweep_request(const Arguments& arguments, const Question& question) {
  SweepRequest request{
      .base = question.request, .dims = question.swept, .precisions = question.precisions};
  if (question.machines.empty()) {
    throw usage_error("roofline sweep: --hardware is missing",
                      "'roofline hardware list' names the machines");
  }
  if (request.dims.empty()) {
    throw usage_error("roofline sweep: no size is swept, expected --dim with a range",
                      "as in --dim batch=1..64 or --dim batch=1,8,64; 'roofline analyze MODEL "
                      "--dims' lists the names");
  }
  std::size_t points = request.precisions.size() * question.machines.size();
  for (const SweptDim& dim : request.dims) {
    points = std::min(points, kMostPoints + 1) * std::min(dim.sizes.size(), kMostPoints + 1);
  }
  if (points > kMostPoints) {
    throw usage_error(fmt::format("roofline sweep: more than {} sizes", kMostPoints),
                      "take steps as in 1..4096*2 or 128..4096+128");
  }
  if (const std::string* text = arguments.one("--max-latency")) {
    request.max_latency_s = quantity("--max-latency", *text, Unit::kSecond, "a time as in 20ms");
  }
  return request;
}

ExitCode run_sweep(const Arguments& arguments, const Streams& streams) {
  const Question asked = question(arguments, Ranges::kAllowed);
  SweepRequest request = sweep_request(arguments, asked);
  const std::string* given = arguments.one("--format");
  const std::string shape = given == nullptr ? "text" : *given;
  if (arguments.has("--top") && shape != "text") {
    throw usage_error("--top has no effect without --format text");
  }
  const std::vector<hardware::Profile> profiles = load_profiles(asked.machines);
  for (const hardware::Profile& profile : profiles) request.base.hardware.push_back(&profile);
  const std::string* output = arguments.one("--output");
  report::TextOptions options = terminal_options(streams.out_is_terminal && output == nullptr);
  options.top = kShownSizes;
  if (const std::string* text = arguments.one("--top")) {
    options.top = static_cast<std::size_t>(integer("--top", *text, 0));
  }
  ProgressLine line(streams.err);
  request.progress = [&](double done) { line.show(fmt::format("sweeping, {:.0f} %", done * 100)); };
  const ir::Model model = onnx_io::load(arguments.positionals.front(), onnx_io::Digest::kSkip);
  const report::Sweep result = sweep(model, request);
  line.clear();
  const auto write = [&](std::ostream& out) {
    if (shape == "json") return render_json(result, out);
    if (shape == "csv") return render_csv(result, out);
    if (shape == "html") return render_html(result, out);
    render_text(result, options, out);
  };
  if (output != nullptr)
    write_file(*output, write);
  else
    write(streams.out);
  if (shape == "csv") {
    for (const Diagnostic& diagnostic : result.diagnostics) print(diagnostic, streams.err);
  }
  return ExitCode::kOk;
}

constexpr std::array kSweepOwnOptions = {
    OptionSpec{.group = "sweep",
               .name = "--max-latency",
               .value = "TIME",
               .help = "the best throughput is looked for below it, as in 20ms"},
    OptionSpec{
        .group = "output",
        .name = "--format",
        .value = "F",
        .help = "text (default), csv or json, which list every size, or html: a page with charts",
        .choices =
            [] {
              return Names{"text", "csv", "json", "html"};
            }},
};
constexpr std::array kTextOptions = {
    OptionSpec{.group = "text",
               .name = "--top",
               .value = "N",
               .help = "sizes to list: about 12 by default, 0 for all"},
};
constexpr auto kSweepOptions =
    joined(kSweepSizeOptions, kSweepMachineOptions, kSweepOwnOptions, kOutputOption, kTextOptions);
constexpr std::string_view kSweepExamples =
    "roofline sweep resnet50.onnx --hardware v100 --dim batch=1..256 --max-latency 20ms\n"
    "roofline sweep bert_base.onnx --hardware t4 --precision fp32,fp16 --dim sequence=64..512*2\n"
    "roofline sweep gpt2.onnx --hardware l4,a100-80gb --dim sequence=128..1024+128 --dim "
    "batch=1,8 \\\n  --format csv -o gpt2.csv";

}  // namespace

const Command kSweepCommand{
    "sweep",       "MODEL",        "how time, throughput and memory grow with a size",
    kSweepOptions, kSweepExamples, run_sweep};

}  // namespace roofline::cli
