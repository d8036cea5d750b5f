// Owns the fit: that it finds the parameters that made the times, and says which it cannot find.
// Refuses real measurements: times come from a calibration that the test knows.
#include "roofline/calibrate/fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "roofline/base/diagnostic.hpp"
#include "support/model_builder.hpp"

namespace roofline::calibrate {
namespace {

using testing::Contains;
using testing::DoubleNear;
using testing::Not;

/// 100 GFLOP/s, 10 GB/s, no caches.
hardware::Profile machine(const std::string& id) {
  hardware::Profile p;
  p.id = id;
  p.path = id + ".yaml";
  p.kind = "npu";
  p.units.resize(1);
  p.units[0].name = "lanes";
  p.units[0].peaks[hardware::Precision::kFp32] = {
      .flops_per_s = {1e11, "s"}, .measured = {}, .alignment = 1};
  p.memory.push_back({.name = "dram",
                      .capacity_bytes = hardware::Fact{1e9, "s"},
                      .bytes_per_s = hardware::Fact{1e10, "s"},
                      .measured_bytes_per_s = {},
                      .core_bytes_per_s = {}});
  return p;
}

/// x [m, k] times a weight [k, n].
std::shared_ptr<const ir::Model> product(std::int64_t m, std::int64_t k, std::int64_t n) {
  test::ModelBuilder b;
  b.input("x", ir::Shape{m, k}).weight("w", {k, n}).node("MatMul", {"x", "w"}, {"y"}).output("y");
  return std::make_shared<const ir::Model>(b.model());
}

hardware::Calibration truth() {
  hardware::Calibration c;
  c.runtime = "basic";
  c.terms.step_s = 2e-6;
  c.kernels["gemm"] = {.efficiency = 0.6, .half = {40, 0, 0}};
  return c;
}

class Fitted : public testing::Test {
 protected:
  Fitted() {
    for (const hardware::Profile* profile : {&one_, &other_}) {
      for (const std::int64_t k : {16, 32, 64, 256, 512, 1024}) {
        for (const std::int64_t m : {2, 64, 512}) {
          Sample sample;
          sample.label = "product";
          sample.workload = std::make_shared<const Workload>(
              product(m, k, 256), infer::Bindings{}, *profile,
              plan::PlanOptions{.runtime = "basic", .precision = {}}, estimate::EstimateOptions{});
          sample.steps = {0};
          samples_.push_back(std::move(sample));
        }
      }
    }
    measure(truth());
  }

  void measure(const hardware::Calibration& calibration,
               const std::map<std::string, hardware::Calibration>& machines = {}) {
    const std::vector<double> times = predict(samples_, calibration, machines);
    for (std::size_t i = 0; i < times.size(); ++i) samples_[i].seconds = times[i];
  }

  /// Wrong by 2 and more everywhere.
  static hardware::Calibration start() {
    hardware::Calibration c = truth();
    c.terms.step_s = 5e-6;
    c.kernels["gemm"] = {.efficiency = 0.25, .half = {10, 0, 0}};
    return c;
  }

