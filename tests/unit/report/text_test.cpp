// The text report as a whole, for people: what it shows, and what it leaves out when space is
// short.
#include "roofline/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "roofline/report/render.hpp"
#include "sample.hpp"

namespace roofline::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string text(const Report& report, const TextOptions& options) {
  std::ostringstream out;
  render_text(report, options, out);
  return out.str();
}

TEST(Text, OnAMachine) {
  EXPECT_EQ(text(sample::on_machine(), {.width = 110}), R"(tiny.onnx on Toy 1000
as-is (fp32), runtime basic, data-sheet roof, input x 1x3x8x8 float32, batch=1

  predicted    13.0 us   77.1 k runs/s         roofline     11.0 us   85 % attained
  bottleneck   compute 100 %   of the predicted time
  intensity    14.3 FLOP/B                     ridge        10.0 FLOP/B: compute-bound as a whole
  work         54.8 k MACs   110 kFLOP         traffic      7.68 kB planned   11.8 kB algorithmic
  parameters   576   2.30 kB                   memory       6.40 kB peak of 16.0 GB
  calibration  uncalibrated: efficiency 1; 'hardware show' lists calibrated runtimes

     time  share            layer                op        output     MACs  traffic  FLOP/B  bottleneck
  6.54 us   50 %  ▇▇▇▇▇▇▇▇  block.0/conv + relu  Conv 3x3  1x8x4x4  27.6 k  3.68 kB    15.1  compute
  6.43 us   50 %  ▇▇▇▇▇▇▇▇  head                 Conv      1x8x4x4  27.1 k  4.00 kB    13.6  compute
)");
}

TEST(Text, WithoutMachine) {
  EXPECT_EQ(text(sample::counts(), {.width = 110, .unicode = false}), R"(tiny.onnx
3 nodes, input x 1x3x8x8 float32, batch=1

  work         54.8 k MACs   110 kFLOP         intensity    9.32 FLOP/B
  parameters   576   2.30 kB                   memory       6.40 kB peak   4.10 kB activations
  traffic      11.8 kB algorithmic             of which     2.30 kB weights + 9.47 kB activations

   FLOPs  share            layer         op        output     MACs  params  traffic  FLOP/B   memory
  55.3 k   50 %  ########  block.0/conv  Conv 3x3  1x8x4x4  27.6 k     216  3.68 kB    15.0  1.02 kB
  54.3 k   49 %  ########  head          Conv      1x8x4x4  27.1 k     360  4.00 kB    13.6  1.02 kB
   128    0.1 %            block.0/relu  Relu      1x8x4x4     0         0  4.10 kB    0.03  1.02 kB
)");
}

TEST(Text, NarrowScreenStacksFiguresAndDropsColumns) {
  EXPECT_EQ(text(sample::on_machine(), {.width = 56}), R"(tiny.onnx on Toy 1000
as-is (fp32), runtime basic, data-sheet roof,
input x 1x3x8x8 float32, batch=1

  predicted    13.0 us   77.1 k runs/s
  roofline     11.0 us   85 % attained
  bottleneck   compute 100 %   of the predicted time
  intensity    14.3 FLOP/B
  ridge        10.0 FLOP/B: compute-bound as a whole
  work         54.8 k MACs   110 kFLOP
  traffic      7.68 kB planned   11.8 kB algorithmic
  parameters   576   2.30 kB
  memory       6.40 kB peak of 16.0 GB
  calibration  uncalibrated: efficiency 1; 'hardware show' lists calibrated runtimes

     time  share  layer                bottleneck
  6.54 us   50 %  block.0/conv + relu  compute
  6.43 us   50 %  head                 compute
)");
}

TEST(Text, GroupedByOperator) {
  TextOptions options{.width = 110, .unicode = false};
  options.group_by = GroupBy::kOp;
  const std::string got = text(sample::counts(), options);
  EXPECT_EQ(got.substr(got.rfind("\n\n") + 2),
            R"(  FLOPs  share            op    nodes    MACs  params  traffic  FLOP/B
  110 k  100 %  ########  Conv      2  54.8 k     576  7.68 kB    14.3
  128    0.1 %            Relu      1     0         0  4.10 kB    0.03
)");
}

