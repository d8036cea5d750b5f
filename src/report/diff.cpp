// Owns what two reports differ in.
// Refuses to match layers (match.cpp), to format anything, and to judge what changed.
#include "roofline/report/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "format.hpp"
#include "match.hpp"
#include "names.hpp"
#include "roofline/base/text.hpp"
#include "rows.hpp"

namespace roofline::report {
namespace {

/// Sums of the same terms in another order differ by less.
constexpr double kFloatRounding = 1e-9;

/// A metric and where a report has it.
template <class Owner>
struct Source {
  Metric metric;
  Amount (*read)(const Owner&);
  bool exact = false;  ///< complete whatever the report's totals are
};

constexpr std::array kModelSources = {
    Source<Report>{{"nodes", "nodes", "nodes", Measure::kCount},
                   [](const Report& r) -> Amount { return Count(r.model.nodes); },
                   true},
    Source<Report>{{"parameters", "parameters", "parameters", Measure::kCount},
                   [](const Report& r) -> Amount { return r.model.parameters; },
                   true},
    Source<Report>{{"weight_bytes", "weight_bytes", "weights", Measure::kBytes},
                   [](const Report& r) -> Amount { return r.model.weight_bytes; },
                   true},
    Source<Report>{{"macs", "macs", "MACs", Measure::kCount},
                   [](const Report& r) -> Amount { return r.totals.macs; }},
    Source<Report>{{"flops", "flops", "FLOPs", Measure::kFlops},
                   [](const Report& r) -> Amount { return r.totals.flops; }},
    Source<Report>{{"transcendentals", "transcendentals", "transcendentals", Measure::kCount},
                   [](const Report& r) -> Amount { return r.totals.transcendentals; }},
    Source<Report>{{"traffic", "traffic_bytes", "traffic", Measure::kBytes},
                   [](const Report& r) -> Amount { return r.totals.traffic_bytes; }},
    Source<Report>{{"peak_memory", "peak_memory_bytes", "peak memory", Measure::kBytes},
                   [](const Report& r) -> Amount { return r.totals.peak_memory_bytes; }},
};
constexpr std::array kResultSources = {
    Source<Result>{{"latency", "predicted_latency_s", "predicted", Measure::kSeconds},
                   [](const Result& r) -> Amount { return r.predicted_latency_s; }},
    Source<Result>{{"roofline", "roofline_latency_s", "roofline", Measure::kSeconds},
                   [](const Result& r) -> Amount { return r.roofline_latency_s; }},
    Source<Result>{{"planned_bytes", "planned_bytes", "planned traffic", Measure::kBytes},
                   [](const Result& r) -> Amount { return r.planned_bytes; }},
    Source<Result>{{"dram_bytes", "dram_bytes", "DRAM traffic", Measure::kBytes},
                   [](const Result& r) -> Amount { return r.dram_bytes; }},
    Source<Result>{{"peak_memory", "peak_memory_bytes", "peak memory", Measure::kBytes},
                   [](const Result& r) -> Amount { return r.peak_memory_bytes; }},
    Source<Result>{{"copies", "copy_s", "copies", Measure::kSeconds},
                   [](const Result& r) -> Amount { return r.copy_s; },
                   true},
};

template <class Owner, std::size_t N>
constexpr std::array<Metric, N> metrics(const std::array<Source<Owner>, N>& sources) {
  std::array<Metric, N> list{};
  for (std::size_t i = 0; i < N; ++i) list[i] = sources[i].metric;
  return list;
}
constexpr std::array kModelMetrics = metrics(kModelSources);
constexpr std::array kResultMetrics = metrics(kResultSources);

template <class Owner, std::size_t N>
std::vector<Change> changes(const std::array<Source<Owner>, N>& sources, const Owner& before,
                            bool before_complete, const Owner& after, bool after_complete) {
  std::vector<Change> list;
  for (const Source<Owner>& source : sources) {
    list.push_back({&source.metric, source.read(before), source.read(after),
                    source.exact || before_complete, source.exact || after_complete});
  }
  return list;
}

bool any_changed(const std::vector<Change>& totals) {
  return std::any_of(totals.begin(), totals.end(), [](const Change& c) { return c.changed(); });
}

bool same(const LayerCost& a, const LayerCost& b) {
  return report::same(Amount(a.seconds), Amount(b.seconds)) && a.macs == b.macs &&
         a.flops == b.flops && a.bytes == b.bytes && a.dram_bytes == b.dram_bytes &&
         a.parameters == b.parameters && a.complete == b.complete && a.op == b.op &&
         a.output == b.output && a.dtype == b.dtype;
}

/// The layers of one report on one machine, or its nodes without one.
class Side {
 public:
  Side(const Report& report, const Result* result)
      : report_(report), result_(result), names_(report), rows_(make_rows(report, result)) {
    keys_.reserve(rows_.size());
    for (const Row& row : rows_) keys_.push_back(key(row));
  }
  [[nodiscard]] const std::vector<LayerKey>& keys() const { return keys_; }

