// What two reports differ in: totals, layers, machines; and what cannot be compared.
#include "roofline/report/diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>

#include "sample.hpp"

namespace roofline::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// "changed old -> new" for every layer that differs.
std::vector<std::string> listed(const std::vector<LayerChange>& changes) {
  std::vector<std::string> lines;
  for (const LayerChange& change : changes) {
    lines.push_back(std::string(change.kind()) + " " + (change.before ? change.before->name : "-") +
                    " -> " + (change.after ? change.after->name : "-"));
  }
  return lines;
}

const Change& of(const std::vector<Change>& totals, std::string_view key) {
  for (const Change& change : totals) {
    if (change.metric->key == key) return change;
  }
  throw std::out_of_range(std::string(key));
}

/// A chain of nodes whose MACs tell them apart.
Report chain(const std::vector<std::pair<std::string, std::int64_t>>& nodes) {
  Report report;
  report.tool_version = "0.1.0";
  for (const auto& [name, macs] : nodes) {
    report.nodes.push_back(sample::node(std::to_string(report.nodes.size()), name, "Conv", "conv",
                                        {macs, 2 * macs, 4, 4, 4}));
    report.totals.macs += macs;
  }
  return report;
}
std::vector<std::string> differing_nodes(const Report& before, const Report& after) {
  return listed(diff(before, after).nodes);
}

TEST(Diff, AReportDoesNotDifferFromItself) {
  for (const Report& report : {sample::counts(), sample::on_machine()}) {
    const Difference got = diff(report, report);
    EXPECT_TRUE(got.empty());
    EXPECT_THAT(got.notes, IsEmpty());
    EXPECT_EQ(got.results.size(), report.results.size());
  }
}

TEST(Diff, TotalsAreExactAndSeconds) {
  Report after = sample::on_machine();
  after.model.parameters += 1;
  after.totals.macs = (std::int64_t{1} << 60) + 1;
  Report before = sample::on_machine();
  before.totals.macs = std::int64_t{1} << 60;
  after.results[0].predicted_latency_s *= 2;
  after.results[0].bottleneck = "memory";
  const Difference got = diff(before, after);
  EXPECT_FALSE(got.empty());
  EXPECT_EQ(of(got.totals, "parameters").after, Amount(Count(577)));
  EXPECT_EQ(growth(of(got.totals, "macs").before, of(got.totals, "macs").after), Amount(Count(1)));
  EXPECT_FALSE(of(got.totals, "flops").changed());
  const ResultDifference& machine = got.results.at(0);
  EXPECT_EQ(machine.machine.id, "toy");
  EXPECT_DOUBLE_EQ(as_double(of(machine.totals, "latency").after), 2 * 12.9696e-6);
  EXPECT_FALSE(of(machine.totals, "roofline").changed());
  EXPECT_TRUE(machine.bottleneck.changed());
  EXPECT_FALSE(machine.bound.changed());
  EXPECT_THAT(machine.layers, IsEmpty());
}

TEST(Diff, RoundingIsNoDifference) {
  Report after = sample::on_machine();
  after.results[0].predicted_latency_s *= 1 + 1e-12;
  after.results[0].layers[0].predicted_latency_s *= 1 - 1e-12;
  EXPECT_TRUE(diff(sample::on_machine(), after).empty());
}

TEST(Diff, SaysHowMuchALayerChanged) {
  Report after = sample::on_machine();
  LayerRow& layer = after.results[0].layers[1];
  layer.predicted_latency_s += 1e-6;
  layer.macs = *layer.macs + 10;
  layer.planned_bytes = layer.planned_bytes - 100;
  after.nodes[2].parameters += 7;
  const Difference got = diff(sample::on_machine(), after);
  ASSERT_EQ(got.results.at(0).layers.size(), 1U);
  const LayerChange& change = got.results[0].layers[0];
  EXPECT_EQ(change.kind(), "changed");
  EXPECT_EQ(change.layer().label, "head");
  EXPECT_EQ(change.layer().index, 1U);
  EXPECT_NEAR(change.seconds(), 1e-6, 1e-15);
  EXPECT_EQ(change.macs(), Count(10));
  EXPECT_EQ(change.flops(), Count(0));
  EXPECT_EQ(change.bytes(), Count(-100));
  EXPECT_EQ(change.parameters(), Count(7));
  EXPECT_THAT(got.nodes, IsEmpty());
}

