// Every sample model passes the budget that is written from it, and a saved report of it says the
// same.
#include "roofline/report/budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "roofline/pipeline/analyze.hpp"
#include "roofline/report/read.hpp"
#include "roofline/report/render.hpp"
#include "support/sample_models.hpp"

namespace roofline {
namespace {

class FirstBudget : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(FirstBudget, HoldsForTheModelAndForItsSavedReport) {
  const hardware::Profile board = hardware::find("rpi4b");
  Request request;
  request.hardware = {&board};
  const report::Report report = analyze(GetParam().string(), request);
  report::BudgetDraft draft;
  draft.model = "model.onnx";
  draft.hardware = {"rpi4b"};
  draft.headroom = 0;
  std::ostringstream file;
  write_budget(report, draft, file);
  const report::Budget budget = report::read_budget(file.str(), "roofline.yaml");
  std::ostringstream json;
  render_json(report, json);
  const report::Report saved = report::read_json(json.str(), "saved.json");
  ASSERT_EQ(budget.rules.size(), 2U) << file.str();
  for (const report::Rule& rule : budget.rules) {
    const auto of_model = evaluate(rule, narrowed(report, rule, rule.run.hardware, "a"), nullptr);
    const auto of_saved = evaluate(rule, narrowed(saved, rule, rule.run.hardware, "b"), nullptr);
    ASSERT_EQ(of_model.size(), of_saved.size());
    for (std::size_t i = 0; i < of_model.size(); ++i) {
      EXPECT_TRUE(of_model[i].passes()) << of_model[i].limit->figure->key << "\n" << file.str();
      EXPECT_EQ(of_model[i].judgement, of_saved[i].judgement);
      EXPECT_EQ(of_model[i].value->value, of_saved[i].value->value);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, FirstBudget, testing::ValuesIn(support::sample_models()),
                         support::ModelName());

}  // namespace
}  // namespace roofline
