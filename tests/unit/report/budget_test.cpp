// Figures against limits, by hand: sums, layers, classes, baselines, what is not known.
#include "roofline/report/budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample.hpp"

namespace roofline::report {
namespace {

using testing::ElementsAre;

/// Verdicts on one entry of a budget file, which stays alive in `budget`.
std::vector<Verdict> judge(Budget& budget, const std::string& entry, const Report& report,
                           const Report* baseline = nullptr) {
  budget = read_budget("budgets:\n  - " + entry, "roofline.yaml");
  return evaluate(budget.rules.at(0), report, baseline);
}

std::vector<std::string> names(const Verdict& verdict) {
  std::vector<std::string> ids;
  for (const Culprit& culprit : verdict.culprits) ids.push_back(culprit.id);
  return ids;
}

TEST(Budget, SumsOfTheModel) {
  Budget budget;
  const std::vector<Verdict> got = judge(budget,
                                         "{parameters: 576, weight_bytes: 2303 B, macs: 55 kMAC, "
                                         "flops: 109695 FLOP, nodes: 2, peak_memory: 6400 B, "
                                         "traffic_bytes: 12 kB, peak_activations: 4 kB}",
                                         sample::counts());
  ASSERT_EQ(got.size(), 8U);
  const std::vector<bool> passes = {true, false, true, false, false, true, true, false};
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].passes(), passes[i]) << got[i].limit->figure->key;
  }
  EXPECT_EQ(got[1].value->value, 2304);
  // Weights are not told by layer: those with most parameters (1440 B and 864 B / 4) are to blame.
  EXPECT_THAT(names(got[1]), ElementsAre("2", "0"));
  EXPECT_EQ(got[1].culprits[0].now.value, 360);
  // 55296 > 54272 FLOPs; the 128 of the Relu are no reason.
  EXPECT_THAT(names(got[3]), ElementsAre("0", "2"));
  EXPECT_THAT(names(got[4]), ElementsAre()) << "no node is to blame for the number of nodes";
}

TEST(Budget, FiguresOfAMachine) {
  Budget budget;
  // 12.9696 us in two layers of 6.5424 and 6.4272 us; all of it bound by compute.
  const std::vector<Verdict> got =
      judge(budget,
            "{hardware: toy, latency: 13 us, roofline_latency: 10.9 us, throughput: 77 k/s, "
            "compute_share: 99 %, memory_share: 0 %, planned_bytes: 7680 B, dram_bytes: 7 kB}",
            sample::on_machine());
  const std::vector<bool> passes = {true, false, true, false, true, true, false};
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].passes(), passes[i]) << got[i].limit->figure->key;
  }
  EXPECT_THAT(names(got[1]), ElementsAre("0", "2"));
  EXPECT_DOUBLE_EQ(got[3].value->value, 1);
  // 4000 B of the second layer before 3680 B of the first.
  EXPECT_THAT(names(got[6]), ElementsAre("2", "0"));
  const std::vector<Verdict> slow =
      judge(budget, "{hardware: toy, throughput: 78 k/s}", sample::on_machine());
  EXPECT_FALSE(slow[0].passes());
  EXPECT_EQ(slow[0].culprits_by->key, "latency");
  EXPECT_THAT(names(slow[0]), ElementsAre("0", "2"));
}

TEST(Budget, RoundingBreaksNothing) {
  Budget budget;
  Report report = sample::on_machine();
  report.results[0].predicted_latency_s = 13e-6 * (1 + 1e-12);
  EXPECT_TRUE(judge(budget, "{hardware: toy, latency: 13 us}", report)[0].passes());
  report.results[0].predicted_latency_s = 13e-6 * (1 + 1e-8);
  EXPECT_FALSE(judge(budget, "{hardware: toy, latency: 13 us}", report)[0].passes());
}

