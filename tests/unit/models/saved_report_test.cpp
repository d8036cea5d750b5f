// What is saved as JSON reads back as the same report.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/read.hpp"
#include "roofline/report/render.hpp"
#include "support/sample_models.hpp"

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

INSTANTIATE_TEST_SUITE_P(Models, SavedReport, testing::ValuesIn(support::sample_models()),
                         support::ModelName());

}  // namespace
}  // namespace roofline
