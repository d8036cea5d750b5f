// Owns the figures over rows: groups, the order of machines, kinds of kernels.
// Refuses to predict.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "roofline/calibrate/validate.hpp"

namespace roofline::calibrate {
namespace {

/// `text` of all rows, "" where they differ.
std::string common_text(const std::vector<const ValidatedRow*>& rows,
                        std::string ValidatedRow::*member) {
  const bool same = std::all_of(rows.begin(), rows.end(), [&](const ValidatedRow* row) {
    return row->*member == rows.front()->*member;
  });
  return same && !rows.empty() ? rows.front()->*member : "";
}

GroupAccuracy group(const std::vector<const ValidatedRow*>& rows) {
  std::vector<TimePair> predicted;
  std::vector<TimePair> roofline;
  double repeats = 0;
  int repeated = 0;
  for (const ValidatedRow* row : rows) {
    predicted.push_back(row->time);
    roofline.push_back(row->roofline());
    if (!row->repeat_error) continue;
    repeats += *row->repeat_error;
    ++repeated;
  }
  GroupAccuracy result{.hardware = common_text(rows, &ValidatedRow::hardware),
                       .runtime = common_text(rows, &ValidatedRow::runtime),
                       .precision = common_text(rows, &ValidatedRow::precision)};
  result.predicted = accuracy(predicted);
  result.roofline = accuracy(roofline);
  if (repeated > 0) result.repeat_error = repeats / repeated;
  return result;
}

/// Rows that are equal under `key`, by rising key.
template <class Key>
auto grouped(const std::vector<ValidatedRow>& rows, Key key) {
  std::map<decltype(key(rows.front())), std::vector<const ValidatedRow*>> groups;
  for (const ValidatedRow& row : rows) groups[key(row)].push_back(&row);
  return groups;
}

/// Each machine's rows of one piece of work, as their mean; versions and sources are not told
/// apart.
void add_machine_pairs(const std::vector<const ValidatedRow*>& rows, Validation& validation) {
  struct Sum {
    double measured_s = 0, predicted_s = 0, roofline_s = 0, rows = 0;
  };
  std::map<std::string, Sum> machines;
  for (const ValidatedRow* row : rows) {
    Sum& sum = machines[row->hardware];
    sum.measured_s += row->time.measured_s;
    sum.predicted_s += row->time.predicted_s;
    sum.roofline_s += row->roofline_s;
    ++sum.rows;
  }
  std::vector<TimePair> predicted;
  std::vector<TimePair> roofline;
  for (const auto& [hardware, sum] : machines) {
    predicted.push_back({sum.measured_s / sum.rows, sum.predicted_s / sum.rows});
    roofline.push_back({sum.measured_s / sum.rows, sum.roofline_s / sum.rows});
  }
  validation.machines += pair_order(std::move(predicted));
  validation.machines_by_roofline += pair_order(std::move(roofline));
}

void add_kinds(Validation& validation) {
  std::map<std::string, KindAccuracy> kinds;
  double total_s = 0;
  for (const ValidatedRow& row : validation.rows) {
    if (!row.layers) continue;
    for (const LayerPair& layer : row.layers->layers) {
      KindAccuracy& kind = kinds[layer.kernel.empty() ? layer.op : layer.kernel];
      ++kind.layers;
      kind.measured_s += layer.time.measured_s;
      kind.predicted_s += layer.time.predicted_s;
      kind.absolute_error_s += std::fabs(layer.lost_s());
      total_s += layer.time.measured_s;
    }
  }
  for (auto& [name, kind] : kinds) {
    kind.kernel = name;
    kind.share = total_s > 0 ? kind.measured_s / total_s : 0;
    validation.kinds.push_back(kind);
  }
  std::stable_sort(validation.kinds.begin(), validation.kinds.end(),
                   [](const KindAccuracy& a, const KindAccuracy& b) {
                     return a.absolute_error_s > b.absolute_error_s;
                   });
}

}  // namespace

void summarize(Validation& validation) {
  const auto all = grouped(validation.rows, [](const ValidatedRow& /*row*/) { return 0; });
  if (!all.empty()) validation.total = group(all.begin()->second);
  const auto groups = grouped(validation.rows, [](const ValidatedRow& row) {
    return std::tie(row.hardware, row.runtime, row.precision);
  });
  for (const auto& [key, rows] : groups) validation.groups.push_back(group(rows));
  const auto workloads = grouped(validation.rows, [](const ValidatedRow& row) {
    return std::tie(row.model, row.runtime, row.precision, row.threads, row.dims);
  });
  for (const auto& [key, rows] : workloads) add_machine_pairs(rows, validation);
  add_kinds(validation);
}

}  // namespace roofline::calibrate
