// Owns the checks of inlining: what a call of a model's own function becomes.
// Refuses control flow, which has its own file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "typed_model.hpp"

namespace roofline {
namespace {

using test::ModelBuilder;
using test::Typed;
using testing::ElementsAre;
using testing::HasSubstr;

/// y = x * W, with the weight in a Constant node as functions have no initializers.
ModelBuilder dense() {
  ModelBuilder b;
  b.input("x", std::vector<ir::Dim>{})
      .node("Constant", {}, {"w"},
            {{"value", ir::Constant{.dtype = ir::DType::kFloat32, .dims = {4, 4}}}})
      .node("MatMul", {"x", "w"}, {"y"})
      .output("y");
  b.tensor("x").declared.reset();
  return b;
}

TEST(Function, IsInlinedUnderTheNameOfItsCall) {
  ModelBuilder b;
  b.function("local", "Dense", dense()).input("a", ir::Shape{2, 4});
  b.node("Dense", {"a"}, {"h"}, {}, "local").node("Relu", {"h"}, {"z"}).output("z");
  const Typed typed(b);
  EXPECT_THAT(typed.nodes(), ElementsAre("h/w (0/0) x1", "h/y (0/1) x1", "z (1) x1"));
  EXPECT_EQ(typed.shape("h"), "2x4");
  EXPECT_EQ(typed.shape("h/y"), "2x4");
  EXPECT_EQ(typed.macs(), 2 * 4 * 4);
  EXPECT_THAT(typed.messages(), ElementsAre());
}

TEST(Function, CalledTwiceStoresItsWeightsOnce) {
  ModelBuilder b;
  b.function("local", "Dense", dense()).input("a", ir::Shape{2, 4});
  b.node("Dense", {"a"}, {"h"}, {}, "local").node("Dense", {"h"}, {"z"}, {}, "local").output("z");
  const Typed typed(b);
  EXPECT_EQ(typed.graph.parameters, 4 * 4);
  EXPECT_EQ(typed.graph.weight_bytes, 4 * 4 * 4);
  EXPECT_EQ(typed.macs(), 2 * 2 * 4 * 4);
}

TEST(Function, AttributesComeFromTheCallOrTheirDefault) {
  ModelBuilder body;
  body.input("x", ir::Shape{2, 3, 4})
      .node("Flatten", {"x"}, {"y"}, {{.name = "axis", .value = {}, .ref = "split"}})
      .output("y");
  ModelBuilder b;
  b.function("local", "Split", body, {{"split", std::int64_t{2}}});
  b.input("a", ir::Shape{2, 3, 4});
  b.node("Split", {"a"}, {"p"}, {}, "local")
      .node("Split", {"a"}, {"q"}, {{"split", std::int64_t{0}}}, "local")
      .output("p")
      .output("q");
  const Typed typed(b);
  EXPECT_EQ(typed.shape("p"), "6x4");
  EXPECT_EQ(typed.shape("q"), "1x24");
}

TEST(Function, ResultThatIsAnInputSharesItsMemory) {
  ModelBuilder body;
  body.input("x", ir::Shape{2}).output("x");
  ModelBuilder b;
  b.function("local", "Pass", body).input("a", ir::Shape{2});
  b.node("Pass", {"a"}, {"y"}, {}, "local").output("y");
  const Typed typed(b);
  EXPECT_EQ(typed.shape("y"), "2");
  EXPECT_EQ(typed.graph.storage[1], 0);
}

TEST(Function, OverridesAnOperatorOfTheTable) {
  ModelBuilder body;
  body.input("x", ir::Shape{2}).node("Relu", {"x"}, {"y"}).output("y");
  ModelBuilder b;
  b.function("", "Softmax", body).input("a", ir::Shape{2});
  b.node("Softmax", {"a"}, {"y"}).output("y");
  EXPECT_THAT(Typed(b).nodes(), ElementsAre("y/y (0/0) x1"));
}

TEST(Function, ThatCallsItselfIsAnError) {
  ModelBuilder body;
  body.input("x", ir::Shape{2})
      .node("Loopy", {"x"}, {"h"}, {}, "local")
      .node("Loopy", {"h"}, {"y"}, {}, "local")
      .output("y");
  ModelBuilder b;
  b.function("local", "Loopy", body).input("a", ir::Shape{2});
  b.node("Loopy", {"a"}, {"y"}, {}, "local").output("y");
  EXPECT_THAT(Typed(b).messages(),
              testing::Contains("error: function 'Loopy' calls itself | export the model again"));
}

TEST(Function, GivenTooManyOperandsIsAnError) {
  ModelBuilder b;
  b.function("local", "Dense", dense()).input("a", ir::Shape{2, 4});
  b.node("Dense", {"a", "a"}, {"z"}, {}, "local").output("z");
  EXPECT_THAT(Typed(b).messages(), testing::Contains(HasSubstr("function 'Dense' takes 1 inputs")));
}

TEST(Function, ThatUnfoldsWithoutEndIsRefusedSoon) {
  ModelBuilder b;
  constexpr int kLevels = 40;  // each calls the next one twice: 2^40 nodes
  for (int i = 0; i < kLevels; ++i) {
    const std::string next = "F" + std::to_string(i + 1);
    ModelBuilder body;
    body.input("x", ir::Shape{2});
    if (i + 1 < kLevels) {
      body.node(next, {"x"}, {"h"}, {}, "local").node(next, {"h"}, {"y"}, {}, "local");
    } else {
      body.node("Relu", {"x"}, {"y"});
    }
    b.function("local", "F" + std::to_string(i), body.output("y"));
  }
  b.input("a", ir::Shape{2}).node("F0", {"a"}, {"y"}, {}, "local").output("y");
  const Typed typed(b);
  EXPECT_THAT(typed.messages(), testing::Contains(HasSubstr("unfold to more nodes than")));
  EXPECT_LT(typed.graph.costs.size(), 1'000'000U);
}

}  // namespace
}  // namespace roofline
