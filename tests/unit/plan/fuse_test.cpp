// Owns the checks of fuse and unfuse, and of what is said of nodes that stay apart.
// Refuses the passes themselves where a preset has them: kernel_rules_test.cpp has those.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "roofline/base/diagnostic.hpp"
#include "roofline/plan/plan.hpp"
#include "support/model_builder.hpp"

namespace roofline::plan {
namespace {

using test::ModelBuilder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A plan with the model and the graph that it points into.
struct Made {
  Made(const ModelBuilder& b, const std::string& runtime, const std::vector<std::string>& asked)
      : model(b.model()), graph(infer::infer(model, {})) {
    PlanOptions options = {.runtime = runtime};
    for (const std::string& text : asked) options.scenarios.push_back(Scenario::parse(text));
    plan = make_plan(graph, nullptr, options);
  }

  [[nodiscard]] std::vector<const Step*> kernels() const {
    std::vector<const Step*> list;
    for (const Step& step : plan.steps) {
      if (step.kind != StepKind::kHost && !step.nodes.empty()) list.push_back(&step);
    }
    return list;
  }
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> nodes;
    for (const Step* step : kernels()) nodes.push_back(step->nodes.size());
    return nodes;
  }
  [[nodiscard]] Count macs() const {
    Count sum = 0;
    for (const Step& step : plan.steps) sum += step.work.macs;
    return sum;
  }
  [[nodiscard]] std::int64_t bytes() const {
    Count sum = 0;
    for (const Step& step : plan.steps) {
      for (const BufferAccess& access : step.accesses) sum += access.bytes;
    }
    return sum.value();
  }

  ir::Model model;
  infer::TypedGraph graph;
  Plan plan;
};

ir::Attribute perm(std::vector<std::int64_t> order) {
  return {.name = "perm", .value = std::move(order)};
}

constexpr std::int64_t kChannels = 16;
constexpr std::int64_t kMap = kChannels * 12 * 12 * 4;  // bytes of a feature map

/// conv 1x1, BatchNormalization, Relu: "c", "n", "y".
ModelBuilder block() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, kChannels, 12, 12}).weight("w", {kChannels, kChannels, 1, 1});
  for (const char* name : {"scale", "shift", "mean", "var"}) b.weight(name, {kChannels});
  b.node("Conv", {"x", "w"}, {"c"});
  b.node("BatchNormalization", {"c", "scale", "shift", "mean", "var"}, {"n"});
  return b.node("Relu", {"n"}, {"y"}).output("y");
}

TEST(Fuse, AddsWhatIsAskedToARuntimeThatFusesNothing) {
  EXPECT_THAT(Made(block(), "none", {}).sizes(), ElementsAre(1, 1, 1));
  EXPECT_THAT(Made(block(), "none", {"fuse:norm"}).sizes(), ElementsAre(2, 1));
  EXPECT_THAT(Made(block(), "none", {"fuse:norm,activation"}).sizes(), ElementsAre(3));
  // An activation ends the kernel before it, and that is not the convolution's here.
  EXPECT_THAT(Made(block(), "none", {"fuse:activation"}).sizes(), ElementsAre(1, 1, 1));
  // A chain of pointwise operators has no contraction in it, and no norm.
  EXPECT_THAT(Made(block(), "none", {"fuse:elementwise"}).sizes(), ElementsAre(1, 1, 1));
  EXPECT_THAT(Made(block(), "none", {"fuse"}).sizes(), ElementsAre(3));
}

TEST(Fuse, SavesTheEdgesThatItTakesIn) {
  const Made apart(block(), "none", {});
  const Made fused(block(), "none", {"fuse:norm,activation"});
  // x, w, y and the shift; before, each of the two edges was written and read, with 4 constants.
  EXPECT_EQ(fused.bytes(), 2 * kMap + (kChannels * kChannels + kChannels) * 4);
  EXPECT_EQ(apart.bytes() - fused.bytes(), 4 * kMap + 3 * kChannels * 4);
  EXPECT_EQ(apart.macs(), fused.macs());
}

