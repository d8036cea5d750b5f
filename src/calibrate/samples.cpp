// Owns the way from measured rows to samples: finding models and machines, planning.
// Refuses to fit.
#include "roofline/calibrate/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>

#include "roofline/base/text.hpp"
#include "roofline/calibrate/bindings.hpp"
#include "roofline/calibrate/validate.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/analyze.hpp"

namespace roofline::calibrate {
namespace {

namespace fs = std::filesystem;

constexpr double kFormWidth = 0.08;     ///< relative error of the form itself, where it fits well
constexpr double kNodeWidth = 0.15;     ///< the same of one step in a model that has others
constexpr double kClockSeconds = 1e-6;  ///< what profilers round to
/// Of a step that is a sample of its own: behind a long step, short ones find nothing of their code
/// in the caches, but in models they come in crowds.
constexpr std::int64_t kLeastCopyBytes = 32768;

class Preparer {
 public:
  Preparer(const Measurements& measurements, const SampleSources& sources)
      : measurements_(measurements), sources_(sources), folders_(sources.model_dirs) {
    folders_.push_back(fs::path(measurements.path).parent_path().string());
  }

  Samples run() {
    std::size_t done = 0;
    for (const Measurement& row : measurements_.rows) {
      if (is_wanted(row)) {
        try {
          add(row);
        } catch (const Error& error) {
          Diagnostic diagnostic = error.diagnostic();
          diagnostic.severity = Severity::kWarning;
          diagnostic.message =
              fmt::format("row of '{}' left out: {}", row.model, diagnostic.message);
          samples_.diagnostics.push_back(std::move(diagnostic));
        }
      }
      if (sources_.progress != nullptr) sources_.progress(++done, measurements_.rows.size());
    }
    return std::move(samples_);
  }

 private:
  [[nodiscard]] bool is_wanted(const Measurement& row) const {
    return (sources_.runtime.empty() || row.runtime.empty() || row.runtime == sources_.runtime) &&
           (sources_.without.empty() || row.hardware != sources_.without);
  }

  void add(const Measurement& row) {
    const std::shared_ptr<const ir::Model> loaded = model(row);
    infer::Bindings bindings;
    bindings.dims = bound_dims(*loaded, row);
    plan::PlanOptions plan;
    const std::string& runtime = row.runtime.empty() ? sources_.runtime : row.runtime;
    if (!runtime.empty()) plan.runtime = runtime;
    if (!row.precision.empty() && row.precision != "as-is") {
      plan.precision = hardware::precision_from_name(row.precision);
      if (!plan.precision) {
        throw Error("unknown-precision", measurements_.path,
                    fmt::format("'{}' is no precision", printable(row.precision)),
                    "such as fp32, fp16, int8 or as-is");
      }
    }
    estimate::EstimateOptions options;
    options.threads = row.threads;
    options.version = row.version;
    Sample sample;
    sample.label = row.model;
    sample.workload =
        std::make_shared<const Workload>(loaded, bindings, machine(row), plan, options);
    sample.steps.resize(sample.workload->plan().steps.size());
    std::iota(sample.steps.begin(), sample.steps.end(), std::size_t{0});
    sample.seconds = row.seconds;
    const double spread = row.p10_s && row.p90_s ? (*row.p90_s - *row.p10_s) / row.seconds / 4 : 0;
    sample.width = std::hypot(kFormWidth, spread);
    const std::shared_ptr<const Workload> workload = sample.workload;
    samples_.list.push_back(std::move(sample));
    if (!row.nodes.empty() && is_mixed(workload->plan())) {
      Request request = {.bindings = bindings, .plan = plan, .estimate = options};
      request.hardware = {&workload->profile()};
      add_nodes(row, analyze(*loaded, request), workload);
    }
  }

  /// Several kinds of kernels: the whole does not tell how long each of them takes.
  static bool is_mixed(const plan::Plan& plan) {
    std::string_view first;
    for (const plan::Step& step : plan.steps) {
      if (step.kind == plan::StepKind::kHost) continue;
      if (first.empty()) first = step.kernel.kind;
      if (step.kernel.kind != first) return true;
    }
    return false;
  }

  void add_nodes(const Measurement& row, const report::Report& report,
                 const std::shared_ptr<const Workload>& workload) {
    for (const LayerPair& layer : compare_layers(report, row.nodes).layers) {
      const double seconds = layer.time.measured_s;
      Count bytes = 0;
      for (const auto& access : workload->plan().steps[layer.step].accesses) bytes += access.bytes;
      if (seconds <= 0 || bytes < kLeastCopyBytes) continue;
      Sample sample;
      sample.label = row.model + " " + layer.name;
      sample.workload = workload;
      sample.steps = {layer.step};
      sample.whole = false;
      sample.seconds = seconds;
      sample.width = std::hypot(kNodeWidth, kClockSeconds / seconds);
      samples_.list.push_back(std::move(sample));
    }
  }

  std::shared_ptr<const ir::Model> model(const Measurement& row) {
    const std::string path = find_model(row.model, folders_);
    if (path.empty()) {
      throw Error("unknown-model", measurements_.path,
                  fmt::format("no file '{}' in {}", printable(row.model), join(folders_, ", ")),
                  "say where the models are with --models DIR");
    }
    auto& known = models_[path];
    if (!known) known = std::make_shared<const ir::Model>(onnx_io::load(path));
    return known;
  }

  const hardware::Profile& machine(const Measurement& row) {
    if (row.hardware.empty() && sources_.machine != nullptr) return *sources_.machine;
    if (sources_.machine != nullptr && sources_.machine->id == row.hardware) {
      return *sources_.machine;
    }
    auto& known = machines_[row.hardware];
    if (!known) {
      known = std::make_shared<const hardware::Profile>(hardware::find(row.hardware));
      samples_.profiles.push_back(known);
    }
    return *known;
  }

  const Measurements& measurements_;
  const SampleSources& sources_;
  std::vector<std::string> folders_;
  std::map<std::string, std::shared_ptr<const ir::Model>> models_ = {};
  std::map<std::string, std::shared_ptr<const hardware::Profile>> machines_ = {};
  Samples samples_ = {};
};

}  // namespace

std::string find_model(const std::string& name, const std::vector<std::string>& folders) {
  const auto is_file = [](const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
  };
  for (const std::string& ending : {std::string(), std::string(".onnx")}) {
    for (const std::string& folder : folders) {
      const fs::path path = fs::path(folder) / (name + ending);
      if (is_file(path)) return path.string();
    }
    if (is_file(name + ending)) return name + ending;
  }
  return {};
}

Samples prepare(const Measurements& measurements, const SampleSources& sources) {
  return Preparer(measurements, sources).run();
}

}  // namespace roofline::calibrate
