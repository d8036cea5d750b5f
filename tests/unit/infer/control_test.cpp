// Owns the checks of control flow: which bodies run, how often, and what they make of their types.
// Refuses functions, which have their own file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "typed_model.hpp"

namespace roofline {
namespace {

using infer::Bindings;
using test::ModelBuilder;
using test::Typed;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr ir::DType kBool = ir::DType::kBool;
constexpr ir::DType kInt64 = ir::DType::kInt64;

/// A branch that multiplies the outer tensor x by the outer weight of `width` columns.
ModelBuilder branch(const std::string& weight) {
  ModelBuilder b;
  b.outer("x").outer(weight).node("MatMul", {"x", weight}, {"out"}).output("out");
  return b;
}

ModelBuilder if_model(const ModelBuilder& then_branch, const ModelBuilder& else_branch) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4}).weight("narrow", {4, 3}).weight("wide", {4, 5});
  b.input("condition", ir::Shape{}, kBool);
  b.node("If", {"condition"}, {"y"},
         {{"then_branch", then_branch.graph()}, {"else_branch", else_branch.graph()}});
  return b.output("y");
}

TEST(If, CountsTheCostlierBranchWhenTheConditionIsOpen) {
  const Typed typed(if_model(branch("narrow"), branch("wide")));
  EXPECT_THAT(typed.nodes(),
              ElementsAre("y (0) x1", "y/then/out (0/then/0) x0", "y/else/out (0/else/0) x1"));
  EXPECT_EQ(typed.macs(), 2 * 4 * 5);
  EXPECT_EQ(typed.shape("y"), "2x?");
  EXPECT_EQ(typed.bound("y"), "2x5");
  EXPECT_EQ(typed.graph.parameters, 4 * 3 + 4 * 5) << "both are stored";
}

TEST(If, TakesTheBranchOfAKnownCondition) {
  const Typed typed(if_model(branch("narrow"), branch("wide")),
                    {.dims = {}, .shapes = {}, .values = {{"condition", {1}}}});
  EXPECT_THAT(typed.nodes(), ElementsAre("y (0) x1", "y/then/out (0/then/0) x1"));
  EXPECT_EQ(typed.shape("y"), "2x3");
}

TEST(If, DoesNotTakeABranchThatCannotRun) {
  ModelBuilder broken;
  broken.outer("x").node("MatMul", {"x", "x"}, {"out"}).output("out");
  const Typed typed(if_model(broken, branch("narrow")));
  EXPECT_EQ(typed.shape("y"), "2x3");
  EXPECT_THAT(typed.messages(), ElementsAre(HasSubstr("note: ")));
}

TEST(If, WithoutABranchIsAnError) {
  ModelBuilder b;
  b.input("condition", ir::Shape{}, kBool).node("If", {"condition"}, {"y"}).output("y");
  b.node("If", {"condition"}, {"z"}, {{"then_branch", branch("w").graph()}}).output("z");
  EXPECT_THAT(Typed(b).messages(),
              Contains(HasSubstr("attribute 'else_branch' is required: a graph")));
}

/// y = y * W for some iterations; stacks every y.
ModelBuilder loop_body() {
  ModelBuilder b;
  b.input("i", ir::Shape{}, kInt64).input("go", ir::Shape{}, kBool).input("y", ir::Shape{2, 4});
  b.tensor("y").declared.reset();
  b.outer("w");
  b.node("Identity", {"go"}, {"go_on"})
      .node("MatMul", {"y", "w"}, {"next"})
      .output("go_on")
      .output("next")
      .output("next");
  return b;
}

ModelBuilder loop_model(const ModelBuilder& body, bool known_trips) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4}).weight("w", {4, 4});
  if (known_trips)
    b.ints("m", {5});
  else
    b.input("m", ir::Shape{}, kInt64);
  b.node("Loop", {"m", "", "x"}, {"last", "all"}, {{"body", body.graph()}});
  return b.output("last").output("all");
}

