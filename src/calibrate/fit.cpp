// Owns the fit: which parameters move, what they are compared with, how sure the result is.
// Refuses to read measurements and to write profiles.
#include "roofline/calibrate/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <map>
#include <string_view>
#include <tuple>

#include "parameters.hpp"
#include "roofline/base/text.hpp"
#include "roofline/calibrate/least_squares.hpp"
#include "roofline/calibrate/metrics.hpp"
#include "roofline/estimate/latency.hpp"

namespace roofline::calibrate {
namespace {

using hardware::Calibration;
using hardware::KernelTiming;

constexpr double kDifference = 1e-3;    ///< step of the numerical derivatives, in logarithms
constexpr double kUnidentified = 0.85;  ///< of the prior's width: the data added next to nothing
constexpr int kLeastOfOperator = 2;     ///< samples that earn an operator times of its own
const std::vector<std::string> kOperatorParameters = {
    "kernels.*", "fused.*", "terms.run_s", "terms.step_s", "terms.*_residency", "terms.thread_*"};
/// What decides between numbers of threads; measurements of one number say nothing of it.
const std::vector<std::string> kThreadParameters = {"terms.thread_*", "*.serial", "*.grain_s",
                                                    "*.fork_s"};

std::string operator_key(const plan::Kernel& kernel) {
  return fmt::format("{}:{}", kernel.kind, kernel.op);
}

double runs(const plan::Step& step) { return step.repeat.value_or(1).as_double(); }

/// One calibration for each machine of the samples, alike but for what machines have of their own.
using Calibrations = std::map<std::string, Calibration>;

Calibrations for_machines(const std::vector<Sample>& samples, const Calibration& common,
                          const Calibrations& own) {
  Calibrations all;
  for (const Sample& sample : samples) {
    const std::string& id = sample.workload->profile().id;
    const auto known = own.find(id);
    all.try_emplace(id, known == own.end() ? common : known->second);
  }
  return all;
}

/// Times of all samples under calibrations that change.
class ModelClock {
 public:
  ModelClock(const std::vector<Sample>& samples, const Calibrations& calibrations)
      : samples_(samples), calibrations_(calibrations) {
    rebuild();
  }

  /// After a change of terms, precisions, fused or derates; times of kernels are seen as they are.
  void rebuild() {
    models_.clear();
    model_of_.clear();
    std::map<std::tuple<const hardware::Profile*, int, std::string_view>, std::size_t> known;
    for (const Sample& sample : samples_) {
      const Workload& w = *sample.workload;
      const auto [at, is_new] = known.try_emplace(
          {&w.profile(), w.options().threads, w.options().version}, models_.size());
      if (is_new) {
        models_.emplace_back(w.profile(), calibrations_.at(w.profile().id), w.options());
      }
      model_of_.push_back(at->second);
    }
  }

  [[nodiscard]] double step_s(std::size_t sample, std::size_t step) const {
    const Workload& w = *samples_[sample].workload;
    const plan::Step& planned = w.plan().steps[step];
    return runs(planned) *
           models_[model_of_[sample]].time(planned, w.plan(), w.distances().of_step(step)).total_s;
  }

  [[nodiscard]] double total_s(std::size_t sample) const {
    double total = samples_[sample].whole ? models_[model_of_[sample]].run_s() : 0;
    for (const std::size_t step : samples_[sample].steps) total += step_s(sample, step);
    return total;
  }

 private:
  const std::vector<Sample>& samples_;
  const Calibrations& calibrations_;
  std::vector<estimate::LatencyModel> models_ = {};
  std::vector<std::size_t> model_of_ = {};
};

/// The least-squares problem of one set of samples.
class Objective {
 public:
  Objective(const std::vector<Sample>& samples, const Calibration& start,
            std::vector<FreeParameter> parameters)
      : samples_(samples),
        calibrations_(for_machines(samples, start, {})),
        parameters_(std::move(parameters)),
        clock_(samples, calibrations_) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      for (const std::size_t step : samples[i].steps) {
        const plan::Kernel& kernel = samples[i].workload->plan().steps[step].kernel;
        const std::string key = estimate::timing_key(start, kernel);
        if (!key.empty()) uses_[key][i].push_back(step);
      }
    }
  }

  [[nodiscard]] std::vector<double> start() {
    std::vector<double> x;
    x.reserve(parameters_.size());
    for (const FreeParameter& p : parameters_) x.push_back(std::log(value(p)));
    return x;
  }

