// Owns the matching of layers and the figures over rows.
// Refuses to test predictions: reports are made by hand.
#include "roofline/calibrate/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace roofline::calibrate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A plan of layers, each of one node.
class Plan {
 public:
  Plan() { report_.results.emplace_back(); }
  Plan& layer(const std::string& name, const std::string& op, std::vector<std::int64_t> shape,
              double predicted_s) {
    report::LayerRow layer;
    layer.name = name;
    layer.op = op;
    layer.kernel_kind = "kind";
    layer.kind = "op";
    layer.nodes = {report_.nodes.size()};
    layer.flops = Count(1000);
    layer.intensity = 4;
    layer.predicted_latency_s = predicted_s;
    report::NodeRow node;
    node.name = name;
    node.op_type = op;
    node.outputs.push_back({.name = name + "_out", .dtype = "float32", .shape = std::move(shape)});
    report_.nodes.push_back(std::move(node));
    report_.results[0].layers.push_back(std::move(layer));
    return *this;
  }
  /// A reorder: it has no node of the model.
  Plan& reorder(std::vector<std::int64_t> shape) {
    report::LayerRow layer;
    layer.op = "ReorderOutput";
    layer.kind = "reorder";
    layer.predicted_latency_s = 1;
    layer.operands.push_back({.name = "x",
                              .role = "output",
                              .dtype = "float32",
                              .shape = std::move(shape),
                              .elements = {},
                              .bytes = {}});
    report_.results[0].layers.push_back(std::move(layer));
    return *this;
  }
  report::LayerRow& last() { return report_.results[0].layers.back(); }
  [[nodiscard]] const report::Report& report() const { return report_; }

 private:
  report::Report report_;
};

MeasuredNode node(const std::string& name, const std::string& op, std::vector<std::int64_t> shape,
                  double seconds) {
  return {.name = name, .op = op, .outputs = {std::move(shape)}, .seconds = seconds};
}

std::vector<std::string> names(const LayerComparison& comparison) {
  std::vector<std::string> result;
  for (const LayerPair& layer : comparison.layers) result.push_back(layer.name);
  return result;
}

TEST(CompareLayers, NamesDecideWhereTheOrderDiffers) {
  Plan plan;
  plan.layer("a", "Conv", {1, 8, 4, 4}, 1).layer("b", "Conv", {1, 8, 4, 4}, 2);
  plan.layer("c", "Conv", {1, 8, 4, 4}, 3);
  const LayerComparison result =
      compare_layers(plan.report(), {node("c_out_nchwc", "Conv", {1, 8, 4, 4}, 3),
                                     node("fused a", "Conv", {1, 8, 4, 4}, 2),
                                     node("x", "Conv", {1, 8, 4, 4}, 2)});
  EXPECT_THAT(names(result), ElementsAre("c", "a", "b"));
  EXPECT_THAT(result.unmatched_nodes, IsEmpty());
  EXPECT_THAT(result.unmatched_layers, IsEmpty());
  EXPECT_DOUBLE_EQ(result.measured_s, 7);
  EXPECT_DOUBLE_EQ(result.absolute_error_s, 1);
  EXPECT_DOUBLE_EQ(result.error(), 1.0 / 7);
  EXPECT_EQ(result.matched_share(), 1);
}

TEST(CompareLayers, ShapesThenShapesWithoutChannelsThenOrder) {
  Plan plan;
  plan.layer("big", "Relu", {1, 8, 8, 8}, 1).layer("odd", "Relu", {1, 10, 4, 4}, 1);
  plan.layer("none", "Relu", {2, 2}, 1).layer("small", "Relu", {1, 8, 2, 2}, 1);
  const LayerComparison result = compare_layers(
      plan.report(), {node("1", "Relu", {1, 16, 4, 4}, 1), node("2", "Relu", {1, 8, 2, 2}, 1),
                      node("3", "Relu", {7}, 1), node("4", "Relu", {9}, 1)});
  EXPECT_THAT(names(result), ElementsAre("odd", "small", "big", "none"));
}

TEST(CompareLayers, OperatorsAreNeverMixed) {
  Plan plan;
  plan.layer("a", "Conv", {1, 8}, 1).layer("b", "Mul", {1, 8}, 0.5);
  const LayerComparison result =
      compare_layers(plan.report(), {node("a", "Conv", {1, 8}, 2), node("b", "Add", {1, 8}, 2)});
  EXPECT_THAT(names(result), ElementsAre("a"));
  ASSERT_EQ(result.unmatched_nodes.size(), 1U);
  EXPECT_EQ(result.unmatched_nodes[0].op, "Add");
  ASSERT_EQ(result.unmatched_layers.size(), 1U);
  EXPECT_EQ(result.unmatched_layers[0].name, "b");
  EXPECT_EQ(result.unmatched_layers[0].time.predicted_s, 0.5);
  EXPECT_EQ(result.matched_share(), 0.5);
  EXPECT_EQ(result.error(), 0.5);
}