TEST(Loop, RunsItsBodyAsOftenAsItSays) {
  const Typed typed(loop_model(loop_body(), true));
  EXPECT_THAT(typed.nodes(), ElementsAre("last (0) x1", "last/body/go_on (0/body/0) x5",
                                         "last/body/next (0/body/1) x5"));
  EXPECT_EQ(typed.macs(), 5 * 2 * 4 * 4);
  EXPECT_EQ(typed.shape("last"), "2x4");
  EXPECT_EQ(typed.shape("all"), "5x2x4");
  EXPECT_THAT(typed.messages(), ElementsAre());
}

TEST(Loop, OfUnknownLengthIsCountedOnceAndSaysSo) {
  const Typed typed(loop_model(loop_body(), false));
  EXPECT_THAT(typed.nodes(), Contains("last/body/next (0/body/1) x?"));
  EXPECT_EQ(typed.shape("all"), "?x2x4");
  EXPECT_THAT(typed.messages(), ElementsAre(HasSubstr("--trip-count last=N")));
}

TEST(Loop, TakesTheTripCountThatTheUserGives) {
  for (const char* name : {"last", "0"}) {
    Bindings bindings;
    bindings.trip_counts = {{name, 7}};
    const Typed typed(loop_model(loop_body(), false), bindings);
    EXPECT_EQ(typed.macs(), 7 * 2 * 4 * 4);
    EXPECT_EQ(typed.shape("all"), "7x2x4");
    EXPECT_THAT(typed.messages(), ElementsAre());
  }
}

TEST(Loop, MisspelledInTripCountIsAnError) {
  Bindings bindings;
  bindings.trip_counts = {{"lst", 7}};
  try {
    const Typed typed(loop_model(loop_body(), false), bindings);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(format_diagnostic(e.diagnostic()),
              "roofline: error[unknown-loop]: test.onnx: --trip-count names 'lst', which is no "
              "loop of the model\n  hint: did you mean 'last'?\n");
  }
}

TEST(Loop, ThatMayStopEarlyHasALimit) {
  ModelBuilder body;
  body.input("i", ir::Shape{}, kInt64).input("go", ir::Shape{}, kBool).input("y", ir::Shape{2, 4});
  body.outer("w");
  body.node("MatMul", {"y", "w"}, {"next"})
      .node("ReduceSum", {"next"}, {"sum"}, {{"keepdims", std::int64_t{0}}})
      .node("Cast", {"sum"}, {"go_on"}, {{"to", std::int64_t{9}}})
      .output("go_on")
      .output("next")
      .output("next");
  const Typed typed(loop_model(body, true));
  EXPECT_EQ(typed.macs(), 5 * 2 * 4 * 4);
  EXPECT_EQ(typed.shape("all"), "?x2x4");
  EXPECT_EQ(typed.bound("all"), "5x2x4");
  EXPECT_THAT(typed.messages(), ElementsAre(HasSubstr("may end before its 5 iterations")));
}

/// A state that grows by a row in each iteration: every iteration costs something else.
TEST(Loop, WithAGrowingStateIsUnrolled) {
  ModelBuilder body;
  body.input("i", ir::Shape{}, kInt64).input("go", ir::Shape{}, kBool).input("y", ir::Shape{2, 4});
  body.tensor("y").declared.reset();
  body.outer("x").outer("w");
  body.node("Concat", {"y", "x"}, {"longer"}, {{"axis", std::int64_t{0}}})
      .node("MatMul", {"longer", "w"}, {"next"})
      .output("go")
      .output("next");
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4}).weight("w", {4, 4}).ints("m", {3});
  b.node("Loop", {"m", "", "x"}, {"last"}, {{"body", body.graph()}}).output("last");
  const Typed typed(b);
  EXPECT_EQ(typed.shape("last"), "8x4");
  EXPECT_EQ(typed.macs(), (4 + 6 + 8) * 4 * 4);
  EXPECT_THAT(typed.nodes(), Contains("last/body[2]/next (0/body[2]/1) x1"));
  EXPECT_EQ(typed.graph.parameters, 4 * 4);
}

