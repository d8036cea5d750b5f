// Request files: what they say, and whole texts of every error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "roofline/pipeline/request.hpp"

namespace roofline {
namespace {

constexpr std::string_view kHead = R"(name: t
devices: {a: v100, b: {hardware: own/cpu.yaml, runtime: ncnn, threads: 4}}
input: {on: b, dtype: uint8, shape: [2, 3]}
)";

RequestFile read(const std::string& stages) {
  return read_request(std::string(kHead) + stages, "dir/t.yaml");
}

/// Error and hint as the command prints them, without what all have in common.
std::string error(const std::string& text) {
  try {
    (void)read_request(text, "t.yaml");
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), ExitCode::kInput);
    return format_diagnostic(e.diagnostic());
  }
  return "";
}
std::string stage_error(const std::string& stages) { return error(std::string(kHead) + stages); }

TEST(RequestReader, ReadsDevicesAndStages) {
  const RequestFile file = read(R"(stages:
  - {name: net, on: b, model: net.onnx, dims: {n: 4}, precision: fp16}
  - {name: post, on: a, runs: 0.5, custom: {flops: 5 MFLOP, read_bytes: 1 kB, write_bytes: 2 B}}
)");
  ASSERT_EQ(file.devices.size(), 2U);
  EXPECT_EQ(file.devices[0].run.hardware, "v100");
  EXPECT_EQ(file.devices[0].run.runtime, "basic");
  EXPECT_EQ(file.devices[1].run.hardware, "dir/own/cpu.yaml");
  EXPECT_EQ(file.devices[1].run.threads, 4);
  ASSERT_EQ(file.stages.size(), 3U);
  EXPECT_EQ(file.stages[0].kind, "input");
  EXPECT_EQ(file.stages[0].output->bytes(), Count(6));
  const auto& model = std::get<RequestStage::Model>(file.stages[1].work);
  EXPECT_EQ(model.run.model, "dir/net.onnx");
  EXPECT_EQ(model.run.runtime, "ncnn");  // the device's, which the stage does not replace
  EXPECT_EQ(model.run.threads, 4);
  EXPECT_EQ(model.run.precision, "fp16");
  EXPECT_EQ(model.run.sizes.dims.at("n"), 4);
  const auto& custom = std::get<RequestStage::Custom>(file.stages[2].work);
  EXPECT_EQ(custom.flops, Count(5000000));
  EXPECT_EQ(custom.read_bytes, Count(1000));
  EXPECT_EQ(custom.write_bytes, Count(2));
  EXPECT_EQ(file.stages[2].runs, 0.5);
  EXPECT_EQ(file.stages[2].after, std::vector<std::size_t>{1});
}

TEST(RequestReader, StagesStandInAnOrderInWhichTheyCanRun) {
  const RequestFile file = read(R"(stages:
  - {name: last, on: a, after: [first, second], time: 1 s}
  - {name: second, on: a, after: [first], time: 1 s}
  - {name: first, on: a, after: [input], time: 1 s}
)");
  std::vector<std::string> names;
  for (const RequestStage& stage : file.stages) names.push_back(stage.name);
  EXPECT_THAT(names, testing::ElementsAre("input", "first", "second", "last"));
  EXPECT_THAT(file.stages[3].after, testing::ElementsAre(1, 2));
}

TEST(RequestReader, RefusesStagesThatWaitForEachOther) {
  EXPECT_EQ(stage_error(R"(stages:
  - {name: a, on: a, after: [c], time: 1 s}
  - {name: b, on: a, after: [a], time: 1 s}
  - {name: c, on: a, after: [b], time: 1 s}
  - {name: d, on: a, time: 1 s}
)"),
            "roofline: error[cycle]: t.yaml:5:5: stages wait for each other: 'a', which waits for "
            "'c', which waits for 'b', which waits for 'a'\n"
            "  hint: take a stage out of one 'after'\n");
  EXPECT_EQ(stage_error("stages: [{name: a, on: a, after: [a], time: 1 s}]\n"),
            "roofline: error[cycle]: t.yaml:4:10: stage 'a' waits for itself\n"
            "  hint: take a stage out of one 'after'\n");
}

