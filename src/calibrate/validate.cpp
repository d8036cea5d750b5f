// Owns the way from a measured row to its prediction: which model, machine, runtime and sizes.
// Refuses to compare what does not fit; a row that is left out is told of, with the reason.
#include "roofline/calibrate/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "roofline/base/text.hpp"
#include "roofline/calibrate/bindings.hpp"
#include "roofline/calibrate/samples.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/analyze.hpp"

namespace roofline::calibrate {
namespace {

constexpr std::string_view kAsIs = "as-is";
constexpr std::size_t kMostUnmatched = 100;
constexpr std::size_t kMostNames = 6;  ///< of models without a file

/// Something wrong with one row, which is then left out.
Error unfit(std::string message, std::string hint = {}) {
  return {"not-compared", "", std::move(message), std::move(hint)};
}

/// Loads each file once; a file that fails, fails again for every row that needs it.
template <class Value>
class Cache {
 public:
  template <class Load>
  const Value& get(const std::string& name, Load load) {
    if (const auto failed = failures_.find(name); failed != failures_.end()) throw failed->second;
    std::unique_ptr<const Value>& value = values_[name];
    if (value) return *value;
    try {
      value = std::make_unique<const Value>(load(name));
    } catch (const Error& error) {
      failures_.emplace(name, error);
      throw;
    }
    return *value;
  }

 private:
  std::map<std::string, std::unique_ptr<const Value>> values_;
  std::map<std::string, Error> failures_;
};

class Validator {
 public:
  explicit Validator(const ValidateRequest& request) : request_(request) {
    if (request.hardware) (void)profile(*request.hardware);
    for (const std::string& path : request.models) {
      if (models_.emplace(model_stem(path), path).second) continue;
      throw Error(ExitCode::kUsage,
                  {.severity = Severity::kError,
                   .code = "usage",
                   .message = fmt::format("two models are called '{}'", model_stem(path)),
                   .hint = "measurements name models by file: validate one at a time"});
    }
  }

  void add(const Measurements& file) {
    const auto& told = file.diagnostics;
    validation_.diagnostics.insert(validation_.diagnostics.end(), told.begin(), told.end());
    for (const Measurement& row : file.rows) {
      const std::string path = model_file(file, row);
      if (path.empty()) {
        ++missing_[model_stem(row.model)];
        continue;
      }
      const std::string location = fmt::format("{}:{}", file.path, row.line);
      const std::string& id = machine(row, location);
      try {
        validation_.rows.push_back(compare(path, row, profile(id)));
        measured_.insert(path);
      } catch (const Error& error) {
        leave_out(error.diagnostic(), location);
      }
    }
  }

  Validation take() {
    tell_missing();
    for (const auto& [stem, path] : models_) {
      if (measured_.contains(path)) continue;
      tell({.severity = Severity::kWarning,
            .code = "no-measurement",
            .message = fmt::format("no measurement of '{}' was compared", printable(stem)),
            .location = path});
    }
    for (const auto& [name, size] : request_.dims) {
      if (used_dims_.contains(name) || validation_.rows.empty()) continue;
      tell({.severity = Severity::kWarning,
            .code = "unknown-dim",
            .message = fmt::format("no model has a dimension named '{}'", printable(name)),
            .hint = "'roofline analyze MODEL --dims' lists them"});
    }
    if (validation_.rows.empty()) fail();
    if (untold_ > 0) {
      validation_.diagnostics.push_back(
          {.severity = Severity::kWarning,
           .code = "more-findings",
           .message = fmt::format("{} more findings like these", untold_)});
    }
    validation_.roof = request_.roof == hardware::Roof::kMeasured ? "measured" : "datasheet";
    summarize(validation_);
    return std::move(validation_);
  }

 private:
  void tell(Diagnostic diagnostic) {
    const std::string key = diagnostic.location + '\n' + diagnostic.message;
    if (!told_.insert(key).second) return;
    if (told_.size() > kMostUnmatched)
      ++untold_;
    else
      validation_.diagnostics.push_back(std::move(diagnostic));
  }

  void tell_missing() {
    if (missing_.empty()) return;
    std::vector<std::string> names;
    int rows = 0;
    for (const auto& [model, count] : missing_) {
      if (names.size() < kMostNames) names.push_back(ellipsize(printable(model), 60));
      rows += count;
    }
    if (missing_.size() > names.size()) {
      names.push_back(fmt::format("{} more", missing_.size() - names.size()));
    }
    tell({.severity = Severity::kNote,
          .code = "no-model",
          .message = fmt::format("{} of models that were not given or found: {}",
                                 counted(rows, "row"), join(names, ", "))});
  }

  void leave_out(const Diagnostic& why, const std::string& row) {
    const std::string where =
        why.location.empty() || why.location == row ? "" : fmt::format("{}: ", why.location);
    tell({.severity = Severity::kWarning,
          .code = "not-compared",
          .message = fmt::format("{}{}; the row is left out", where, why.message),
          .hint = why.hint,
          .location = row});
  }

  [[noreturn]] void fail() const {
    std::string hint = "--models DIR says where the measured models are";
    if (!validation_.diagnostics.empty()) {
      const Diagnostic& first = validation_.diagnostics.front();
      hint = fmt::format("the first finding: {}{}{}", first.location,
                         first.location.empty() ? "" : ": ", first.message);
    }
    throw Error("nothing-compared", "", "no measurement could be compared with a prediction", hint);
  }