TEST(Loop, CountsAWhileThatCanBeComputed) {
  ModelBuilder body;
  body.input("i", ir::Shape{}, kInt64).input("go", ir::Shape{}, kBool);
  body.outer("limit");
  body.input("n", ir::Shape{1}, kInt64);
  body.outer("two").outer("x").outer("w");
  body.node("Mul", {"n", "two"}, {"next"})
      .node("Less", {"next", "limit"}, {"more"})
      .node("Squeeze", {"more"}, {"go_on"})
      .node("MatMul", {"x", "w"}, {"work"})
      .output("go_on")
      .output("next");
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4}).weight("w", {4, 4});
  b.ints("one", {1}).ints("two", {2}).ints("limit", {30});
  b.node("Loop", {"", "", "one"}, {"last"}, {{"body", body.graph()}}).output("last");
  const Typed typed(b);  // 2, 4, 8, 16, 32: five iterations
  EXPECT_EQ(typed.macs(), 5 * 2 * 4 * 4);
  EXPECT_EQ(*ir::ints(*typed.type("last").value), std::vector<std::int64_t>{32});
}

TEST(Loop, InALoopMultiplies) {
  ModelBuilder inner = loop_body();
  ModelBuilder outer;
  outer.input("i", ir::Shape{}, kInt64).input("go", ir::Shape{}, kBool);
  outer.input("y", ir::Shape{2, 4}).outer("w").outer("m");
  outer.node("Loop", {"m", "", "y"}, {"next", "rows"}, {{"body", inner.graph()}})
      .output("go")
      .output("next");
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4}).weight("w", {4, 4}).ints("m", {3});
  b.node("Loop", {"m", "", "x"}, {"last"}, {{"body", outer.graph()}}).output("last");
  const Typed typed(b);
  EXPECT_THAT(typed.nodes(), Contains("last/body/next/body/next (0/body/0/body/1) x9"));
  EXPECT_EQ(typed.macs(), 3 * 3 * 2 * 4 * 4);
}

TEST(Loop, ThatNeverRunsCostsNothing) {
  Bindings bindings;
  bindings.trip_counts = {{"last", 0}};
  const Typed typed(loop_model(loop_body(), true), bindings);
  EXPECT_EQ(typed.macs(), 0);
  EXPECT_EQ(typed.shape("last"), "2x4");
  EXPECT_EQ(typed.shape("all"), "0x2x4");
}

TEST(Loop, WithTheWrongNumberOfStatesIsAnError) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4}).weight("w", {4, 4}).ints("m", {3});
  b.node("Loop", {"m", "", "x", "x"}, {"last"}, {{"body", loop_body().graph()}}).output("last");
  EXPECT_THAT(Typed(b).messages(),
              ElementsAre(HasSubstr("error: the body has 3 inputs, the node needs 4")));
}

ModelBuilder scan_body() {
  ModelBuilder b;
  b.input("state", ir::Shape{1, 4}).input("row", ir::Shape{4});
  b.tensor("state").declared.reset();
  b.tensor("row").declared.reset();
  b.outer("w");
  b.node("Add", {"state", "row"}, {"sum"})
      .node("MatMul", {"sum", "w"}, {"next"})
      .output("next")
      .output("next");
  return b;
}

TEST(Scan, RunsItsBodyForEverySlice) {
  ModelBuilder b;
  b.input("s", ir::Shape{1, 4}).input("x", ir::Shape{4, 6}).weight("w", {4, 4});
  b.node("Scan", {"s", "x"}, {"last", "all"},
         {{"body", scan_body().graph()},
          {"num_scan_inputs", std::int64_t{1}},
          {"scan_input_axes", std::vector<std::int64_t>{1}},
          {"scan_output_axes", std::vector<std::int64_t>{-1}}});
  b.output("last").output("all");
  const Typed typed(b);
  EXPECT_EQ(typed.shape("last/body/row"), "4");
  EXPECT_EQ(typed.shape("last"), "1x4");
  EXPECT_EQ(typed.shape("all"), "1x4x6");
  EXPECT_EQ(typed.macs(), 6 * 4 * 4);
}