TEST(Text, IncompleteSumsAreLowerBoundsAndSaySo) {
  Report report = sample::counts();
  report.coverage = {2, 0, 1, {"com.acme.Frob"}};
  report.totals.complete = false;
  NodeRow& unknown = report.nodes[1];
  unknown.macs = unknown.flops = unknown.traffic_bytes = std::nullopt;
  unknown.intensity = std::nullopt;
  const std::string got = text(report, {.width = 110});
  EXPECT_THAT(got, HasSubstr("work         >= 54.8 k MACs   >= 110 kFLOP"));
  EXPECT_THAT(got, HasSubstr("traffic      >= 11.8 kB algorithmic"));
  EXPECT_THAT(got, HasSubstr("9.32 FLOP/B of the known part"));
  EXPECT_THAT(got,
              HasSubstr("coverage     2 nodes exact, 1 unknown (com.acme.Frob): sums are lower "
                        "bounds\n"));
  EXPECT_THAT(got, HasSubstr("\n     ?        ?            block.0/relu  Relu      1x8x4x4     ?  "
                             "       0     ?          ?  1.02 kB\n"));
}

TEST(Text, ALowerBoundOfTimeIsAnUpperBoundOfThroughput) {
  Report report = sample::on_machine();
  report.results[0].complete = false;
  report.results[0].layers[0].complete = false;
  const std::string got = text(report, {.width = 110});
  EXPECT_THAT(got, HasSubstr("predicted    >= 13.0 us   <= 77.1 k runs/s"));
  EXPECT_THAT(got, HasSubstr("\n  >= 6.54 us"));
  EXPECT_THAT(got, HasSubstr("\n     6.43 us"));
}

TEST(Text, MemoryThatDoesNotFit) {
  Report report = sample::on_machine();
  report.results[0].memory_capacity_bytes = 4096;
  report.results[0].fits_in_memory = false;
  EXPECT_THAT(text(report, {}), HasSubstr("6.40 kB peak of 4.10 kB: does not fit"));
}

TEST(Text, DramTrafficIsNamedOnceCachesTakePartOfIt) {
  Report report = sample::on_machine();
  report.results[0].dram_bytes = 5000;
  EXPECT_THAT(text(report, {}), HasSubstr("traffic      5.00 kB DRAM   7.68 kB planned"));
}

TEST(Text, TopSaysWhatItHides) {
  const std::string got = text(sample::counts(), {.width = 110, .top = 1});
  EXPECT_THAT(got, HasSubstr("\n  2 more nodes, 50 % of the FLOPs\n"
                             "  --top 0 lists all, --group-by op sums them, --explain NAME "
                             "derives one\n"));
  EXPECT_THAT(text(sample::counts(), {.top = 3}), Not(HasSubstr(" more ")));
  EXPECT_THAT(text(sample::counts(), {.top = 0}), Not(HasSubstr(" more ")));
}

TEST(Text, WhatCostsNothingIsCountedNotListed) {
  Report report = sample::counts();
  report.nodes[1].flops = 0;
  EXPECT_THAT(text(report, {}), HasSubstr("\n  1 more node without FLOPs\n  --top 0 lists all"));
  EXPECT_THAT(text(report, {.top = 1}),
              HasSubstr("\n  1 more node, 50 % of the FLOPs, and 1 without FLOPs\n"));
  EXPECT_THAT(text(report, {.top = 0}), HasSubstr("block.0/relu"));
}

TEST(Text, SortKeys) {
  const auto order = [](const std::string& key) {
    TextOptions options{.width = 110};
    options.sort = key;
    const std::string got = text(sample::counts(), options);
    const std::vector<std::string> names = {"block.0/conv", "block.0/relu", "  head"};
    std::vector<std::size_t> at;
    for (const std::string& name : names) at.push_back(got.find(name));
    std::string ranks;
    for (const std::size_t a : at) {
      ranks += std::to_string(std::count_if(at.begin(), at.end(), [&](auto b) { return b < a; }));
    }
    return ranks;
  };
  EXPECT_EQ(order("order"), "012");
  EXPECT_EQ(order("time"), "021");
  EXPECT_EQ(order("flops"), "021");
  EXPECT_EQ(order("macs"), "021");
  EXPECT_EQ(order("traffic"), "201");
  EXPECT_EQ(order("intensity"), "021");
  EXPECT_EQ(order("parameters"), "120");
  EXPECT_EQ(order("memory"), "012");
}

