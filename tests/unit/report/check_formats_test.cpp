// Formats of a check: what names from strangers may do to them, which is nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "roofline/report/budget.hpp"
#include "sample.hpp"

namespace roofline::report {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A broken budget of a model whose names try everything.
class HostileCheck : public testing::Test {
 protected:
  void SetUp() override {
    report_ = sample::counts();
    report_.model.path = "a,b:c%|`]]><x>&\"'\n.onnx";
    report_.nodes[0].name = "evil\n::error::x%0A|`\x1b[0m ]]> @all <b>\xff";
    budget_ =
        read_budget("budgets:\n  - {each_layer: \"evil*\", flops: 7 FLOP}\n", "ci/a,b:c.yaml");
    check_ = {"0.1.0", budget_.path, evaluate(budget_.rules[0], report_, nullptr)};
    ASSERT_EQ(check_.broken(), 1U);
  }
  template <class Render>
  [[nodiscard]] std::string text(Render render) const {
    std::ostringstream out;
    render(check_, out);
    return out.str();
  }

  Report report_;
  Budget budget_;
  Check check_ = {};
};

TEST_F(HostileCheck, GithubCommandsAreOneLineEach) {
  EXPECT_EQ(text(render_github),
            "::error file=ci/a%2Cb%3Ac.yaml,line=2,title=budget broken%3A FLOPs%2C each layer "
            "evil*::a,b:c%25|`]]><x>&\"'%0A.onnx: FLOPs, each layer evil*: 55.3 kFLOP, budget 7 "
            "FLOP, 55.3 kFLOP over (789843 %25)%0Alayers over their budget:%0A55.3 kFLOP  "
            "evil\\x0a::error::x%250A|`\\x1b[0m ]]> @all <b>\xff (Conv 3x3)\n"
            "1 of 1 budget broken\n");
}

TEST_F(HostileCheck, JunitIsXml) {
  const std::string got = text(render_junit);
  EXPECT_THAT(got,
              HasSubstr("<testsuite name=\"a,b:c%|`]]&gt;&lt;x&gt;&amp;&quot;&apos;\\x0a.onnx\" "
                        "tests=\"1\" failures=\"1\">"));
  EXPECT_THAT(got, HasSubstr("\n55.3 kFLOP  evil\\x0a::error::x%0A|`\\x1b[0m ]]&gt; @all "
                             "&lt;b&gt;\xEF\xBF\xBD (Conv 3x3)</failure>"));
}

TEST_F(HostileCheck, MarkdownNamesAreCode) {
  const std::string got = text(render_markdown);
  EXPECT_THAT(got, HasSubstr("\n`` a,b:c%\\|`]]><x>&\"'\\x0a.onnx ``\n"));
  EXPECT_THAT(got,
              HasSubstr("\n- `` 55.3 kFLOP  evil\\x0a::error::x%0A\\|`\\x1b[0m ]]> @all <b>\xff "
                        "(Conv 3x3) ``\n"));
}

TEST_F(HostileCheck, TextIsPrintable) {
  std::ostringstream out;
  render_text(check_, {.width = 100}, out);
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(out.str(), HasSubstr("evil\\x0a::error"));
}

TEST(CheckText, OneBudget) {
  const Report report = sample::counts();
  const Budget budget = read_budget("budgets:\n  - parameters: 1 k\n", "b.yaml");
  std::ostringstream out;
  render_text({"0.1.0", budget.path, evaluate(budget.rules[0], report, nullptr)}, {}, out);
  EXPECT_EQ(out.str(),
            "tiny.onnx against b.yaml\n"
            "\n"
            "        figure      on  value  budget  headroom\n"
            "  pass  parameters        576  1 k     42 %\n"
            "\n"
            "the budget holds\n");
}

TEST(FirstBudget, IsPassed) {
  Report report = sample::on_machine();
  report.results[0].threads = 4;
  BudgetDraft draft;
  draft.model = "models/tiny: 1.onnx";
  draft.hardware = {"boards/toy.yaml"};
  draft.sizes.dims = {{"batch", 1}};
  draft.sizes.shapes = {{"x", {1, 3, 8, 8}}};
  draft.headroom = 0;
  std::ostringstream out;
  write_budget(report, draft, out);
  EXPECT_EQ(out.str(),
            "# Budgets of tiny.onnx: what it costs today and 0.0 % more.\n"
            "# docs/ci.md of onnx-roofline explains every key, and how an editor completes them.\n"
            "model: \"models/tiny: 1.onnx\"\n"
            "dims: {batch: 1}\n"
            "shapes: {x: [1, 3, 8, 8]}\n"
            "budgets:\n"
            "  - parameters: 576  # 576 today\n"
            "    weight_bytes: 2.31 kB  # 2.30 kB today\n"
            "    macs: 54.8 kMAC  # 54.8 kMAC today\n"
            "    peak_activations: 4.1 kB  # 4.10 kB today\n"
            "    unknown_ops: 0\n"
            "  - hardware: \"boards/toy.yaml\"\n"
            "    runtime: basic\n"
            "    threads: 4\n"
            "    latency: 13 us  # 13.0 us today\n"
            "    dram_bytes: 7.68 kB  # 7.68 kB today\n"
            "    peak_memory: 6.4 kB  # 6.40 kB today\n");
  const Budget budget = read_budget(out.str(), "roofline.yaml");
  for (const Rule& rule : budget.rules) {
    for (const Verdict& verdict : evaluate(rule, report, nullptr)) {
      EXPECT_TRUE(verdict.passes()) << verdict.limit->figure->key;
    }
  }
}

}  // namespace
}  // namespace roofline::report