TEST(Fuse, TellsForEachNodeWhatChanged) {
  const Made made(block(), "none", {"fuse:norm", "fuse:activation"});
  ASSERT_EQ(made.plan.outcomes.size(), 2U);
  ASSERT_EQ(made.plan.outcomes[0].changed.size(), 1U);
  EXPECT_EQ(made.plan.outcomes[0].changed[0].node, "n");
  EXPECT_EQ(made.plan.outcomes[0].changed[0].what, "into the kernel of Conv");
  ASSERT_EQ(made.plan.outcomes[1].changed.size(), 1U);
  EXPECT_EQ(made.plan.outcomes[1].changed[0].node, "y");
}

TEST(Fuse, RefusesNodesWhoseConditionsDoNotHold) {
  ModelBuilder b = block();
  b.output("n");
  const Made made(b, "none", {"fuse:norm,activation"});
  EXPECT_THAT(made.sizes(), ElementsAre(2, 1));
  ASSERT_EQ(made.plan.outcomes[0].refused.size(), 1U);
  EXPECT_EQ(made.plan.outcomes[0].refused[0].node, "y");
  EXPECT_EQ(made.plan.outcomes[0].refused[0].what,
            "not fused into n: its result is a graph output");
}

TEST(Fuse, IsLimitedToTheNodesPicked) {
  ModelBuilder b = block();
  b.weight("v", {kChannels, kChannels, 1, 1}).node("Conv", {"y", "v"}, {"d"});
  b.node("BatchNormalization", {"d", "scale", "shift", "mean", "var"}, {"m"}).output("m");
  EXPECT_THAT(Made(b, "none", {"fuse:norm,node=m"}).sizes(), ElementsAre(1, 1, 1, 2));
  EXPECT_THAT(Made(b, "tensorrt", {"unfuse:norm,elementwise,layernorm,node=m"}).sizes(),
              ElementsAre(3, 1, 1));
  EXPECT_THROW(Made(b, "onnxruntime", {"unfuse:norm,node=m"}), Error);
}

TEST(Fuse, UnknownKindsAreErrors) {
  EXPECT_THROW(Made(block(), "none", {"fuse:nrom"}), Error);
  EXPECT_THROW(Made(block(), "none", {"fuse:node=nobody"}), Error);
}

TEST(Unfuse, TakesAwayFromEveryRuntime) {
  for (const char* runtime : {"basic", "tensorrt", "ncnn", "onnxruntime"}) {
    EXPECT_THAT(Made(block(), runtime, {}).sizes(), ElementsAre(3)) << runtime;
    EXPECT_THAT(Made(block(), runtime, {"unfuse:activation"}).sizes(), ElementsAre(2, 1))
        << runtime;
    EXPECT_THAT(Made(block(), runtime, {"unfuse"}).sizes(), ElementsAre(1, 1, 1)) << runtime;
    EXPECT_THAT(Made(block(), runtime, {"unfuse", "fuse"}).sizes(), ElementsAre(3)) << runtime;
  }
}

/// conv, Relu, channel shuffle of four groups, depthwise conv.
ModelBuilder shuffle(std::vector<std::int64_t> order, bool shared = false) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, kChannels, 12, 12}).weight("w", {kChannels, kChannels, 1, 1});
  b.weight("v", {kChannels, 1, 1, 1}).ints("groups", {1, 4, 4, 12, 12});
  b.ints("map", {1, kChannels, 12, 12});
  b.node("Conv", {"x", "w"}, {"c"}).node("Relu", {"c"}, {"r"});
  b.node("Reshape", {"r", "groups"}, {"g"}).node("Transpose", {"g"}, {"t"}, {perm(order)});
  b.node("Reshape", {"t", "map"}, {"s"});
  b.node("Conv", {"s", "v"}, {"y"}, {{.name = "group", .value = kChannels}}).output("y");
  if (shared) b.node("Conv", {"r", "w"}, {"z"}).output("z");
  return b;
}