  [[nodiscard]] std::vector<double> residuals(const std::vector<double>& x) {
    set(x);
    std::vector<double> r(samples_.size());
    for (std::size_t i = 0; i < samples_.size(); ++i) r[i] = residual(i, clock_.total_s(i));
    return r;
  }

  [[nodiscard]] std::vector<SparseColumn> jacobian(const std::vector<double>& x) {
    set(x);
    totals_.resize(samples_.size());
    for (std::size_t i = 0; i < samples_.size(); ++i) totals_[i] = clock_.total_s(i);
    std::vector<SparseColumn> columns;
    columns.reserve(parameters_.size());
    for (const FreeParameter& p : parameters_) {
      columns.push_back(p.kernel.empty() ? global_column(p) : kernel_column(p));
    }
    return columns;
  }

  void set(const std::vector<double>& x) {
    for (std::size_t j = 0; j < x.size(); ++j) {
      const FreeParameter& p = parameters_[j];
      assign(p, std::clamp(std::exp(x[j]), p.least, p.most));
    }
    clock_.rebuild();
  }

  [[nodiscard]] const Calibrations& calibrations() const { return calibrations_; }
  [[nodiscard]] const std::vector<FreeParameter>& free() const { return parameters_; }

 private:
  [[nodiscard]] double value(const FreeParameter& p) {
    const std::string& id = p.machine.empty() ? calibrations_.begin()->first : p.machine;
    return *p.find(calibrations_.at(id), p);
  }

  void assign(const FreeParameter& p, double number) {
    for (auto& [id, calibration] : calibrations_) {
      if (p.machine.empty() || p.machine == id) *p.find(calibration, p) = number;
    }
  }

  [[nodiscard]] double residual(std::size_t sample, double seconds) const {
    return std::log(std::max(seconds, 1e-12) / samples_[sample].seconds) / samples_[sample].width;
  }

  SparseColumn global_column(const FreeParameter& p) {
    const double before = value(p);
    assign(p, before * std::exp(kDifference));
    clock_.rebuild();
    SparseColumn column;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const bool concerned = p.machine.empty() || samples_[i].workload->profile().id == p.machine;
      if (concerned) add(i, clock_.total_s(i), column);
    }
    assign(p, before);
    clock_.rebuild();
    return column;
  }

  SparseColumn kernel_column(const FreeParameter& p) {
    SparseColumn column;
    const auto uses = uses_.find(p.kernel);
    if (uses == uses_.end()) return column;
    const double before = value(p);
    std::vector<double> without;
    for (const auto& [sample, steps] : uses->second) {
      double seconds = totals_[sample];
      for (const std::size_t step : steps) seconds -= clock_.step_s(sample, step);
      without.push_back(seconds);
    }
    assign(p, before * std::exp(kDifference));
    std::size_t at = 0;
    for (const auto& [sample, steps] : uses->second) {
      double seconds = without[at++];
      for (const std::size_t step : steps) seconds += clock_.step_s(sample, step);
      add(sample, seconds, column);
    }
    assign(p, before);
    return column;
  }

  void add(std::size_t sample, double seconds, SparseColumn& column) const {
    const double change = residual(sample, seconds) - residual(sample, totals_[sample]);
    if (change == 0) return;
    column.rows.push_back(sample);
    column.values.push_back(change / kDifference);
  }

  const std::vector<Sample>& samples_;
  Calibrations calibrations_;
  std::vector<FreeParameter> parameters_;
  ModelClock clock_;
  /// Steps by key of their times and by sample.
  std::map<std::string, std::map<std::size_t, std::vector<std::size_t>>> uses_ = {};
  std::vector<double> totals_ = {};
};

struct Solution {
  Calibration calibration;
  Calibrations machines = {};
  std::vector<std::string> unidentified = {};
};

bool matches_any(std::string_view name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const auto& pattern) { return matches(name, pattern); });
}

std::vector<FreeParameter> choose(const Calibration& calibration,
                                  const std::vector<std::string>& patterns) {
  std::vector<FreeParameter> chosen;
  for (FreeParameter& p : parameters(calibration)) {
    if (matches_any(p.name, patterns)) chosen.push_back(std::move(p));
  }
  return chosen;
}

/// Whether the samples are all of the same number of threads.
bool is_of_one_count(const std::vector<Sample>& samples) {
  return std::all_of(samples.begin(), samples.end(), [&](const Sample& sample) {
    return sample.workload->options().threads == samples.front().workload->options().threads;
  });
}

