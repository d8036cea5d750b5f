// Owns the checks of which parallel branches become one convolution.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changed.hpp"

namespace roofline::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Branch {
  std::int64_t kernel = 3;
  std::int64_t pad = 1;
  std::int64_t stride = 1;
  std::int64_t group = 1;
  std::int64_t dilation = 1;
};

/// Names the branch's tensors and nodes after `name`.
void add_conv(ModelBuilder& b, const std::string& name, const Branch& k) {
  b.weight(name + ".w", {8, 8 / k.group, k.kernel, k.kernel});
  b.node("Conv", {"x", name + ".w"}, {name},
         {attr("pads", {k.pad, k.pad, k.pad, k.pad}), attr("strides", {k.stride, k.stride}),
          attr("group", k.group), attr("dilations", {k.dilation, k.dilation})});
}

void add_norm(ModelBuilder& b, const std::string& from, const std::string& name) {
  std::vector<std::string> inputs = {from};
  for (const char* part : {".scale", ".shift", ".mean", ".var"}) {
    b.weight(name + part, {8});
    inputs.push_back(name + part);
  }
  b.node("BatchNormalization", inputs, {name});
}

/// A block of RepVGG in training: 3x3 and 1x1, each with BatchNormalization, and the input's own.
ModelBuilder rep_vgg() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 6, 6});
  add_conv(b, "wide", {});
  add_norm(b, "wide", "wide_bn");
  add_conv(b, "point", {.kernel = 1, .pad = 0});
  add_norm(b, "point", "point_bn");
  add_norm(b, "x", "x_bn");
  b.node("Add", {"wide_bn", "point_bn"}, {"partial"}).node("Add", {"partial", "x_bn"}, {"sum"});
  b.node("Relu", {"sum"}, {"y"}).output("y");
  return b;
}

ModelBuilder two(const Branch& a, const Branch& c) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 6, 6});
  add_conv(b, "a", a);
  add_conv(b, "c", c);
  b.node("Add", {"a", "c"}, {"sum"}).node("Relu", {"sum"}, {"y"}).output("y");
  return b;
}

TEST(Reparameterize, ABlockOfRepVgg) {
  const Changed c(rep_vgg(), "reparameterize");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_THAT(c.nodes(), ElementsAre("Conv sum", "Relu y"));
  EXPECT_EQ(macs_of(c.before), 6 * 6 * 8 * 8 * (9 + 1));
  EXPECT_EQ(c.macs(), 6 * 6 * 8 * 8 * 9);
  EXPECT_EQ(c.parameters(), 8 * 8 * 9 + 8);
  EXPECT_EQ(c.changed("sum"), "3 branches -> one 3x3 convolution");
}

TEST(Reparameterize, TheTensorItselfIsABranch) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 6, 6});
  add_conv(b, "a", {});
  b.node("Add", {"x", "a"}, {"y"}).output("y");
  const Changed c(b, "reparameterize");
  EXPECT_THAT(c.nodes(), ElementsAre("Conv y"));
  EXPECT_EQ(c.node("y").inputs.size(), 2U);  // no bias where none was
}

TEST(Reparameterize, BlocksInARowAreMergedEach) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 6, 6});
  add_conv(b, "a", {});
  b.node("Add", {"a", "x"}, {"first"}).weight("w", {8, 8, 1, 1});
  b.node("Conv", {"first", "w"}, {"c"}).node("Add", {"c", "first"}, {"y"}).output("y");
  const Changed c(b, "reparameterize");
  EXPECT_THAT(c.errors(), IsEmpty());
  EXPECT_THAT(c.nodes(), ElementsAre("Conv first", "Conv y"));
}

TEST(Reparameterize, OtherSummandsStay) {
  ModelBuilder b = two({}, {.kernel = 1, .pad = 0});
  b.input("other", ir::Shape{1, 8, 6, 6});
  b.node("Add", {"sum", "other"}, {"z"}).output("z");
  EXPECT_THAT(Changed(b, "reparameterize").nodes(), ElementsAre("Conv sum", "Relu y", "Add z"));
}

TEST(Reparameterize, DilatedTapsMayLieOnOneAnother) {
  // Taps at -2, 0, 2: the single tap lies on the middle one.
  const Branch dilated = {.pad = 2, .dilation = 2};
  EXPECT_THAT(Changed(two(dilated, {.kernel = 1, .pad = 0}), "reparameterize").nodes(),
              ElementsAre("Conv sum", "Relu y"));
  EXPECT_THAT(Changed(two(dilated, {}), "reparameterize").refused("sum"),
              HasSubstr("padding or dilation differ"));
}

TEST(Reparameterize, RefusesWithTheReason) {
  const auto why = [](const Branch& a, const Branch& c) {
    return Changed(two(a, c), "reparameterize").refused("sum");
  };
  EXPECT_THAT(why({.group = 2}, {.kernel = 1, .pad = 0}), HasSubstr("2 groups, another 1 group"));
  // 6 -> 6 with stride 1, and 11 taps' worth of padding with stride 2.
  EXPECT_THAT(why({}, {.kernel = 1, .pad = 3, .stride = 2}), HasSubstr("strides differ"));
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 6, 6});
  add_conv(b, "a", {});
  b.node("Relu", {"a"}, {"relu"});
  add_conv(b, "c", {.kernel = 1, .pad = 0});
  b.node("Add", {"relu", "c"}, {"sum"}).output("sum");
  EXPECT_EQ(Changed(b, "reparameterize").refused("sum"), "Relu 'relu' lies between");
}

TEST(Reparameterize, BranchesThatOthersReadStay) {
  ModelBuilder b = two({}, {.kernel = 1, .pad = 0});
  b.output("a");
  EXPECT_THAT(failure(b, "reparameterize"), HasSubstr("finds no convolutions"));
}

TEST(Reparameterize, AResidualBlockIsNone) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 6, 6});
  add_conv(b, "a", {});
  b.node("Relu", {"a"}, {"relu"}).weight("w2", {8, 8, 1, 1});
  b.node("Conv", {"relu", "w2"}, {"inner"}).node("Add", {"inner", "x"}, {"y"}).output("y");
  EXPECT_THAT(failure(b, "reparameterize"), HasSubstr("finds no convolutions"));
}

TEST(Reparameterize, OnlyWhatIsPicked) {
  const Changed c(rep_vgg(), "reparameterize:node=point");
  EXPECT_THAT(c.nodes(), ElementsAre("Conv sum", "Relu y"));
  EXPECT_THAT(failure(rep_vgg(), "reparameterize:node=y"), HasSubstr("finds no convolutions"));
}

}  // namespace
}  // namespace roofline::test
