// Owns the check that threads may analyze at once on shared profiles, as docs/library.md says.
// Refuses to look at figures: they are those of one thread.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/render.hpp"

namespace roofline {
namespace {

std::vector<std::uint8_t> bytes_of(const std::string& name) {
  std::ifstream in(std::string(ROOFLINE_ROOT) + "/models/" + name + ".onnx", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Threads, AnalyzeAtOnceWhatOneAnalyzes) {
  const hardware::Profile gpu = hardware::find("v100");
  const hardware::Profile cpu = hardware::find("epyc-7742");
  const std::vector<std::vector<std::uint8_t>> models = {bytes_of("alexnet"), bytes_of("lstm"),
                                                         bytes_of("mobilenet_v2")};
  // Calibrations are looked up, and defaults read, by whichever thread comes first.
  const auto answer = [&](std::size_t i) {
    Request request;
    request.hardware = {&gpu, &cpu};
    request.plan.runtime = i % 2 == 0 ? "tensorrt" : "onnxruntime:all";
    const report::Report report =
        analyze(onnx_io::load(models[i % models.size()], "model"), request);
    std::ostringstream out;
    report::render_json(report, out);
    return std::move(out).str();
  };
  constexpr std::size_t kAnswers = 12;
  std::vector<std::string> at_once(kAnswers);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kAnswers; ++i) {
    threads.emplace_back([&, i] { at_once[i] = answer(i); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < kAnswers; ++i) EXPECT_EQ(at_once[i], answer(i)) << i;
}

/// A search changes the model between analyses, not the file.
TEST(Threads, AModelOutlivesItsBytes) {
  std::vector<std::uint8_t> bytes = bytes_of("alexnet");
  const ir::Model model = onnx_io::load(bytes, "model");
  const report::Report before = analyze(model, {});
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
  EXPECT_EQ(analyze(model, {}).totals.flops, before.totals.flops);
}

}  // namespace
}  // namespace roofline
