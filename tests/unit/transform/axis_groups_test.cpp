// Owns the checks of which channels change together: cut, joined, flattened.
#include "../../../src/transform/axis_groups.hpp"

#include <gtest/gtest.h>

namespace roofline::transform {
namespace {

constexpr Reason kWhy = {"because", 7};

void set(AxisGroups& groups, const Axis& axis, std::int64_t size) {
  for (const Run& run : groups.resolve(axis)) groups.at(run.group).new_size = size;
}

TEST(AxisGroups, EqualAxesChangeTogether) {
  AxisGroups groups;
  const Axis a = groups.fresh(64);
  const Axis b = groups.fresh(64);
  const Axis c = groups.fresh(64);
  groups.unify(a, b, kWhy);
  groups.unify(b, c, kWhy);
  set(groups, c, 40);
  EXPECT_EQ(groups.new_size(a), 40);
  EXPECT_EQ(groups.old_size(groups.resolve(a)), 64);
}

TEST(AxisGroups, AParameterOfAConcatFollowsItsParts) {
  AxisGroups groups;
  const Axis a = groups.fresh(16);
  const Axis b = groups.fresh(48);
  Axis both = a;
  both.push_back(b.front());
  const Axis scale = groups.fresh(64);
  groups.unify(scale, both, kWhy);
  set(groups, a, 8);
  set(groups, b, 24);
  EXPECT_EQ(groups.new_size(scale), 8 + 24);
}

TEST(AxisGroups, ASplitCutsWhatWasOneGroup) {
  AxisGroups groups;
  const Axis whole = groups.fresh(64);
  const Axis first = groups.part(whole, 0, 16, kWhy);
  const Axis rest = groups.part(whole, 16, 64, kWhy);
  set(groups, first, 4);
  EXPECT_EQ(groups.new_size(whole), 4 + 48);
  EXPECT_EQ(groups.new_size(rest), 48);
}

TEST(AxisGroups, ADifferentCutOfTheSameAxisIsTheCommonRefinement) {
  AxisGroups groups;
  const Axis a = groups.fresh(10);
  const Axis b = groups.fresh(10);
  static_cast<void>(groups.part(a, 0, 4, kWhy));
  static_cast<void>(groups.part(b, 0, 6, kWhy));
  groups.unify(a, b, kWhy);
  EXPECT_EQ(groups.resolve(a).size(), 3U);  // 4, 2, 4
  EXPECT_EQ(groups.resolve(a), groups.resolve(b));
}

TEST(AxisGroups, RowsBehindAFlattenFollowTheChannels) {
  AxisGroups groups;
  const Axis channels = groups.fresh(64);
  const Axis flat = groups.repeat(channels, 49);
  const Axis rows = groups.fresh(64 * 49);
  groups.unify(flat, rows, kWhy);
  set(groups, channels, 32);
  EXPECT_EQ(groups.new_size(rows), 32 * 49);
}

TEST(AxisGroups, AConcatOfOneAxisWithItselfIsCutInBothPlaces) {
  AxisGroups groups;
  const Axis a = groups.fresh(8);
  const Axis twice = {a.front(), a.front()};
  const Axis part = groups.part(twice, 0, 4, kWhy);
  EXPECT_EQ(groups.old_size(part), 4);
  EXPECT_EQ(groups.resolve(twice).size(), 4U);
  set(groups, part, 1);
  EXPECT_EQ(groups.new_size(twice), 1 + 4 + 1 + 4);
}

TEST(AxisGroups, ChannelsAreNotCutInside) {
  AxisGroups groups;
  const Axis channels = groups.fresh(4);
  const Axis flat = groups.repeat(channels, 9);
  EXPECT_TRUE(groups.part(flat, 0, 10, kWhy).empty());
  EXPECT_TRUE(groups.at(channels.front().group).is_kept);
  EXPECT_EQ(groups.at(channels.front().group).kept.node, 7);
}

TEST(AxisGroups, TooManyCutsAreRefused) {
  AxisGroups groups;
  const Axis whole = groups.fresh(1000);
  for (std::int64_t i = 0; i + 1 < 1000; ++i) {
    static_cast<void>(groups.part(whole, i, i + 1, kWhy));
  }
  EXPECT_EQ(groups.resolve(whole).size(), AxisGroups::kMostRuns);
  for (const auto& run : groups.resolve(whole)) EXPECT_TRUE(groups.at(run.group).is_kept);
}

TEST(AxisGroups, AxesThatDoNotFitAreKept) {
  AxisGroups groups;
  const Axis a = groups.fresh(6);
  const Axis b = groups.fresh(4);
  groups.unify(groups.repeat(a, 2), groups.repeat(b, 3), kWhy);
  EXPECT_TRUE(groups.at(a.front().group).is_kept);
  EXPECT_TRUE(groups.at(b.front().group).is_kept);
}

TEST(AxisGroups, WhatIsKnownOfAGroupHoldsForItsParts) {
  AxisGroups groups;
  const Axis a = groups.fresh(12);
  groups.ask(a);
  groups.average(a, kWhy);
  const Axis part = groups.part(a, 0, 5, kWhy);
  const AxisGroups::Group& group = groups.at(part.front().group);
  EXPECT_TRUE(group.asked);
  EXPECT_TRUE(group.is_averaged);
  EXPECT_FALSE(group.is_kept);
}

TEST(AxisGroups, GroupsOfAConvolutionDoNotSurviveACut) {
  AxisGroups groups;
  const Axis a = groups.fresh(12);
  groups.divide(a, 4, kWhy);
  EXPECT_EQ(groups.at(a.front().group).step, 4);
  const Axis part = groups.part(a, 0, 6, kWhy);
  EXPECT_TRUE(groups.at(part.front().group).is_kept);
}

TEST(AxisGroups, StepsOfMergedGroupsAreBothKept) {
  AxisGroups groups;
  const Axis a = groups.fresh(24);
  const Axis b = groups.fresh(24);
  groups.divide(a, 4, kWhy);
  groups.divide(b, 6, kWhy);
  groups.unify(a, b, kWhy);
  EXPECT_EQ(groups.at(groups.resolve(a).front().group).step, 12);
}

}  // namespace
}  // namespace roofline::transform
