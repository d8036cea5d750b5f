// Owns the terms of the latency form, one at a time, with arithmetic in sight.
// Refuses calibrations with many terms: their sums are checked in goldens of --explain.
#include "roofline/estimate/latency.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "roofline/estimate/estimate.hpp"
#include "support/model_builder.hpp"

namespace roofline::estimate {
namespace {

/// 4 cores of 100 GFLOP/s together, a cache of 1 MB, 10 GB/s of main memory.
hardware::Profile machine() {
  hardware::Profile p;
  p.id = "toy";
  p.kind = "cpu";
  p.units.resize(1);
  p.units[0].name = "lanes";
  p.units[0].peaks[hardware::Precision::kFp32] = {
      .flops_per_s = {1e11, "s"}, .measured = {}, .alignment = 1};
  p.memory.push_back({.name = "l2",
                      .capacity_bytes = hardware::Fact{1e6, "s"},
                      .bytes_per_s = hardware::Fact{1e11, "s"},
                      .measured_bytes_per_s = {},
                      .core_bytes_per_s = {}});
  p.memory.push_back({.name = "dram",
                      .capacity_bytes = hardware::Fact{1e9, "s"},
                      .bytes_per_s = hardware::Fact{1e10, "s"},
                      .measured_bytes_per_s = {},
                      .core_bytes_per_s = hardware::Fact{4e9, "s"}});
  p.cores = hardware::Fact{4, "s"};
  p.clock_hz = hardware::Fact{2e9, "s"};
  return p;
}

hardware::Calibration calibration() {
  hardware::Calibration c;
  c.runtime = "basic";
  c.kernels["gemm"] = {.efficiency = 0.5, .half = {64, 0, 0}};
  c.kernels["unary"] = {};
  return c;
}

/// A product of 32 x 64 by 64 x 128, Relu behind it, then a Sigmoid of its own.
const ir::Model& product() {
  static const ir::Model model = [] {  // a plan's names are the model's
    test::ModelBuilder b;
    b.input("x", ir::Shape{32, 64}).weight("w", {64, 128});
    b.node("MatMul", {"x", "w"}, {"p"}).node("Relu", {"p"}, {"r"}).output("r");
    b.node("Sigmoid", {"r"}, {"y"}).output("y");
    return b.model();
  }();
  return model;
}

plan::Plan plan(const hardware::Profile& profile) {
  return plan::make_plan(infer::infer(product(), {}), &profile,
                         {.runtime = "basic", .precision = {}});
}

constexpr double kFlops = 2.0 * 32 * 64 * 128;

StepTime time_of(const hardware::Calibration& c, std::size_t step, double distance,
                 const EstimateOptions& options = {}) {
  const hardware::Profile profile = machine();
  const plan::Plan planned = plan(profile);
  const std::vector<double> distances(planned.steps.at(step).accesses.size(), distance);
  return LatencyModel(profile, c, options).time(planned.steps.at(step), planned, distances);
}

TEST(Latency, ComputeIsWorkOverPeakEfficiencyAndSaturation) {
  const StepTime t = time_of(calibration(), 0, 1);
  EXPECT_DOUBLE_EQ(t.saturation, 2);  // k = 64 is where the efficiency halves
  EXPECT_DOUBLE_EQ(t.compute_s, kFlops / (1e11 * 0.5) * 2);
  EXPECT_GE(t.total_s, t.compute_s);
}

/// The machine with a matrix unit of 100 GFLOP/s in fp32 and 200 in fp16. At its peak it draws 0.2
/// W for each pJ of Terms::flop_pj: 2e11 FLOP/s x 50 % x 2 GHz. 30 W - 10 W are left for it.
hardware::Profile capped_machine() {
  hardware::Profile p = machine();
  p.units.push_back({.name = "tensor", .kind = hardware::UnitKind::kMatrix, .peaks = {}});
  p.units[1].peaks[hardware::Precision::kFp32] = p.units[0].peaks.at(hardware::Precision::kFp32);
  p.units[1].peaks[hardware::Precision::kFp16] = {
      .flops_per_s = {2e11, "s"}, .measured = {}, .alignment = 1};
  p.units[0].peaks.at(hardware::Precision::kFp32).flops_per_s.value = 5e10;
  p.memory.back().power_w = hardware::Fact{10, "s"};
  p.tdp_w = hardware::Fact{30, "s"};
  p.logic_energy_percent = hardware::Fact{50, "s"};
  return p;
}

StepTime capped_time(const hardware::Profile& profile, double flop_pj) {
  hardware::Calibration c = calibration();  // a quarter of the peak: 0.5 for gemm, 0.5 for its k
  c.terms.flop_pj = flop_pj;
  const plan::Plan planned = plan(profile);
  const std::vector<double> distances(planned.steps.at(0).accesses.size(), 1);
  return LatencyModel(profile, c, {}).time(planned.steps.at(0), planned, distances);
}

TEST(Latency, UnderAPowerCapComputeGrowsWithTheRootOfTheLoad) {
  const double uncapped_s = kFlops / 1e11 * 4;
  const StepTime at_budget = capped_time(capped_machine(), 400);  // 80 W / 4 of 20 W
  EXPECT_DOUBLE_EQ(at_budget.power_load, 1);
  EXPECT_DOUBLE_EQ(at_budget.compute_s, uncapped_s * std::pow(2, 0.25));
  const StepTime hot = capped_time(capped_machine(), 400 * 100);
  EXPECT_DOUBLE_EQ(hot.power_load, 100);
  EXPECT_NEAR(hot.compute_s, uncapped_s * 10, uncapped_s * 10 * 3e-5);
  const StepTime cool = capped_time(capped_machine(), 4);
  EXPECT_NEAR(cool.compute_s, uncapped_s, uncapped_s * 3e-5);
}

TEST(Latency, MainMemoryTakesItsShareOfThePowerFirst) {
  hardware::Profile profile = capped_machine();
  profile.memory.back().power_w.reset();
  EXPECT_DOUBLE_EQ(capped_time(profile, 600).power_load, 1);  // 120 W / 4 of 30 W
}

TEST(Latency, NoPowerCapWithoutItsFacts) {
  EXPECT_EQ(capped_time(capped_machine(), 0).power_load, 0);
  for (const auto fact : {&hardware::Profile::tdp_w, &hardware::Profile::clock_hz,
                          &hardware::Profile::logic_energy_percent}) {
    hardware::Profile profile = capped_machine();
    (profile.*fact).reset();
    const StepTime t = capped_time(profile, 400);
    EXPECT_EQ(t.power_load, 0);
    EXPECT_DOUBLE_EQ(t.compute_s, kFlops / 1e11 * 4);
  }
}

/// The product of plan() on the tiles of a matrix unit of four cores, at 100 GFLOP/s in fp16 and in
/// int8.
StepTime tiled_time(const hardware::Calibration& calibration, hardware::Precision precision,
                    const std::string& version = {}) {
  hardware::Profile p = capped_machine();
  p.kind = "gpu";
  for (const auto kind : {hardware::Precision::kFp16, hardware::Precision::kInt8}) {
    p.units[1].peaks[kind] = {.flops_per_s = {1e11, "s"}, .measured = {}, .alignment = 1};
  }
  const plan::Plan planned = plan::make_plan(infer::infer(product(), {}), &p,
                                             {.runtime = "basic", .precision = precision});
  const std::vector<double> distances(planned.steps.at(0).accesses.size(), 1);
  EstimateOptions options;
  options.version = version;
  return LatencyModel(p, calibration, options).time(planned.steps.at(0), planned, distances);
}

hardware::Calibration tiles() {
  hardware::Calibration c = calibration();
  c.kernels["gemm"] = {};
  c.terms.tile_load = 1e-9;
  return c;
}

TEST(Latency, ATileTakesItsLeastTimeForEachByteOfK) {
  hardware::Calibration c = tiles();
  // 32 x 128 results are four tiles of 32 x 32, one a core.
  const double free_s = tiled_time(c, hardware::Precision::kFp16).compute_s;
  EXPECT_NEAR(free_s, kFlops / 1e11, 1e-12);
  c.terms.tile_latency_s = 1e-6;
  EXPECT_NEAR(tiled_time(c, hardware::Precision::kFp16).compute_s, 64 * 2 * 1e-6, 1e-12);
  EXPECT_NEAR(tiled_time(c, hardware::Precision::kInt8).compute_s, 64 * 1e-6, 1e-12);
  c.terms.clock_hz = 1e9;  // the machine's clock is twice that
  EXPECT_NEAR(tiled_time(c, hardware::Precision::kInt8).compute_s, 64 * 0.5e-6, 1e-12);
}

TEST(Latency, ATileWaitsForItsOperands) {
  hardware::Calibration c = tiles();
  // The ridge is at 1 FLOP/B, a tile of 32 x 32 at 2 x 32 x 32 / (64 x 2 B) = 16.
  c.terms.tile_load = 16;
  const double fp16_s = tiled_time(c, hardware::Precision::kFp16).compute_s;
  EXPECT_NEAR(fp16_s, kFlops / 1e11 * std::sqrt(2), 1e-12);
  const double int8_s = tiled_time(c, hardware::Precision::kInt8).compute_s;
  EXPECT_NEAR(int8_s, kFlops / 1e11 * std::sqrt(1.25), 1e-12);
}

TEST(Latency, ResultsInEightBitsAreRequantized) {
  hardware::Calibration c = tiles();
  c.terms.requantize_flops = 10;
  const double fp16_s = tiled_time(c, hardware::Precision::kFp16).compute_s;
  const double int8_s = tiled_time(c, hardware::Precision::kInt8).compute_s;
  EXPECT_NEAR(int8_s - fp16_s, 10.0 * 32 * 128 / 5e10, 1e-12);
}

TEST(Latency, AnOlderReleaseCostsAPrecisionItsOwnFactor) {
  hardware::Calibration c = tiles();
  c.terms.step_s = 1e-6;
  c.releases = {{"7.2", 1.5}, {"10.2", 1}, {"7.2 int8", 2}, {"10.2 int8", 1}};
  const double fp16_s = tiled_time(c, hardware::Precision::kFp16).total_s;
  const double int8_s = tiled_time(c, hardware::Precision::kInt8).total_s;
  EXPECT_DOUBLE_EQ(tiled_time(c, hardware::Precision::kFp16, "7.2").total_s, 1.5 * fp16_s);
  EXPECT_DOUBLE_EQ(tiled_time(c, hardware::Precision::kInt8, "7.2").total_s, 2 * int8_s);
}

/// Attention of four heads over 64 tokens on a GPU of four cores at 2 GHz and 4 TFLOP/s in fp32.
double attention_s(const std::string& architecture) {
  static const ir::Model model = [] {
    test::ModelBuilder b;
    b.input("q", ir::Shape{1, 4, 64, 16}).input("k", ir::Shape{1, 4, 16, 64});
    b.input("v", ir::Shape{1, 4, 64, 16}).node("MatMul", {"q", "k"}, {"scores"});
    b.node("Softmax", {"scores"}, {"p"}).node("MatMul", {"p", "v"}, {"y"}).output("y");
    return b.model();
  }();
  hardware::Profile p = machine();
  p.kind = "gpu";
  p.architecture = architecture;
  p.units[0].peaks.at(hardware::Precision::kFp32).flops_per_s.value = 4e12;
  hardware::Calibration c = tiles();
  c.kernels["attention"] = {};
  c.terms.softmax_flops = 50;
  const plan::Plan planned = plan::make_plan(infer::infer(model, {}), &p, {.runtime = "tensorrt"});
  const std::vector<double> distances(planned.steps.at(0).accesses.size(), 1);
  return LatencyModel(p, c, {}).time(planned.steps.at(0), planned, distances).compute_s;
}

TEST(Latency, LanesThatDoFp32AloneLeaveExponentialsAsTheyAre) {
  // Four blocks where the cores hold eight. Since Volta, 128 FLOPs a clock and core at most.
  const double flops = 50.0 * 4 * 64 * 64 * 2;
  EXPECT_NEAR(attention_s("ampere") - attention_s("pascal"), flops / (128 * 4 * 2e9) - flops / 4e12,
              1e-15);
}

TEST(Latency, MainMemoryIsAsFastAsTheMeasuredCurveSaysAtTheDistance) {
  hardware::Profile p = machine();
  p.cores = hardware::Fact{1, "s"};
  p.bandwidth_curve = {{1e6, 4e10, 4e10}, {1e8, 2e10, 2e10}, {1e9, 1e10, 1e10}};
  const plan::Plan planned = plan(p);
  const hardware::Calibration c = calibration();
  const LatencyModel model(p, c, {});
  const auto dram_s = [&](double distance) {
    const std::vector<double> distances(planned.steps.at(1).accesses.size(), distance);
    return model.time(planned.steps.at(1), planned, distances).dram_s;
  };
  EXPECT_NEAR(dram_s(1e8), 2 * 32 * 128 * 4 / 2e10, 1e-12);
  EXPECT_NEAR(dram_s(1e9), 2 * 32 * 128 * 4 / 1e10, 1e-12);
}

TEST(Latency, BytesComeFromWhereTheirReuseDistanceSays) {
  const StepTime near = time_of(calibration(), 1, 1e3);
  const StepTime far = time_of(calibration(), 1, 1e9);
  EXPECT_LT(near.dram_s, 1e-12);
  EXPECT_GT(near.cached_s, 0);
  EXPECT_NEAR(far.dram_s, 2 * 32 * 128 * 4 / 1e10, 1e-9);
  EXPECT_LT(far.cached_s, 1e-12);
}

TEST(Latency, AnActivationBehindAKernelCostsWhatItsOperatorIsListedWith) {
  hardware::Calibration c = calibration();
  const double before = time_of(c, 0, 1).compute_s;
  c.fused["Relu"] = 4;
  EXPECT_NEAR(time_of(c, 0, 1).compute_s - before, 4 * 32 * 128 / 1e11, 1e-12);
}

TEST(Latency, FixedTimesHoldAtTheirClock) {
  hardware::Calibration c = calibration();
  c.terms.step_s = 3e-6;
  c.terms.clock_hz = 4e9;
  EXPECT_DOUBLE_EQ(time_of(c, 1, 1).overhead_s, 6e-6);  // at 2 GHz
}

TEST(Latency, ACoreAloneHasAQuarterOfThePeakAndItsOwnBandwidth) {
  const StepTime all = time_of(calibration(), 0, 1e9);
  const StepTime one = time_of(calibration(), 0, 1e9, {.threads = 1});
  EXPECT_DOUBLE_EQ(one.compute_s, 4 * all.compute_s);
  EXPECT_NEAR(one.dram_s / all.dram_s, 10.0 / 4, 1e-9);
}

TEST(Latency, ThreadsShareMainMemory) {
  hardware::Calibration c = calibration();
  c.terms.thread_efficiency = 0.9;
  const StepTime one = time_of(c, 0, 1e9, {.threads = 1});
  const StepTime two = time_of(c, 0, 1e9, {.threads = 2});
  EXPECT_NEAR(one.compute_s / two.compute_s, 1.8, 1e-9);
  EXPECT_NEAR(one.dram_s / two.dram_s, 2, 1e-9);  // 8 of 10 GB/s
  const StepTime all = time_of(c, 0, 1e9, {.threads = 4});
  EXPECT_NEAR(one.dram_s / all.dram_s, 2.5, 1e-9);  // 10, not 16
}

/// Step 0 on `threads` cores, nothing of it in main memory.
StepTime threaded(const hardware::KernelTiming& times, int threads) {
  hardware::Calibration c = calibration();
  c.kernels["gemm"] = times;
  return time_of(c, 0, 1, {.threads = threads});
}

TEST(Latency, AShareOfTheWorkHasOneThreadOnly) {
  const double one = threaded({}, 1).total_s;
  EXPECT_NEAR(threaded({}, 4).total_s, one / 4, 1e-12);
  const StepTime t = threaded({.serial = 0.2}, 4);
  EXPECT_NEAR(t.total_s, one * (0.2 + 0.8 / 4), 1e-12);
  EXPECT_NEAR(t.serial_s, one * (0.2 - 0.2 / 4), 1e-12);
  EXPECT_DOUBLE_EQ(threaded({.serial = 0.2}, 1).total_s, one);
}

TEST(Latency, NoThreadGetsLessThanItsGrain) {
  const double one = threaded({}, 1).total_s;
  EXPECT_NEAR(threaded({.grain_s = 100 * one}, 4).total_s, one, 1e-6 * one);
  EXPECT_NEAR(threaded({.grain_s = one / 100}, 4).total_s, one / 4, 1e-3 * one);
  const StepTime two = threaded({.grain_s = one / 2}, 4);
  EXPECT_NEAR(two.threads, 2, 0.05);
  EXPECT_NEAR(two.total_s, one / two.threads, 1e-12);
}

TEST(Latency, StartingThreadsCostsWhereSeveralWork) {
  const double one = threaded({}, 1).total_s;
  EXPECT_NEAR(threaded({.fork_s = 1e-6}, 4).overhead_s, 1e-6, 1e-15);
  EXPECT_NEAR(threaded({.serial = 0.25, .fork_s = 1e-6}, 4).overhead_s, 0.75e-6, 1e-15);
  EXPECT_LT(threaded({.grain_s = 100 * one, .fork_s = 1e-6}, 4).overhead_s, 1e-12);
  EXPECT_EQ(threaded({.fork_s = 1e-6}, 1).overhead_s, 0);
}

TEST(Latency, NearTheLastCacheMoreOfMainMemoryGrowsWithTheCores) {
  hardware::Profile profile = machine();
  // One core reads 4 GB/s of main memory, 12 where most of it is in the cache; all read 10.
  profile.bandwidth_curve = {{1e6, 2e10, 2e10}, {2e6, 1.2e10, 1.2e10}, {1e9, 4e9, 4e9}};
  const plan::Plan planned = plan(profile);
  const auto gain = [&](double distance) {
    const std::vector<double> distances(planned.steps.at(0).accesses.size(), distance);
    const auto dram_s = [&](int threads) {
      return LatencyModel(profile, calibration(), {.threads = threads})
          .time(planned.steps.at(0), planned, distances)
          .dram_s;
    };
    return dram_s(1) / dram_s(4);
  };
  EXPECT_NEAR(gain(1e9), 2.5, 1e-9);
  EXPECT_NEAR(gain(2e6), 4, 1e-9);  // 7.5 times would be more than there are cores
}

TEST(Latency, ASmoothMaximumLiesBetweenTheLargerTermAndTheSum) {
  hardware::Calibration c = calibration();
  c.terms.exponent = 3;
  c.kernels["gemm"].cached = 1;
  const StepTime t = time_of(c, 0, 9e5);
  EXPECT_GT(t.combined_s, std::max({t.compute_s, t.cached_s, t.dram_s}));
  EXPECT_LT(t.combined_s, t.compute_s + t.cached_s + t.dram_s);
}

TEST(Latency, StreamedMainMemoryIsAddedToTheRest) {
  hardware::Calibration c = calibration();
  c.kernels["gemm"].overlapped = 0;
  c.kernels["gemm"].streamed = 1;
  const StepTime t = time_of(c, 0, 1e9);
  EXPECT_NEAR(t.total_s, t.compute_s + t.dram_s, 1e-12);
}

TEST(Latency, AKindWithoutTimesTakesThoseOfWhatItIsASpecialCaseOf) {
  hardware::Calibration c;
  c.kernels["softmax"] = {};
  c.kernels["unary"] = {};
  c.kernels["unary:Sigmoid"] = {};
  plan::Kernel kernel;
  kernel.kind = "softmax.outer";
  EXPECT_EQ(timing_key(c, kernel), "softmax");
  kernel.kind = "unary";
  kernel.op = "Sigmoid";
  EXPECT_EQ(timing_key(c, kernel), "unary:Sigmoid");
  kernel.op = "Tanh";
  EXPECT_EQ(timing_key(c, kernel), "unary");
  kernel.kind = "pool";
  EXPECT_EQ(timing_key(c, kernel), "");
}

TEST(Latency, AKernelThatTheCalibrationLacksRunsAtTheRoof) {
  hardware::Calibration c = calibration();
  c.kernels.erase("gemm");
  const StepTime t = time_of(c, 0, 1);
  EXPECT_EQ(t.timing, nullptr);
  EXPECT_NEAR(t.total_s, std::max((kFlops + 32 * 128) / 1e11, t.cached_s), 1e-12);
}

TEST(Estimate, CopiesCrossTheHostLinkWhereThereIsOne) {
  hardware::Profile profile = machine();
  const plan::Plan planned = plan(profile);
  const PlanEstimate shared = estimate(planned, profile, {.copies = true});
  EXPECT_DOUBLE_EQ(shared.copy_s, 0);
  profile.link_bytes_per_s = hardware::Fact{1e9, "s"};
  const double without = estimate(planned, profile, {}).predicted_s;
  const PlanEstimate linked = estimate(planned, profile, {.copies = true});
  EXPECT_DOUBLE_EQ(linked.copy_s, (32 * 64 + 2 * 32 * 128) * 4 / 1e9);
  EXPECT_DOUBLE_EQ(linked.predicted_s, without + linked.copy_s);
}

TEST(Latency, HostTimeBehindALinkIsOnlyThere) {
  hardware::Profile profile = machine();
  hardware::Calibration c = calibration();
  c.terms.run_s = 1e-6;
  c.terms.link_s = 1e-4;
  EXPECT_DOUBLE_EQ(LatencyModel(profile, c, {}).run_s(), 1e-6);
  profile.link_bytes_per_s = hardware::Fact{1e9, "s"};
  EXPECT_DOUBLE_EQ(LatencyModel(profile, c, {}).run_s(), 1.01e-4);
}

}  // namespace
}  // namespace roofline::estimate