TEST(Text, NotesAreListedErrorsAreNotAndRepeatsAreCounted) {
  Report report = sample::counts();
  report.diagnostics.push_back({Severity::kError, "broken", "never here", "", "", ""});
  report.diagnostics.push_back(
      {Severity::kNote, "unbound-dim", "dimension 'batch': 1 assumed", "--dim batch=N", "", ""});
  for (int i = 0; i < 7; ++i) {
    report.diagnostics.push_back({Severity::kWarning, "stale", "found", "", "tiny.onnx", ""});
  }
  const std::string got = text(report, {});
  EXPECT_THAT(got, HasSubstr("\n\n  note: dimension 'batch': 1 assumed (--dim batch=N)\n"
                             "  warning: tiny.onnx: found\n"));
  EXPECT_THAT(got, HasSubstr("\n  2 more of stale: --format json lists all\n"));
  EXPECT_THAT(got, Not(HasSubstr("never here")));
}

TEST(Text, OverheadOfTheRunIsInNoLayerAndSaysSo) {
  Report report = sample::on_machine();
  report.results[0].run_overhead_s = 1e-5;
  report.results[0].predicted_latency_s += 1e-5;
  EXPECT_THAT(text(report, {}),
              HasSubstr("\n  10.0 us (44 %) is overhead of the run as a whole, in no layer\n"));
  EXPECT_THAT(text(report, {.top = 1}), HasSubstr("\n  1 more layer, 28 % of the time\n"));
}

TEST(Text, SeveralMachinesEachHaveABlock) {
  Report report = sample::on_machine();
  report.results.push_back(report.results[0]);
  report.results[1].hardware.name = "Toy 2000";
  const std::string got = text(report, {});
  EXPECT_THAT(got, HasSubstr("tiny.onnx on Toy 1000\n"));
  EXPECT_THAT(got, HasSubstr("\n\ntiny.onnx on Toy 2000\n"));
}

TEST(Text, HostileNamesStayOnTheirLine) {
  Report report = sample::on_machine();
  report.nodes[2].name = "evil\x1b[2J\nname" + std::string(5000, 'x');
  report.nodes[2].op_type = "Op\r\a";
  report.model.inputs[0].name = "\x1b]0;title\x07";
  const std::string got = text(report, {.width = 110});
  EXPECT_EQ(got.find('\x1b'), std::string::npos);
  EXPECT_EQ(got.find('\r'), std::string::npos);
  EXPECT_THAT(got, HasSubstr("evil\\x1b[2..xxx"));
  for (const std::string_view line : split(got, '\n')) EXPECT_LE(display_width(line), 110U) << line;
}

TEST(Text, NoLineEndsInBlanksAndNoneIsTooLong) {
  for (const std::size_t width : {40U, 60U, 80U, 100U, 140U}) {
    for (const Report& report : {sample::counts(), sample::on_machine()}) {
      const std::string got = text(report, {.width = width});
      const std::size_t table = got.find(" layer");
      for (const std::string_view line : split(got, '\n')) {
        EXPECT_FALSE(line.ends_with(' ')) << line;
        const bool in_table = line.data() >= got.data() + table;
        EXPECT_TRUE(!in_table || display_width(line) <= width) << line;
      }
    }
  }
}

TEST(Text, ColourOnlyWhenAskedFor) {
  EXPECT_EQ(text(sample::on_machine(), {}).find('\x1b'), std::string::npos);
  const std::string got = text(sample::on_machine(), {.color = true});
  EXPECT_THAT(got, HasSubstr("\x1b[1mtiny.onnx on Toy 1000\x1b[0m\n"));
  EXPECT_THAT(got, HasSubstr("\x1b[32mcompute\x1b[0m"));
}

TEST(Text, AnEmptyModelHasNoTable) {
  Report report;
  report.model.path = "empty.onnx";
  EXPECT_EQ(
      text(report, {}),
      "empty.onnx\n0 nodes, no input\n\n"
      "  work         0 MACs   0 FLOP                 intensity    - FLOP/B\n"
      "  parameters   0   0 B                         memory       0 B peak   0 B activations\n"
      "  traffic      0 B algorithmic                 of which     0 B weights + 0 B "
      "activations\n");
}

}  // namespace
}  // namespace roofline::report
