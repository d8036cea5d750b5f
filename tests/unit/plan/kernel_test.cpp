// Owns the kinds of kernels: what each is called, its work and its extents, on one operator each.
// Refuses fusion: onnxruntime_test and kernel_rules_test have that.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <ostream>

#include "roofline/plan/plan.hpp"
#include "support/model_builder.hpp"

namespace roofline::plan {
namespace {

using test::ModelBuilder;

constexpr double kNone = std::numeric_limits<double>::infinity();

struct Case {
  std::string name;
  ModelBuilder model;
  std::string runtime;
  std::string_view kind;
  double work;
  std::array<double, 3> extents;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

/// The largest 8 in each of 10 rows.
ModelBuilder top_k() {
  ModelBuilder b;
  b.input("x", ir::Shape{10, 80}).ints("k", {8});
  return b.node("TopK", {"x", "k"}, {"y", "i"}).output("y");
}

/// Convolution of [1, in, 14, 14] with `out` filters that keep the size.
ModelBuilder conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t groups = 1) {
  ModelBuilder b;
  const std::int64_t pad = kernel / 2;
  b.input("x", ir::Shape{1, in, 14, 14}).weight("w", {out, in / groups, kernel, kernel});
  b.node("Conv", {"x", "w"}, {"y"},
         {{.name = "pads", .value = std::vector<std::int64_t>{pad, pad, pad, pad}},
          {.name = "group", .value = groups}});
  b.output("y");
  return b;
}

ModelBuilder one(const std::string& op, const std::vector<ir::Shape>& shapes,
                 std::vector<ir::Attribute> attributes = {}) {
  ModelBuilder b;
  std::vector<std::string> names;
  for (const ir::Shape& shape : shapes) {
    names.push_back("x" + std::to_string(names.size()));
    b.input(names.back(), shape);
  }
  b.node(op, names, {"y"}, std::move(attributes)).output("y");
  return b;
}

ModelBuilder product(std::int64_t m, bool constant) {
  ModelBuilder b;
  b.input("x", ir::Shape{m, 64});
  if (constant)
    b.weight("w", {64, 100});
  else
    b.input("w", ir::Shape{64, 100});
  b.node("MatMul", {"x", "w"}, {"y"}).output("y");
  return b;
}

ir::Attribute ints(const char* name, std::vector<std::int64_t> values) {
  return {.name = name, .value = std::move(values)};
}

ModelBuilder scatter() {
  ModelBuilder b;
  b.input("x", ir::Shape{20, 10}).input("at", ir::Shape{40, 10}, ir::DType::kInt64);
  b.input("updates", ir::Shape{40, 10});
  b.node("ScatterElements", {"x", "at", "updates"}, {"y"}).output("y");
  return b;
}

/// From 16 to 8 channels, windows of 2x2x2 side by side.
ModelBuilder transposed() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 16, 4, 4, 4}).weight("w", {16, 8, 2, 2, 2});
  b.node("ConvTranspose", {"x", "w"}, {"y"}, {ints("strides", {2, 2, 2})}).output("y");
  return b;
}

const double kPixels = 14 * 14;

