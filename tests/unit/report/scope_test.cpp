// How layers are summed by scope, seen through the text report.
#include <gtest/gtest.h>

#include <sstream>

#include "roofline/base/text.hpp"
#include "roofline/report/render.hpp"
#include "sample.hpp"

namespace roofline::report {
namespace {

/// Scopes of a model whose nodes have these names and cost the same.
std::vector<std::string> scopes(const std::vector<std::string>& names) {
  Report report;
  for (std::size_t i = 0; i < names.size(); ++i) {
    report.nodes.push_back(
        sample::node(std::to_string(i), names[i], "Conv", "conv", {10, 20, 4, 4, 4}));
  }
  TextOptions options{.width = 200, .unicode = false};
  options.group_by = GroupBy::kScope;
  options.sort = "order";
  options.top = 0;
  std::ostringstream out;
  render_text(report, options, out);
  const std::string text = out.str();
  std::vector<std::string> found;
  bool in_table = false;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t bar_end = line.rfind('#');
    if (in_table && bar_end != std::string_view::npos) {
      const std::string_view rest = line.substr(line.find_first_not_of("# ", bar_end));
      found.emplace_back(rest.substr(0, rest.find("  ")));
    }
    in_table = in_table || line.find("scope") != std::string_view::npos;
  }
  return found;
}

using Names = std::vector<std::string>;

TEST(Scopes, TopLevelOfPytorchNames) {
  EXPECT_EQ(scopes({"/conv1/Conv", "/layer1/layer1.0/conv1/Conv", "/layer1/layer1.1/conv1/Conv",
                    "/layer2/layer2.0/conv1/Conv", "/layer2/layer2.1/conv1/Conv"}),
            (Names{"conv1", "layer1.0", "layer1.1", "layer2.0", "layer2.1"}));
}

TEST(Scopes, ACommonPrefixIsOpened) {
  EXPECT_EQ(scopes({"/model/stem/Conv", "/model/body/a/Conv", "/model/head/Conv"}),
            (Names{"model/stem", "model/body", "model/head"}));
}

TEST(Scopes, ThoseAboveHalfOfTheTotalAreOpened) {
  EXPECT_EQ(scopes({"/stem/Conv", "/encoder/l0/Conv", "/encoder/l1/Conv", "/encoder/l2/Conv",
                    "/encoder/Add"}),
            (Names{"stem", "encoder/l0", "encoder/l1", "encoder/l2", "encoder"}));
}

TEST(Scopes, NamesWithDots) {
  EXPECT_EQ(scopes({"features.conv0", "features.conv1", "classifier.fc"}),
            (Names{"features", "classifier"}));
}

TEST(Scopes, NamesWithoutScope) {
  EXPECT_EQ(scopes({"Conv_0", "Relu_1", "Conv_2"}), (Names{"(no scope)"}));
}

TEST(Scopes, FlatModelsKeepEveryTopLevelScope) {
  Names names;
  Names expected;
  for (int i = 0; i < 100; ++i) {
    names.push_back("block" + std::to_string(i) + "/conv");
    expected.push_back("block" + std::to_string(i));
  }
  EXPECT_EQ(scopes(names), expected);
}

}  // namespace
}  // namespace roofline::report
