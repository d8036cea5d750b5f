// Owns the error figures, against values worked out by hand.
// Refuses to test where the times come from.
#include "roofline/calibrate/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace roofline::calibrate {
namespace {

TEST(Metrics, Median) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({4, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
}

TEST(Metrics, AccuracyOfFourRows) {
  // Errors: +10 %, -20 %, +50 %, 0 %.
  const std::vector<TimePair> rows = {{1, 1.1}, {2, 1.6}, {4, 6}, {8, 8}};
  const Accuracy a = accuracy(rows);
  EXPECT_EQ(a.rows, 4);
  EXPECT_NEAR(a.mape, 0.2, 1e-12);
  EXPECT_NEAR(a.median, 0.15, 1e-12);
  EXPECT_NEAR(a.bias, 0.1, 1e-12);
  EXPECT_NEAR(a.worst, 0.5, 1e-12);
  EXPECT_EQ(a.within_10, 0.25);  // 1.1 / 1 - 1 is a little above 0.1 in binary
  EXPECT_EQ(a.within_20, 0.75);
  EXPECT_EQ(a.within_30, 0.75);
  EXPECT_EQ(a.tau, 1);
}

TEST(Metrics, NothingToCompare) {
  EXPECT_EQ(accuracy({}).rows, 0);
  EXPECT_EQ(accuracy({}).tau, std::nullopt);
  const std::vector<TimePair> one = {{1, 2}};
  EXPECT_EQ(accuracy(one).tau, std::nullopt);
  EXPECT_EQ(pair_order(one).ordered(), std::nullopt);
}

TEST(Metrics, TauOfAReversedPair) {
  // Pairs: 12+ 13+ 14+ 23- 24+ 34+, so tau = (5 - 1) / 6.
  const PairOrder order = pair_order({{1, 10}, {2, 30}, {3, 20}, {4, 40}});
  EXPECT_EQ(order.pairs, 6);
  EXPECT_EQ(order.concordant, 5);
  EXPECT_EQ(order.discordant, 1);
  EXPECT_NEAR(*order.tau_b(), 4.0 / 6, 1e-12);
  EXPECT_NEAR(*order.ordered(), 5.0 / 6, 1e-12);
  EXPECT_EQ(pair_order({{1, 3}, {2, 2}, {3, 1}}).tau_b(), -1);
}

TEST(Metrics, TauWithTies) {
  // (1,1) (1,2) (2,2) (3,3) (3,3): 10 pairs. Measured ties: the 1s, the 3s: 2. Predicted: the 2s,
  // the 3s: 2. Concordant: 13 14 15 24 25 34 35 = 7. tau-b = 7 / sqrt(8 * 8).
  const PairOrder order = pair_order({{3, 3}, {1, 2}, {2, 2}, {1, 1}, {3, 3}});
  EXPECT_EQ(order.pairs, 10);
  EXPECT_EQ(order.measured_ties, 2);
  EXPECT_EQ(order.predicted_ties, 2);
  EXPECT_EQ(order.concordant, 7);
  EXPECT_EQ(order.discordant, 0);
  EXPECT_NEAR(*order.tau_b(), 7.0 / 8, 1e-12);
  EXPECT_NEAR(*order.ordered(), 7.0 / 8, 1e-12);  // one different pair is predicted equal
  EXPECT_EQ(pair_order({{1, 2}, {1, 3}}).tau_b(), std::nullopt);
}

TEST(Metrics, FastCountEqualsTheDefinition) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> value(1, 12);
  for (int round = 0; round < 50; ++round) {
    std::vector<TimePair> rows;
    for (int i = 0; i < 40; ++i) rows.push_back({1.0 * value(random), 1.0 * value(random)});
    PairOrder naive;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double product =
            (rows[i].measured_s - rows[j].measured_s) * (rows[i].predicted_s - rows[j].predicted_s);
        ++naive.pairs;
        naive.concordant += product > 0 ? 1 : 0;
        naive.discordant += product < 0 ? 1 : 0;
        naive.measured_ties += rows[i].measured_s == rows[j].measured_s ? 1 : 0;
        naive.predicted_ties += rows[i].predicted_s == rows[j].predicted_s ? 1 : 0;
      }
    }
    const PairOrder fast = pair_order(rows);
    EXPECT_EQ(fast.pairs, naive.pairs);
    EXPECT_EQ(fast.concordant, naive.concordant);
    EXPECT_EQ(fast.discordant, naive.discordant);
    EXPECT_EQ(fast.measured_ties, naive.measured_ties);
    EXPECT_EQ(fast.predicted_ties, naive.predicted_ties);
  }
}

TEST(Metrics, RepeatError) {
  EXPECT_EQ(repeat_error({1}), std::nullopt);
  EXPECT_NEAR(*repeat_error({9, 11}), 0.2, 1e-12);
  // Differences 1, 2, 1; their mean 4/3; the median 10.
  EXPECT_NEAR(*repeat_error({11, 9, 10}), 4.0 / 30, 1e-12);
  EXPECT_NEAR(spread({11, 9, 10}), 0.2, 1e-12);
  EXPECT_EQ(spread({5}), 0);
}

}  // namespace
}  // namespace roofline::calibrate
