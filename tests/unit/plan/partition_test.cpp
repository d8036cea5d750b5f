// Owns the checks of subgraphs: no circles, and few of them.
// Refuses to know devices but by number.
#include "../../../src/plan/partition.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>

namespace roofline::plan {
namespace {

using Steps = std::vector<PlacedStep>;

std::size_t count(const std::vector<std::size_t>& subgraphs) {
  return std::set<std::size_t>(subgraphs.begin(), subgraphs.end()).size();
}

/// True where subgraphs, taken as single nodes, wait for each other in a circle.
bool has_circle(const Steps& steps, const std::vector<std::size_t>& subgraphs) {
  std::vector<std::set<std::size_t>> after(steps.size());
  for (std::size_t s = 0; s < steps.size(); ++s) {
    for (const std::size_t p : steps[s].after) {
      if (subgraphs[p] != subgraphs[s]) after[subgraphs[s]].insert(subgraphs[p]);
    }
  }
  std::set<std::size_t> left(subgraphs.begin(), subgraphs.end());
  for (bool removed = true; removed;) {
    removed = false;
    for (const std::size_t g : left) {
      if (std::any_of(after[g].begin(), after[g].end(),
                      [&](std::size_t p) { return left.contains(p); })) {
        continue;
      }
      left.erase(g);
      removed = true;
      break;
    }
  }
  return !left.empty();
}

/// The fewest subgraphs without a circle, of every way to gather steps of one device.
std::size_t fewest(const Steps& steps) {
  std::vector<std::size_t> subgraphs(steps.size(), 0);
  std::size_t best = steps.size();
  const std::function<void(std::size_t, std::size_t)> place = [&](std::size_t s, std::size_t used) {
    if (used >= best && s < steps.size()) return;
    if (s == steps.size()) {
      if (used < best && !has_circle(steps, subgraphs)) best = used;
      return;
    }
    for (std::size_t g = 0; g <= used; ++g) {
      const auto member =
          std::find(subgraphs.begin(), subgraphs.begin() + static_cast<std::ptrdiff_t>(s), g);
      const auto at = static_cast<std::size_t>(member - subgraphs.begin());
      if (at < s && steps[at].device != steps[s].device) continue;
      subgraphs[s] = g;
      place(s + 1, std::max(used, g + 1));
    }
  };
  place(0, 0);
  return best;
}

Steps random_steps(std::mt19937& random, std::size_t size, int devices) {
  Steps steps(size);
  for (std::size_t s = 0; s < size; ++s) {
    steps[s].device = static_cast<int>(random() % static_cast<unsigned>(devices));
    for (std::size_t p = 0; p < s; ++p) {
      if (random() % 4 == 0) steps[s].after.push_back(p);
    }
  }
  return steps;
}

TEST(Partition, AChainChangesDevicesAsOftenAsItsSteps) {
  const Steps steps = {{{}, 0}, {{0}, 0}, {{1}, 1}, {{2}, 0}, {{3}, 0}};
  EXPECT_EQ(partition(steps), (std::vector<std::size_t>{0, 0, 1, 2, 2}));
}

TEST(Partition, ABranchOnAnotherDeviceSplitsWhatWaitsForIt) {
  // 0 -> 1 -> 3 and 0 -> 2 -> 3, of which 1 runs elsewhere: 3 waits for it, 2 does not.
  const Steps steps = {{{}, 0}, {{0}, 1}, {{0}, 0}, {{1, 2}, 0}};
  EXPECT_EQ(partition(steps), (std::vector<std::size_t>{0, 1, 0, 2}));
}

TEST(Partition, ItStartsWithTheLongerAlternation) {
  // 0: A B A; 1: B A. Beginning with A makes A, B, A; beginning with B would make B, A, B, A.
  const Steps steps = {{{}, 1}, {{0}, 0}, {{}, 0}, {{2}, 1}, {{3}, 0}};
  EXPECT_EQ(count(partition(steps)), 3U);
}

TEST(Partition, FewestForTwoDevices) {
  std::mt19937 random(1);
  for (std::size_t i = 0; i < 60; ++i) {
    const Steps steps = random_steps(random, 2 + i % 7, 2);
    const auto subgraphs = partition(steps);
    EXPECT_EQ(count(subgraphs), fewest(steps)) << i;
  }
}

TEST(Partition, NoCircleNorMixture) {
  std::mt19937 random(2);
  for (std::size_t i = 0; i < 200; ++i) {
    const Steps steps = random_steps(random, 1 + i % 40, 1 + static_cast<int>(i % 4));
    const auto subgraphs = partition(steps);
    EXPECT_FALSE(has_circle(steps, subgraphs)) << i;
    for (std::size_t s = 0; s < steps.size(); ++s) {
      for (std::size_t t = 0; t < s; ++t) {
        EXPECT_TRUE(subgraphs[s] != subgraphs[t] || steps[s].device == steps[t].device);
      }
      for (const std::size_t p : steps[s].after) EXPECT_LE(subgraphs[p], subgraphs[s]);
    }
  }
}

TEST(Partition, IslandsAreWhatTouches) {
  // Two chains of one device: one subgraph, two islands.
  const Steps steps = {{{}, 0}, {{0}, 0}, {{}, 0}};
  const auto subgraphs = partition(steps);
  EXPECT_EQ(count(subgraphs), 1U);
  const auto island = islands(steps, subgraphs);
  EXPECT_EQ(island[0], island[1]);
  EXPECT_NE(island[0], island[2]);
}

TEST(Partition, NothingIsNothing) { EXPECT_TRUE(partition({}).empty()); }

}  // namespace
}  // namespace roofline::plan