  [[nodiscard]] LayerCost cost(std::size_t index) const {
    const Row& row = rows_[index];
    LayerCost cost;
    cost.index = index;
    cost.seconds = row.seconds;
    cost.macs = row.macs;
    cost.flops = row.flops;
    cost.bytes = row.traffic;
    cost.parameters = row.parameters;
    cost.complete = row.complete;
    if (result_) {
      const LayerRow& layer = result_->layers[index];
      cost.id = layer.id;
      cost.name = layer.name;
      cost.label = names_.layer(layer);
      cost.dtype = layer.dtype;
      cost.dram_bytes = layer.dram_bytes;
    } else {
      cost.id = report_.nodes[index].id;
      cost.name = report_.nodes[index].name;
      cost.label = names_.node(index);
    }
    const NodeRow* first = first_node(report_, result_, index);
    cost.op = first ? op_text(*first) : result_->layers[index].op;
    if (first) cost.output = output_text(last_node(index));
    return cost;
  }

 private:
  [[nodiscard]] const NodeRow& last_node(std::size_t index) const {
    return report_.nodes[result_ ? result_->layers[index].nodes.back() : index];
  }
  [[nodiscard]] LayerKey key(const Row& row) const {
    const NodeRow* first = first_node(report_, result_, row.index);
    Hash kind;
    kind.add(first ? op_text(*first) : result_->layers[row.index].op);
    if (!first) return {"", "", kind.value(), kind.value()};
    Hash structure = kind;
    structure.add(output_text(last_node(row.index)));
    for (const std::optional<Count>& part : {row.macs, row.flops, row.traffic}) {
      structure.add(part ? part->value() : -1);
    }
    structure.add(row.parameters.value());
    if (result_) {
      const LayerRow& layer = result_->layers[row.index];
      structure.add(layer.dtype).add(static_cast<std::int64_t>(layer.nodes.size()));
    }
    return {first->name, first->op_type, kind.value(), structure.value()};
  }

