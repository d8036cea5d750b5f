// Owns the budget file that `roofline check --init` writes.
// Refuses limits that today's report would break.
#include <fmt/format.h>

#include <cmath>
#include <ostream>

#include "format.hpp"
#include "roofline/base/text.hpp"
#include "roofline/data/yaml_writer.hpp"
#include "roofline/report/budget.hpp"

namespace roofline::report {
namespace {

using data::YamlValue;

std::string setting(std::string_view key, YamlValue value) {
  YamlValue map = YamlValue::map();
  map.add(key, std::move(value));
  return data::write_yaml(map);
}

YamlValue whole(std::int64_t number) { return YamlValue::number(static_cast<double>(number)); }

template <class T, class Value>
std::string map_setting(std::string_view key, const std::map<std::string, T>& entries,
                        Value value) {
  if (entries.empty()) return "";
  YamlValue map = YamlValue::map();
  for (const auto& [name, entry] : entries) map.add(name, value(entry));
  return setting(key, std::move(map));
}

template <class T>
YamlValue list_of(const std::vector<T>& numbers) {
  YamlValue list = YamlValue::list();
  for (const T number : numbers) list.add(YamlValue::number(static_cast<double>(number)));
  return list;
}

/// The least text of three digits that is no less than `value`.
std::string rounded_up(double value, Unit unit) {
  if (value <= 0) return exact_quantity(0, unit);
  int exponent = static_cast<int>(std::floor(std::log10(value))) - 2;
  if (is_whole(unit)) exponent = std::max(exponent, 0);
  const double digits = std::ceil(value / std::pow(10, exponent));
  // Read as decimal, so that it is written as decimal.
  return exact_quantity(*parse_double(fmt::format("{:.0f}e{}", digits, exponent)), unit);
}

class Writer {
 public:
  Writer(const Report& report, const BudgetDraft& draft) : report_(report), draft_(draft) {}

  std::string write() {
    text_ = fmt::format(
        "# Budgets of {}: what it costs today and {} more.\n"
        "# docs/ci.md of onnx-roofline explains every key, and how an editor completes them.\n",
        file_name(report_.model.path), format_percent(draft_.headroom));
    text_ += setting("model", YamlValue::text(draft_.model));
    text_ += map_setting("dims", draft_.sizes.dims, whole);
    text_ += map_setting("shapes", draft_.sizes.shapes, list_of<std::int64_t>);
    text_ += map_setting("values", draft_.sizes.values, list_of<double>);
    text_ += map_setting("trip_counts", draft_.sizes.trip_counts, whole);
    write_allowance();
    text_ += "budgets:\n";
    Report counts = report_;
    counts.results.clear();
    for (const std::string_view key : {"parameters", "weight_bytes", "macs", "peak_activations"}) {
      write_limit(counts, key);
    }
    item(fmt::format("unknown_ops: {}\n", report_.coverage.unknown_ops.size()));
    for (std::size_t r = 0; r < report_.results.size(); ++r) write_machine(r);
    return std::move(text_);
  }

 private:
  void write_allowance() {
    bool complete = report_.totals.complete;
    for (const Result& result : report_.results) complete = complete && result.complete;
    if (complete) return;
    text_ += "allow_unknown: true  # some costs are not known: the figures are lower bounds\n";
  }

  void write_machine(std::size_t r) {
    const Result& result = report_.results[r];
    first_ = true;
    item(setting("hardware", YamlValue::text(draft_.hardware[r])));
    item(setting("runtime", YamlValue::text(result.runtime)));
    if (result.precision != "as-is") item(setting("precision", YamlValue::text(result.precision)));
    if (result.threads > 0) item(setting("threads", whole(result.threads)));
    Report one = report_;
    one.results = {result};
    for (const std::string_view key : {"latency", "dram_bytes", "peak_memory"}) {
      write_limit(one, key);
    }
  }

  void write_limit(const Report& report, std::string_view key) {
    const Figure& figure = *find_figure(key);
    const double today = figure.total(report).value;
    if (today <= 0 && figure.unit != Unit::kSecond) return;  // a limit of 0 would be no budget
    item(fmt::format("{}: {}  # {} today\n", key,
                     rounded_up(today * (1 + draft_.headroom), figure.unit),
                     format_quantity(today, figure.unit)));
  }

  /// A line of the current entry of `budgets`.
  void item(const std::string& line) {
    text_ += (first_ ? "  - " : "    ") + line;
    first_ = false;
  }

  const Report& report_;
  const BudgetDraft& draft_;
  std::string text_ = {};
  bool first_ = true;
};

}  // namespace

void write_budget(const Report& report, const BudgetDraft& draft, std::ostream& out) {
  out << Writer(report, draft).write();
}

}  // namespace roofline::report
