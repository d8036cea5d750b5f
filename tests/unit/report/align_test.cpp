// Pairs of equal keys in order: longest for small differences, linear time for large ones.
#include "../../../src/report/align.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace roofline::report {
namespace {

using Keys = std::vector<std::uint64_t>;

Keys keys(std::string_view text) { return {text.begin(), text.end()}; }

/// The textbook's table: quadratic, for small inputs.
std::size_t longest(const Keys& a, const Keys& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1,
                                              std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      table[i + 1][j + 1] =
          a[i] == b[j] ? table[i][j] + 1 : std::max(table[i][j + 1], table[i + 1][j]);
    }
  }
  return table[a.size()][b.size()];
}

void expect_ordered_and_equal(const Pairs& pairs, const Keys& a, const Keys& b) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    ASSERT_EQ(a[pairs[i].first], b[pairs[i].second]);
    if (i == 0) continue;
    ASSERT_LT(pairs[i - 1].first, pairs[i].first);
    ASSERT_LT(pairs[i - 1].second, pairs[i].second);
  }
}

TEST(Align, PairsWhatIsEqualInOrder) {
  EXPECT_EQ(align(keys("abc"), keys("abc")), (Pairs{{0, 0}, {1, 1}, {2, 2}}));
  EXPECT_EQ(align(keys("abc"), keys("xabyc")), (Pairs{{0, 1}, {1, 2}, {2, 4}}));
  EXPECT_EQ(align(keys("abc"), keys("ac")), (Pairs{{0, 0}, {2, 1}}));
  EXPECT_EQ(align(keys("ab"), keys("xy")), Pairs{});
  EXPECT_EQ(align({}, keys("xy")), Pairs{});
  EXPECT_EQ(align(keys("xy"), {}), Pairs{});
}

TEST(Align, IsLongestForSmallDifferences) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    Keys a(random() % 40);
    Keys b(random() % 40);
    for (auto& key : a) key = random() % 4;
    for (auto& key : b) key = random() % 4;
    const Pairs pairs = align(a, b);
    expect_ordered_and_equal(pairs, a, b);
    ASSERT_EQ(pairs.size(), longest(a, b)) << round;
  }
}

TEST(Align, FindsNearlyAllOfManyDifferences) {
  std::mt19937 random(2);
  Keys a(50000);
  for (auto& key : a) key = random();
  Keys b;
  for (const std::uint64_t key : a) {
    if (random() % 10 == 0) b.push_back(random());  // 5,000 insertions
    if (random() % 10 != 0) b.push_back(key);       // and as many removals
  }
  const Pairs pairs = align(a, b);
  expect_ordered_and_equal(pairs, a, b);
  EXPECT_GT(pairs.size(), 44000U);
}

TEST(Align, TakesLinearTimeWhereNothingOrEverythingIsAlike) {
  const auto start = std::chrono::steady_clock::now();
  Keys a(100000);
  Keys b(100000);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = i;
    b[i] = i + a.size();
  }
  EXPECT_EQ(align(a, b).size(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = i % 2;
    b[i] = (i / 2) % 2;
  }
  const Pairs pairs = align(a, b);
  expect_ordered_and_equal(pairs, a, b);
  EXPECT_GT(pairs.size(), 60000U);
  // A table of 10^10 cells takes minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace roofline::report