/// Free parameters: common ones, and those that every machine of the samples has for itself.
std::vector<FreeParameter> all_free(const std::vector<Sample>& samples, const Calibration& start,
                                    const std::vector<std::string>& common,
                                    const FitOptions& options) {
  std::vector<FreeParameter> list = choose(start, common);
  const std::vector<FreeParameter> own = choose(start, options.per_machine);
  const bool one_count = is_of_one_count(samples);
  std::erase_if(list, [&](const FreeParameter& p) {
    return (one_count && matches_any(p.name, kThreadParameters)) ||
           std::any_of(own.begin(), own.end(), [&](const auto& o) { return o.name == p.name; });
  });
  for (const auto& [id, calibration] : for_machines(samples, start, {})) {
    for (FreeParameter p : own) {
      p.machine = id;
      list.push_back(std::move(p));
    }
  }
  return list;
}

Solution solve(const std::vector<Sample>& samples, const Calibration& start,
               const std::vector<std::string>& patterns, const FitOptions& options) {
  Objective objective(samples, start, all_free(samples, start, patterns, options));
  LeastSquaresProblem problem;
  problem.residuals = [&](const std::vector<double>& x) { return objective.residuals(x); };
  problem.jacobian = [&](const std::vector<double>& x) { return objective.jacobian(x); };
  problem.prior_mean = objective.start();
  for (const FreeParameter& p : objective.free()) {
    problem.prior_width.push_back(p.width * options.prior);
  }
  const LeastSquaresResult result = least_squares(problem, problem.prior_mean);
  objective.set(result.x);
  Solution solution = {.calibration = objective.calibrations().begin()->second};
  for (const FreeParameter& p : choose(start, options.per_machine)) {
    Calibration from = start;
    *p.find(solution.calibration, p) = *p.find(from, p);
  }
  if (!options.per_machine.empty()) solution.machines = objective.calibrations();
  for (std::size_t j = 0; j < result.x.size(); ++j) {
    if (result.width[j] <= kUnidentified * problem.prior_width[j]) continue;
    const FreeParameter& p = objective.free()[j];
    solution.unidentified.push_back(p.machine.empty() ? p.name : p.name + " of " + p.machine);
  }
  return solution;
}

/// Operators that the samples show often enough to have times of their own start from their kind's.
Calibration with_operators(const std::vector<Sample>& samples, Calibration calibration) {
  std::map<std::string, std::pair<int, const plan::Kernel*>> seen;
  for (const Sample& sample : samples) {
    std::map<std::string, const plan::Kernel*> here;
    for (const std::size_t step : sample.steps) {
      const plan::Kernel& kernel = sample.workload->plan().steps[step].kernel;
      if (!kernel.kind.empty()) here[operator_key(kernel)] = &kernel;
    }
    for (const auto& [key, kernel] : here) {
      seen[key].second = kernel;
      ++seen[key].first;
    }
  }
  std::map<std::string_view, int> operators;
  for (const auto& [key, use] : seen) ++operators[use.second->kind];
  for (const auto& [key, use] : seen) {
    const auto kind = calibration.kernels.find(use.second->kind);
    if (use.first < kLeastOfOperator || kind == calibration.kernels.end()) continue;
    if (operators[use.second->kind] > 1) calibration.kernels.try_emplace(key, kind->second);
  }
  return calibration;
}

/// All free parameters: first kinds as a whole, so that operators without times of their own get
/// an average, then operators.
Solution solve_all(const std::vector<Sample>& samples, const Calibration& start,
                   const FitOptions& options) {
  const bool operators = options.free.empty();
  const auto& patterns = operators ? kOperatorParameters : options.free;
  Solution solution = solve(samples, start, patterns, options);
  if (!operators) return solution;
  const Calibration detailed = with_operators(samples, solution.calibration);
  if (detailed.kernels.size() == solution.calibration.kernels.size()) return solution;
  return solve(samples, detailed, patterns, options);
}

/// Of whole models: what a calibration is for.
std::vector<TimePair> pairs(const std::vector<Sample>& samples, const std::vector<double>& times) {
  std::vector<TimePair> rows;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].whole) rows.push_back({samples[i].seconds, times[i]});
  }
  return rows;
}

double mape(const std::vector<Sample>& samples, const Solution& solution) {
  return accuracy(pairs(samples, predict(samples, solution.calibration, solution.machines))).mape;
}

