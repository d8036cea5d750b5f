// Owns the checks of plans for several devices: who runs what, and what goes between them.
// Refuses the gathering of subgraphs: partition_test.cpp has it.
#include "roofline/hardware/backends.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "roofline/estimate/estimate.hpp"
#include "support/model_builder.hpp"

namespace roofline::plan {
namespace {

using test::ModelBuilder;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

/// A list of the DLA, its GPU and its CPU with round numbers between them.
class BackendsTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() /
             ("backends-" + std::to_string(::getpid()) + ".yaml"))
                .string();
    write(1);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void write(int least_steps, const std::string& ops = "Conv, Relu") const {
    std::ofstream(path_) << "id: test\nname: test\nsources: {s: test}\ndevices:\n"
                         << "  - {hardware: xavier-dla, source: s, ops: [" << ops
                         << "], least_steps: " << least_steps << "}\n"
                         << "  - {hardware: xavier, source: s, except: [Softmax]}\n"
                         << "  - {hardware: xavier-cpu}\nlinks:\n"
                         << link("xavier-dla", "xavier") << link("xavier-dla", "xavier-cpu")
                         << link("xavier", "xavier-cpu");
  }

  struct Priced {
    Plan plan;
    estimate::PlanEstimate estimate;
  };
  [[nodiscard]] Priced price(const ModelBuilder& b, const std::string& beside = "",
                             bool before = false) const {
    const infer::TypedGraph graph = infer::infer(b.model(), {});
    PlanOptions options = {.runtime = "basic"};
    options.scenarios.push_back(Scenario("backends", {{"", path_}}));
    if (!beside.empty()) {
      options.scenarios.insert(before ? options.scenarios.begin() : options.scenarios.end(),
                               Scenario::parse(beside));
    }
    Priced priced = {make_plan(graph, &machine_, options), {}};
    priced.estimate = estimate::estimate(priced.plan, machine_, {});
    return priced;
  }

  std::string path_;
  hardware::Profile machine_ = hardware::find("xavier");

 private:
  static std::string link(const std::string& a, const std::string& b) {
    return "  - {between: [" + a + ", " + b +
           "], bandwidth: {value: 1 GB/s, source: s}, latency: {value: 7 us, source: s}}\n";
  }
};

/// Conv, Softmax, Conv on 1x8x16x16: 2048 elements.
ModelBuilder sandwich() {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 16, 16}).weight("w", {8, 8, 1, 1});
  b.node("Conv", {"x", "w"}, {"a"}).node("Softmax", {"a"}, {"s"}).node("Conv", {"s", "w"}, {"y"});
  b.output("y");
  return b;
}

std::string device(const Plan& plan, const Step& step, const hardware::Profile& machine) {
  return device_of(plan, step, machine).id;
}

TEST_F(BackendsTest, EachStepRunsOnTheFirstThatSupportsIt) {
  const Priced priced = price(sandwich());
  const Plan& plan = priced.plan;
  ASSERT_EQ(plan.steps.size(), 5U);
  EXPECT_EQ(device(plan, plan.steps[0], machine_), "xavier-dla");
  EXPECT_EQ(plan.steps[1].kind, StepKind::kTransfer);
  EXPECT_EQ(device(plan, plan.steps[2], machine_), "xavier-cpu");
  EXPECT_EQ(plan.steps[3].kind, StepKind::kTransfer);
  EXPECT_EQ(device(plan, plan.steps[4], machine_), "xavier-dla");
  // The DLA has no fp32: it stores 2 bytes where the CPU stores 4.
  EXPECT_EQ(plan.steps[0].precision, hardware::Precision::kFp16);
  EXPECT_EQ(plan.steps[0].accesses.back().bytes, 2048 * 2);
  EXPECT_EQ(plan.steps[2].accesses.front().bytes, 2048 * 4);
  const Outcome& outcome = plan.outcomes.at(0);
  EXPECT_THAT(outcome.changed,
              ElementsAre(Field(&Finding::what, "subgraph 1: 1 layers on xavier-dla"),
                          Field(&Finding::what, "subgraph 2: 1 layers on xavier-cpu"),
                          Field(&Finding::what, "subgraph 3: 1 layers on xavier-dla")));
  EXPECT_THAT(
      outcome.refused,
      ElementsAre(Field(&Finding::what, "runs on xavier-cpu: xavier does not support Softmax")));
}

