// Owns `roofline advise`: model and machines in, priced what-ifs out.
// Refuses to try or to rank anything itself.
#include "roofline/advise/advise.hpp"

#include <array>
#include <ostream>

#include "option_groups.hpp"
#include "output.hpp"
#include "question.hpp"

namespace roofline::cli {
namespace {

ExitCode run_advise(const Arguments& arguments, const Streams& streams) {
  Rendering rendering = read_rendering(arguments, streams);
  if (!arguments.has("--top")) rendering.text.top = 5;
  Question asked = question(arguments);
  if (asked.machines.empty()) {
    throw usage_error("advice is for a machine: give --hardware",
                      "'roofline hardware list' names the machines");
  }
  const std::vector<hardware::Profile> profiles = load_profiles(asked.machines);
  for (const hardware::Profile& profile : profiles) asked.request.hardware.push_back(&profile);
  const ir::Model model = onnx_io::load(arguments.positionals.front());
  const report::AdviceReport advice = advise::advise(model, asked.request);
  write_output(arguments, streams.out, [&](std::ostream& out) {
    if (rendering.format == "json") return render_json(advice, out);
    render_text(advice, rendering.text, out);
  });
  bool broken = false;
  for (const Diagnostic& diagnostic : advice.diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    print(diagnostic, streams.err);
    broken = true;
  }
  return broken ? ExitCode::kInput : ExitCode::kOk;
}

constexpr auto kAdviseRenderings = [] {
  auto options = kRenderingOptions;
  options[1].help = "text, markdown: advice to explain, 5 by default, 0 for all";
  return options;
}();
constexpr auto kAdviseOptions =
    joined(kMachineOptions, kSizeOptions, kScenarioOptions, kAdviseRenderings, kOutputOption);
constexpr std::string_view kAdviseExamples =
    "roofline advise mobilenet_v2.onnx --hardware v100\n"
    "roofline advise vgg16.onnx --hardware rpi4b --top 0\n"
    "roofline advise bert_base.onnx --hardware v100 --scenario precision:fp16 --format json";

}  // namespace

const Command kAdviseCommand{
    "advise",
    "MODEL",
    "what would make a model faster on a machine: priced what-ifs, best first",
    kAdviseOptions,
    kAdviseExamples,
    run_advise};

}  // namespace roofline::cli
