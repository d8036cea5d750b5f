// Owns the tests of sliding windows and of what convolutions tell later rooms.
// Refuses single operators' counts: the *_cases.cpp tables have those.
#include "../../src/ops/window.hpp"

#include <gtest/gtest.h>

#include "cases/op_case.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::test {
namespace {

using Ints = std::vector<std::int64_t>;

/// Taps on real input, counted one by one.
std::int64_t brute_force(const ops::Window& w) {
  std::int64_t taps = 0;
  for (std::int64_t o = 0; o < w.out; ++o) {
    for (std::int64_t k = 0; k < w.kernel; ++k) {
      const std::int64_t at = o * w.stride + k * w.dilation - w.pad_begin;
      if (at >= 0 && at < w.in) ++taps;
    }
  }
  return taps;
}

TEST(Window, CountsValidTapsLikeBruteForce) {
  for (std::int64_t in : {1, 2, 7, 10}) {
    for (std::int64_t kernel : {1, 2, 3, 5}) {
      for (std::int64_t stride : {1, 2, 3}) {
        for (std::int64_t dilation : {1, 2}) {
          for (std::int64_t pad : {-1, 0, 1, 4}) {
            for (std::int64_t out : {1, 4, 9}) {
              const ops::Window w = {.in = in,
                                     .kernel = kernel,
                                     .stride = stride,
                                     .dilation = dilation,
                                     .pad_begin = pad,
                                     .out = out};
              ASSERT_EQ(ops::valid_taps(w).value(), brute_force(w))
                  << in << " " << kernel << " " << stride << " " << dilation << " " << pad;
            }
          }
        }
      }
    }
  }
}

TEST(Window, DoesNotWalkAHostileKernel) {
  const ops::Window w = {.in = 1, .kernel = std::int64_t{1} << 40, .out = 3};
  EXPECT_EQ(ops::valid_taps(w).value(), 3 * (std::int64_t{1} << 40));
}

/// Work of a node of `type` with the given float operands.
ops::Work work_of(const std::string& type, const std::vector<ir::Shape>& shapes,
                  std::vector<ir::Attribute> attributes) {
  std::vector<ir::TensorType> types;
  for (const ir::Shape& shape : shapes) types.push_back({DType::kFloat32, shape});
  std::vector<const ir::TensorType*> inputs;
  for (const ir::TensorType& type_ : types) inputs.push_back(&type_);
  ir::Node node;
  node.op_type = type;
  node.outputs = {0};
  node.attributes = std::move(attributes);
  std::vector<ir::TensorType> outputs(1);
  ops::OpContext ctx(node, 17, inputs, outputs);
  const ops::OpSpec* spec = ops::find_op("", type, 17);
  spec->infer(ctx);
  return spec->work(ctx);
}

TEST(Contraction, OfAConvolutionIsItsMatrixForm) {
  const ops::Work work =
      work_of("Conv", {{2, 8, 10, 12}, {16, 4, 3, 3}},
              {{"group", 2}, {"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 1}}});
  ASSERT_TRUE(work.contraction);
  EXPECT_EQ(work.contraction->batch, 2);
  EXPECT_EQ(work.contraction->m, 2 * 5 * 12);
  EXPECT_EQ(work.contraction->n, 16 / 2);
  EXPECT_EQ(work.contraction->k, 4 * 3 * 3);
  EXPECT_EQ(work.contraction->groups, 2);
  EXPECT_EQ(work.contraction->kernel, (Ints{3, 3}));
  EXPECT_EQ(work.contraction->stride, (Ints{2, 1}));
  EXPECT_EQ(work.contraction->dilation, (Ints{1, 1}));
  // Rows: 5 windows of 3 taps less 1 above; columns: 12 windows of 3 taps less 1 on each side.
  EXPECT_EQ(work.contraction->valid_macs.value(), 2 * 16 * 4 * (5 * 3 - 1) * (12 * 3 - 2));
}

TEST(Contraction, OfATransposedConvolutionSkipsCroppedTaps) {
  const ops::Work work = work_of("ConvTranspose", {{1, 3, 4}, {3, 5, 3}},
                                 {{"strides", Ints{2}}, {"pads", Ints{1, 1}}});
  ASSERT_TRUE(work.contraction);
  EXPECT_EQ(work.contraction->m, 4);
  EXPECT_EQ(work.contraction->n, 5 * 3);
  EXPECT_EQ(work.contraction->k, 3);
  EXPECT_EQ(work.macs.value(), 3 * 4 * 5 * 3);
  EXPECT_EQ(work.contraction->valid_macs.value(), 3 * 5 * (4 * 3 - 2));
}

TEST(Contraction, OfAnUnpaddedConvolutionIsAllValid) {
  const ops::Work work = work_of("Conv", {{1, 3, 8, 8}, {4, 3, 3, 3}}, {});
  EXPECT_EQ(work.contraction->valid_macs, work.macs);
}

}  // namespace
}  // namespace roofline::test
