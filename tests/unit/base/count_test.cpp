// Owns the promise that counts never wrap.
// Refuses to test std::int64_t itself.
#include "roofline/base/count.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace roofline {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

TEST(Count, ArithmeticIsExact) {
  EXPECT_EQ(Count(2) + Count(3), Count(5));
  EXPECT_EQ(Count(2) - Count(3), Count(-1));
  EXPECT_EQ(Count(kMax) - Count(kMax), Count(0));
  EXPECT_EQ(Count(3037000499) * Count(3037000499), Count(9223372030926249001));
  Count total = 1;
  total += 4;
  total *= 3;
  EXPECT_EQ(total.value(), 15);
  EXPECT_LT(Count(1), Count(2));
  EXPECT_EQ(Count(3).as_double(), 3.0);
}

TEST(Count, LeavingTheRangeThrows) {
  EXPECT_THROW(Count(kMax) + Count(1), OverflowError);
  EXPECT_THROW(Count(kMin) - Count(1), OverflowError);
  EXPECT_THROW(Count(kMax) * Count(2), OverflowError);
  EXPECT_THROW(Count(kMin) * Count(-1), OverflowError);
  Count total = kMax;
  EXPECT_THROW(total += 1, OverflowError);
  EXPECT_EQ(total, Count(kMax)) << "a failed sum leaves the value alone";
  EXPECT_STREQ(OverflowError().what(), "a count exceeds 2^63-1");
}

TEST(Count, CeilDivRoundsUp) {
  EXPECT_EQ(ceil_div(0, 8), Count(0));
  EXPECT_EQ(ceil_div(1, 8), Count(1));
  EXPECT_EQ(ceil_div(8, 8), Count(1));
  EXPECT_EQ(ceil_div(9, 8), Count(2));
  EXPECT_EQ(ceil_div(-9, 8), Count(-1));
  EXPECT_EQ(ceil_div(kMax, 8), Count(kMax / 8 + 1));
  EXPECT_EQ(ceil_div(kMax, 1), Count(kMax));
}

}  // namespace
}  // namespace roofline
