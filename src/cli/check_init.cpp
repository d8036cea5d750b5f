// Owns `roofline check --init`: today's figures in, a budget file out.
// Refuses to write what `roofline check` could not read or would not pass.
#include "check_init.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>

#include "question.hpp"
#include "roofline/base/output_file.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/report/budget.hpp"
#include "roofline/report/read.hpp"

namespace roofline::cli {
namespace {

namespace fs = std::filesystem;

double headroom(const Arguments& arguments) {
  const std::string* text = arguments.one("--headroom");
  if (!text) return report::BudgetDraft().headroom;
  const std::optional<double> share = parse_quantity(*text, Unit::kShare);
  if (!share || *share < 0) {
    throw usage_error(
        fmt::format("--headroom: found '{}', expected a share such as 5%", printable(*text)));
  }
  return *share;
}

const std::string& only_model(const Arguments& arguments) {
  if (arguments.positionals.size() != 1) {
    throw usage_error(
        fmt::format("--init: found {} models, expected one", arguments.positionals.size()));
  }
  const std::string& path = arguments.positionals.front();
  if (report::is_saved_report(path)) {
    throw usage_error(
        fmt::format("--init: '{}' is a saved report, expected a model", printable(path)));
  }
  return path;
}

/// `path` as a file in `directory` says it.
std::string seen_from(const fs::path& directory, const std::string& path) {
  std::error_code failed;
  const fs::path relative = fs::proximate(path, directory, failed);
  return failed ? path : relative.string();
}

}  // namespace

ExitCode run_check_init(const Arguments& arguments, const Streams& streams) {
  const std::string& path = only_model(arguments);
  const Question asked = question(arguments);
  const std::string* output = arguments.one("--output");
  const fs::path directory = output ? fs::absolute(*output).parent_path() : fs::current_path();
  report::BudgetDraft draft;
  draft.headroom = headroom(arguments);
  draft.model = seen_from(directory, path);
  draft.sizes = asked.request.bindings;
  for (const std::string& machine : asked.machines) {
    draft.hardware.push_back(hardware::is_file(machine) ? seen_from(directory, machine) : machine);
  }
  const std::vector<hardware::Profile> profiles = load_profiles(asked.machines);
  Request request = asked.request;
  for (const hardware::Profile& profile : profiles) request.hardware.push_back(&profile);
  const ir::Model model = onnx_io::load(path, onnx_io::Digest::kSkip);
  const report::Report report = analyze(model, request);
  if (print_errors(report, streams.err)) return ExitCode::kInput;
  // Sizes that were assumed are part of what is promised.
  for (const infer::Dimension& dimension : infer::dimensions(model)) {
    const auto size = report.model.dims.find(dimension.symbol);
    if (dimension.is_input && size != report.model.dims.end()) draft.sizes.dims.insert(*size);
  }
  const auto write = [&](std::ostream& out) { write_budget(report, draft, out); };
  if (output)
    write_file(*output, write);
  else
    write(streams.out);
  return ExitCode::kOk;
}

}  // namespace roofline::cli
