// Owns the checks of the walk: binding, small values, parameters, broken and unknown nodes.
// Refuses to test operators' own rules: those have their tables.
#include "roofline/infer/infer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/model_builder.hpp"

namespace roofline {
namespace {

using infer::Bindings;
using infer::TypedGraph;
using test::ModelBuilder;

std::string shape_of(const TypedGraph& graph, ModelBuilder& b, const std::string& name) {
  const auto& shape = graph.types[static_cast<std::size_t>(b.id(name))].shape;
  return shape ? ir::to_string(*shape) : "unknown";
}

std::vector<std::string> texts(const TypedGraph& graph) {
  std::vector<std::string> list;
  for (const Diagnostic& d : graph.diagnostics) list.push_back(format_diagnostic(d));
  return list;
}

std::string error_of(const ir::Model& model, const Bindings& bindings) {
  try {
    (void)infer::infer(model, bindings);
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), ExitCode::kUsage);
    return format_diagnostic(e.diagnostic());
  }
  return "no error";
}

ModelBuilder relu_model() {
  ModelBuilder b;
  b.input("x", {ir::Dim{.symbol = "batch"}, ir::Dim{.value = 8}})
      .node("Relu", {"x"}, {"y"})
      .output("y");
  return b;
}

TEST(Infer, UnboundSymbolIsOneWithANote) {
  ModelBuilder b = relu_model();
  const TypedGraph graph = infer::infer(b.model(), {});
  EXPECT_EQ(shape_of(graph, b, "y"), "1x8");
  EXPECT_EQ(graph.dims.at("batch"), 1);
  ASSERT_EQ(texts(graph).size(), 1U);
  EXPECT_EQ(texts(graph)[0],
            "roofline: note[unbound-dim]: dimension 'batch' (axis 0 of input 'x') was not given: 1 "
            "assumed\n  hint: --dim batch=N\n");
}

TEST(Infer, DimBindsASymbol) {
  ModelBuilder b = relu_model();
  const TypedGraph graph =
      infer::infer(b.model(), {.dims = {{"batch", 4}}, .shapes = {}, .values = {}});
  EXPECT_EQ(shape_of(graph, b, "y"), "4x8");
  EXPECT_TRUE(graph.diagnostics.empty());
}

TEST(Infer, ShapeBindsTheSymbolsItImplies) {
  ModelBuilder b = relu_model();
  b.input("z", {ir::Dim{.symbol = "batch"}}).node("Relu", {"z"}, {"w"}).output("w");
  const TypedGraph graph =
      infer::infer(b.model(), {.dims = {}, .shapes = {{"x", {3, 8}}}, .values = {}});
  EXPECT_EQ(shape_of(graph, b, "w"), "3");
}

TEST(Infer, MisspelledDimIsAnError) {
  ModelBuilder b = relu_model();
  EXPECT_EQ(error_of(b.model(), {.dims = {{"batc", 2}}, .shapes = {}, .values = {}}),
            "roofline: error[unknown-dim]: test.onnx: no input has a dimension named 'batc'\n"
            "  hint: did you mean 'batch'?\n");
}

TEST(Infer, ConflictingSizesAreAnError) {
  ModelBuilder b = relu_model();
  EXPECT_EQ(
      error_of(b.model(), {.dims = {{"batch", 2}}, .shapes = {{"x", {3, 8}}}, .values = {}}),
      "roofline: error[dim-conflict]: test.onnx: dimension 'batch' is 2 elsewhere, but --shape "
      "makes it 3 in axis 0 of 'x'\n  hint: give equal sizes to equal symbols\n");
}

TEST(Infer, WrongRankAndUnknownTensorAreErrors) {
  ModelBuilder b = relu_model();
  EXPECT_EQ(error_of(b.model(), {.dims = {}, .shapes = {{"x", {3}}}, .values = {}}),
            "roofline: error[rank-mismatch]: test.onnx: --shape gives 'x' 1 dimensions, the model "
            "declares 2\n  hint: give one size per declared dimension\n");
  EXPECT_EQ(error_of(b.model(), {.dims = {}, .shapes = {{"xx", {3}}}, .values = {}}),
            "roofline: error[unknown-tensor]: test.onnx: --shape names 'xx', which is no tensor of "
            "the model\n  hint: did you mean 'x'?\n");
}

