// Owns the checks of ordered work on several threads.
// Refuses to measure its speed.
#include "roofline/base/in_order.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>

namespace roofline {
namespace {

std::vector<std::size_t> taken(std::size_t count, std::size_t jobs) {
  std::vector<std::size_t> order;
  in_order(
      count, jobs,
      [](std::size_t i) {
        // Early items take longest: later ones are done first.
        std::this_thread::sleep_for(std::chrono::microseconds(i % 7 == 0 ? 2000 : 10));
        return i * 10;
      },
      [&](std::size_t i, std::size_t result) {
        EXPECT_EQ(result, i * 10);
        order.push_back(i);
        return true;
      });
  return order;
}

TEST(InOrder, WhateverTheNumberOfThreads) {
  std::vector<std::size_t> expected(100);
  std::iota(expected.begin(), expected.end(), std::size_t{0});
  for (const std::size_t jobs : {1U, 2U, 7U, 200U}) EXPECT_EQ(taken(100, jobs), expected) << jobs;
  EXPECT_TRUE(taken(0, 3).empty());
}

TEST(InOrder, ResultsThatWaitAreFew) {
  std::atomic<std::size_t> made = 0;
  std::size_t most = 0;
  in_order(
      1000, 2, [&](std::size_t i) { return ++made, i; },
      [&](std::size_t i, std::size_t) {
        if (i == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        most = std::max(most, made.load() - i);
        return true;
      });
  EXPECT_EQ(made, 1000U);
  EXPECT_LE(most, 8U + 1U) << "four for each thread, and the one that is taken";
}

TEST(InOrder, StopsWhenNoMoreIsWanted) {
  std::atomic<std::size_t> made = 0;
  const auto count = [&](std::size_t i) { return ++made, i; };
  in_order(1000, 3, count, [](std::size_t i, std::size_t) { return i < 5; });
  EXPECT_LT(made, 1000U);
  EXPECT_THROW(in_order(1000, 3, count,
                        [](std::size_t, std::size_t) -> bool { throw std::runtime_error("full"); }),
               std::runtime_error);
}

}  // namespace
}  // namespace roofline
