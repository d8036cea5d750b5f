// What a whole request takes, by hand: copies, order, overlap, and stages that are tiny models.
// tests/golden/toy.yaml: 10 GFLOP/s, 1 GB/s, 1 us a launch, 10 us a run.
#include "roofline/pipeline/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace roofline {
namespace {

using report::RequestReport;
using report::StageRow;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kDevices = R"(
devices: {a: toy.yaml, b: toy.yaml}
links: [{between: [a, b], bandwidth: 1 GB/s, latency: 10 us}]
)";

/// A request on two toys whose input is a megabyte.
RequestReport price_on_toys(const std::string& rest) {
  const std::string text = "name: test\n" + std::string(kDevices) +
                           "input: {on: a, dtype: uint8, shape: [1000, 1000]}\n" + rest;
  return price(read_request(text, ROOFLINE_ROOT "/tests/golden/test.yaml"));
}

const StageRow& row(const RequestReport& report, std::string_view name) {
  const auto found = std::find_if(report.stages.begin(), report.stages.end(),
                                  [&](const StageRow& stage) { return stage.name == name; });
  if (found == report.stages.end()) throw std::out_of_range(std::string(name));
  return *found;
}

std::vector<std::string> names(const RequestReport& report) {
  std::vector<std::string> names;
  for (const StageRow& stage : report.stages) names.push_back(stage.name);
  return names;
}

TEST(Request, CopiesTakeTheLinkAndStagesAddUp) {
  const RequestReport report = price_on_toys(R"(stages:
  - {name: before, on: a, time: 2 ms, output: {dtype: uint8, shape: [500000]}}
  - {name: main, on: b, time: 5 ms, output: {dtype: float32, shape: [250]}}
  - {name: behind, on: a, time: 1 ms}
)");
  EXPECT_THAT(names(report),
              testing::ElementsAre("before", "before to b", "main", "main to a", "behind"));
  const StageRow& there = row(report, "before to b");
  EXPECT_EQ(there.on, "a/b");
  EXPECT_EQ(there.copied_bytes, Count(500000));
  EXPECT_DOUBLE_EQ(there.latency_s, 10e-6 + 500000 / 1e9);
  EXPECT_DOUBLE_EQ(there.start_s, 2e-3);
  EXPECT_DOUBLE_EQ(row(report, "main to a").latency_s, 10e-6 + 4 * 250 / 1e9);
  EXPECT_DOUBLE_EQ(report.serial_latency_s, 2e-3 + 510e-6 + 5e-3 + 11e-6 + 1e-3);
  EXPECT_DOUBLE_EQ(row(report, "main").share, 5e-3 / 8.521e-3);
  // a is busy 3 ms, b 5 ms, the link 0.521 ms.
  EXPECT_EQ(report.bottleneck, "b");
  EXPECT_EQ(report.bottleneck_stage, "main");
  EXPECT_DOUBLE_EQ(*report.throughput_per_s, 1 / 5e-3);
  EXPECT_DOUBLE_EQ(*report.devices[0].utilisation, 3e-3 / 5e-3);
  EXPECT_DOUBLE_EQ(*report.devices[1].utilisation, 1);
  EXPECT_DOUBLE_EQ(*report.links[0].utilisation, 0.521e-3 / 5e-3);
  EXPECT_DOUBLE_EQ(*report.in_flight, 8.521e-3 * 200);
}

