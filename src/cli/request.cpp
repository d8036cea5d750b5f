// Owns `roofline request`: a file that describes a request in, its latency and throughput out.
// Refuses to price anything itself.
#include "roofline/pipeline/request.hpp"

#include <array>
#include <ostream>

#include "command.hpp"
#include "option_groups.hpp"
#include "output.hpp"

namespace roofline::cli {
namespace {

ExitCode run_request(const Arguments& arguments, const Streams& streams) {
  const Rendering rendering = read_rendering(arguments, streams);
  const RequestFile file = read_request_file(arguments.positionals.front());
  const report::RequestReport report = price(file);
  write_output(arguments, streams.out, [&](std::ostream& out) {
    if (rendering.format == "json") return render_json(report, out);
    render_text(report, rendering.text, out);
  });
  bool broken = false;
  for (const Diagnostic& diagnostic : report.diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    print(diagnostic, streams.err);
    broken = true;
  }
  return broken ? ExitCode::kInput : ExitCode::kOk;
}

constexpr std::array kFormat = {kRenderingOptions[0]};
constexpr auto kRequestOptions = joined(kFormat, kOutputOption);
constexpr std::string_view kRequestExamples =
    "roofline request examples/request/detector.yaml\n"
    "roofline request detector.yaml --format markdown\n"
    "roofline request detector.yaml --format json -o request.json";

}  // namespace

const Command kRequestCommand{
    "request",
    "FILE",
    "a whole request: pre-processing, models, post-processing and the copies between devices",
    kRequestOptions,
    kRequestExamples,
    run_request};

}  // namespace roofline::cli