  const Report& report_;
  const Result* result_;
  Names names_;
  std::vector<Row> rows_;
  std::vector<LayerKey> keys_;
};

std::optional<Count> known_growth(const LayerChange& change,
                                  std::optional<Count> LayerCost::*figure) {
  const auto of = [&](const std::optional<LayerCost>& side) {
    return side ? (*side).*figure : std::optional(Count(0));
  };
  const std::optional<Count> before = of(change.before);
  const std::optional<Count> after = of(change.after);
  return before && after ? std::optional(*after - *before) : std::nullopt;
}

void sort_by_cost(std::vector<LayerChange>& changes) {
  const auto weight = [](const LayerChange& c) {
    const auto size = [](std::optional<Count> count) {
      return std::fabs(count.value_or(0).as_double());
    };
    return std::array{std::fabs(c.seconds()), size(c.flops()), size(c.bytes())};
  };
  std::stable_sort(changes.begin(), changes.end(), [&](const LayerChange& a, const LayerChange& b) {
    return weight(a) > weight(b);
  });
}

std::vector<LayerChange> layer_changes(const Side& before, const Side& after) {
  std::vector<LayerChange> list;
  std::vector<bool> matched(after.keys().size(), false);
  std::size_t next = 0;
  const auto remove_until = [&](std::size_t end) {
    for (; next < end; ++next) list.push_back({before.cost(next), std::nullopt});
  };
  for (const auto& [b, a] : match(before.keys(), after.keys())) {
    remove_until(b);
    next = b + 1;
    matched[a] = true;
    LayerCost old_cost = before.cost(b);
    LayerCost new_cost = after.cost(a);
    if (!same(old_cost, new_cost)) list.push_back({std::move(old_cost), std::move(new_cost)});
  }
  remove_until(before.keys().size());
  for (std::size_t a = 0; a < matched.size(); ++a) {
    if (!matched[a]) list.push_back({std::nullopt, after.cost(a)});
  }
  sort_by_cost(list);
  return list;
}

/// Equal for results that are compared.
std::string use_text(const Result& r) {
  std::string text =
      fmt::format("{} (runtime {}, {}, {} roof", r.hardware.id, r.runtime, r.precision, r.roof);
  if (r.threads > 0) text += fmt::format(", {} threads", r.threads);
  return text + ")";
}

Error mismatch(std::string message, std::string_view flags) {
  return {ExitCode::kUsage,
          {.severity = Severity::kError,
           .code = "baseline-mismatch",
           .message = std::move(message) + ": costs would differ without a change of the model",
           .hint = fmt::format("price the older model again: 'roofline analyze MODEL{} --format "
                               "json --output FILE'",
                               flags)}};
}

void check_machine(const Result& before, const Result& after) {
  const std::string& id = before.hardware.id;
  if (before.hardware.digest == after.hardware.digest) return;
  throw mismatch(
      fmt::format("times on {} are of the profile with digest {:.12} before, {:.12} after", id,
                  before.hardware.digest, after.hardware.digest),
      fmt::format(" --hardware {}", id));
}

void check_tool(const Report& before, const Report& after) {
  const auto major = [](const Report& r) {
    return std::string_view(r.tool_version).substr(0, r.tool_version.find('.'));
  };
  if (major(before) == major(after)) return;
  throw mismatch(fmt::format("costs are of roofline {} before, {} after", before.tool_version,
                             after.tool_version),
                 "");
}

void note(Difference& difference, std::string code, std::string message, std::string hint = {}) {
  difference.notes.push_back({.severity = Severity::kNote,
                              .code = std::move(code),
                              .message = std::move(message),
                              .hint = std::move(hint)});
}

void note_inputs(const Report& before, const Report& after, Difference& difference) {
  if (before.tool_version != after.tool_version) {
    note(difference, "other-release",
         fmt::format("costs are of roofline {} before, {} after", before.tool_version,
                     after.tool_version));
  }
  for (const auto& [name, size] : after.model.dims) {
    const auto old_size = before.model.dims.find(name);
    if (old_size == before.model.dims.end() || old_size->second == size) continue;
    note(difference, "other-size",
         fmt::format("dimension '{}' is {} before, {} after", name, old_size->second, size),
         fmt::format("--dim {}=N gives both models one size", name));
  }
}

void note_missing(Difference& difference, const Result& result, std::string_view side) {
  note(difference, "one-sided",
       fmt::format("no times {} on {}: not compared", side, use_text(result)),
       fmt::format("--hardware {} --runtime {} --precision {} prices a model so",
                   result.hardware.id, result.runtime, result.precision));
}

ResultDifference compare(const Report& before, const Result& old_result, const Report& after,
                         const Result& new_result) {
  const HardwareInfo& hardware = new_result.hardware;
  return {.machine = {hardware.id, hardware.name, hardware.digest, new_result.runtime,
                      new_result.precision, new_result.roof, new_result.threads},
          .totals = changes(kResultSources, old_result, old_result.complete, new_result,
                            new_result.complete),
          .bound = {old_result.bound, new_result.bound},
          .bottleneck = {old_result.bottleneck, new_result.bottleneck},
          .layers = layer_changes(Side(before, &old_result), Side(after, &new_result))};
}

void compare_results(const Report& before, const Report& after, Difference& difference) {
  std::multimap<std::string, const Result*> waiting;
  for (const Result& result : before.results) waiting.emplace(use_text(result), &result);
  for (const Result& result : after.results) {
    const auto found = waiting.lower_bound(use_text(result));
    if (found == waiting.end() || found->first != use_text(result)) {
      note_missing(difference, result, "before");
      continue;
    }
    check_machine(*found->second, result);
    difference.results.push_back(compare(before, *found->second, after, result));
    waiting.erase(found);
  }
  for (const auto& [use, result] : waiting) note_missing(difference, *result, "after");
}

}  // namespace

double as_double(const Amount& amount) {
  const Count* count = std::get_if<Count>(&amount);
  return count ? count->as_double() : std::get<double>(amount);
}

Amount growth(const Amount& before, const Amount& after) {
  if (const Count* count = std::get_if<Count>(&after)) return *count - std::get<Count>(before);
  return std::get<double>(after) - std::get<double>(before);
}

bool same(const Amount& before, const Amount& after) {
  if (std::holds_alternative<Count>(after)) return before == after;
  const double a = std::get<double>(before);
  const double b = std::get<double>(after);
  return std::fabs(a - b) <= kFloatRounding * std::max(std::fabs(a), std::fabs(b));
}

bool Change::changed() const { return before_complete != after_complete || !same(before, after); }

std::string_view LayerChange::kind() const {
  return !before ? "added" : !after ? "removed" : "changed";
}

double LayerChange::seconds() const {
  return (after ? after->seconds : 0) - (before ? before->seconds : 0);
}

std::optional<Count> LayerChange::macs() const { return known_growth(*this, &LayerCost::macs); }
std::optional<Count> LayerChange::flops() const { return known_growth(*this, &LayerCost::flops); }
std::optional<Count> LayerChange::bytes() const { return known_growth(*this, &LayerCost::bytes); }
Count LayerChange::parameters() const {
  return (after ? after->parameters : Count(0)) - (before ? before->parameters : Count(0));
}

bool ResultDifference::empty() const {
  return layers.empty() && !any_changed(totals) && !bound.changed() && !bottleneck.changed();
}

bool Difference::empty() const {
  return nodes.empty() && !any_changed(totals) &&
         std::all_of(results.begin(), results.end(),
                     [](const ResultDifference& r) { return r.empty(); });
}

Difference diff(const Report& before, const Report& after) {
  Difference difference;
  difference.tool_version = after.tool_version;
  difference.path = {before.model.path, after.model.path};
  check_tool(before, after);
  note_inputs(before, after, difference);
  difference.totals =
      changes(kModelSources, before, before.totals.complete, after, after.totals.complete);
  compare_results(before, after, difference);
  const auto incomplete = [](const Change& change) { return !change.complete(); };
  if (std::any_of(difference.totals.begin(), difference.totals.end(), incomplete)) {
    note(difference, "lower-bounds",
         "some totals are lower bounds: how much they grew is not known",
         "'roofline analyze' names the nodes whose cost is unknown");
  }
  if (difference.results.empty()) {
    difference.nodes = layer_changes(Side(before, nullptr), Side(after, nullptr));
  }
  return difference;
}

std::span<const Metric> model_metrics() { return kModelMetrics; }
std::span<const Metric> result_metrics() { return kResultMetrics; }

}  // namespace roofline::report
