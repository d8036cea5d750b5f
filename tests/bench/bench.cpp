// Owns in-process speed: full analyses a second, and cost per node as graphs grow.
// Refuses to time the disk: files are read once, before the clock starts.
#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/render.hpp"
#include "support/model_builder.hpp"

namespace roofline {
namespace {

std::vector<std::uint8_t> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const hardware::Profile& v100() {
  static const hardware::Profile p =
      hardware::load_file(std::string(ROOFLINE_ROOT) + "/hardware_profiles/v100.yaml");
  return p;
}

/// Parse, infer, plan, estimate and report of a stripped ResNet-50 held in memory.
void full_analysis(benchmark::State& state) {
  const std::string path = std::string(ROOFLINE_ROOT) + "/models/resnet50.onnx";
  const std::vector<std::uint8_t> bytes = read_file(path);
  Request request;
  request.bindings.dims = {{"batch", 1}};
  request.hardware = {&v100()};
  for (auto _ : state) {
    const ir::Model model = onnx_io::load(bytes, path, onnx_io::Digest::kSkip);
    benchmark::DoNotOptimize(analyze(model, request));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(full_analysis)->Unit(benchmark::kMicrosecond);

ir::Model chain(std::int64_t nodes) {
  test::ModelBuilder b;
  b.input("x0", ir::Shape{1, 16, 8, 8}).weight("w", {16, 16, 1, 1});
  for (std::int64_t i = 0; i < nodes; i += 2) {
    const std::string in = "x" + std::to_string(i);
    const std::string mid = "x" + std::to_string(i + 1);
    const std::string out = "x" + std::to_string(i + 2);
    b.node("Conv", {in, "w"}, {mid}).node("Relu", {mid}, {out});
  }
  b.output("x" + std::to_string(nodes));
  return b.model();
}

/// Analysis and JSON of a generated chain: time per node must not grow with the number of nodes.
void analysis_by_nodes(benchmark::State& state) {
  const ir::Model model = chain(state.range(0));
  Request request;
  request.hardware = {&v100()};
  for (auto _ : state) {
    std::ostringstream out;
    report::render_json(analyze(model, request), out);
    benchmark::DoNotOptimize(out);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(analysis_by_nodes)
    ->RangeMultiplier(5)
    ->Range(2000, 50000)
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);

}  // namespace
}  // namespace roofline

BENCHMARK_MAIN();
