// Owns what a report's findings mean: what is said on the error output, and the exit code.
// Refuses to render the report.
#include <fmt/format.h>

#include <algorithm>

#include "analyze_options.hpp"
#include "roofline/base/text.hpp"

namespace roofline::cli {
namespace {

/// Why a report is not exact, "" when it is.
std::string missing(const report::Report& report) {
  std::vector<std::string> reasons;
  if (report.coverage.unknown > 0) {
    reasons.push_back(
        fmt::format("the cost of {} is unknown", counted(report.coverage.unknown, "node")));
  }
  const auto assumed = std::count_if(report.diagnostics.begin(), report.diagnostics.end(),
                                     [](const Diagnostic& d) { return d.code == "unbound-dim"; });
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

ExitCode judge(const report::Report& report, bool strict, Severity least, std::ostream& err) {
  bool broken = false;
  for (const Diagnostic& diagnostic : report.diagnostics) {
    broken = broken || diagnostic.severity == Severity::kError;
    if (diagnostic.severity >= least) print(diagnostic, err);
  }
  if (broken) return ExitCode::kInput;
  const std::string reasons = strict ? missing(report) : "";
  if (reasons.empty()) return ExitCode::kOk;
  print({Severity::kError,
         "incomplete",
         "--strict: " + reasons,
         "the report says which; without --strict this is no failure",
         report.model.path,
         {}},
        err);
  return ExitCode::kIncomplete;
}

bool print_errors(const report::Report& report, std::ostream& err) {
  return judge(report, false, Severity::kError, err) != ExitCode::kOk;
}

}  // namespace roofline::cli