TEST_F(BackendsTest, TransfersCostLatencyAndBytes) {
  const Priced priced = price(sandwich());
  const estimate::StepEstimate& there = priced.estimate.steps[1];
  // 2048 elements of 2 bytes go, 2048 of 4 arrive.
  EXPECT_DOUBLE_EQ(there.roofline_s, 2048 * 2 / 1e9);
  EXPECT_DOUBLE_EQ(there.predicted_s, 2048 * 2 / 1e9 + 7e-6);
  EXPECT_EQ(there.dram_bytes, 2048 * 2 + 2048 * 4);
  const estimate::StepEstimate& back = priced.estimate.steps[3];
  EXPECT_DOUBLE_EQ(back.predicted_s, 2048 * 4 / 1e9 + 7e-6);
  double sum = priced.estimate.run_overhead_s;
  Count dram = 0;
  for (const estimate::StepEstimate& step : priced.estimate.steps) {
    EXPECT_GE(step.predicted_s, step.roofline_s);
    EXPECT_EQ(step.levels.size(), machine_.memory.size());
    sum += step.predicted_s;
    dram += step.dram_bytes;
  }
  EXPECT_DOUBLE_EQ(priced.estimate.predicted_s, sum);
  EXPECT_EQ(priced.estimate.levels.back().bytes, dram);
}

TEST_F(BackendsTest, ATensorGoesOnceToEachDevice) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 16, 16}).weight("w", {8, 8, 1, 1});
  b.node("Conv", {"x", "w"}, {"a"});
  b.node("Tanh", {"a"}, {"t"}).node("Exp", {"a"}, {"e"}).node("Softmax", {"a"}, {"s"});
  b.output("t").output("e").output("s");
  const Priced priced = price(b);
  int transfers = 0;
  for (const Step& step : priced.plan.steps) transfers += step.kind == StepKind::kTransfer ? 1 : 0;
  EXPECT_EQ(transfers, 2);  // to the GPU, which has Tanh and Exp, and to the CPU
}

TEST_F(BackendsTest, NothingMovesWhereOneDeviceRunsAll) {
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 16, 16}).weight("w", {8, 8, 1, 1});
  b.node("Conv", {"x", "w"}, {"a"}).node("Conv", {"a", "w"}, {"y"}).output("y");
  const Priced priced = price(b);
  EXPECT_EQ(priced.plan.steps.size(), 2U);
  EXPECT_THAT(priced.plan.outcomes.at(0).changed,
              ElementsAre(Field(&Finding::what, "subgraph 1: 2 layers on xavier-dla")));
  EXPECT_THAT(priced.plan.outcomes.at(0).refused, testing::IsEmpty());
}

TEST_F(BackendsTest, SmallIslandsMoveOn) {
  write(2);
  const Priced priced = price(sandwich());
  EXPECT_EQ(device(priced.plan, priced.plan.steps[0], machine_), "xavier");
  EXPECT_THAT(
      priced.plan.outcomes.at(0).refused,
      Contains(Field(&Finding::what, "runs on xavier: 1 steps are too few for xavier-dla")));
}

TEST_F(BackendsTest, StepsOfTheMachineItselfStayAsTheyWere) {
  write(1, "LRN");
  ModelBuilder b;
  b.input("x", ir::Shape{1, 8, 16, 16}).weight("w", {8, 8, 1, 1});
  b.node("Conv", {"x", "w"}, {"a"}).node("Tanh", {"a"}, {"y"}).output("y");
  const infer::TypedGraph graph = infer::infer(b.model(), {});
  const Plan base = make_plan(graph, &machine_, {.runtime = "basic"});
  const Priced priced = price(b);
  ASSERT_EQ(priced.plan.steps.size(), base.steps.size());
  const estimate::PlanEstimate before = estimate::estimate(base, machine_, {});
  EXPECT_DOUBLE_EQ(priced.estimate.predicted_s, before.predicted_s);
  EXPECT_EQ(priced.estimate.dram_bytes, before.dram_bytes);
}

TEST_F(BackendsTest, OtherScenariosComeBefore) {
  EXPECT_THROW((void)price(sandwich(), "graphs"), Error);
  EXPECT_NO_THROW((void)price(sandwich(), "graphs", true));
  // Tiles of layers that run on several devices are none.
  ModelBuilder b;
  b.input("x", ir::Shape{1, 16, 256, 256});
  b.node("Sigmoid", {"x"}, {"a"}).node("Sigmoid", {"a"}, {"y"}).output("y");
  machine_.launch_overhead_s.value = 0;
  EXPECT_THROW((void)price(b, "tile", true), Error);
}

TEST_F(BackendsTest, AMisspelledOperatorIsNoticed) {
  write(1, "Convv");
  EXPECT_THAT(price(sandwich()).plan.outcomes.at(0).warnings,
              Contains("test lists 'Convv', which is no known operator; did you mean 'Conv'?"));
}

TEST_F(BackendsTest, TheMachineMustBeOnTheList) {
  machine_ = hardware::find("v100");
  try {
    (void)price(sandwich());
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(format_diagnostic(e.diagnostic()),
                HasSubstr("is a list without v100, the machine analysed"));
    EXPECT_EQ(e.exit_code(), ExitCode::kUsage);
  }
}

}  // namespace
}  // namespace roofline::plan
