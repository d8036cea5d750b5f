// Owns the figures that say how good predictions are.
// Refuses to know what was measured.
#include "roofline/calibrate/metrics.hpp"

#include <algorithm>
#include <cmath>

namespace roofline::calibrate {
namespace {

/// Pairs among the equal neighbours of a sorted range.
template <class Equal>
std::int64_t tied_pairs(const std::vector<TimePair>& rows, Equal equal) {
  std::int64_t pairs = 0;
  std::int64_t run = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    run = equal(rows[i - 1], rows[i]) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

/// Sorts [begin, end) by predicted time and counts the exchanges of neighbours that this takes.
std::int64_t sort_and_count(std::vector<TimePair>& rows, std::vector<TimePair>& scratch,
                            std::size_t begin, std::size_t end) {
  if (end - begin < 2) return 0;
  const std::size_t middle = begin + (end - begin) / 2;
  std::int64_t exchanges = sort_and_count(rows, scratch, begin, middle);
  exchanges += sort_and_count(rows, scratch, middle, end);
  std::size_t left = begin;
  std::size_t right = middle;
  for (std::size_t out = begin; out < end; ++out) {
    const bool from_right =
        left == middle || (right < end && rows[right].predicted_s < rows[left].predicted_s);
    if (from_right) exchanges += static_cast<std::int64_t>(middle - left);
    scratch[out] = rows[from_right ? right++ : left++];
  }
  std::copy(scratch.begin() + static_cast<std::ptrdiff_t>(begin),
            scratch.begin() + static_cast<std::ptrdiff_t>(end),
            rows.begin() + static_cast<std::ptrdiff_t>(begin));
  return exchanges;
}

double share(std::int64_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::optional<double> PairOrder::tau_b() const {
  const auto distinct_measured = static_cast<double>(pairs - measured_ties);
  const auto distinct_predicted = static_cast<double>(pairs - predicted_ties);
  if (distinct_measured == 0 || distinct_predicted == 0) return std::nullopt;
  return static_cast<double>(concordant - discordant) /
         std::sqrt(distinct_measured * distinct_predicted);
}

std::optional<double> PairOrder::ordered() const {
  if (pairs == measured_ties) return std::nullopt;
  return static_cast<double>(concordant) / static_cast<double>(pairs - measured_ties);
}

PairOrder& PairOrder::operator+=(const PairOrder& other) {
  pairs += other.pairs;
  concordant += other.concordant;
  discordant += other.discordant;
  measured_ties += other.measured_ties;
  predicted_ties += other.predicted_ties;
  return *this;
}

PairOrder pair_order(std::vector<TimePair> rows) {
  const auto same_measured = [](const TimePair& a, const TimePair& b) {
    return a.measured_s == b.measured_s;
  };
  const auto same_predicted = [](const TimePair& a, const TimePair& b) {
    return a.predicted_s == b.predicted_s;
  };
  std::sort(rows.begin(), rows.end(), [](const TimePair& a, const TimePair& b) {
    return a.measured_s != b.measured_s ? a.measured_s < b.measured_s
                                        : a.predicted_s < b.predicted_s;
  });
  PairOrder order;
  const auto n = static_cast<std::int64_t>(rows.size());
  order.pairs = n * (n - 1) / 2;
  order.measured_ties = tied_pairs(rows, same_measured);
  const std::int64_t both = tied_pairs(rows, [&](const TimePair& a, const TimePair& b) {
    return same_measured(a, b) && same_predicted(a, b);
  });
  std::vector<TimePair> scratch(rows.size());
  order.discordant = sort_and_count(rows, scratch, 0, rows.size());
  order.predicted_ties = tied_pairs(rows, same_predicted);
  order.concordant =
      order.pairs - order.measured_ties - order.predicted_ties + both - order.discordant;
  return order;
}

Accuracy accuracy(std::span<const TimePair> rows) {
  Accuracy result;
  result.rows = static_cast<std::int64_t>(rows.size());
  if (rows.empty()) return result;
  std::vector<double> errors;
  errors.reserve(rows.size());
  for (const TimePair& row : rows) {
    errors.push_back(std::fabs(row.error()));
    result.mape += errors.back() / static_cast<double>(rows.size());
    result.bias += row.error() / static_cast<double>(rows.size());
    result.worst = std::max(result.worst, errors.back());
  }
  const auto within = [&](double limit) {
    return share(std::count_if(errors.begin(), errors.end(), [&](double e) { return e <= limit; }),
                 errors.size());
  };
  result.within_10 = within(0.1);
  result.within_20 = within(0.2);
  result.within_30 = within(0.3);
  result.median = median(std::move(errors));
  result.tau = pair_order({rows.begin(), rows.end()}).tau_b();
  return result;
}

std::optional<double> repeat_error(std::vector<double> rounds) {
  const auto n = static_cast<double>(rounds.size());
  if (rounds.size() < 2) return std::nullopt;
  std::sort(rounds.begin(), rounds.end());
  double differences = 0;  // over pairs: in sorted order, the k-th value is added k times
  for (std::size_t k = 0; k < rounds.size(); ++k) {
    differences += rounds[k] * (2 * static_cast<double>(k) - n + 1);
  }
  return differences / (n * (n - 1) / 2) / median(std::move(rounds));
}

double spread(const std::vector<double>& rounds) {
  if (rounds.size() < 2) return 0;
  const auto [least, most] = std::minmax_element(rounds.begin(), rounds.end());
  return (*most - *least) / median(rounds);
}

}  // namespace roofline::calibrate