TEST(Request, BranchesOverlapOnDifferentDevicesOnly) {
  const std::string stages = R"(
  - {name: left, on: a, after: [input], time: 4 ms, output: {dtype: uint8, shape: [1000]}}
  - {name: right, on: DEVICE, after: [input], time: 3 ms, output: {dtype: uint8, shape: [1000]}}
  - {name: both, on: a, after: [left, right], time: 1 ms}
)";
  const auto on = [&](const std::string& device) {
    std::string text = "stages:" + stages;
    text.replace(text.find("DEVICE"), 6, device);
    return price_on_toys(text);
  };
  const RequestReport alike = on("a");
  EXPECT_DOUBLE_EQ(alike.serial_latency_s, 4e-3 + 3e-3 + 1e-3);
  EXPECT_TRUE(row(alike, "right").critical);
  const RequestReport apart = on("b");
  // 1.01 ms there, 3 ms of work and 11 us back: 21 us longer than the other branch.
  EXPECT_DOUBLE_EQ(apart.serial_latency_s, 1.01e-3 + 3e-3 + 11e-6 + 1e-3);
  EXPECT_FALSE(row(apart, "left").critical);
  EXPECT_TRUE(row(apart, "right to a").critical);
  EXPECT_DOUBLE_EQ(row(apart, "both").start_s, 4.021e-3);
}

TEST(Request, WhatIsOnADeviceIsNotCopiedAgain) {
  const RequestReport report = price_on_toys(R"(stages:
  - {name: one, on: b, after: [input], time: 1 ms}
  - {name: two, on: b, after: [input, one], time: 1 ms}
)");
  EXPECT_THAT(names(report), testing::ElementsAre("input to b", "one", "two"));
}

TEST(Request, ACopyOfTheFileStandsForTheAutomaticOne) {
  const RequestReport report = price_on_toys(R"(stages:
  - {name: upload, copy: {to: b}}
  - {name: work, on: b, time: 1 ms}
)");
  EXPECT_THAT(names(report), testing::ElementsAre("upload", "work"));
  EXPECT_DOUBLE_EQ(row(report, "upload").latency_s, 10e-6 + 1e6 / 1e9);
}

TEST(Request, RunsScaleStagesAndWhatIsCopied) {
  const RequestReport report = price_on_toys(R"(stages:
  - {name: boxes, on: a, runs: 2.5, time: 1 ms, output: {dtype: uint8, shape: [1000000]}}
  - {name: each, on: b, runs: 2.5, time: 2 ms, output: {dtype: uint8, shape: [1000000]}}
  - {name: rarely, on: a, runs: 0.25, time: 8 ms}
)");
  EXPECT_DOUBLE_EQ(row(report, "boxes").latency_s, 2.5 * 1e-3);
  // All boxes in one copy.
  EXPECT_DOUBLE_EQ(row(report, "boxes to b").latency_s, 10e-6 + 2.5 * 1e6 / 1e9);
  // A quarter of the requests make it.
  EXPECT_DOUBLE_EQ(row(report, "each to a").latency_s, 0.25 * (10e-6 + 2.5 * 1e6 / 1e9));
  EXPECT_EQ(row(report, "each to a").copied_bytes, Count(625000));
  EXPECT_DOUBLE_EQ(row(report, "rarely").latency_s, 0.25 * 8e-3);
}

/// The only link of a request between two machines.
report::LinkRow link(const std::string& a, const std::string& b, const std::string& links = "[]") {
  return price(read_request("name: t\ndevices: {a: " + a + ", b: " + b + "}\nlinks: " + links +
                                "\ninput: {on: a, dtype: uint8, shape: [9]}\n"
                                "stages: [{name: s, on: b, time: 1 ms}]\n",
                            "t.yaml"))
      .links.at(0);
}

TEST(Request, LinksComeFromProfilesUnlessTheFileSays) {
  EXPECT_EQ(link("xeon-6148", "v100").bytes_per_s, 15.75e9);
  EXPECT_EQ(link("xeon-6148", "v100").source, "profile");
  EXPECT_EQ(link("a100-80gb", "v100").bytes_per_s, 15.75e9);  // the slower end
  EXPECT_EQ(link("xavier-cpu", "xavier").bytes_per_s, 136.5e9 / 2);
  EXPECT_EQ(link("xavier-cpu", "xavier").source, "memory");
  EXPECT_EQ(link("rpi4b", "xeon-6148", "[{between: [b, a], bandwidth: 100 MB/s}]").bytes_per_s,
            1e8);
  // Two machines without a link are not taken for one.
  for (const char* other : {"xeon-6148", "rpi4b", "xavier"}) {
    try {
      (void)link("rpi4b", other);
      FAIL() << other;
    } catch (const Error& error) {
      EXPECT_EQ(error.diagnostic().code, "unknown-link");
      EXPECT_EQ(error.diagnostic().location, "t.yaml:5:10");
    }
  }
}

