// Owns the walk over sizes: one loaded model, priced again at each.
// Refuses to keep the layers of every size: crossings are noticed on the way.
#include "roofline/pipeline/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace roofline {
namespace {

using report::SweepCrossing;
using report::SweepPoint;
using report::SweepSeries;

/// Every combination of the sizes of `dims`.
std::vector<std::map<std::string, std::int64_t>> combinations(std::span<const SweptDim> dims) {
  std::vector<std::map<std::string, std::int64_t>> all = {{}};
  for (const SweptDim& dim : dims) {
    std::vector<std::map<std::string, std::int64_t>> longer;
    for (const auto& sizes : all) {
      for (const std::int64_t size : dim.sizes) {
        longer.push_back(sizes);
        longer.back()[dim.name] = size;
      }
    }
    all = std::move(longer);
  }
  return all;
}

bool leads_an_input(const ir::Model& model, const std::string& symbol) {
  const std::vector<infer::Dimension> dimensions = infer::dimensions(model);
  return std::any_of(dimensions.begin(), dimensions.end(), [&](const infer::Dimension& d) {
    return d.symbol == symbol && d.is_input && d.axis == 0;
  });
}

/// One series under way: what each layer was bound by at the size before.
class SeriesWalk {
 public:
  SeriesWalk(std::map<std::string, std::int64_t> dims, bool counts_items)
      : counts_items_(counts_items) {
    series_.dims = std::move(dims);
  }

  void add(std::int64_t value, report::Result result) {
    note("", "", result.bound, value);
    for (const report::LayerRow& layer : result.layers) {
      if (layer.bound == "compute" || layer.bound == "memory") {
        note(layer.id, layer.name, layer.bound, value);
      }
    }
    series_.layers = static_cast<std::int64_t>(result.layers.size());
    result.layers.clear();
    std::optional<double> throughput = result.throughput_per_s;
    if (throughput && counts_items_) *throughput *= static_cast<double>(value);
    series_.points.push_back(
        {.value = value, .result = std::move(result), .throughput_per_s = throughput});
  }

  [[nodiscard]] SweepSeries& series() { return series_; }

 private:
  void note(const std::string& id, const std::string& name, const std::string& bound,
            std::int64_t value) {
    const auto [before, is_new] = bounds_.try_emplace(id, bound);
    if (is_new || before->second == bound) return;
    series_.crossings.push_back({id, name, value, before->second, bound});
    before->second = bound;
  }

  bool counts_items_;
  SweepSeries series_;
  std::unordered_map<std::string, std::string> bounds_;  ///< by layer id
};

class Sweeper {
 public:
  Sweeper(const ir::Model& model, const SweepRequest& request)
      : model_(model), request_(request), axis_(request.dims.front()) {
    out_.axis = axis_.name;
    out_.max_latency_s = request.max_latency_s;
    out_.counts_items = leads_an_input(model, axis_.name);
    others_ = combinations(std::span(request.dims).subspan(1));
    total_ = others_.size() * request.precisions.size() * axis_.sizes.size();
  }

  report::Sweep run() {
    for (const auto& precision : request_.precisions) {
      for (const auto& dims : others_) add_series(precision, dims);
    }
    return std::move(out_);
  }

 private:
  /// An error at one size, which its message then names.
  [[nodiscard]] Error broken_at(std::int64_t value, const Error& error) const {
    Diagnostic diagnostic = error.diagnostic();
    diagnostic.message = fmt::format("at {}={}: {}", axis_.name, value, diagnostic.message);
    return {error.exit_code(), diagnostic};
  }

  [[nodiscard]] report::Report analyze_at(const Request& request, std::int64_t value) const {
    try {
      return analyze(model_, request);
    } catch (const Error& error) {
      throw broken_at(value, error);
    }
  }

  report::Report price(const std::optional<hardware::Precision>& precision,
                       const std::map<std::string, std::int64_t>& dims, std::int64_t value) {
    Request request = request_.base;
    request.plan.precision = precision;
    request.bindings.dims.insert(dims.begin(), dims.end());
    request.bindings.dims[axis_.name] = value;
    report::Report report = analyze_at(request, value);
    for (const Diagnostic& d : report.diagnostics) {
      if (d.severity == Severity::kError) throw broken_at(value, Error(ExitCode::kInput, d));
      if (seen_.insert(d.code + d.node_id + d.location).second) out_.diagnostics.push_back(d);
    }
    return report;
  }

  /// One series per machine.
  void add_series(const std::optional<hardware::Precision>& precision,
                  const std::map<std::string, std::int64_t>& dims) {
    std::vector<SeriesWalk> walks(request_.base.hardware.size(),
                                  SeriesWalk(dims, out_.counts_items));
    for (const std::int64_t value : axis_.sizes) {
      report::Report report = price(precision, dims, value);
      if (out_.tool_version.empty()) {
        out_.tool_version = report.tool_version;
        out_.model = std::move(report.model);
      }
      for (std::size_t m = 0; m < walks.size(); ++m) {
        walks[m].add(value, std::move(report.results[m]));
      }
      if (request_.progress)
        request_.progress(static_cast<double>(++done_) / static_cast<double>(total_));
    }
    for (std::size_t m = 0; m < walks.size(); ++m) {
      SweepSeries& series = walks[m].series();
      series.largest_that_fits = largest_that_fits(series, precision, m);
      series.best = best(series);
      out_.series.push_back(std::move(series));
    }
  }

  /// Memory grows with the size, so that between the largest point that fits and the next one
  /// halving finds the limit.
  std::optional<std::int64_t> largest_that_fits(const SweepSeries& series,
                                                const std::optional<hardware::Precision>& precision,
                                                std::size_t machine) {
    std::optional<std::int64_t> fits;
    std::optional<std::int64_t> fails;
    for (const SweepPoint& point : series.points) {
      if (!point.result.fits_in_memory) return std::nullopt;
      if (*point.result.fits_in_memory) fits = std::max(fits.value_or(point.value), point.value);
    }
    for (const SweepPoint& point : series.points) {
      const bool above = !*point.result.fits_in_memory && fits && point.value > *fits;
      if (above) fails = std::min(fails.value_or(point.value), point.value);
    }
    while (fails && *fails - *fits > 1) {
      const std::int64_t middle = *fits + (*fails - *fits) / 2;
      const report::Report report = price(precision, series.dims, middle);
      (report.results[machine].fits_in_memory.value_or(false) ? fits : fails) = middle;
    }
    return fits;
  }

  [[nodiscard]] std::optional<std::size_t> best(const SweepSeries& series) const {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const SweepPoint& point = series.points[i];
      const bool allowed = point.throughput_per_s && point.result.fits_in_memory.value_or(true) &&
                           point.result.predicted_latency_s <=
                               request_.max_latency_s.value_or(point.result.predicted_latency_s);
      if (!allowed) continue;
      if (!found || *point.throughput_per_s > *series.points[*found].throughput_per_s) found = i;
    }
    return found;
  }

  const ir::Model& model_;
  const SweepRequest& request_;
  const SweptDim& axis_;
  std::vector<std::map<std::string, std::int64_t>> others_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::set<std::string> seen_;  ///< diagnostics
  report::Sweep out_;
};

}  // namespace

report::Sweep sweep(const ir::Model& model, const SweepRequest& request) {
  return Sweeper(model, request).run();
}

}  // namespace roofline
