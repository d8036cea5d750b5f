// Markdown: what a reader's program shows is what the text report shows.
#include "../../../src/report/markdown.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "roofline/report/render.hpp"
#include "sample.hpp"

namespace roofline::report {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string markdown(const Report& report, TextOptions options = {}) {
  options.markup = Markup::kMarkdown;
  std::ostringstream out;
  render_text(report, options, out);
  return out.str();
}

TEST(Markdown, WhatANameContainsIsNoMarkup) {
  EXPECT_EQ(markdown_text("a|b`c`\n*d* <img> &amp; [x](y) ~ $z$"),
            "a\\|b\\`c\\`\\\\x0a\\*d\\* \\<img> \\&amp; \\[x\\](y) \\~ \\$z\\$");
  EXPECT_EQ(markdown_text("layer_1.conv_2"), "layer_1.conv_2");
  EXPECT_EQ(markdown_text("__init__"), "\\_\\_init\\_\\_");
  EXPECT_EQ(markdown_text("@someone"), "&#64;someone");
}

TEST(Markdown, OneTablePerMachineWithoutDrawings) {
  EXPECT_EQ(markdown(sample::on_machine(), {.width = 40, .color = true}),
            R"(### tiny.onnx on Toy 1000

as-is (fp32), runtime basic, data-sheet roof, input x 1x3x8x8 float32, batch=1

- **predicted** 13.0 us, 77.1 k runs/s
- **roofline** 11.0 us, 85 % attained
- **bottleneck** compute 100 %, of the predicted time
- **intensity** 14.3 FLOP/B
- **ridge** 10.0 FLOP/B: compute-bound as a whole
- **work** 54.8 k MACs, 110 kFLOP
- **traffic** 7.68 kB planned, 11.8 kB algorithmic
- **parameters** 576, 2.30 kB
- **memory** 6.40 kB peak of 16.0 GB
- **calibration** uncalibrated: efficiency 1; 'hardware show' lists calibrated runtimes

| time | share | layer | op | output | MACs | traffic | FLOP/B | bound | bottleneck |
|---:|---:|---|---|---|---:|---:|---:|---|---|
| 6.54 us | 50 % | block.0/conv + relu | Conv 3x3 | 1x8x4x4 | 27.6 k | 3.68 kB | 15.1 | compute | compute |
| 6.43 us | 50 % | head | Conv | 1x8x4x4 | 27.1 k | 4.00 kB | 13.6 | compute | compute |
)");
}

TEST(Markdown, HonoursTheOrderAndNumberOfLayers) {
  const std::string got = markdown(sample::counts(), {.top = 1, .sort = "parameters"});
  EXPECT_THAT(got, HasSubstr("| 54.3 k | 49 % | head | Conv |"));
  EXPECT_THAT(got, HasSubstr("\n\n2 more nodes, 51 % of the FLOPs\n\n--top 0 lists all"));
  EXPECT_EQ(got.find("relu"), std::string::npos);
}

TEST(Markdown, NamesCannotLeaveTheirCell) {
  Report report = sample::counts();
  report.nodes[0].name = "a|b\n# c <script>";
  EXPECT_THAT(markdown(report), HasSubstr("| a\\|b\\\\x0a# c \\<script> | Conv 3x3 |"));
}

TEST(Markdown, NotesAreAList) {
  Report report = sample::counts();
  report.diagnostics = {{Severity::kWarning, "w", "a * b", "do c", "", ""}};
  EXPECT_THAT(markdown(report), HasSubstr("\n\n- warning: a \\* b (do c)\n"));
  EXPECT_THAT(markdown(report), StartsWith("### tiny.onnx\n"));
}

}  // namespace
}  // namespace roofline::report
