// A sweep says of each size what an analysis of that size says, and what changes between sizes.
#include "roofline/pipeline/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline {
namespace {

using testing::HasSubstr;

class SweepTest : public testing::Test {
 protected:
  SweepRequest request(std::vector<std::int64_t> batches) {
    SweepRequest request;
    request.base.hardware = {&machine_};
    request.dims = {{"batch", std::move(batches)}};
    return request;
  }
  report::Result one(std::int64_t batch) {
    Request request;
    request.hardware = {&machine_};
    request.bindings.dims = {{"batch", batch}};
    return analyze(model_, request).results.front();
  }

  hardware::Profile machine_ = hardware::find("rpizero2w");
  ir::Model model_ = onnx_io::load(ROOFLINE_ROOT "/models/resnet18.onnx", onnx_io::Digest::kSkip);
};

TEST_F(SweepTest, PointsAreAnalyses) {
  const report::Sweep result = sweep(model_, request({1, 5}));
  ASSERT_EQ(result.series.size(), 1U);
  ASSERT_EQ(result.series[0].points.size(), 2U);
  for (const report::SweepPoint& point : result.series[0].points) {
    const report::Result alone = one(point.value);
    EXPECT_EQ(point.result.predicted_latency_s, alone.predicted_latency_s);
    EXPECT_EQ(point.result.dram_bytes, alone.dram_bytes);
    EXPECT_DOUBLE_EQ(*point.throughput_per_s,
                     static_cast<double>(point.value) / alone.predicted_latency_s);
    EXPECT_TRUE(point.result.layers.empty());
  }
  EXPECT_TRUE(result.counts_items);
}

TEST_F(SweepTest, TheLargestThatFitsLiesBetweenPoints) {
  const report::Sweep result = sweep(model_, request({1, 256}));
  const std::optional<std::int64_t> largest = result.series[0].largest_that_fits;
  ASSERT_TRUE(largest);
  EXPECT_GT(*largest, 1);
  EXPECT_LT(*largest, 256);
  EXPECT_TRUE(*one(*largest).fits_in_memory);
  EXPECT_FALSE(*one(*largest + 1).fits_in_memory);
}

TEST_F(SweepTest, TheBestKeepsTheLimitAndFits) {
  SweepRequest asked = request({1, 2, 4, 8, 256});
  asked.max_latency_s = one(4).predicted_latency_s;
  const report::SweepSeries limited = sweep(model_, asked).series[0];
  ASSERT_TRUE(limited.best);
  EXPECT_LE(limited.points[*limited.best].result.predicted_latency_s, *asked.max_latency_s);
  asked.max_latency_s.reset();
  const report::SweepSeries free = sweep(model_, asked).series[0];
  ASSERT_TRUE(free.best);
  EXPECT_NE(free.points[*free.best].value, 256) << "that does not fit in memory";
  asked.max_latency_s = one(1).predicted_latency_s / 2;
  EXPECT_FALSE(sweep(model_, asked).series[0].best);
}

TEST_F(SweepTest, CrossingsAreChangesOfBound) {
  machine_ = hardware::find("v100");
  const report::SweepSeries series = sweep(model_, request({1, 64})).series[0];
  const report::Result small = one(1);
  const report::Result large = one(64);
  std::size_t changed = small.bound == large.bound ? 0 : 1;
  for (std::size_t i = 0; i < small.layers.size(); ++i) {
    const auto& a = small.layers[i].bound;
    const auto& b = large.layers[i].bound;
    if (a != b && a != "none" && b != "none") ++changed;
  }
  EXPECT_GT(changed, 0U);
  EXPECT_EQ(series.crossings.size(), changed);
}

TEST_F(SweepTest, OtherDimensionsAndPrecisionsAreSeries) {
  machine_ = hardware::find("v100");
  model_ = onnx_io::load(ROOFLINE_ROOT "/models/bert_base.onnx", onnx_io::Digest::kSkip);
  SweepRequest asked = request({1, 2});
  asked.dims.push_back({"sequence", {32, 64}});
  asked.precisions = {std::nullopt, hardware::Precision::kFp16};
  const report::Sweep result = sweep(model_, asked);
  ASSERT_EQ(result.series.size(), 4U);
  EXPECT_EQ(result.series[1].dims.at("sequence"), 64);
  EXPECT_EQ(result.series[2].points[0].result.precision, "fp16");
}

TEST_F(SweepTest, ASizeThatBreaksTheModelIsNamed) {
  SweepRequest asked = request({1, 1'000'000'000'000'000'000});
  try {
    (void)sweep(model_, asked);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.diagnostic().message, HasSubstr("batch=1000000000000000000"));
  }
}

}  // namespace
}  // namespace roofline