TEST(Request, NothingIsCopiedWithinOneMemory) {
  const std::string text = R"(name: t
devices: {a: xavier-cpu, b: xavier}
links: [{between: [a, b], zero_copy: true}]
input: {on: a, dtype: uint8, shape: [1000000]}
stages: [{name: s, on: b, time: 1 ms}]
)";
  const RequestReport report = price(read_request(text, "t.yaml"));
  EXPECT_THAT(names(report), testing::ElementsAre("s"));
  EXPECT_THAT(report.links, IsEmpty());
  EXPECT_DOUBLE_EQ(report.serial_latency_s, 1e-3);
}

// --- stages that are models

TEST(Request, OperationsAreOnnxOperators) {
  const RequestReport report = price_on_toys(R"(stages:
  - {name: resize, on: a, input: {dtype: uint8, shape: [100, 100, 3]}, resize: {to: [50, 50, 3]}}
  - {name: normalize, on: a, normalize: {}}
  - {name: planes, on: a, layout: {order: [2, 0, 1]}}
  - {name: half, on: a, cast: {to: float16}}
)");
  // Reads 30 kB, writes 7.5 kB at 1 GB/s; 7500 * 7 FLOPs take 5 us beside that.
  EXPECT_NEAR(row(report, "resize").latency_s, (30 + 7.5 + 1 + 10) * 1e-6, 1e-9);
  // Cast reads 7.5 and writes 30 kB; Mul and Add read and write 30 kB and 4 bytes.
  EXPECT_NEAR(row(report, "normalize").latency_s, (37.5 + 60 + 60 + 3 + 10) * 1e-6, 1e-8);
  EXPECT_NEAR(row(report, "planes").latency_s, (60 + 1 + 10) * 1e-6, 1e-9);
  EXPECT_NEAR(row(report, "half").latency_s, (30 + 15 + 1 + 10) * 1e-6, 1e-9);
  EXPECT_EQ(row(report, "resize").bottleneck, "memory");
  EXPECT_THAT(report.diagnostics, IsEmpty());
}

TEST(Request, OperationsBehindModelsHaveAPrice) {
  const RequestReport report = price_on_toys(R"(stages:
  - {name: decode, on: a, decode_boxes: {boxes: 1000}}
  - {name: nms, on: a, nms: {boxes: 1000, classes: 4, keep: 10}}
  - {name: softmax, on: a, input: {dtype: float32, shape: [1, 1000]}, softmax: {}}
  - {name: argmax, on: a, argmax: {axis: 1}}
  - {name: top, on: a, after: [softmax], topk: {k: 5}}
)");
  EXPECT_TRUE(report.complete);
  EXPECT_THAT(report.diagnostics, IsEmpty());
  // Scores 1000*4*(1 + 10), areas 3*1000, overlaps 4*10*1000*13: 567 kFLOP take 56.7 us;
  // 16 kB of boxes, 16 kB of scores and 40 results of 24 bytes take 33.
  EXPECT_NEAR(row(report, "nms").latency_s, (56.7 + 1 + 10) * 1e-6, 1e-9);
  EXPECT_EQ(row(report, "nms").bottleneck, "compute");
  for (const StageRow& stage : report.stages) EXPECT_GT(stage.latency_s, 10e-6) << stage.name;
}

TEST(Request, CustomWorkMeetsTheRoof) {
  const RequestReport report = price_on_toys(R"(stages:
  - {name: c, on: a, custom: {flops: 2 MFLOP, read_bytes: 60 kB, write_bytes: 40 kB}}
  - {name: m, on: a, custom: {flops: 0 FLOP, read_bytes: 60 kB, write_bytes: 40 kB}}
  - {name: there, copy: {to: b}}
)");
  EXPECT_NEAR(row(report, "c").latency_s, (200 + 1 + 10) * 1e-6, 1e-12);
  EXPECT_NEAR(row(report, "m").latency_s, (100 + 1 + 10) * 1e-6, 1e-12);
  EXPECT_EQ(row(report, "c").bottleneck, "compute");
  EXPECT_EQ(row(report, "m").bottleneck, "memory");
  EXPECT_EQ(row(report, "there").copied_bytes, Count(40000));
}

