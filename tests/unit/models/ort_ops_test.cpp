// Owns the check that plans of ONNX Runtime presets execute what ONNX Runtime executes: operators
// and shapes of their results, as recorded from profiles by scripts/compare-plan --list.
// Refuses to know how the runtime gets there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "roofline/onnx_io/onnx_io.hpp"
#include "roofline/plan/plan.hpp"

namespace roofline {
namespace {

namespace fs = std::filesystem;

/// "Conv\t1x64x56x56" -> how often it runs.
using Executed = std::map<std::string, int>;

Executed recorded(const fs::path& path) {
  Executed executed;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t tab = line.find('\t');
    executed[line.substr(tab + 1)] = std::stoi(line.substr(0, tab));
  }
  return executed;
}

std::string text(const std::vector<ir::Shape>& shapes) {
  std::string joined;
  for (const ir::Shape& shape : shapes) {
    if (!joined.empty()) joined += ' ';
    joined += ir::to_string(shape);
  }
  return joined;
}

Executed planned(const std::string& model_name, const std::string& level) {
  const ir::Model model =
      onnx_io::load(std::string(ROOFLINE_ROOT) + "/models/" + model_name + ".onnx");
  infer::Bindings bindings;
  for (const infer::Dimension& dimension : infer::dimensions(model)) {
    if (dimension.symbol == "batch") bindings.dims["batch"] = 1;
    if (dimension.symbol == "sequence") bindings.dims["sequence"] = 128;
    if (dimension.symbol == "past") bindings.dims["past"] = 512;
  }
  const infer::TypedGraph graph = infer::infer(model, bindings);
  const plan::Plan plan = plan::make_plan(
      graph, nullptr, {.runtime = "onnxruntime:" + level, .precision = std::nullopt});
  Executed executed;
  for (const plan::Step& step : plan.steps) {
    if (!step.kernel.op.empty())
      ++executed[std::string(step.kernel.op) + '\t' + text(step.results)];
  }
  return executed;
}

TEST(OrtOps, PlansExecuteWhatTheRuntimeExecutes) {
  int compared = 0;
  for (const auto& entry :
       fs::directory_iterator(std::string(ROOFLINE_ROOT) + "/tests/unit/plan/ort_ops")) {
    const std::string name = entry.path().stem().string();  // "resnet50.all"
    const std::size_t dot = name.find('.');
    EXPECT_EQ(planned(name.substr(0, dot), name.substr(dot + 1)), recorded(entry.path())) << name;
    ++compared;
  }
  EXPECT_GE(compared, 29);
}

}  // namespace
}  // namespace roofline