  hardware::Profile one_ = machine("one");
  hardware::Profile other_ = machine("other");
  std::vector<Sample> samples_ = {};
};

TEST_F(Fitted, FindsTheParametersThatMadeTheTimes) {
  const Fit found = fit(samples_, start(), {.prior = 100});
  EXPECT_GT(found.start_mape, 0.3);
  EXPECT_LT(found.mape, 0.002);
  EXPECT_LT(found.cross_validated_mape.value(), 0.004);
  EXPECT_THAT(found.calibration.kernels.at("gemm").efficiency, DoubleNear(0.6, 0.01));
  EXPECT_THAT(found.calibration.kernels.at("gemm").half[0], DoubleNear(40, 1));
  EXPECT_THAT(found.calibration.terms.step_s, DoubleNear(2e-6, 5e-8));
  EXPECT_THAT(found.unidentified, Not(Contains("kernels.gemm.efficiency")));
}

TEST_F(Fitted, IsTheSameEveryTime) {
  EXPECT_EQ(digest(fit(samples_, start(), {}).calibration),
            digest(fit(samples_, start(), {}).calibration));
}

TEST_F(Fitted, OneAbsurdTimeMovesNothingMuch) {
  samples_[5].seconds *= 30;
  const Fit found = fit(samples_, start(), {.prior = 100, .folds = 0});
  EXPECT_THAT(found.calibration.kernels.at("gemm").efficiency, DoubleNear(0.6, 0.03));
}

TEST_F(Fitted, SaysWhatTheTimesDoNotDetermine) {
  hardware::Calibration with_more = start();
  with_more.kernels["conv.spatial"] = {.efficiency = 0.5};
  const Fit found = fit(samples_, with_more, {.folds = 0});
  EXPECT_THAT(found.unidentified, Contains("kernels.conv.spatial.efficiency"));
  EXPECT_DOUBLE_EQ(found.calibration.kernels.at("conv.spatial").efficiency, 0.5);
}

TEST_F(Fitted, GivesEveryMachineWhatItHasForItself) {
  hardware::Calibration faster = truth();
  faster.terms.compute = 1.3;
  measure(truth(), {{"other", faster}});
  const Fit found =
      fit(samples_, truth(), {.free = {}, .per_machine = {"terms.compute"}, .prior = 100});
  const double one = found.machines.at("one").terms.compute;
  const double other = found.machines.at("other").terms.compute;
  EXPECT_THAT(other / one, DoubleNear(1.3, 0.01));
  EXPECT_DOUBLE_EQ(found.calibration.terms.compute, 1);  // of machines that nobody measured
}

/// Products on so many of the four cores of a CPU.
std::vector<Sample> threaded(const hardware::Profile& cpu, const std::vector<int>& counts) {
  std::vector<Sample> samples;
  for (const int threads : counts) {
    for (const std::int64_t m : {2, 16, 64, 256, 1024}) {
      Sample sample;
      sample.workload =
          std::make_shared<const Workload>(product(m, 256, 256), infer::Bindings{}, cpu,
                                           plan::PlanOptions{.runtime = "basic", .precision = {}},
                                           estimate::EstimateOptions{.threads = threads});
      sample.steps = {0};
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

TEST(Threads, AreFittedWhereSeveralNumbersOfThemWereMeasured) {
  hardware::Profile cpu = machine("cpu");
  cpu.kind = "cpu";
  cpu.cores = hardware::Fact{4, "s"};
  hardware::Calibration real = truth();
  real.kernels["gemm"].serial = 0.3;
  hardware::Calibration start = truth();
  start.kernels["gemm"].serial = 0.05;
  for (const auto& [counts, expected] :
       std::map<std::vector<int>, double>{{{1, 2, 4}, 0.3}, {{4}, 0.05}}) {
    std::vector<Sample> samples = threaded(cpu, counts);
    const std::vector<double> times = predict(samples, real);
    for (std::size_t i = 0; i < times.size(); ++i) samples[i].seconds = times[i];
    const Fit found = fit(samples, start, {.prior = 100, .folds = 0});
    EXPECT_NEAR(found.calibration.kernels.at("gemm").serial, expected, 0.01);
    EXPECT_THAT(found.unidentified, Not(Contains("kernels.gemm.serial")));
  }
}

TEST_F(Fitted, FreesOnlyWhatIsNamed) {
  const Fit found = fit(samples_, start(), {.free = {"terms.step_s"}, .folds = 0});
  EXPECT_DOUBLE_EQ(found.calibration.kernels.at("gemm").efficiency, 0.25);
  EXPECT_NE(found.calibration.terms.step_s, 5e-6);
}

TEST_F(Fitted, RefusesToFitNothing) {
  EXPECT_THROW((void)fit({}, start(), {}), Error);
  EXPECT_THROW((void)fit(samples_, start(), {.free = {"terms.nonsense"}}), Error);
}

}  // namespace
}  // namespace roofline::calibrate
