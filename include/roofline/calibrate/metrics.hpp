#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace roofline::calibrate {

/// One time, measured and predicted; both above 0.
struct TimePair {
  double measured_s = 0;
  double predicted_s = 0;

  /// Signed and relative to what was measured: 0.1 is 10 % too slow.
  [[nodiscard]] double error() const { return predicted_s / measured_s - 1; }
};

/// The middle value, or the mean of the two middle ones; 0 for none.
[[nodiscard]] double median(std::vector<double> values);

/// Pairs of rows by how two quantities order them.
struct PairOrder {
  std::int64_t pairs = 0;
  std::int64_t concordant = 0;  ///< ordered alike, without ties
  std::int64_t discordant = 0;
  std::int64_t measured_ties = 0;   ///< equal measured times
  std::int64_t predicted_ties = 0;  ///< equal predicted times

  /// Kendall's tau-b: 1 is the same order, -1 the reverse; nullopt where either quantity is the
  /// same in all rows.
  [[nodiscard]] std::optional<double> tau_b() const;
  /// Share of pairs with different measured times that are predicted in their order; nullopt
  /// without such pairs.
  [[nodiscard]] std::optional<double> ordered() const;
  PairOrder& operator+=(const PairOrder& other);
};
/// Knight's algorithm (1966): O(n log n).
[[nodiscard]] PairOrder pair_order(std::vector<TimePair> rows);

/// How well predictions match. Shares and errors are fractions: 0.05 is 5 %.
struct Accuracy {
  std::int64_t rows = 0;
  double mape = 0;    ///< mean absolute error
  double median = 0;  ///< median absolute error
  double bias = 0;    ///< mean signed error
  double worst = 0;   ///< largest absolute error
  double within_10 = 0;
  double within_20 = 0;
  double within_30 = 0;
  std::optional<double> tau = std::nullopt;
};
[[nodiscard]] Accuracy accuracy(std::span<const TimePair> rows);

/// How far repetitions of one measurement are apart: the mean absolute difference of two of them,
/// relative to their median; nullopt for less than two.
[[nodiscard]] std::optional<double> repeat_error(std::vector<double> rounds);
/// (largest - smallest) / median; 0 for less than two.
[[nodiscard]] double spread(const std::vector<double>& rounds);

}  // namespace roofline::calibrate