TEST(Infer, OverridingAFixedAxisWarns) {
  ModelBuilder b = relu_model();
  const TypedGraph graph =
      infer::infer(b.model(), {.dims = {}, .shapes = {{"x", {1, 9}}}, .values = {}});
  EXPECT_EQ(shape_of(graph, b, "y"), "1x9");
  ASSERT_EQ(graph.diagnostics.size(), 1U);
  EXPECT_EQ(graph.diagnostics[0].code, "shape-override");
}

TEST(Infer, ValueFeedsShapeArithmetic) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 6}).input("target", ir::Shape{2}, ir::DType::kInt64);
  b.node("Reshape", {"x", "target"}, {"y"}).output("y");
  const TypedGraph graph =
      infer::infer(b.model(), {.dims = {}, .shapes = {}, .values = {{"target", {3, -1}}}});
  EXPECT_EQ(shape_of(graph, b, "y"), "3x4");
}

TEST(Infer, ValueOfTheWrongSizeIsAnError) {
  ModelBuilder b;
  b.input("x", ir::Shape{2, 6}).input("target", ir::Shape{2}, ir::DType::kInt64);
  b.node("Reshape", {"x", "target"}, {"y"}).output("y");
  EXPECT_EQ(error_of(b.model(), {.dims = {}, .shapes = {}, .values = {{"target", {3}}}}),
            "roofline: error[value-size]: --value gives 'target' 1 elements, its shape 2 holds 2\n"
            "  hint: give every element, row by row\n");
}

TEST(Infer, ShapeArithmeticOfAnExporterResolves) {
  // x.view(x.size(0), -1) as PyTorch writes it.
  ModelBuilder b;
  b.input("x", {ir::Dim{.symbol = "batch"}, ir::Dim{.value = 4}, ir::Dim{.value = 5}});
  b.ints("zero", {0}).ints("minus_one", {-1});
  b.node("Shape", {"x"}, {"s"}).node("Gather", {"s", "zero"}, {"n"});
  b.node("Concat", {"n", "minus_one"}, {"target"}, {{.name = "axis", .value = std::int64_t{0}}});
  b.node("Reshape", {"x", "target"}, {"y"}).output("y");
  const TypedGraph graph =
      infer::infer(b.model(), {.dims = {{"batch", 3}}, .shapes = {}, .values = {}});
  EXPECT_EQ(shape_of(graph, b, "y"), "3x20");
}

TEST(Infer, SharedWeightIsOneParameterReadByEach) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 8}).weight("w", {8, 8});
  b.node("MatMul", {"x", "w"}, {"y"}).node("MatMul", {"y", "w"}, {"z"}).output("z");
  const TypedGraph graph = infer::infer(b.model(), {});
  EXPECT_EQ(graph.parameters, 8 * 8);
  EXPECT_EQ(graph.weight_bytes, 8 * 8 * 4);
  EXPECT_EQ(graph.costs[0].weight_read_bytes, 8 * 8 * 4);
  EXPECT_EQ(graph.costs[1].weight_read_bytes, 8 * 8 * 4);
}

TEST(Infer, TensorUsedTwiceByANodeIsReadOnce) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 8}).node("Mul", {"x", "x"}, {"y"}).output("y");
  const TypedGraph graph = infer::infer(b.model(), {});
  EXPECT_EQ(graph.costs[0].activation_read_bytes, 4 * 8 * 4);
}

TEST(Infer, BatchNormStatisticsAreWeightsButNoParameters) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 16, 4, 4});
  b.weight("scale", {16}).weight("shift", {16}).weight("mean", {16}).weight("var", {16});
  b.node("BatchNormalization", {"x", "scale", "shift", "mean", "var"}, {"y"}).output("y");
  const TypedGraph graph = infer::infer(b.model(), {});
  EXPECT_EQ(graph.parameters, 2 * 16);
  EXPECT_EQ(graph.weight_bytes, 4 * 16 * 4);
}