TEST(Diff, AnUnknownFigureHasNoGrowth) {
  Report after = sample::counts();
  after.nodes[0].flops = std::nullopt;
  after.totals.complete = false;
  const Difference got = diff(sample::counts(), after);
  ASSERT_EQ(got.nodes.size(), 1U);
  EXPECT_EQ(got.nodes[0].flops(), std::nullopt);
  EXPECT_FALSE(got.nodes[0].after->complete);
  EXPECT_FALSE(of(got.totals, "flops").complete());
  EXPECT_TRUE(of(got.totals, "flops").changed());
  EXPECT_TRUE(of(got.totals, "parameters").complete());
}

TEST(Diff, LayersThatCostMostComeFirstTiesInOrder) {
  const Report before = chain({{"a", 10}, {"b", 20}, {"c", 30}, {"d", 40}});
  const Report after = chain({{"a", 11}, {"b", 21}, {"c", 5}, {"d", 42}});
  EXPECT_THAT(differing_nodes(before, after),
              ElementsAre("changed c -> c", "changed d -> d", "changed a -> a", "changed b -> b"));
}

TEST(DiffLayers, NamesDecideWhereStructureChanged) {
  EXPECT_THAT(
      differing_nodes(chain({{"fc1", 512}, {"fc2", 256}}), chain({{"fc1", 1024}, {"fc2", 512}})),
      ElementsAre("changed fc1 -> fc1", "changed fc2 -> fc2"));
}

TEST(DiffLayers, RenamedButEqualIsNoDifference) {
  EXPECT_THAT(
      differing_nodes(chain({{"a", 1}, {"b", 2}, {"c", 3}}), chain({{"x", 1}, {"y", 2}, {"z", 3}})),
      IsEmpty());
  EXPECT_THAT(differing_nodes(chain({{"conv2d_4", 1}, {"node_Conv_5", 2}}),
                              chain({{"node_Conv_5", 1}, {"conv2d_4", 2}})),
              IsEmpty());
}

TEST(DiffLayers, NumbersThatAnExporterCountedAreNoNames) {
  const Report before = chain({{"Conv_0", 1}, {"Conv_1", 2}, {"Conv_2", 3}, {"Conv_3", 4}});
  const Report after =
      chain({{"Conv_0", 1}, {"Conv_1", 9}, {"Conv_2", 2}, {"Conv_3", 3}, {"Conv_4", 4}});
  EXPECT_THAT(differing_nodes(before, after), ElementsAre("added - -> Conv_1"));
  EXPECT_THAT(differing_nodes(after, before), ElementsAre("removed Conv_1 -> -"));
}

TEST(DiffLayers, RenamedAndChangedIsOneLayerWhereItStandsInThePlaceOfTheOther) {
  EXPECT_THAT(differing_nodes(chain({{"body", 7}, {"fc", 10}}), chain({{"body", 7}, {"head", 12}})),
              ElementsAre("changed fc -> head"));
  EXPECT_THAT(differing_nodes(chain({{"fc", 10}, {"body", 7}}), chain({{"body", 7}, {"head", 12}})),
              ElementsAre("added - -> head", "removed fc -> -"));
}

TEST(DiffLayers, ARepeatedNameIsNoName) {
  EXPECT_THAT(differing_nodes(chain({{"a", 1}, {"a", 2}}), chain({{"a", 2}})),
              ElementsAre("removed a -> -"));
}

TEST(DiffLayers, FusionIsAChangeOfTheLayerItHappensTo) {
  Report after = sample::on_machine();
  Result& result = after.results[0];
  result.layers = {sample::layer(after, {0}, 5.5e-6, 3.68e-6, 1e-6),
                   sample::layer(after, {1}, 1e-6, 4e-6, 1e-6), result.layers[1]};
  EXPECT_THAT(listed(diff(sample::on_machine(), after).results.at(0).layers),
              ElementsAre("added - -> /block/block.0/relu/Relu",
                          "changed /block/block.0/conv/Conv + /block/block.0/relu/Relu -> "
                          "/block/block.0/conv/Conv"));
}