/// Measured and predicted times of every `folds`-th model, fitted without them.
std::vector<TimePair> held_out(const std::vector<Sample>& samples, const Calibration& start,
                               const FitOptions& options, std::size_t fold, std::size_t folds) {
  std::vector<Sample> kept;
  std::vector<Sample> held;
  std::size_t model = 0;
  for (const Sample& sample : samples) {
    if (sample.whole) ++model;  // its steps follow it
    (model % folds == fold ? held : kept).push_back(sample);
  }
  const Solution fitted = solve_all(kept, start, options);
  return pairs(held, predict(held, fitted.calibration, fitted.machines));
}

std::optional<double> cross_validate(const std::vector<Sample>& samples, const Calibration& start,
                                     const FitOptions& options) {
  const auto folds = static_cast<std::size_t>(std::max(options.folds, 0));
  if (folds < 2 || samples.size() < 2 * folds) return std::nullopt;
  std::vector<std::future<std::vector<TimePair>>> parts;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    parts.push_back(std::async(
        std::launch::async, [&, fold] { return held_out(samples, start, options, fold, folds); }));
  }
  std::vector<TimePair> rows;
  for (auto& part : parts) {
    for (const TimePair& row : part.get()) rows.push_back(row);
  }
  return accuracy(rows).mape;
}

/// The kind that a sample's time is mostly spent in.
std::string main_kind(const ModelClock& clock, const std::vector<Sample>& samples, std::size_t i,
                      const Calibration& calibration) {
  std::map<std::string, double> seconds;
  for (const std::size_t step : samples[i].steps) {
    const plan::Kernel& kernel = samples[i].workload->plan().steps[step].kernel;
    std::string key = estimate::timing_key(calibration, kernel);
    if (key.empty()) key = std::string(kernel.kind) + " (no times)";
    seconds[key] += clock.step_s(i, step);
  }
  const auto most =
      std::max_element(seconds.begin(), seconds.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == seconds.end() ? "" : most->first;
}

std::vector<KindResidual> residuals_by_kind(const std::vector<Sample>& samples,
                                            const Solution& solution) {
  const Calibrations calibrations = for_machines(samples, solution.calibration, solution.machines);
  const ModelClock clock(samples, calibrations);
  std::map<std::string, std::vector<TimePair>> groups;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    groups[main_kind(clock, samples, i, solution.calibration)].push_back(
        {samples[i].seconds, clock.total_s(i)});
  }
  std::vector<KindResidual> list;
  for (const auto& [kind, rows] : groups) {
    const Accuracy a = accuracy(rows);
    list.push_back({kind, static_cast<int>(rows.size()), a.bias, a.mape});
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const KindResidual& a, const KindResidual& b) { return a.mape > b.mape; });
  return list;
}

}  // namespace

Workload::Workload(std::shared_ptr<const ir::Model> model, const infer::Bindings& bindings,
                   const hardware::Profile& profile, const plan::PlanOptions& plan,
                   const estimate::EstimateOptions& options)
    : model_(std::move(model)),
      graph_(infer::infer(*model_, bindings)),
      profile_(profile),
      plan_(plan::make_plan(graph_, &profile, plan)),
      options_(options),
      distances_(plan_) {}

std::vector<double> predict(const std::vector<Sample>& samples, const Calibration& calibration,
                            const Calibrations& machines) {
  const Calibrations calibrations = for_machines(samples, calibration, machines);
  const ModelClock clock(samples, calibrations);
  std::vector<double> times;
  times.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) times.push_back(clock.total_s(i));
  return times;
}

Fit fit(const std::vector<Sample>& samples, const Calibration& start, const FitOptions& options) {
  if (samples.empty()) {
    throw Error("no-measurements", "", "no measurement can be used for the fit",
                "see the warnings above for the rows that were left out");
  }
  if (!options.free.empty() && choose(start, options.free).empty()) {
    throw Error(
        "nothing-to-fit", "",
        fmt::format("no parameter of '{}' matches {}", start.runtime, join(options.free, ", ")),
        "'roofline hardware show' lists the parameters of a calibration");
  }
  Solution solution = solve_all(samples, start, options);
  Fit result;
  result.start_mape = mape(samples, {.calibration = start});
  result.mape = mape(samples, solution);
  result.cross_validated_mape = cross_validate(samples, start, options);
  result.kinds = residuals_by_kind(samples, solution);
  result.unidentified = std::move(solution.unidentified);
  result.calibration = std::move(solution.calibration);
  result.calibration.threads =
      is_of_one_count(samples) ? samples.front().workload->options().threads : 0;
  result.machines = std::move(solution.machines);
  return result;
}

}  // namespace roofline::calibrate