TEST(Budget, EachLayer) {
  Budget budget;
  const Report report = sample::on_machine();
  const auto first = [&](const std::string& entry) { return judge(budget, entry, report)[0]; };
  // By the name on the screen, by the full name of a node, and by a pattern.
  for (const char* name : {"block.0/conv + relu", "/block/block.0/relu/Relu", "block*relu"}) {
    const Verdict got =
        first("{hardware: toy, each_layer: \"" + std::string(name) + "\", latency: 6.5 us}");
    EXPECT_EQ(got.judgement, Judgement::kBroken) << name;
    EXPECT_THAT(names(got), ElementsAre("0"));
  }
  EXPECT_EQ(first("{hardware: toy, each_layer: \"*\", latency: 6.55 us}").judgement,
            Judgement::kHolds);
  EXPECT_NEAR(first("{hardware: toy, each_layer: \"*\", latency: 6.55 us}").value->value, 6.5424e-6,
              1e-15)
      << "the layer nearest to its limit";
  EXPECT_EQ(first("{hardware: toy, each_layer: \"tail*\", latency: 1 s}").judgement,
            Judgement::kNoLayer);
  // Without a machine, of each node.
  EXPECT_THAT(names(judge(budget, "{each_layer: \"*\", flops: 1000 FLOP}", sample::counts())[0]),
              ElementsAre("0", "2"));
}

TEST(Budget, Classes) {
  Budget budget;
  const auto flops = [&](const std::string& cls, const std::string& limit) {
    return judge(budget, "{class: " + cls + ", flops: " + limit + "}", sample::counts())[0];
  };
  EXPECT_EQ(flops("conv", "109568 FLOP").judgement, Judgement::kHolds);  // 55296 + 54272
  EXPECT_EQ(flops("conv", "109567 FLOP").judgement, Judgement::kBroken);
  EXPECT_EQ(flops("activation", "127 FLOP").value->value, 128);
  EXPECT_THAT(names(flops("activation", "127 FLOP")), ElementsAre("1"));
  EXPECT_EQ(flops("softmax", "0 FLOP").judgement, Judgement::kHolds);
}

TEST(Budget, WhatIsUnknownDoesNotPass) {
  Budget budget;
  Report report = sample::on_machine();
  report.results[0].complete = false;
  report.results[0].layers[1].complete = false;
  const auto found = [&](const std::string& entry) {
    return judge(budget, "{hardware: toy, " + entry + "}", report)[0].judgement;
  };
  EXPECT_EQ(found("latency: 1 s"), Judgement::kUnknown);
  EXPECT_EQ(found("latency: 1 s, allow_unknown: true"), Judgement::kHolds);
  EXPECT_EQ(found("latency: 1 us"), Judgement::kBroken) << "a lower bound is above it already";
  EXPECT_EQ(found("latency: 1 us, allow_unknown: true"), Judgement::kBroken);
  EXPECT_EQ(found("throughput: 1 /s"), Judgement::kUnknown);
  EXPECT_EQ(found("throughput: 1 M/s"), Judgement::kBroken) << "at most 77 k/s";
  EXPECT_EQ(found("each_layer: head*, latency: 1 s"), Judgement::kUnknown);
  EXPECT_EQ(found("each_layer: block*, latency: 1 s"), Judgement::kHolds);
  EXPECT_EQ(found("weight_bytes: 1 MB"), Judgement::kHolds) << "counted in every operator";
  const std::vector<Verdict> got = judge(budget, "{hardware: toy, latency: 1 s}", report);
  EXPECT_THAT(names(got[0]), ElementsAre("2"));
}

TEST(Budget, Operators) {
  Budget budget;
  Report report = sample::counts();
  report.nodes[2].domain = "com.acme";
  report.nodes[2].op_type = "Frob";
  report.coverage.unknown_ops = {"com.acme.Frob"};
  report.nodes[2].confidence = "unknown";
  const auto first = [&](const std::string& entry) { return judge(budget, entry, report)[0]; };
  EXPECT_THAT(names(first("forbidden_ops: [Relu, com.acme.Frob]")), ElementsAre("1", "2"));
  EXPECT_EQ(first("forbidden_ops: [Frob.X, Loop]").judgement, Judgement::kHolds);
  EXPECT_THAT(names(first("allowed_ops: [Conv, Relu]")), ElementsAre("2"));
  EXPECT_EQ(first("allowed_ops: [Conv, Relu, com.acme.Frob]").judgement, Judgement::kHolds);
  EXPECT_THAT(names(first("unknown_ops: 0")), ElementsAre("2"));
  EXPECT_EQ(first("unknown_ops: 1").judgement, Judgement::kHolds);
}