TEST(CompareLayers, StepsWithoutNodesAndStepsThatDoNotRun) {
  Plan plan;
  plan.layer("view", "Reshape", {8}, 0);
  plan.last().kind = "host";
  plan.layer("folded", "ReorderOutput", {1, 4}, 0);
  plan.last().kind = "host";
  plan.layer("branch", "ReorderOutput", {1, 4}, 1);
  plan.last().repeat = Count(0);
  plan.reorder({1, 4}).reorder({1, 8});
  const LayerComparison result = compare_layers(
      plan.report(), {node("r", "ReorderOutput", {1, 8}, 2), node("view", "Reshape", {8}, 1)});
  EXPECT_THAT(names(result), ElementsAre("", "view"));
  EXPECT_EQ(result.unmatched_layers.size(), 1U);
}

TEST(CompareLayers, NodesThatOnlyListNames) {
  Plan plan;
  plan.layer("conv1", "Conv", {1, 8}, 1).layer("fc", "Gemm", {1, 8}, 1);
  const LayerComparison result =
      compare_layers(plan.report(), {{.name = "fc", .seconds = 1},
                                     {.name = "conv1 + relu1", .seconds = 1},
                                     {.name = "copy", .seconds = 1}});
  EXPECT_THAT(names(result), ElementsAre("fc", "conv1"));
  EXPECT_EQ(result.unmatched_nodes.size(), 1U);
}

TEST(CompareLayers, DotsUnderTheRoof) {
  Plan plan;
  plan.layer("a", "Conv", {1}, 1);
  plan.last().attainable_flops_per_s = 5000;
  const LayerComparison result = compare_layers(plan.report(), {node("a", "Conv", {1}, 0.5)});
  EXPECT_EQ(result.layers[0].attained_flops_per_s, 2000);
  EXPECT_EQ(result.layers[0].attainable_flops_per_s, 5000);
  EXPECT_EQ(result.layers[0].intensity, 4);
}

TEST(CompareLayers, HundredThousandEqualNodesAreFast) {
  Plan plan;
  std::vector<MeasuredNode> nodes;
  for (int i = 0; i < 100000; ++i) {
    plan.layer("n", "Relu", {1}, 1);
    nodes.push_back(node("n", "Relu", {1}, 1));
  }
  EXPECT_EQ(compare_layers(plan.report(), nodes).layers.size(), 100000U);
}

ValidatedRow row(const std::string& model, const std::string& hardware, double measured_s,
                 double predicted_s, double roofline_s) {
  ValidatedRow result{
      .model = model, .hardware = hardware, .runtime = "basic", .precision = "as-is"};
  result.time = {measured_s, predicted_s};
  result.roofline_s = roofline_s;
  return result;
}

TEST(Summary, GroupsAndTheOrderOfMachines) {
  Validation validation;
  validation.rows = {row("a", "x", 1, 1.1, 0.5), row("a", "y", 2, 2.2, 0.4), row("b", "x", 4, 3, 4),
                     row("b", "y", 3, 4, 2), row("c", "x", 5, 5, 5)};
  validation.rows[0].repeat_error = 0.02;
  validation.rows[2].repeat_error = 0.04;
  summarize(validation);
  EXPECT_EQ(validation.total.predicted.rows, 5);
  EXPECT_EQ(validation.total.hardware, "");
  EXPECT_EQ(validation.total.runtime, "basic");
  ASSERT_EQ(validation.groups.size(), 2U);
  EXPECT_EQ(validation.groups[0].hardware, "x");
  EXPECT_NEAR(validation.groups[0].predicted.mape, (0.1 + 0.25 + 0) / 3, 1e-12);
  EXPECT_NEAR(validation.groups[0].roofline.mape, 0.5 / 3, 1e-12);
  EXPECT_NEAR(*validation.groups[0].repeat_error, 0.03, 1e-12);
  EXPECT_EQ(validation.groups[1].repeat_error, std::nullopt);
  // a: x is faster and predicted so, not by the roofline; b: y is faster, but predicted slower.
  EXPECT_EQ(validation.machines.ordered(), 0.5);
  EXPECT_EQ(validation.machines_by_roofline.ordered(), 0.5);
}

TEST(Summary, KindsOfKernelsByError) {
  Validation validation;
  validation.rows = {row("a", "x", 1, 1, 1)};
  LayerComparison layers;
  layers.layers = {
      {.name = "1", .op = "Conv", .kernel = "conv", .bound = "compute", .time = {4, 5}},
      {.name = "2", .op = "Relu", .kernel = "", .bound = "memory", .time = {1, 3}},
      {.name = "3", .op = "Conv", .kernel = "conv", .bound = "compute", .time = {5, 4.5}}};
  validation.rows[0].layers = layers;
  summarize(validation);
  ASSERT_EQ(validation.kinds.size(), 2U);
  EXPECT_EQ(validation.kinds[0].kernel, "Relu");
  EXPECT_EQ(validation.kinds[1].kernel, "conv");
  EXPECT_EQ(validation.kinds[1].layers, 2);
  EXPECT_DOUBLE_EQ(validation.kinds[1].absolute_error_s, 1.5);
  EXPECT_DOUBLE_EQ(validation.kinds[1].share, 0.9);
}

}  // namespace
}  // namespace roofline::calibrate