std::vector<Case> cases() {
  return {
      {"Pointwise",
       conv(64, 50, 1),
       "onnxruntime:all",
       "conv.pointwise",
       2 * 64 * 64 * kPixels,
       {64, 64, kPixels}},  // 50 channels run as 64
      {"Spatial",
       conv(64, 64, 3),
       "onnxruntime:all",
       "conv.spatial",
       2.0 * 64 * 64 * (9 * 12 * 12 + 4 * 12 * 6 + 4 * 4),
       {64, 64, 14}},  // taps on real input
      {"First",
       conv(3, 64, 3),
       "onnxruntime:all",
       "conv.first",
       2.0 * 3 * 64 * (9 * 12 * 12 + 4 * 12 * 6 + 4 * 4),
       {27, 64, 14}},
      {"Depthwise",
       conv(64, 64, 3, 64),
       "onnxruntime:all",
       "conv.depthwise",
       2 * 64 * kPixels * 9,
       {14, 9, 64}},
      {"Grouped",
       conv(64, 64, 1, 2),
       "onnxruntime:all",
       "conv.grouped",
       2 * 64 * 32 * kPixels,
       {32, 14, 32}},
      {"PointwisePlain",
       conv(64, 50, 1),
       "onnxruntime:extended",
       "im2col.pointwise",
       2 * 64 * 50 * kPixels,
       {64, 50, kPixels}},
      {"SpatialPlain",
       conv(64, 64, 3),
       "onnxruntime:extended",
       "im2col.spatial",
       2 * 64 * 64 * 9 * kPixels,
       {576, 64, kPixels}},
      {"Gemm", product(8, true), "onnxruntime:all", "gemm", 2 * 8 * 64 * 112, {64, 100, 8}},
      {"Gemv", product(1, true), "onnxruntime:all", "gemv", 2 * 64 * 112, {64, 100, 1}},
      {"Matmul", product(8, false), "onnxruntime:all", "matmul", 2 * 8 * 64 * 112, {64, 100, 8}},
      {"Matvec", product(1, false), "onnxruntime:all", "matvec", 2 * 64 * 112, {64, 100, 1}},
      {"Unary", one("Sigmoid", {{4, 100}}), "onnxruntime:all", "unary", 400, {100, kNone, kNone}},
      {"Elementwise",
       one("Add", {{4, 100}, {4, 100}}),
       "onnxruntime:all",
       "elementwise",
       400,
       {100, kNone, kNone}},
      {"BroadcastOfRows",
       one("Add", {{4, 3, 100}, {100}}),
       "onnxruntime:all",
       "broadcast",
       1200,
       {100, kNone, kNone}},
      {"BroadcastOfPlanes",
       one("Mul", {{4, 3, 100}, {4, 3, 1}}),
       "onnxruntime:all",
       "broadcast",
       1200,
       {100, kNone, kNone}},
      {"SoftmaxLast",
       one("Softmax", {{4, 100}}),
       "onnxruntime:all",
       "softmax",
       400,
       {100, kNone, kNone}},
      {"SoftmaxOuter",
       one("Softmax", {{4, 5, 100}}, {{.name = "axis", .value = std::int64_t{1}}}),
       "onnxruntime:all",
       "softmax.outer",
       2000,
       {100, 5, kNone}},
      {"ReduceInner",
       one("ReduceMax", {{4, 5, 100}}, {ints("axes", {2})}),
       "onnxruntime:all",
       "reduce.inner",
       2000,
       {100, kNone, kNone}},
      {"ReduceOuter",
       one("ReduceMax", {{4, 5, 100}}, {ints("axes", {1})}),
       "onnxruntime:all",
       "reduce.outer",
       2000,
       {100, 5, kNone}},
      {"ReduceRows",
       one("ReduceMax", {{1, 20, 100}}, {ints("axes", {1})}),
       "onnxruntime:all",
       "reduce.outer.rows",
       2000,
       {100, 64.0 / 20, kNone}},  // rows of 400 bytes start in every set of the first cache
      {"ReduceRowsOfOneSet",
       one("ReduceMax", {{1, 20, 1024}}, {ints("axes", {1})}),
       "onnxruntime:all",
       "reduce.outer.rows",
       20480,
       {1024, 1.0 / 20, kNone}},
      {"TransposeOfBlocks",
       one("Transpose", {{4, 5, 100}}, {ints("perm", {1, 0, 2})}),
       "onnxruntime:all",
       "move",
       2000,
       {100, kNone, kNone}},
      {"TransposeOfElements",
       one("Transpose", {{4, 5, 100}}, {ints("perm", {0, 2, 1})}),
       "onnxruntime:all",
       "move.scatter",
       2000,
       {64.0 / 5, kNone, kNone}},
      {"TransposeOfRowsOfOneSet",
       one("Transpose", {{4, 10, 4, 256}}, {ints("perm", {0, 2, 3, 1})}),
       "onnxruntime:all",
       "move.scatter",
       40960,
       {1.0 / 10, kNone, kNone}},
      {"TransposeOutwards",
       one("Transpose", {{1, 4, 50, 32}}, {ints("perm", {0, 3, 1, 2})}),
       "onnxruntime:all",
       "move.scatter",
       6400,
       {32.0 / 200, kNone, kNone}},
      {"TransposeOfOneAxisAndOneOfOneElement",
       one("Transpose", {{4, 10, 1, 256}}, {ints("perm", {0, 2, 3, 1})}),
       "onnxruntime:all",
       "move.scatter",
       10240,
       {4.0 / 10, kNone, kNone}},
      {"TransposeOfAnAxisOfOneElementElsewhere",
       one("Transpose", {{4, 10, 1, 256}}, {ints("perm", {2, 0, 3, 1})}),
       "onnxruntime:all",
       "move.scatter.permuted",
       10240,
       {kNone, kNone, kNone}},
      {"TopKSortsWhatItFinds",
       top_k(),
       "onnxruntime:all",
       "other",
       800 + 15 * 80 * 3,
       {8, kNone, kNone}},
      {"PReluBranches",
       one("PRelu", {{8, 16}, {16}}),
       "onnxruntime:all",
       "unary.branching",
       128,
       {16, kNone, kNone}},
      {"DepthwiseInThreeDimensions",
       one("Conv", {{1, 4, 6, 6, 6}, {4, 1, 3, 3, 3}},
           {{.name = "group", .value = std::int64_t{4}}}),
       "onnxruntime:all",
       "im2col.depthwise.volume",
       2.0 * 4 * 64 * 27,
       {4, 27, 4}},
      {"TransposeOfSeveralAxes",
       one("Transpose", {{4, 5, 6, 10}}, {ints("perm", {0, 3, 2, 1})}),
       "onnxruntime:all",
       "move.scatter.permuted",
       1200,
       {kNone, kNone, kNone}},
      {"ConcatByTheRunsOfItsPieces",
       one("Concat", {{10, 1}, {10, 4}, {10, 1}}, {{.name = "axis", .value = std::int64_t{1}}}),
       "onnxruntime:all",
       "move",
       60,
       {2, kNone, kNone}},
      {"ScatterElementsOneByOne",
       scatter(),
       "onnxruntime:all",
       "move.scatter.indexed",
       400,
       {kNone, kNone, kNone}},
      {"ReduceInnerOfASquare",
       one("ReduceMax", {{1, 20, 20}},
           {ints("axes", {2}), {.name = "keepdims", .value = std::int64_t{0}}}),
       "onnxruntime:all",
       "reduce.inner",
       400,
       {20, kNone, kNone}},
      {"ArgMaxInnerOfASquare",
       one("ArgMax", {{20, 20}},
           {{.name = "axis", .value = std::int64_t{-1}},
            {.name = "keepdims", .value = std::int64_t{0}}}),
       "onnxruntime:all",
       "reduce.inner",
       400,
       {20, kNone, kNone}},
      {"BatchNormByPixels",
       one("BatchNormalization", {{8, 16}, {16}, {16}, {16}, {16}}),
       "onnxruntime:all",
       "norm.batch",
       128,
       {1, kNone, kNone}},
      {"LocalNormByElements",
       one("LRN", {{1, 8, 4, 4}}, {{.name = "size", .value = std::int64_t{5}}}),
       "onnxruntime:all",
       "norm",
       128,
       {kNone, kNone, kNone}},
      {"LayerNormByRows",
       one("LayerNormalization", {{8, 16}, {16}, {16}}),
       "onnxruntime:all",
       "norm",
       128,
       {16, kNone, kNone}},
      {"GridSampleByChannels",
       one("GridSample", {{1, 3, 8, 8}, {1, 4, 5, 2}}),
       "onnxruntime:all",
       "resize.linear",
       60,
       {3, kNone, kNone}},
      {"ScalarBesideRows",
       one("Add", {{1, 100}, {1}}),
       "onnxruntime:all",
       "unary",
       100,
       {100, kNone, kNone}},
      {"ScalarBesideOneColumn",
       one("Add", {{100, 1}, {1}}),
       "onnxruntime:all",
       "broadcast",
       100,
       {1, kNone, kNone}},
      {"OneElementOfTheSameRankBesideOneColumn",
       one("Add", {{100, 1}, {1, 1}}),
       "onnxruntime:all",
       "unary",
       100,
       {1, kNone, kNone}},
      {"TransposedConvolutionInThreeDimensions",
       transposed(),
       "onnxruntime:all",
       "conv.transposed.general",
       2.0 * 16 * 8 * 8 * 64,
       {16, 64, 64}},
      {"GlobalPool",
       one("GlobalAveragePool", {{1, 10, 14, 14}}),
       "onnxruntime:extended",
       "pool.global",
       10 * kPixels,
       {kPixels, kNone, kNone}},
  };
}