TEST(Infer, ScalarAndIntegerConstantsAreNoParameters) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 8}).weight("scale", {}).weight("table", {5, 8}, ir::DType::kInt64);
  b.ints("rows", {1, 2});
  b.node("Mul", {"x", "scale"}, {"y"})
      .node("Gather", {"table", "rows"}, {"z"})
      .output("y")
      .output("z");
  EXPECT_EQ(infer::infer(b.model(), {}).parameters, 0);
}

TEST(Infer, BrokenNodeIsDiagnosedAndTheWalkGoesOn) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 4, 8, 8}).weight("w", {8, 3, 3, 3});
  b.node("Conv", {"x", "w"}, {"y"}).node("Relu", {"x"}, {"z"}).output("y").output("z");
  const TypedGraph graph = infer::infer(b.model(), {});
  ASSERT_EQ(graph.diagnostics.size(), 1U);
  const std::string text = format_diagnostic(graph.diagnostics[0]);
  EXPECT_TRUE(
      text.starts_with("roofline: error[shape-mismatch]: test.onnx: node 'y' (Conv, #0): "
                       "input has 4 channels, weight expects 3"))
      << text;
  EXPECT_EQ(graph.costs[0].confidence, ops::Confidence::kUnknown);
  EXPECT_EQ(graph.costs[1].confidence, ops::Confidence::kExact);
}

TEST(Infer, WrongArityIsDiagnosed) {
  ModelBuilder b;
  b.input("x", ir::Shape{4}).node("Relu", {"x", "x"}, {"y"}).output("y");
  const TypedGraph graph = infer::infer(b.model(), {});
  EXPECT_EQ(
      texts(graph).at(0),
      "roofline: error[bad-arity]: test.onnx: node 'y' (Relu, #0): 2 inputs given, expected 1\n");
}

TEST(Infer, OverflowIsDiagnosed) {
  ModelBuilder b;
  b.input("x", ir::Shape{3'000'000'000, 3'000'000'000, 3}).node("Relu", {"x"}, {"y"}).output("y");
  const TypedGraph graph = infer::infer(b.model(), {});
  ASSERT_FALSE(graph.diagnostics.empty());
  EXPECT_EQ(graph.diagnostics[0].code, "overflow");
}

TEST(Infer, EmptyAndUnknownAxesComeBeforeOverflow) {
  const std::int64_t huge = 3'000'000'000'000;
  EXPECT_EQ(ir::element_count({huge, huge, 0}), Count(0));
  EXPECT_EQ(ir::element_count({huge, huge, ir::kUnknownDim}), std::nullopt);
  EXPECT_THROW((void)ir::element_count({huge, huge}), OverflowError);
}

TEST(Infer, UnknownOperatorCountsBytesButNotWork) {
  ModelBuilder b;
  b.input("x", ir::Shape{4, 8});
  b.node("Mystery", {"x"}, {"y"}).output("y");
  b.tensor("y").declared = std::vector<ir::Dim>{ir::Dim{.value = 4}};
  b.tensor("y").dtype = ir::DType::kFloat32;
  const TypedGraph graph = infer::infer(b.model(), {});
  EXPECT_EQ(graph.costs[0].confidence, ops::Confidence::kUnknown);
  EXPECT_TRUE(graph.costs[0].bytes_known);
  EXPECT_EQ(graph.costs[0].traffic_bytes(), (32 + 4) * 4);
  EXPECT_EQ(texts(graph).at(0),
            "roofline: warning[unknown-op]: test.onnx: node 'y' (Mystery, #0): operator Mystery is "
            "not in the table: its bytes are counted, its work is not\n  hint: the sums are lower "
            "bounds\n");
}

TEST(Infer, StaleDeclarationWarnsAndInferenceWins) {
  ModelBuilder b = relu_model();
  b.tensor("y").declared = std::vector<ir::Dim>{ir::Dim{.value = 7}, ir::Dim{.value = 8}};
  const TypedGraph graph =
      infer::infer(b.model(), {.dims = {{"batch", 2}}, .shapes = {}, .values = {}});
  EXPECT_EQ(shape_of(graph, b, "y"), "2x8");
  ASSERT_EQ(graph.diagnostics.size(), 1U);
  EXPECT_EQ(graph.diagnostics[0].code, "stale-value-info");
}

}  // namespace
}  // namespace roofline