TEST(Fuse, NeighboursOfAShuffleAddressItsChannels) {
  for (const char* runtime : {"none", "basic", "tensorrt", "ncnn", "onnxruntime"}) {
    const Made before(shuffle({0, 2, 1, 3, 4}), runtime, {});
    const Made after(shuffle({0, 2, 1, 3, 4}), runtime, {"fuse:shuffle"});
    EXPECT_EQ(before.bytes() - after.bytes(), 2 * kMap) << runtime;
    EXPECT_EQ(before.macs(), after.macs()) << runtime;
    ASSERT_EQ(after.plan.outcomes[0].changed.size(), 1U) << runtime;
    EXPECT_EQ(after.plan.outcomes[0].changed[0].what,
              "absorbed: the kernel before it writes channels in the other order");
  }
}

TEST(Fuse, AShuffleBehindASharedResultIsReadByWhatFollows) {
  const Made made(shuffle({0, 2, 1, 3, 4}, true), "basic", {"fuse:shuffle"});
  ASSERT_EQ(made.plan.outcomes[0].changed.size(), 1U);
  EXPECT_EQ(made.plan.outcomes[0].changed[0].what,
            "absorbed: the kernels behind it read channels in the other order");
}

TEST(Fuse, ATransposeThatTakesPlanesApartIsNoShuffle) {
  const Made made(shuffle({0, 1, 2, 4, 3}), "basic", {"fuse:shuffle"});
  EXPECT_TRUE(made.plan.outcomes[0].changed.empty());
  ASSERT_EQ(made.plan.outcomes[0].refused.size(), 1U);
  EXPECT_EQ(made.plan.outcomes[0].refused[0].node, "t");
}

/// Squeeze-and-excite of a map of 16 channels, to 4 and back.
ModelBuilder gate(const std::string& scaled = "x") {
  ModelBuilder b;
  b.input("x", ir::Shape{1, kChannels, 12, 12}).weight("w", {4, kChannels, 1, 1});
  b.weight("v", {kChannels, 4, 1, 1}).input("small", ir::Shape{1, kChannels, 1, 1});
  b.node("GlobalAveragePool", {"x"}, {"p"}).node("Conv", {"p", "w"}, {"s"});
  b.node("Relu", {"s"}, {"r"}).node("Conv", {"r", "v"}, {"e"}).node("Sigmoid", {"e"}, {"f"});
  return b.node("Mul", {scaled, "f"}, {"y"}).output("y");
}

TEST(Fuse, SmallKernelsOfAGateAreOne) {
  const Made before(gate(), "none", {});
  const Made after(gate(), "none", {"fuse:squeeze-excite"});
  ASSERT_THAT(after.sizes(), ElementsAre(5, 1));
  EXPECT_EQ(before.macs(), after.macs());
  const Step& step = *after.kernels()[0];
  EXPECT_EQ(step.kernel.kind, "pool.global");
  // Elements of the map, and two products of 16 x 4.
  EXPECT_DOUBLE_EQ(step.kernel.work, kChannels * 12 * 12 + 2 * 2 * kChannels * 4);
  // Four edges of 16, 4, 4 and 16 channels, each written and read.
  EXPECT_EQ(before.bytes() - after.bytes(), 2 * (16 + 4 + 4 + 16) * 4);
}

TEST(Fuse, AClassifierIsNoGate) {
  EXPECT_THAT(Made(gate("small"), "none", {"fuse:squeeze-excite"}).sizes(),
              ElementsAre(1, 1, 1, 1, 1, 1));
}