TEST(Budget, Opset) {
  Budget budget;
  Report report = sample::counts();  // opset 17
  const auto found = [&](const std::string& entry) {
    return judge(budget, "opset: " + entry, report)[0].judgement;
  };
  EXPECT_EQ(found("{min: 13, max: 17}"), Judgement::kHolds);
  EXPECT_EQ(found("{min: 18}"), Judgement::kBroken);
  EXPECT_EQ(found("{max: 16}"), Judgement::kBroken);
  report.model.opsets = {{"com.acme", 1}};
  EXPECT_EQ(found("{min: 18}"), Judgement::kHolds);
}

/// sample::on_machine() after its head was made slower and wider.
Report grown() {
  Report report = sample::on_machine();
  report.nodes[2].parameters = 720;
  report.nodes[2].weight_read_bytes = 2880;
  report.nodes[2].traffic_bytes = 2048 + 2880 + 512;
  report.model.parameters = 936;
  Result& result = report.results[0];
  result.layers[1].predicted_latency_s += 2e-6;
  result.layers[1].memory_s += 2e-6;
  result.layers[1].planned_bytes = 5440;
  result.predicted_latency_s += 2e-6;
  return report;
}

TEST(Budget, AgainstABaseline) {
  Budget budget;
  const Report before = sample::on_machine();
  const Report after = grown();
  const auto first = [&](const std::string& entry) {
    return judge(budget, "{hardware: toy, baseline: b.json, " + entry + "}", after, &before)[0];
  };
  // 12.9696 -> 14.9696 us is + 15.42 %.
  EXPECT_EQ(first("latency: +15.5 %").judgement, Judgement::kHolds);
  const Verdict slow = first("latency: +15 %");
  EXPECT_EQ(slow.judgement, Judgement::kBroken);
  EXPECT_NEAR(*slow.most, 12.9696e-6 * 1.15, 1e-15);
  EXPECT_NEAR(*slow.baseline, 12.9696e-6, 1e-15);
  ASSERT_THAT(names(slow), ElementsAre("2"));
  EXPECT_NEAR(*slow.culprits[0].before, 6.4272e-6, 1e-15);
  EXPECT_EQ(first("latency: +2.1 us").judgement, Judgement::kHolds);
  EXPECT_EQ(first("latency: +1.9 us").judgement, Judgement::kBroken);
  EXPECT_EQ(first("latency: -1 %").judgement, Judgement::kBroken);
  EXPECT_EQ(first("macs: +0").judgement, Judgement::kHolds);
  EXPECT_EQ(first("parameters: +0").judgement, Judgement::kBroken);
  EXPECT_EQ(first("parameters: +360").judgement, Judgement::kHolds);
  EXPECT_EQ(first("throughput: -14 %").judgement, Judgement::kHolds);  // 1 / 1.1542 is - 13.4 %
  EXPECT_EQ(first("throughput: -13 %").judgement, Judgement::kBroken);
  EXPECT_EQ(first("class: conv, latency: +2.1 us").judgement, Judgement::kHolds);
  EXPECT_EQ(first("class: conv, latency: +1.9 us").judgement, Judgement::kBroken);
  // An absolute limit beside a baseline is absolute, and blames what grew.
  EXPECT_THAT(names(first("latency: 14 us")), ElementsAre("2"));
}

TEST(Budget, EachLayerAgainstABaseline) {
  Budget budget;
  const Report before = sample::on_machine();
  const Report after = grown();
  const Verdict got =
      judge(budget, "{hardware: toy, baseline: b.json, each_layer: \"*\", latency: +5 %}", after,
            &before)[0];
  EXPECT_EQ(got.judgement, Judgement::kBroken);
  EXPECT_THAT(names(got), ElementsAre("2"));
  EXPECT_NEAR(*got.most, 6.4272e-6 * 1.05, 1e-15);
}