class KernelOf : public testing::TestWithParam<Case> {};

TEST_P(KernelOf, IsWhatTheRuntimeRuns) {
  const Case& c = GetParam();
  const Plan plan = make_plan(infer::infer(c.model.model(), {}), nullptr,
                              {.runtime = c.runtime, .precision = {}});
  int found = 0;
  for (const Step& step : plan.steps) {
    if (step.nodes.empty()) continue;  // a reorder
    ++found;
    EXPECT_EQ(step.kernel.kind, c.kind);
    EXPECT_DOUBLE_EQ(step.kernel.work, c.work);
    EXPECT_EQ(step.kernel.extents, c.extents);
  }
  EXPECT_EQ(found, 1);
}

TEST(Kernel, PointwiseInBlocksReadsItsInputForEveryFourBlocksOfResults) {
  const ModelBuilder model = conv(32, 256, 1);
  const Plan plan = make_plan(infer::infer(model.model(), {}), nullptr,
                              {.runtime = "onnxruntime:all", .precision = {}});
  const auto step = std::find_if(plan.steps.begin(), plan.steps.end(),
                                 [](const Step& s) { return s.kernel.kind == "conv.pointwise"; });
  ASSERT_NE(step, plan.steps.end());
  const double input = 32 * 14 * 14 * 4;
  EXPECT_DOUBLE_EQ(step->kernel.reread_span, input);
  EXPECT_DOUBLE_EQ(step->kernel.reread_bytes, 3 * input);  // 256 results, 64 at once
}

TEST(Kernel, IntegerPoolBeginsNoRegionOfChannelsLast) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 16, 8, 8}, ir::DType::kUint8);
  b.node("MaxPool", {"x"}, {"y"},
         {{.name = "kernel_shape", .value = std::vector<std::int64_t>{2, 2}}});
  b.output("y");
  for (const char* runtime : {"onnxruntime:extended", "onnxruntime:all"}) {
    const Plan plan =
        make_plan(infer::infer(b.model(), {}), nullptr, {.runtime = runtime, .precision = {}});
    ASSERT_EQ(plan.steps.size(), 1U);
    EXPECT_EQ(plan.steps[0].kernel.op, "MaxPool");
    EXPECT_EQ(plan.steps[0].kernel.kind, "pool.integer");
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, KernelOf, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace roofline::plan
