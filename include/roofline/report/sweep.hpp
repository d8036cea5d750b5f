#pragma once
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"

namespace roofline::report {

/// The model at one size of the swept dimension.
struct SweepPoint {
  std::int64_t value = 0;
  Result result;  ///< without layers
  /// Result::throughput_per_s in items where the dimension counts them, else in runs; nullopt while
  /// the prediction is a lower bound.
  std::optional<double> throughput_per_s;
};

/// A size at which a layer, or the whole, is bound by something else than one point before.
struct SweepCrossing {
  std::string layer_id;  ///< empty: the model as a whole
  std::string layer;     ///< its name; empty: the model as a whole
  std::int64_t value = 0;
  std::string from, to;  ///< bounds
};

/// One machine, precision and size of the other swept dimensions.
struct SweepSeries {
  std::map<std::string, std::int64_t> dims;  ///< the other swept ones
  std::vector<SweepPoint> points;            ///< in the order asked for; at least one
  std::vector<SweepCrossing> crossings;      ///< by value, the whole first
  std::int64_t layers = 0;                   ///< of the last point
  /// Largest size within the range that fits in the machine's memory, found between points too;
  /// nullopt when none does, or the profile has no capacity.
  std::optional<std::int64_t> largest_that_fits;
  /// Index of the point of the highest throughput, within the latency limit; nullopt when none is.
  std::optional<std::size_t> best;
};

struct Sweep {
  std::string tool_version;
  ModelInfo model;            ///< of the first point
  std::string axis;           ///< the symbol that is swept along
  bool counts_items = false;  ///< it is the leading dimension of an input: a batch
  std::optional<double> max_latency_s;
  std::vector<SweepSeries> series;
  std::vector<Diagnostic> diagnostics;  ///< of all points, each once
};

/// For people: per series what matters, `options.top` sizes (0: all) and a plot of throughput.
void render_text(const Sweep& sweep, const TextOptions& options, std::ostream& out);
/// docs/schemas/sweep.schema.json
void render_json(const Sweep& sweep, std::ostream& out);
/// One page for a browser, complete in itself: a line per series over the swept size.
void render_html(const Sweep& sweep, std::ostream& out);
/// One row per point, RFC 4180.
void render_csv(const Sweep& sweep, std::ostream& out);

}  // namespace roofline::report