TEST(DiffLayers, FiftyThousandTakeLinearTime) {
  std::vector<std::pair<std::string, std::int64_t>> nodes;
  for (int i = 0; i < 50000; ++i) nodes.emplace_back("old" + std::to_string(i), i % 7);
  const Report before = chain(nodes);
  for (int i = 0; i < 50000; ++i)
    nodes[static_cast<std::size_t>(i)] = {"new" + std::to_string(i), 7 + i % 5};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(diff(before, chain(nodes)).nodes.size(), 50000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(DiffResults, ThoseOfOneReportOnlyAreNamed) {
  Report before = sample::on_machine();
  before.results.push_back(before.results[0]);
  before.results[1].precision = "fp16";
  Report after = sample::on_machine();
  after.results.push_back(after.results[0]);
  after.results[1].threads = 4;
  const Difference got = diff(before, after);
  EXPECT_EQ(got.results.size(), 1U);
  EXPECT_TRUE(got.empty());
  ASSERT_EQ(got.notes.size(), 2U);
  EXPECT_EQ(got.notes[0].code, "one-sided");
  EXPECT_EQ(
      got.notes[0].message,
      "no times before on toy (runtime basic, as-is, datasheet roof, 4 threads): not compared");
  EXPECT_EQ(got.notes[1].message,
            "no times after on toy (runtime basic, fp16, datasheet roof): not compared");
}

TEST(DiffResults, WithoutACommonMachineNodesAreCompared) {
  Report after = sample::on_machine();
  after.nodes[1].flops = 256;
  const Difference got = diff(sample::counts(), after);
  EXPECT_THAT(got.results, IsEmpty());
  EXPECT_THAT(listed(got.nodes),
              ElementsAre("changed /block/block.0/relu/Relu -> /block/block.0/relu/Relu"));
}

Diagnostic mismatch(const Report& before, const Report& after) {
  try {
    (void)diff(before, after);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
    return error.diagnostic();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(DiffResults, AnotherProfileIsRefused) {
  Report after = sample::on_machine();
  after.results[0].hardware.digest = std::string(64, 'c');
  const Diagnostic got = mismatch(sample::on_machine(), after);
  EXPECT_EQ(got.code, "baseline-mismatch");
  EXPECT_EQ(got.message,
            "times on toy are of the profile with digest bbbbbbbbbbbb before, cccccccccccc after: "
            "costs would differ without a change of the model");
  EXPECT_EQ(got.hint,
            "price the older model again: 'roofline analyze MODEL --hardware toy --format json "
            "--output FILE'");
}

TEST(DiffResults, AnotherMajorReleaseIsRefusedAMinorOneIsNoted) {
  Report after = sample::counts();
  after.tool_version = "1.0.0";
  const Diagnostic got = mismatch(sample::counts(), after);
  EXPECT_EQ(got.code, "baseline-mismatch");
  EXPECT_THAT(got.message, HasSubstr("costs are of roofline 0.1.0 before, 1.0.0 after"));
  after.tool_version = "0.2.0";
  const Difference minor = diff(sample::counts(), after);
  EXPECT_TRUE(minor.empty());
  ASSERT_EQ(minor.notes.size(), 1U);
  EXPECT_EQ(minor.notes[0].message, "costs are of roofline 0.1.0 before, 0.2.0 after");
}

TEST(DiffResults, OtherSizesAreNoted) {
  Report after = sample::counts();
  after.model.dims["batch"] = 8;
  const Difference got = diff(sample::counts(), after);
  ASSERT_EQ(got.notes.size(), 1U);
  EXPECT_EQ(got.notes[0].message, "dimension 'batch' is 1 before, 8 after");
  EXPECT_EQ(got.notes[0].hint, "--dim batch=N gives both models one size");
}

std::vector<std::string> breaches(const Report& before, const Report& after,
                                  const std::vector<GrowthLimit>& limits) {
  std::vector<std::string> messages;
  for (const Diagnostic& breach : exceeded(diff(before, after), limits)) {
    EXPECT_EQ(breach.code, "growth");
    messages.push_back(breach.message);
  }
  return messages;
}

TEST(Growth, IsComparedExactlyAndOnEveryMachine) {
  Report after = sample::on_machine();
  after.model.parameters += 1;
  after.results[0].predicted_latency_s *= 1.05;
  EXPECT_THAT(breaches(sample::on_machine(), after,
                       {{"parameters", 1}, {"parameters", 0.01, true}, {"latency", 0.051, true}}),
              IsEmpty());
  EXPECT_THAT(
      breaches(sample::on_machine(), after,
               {{"parameters", 0}, {"latency", 0.049, true}, {"latency", 1e-9}}),
      ElementsAre("parameters grew by 1 (+0.2 %), 576 -> 577: allowed is +0",
                  "latency on toy grew by 648 ns (+5.0 %), 13.0 us -> 13.6 us: allowed is +4.9 %",
                  "latency on toy grew by 648 ns (+5.0 %), 13.0 us -> 13.6 us: allowed is "
                  "+1.00 ns"));
  EXPECT_THAT(breaches(after, sample::on_machine(), {{"latency", 0}, {"parameters", 0}}),
              IsEmpty());
}

TEST(Growth, OfALowerBoundIsNotKnown) {
  Report after = sample::counts();
  after.totals.complete = false;
  after.totals.flops = 10;
  EXPECT_THAT(
      breaches(sample::counts(), after, {{"flops", 1, true}, {"nodes", 0}}),
      ElementsAre("flops is a lower bound, 110 kFLOP -> >= 10 FLOP: its growth is not known"));
  EXPECT_THAT(
      breaches(after, after, {{"flops", 0}}),
      ElementsAre("flops is a lower bound, >= 10 FLOP -> >= 10 FLOP: its growth is not known"));
  after.totals.flops = 219392;
  EXPECT_THAT(breaches(sample::counts(), after, {{"flops", 0.5, true}}),
              ElementsAre("flops grew by at least 110 kFLOP (+100 %), 110 kFLOP -> >= 219 kFLOP: "
                          "allowed is +50 %"));
}

TEST(Growth, OfATimeNeedsAMachine) {
  try {
    (void)breaches(sample::counts(), sample::counts(), {{"latency", 0}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kUsage);
    EXPECT_EQ(error.diagnostic().code, "no-result");
  }
}

std::string text(const Report& before, const Report& after, const TextOptions& options) {
  std::ostringstream out;
  render_text(diff(before, after), options, out);
  return out.str();
}

TEST(DiffText, NoDifferenceIsSaidInOneLine) {
  EXPECT_EQ(text(sample::on_machine(), sample::on_machine(), {}),
            "tiny.onnx -> tiny.onnx\n\n  no difference\n");
}

TEST(DiffText, FilesOfOneNameAreToldApart) {
  Report after = sample::counts();
  after.model.path = "other/tiny.onnx";
  EXPECT_THAT(text(sample::counts(), after, {}),
              HasSubstr("models/tiny.onnx -> other/tiny.onnx\n"));
}

TEST(DiffText, AnUnchangedLatencyAndAChangedBoundAreSaid) {
  Report after = sample::on_machine();
  after.results[0].bound = "memory";
  EXPECT_EQ(text(sample::on_machine(), after, {}), R"(tiny.onnx -> tiny.onnx

on Toy 1000
as-is, runtime basic, data-sheet roof

  total          before      after  change  relative
  predicted     13.0 us    13.0 us    none
  bound      compute     memory
)");
}

TEST(DiffText, HostileNamesStayOnTheirLine) {
  Report after = sample::counts();
  after.nodes[0].name = "a\n\x1b[1m";
  after.nodes[0].flops = 7;
  const std::string got = text(sample::counts(), after, {});
  EXPECT_EQ(got.find('\x1b'), std::string::npos);
  EXPECT_THAT(got, HasSubstr("a\\x0a\\x1b[1m"));
}

}  // namespace
}  // namespace roofline::report
