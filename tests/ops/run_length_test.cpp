// Owns the tests of contiguous runs: what the OpCase table does not look at.
// Refuses byte counts: the table has them.
#include <gtest/gtest.h>

#include "cases/op_case.hpp"
#include "roofline/ops/op_context.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::test {
namespace {

using Ints = std::vector<std::int64_t>;

/// Run lengths of a node's accesses, in order; 0 is one run.
Ints runs_of(const std::string& type, const std::vector<Operand>& inputs,
             std::vector<ir::Attribute> attributes, std::size_t results = 1, int opset = 17) {
  ir::Node node;
  node.op_type = type;
  node.attributes = std::move(attributes);
  std::vector<const ir::TensorType*> types;
  for (const Operand& operand : inputs) types.push_back(&operand.type);
  std::vector<ir::TensorType> outputs(results);
  ops::OpContext ctx(node, opset, types, outputs);
  const ops::OpSpec* spec = ops::find_op("", type, opset);
  spec->infer(ctx);
  Ints runs;
  for (const ops::Access& access : spec->access(ctx)) runs.push_back(access.run_length);
  return runs;
}

TEST(RunLength, TransposeKeepsTrailingAxes) {
  const auto transpose = [](ir::Shape shape, Ints perm) {
    return runs_of("Transpose", {t(std::move(shape))}, {{"perm", std::move(perm)}});
  };
  EXPECT_EQ(transpose({1, 197, 12, 64}, {0, 2, 1, 3}), (Ints{64, 64}));
  EXPECT_EQ(transpose({1, 3, 8, 8}, {0, 2, 3, 1}), (Ints{1, 1}));
  EXPECT_EQ(transpose({4, 5, 6}, {0, 1, 2}), (Ints{0, 0}));
  EXPECT_EQ(transpose({1, 1, 8, 8}, {0, 2, 3, 1}), (Ints{0, 0})) << "an axis of size 1 is no move";
  EXPECT_EQ(transpose({2, 3, 4, 5}, {1, 0, 2, 3}), (Ints{20, 20}));
}

TEST(RunLength, ConcatAndSplitRunBehindTheirAxis) {
  EXPECT_EQ(runs_of("Concat", {t({2, 64, 7}), t({2, 32, 7})}, {{"axis", 1}}),
            (Ints{64 * 7, 32 * 7, 32 * 7}));
  EXPECT_EQ(runs_of("Concat", {t({1, 64, 7}), t({1, 32, 7})}, {{"axis", 1}}), (Ints{0, 0, 0}))
      << "outermost pieces are contiguous";
  EXPECT_EQ(runs_of("Split", {t({4, 6})}, {{"axis", 1}}, 2), (Ints{3, 3, 3}));
  EXPECT_EQ(runs_of("Split", {t({4, 6})}, {{"axis", 0}}, 2), (Ints{0, 0, 0}));
}

TEST(RunLength, ScatterElementsWritesOneByOne) {
  const std::vector<Operand> operands = {t({20, 10}), t({40, 10}), t({40, 10})};
  EXPECT_EQ(runs_of("ScatterElements", operands, {}), (Ints{0, 0, 0, 1}));
}

TEST(RunLength, SliceRunsAsFarAsItTakesWholeAxes) {
  const auto slice = [](ir::Shape shape, std::int64_t end, std::int64_t axis, std::int64_t step) {
    return runs_of("Slice",
                   {t(std::move(shape)), ints({0}), ints({end}), ints({axis}), ints({step})}, {});
  };
  EXPECT_EQ(slice({8, 10, 12}, 5, 1, 1), (Ints{5 * 12, 0}));
  EXPECT_EQ(slice({8, 10, 12}, 5, 0, 1), (Ints{0, 0})) << "one run";
  EXPECT_EQ(slice({8, 10, 12}, 5, 2, 1), (Ints{5, 0}));
  EXPECT_EQ(slice({8, 10, 12}, 12, 2, 2), (Ints{1, 0}));
  EXPECT_EQ(slice({8, 10, 12}, 10, 1, 2), (Ints{12, 0}));
  EXPECT_EQ(slice({8, 10}, 10, 1, 1), (Ints{0, 0})) << "nothing is cut off";
}

TEST(RunLength, GatherTakesRows) {
  const Operand indices = t({5}, DType::kInt64);
  EXPECT_EQ(runs_of("Gather", {t({100, 16}), indices}, {}), (Ints{16, 0, 0}));
  EXPECT_EQ(runs_of("Gather", {t({100, 16}), indices}, {{"axis", 1}}), (Ints{1, 0, 0}));
  EXPECT_EQ(runs_of("GatherND", {t({9, 8, 7}), t({5, 2}, DType::kInt64)}, {}), (Ints{7, 0, 0}));
}

}  // namespace
}  // namespace roofline::test
