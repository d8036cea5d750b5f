// Owns `roofline analyze`: question in, report and exit code out.
// Refuses to price anything itself.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "analyze_options.hpp"
#include "output.hpp"
#include "roofline/base/text.hpp"
#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline::cli {
namespace {

/// Symbols named in the message of --strict.
constexpr std::string_view kUnboundDim = "unbound-dim";

report::Report price(const AnalyzeOptions& options) {
  std::vector<hardware::Profile> profiles;
  for (const std::string& machine : options.hardware) profiles.push_back(hardware::find(machine));
  Request request = options.request;
  for (const hardware::Profile& profile : profiles) request.hardware.push_back(&profile);
  // Only JSON carries the digest, which takes as long as the rest of loading.
  const auto digest =
      options.format == Format::kJson ? onnx_io::Digest::kCompute : onnx_io::Digest::kSkip;
  return analyze(onnx_io::load(options.model, digest), request);
}

void render(const report::Report& report, const AnalyzeOptions& options, std::ostream& out) {
  if (options.explain) return render_explanation(report, *options.explain, options.text, out);
  switch (options.format) {
    case Format::kText:
      return render_text(report, options.text, out);
    case Format::kJson:
      return render_json(report, out);
    case Format::kCsv:
      return render_csv(report, out);
  }
}

/// Errors always; what a CSV cannot carry too.
bool print_diagnostics(const report::Report& report, Format format, std::ostream& err) {
  bool broken = false;
  for (const Diagnostic& diagnostic : report.diagnostics) {
    const bool is_error = diagnostic.severity == Severity::kError;
    broken = broken || is_error;
    if (is_error || format == Format::kCsv) print(diagnostic, err);
  }
  return broken;
}

/// Why a report is not exact, "" when it is.
std::string missing(const report::Report& report) {
  std::vector<std::string> reasons;
  if (report.coverage.unknown > 0) {
    reasons.push_back(fmt::format("the cost of {} node{} is unknown", report.coverage.unknown,
                                  report.coverage.unknown == 1 ? "" : "s"));
  }
  const auto assumed = std::count_if(report.diagnostics.begin(), report.diagnostics.end(),
                                     [](const Diagnostic& d) { return d.code == kUnboundDim; });
  if (assumed > 0) {
    reasons.push_back(
        fmt::format("{} dimension{} assumed", assumed, assumed == 1 ? " was" : "s were"));
  }
  const bool complete =
      report.totals.complete && std::all_of(report.results.begin(), report.results.end(),
                                            [](const report::Result& r) { return r.complete; });
  if (!complete && reasons.empty()) reasons.emplace_back("some sums are lower bounds");
  return join(reasons, ", ");
}

}  // namespace

ExitCode run_analyze(const Arguments& arguments, const Streams& streams) {
  const AnalyzeOptions options = analyze_options(arguments, streams.out_is_terminal);
  const report::Report report = price(options);
  const auto write = [&](std::ostream& out) { render(report, options, out); };
  if (options.output)
    write_file(*options.output, write);
  else
    write(streams.out);
  if (print_diagnostics(report, options.format, streams.err)) return ExitCode::kInput;
  const std::string reasons = options.strict ? missing(report) : "";
  if (reasons.empty()) return ExitCode::kOk;
  print({Severity::kError,
         "incomplete",
         "--strict: " + reasons,
         "the report says which; without --strict this is no failure",
         options.model,
         {}},
        streams.err);
  return ExitCode::kIncomplete;
}

}  // namespace roofline::cli