TEST(Fuse, PiecesOfANormAreOneKernelWhereAsked) {
  ModelBuilder b;
  b.input("x", ir::Shape{8, 64}).weight("two", {}).weight("scale", {64});
  const ir::Attribute last = {.name = "axes", .value = std::vector<std::int64_t>{-1}};
  b.node("ReduceMean", {"x"}, {"mean"}, {last}).node("Sub", {"x", "mean"}, {"d"});
  b.node("Pow", {"d", "two"}, {"p"}).node("ReduceMean", {"p"}, {"var"}, {last});
  b.node("Add", {"var", "two"}, {"v"}).node("Sqrt", {"v"}, {"s"}).node("Div", {"d", "s"}, {"q"});
  b.node("Mul", {"q", "scale"}, {"y"}).output("y");
  EXPECT_EQ(Made(b, "basic", {}).sizes().size(), 8U);
  EXPECT_THAT(Made(b, "basic", {"fuse:layernorm"}).sizes(), ElementsAre(8));
}

/// Reasons of the step that a node is in.
std::vector<std::string> reasons(const Made& made, const std::string& node) {
  for (const Step& step : made.plan.steps) {
    for (const ir::NodeId n : step.nodes) {
      if (made.graph.node_name(n) == node) return step.reasons;
    }
  }
  return {};
}

TEST(Unfused, ABatchNormBehindAnActivationSaysWhyItDoesNotFold) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, kChannels, 12, 12}).weight("w", {kChannels, kChannels, 1, 1});
  for (const char* name : {"scale", "shift", "mean", "var"}) b.weight(name, {kChannels});
  b.node("Conv", {"x", "w"}, {"c"}).node("Relu", {"c"}, {"r"});
  b.node("BatchNormalization", {"r", "scale", "shift", "mean", "var"}, {"n"}).output("n");
  for (const char* runtime : {"none", "basic", "tensorrt", "ncnn", "onnxruntime"}) {
    EXPECT_THAT(reasons(Made(b, runtime, {}), "n"),
                Contains("not folded into c: an activation (Relu 'r') lies between Conv and "
                         "BatchNormalization, so the scale cannot move into the weights"))
        << runtime;
  }
}

TEST(Unfused, EachConditionHasItsWords) {
  ModelBuilder shared = block();
  shared.node("Sigmoid", {"c"}, {"other"}).output("other");
  EXPECT_THAT(reasons(Made(shared, "basic", {}), "n"),
              ElementsAre("not folded into c: its result has 2 readers"));
  EXPECT_THAT(reasons(Made(shared, "basic", {}), "other"),
              ElementsAre("not fused into c: its result has 2 readers"));
  ModelBuilder wanted = block();
  wanted.output("n");
  EXPECT_THAT(reasons(Made(wanted, "tensorrt", {}), "y"),
              ElementsAre("not fused into n: its result is a graph output"));
  EXPECT_THAT(reasons(Made(block(), "none", {}), "n"),
              ElementsAre("not folded into c: the runtime does not fold it"));
  EXPECT_THAT(
      reasons(Made(block(), "basic", {"unfuse:activation"}), "y"),
      ElementsAre("not fused into n: the runtime has no kernel of BatchNormalization with Relu "
                  "here"));
}

TEST(Unfused, AWideningAddAndAnInputAsWeightsSaySo) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 1, 16}).weight("w", {16, 8}).input("wide", ir::Shape{2, 3, 8});
  b.node("MatMul", {"x", "w"}, {"m"}).node("Add", {"m", "wide"}, {"y"}).output("y");
  EXPECT_THAT(reasons(Made(b, "basic", {}), "y"),
              ElementsAre("not fused into m: it widens the result"));
  ModelBuilder c;
  c.input("x", ir::Shape{1, 4, 8, 8}).input("w", ir::Shape{4, 4, 1, 1});
  for (const char* name : {"scale", "shift", "mean", "var"}) c.weight(name, {4});
  c.node("Conv", {"x", "w"}, {"c"});
  c.node("BatchNormalization", {"c", "scale", "shift", "mean", "var"}, {"n"}).output("n");
  EXPECT_THAT(reasons(Made(c, "tensorrt", {}), "n"),
              ElementsAre("not folded into c: the weights are not constant"));
}

}  // namespace
}  // namespace roofline::plan