TEST(Scan, OfOpset8RunsForEveryBatchToo) {
  ModelBuilder b(8);
  b.input("s", ir::Shape{3, 1, 4}).input("x", ir::Shape{3, 6, 4}).weight("w", {4, 4});
  b.node("Scan", {"", "s", "x"}, {"last", "all"},
         {{"body", scan_body().graph()}, {"num_scan_inputs", std::int64_t{1}}});
  b.output("last").output("all");
  const Typed typed(b);
  EXPECT_EQ(typed.shape("last"), "3x1x4");
  EXPECT_EQ(typed.shape("all"), "3x6x1x4");
  EXPECT_EQ(typed.macs(), 3 * 6 * 4 * 4);
}

TEST(Scan, OfSlicesThatDisagreeIsAnError) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 6}).input("y", ir::Shape{5, 6}).weight("w", {4, 4});
  b.node("Scan", {"x", "y"}, {"last"},
         {{"body", scan_body().graph()}, {"num_scan_inputs", std::int64_t{2}}});
  EXPECT_THAT(Typed(b.output("last")).messages(),
              ElementsAre(HasSubstr("scanned inputs have 4 and 5 slices")));
}

TEST(SequenceMap, RunsForEveryElement) {
  ModelBuilder body;
  body.input("e", ir::Shape{2, 4}).tensor("e").declared.reset();
  body.outer("w").node("MatMul", {"e", "w"}, {"out"}).output("out");
  ModelBuilder b;
  b.input("x", ir::Shape{2, 4}).input("z", ir::Shape{3, 4}).weight("w", {4, 5}).ints("at", {1});
  b.node("SequenceConstruct", {"x", "x"}, {"same"})
      .node("SequenceMap", {"same"}, {"a"}, {{"body", body.graph()}})
      .node("SequenceConstruct", {"x", "z"}, {"mixed"})
      .node("SequenceMap", {"mixed"}, {"c"}, {{"body", body.graph()}})
      .node("SequenceAt", {"c", "at"}, {"second"})
      .output("a")
      .output("second");
  const Typed typed(b);
  EXPECT_EQ(typed.macs(), 2 * (2 * 4 * 5) + (2 + 3) * 4 * 5);
  EXPECT_EQ(typed.shape("second"), "3x5");
}

TEST(Bound, FollowsFromSizesThatDataDecide) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 6}).input("table", ir::Shape{10, 8});
  b.node("NonZero", {"x"}, {"where"})
      .node("Transpose", {"where"}, {"rows"})
      .node("Gather", {"table", "rows"}, {"picked"})
      .output("picked");
  const ir::Model model = b.model();
  const infer::TypedGraph graph = infer::infer(model, {});
  const auto id = static_cast<std::size_t>(b.id("picked"));
  EXPECT_EQ(ir::to_string(*graph.types[id].shape), "?x2x8");
  EXPECT_EQ(ir::to_string(graph.types[id].bound.value()), "24x2x8");
  EXPECT_EQ(graph.costs[2].confidence, ops::Confidence::kApproximate);
  EXPECT_EQ(graph.costs[2].written_bytes, 4 * 24 * 2 * 8);
}

TEST(Pin, ReachesIntoABody) {
  ModelBuilder data_decide;
  data_decide.outer("x").node("NonZero", {"x"}, {"out"}).output("out");
  const Typed typed(if_model(data_decide, data_decide),
                    {.dims = {}, .shapes = {{"y/then/out", {2, 3}}}, .values = {}});
  EXPECT_EQ(typed.shape("y/then/out"), "2x3");
  EXPECT_EQ(typed.shape("y/else/out"), "2x?");
}

}  // namespace
}  // namespace roofline