TEST(Budget, ABaselineThatIsNotKnownLimitsNothing) {
  Budget budget;
  Report before = sample::on_machine();
  before.results[0].complete = false;
  const Report after = grown();
  const auto found = [&](const std::string& entry) {
    return judge(budget, "{hardware: toy, baseline: b.json, " + entry + "}", after, &before)[0]
        .judgement;
  };
  EXPECT_EQ(found("latency: +5 %"), Judgement::kUnknown);
  EXPECT_EQ(found("latency: +5 %, allow_unknown: true"), Judgement::kBroken);
  EXPECT_EQ(found("latency: 1 us"), Judgement::kBroken) << "an absolute limit is known";
}

std::string mismatch(const Report& before) {
  Budget budget;
  try {
    (void)judge(budget, "{hardware: toy, baseline: b.json, latency: +5 %}", sample::on_machine(),
                &before);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
    return format_diagnostic(error.diagnostic());
  }
  return "";
}

TEST(Budget, BaselinesThatCannotBeCompared) {
  Report other = sample::on_machine();
  other.results[0].hardware.digest = std::string(64, 'c');
  EXPECT_EQ(mismatch(other).substr(0, 34), "roofline: error[baseline-mismatch]") << mismatch(other);
  other = sample::on_machine();
  other.tool_version = "7.0.0";
  EXPECT_EQ(mismatch(other).substr(0, 34), "roofline: error[baseline-mismatch]") << mismatch(other);
  other = sample::on_machine();
  other.model.dims["batch"] = 8;
  EXPECT_EQ(mismatch(other),
            "roofline: error[baseline-mismatch]: models/tiny.onnx: the baseline is of batch=8, "
            "expected batch=1\n"
            "  hint: save a baseline with --dim batch=1\n");
}

std::string without_result(const std::string& entry, Report report = sample::on_machine()) {
  const Budget budget = read_budget("budgets:\n  - " + entry, "roofline.yaml");
  const Rule& rule = budget.rules.at(0);
  try {
    (void)narrowed(std::move(report), rule, rule.run.hardware, "saved.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
    return format_diagnostic(error.diagnostic());
  }
  return "";
}

TEST(Budget, SavedReportsOfOtherRuns) {
  EXPECT_EQ(without_result("{hardware: toy, latency: 1 s}"), "");
  EXPECT_EQ(without_result("{hardware: rpi4b, runtime: ncnn, latency: 1 s}"),
            "roofline: error[no-result]: roofline.yaml:2:5: 'saved.json' has no result for rpi4b, "
            "runtime ncnn, precision as-is; it has toy, runtime basic, precision as-is\n"
            "  hint: save one with: roofline analyze models/tiny.onnx --hardware rpi4b --runtime "
            "ncnn --format json -o saved.json\n");
  EXPECT_EQ(
      without_result("{hardware: toy, dims: {batch: 8}, latency: 1 s}"),
      "roofline: error[no-result]: roofline.yaml:2:5: 'saved.json' is of batch=1, expected "
      "batch=8\n"
      "  hint: save one with: roofline analyze models/tiny.onnx --hardware toy --runtime basic "
      "--dim batch=8 --format json -o saved.json\n");
  EXPECT_EQ(without_result("{shapes: {x: [2, 3, 8, 8]}, nodes: 3}"),
            "roofline: error[no-result]: roofline.yaml:2:5: 'saved.json' is of x=1x3x8x8, expected "
            "x=2x3x8x8\n"
            "  hint: save one with: roofline analyze models/tiny.onnx --shape x=2x3x8x8 --format "
            "json -o saved.json\n");
  EXPECT_EQ(without_result("{shapes: {x: [1, 3, 8, 8]}, nodes: 3}"), "");
  EXPECT_EQ(without_result("{trip_counts: {loop: 3}, nodes: 3}"),
            "roofline: error[no-result]: roofline.yaml:2:5: saved reports do not tell values and "
            "trip counts\n"
            "  hint: check the model itself\n");
  Report measured = sample::on_machine();
  measured.results[0].roof = "measured";
  EXPECT_NE(without_result("{hardware: toy, latency: 1 s}", measured)
                .find("it has toy, runtime basic, precision as-is, measured roof"),
            std::string::npos);
}

}  // namespace
}  // namespace roofline::report
