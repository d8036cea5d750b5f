// Budget files: what they say, whole texts of every error, and the schema beside the reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "roofline/data/json_reader.hpp"
#include "roofline/data/text_file.hpp"
#include "roofline/plan/plan.hpp"
#include "roofline/report/budget.hpp"

namespace roofline::report {
namespace {

using testing::EndsWith;
using testing::StartsWith;

Budget read(const std::string& text) { return read_budget(text, "ci/roofline.yaml"); }

/// Error and hint as the command prints them.
std::string error(const std::string& text) {
  try {
    (void)read(text);
  } catch (const Error& e) {
    return format_diagnostic(e.diagnostic());
  }
  return "";
}

/// The only limit of a budget of one line.
Limit limit(const std::string& line) {
  return read("budgets:\n  - hardware: v100\n    baseline: b.json\n    " + line)
      .rules.at(0)
      .limits.at(0);
}

TEST(BudgetReader, SettingsAtTheTopHoldUnlessReplaced) {
  const Budget budget = read(R"(model: ../models/a.onnx
hardware: boards/mine.yaml
runtime: onnxruntime
dims: {batch: 8, length: 2}
baseline: base.json
budgets:
  - latency: 2 ms
  - hardware: rpi4b
    runtime: ncnn
    precision: fp16
    threads: 2
    dims: {batch: 1}
    shapes: {x: [1, 3]}
    values: {v: [0.5]}
    trip_counts: {loop: 3}
    allow_unknown: true
    class: conv
    macs: 4.1 GMAC
)");
  ASSERT_EQ(budget.rules.size(), 2U);
  const Rule& first = budget.rules[0];
  EXPECT_EQ(first.run.model, "models/a.onnx");
  EXPECT_EQ(first.run.hardware, "ci/boards/mine.yaml");
  EXPECT_EQ(first.run.runtime, "onnxruntime:all");
  EXPECT_EQ(first.run.precision, "as-is");
  EXPECT_EQ(first.baseline, "ci/base.json");
  EXPECT_EQ(first.location, "ci/roofline.yaml:7:5");
  EXPECT_EQ(first.limits.at(0).line, 7);
  EXPECT_EQ(first.limits.at(0).most, 2e-3);
  const Rule& second = budget.rules[1];
  EXPECT_EQ(second.run.hardware, "rpi4b");
  EXPECT_EQ(second.run.runtime, "ncnn");
  EXPECT_EQ(second.run.precision, "fp16");
  EXPECT_EQ(second.run.threads, 2);
  EXPECT_EQ(second.run.sizes.dims, (std::map<std::string, std::int64_t>{{"batch", 1}}));
  EXPECT_EQ(second.run.sizes.shapes.at("x"), (ir::Shape{1, 3}));
  EXPECT_EQ(second.run.sizes.values.at("v"), std::vector<double>{0.5});
  EXPECT_EQ(second.run.sizes.trip_counts.at("loop"), 3);
  EXPECT_TRUE(second.allow_unknown);
  EXPECT_EQ(second.cls, "conv");
  EXPECT_EQ(second.limits.at(0).most, 4.1e9);
}

TEST(BudgetReader, Limits) {
  EXPECT_EQ(limit("parameters: 26 M").most, 26e6);
  EXPECT_EQ(limit("parameters: 26000000").most, 26e6);
  EXPECT_EQ(limit("throughput: 30 /s").least, 30);
  EXPECT_EQ(limit("throughput: 30 /s").most, std::nullopt);
  EXPECT_EQ(limit("memory_share: 60 %").most, 0.6);
  EXPECT_EQ(limit("peak_memory: 200 MiB").most, 200.0 * 1048576);
  EXPECT_EQ(limit("opset: {min: 13}").text, "13 or newer");
  EXPECT_EQ(limit("opset: {max: 21}").text, "21 or older");
  EXPECT_EQ(limit("opset: {min: 13, max: 21}").text, "13 to 21");
  EXPECT_EQ(limit("forbidden_ops: [Loop, com.acme.X]").ops,
            (std::vector<std::string>{"Loop", "com.acme.X"}));
}

TEST(BudgetReader, RelativeLimits) {
  EXPECT_EQ(limit("latency: +5 %").basis, Basis::kShare);
  EXPECT_EQ(limit("latency: +5 %").most, 0.05);
  EXPECT_EQ(limit("latency: -3%").most, -0.03);
  EXPECT_EQ(limit("latency: +2 ms").basis, Basis::kDifference);
  EXPECT_EQ(limit("latency: +2 ms").most, 2e-3);
  EXPECT_EQ(limit("parameters: +0").basis, Basis::kDifference);
  EXPECT_EQ(limit("parameters: +0").most, 0);
  EXPECT_EQ(limit("throughput: -5 %").least, -0.05);
  // Shares change by points.
  EXPECT_EQ(limit("memory_share: +5 %").basis, Basis::kDifference);
  EXPECT_EQ(limit("memory_share: +5 %").most, 0.05);
}

TEST(BudgetReader, UnknownKeysAreErrors) {
  const std::string got = error("budgets:\n  - latencyy: 3 ms\n");
  EXPECT_THAT(got,
              StartsWith("roofline: error[unknown-key]: ci/roofline.yaml:2:5: 'budgets[0]' has "
                         "an unknown key 'latencyy'; expected one of model, hardware, "));
  EXPECT_THAT(got, EndsWith("\n  hint: did you mean 'latency'?\n"));
}

TEST(BudgetReader, BadLimits) {
  constexpr const char* kPrefixes =
      "  hint: prefixes: n u m k M G T P, and Ki Mi Gi Ti for powers of 1024\n";
  const std::string head = "roofline: error[bad-limit]: ci/roofline.yaml:2:17: ";
  EXPECT_EQ(error("budgets:\n  - parameters: 26 MB\n"),
            head +
                "'budgets[0].parameters' is '26 MB'; expected a limit such as '26 M', or a change "
                "against a baseline such as '+5 %'\n" +
                kPrefixes);
  for (const char* bad :
       {"26 m", "+", "+-5 %", "++5 %", "1.5", "5 %", "nan", "1e999", "\"\"", "0x10", "26M"}) {
    EXPECT_EQ(error(std::string("budgets:\n  - parameters: ") + bad + "\n").substr(0, head.size()),
              head)
        << bad;
  }
  EXPECT_EQ(error("budgets:\n  - hardware: v100\n    throughput: 30\n"),
            "roofline: error[bad-limit]: ci/roofline.yaml:3:17: 'budgets[0].throughput' is '30'; "
            "expected a minimum such as '30 /s', or a change against a baseline such as '+5 %'\n" +
                std::string(kPrefixes));
  EXPECT_EQ(
      error("budgets:\n  - opset: {min: 21, max: 13}\n"),
      "roofline: error[bad-limit]: ci/roofline.yaml:2:12: 'budgets[0].opset': min 21 is above "
      "max 13\n");
  EXPECT_EQ(error("budgets:\n  - opset: {}\n"),
            "roofline: error[missing-key]: ci/roofline.yaml:2:12: 'budgets[0].opset' has neither "
            "'min' nor 'max'\n");
  EXPECT_EQ(error("budgets:\n  - forbidden_ops: []\n"),
            "roofline: error[bad-limit]: ci/roofline.yaml:2:20: 'budgets[0].forbidden_ops' is "
            "empty\n");
}

TEST(BudgetReader, OperatorsThatNoModelHas) {
  EXPECT_EQ(
      error("budgets:\n  - forbidden_ops: [Lop]\n"),
      "roofline: error[unknown-operator]: ci/roofline.yaml:2:21: 'budgets[0].forbidden_ops[0]' "
      "is 'Lop', which is no operator of ONNX\n"
      "  hint: did you mean 'Log'?\n");
  EXPECT_EQ(error("budgets:\n  - allowed_ops: [SkipLayerNormalization]\n"),
            "roofline: error[unknown-operator]: ci/roofline.yaml:2:19: 'budgets[0].allowed_ops[0]' "
            "is 'SkipLayerNormalization', which is no operator of ONNX\n"
            "  hint: did you mean 'LayerNormalization'?\n");
}

TEST(BudgetReader, WhatALimitNeeds) {
  EXPECT_EQ(error("budgets:\n  - latency: 3 ms\n"),
            "roofline: error[no-hardware]: ci/roofline.yaml:2:14: 'budgets[0].latency' is a figure "
            "of a machine, and none is given\n"
            "  hint: add 'hardware: ID'; 'roofline hardware list' lists them\n");
  EXPECT_EQ(
      error("budgets:\n  - runtime: ncnn\n    parameters: 3 M\n"),
      "roofline: error[no-hardware]: ci/roofline.yaml:2:14: 'budgets[0].runtime' has no effect "
      "without 'hardware'\n");
  EXPECT_EQ(error("budgets:\n  - parameters: +5 %\n"),
            "roofline: error[no-baseline]: ci/roofline.yaml:2:17: 'budgets[0].parameters' is '+5 "
            "%', which is relative, and there is no baseline\n"
            "  hint: add 'baseline: FILE', the model as it was or a saved report of it\n");
  EXPECT_EQ(
      error("budgets:\n  - class: conv\n    nodes: 3\n"),
      "roofline: error[whole-model]: ci/roofline.yaml:3:12: 'budgets[0].nodes' is a figure of "
      "the whole model, not of layers\n"
      "  hint: layers and classes have latency, roofline_latency, planned_bytes, dram_bytes, "
      "macs, flops, traffic_bytes, parameters\n");
  EXPECT_EQ(error("budgets:\n  - each_layer: a\n    class: conv\n    macs: 3 MAC\n"),
            "roofline: error[two-parts]: ci/roofline.yaml:3:12: a budget is of each layer or of a "
            "class, not of both\n"
            "  hint: make two budgets of it\n");
}

TEST(BudgetReader, ABudgetThatChecksNothingIsAnError) {
  EXPECT_EQ(
      error("budgets: []\n"),
      "roofline: error[no-limit]: ci/roofline.yaml:1:10: 'budgets' is empty: nothing would be "
      "checked\n");
  EXPECT_EQ(error("model: a.onnx\n"),
            "roofline: error[missing-key]: ci/roofline.yaml:1:1: the document has no 'budgets'\n"
            "  hint: it lists what is limited, as in '- parameters: 26 M'\n");
  EXPECT_EQ(error("budgets:\n  - hardware: v100\n"),
            "roofline: error[no-limit]: ci/roofline.yaml:2:5: 'budgets[0]' limits nothing\n"
            "  hint: add a figure, as in 'parameters: 26 M'; figures: latency, roofline_latency, "
            "throughput, compute_share, memory_share, overhead_share, planned_bytes, dram_bytes, "
            "peak_memory, peak_activations, macs, flops, traffic_bytes, parameters, weight_bytes, "
            "nodes, unknown_ops, forbidden_ops, allowed_ops, opset\n");
}

TEST(BudgetReader, BadSettings) {
  const std::string runtime = error("runtime: ncn\nbudgets:\n  - nodes: 3\n");
  EXPECT_THAT(runtime, StartsWith("roofline: error[bad-value]: ci/roofline.yaml:1:10: 'runtime' is "
                                  "'ncn'; expected one of none, basic, "));
  EXPECT_THAT(runtime, EndsWith("\n  hint: did you mean 'ncnn'?\n"));
  EXPECT_EQ(error("threads: 0\nbudgets:\n  - nodes: 3\n"),
            "roofline: error[bad-value]: ci/roofline.yaml:1:10: 'threads' is 0; expected at least "
            "1\n");
  EXPECT_EQ(error("dims: {batch: -1}\nbudgets:\n  - nodes: 3\n"),
            "roofline: error[bad-value]: ci/roofline.yaml:1:15: 'dims.batch' is -1; expected at "
            "least 0\n");
  EXPECT_EQ(error("model: \"\"\nbudgets:\n  - nodes: 3\n"),
            "roofline: error[bad-value]: ci/roofline.yaml:1:8: 'model' is empty\n");
}

/// Keys of one object of the schema.
std::set<std::string> keys(const data::JsonNode& object) {
  std::set<std::string> names;
  for (const auto& [key, value] : object.members()) names.insert(key);
  return names;
}

std::set<std::string> texts(const data::JsonNode& list) {
  std::set<std::string> names;
  for (const data::JsonNode item : list.items()) names.insert(item.text());
  return names;
}

TEST(BudgetSchema, HasTheReadersKeys) {
  const std::string path = ROOFLINE_ROOT "/docs/schemas/budget.schema.json";
  const data::JsonDocument document = data::parse_json(data::read_text_file(path, 1 << 20), path);
  const data::JsonNode definitions = document.root().at("definitions");
  std::set<std::string> known;
  for (const Figure& figure : figures()) known.emplace(figure.key);
  EXPECT_EQ(keys(definitions.at("figures")), known);
  const std::vector<std::string> runtimes = plan::runtime_names();
  EXPECT_EQ(texts(definitions.at("settings").at("runtime").at("enum")),
            std::set<std::string>(runtimes.begin(), runtimes.end()));
  const std::vector<std::string> precisions = plan::precision_names();
  EXPECT_EQ(texts(definitions.at("settings").at("precision").at("enum")),
            std::set<std::string>(precisions.begin(), precisions.end()));
  // Every setting is read: a key that only the schema knows would be an error.
  for (const std::string& key : keys(definitions.at("settings"))) {
    EXPECT_EQ(error(key + ": ~\nbudgets:\n  - nodes: 3\n").find("unknown-key"), std::string::npos)
        << key;
  }
}

}  // namespace
}  // namespace roofline::report
