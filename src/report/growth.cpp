// Owns the judgement on totals that grew more than they may.
// Refuses to know where limits are written.
#include <fmt/format.h>

#include <algorithm>

#include "amount.hpp"
#include "format.hpp"
#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

const Change* find(const std::vector<Change>& totals, std::string_view key) {
  const auto found = std::find_if(totals.begin(), totals.end(),
                                  [&](const Change& c) { return c.metric->key == key; });
  return found == totals.end() ? nullptr : &*found;
}

double growth_of(const LayerChange& change, std::string_view key) {
  if (key == "latency") return change.seconds();
  if (key == "parameters") return change.parameters().as_double();
  const std::optional<Count> growth = key == "macs"            ? change.macs()
                                      : key == "flops"         ? change.flops()
                                      : key == "planned_bytes" ? change.bytes()
                                                               : Count(0);
  return growth.value_or(0).as_double();
}

/// The layer that grew most in what a metric measures, as a hint; "" when there is none.
std::string culprit(const std::vector<LayerChange>& layers, const Metric& metric) {
  const auto most = std::max_element(layers.begin(), layers.end(),
                                     [&](const LayerChange& a, const LayerChange& b) {
                                       return growth_of(a, metric.key) < growth_of(b, metric.key);
                                     });
  if (most == layers.end() || growth_of(*most, metric.key) <= 0) return {};
  return fmt::format("layer '{}' grew most: {}", most->layer().label,
                     growth_text(growth_of(*most, metric.key), metric.measure));
}

void judge(const Change& change, const GrowthLimit& limit, const std::string& where,
           const std::vector<LayerChange>& layers, std::vector<Diagnostic>& breaches) {
  const Metric& metric = *change.metric;
  const auto text = [&](const Amount& amount, bool complete) {
    return at_least(amount_text(as_double(amount), metric.measure), complete);
  };
  const std::string values = fmt::format("{} -> {}", text(change.before, change.before_complete),
                                         text(change.after, change.after_complete));
  const auto breach = [&](std::string message, std::string hint) {
    breaches.push_back({.severity = Severity::kError,
                        .code = "growth",
                        .message = std::move(message),
                        .hint = std::move(hint)});
  };
  const double before = as_double(change.before);
  const double grown = change.changed() ? as_double(growth(change.before, change.after)) : 0;
  const double most = limit.relative ? limit.most * before : limit.most;
  if (change.before_complete && grown > most) {
    breach(fmt::format("{}{} grew by {}{} ({}), {}: allowed is +{}", metric.key, where,
                       change.after_complete ? "" : "at least ", amount_text(grown, metric.measure),
                       relative_text(before, grown), values,
                       limit.relative ? fmt::format("{:.4g} %", 100 * limit.most)
                                      : amount_text(limit.most, metric.measure)),
           culprit(layers, metric));
  } else if (!change.complete()) {
    breach(fmt::format("{}{} is a lower bound, {}: its growth is not known", metric.key, where,
                       values),
           "'roofline analyze' names the nodes whose cost is unknown");
  }
}

}  // namespace

std::vector<Diagnostic> exceeded(const Difference& difference,
                                 std::span<const GrowthLimit> limits) {
  std::vector<Diagnostic> breaches;
  for (const GrowthLimit& limit : limits) {
    bool found = false;
    for (const ResultDifference& result : difference.results) {
      const Change* change = find(result.totals, limit.key);
      found = found || change;
      if (change) judge(*change, limit, " on " + result.machine.id, result.layers, breaches);
    }
    if (found) continue;
    const Change* change = find(difference.totals, limit.key);
    if (!change) {
      throw Error(
          ExitCode::kUsage,
          {.severity = Severity::kError,
           .code = "no-result",
           .message = fmt::format("no machine was compared: '{}' has no growth", limit.key),
           .hint = "--hardware ID prices models on a machine; of saved reports, both need it"});
    }
    const bool on_machine = !difference.results.empty();
    judge(*change, limit, "", on_machine ? difference.results.front().layers : difference.nodes,
          breaches);
  }
  return breaches;
}

}  // namespace roofline::report