TEST(RequestReader, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(stage_error("stages: [{name: s, on: c, time: 1 s}]\n"),
            "roofline: error[bad-value]: t.yaml:4:24: 'stages[0].on' is 'c'; expected one of a, b\n"
            "  hint: did you mean 'a'?\n");
  EXPECT_EQ(stage_error("stages: [{name: s, time: 1 s}]\n"),
            "roofline: error[missing-key]: t.yaml:4:10: 'stages[0]' has no 'on'\n"
            "  hint: the device that it runs on\n");
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, resise: {to: [1]}}]\n"),
              testing::AllOf(testing::HasSubstr("t.yaml:4:27: 'stages[0]' has an unknown key"),
                             testing::EndsWith("did you mean 'resize'?\n")));
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, runs: 2}]\n"),
              testing::HasSubstr("'stages[0]' does nothing; expected one of model, resize"));
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, time: 1 s, cast: {to: int8}}]\n"),
              testing::HasSubstr("'stages[0]' does several things: cast, time"));
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, after: [t], time: 1 s}]\n"),
              testing::HasSubstr("t.yaml:4:35: 'stages[0].after[0]' is 't'; expected one of"));
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, cast: {to: float33}}]\n"),
              testing::EndsWith("did you mean 'float32'?\n"));
}

TEST(RequestReader, RefusesWhatCannotBe) {
  EXPECT_THAT(stage_error("stages: []\n"), testing::HasSubstr("error[no-stage]: t.yaml:4:9"));
  EXPECT_THAT(stage_error("stages: [{name: input, on: a, time: 1 s}]\n"),
              testing::HasSubstr("there is a 'input' already"));
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, time: soon}]\n"),
              testing::HasSubstr("expected a quantity such as '1.2 ms'"));
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, time: 1 s, runs: -1}]\n"),
              testing::HasSubstr("expected 0 to 1000000"));
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, time: 1 s, after: []}]\n"),
              testing::HasSubstr("'stages[0].after' is empty"));
  EXPECT_THAT(stage_error("stages: [{name: s, copy: {to: b}}]\n"),
              testing::HasSubstr("stage 's' copies to 'b', where its input is already"));
  EXPECT_THAT(stage_error("stages: [{name: s, copy: {to: a}, after: [input, input]}]\n"),
              testing::HasSubstr("stage 's' copies what 2 stages hand on"));
  EXPECT_THAT(stage_error("stages: [{name: s, on: a, time: 1 s, output: {dtype: uint8, shape: "
                          "[4000000000, 4000000000]}}]\n"),
              testing::HasSubstr("has more than 2^63-1 bytes"));
  EXPECT_THAT(stage_error("links: [{between: [a, a]}]\nstages: [{name: s, on: a, time: 1 s}]\n"),
              testing::HasSubstr("'links[0].between': expected two devices"));
  EXPECT_THAT(
      stage_error(
          "links: [{between: [a, b]}, {between: [b, a]}]\nstages: [{name: s, on: a, time: 1 s}]\n"),
      testing::HasSubstr("the link between 'a' and 'b' is given twice"));
  EXPECT_THAT(stage_error("links: [{between: [a, b], zero_copy: true, latency: 1 us}]\n"
                          "stages: [{name: s, on: a, time: 1 s}]\n"),
              testing::HasSubstr("a bandwidth or latency has no effect"));
  EXPECT_THAT(error("name: t\ndevices: {a/b: v100}\n"),
              testing::HasSubstr("device 'a/b': expected"));
  EXPECT_THAT(error("name: t\ndevices: {}\n"), testing::HasSubstr("error[no-device]"));
}

}  // namespace
}  // namespace roofline
