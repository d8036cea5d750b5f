// Models on machines side by side.
#include "roofline/report/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "sample.hpp"

namespace roofline::report {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The sample on its machine and on one twice as fast where the head is bound by memory.
Report on_two() {
  Report report = sample::on_machine();
  Result second = report.results[0];
  second.hardware.id = "fast";
  second.predicted_latency_s /= 2;
  second.layers[1].bound = "memory";
  second.fits_in_memory = false;
  report.results.push_back(second);
  return report;
}

Comparison compared(const Report& report) { return compare(std::array{&report}); }

std::string text(const Comparison& comparison, bool layers, std::size_t width = 140) {
  std::ostringstream out;
  render_text(comparison, {.width = width}, layers, out);
  return out.str();
}

TEST(Compare, OneRunPerResultAgainstTheFirst) {
  const Comparison got = compared(on_two());
  ASSERT_EQ(got.runs.size(), 2U);
  EXPECT_EQ(got.runs[0].speedup, 1);
  EXPECT_DOUBLE_EQ(got.runs[1].speedup.value(), 2);
  EXPECT_DOUBLE_EQ(got.runs[0].attained, 10.9696 / 12.9696);
  EXPECT_DOUBLE_EQ(got.runs[0].compute_share, 1);
  EXPECT_EQ(got.runs[0].memory_share, 0);
}

TEST(Compare, ALowerBoundHasNoSpeedup) {
  Report report = on_two();
  report.results[1].complete = false;
  EXPECT_EQ(compared(report).runs[0].speedup, 1);
  EXPECT_EQ(compared(report).runs[1].speedup, std::nullopt);
  report.results[0].complete = false;
  EXPECT_EQ(compared(report).runs[0].speedup, std::nullopt);
  EXPECT_THAT(text(compared(report), false), HasSubstr(">= 13.0 us"));
}

TEST(Compare, LayersWhoseBoundChangesAreMatchedByTheirFirstNode) {
  Report report = on_two();
  report.results[1].layers[0].nodes = {0};  // another runtime does not fuse
  const Comparison got = compared(report);
  ASSERT_EQ(got.layers.size(), 1U);
  EXPECT_EQ(got.layers[0].name, "/head/Conv");
  EXPECT_EQ(got.layers[0].runs[0].bound, "compute");
  EXPECT_EQ(got.layers[0].runs[1].bound, "memory");
  EXPECT_EQ(got.layers[0].runs[1].run, 1U);
}

TEST(Compare, TheLargestShareOfAnyRunComesFirst) {
  Report report = on_two();
  report.results[1].layers[0].bound = "memory";
  report.results[1].layers[1].share = 0.9;
  const Comparison got = compared(report);
  ASSERT_EQ(got.layers.size(), 2U);
  EXPECT_EQ(got.layers[0].id, "2");
}

TEST(Compare, RunsOfLaterModelsReferToThem) {
  const Report one = sample::on_machine();
  const Report two = on_two();
  const Comparison got = compare(std::array{&one, &two});
  ASSERT_EQ(got.runs.size(), 3U);
  EXPECT_EQ(got.runs[2].model, 1U);
  ASSERT_EQ(got.layers.size(), 1U);
  EXPECT_EQ(got.layers[0].model, 1U);
  EXPECT_EQ(got.layers[0].runs[0].run, 1U);
}

TEST(Compare, WithoutAMachineThereIsNothingToCompare) {
  const Report report = sample::counts();
  try {
    (void)compare(std::array{&report});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
    EXPECT_EQ(error.diagnostic().code, "no-result");
  }
}

TEST(CompareText, WhatAllRunsShareIsAFactWhatDiffersAColumn) {
  Report report = on_two();
  EXPECT_EQ(text(compared(report), false), R"(tiny.onnx
54.8 k MACs, 576 parameters, as-is (fp32), runtime basic, data-sheet roof

  machine  predicted  runs/s  vs first  bound    memory  compute  overhead  attained         peak memory  fits
  toy        13.0 us  77.1 k     1.00x  compute   0.0 %    100 %     0.0 %      85 %  6.40 kB of 16.0 GB  yes
  fast       6.48 us  77.1 k     2.00x  compute   0.0 %    200 %     0.0 %     169 %  6.40 kB of 16.0 GB  no

  1 layer is not bound alike on every machine: --layers lists them
)");
  report.results[1].threads = 4;
  const std::string got = text(compared(report), false);
  EXPECT_THAT(got, HasSubstr("machine  threads    predicted"));
  EXPECT_THAT(got, HasSubstr("fast     4 threads"));
}

TEST(CompareText, LayersAreListedWhereAskedFor) {
  const std::string got = text(compared(on_two()), true);
  EXPECT_THAT(got, HasSubstr("  layer  op    toy              fast\n"
                             "  head   Conv  compute 6.43 us  memory 6.43 us\n"));
  EXPECT_THAT(got, Not(HasSubstr("--layers")));
}

}  // namespace
}  // namespace roofline::report
