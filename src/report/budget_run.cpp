// Owns which result of a report a budget is about.
// Refuses results of other machines, rules and sizes, however near.
#include <fmt/format.h>

#include <tuple>

#include "format.hpp"
#include "roofline/base/text.hpp"
#include "roofline/report/budget.hpp"

namespace roofline::report {
namespace {

auto key(const Run& run) {
  return std::tie(run.model, run.hardware, run.runtime, run.precision, run.threads, run.sizes.dims,
                  run.sizes.shapes, run.sizes.values, run.sizes.trip_counts);
}

constexpr std::string_view kDatasheet = "datasheet";

std::string words(const Result& result) {
  std::string text = fmt::format("{}, runtime {}, precision {}", result.hardware.id, result.runtime,
                                 result.precision);
  if (result.threads > 0) text += fmt::format(", {} threads", result.threads);
  if (result.roof != kDatasheet) text += fmt::format(", {} roof", result.roof);
  if (result.copy_s > 0) text += ", with copies";
  return printable(text);
}

/// The flags that answer the rule's question, behind `roofline analyze MODEL`.
std::string flags(const Run& run) {
  std::string text;
  if (!run.hardware.empty()) {
    text = fmt::format(" --hardware {} --runtime {}", run.hardware, run.runtime);
    if (run.precision != "as-is") text += " --precision " + run.precision;
    if (run.threads > 0) text += fmt::format(" --threads {}", run.threads);
  }
  for (const auto& [name, size] : run.sizes.dims) text += fmt::format(" --dim {}={}", name, size);
  for (const auto& [name, shape] : run.sizes.shapes) {
    text += fmt::format(" --shape {}={}", name, shape_text(shape));
  }
  return text;
}

class Narrowing {
 public:
  Narrowing(const Report& report, const Rule& rule, const std::string& path)
      : report_(report), rule_(rule), path_(path) {}

  void check_sizes() const {
    const infer::Bindings& sizes = rule_.run.sizes;
    for (const auto& [symbol, size] : sizes.dims) {
      const auto found = report_.model.dims.find(symbol);
      if (found == report_.model.dims.end())
        fail(fmt::format("'{}' is of a model without a dimension '{}'", path_, symbol));
      if (found->second != size)
        fail(fmt::format("'{}' is of {}={}, expected {}={}", path_, symbol, found->second, symbol,
                         size));
    }
    for (const auto& [name, shape] : sizes.shapes) check_shape(name, shape);
    if (!sizes.values.empty() || !sizes.trip_counts.empty()) {
      fail("saved reports do not tell values and trip counts", "check the model itself");
    }
  }

  [[noreturn]] void fail_without_result(const std::string& hardware) const {
    std::vector<std::string> has;
    for (const Result& result : report_.results) has.push_back(words(result));
    Result asked;
    asked.hardware.id = hardware;
    asked.runtime = rule_.run.runtime;
    asked.precision = rule_.run.precision;
    asked.threads = rule_.run.threads;
    asked.roof = kDatasheet;
    fail(fmt::format("'{}' has no result for {}; it has {}", path_, words(asked),
                     has.empty() ? "none" : join(has, "; ")));
  }

 private:
  void check_shape(const std::string& name, const ir::Shape& shape) const {
    for (const TensorInfo& input : report_.model.inputs) {
      if (input.name != name) continue;
      if (input.shape == shape) return;
      fail(fmt::format("'{}' is of {}={}, expected {}={}", path_, name, shape_text(input.shape),
                       name, shape_text(shape)));
    }
    fail(fmt::format("'{}' is of a model without an input '{}'", path_, name),
         "saved reports tell the shapes of inputs only; check the model itself for others");
  }

  [[noreturn]] void fail(std::string message, std::string hint = {}) const {
    if (hint.empty()) {
      hint = fmt::format("save one with: roofline analyze {}{} --format json -o {}",
                         report_.model.path, flags(rule_.run), path_);
    }
    throw Error(
        ExitCode::kUsage,
        {Severity::kError, "no-result", std::move(message), std::move(hint), rule_.location, {}});
  }

  const Report& report_;
  const Rule& rule_;
  const std::string& path_;
};

}  // namespace

bool operator<(const Run& a, const Run& b) { return key(a) < key(b); }

Report narrowed(Report report, const Rule& rule, const std::string& hardware,
                const std::string& path) {
  const Narrowing narrowing(report, rule, path);
  narrowing.check_sizes();
  const Run& run = rule.run;
  const auto is_other = [&](const Result& result) {
    return result.hardware.id != hardware || result.runtime != run.runtime ||
           result.precision != run.precision || result.threads != run.threads ||
           result.roof != kDatasheet || result.copy_s > 0;
  };
  std::vector<Result> kept;
  for (Result& result : report.results) {
    if (!hardware.empty() && kept.empty() && !is_other(result)) kept.push_back(std::move(result));
  }
  if (kept.empty() && !hardware.empty()) narrowing.fail_without_result(hardware);
  report.results = std::move(kept);
  return report;
}

}  // namespace roofline::report