  /// The file of the row's model, "" when there is none.
  [[nodiscard]] std::string model_file(const Measurements& file, const Measurement& row) const {
    if (row.model.empty()) {
      if (models_.size() == 1) return models_.begin()->second;
      throw Error(ExitCode::kUsage, {.severity = Severity::kError,
                                     .code = "usage",
                                     .message = "a profile does not name its model",
                                     .hint = "give the one MODEL that was profiled",
                                     .location = file.path});
    }
    const std::string stem = model_stem(row.model);
    const auto given = models_.find(stem);
    if (given != models_.end()) return given->second;
    if (!request_.models.empty() && request_.model_dirs.empty()) return "";
    std::vector<std::string> folders = request_.model_dirs;
    folders.push_back(std::filesystem::path(file.path).parent_path().string());
    const std::string path = find_model(row.model, folders);
    return path.empty() ? find_model(stem, folders) : path;
  }

  /// Id or file of the row's machine.
  [[nodiscard]] const std::string& machine(const Measurement& row,
                                           const std::string& location) const {
    if (request_.hardware) return *request_.hardware;
    if (!row.hardware.empty()) return row.hardware;
    throw Error(ExitCode::kUsage, {.severity = Severity::kError,
                                   .code = "usage",
                                   .message = "the measurement names no machine",
                                   .hint = "give --hardware ID|FILE, or a column 'hardware'",
                                   .location = location});
  }
  const hardware::Profile& profile(const std::string& id) {
    return profiles_.get(id, [](const std::string& name) { return hardware::find(name); });
  }

  std::map<std::string, std::int64_t> dims(const ir::Model& model, const Measurement& row) {
    std::map<std::string, std::int64_t> result = bound_dims(model, row);
    if (request_.dims.empty()) return result;
    const std::set<std::string> symbols = input_symbols(model);
    for (const auto& [name, size] : request_.dims) {
      if (!symbols.contains(name)) continue;
      result[name] = size;
      used_dims_.insert(name);
    }
    return result;
  }

  Request request_for(const ir::Model& model, const hardware::Profile& profile,
                      const Measurement& row) {
    Request request;
    request.hardware = {&profile};
    request.bindings.dims = dims(model, row);
    if (request_.runtime || !row.runtime.empty()) {
      request.plan.runtime = request_.runtime.value_or(row.runtime);
    }
    const std::string precision = request_.precision.value_or(row.precision);
    if (!precision.empty() && precision != kAsIs) {
      request.plan.precision = hardware::precision_from_name(precision);
      if (!request.plan.precision) {
        throw unfit(fmt::format("there is no precision '{}'", printable(precision)));
      }
    }
    request.estimate.roof = request_.roof;
    request.estimate.threads = request_.threads.value_or(row.threads);
    request.estimate.version = row.version;
    request.explain = !row.nodes.empty();
    return request;
  }

  ValidatedRow compare(const std::string& path, const Measurement& row,
                       const hardware::Profile& profile) {
    const ir::Model& model = loaded_.get(
        path, [](const std::string& name) { return onnx_io::load(name, onnx_io::Digest::kSkip); });
    const Request request = request_for(model, profile, row);
    const report::Report report = analyze(model, request);
    for (Diagnostic diagnostic : report.diagnostics) {
      if (diagnostic.severity == Severity::kNote && diagnostic.code != "unbound-dim") continue;
      if (diagnostic.location.empty()) diagnostic.location = path;
      tell(std::move(diagnostic));
    }
    const report::Result& result = report.results.front();
    if (!(result.predicted_latency_s > 0)) throw unfit("the prediction is no time above zero");
    ValidatedRow out{.model = model_stem(path),
                     .hardware = profile.id,
                     .runtime = result.runtime,
                     .precision = result.precision,
                     .threads = result.threads,
                     .dims = request.bindings.dims};
    out.version = row.version;
    out.source = row.source;
    out.calibration = result.hardware.calibration_status;
    out.time = {row.seconds, result.predicted_latency_s};
    out.roofline_s = result.roofline_latency_s;
    out.repeat_error = repeat_error(row.round_medians_s);
    out.noisy = row.noisy;
    out.complete = result.complete;
    if (!row.nodes.empty()) out.layers = compare_layers(report, row.nodes);
    return out;
  }

  const ValidateRequest& request_;
  std::map<std::string, std::string> models_;  ///< those given: name -> file
  Cache<ir::Model> loaded_;
  Cache<hardware::Profile> profiles_;
  Validation validation_;
  std::map<std::string, int> missing_;  ///< model without a file -> rows
  std::set<std::string> measured_;      ///< files that some row was compared with
  std::set<std::string> used_dims_;
  std::set<std::string> told_;
  std::size_t untold_ = 0;  ///< findings beyond those that are listed
};

}  // namespace

Validation validate(const std::vector<Measurements>& measurements, const ValidateRequest& request) {
  Validator validator(request);
  for (const Measurements& file : measurements) validator.add(file);
  return validator.take();
}

}  // namespace roofline::calibrate