TEST(Request, AModelIsWorthWhatItsAnalysisSays) {
  const RequestReport report = price_on_toys(R"(stages:
  - {name: net, on: a, input: {dtype: uint8, shape: [1]}, model: tiny.onnx, dims: {batch: 2}}
  - {name: there, copy: {to: b}}
)");
  EXPECT_DOUBLE_EQ(row(report, "net").latency_s, 7.395199999999999e-05);  // sweep_json.test
  EXPECT_EQ(row(report, "there").copied_bytes, Count(2 * 10 * 4));        // y [batch, 10] float32
  // A megabyte of uint8 goes into a model of other sizes.
  ASSERT_EQ(report.diagnostics.size(), 1U);
  EXPECT_EQ(report.diagnostics[0].code, "input-mismatch");
}

TEST(Request, WhatIsNotKnownMakesALowerBound) {
  const RequestReport unknown_op = price_on_toys(R"(stages:
  - {name: net, on: a, model: unknown.onnx}
)");
  EXPECT_FALSE(unknown_op.complete);
  EXPECT_FALSE(unknown_op.throughput_per_s);
  EXPECT_FALSE(unknown_op.in_flight);
  EXPECT_EQ(unknown_op.bottleneck, "");
  const RequestReport unknown_bytes = price_on_toys(R"(stages:
  - {name: s, on: a, time: 1 ms}
  - {name: t, on: b, time: 1 ms}
)");
  EXPECT_FALSE(unknown_bytes.complete);
  EXPECT_FALSE(row(unknown_bytes, "s to b").copied_bytes);
  EXPECT_DOUBLE_EQ(unknown_bytes.serial_latency_s, 2e-3 + 10e-6);
  EXPECT_EQ(unknown_bytes.diagnostics.at(0).code, "unknown-bytes");
}

TEST(Request, SaysWhichStageCannotBePriced) {
  const auto error = [](const std::string& stages) {
    try {
      (void)price_on_toys("stages:\n" + stages);
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), ExitCode::kInput);
      return e.diagnostic().code + " " + e.diagnostic().message;
    }
    return std::string();
  };
  EXPECT_THAT(error("  - {name: s, on: a, time: 1 ms}\n  - {name: t, on: a, softmax: {}}\n"),
              HasSubstr("no-input stage 't': what 's' hands on is not one tensor"));
  EXPECT_THAT(error("  - {name: s, on: a, time: 1 ms}\n"
                    "  - {name: t, on: a, after: [s, input], softmax: {}}\n"),
              HasSubstr("no-input stage 't' follows 2 stages"));
  EXPECT_THAT(error("  - {name: s, on: a, model: nowhere.onnx}\n"), HasSubstr("file-not-found"));
  EXPECT_THAT(error("  - {name: s, on: a, runs: 1e6, time: 1 ms,"
                    " output: {dtype: uint8, shape: [1000000000, 1000000000]}}\n"
                    "  - {name: t, copy: {to: b}}\n"),
              HasSubstr("overflow"));
}

TEST(Request, ABrokenOperationIsAnErrorAtItsStage) {
  const RequestReport report =
      price_on_toys("stages:\n  - {name: s, on: a, resize: {to: [4, 4, 4]}}\n");
  ASSERT_EQ(report.diagnostics.size(), 1U);
  EXPECT_EQ(report.diagnostics[0].severity, Severity::kError);
  EXPECT_THAT(report.diagnostics[0].location, HasSubstr("test.yaml:7:5"));
  EXPECT_FALSE(report.complete);
}

}  // namespace
}  // namespace roofline
