// What is saved as JSON reads back as the same report.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/read.hpp"
#include "roofline/report/render.hpp"

namespace roofline {
namespace {

std::string json(const report::Report& report) {
  std::ostringstream out;
  report::render_json(report, out);
  return out.str();
}

class SavedReport : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(SavedReport, ReadsBackEqual) {
  const hardware::Profile gpu = hardware::find("v100");
  const hardware::Profile board = hardware::find("rpi4b");
  Request request;
  request.hardware = {&gpu, &board};
  request.tensors = true;
  const std::string saved = json(analyze(GetParam().string(), request));
  EXPECT_EQ(json(report::read_json(saved, "saved.json")), saved);
}

std::vector<std::filesystem::path> models() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(ROOFLINE_ROOT "/models")) {
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

INSTANTIATE_TEST_SUITE_P(Models, SavedReport, testing::ValuesIn(models()),
                         [](const testing::TestParamInfo<std::filesystem::path>& model) {
                           return model.param.stem().string();
                         });

}  // namespace
}  // namespace roofline
