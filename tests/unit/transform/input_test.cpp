// Owns the checks of scenarios that change the sizes of inputs: batch and resolution.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changed.hpp"

namespace roofline::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// Convolution, then a vector per position, to which one per position of the old size is added.
ModelBuilder patches(std::vector<ir::Dim> dims) {
  ModelBuilder b;
  b.input("image", std::move(dims)).weight("w", {8, 3, 4, 4});
  b.node("Conv", {"image", "w"}, {"conv"}, {attr("strides", {4, 4})});
  b.ints("target", {0, 8, -1}).node("Reshape", {"conv", "target"}, {"tokens"});
  return b;
}
std::vector<ir::Dim> fixed(const ir::Shape& shape) {
  std::vector<ir::Dim> dims;
  for (const std::int64_t size : shape) dims.push_back({.value = size});
  return dims;
}

TEST(Resolution, HeightAndWidthFollow) {
  ModelBuilder b = patches(fixed({2, 3, 16, 16}));
  b.output("tokens");
  const Changed square(b, "resolution:32");
  EXPECT_EQ(square.shape("tokens"), "2x8x64");
  EXPECT_EQ(square.changed("image"), "16x16 -> 32x32 pixels");
  EXPECT_EQ(square.macs(), 2 * 8 * 8 * 8 * 3 * 16);
  EXPECT_EQ(Changed(b, "resolution:8x24").shape("conv"), "2x8x2x6");
}

TEST(Resolution, SymbolsAndPinsFollow) {
  ModelBuilder b = patches({{.symbol = "n"}, {.value = 3}, {.symbol = "h"}, {.symbol = "w"}});
  b.output("tokens");
  infer::Bindings pins;
  pins.shapes["image"] = {1, 3, 16, 16};
  const Changed c(b, "resolution:8x12", pins);
  EXPECT_EQ(c.bindings.dims.at("h"), 8);
  EXPECT_EQ(c.bindings.shapes.at("image"), (ir::Shape{1, 3, 8, 12}));
  EXPECT_EQ(c.shape("conv"), "1x8x2x3");
  ModelBuilder one = patches({{.symbol = "n"}, {.value = 3}, {.symbol = "s"}, {.symbol = "s"}});
  one.output("tokens");
  EXPECT_THAT(failure(one, "resolution:8x12"), HasSubstr("one symbol, 's'"));
}

TEST(Resolution, WhatFitsTheOldSizeAloneIsNamed) {
  ModelBuilder b = patches(fixed({1, 3, 16, 16}));
  b.weight("position", {1, 8, 16}).node("Add", {"tokens", "position"}, {"y"}).output("y");
  const Changed c(b, "resolution:32");
  EXPECT_EQ(c.refused("y"), "constant 'position' of 1x8x16 fits the old size alone");
  EXPECT_EQ(c.errors().size(), 1U);
  EXPECT_THAT(c.outcome.warnings, testing::ElementsAre(HasSubstr("lower bounds")));
}

TEST(Resolution, CachesAndWordsAreNoImages) {
  ModelBuilder b;
  b.input("cache", ir::Shape{1, 12, 128, 64}).node("Relu", {"cache"}, {"y"}).output("y");
  EXPECT_THAT(failure(b, "resolution:32"), HasSubstr("finds no image"));
  ModelBuilder image = patches(fixed({1, 3, 16, 16}));
  image.output("tokens");
  for (const char* wrong :
       {"resolution:0", "resolution:8x", "resolution:1x2x3", "resolution:big"}) {
    EXPECT_THAT(failure(image, wrong), HasSubstr("expected a size as in 320"));
  }
}

TEST(Batch, EveryInputAndTheBindingsFollow) {
  ModelBuilder b = patches({{.symbol = "n"}, {.value = 3}, {.value = 16}, {.value = 16}});
  b.output("tokens");
  const Changed c(b, "batch:8");
  EXPECT_EQ(c.shape("tokens"), "8x8x16");
  EXPECT_EQ(c.bindings.dims.at("n"), 8);
  EXPECT_EQ(c.changed("image"), "1 -> 8 items");
}

}  // namespace
}  // namespace roofline::test
