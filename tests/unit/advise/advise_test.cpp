// What `advise` promises: every saving is that of an analysis with the scenario, gains are not
// counted twice, and what is pointless saves nothing.
#include "roofline/advise/advise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "roofline/onnx_io/onnx_io.hpp"

namespace roofline::advise {
namespace {

using report::Advice;
using report::MachineAdvice;

struct Asked {
  ir::Model model;
  hardware::Profile profile;
  Request request;

  Asked(const std::string& name, const std::string& machine)
      : model(onnx_io::load(ROOFLINE_ROOT "/models/" + name + ".onnx", onnx_io::Digest::kSkip)),
        profile(hardware::find(machine)) {
    request.hardware = {&profile};
  }
  Asked(const Asked&) = delete;

  [[nodiscard]] MachineAdvice advice() const { return advise(model, request).machines.front(); }
  /// Predicted with scenarios, for the items of a run without them.
  [[nodiscard]] double latency(const std::vector<std::string>& scenarios) const {
    Request with = request;
    for (const std::string& text : scenarios) with.scenarios.push_back(Scenario::parse(text));
    const report::Result result = analyze(model, with).results.front();
    return result.predicted_latency_s / (result.base ? result.base->items : 1);
  }
};

std::vector<std::string> names(const std::vector<Advice>& advice) {
  std::vector<std::string> list;
  for (const Advice& a : advice) list.push_back(a.scenario);
  return list;
}

bool is_pointless(const MachineAdvice& machine, const std::string& scenario) {
  return std::any_of(machine.pointless.begin(), machine.pointless.end(),
                     [&](const auto& p) { return p.scenario == scenario; });
}

class Promises : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Promises, SavingsAreThoseOfAnalyses) {
  const Asked asked(GetParam().first, GetParam().second);
  const MachineAdvice machine = asked.advice();
  const double base = asked.latency({});
  EXPECT_DOUBLE_EQ(machine.latency_s, base);
  for (const Advice& advice : machine.advice) {
    EXPECT_NEAR(advice.saved_s, base - asked.latency({advice.scenario}), 1e-12 * base)
        << advice.scenario;
    EXPECT_GT(advice.saved_s, 0) << advice.scenario;
    EXPECT_FALSE(advice.why.empty());
  }
}

TEST_P(Promises, GainsOfACombinationAreCountedOnce) {
  const Asked asked(GetParam().first, GetParam().second);
  const MachineAdvice machine = asked.advice();
  double latency = machine.latency_s;
  std::vector<std::string> taken;
  for (const std::string& scenario : machine.combination) {
    taken.push_back(scenario);
    const auto advice = std::find_if(machine.advice.begin(), machine.advice.end(),
                                     [&](const Advice& a) { return a.scenario == scenario; });
    ASSERT_NE(advice, machine.advice.end());
    ASSERT_TRUE(advice->added_s);
    const double together = asked.latency(taken);
    EXPECT_NEAR(*advice->added_s, latency - together, 1e-9 * machine.latency_s) << scenario;
    latency = together;
  }
  EXPECT_NEAR(machine.combined_latency_s, latency, 1e-9 * machine.latency_s);
}

TEST_P(Promises, EveryCandidateIsAdvisedOrPointless) {
  const Asked asked(GetParam().first, GetParam().second);
  const MachineAdvice machine = asked.advice();
  std::set<std::string> told;
  for (const std::string& name : names(machine.advice)) told.insert(name);
  for (const auto& pointless : machine.pointless) {
    told.insert(pointless.scenario);
    EXPECT_FALSE(pointless.why.empty()) << pointless.scenario;
  }
  EXPECT_EQ(told.size(), candidates().size());
  EXPECT_EQ(machine.advice.size() + machine.pointless.size(), candidates().size());
}

TEST_P(Promises, MostSavedComesFirst) {
  const Asked asked(GetParam().first, GetParam().second);
  const std::vector<Advice> advice = asked.advice().advice;
  EXPECT_TRUE(std::is_sorted(advice.begin(), advice.end(), [](const Advice& a, const Advice& b) {
    return a.needs_training != b.needs_training ? b.needs_training : a.saved_s > b.saved_s;
  }));
}

INSTANTIATE_TEST_SUITE_P(Models, Promises,
                         testing::Values(std::pair{"mobilenet_v2", "v100"},
                                         std::pair{"vgg16", "rpi4b"},
                                         std::pair{"bert_base", "v100"},
                                         std::pair{"resnet50", "xavier"},
                                         std::pair{"squeezenet1_1", "epyc-7742"}));

TEST(Candidates, AreScenarios) {
  for (const Candidate& candidate : candidates()) {
    EXPECT_NO_THROW(check(Scenario::parse(candidate.scenario))) << candidate.scenario;
  }
}

TEST(Advise, OverheadOfManySmallKernelsComesFirst) {
  const MachineAdvice machine = Asked("mobilenet_v2", "v100").advice();
  EXPECT_EQ(machine.advice.front().addresses, "overhead");
  EXPECT_TRUE(is_pointless(machine, "winograd"));
}

TEST(Advise, WinogradComesFirstForLargeConvolutionsOnASmallMachine) {
  EXPECT_EQ(Asked("vgg16", "rpi4b").advice().advice.front().scenario, "winograd");
}

TEST(Advise, HalfPrecisionIsNearTheTopForATransformer) {
  Asked asked("bert_base", "v100");
  asked.request.bindings.dims = {{"batch", 1}, {"sequence", 128}};
  const std::vector<std::string> list = names(asked.advice().advice);
  const auto place = std::find(list.begin(), list.end(), "precision:fp16") - list.begin();
  EXPECT_LT(place, 3) << testing::PrintToString(list);
}

}  // namespace
}  // namespace roofline::advise
