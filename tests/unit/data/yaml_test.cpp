// Owns the YAML layer: positions, getters, and the whole text of every refusal.
// Refuses to test what a file is about.
#include "roofline/data/yaml.hpp"

#include <gtest/gtest.h>

#include <array>

#include "roofline/base/diagnostic.hpp"

namespace roofline::data::yaml_test {
namespace {

/// The message of the Error that `action` throws, without the program's name.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& e) {
    return format_diagnostic(e.diagnostic()).substr(std::string("roofline: ").size());
  }
  return "no error\n";
}

std::string parse_error(std::string_view text) {
  return error_of([&] { (void)parse_yaml(text, "f.yaml"); });
}

constexpr std::string_view kSample =
    "name: v100\n"
    "cores: 80\n"
    "unit:\n"
    "  - {kind: vector, on: true, x: 1.5}\n"
    "  - kind: \"80\"\n"
    "nothing: ~\n";

YamlNode sample() { return parse_yaml(kSample, "f.yaml"); }

TEST(Yaml, ReadsScalarsListsAndMaps) {
  const YamlNode tree = sample();
  EXPECT_EQ(tree.keys(), (std::vector<std::string>{"name", "cores", "unit", "nothing"}));
  EXPECT_EQ(tree.at("name").text(), "v100");
  EXPECT_EQ(tree.at("cores").integer(), 80);
  EXPECT_EQ(tree.at("unit").items().size(), 2U);
  EXPECT_TRUE(tree.at("unit").items()[0].at("on").boolean());
  EXPECT_DOUBLE_EQ(tree.at("unit").items()[0].at("x").number(), 1.5);
  EXPECT_TRUE(tree.at("nothing").is_null());
  EXPECT_EQ(tree.find("absent"), nullptr);
}

TEST(Yaml, KnowsWhereEverythingStands) {
  const YamlNode tree = sample();
  EXPECT_EQ(tree.location(), "f.yaml:1:1");
  EXPECT_EQ(tree.at("unit").items()[0].at("kind").location(), "f.yaml:4:12");
  EXPECT_EQ(tree.at("unit").items()[0].at("kind").path(), "unit[0].kind");
  EXPECT_EQ(tree.path(), "");
}

TEST(Yaml, WrongTypes) {
  const YamlNode tree = sample();
  EXPECT_EQ(error_of([&] { (void)tree.at("unit").text(); }),
            "error[wrong-type]: f.yaml:4:3: 'unit' is a list; expected a single value\n");
  EXPECT_EQ(error_of([&] { (void)tree.at("name").items(); }),
            "error[wrong-type]: f.yaml:1:7: 'name' is a single value; expected a list\n");
  EXPECT_EQ(error_of([&] { (void)tree.at("nothing").keys(); }),
            "error[wrong-type]: f.yaml:6:10: 'nothing' is empty; expected a mapping\n");
  EXPECT_EQ(error_of([&] { (void)tree.items(); }),
            "error[wrong-type]: f.yaml:1:1: the document is a mapping; expected a list\n");
}

TEST(Yaml, WrongValues) {
  const YamlNode tree = sample();
  EXPECT_EQ(error_of([&] { (void)tree.at("name").integer(); }),
            "error[bad-value]: f.yaml:1:7: 'name' is 'v100'; expected an integer\n");
  EXPECT_EQ(error_of([&] { (void)tree.at("name").number(); }),
            "error[bad-value]: f.yaml:1:7: 'name' is 'v100'; expected a finite number\n");
  EXPECT_EQ(error_of([&] { (void)parse_yaml("x: .nan", "f.yaml").at("x").number(); }),
            "error[bad-value]: f.yaml:1:4: 'x' is '.nan'; expected a finite number\n");
  EXPECT_EQ(error_of([&] { (void)parse_yaml("x: inf", "f.yaml").at("x").number(); }),
            "error[bad-value]: f.yaml:1:4: 'x' is 'inf'; expected a finite number\n");
  EXPECT_EQ(error_of([&] { (void)parse_yaml("x: True", "f.yaml").at("x").boolean(); }),
            "error[bad-value]: f.yaml:1:4: 'x' is 'True'; expected one of true, false\n"
            "  hint: did you mean 'true'?\n");
}

TEST(Yaml, MissingAndUnknownKeys) {
  const YamlNode tree = sample();
  EXPECT_EQ(error_of([&] { (void)tree.at("kind", "gpu or cpu"); }),
            "error[missing-key]: f.yaml:1:1: the document has no 'kind'\n  hint: gpu or cpu\n");
  EXPECT_EQ(error_of([&] { (void)tree.at("unit").items()[1].at("on"); }),
            "error[missing-key]: f.yaml:5:5: 'unit[1]' has no 'on'\n");
  const std::array<std::string, 4> known = {"name", "core", "unit", "nothing"};
  EXPECT_EQ(error_of([&] { tree.allow_only(known); }),
            "error[unknown-key]: f.yaml:2:1: the document has an unknown key 'cores'; expected one "
            "of name, core, unit, nothing\n  hint: did you mean 'core'?\n");
}

TEST(Yaml, DuplicateKeys) {
  EXPECT_EQ(parse_error("a: 1\nb: 2\na: 3\n"),
            "error[duplicate-key]: f.yaml:3:1: the key 'a' is given twice in the same mapping\n"
            "  hint: remove one of the two\n");
  EXPECT_EQ(parse_error("a: {x: 1}\nb: {x: 1}\n"), "no error\n") << "different mappings";
}

TEST(Yaml, SyntaxErrors) {
  const std::string hint =
      "  hint: look for a missing quote, colon or closing bracket on this line or the one above\n";
  EXPECT_EQ(
      parse_error("a: [1, 2\nb: 3\n"),
      "error[yaml-syntax]: f.yaml:2:2: not valid YAML: end of sequence flow not found\n" + hint);
  EXPECT_EQ(parse_error("a: \"1"),
            "error[yaml-syntax]: f.yaml:1:6: not valid YAML: illegal EOF in scalar\n" + hint);
  EXPECT_EQ(parse_error(""),
            "error[yaml-syntax]: f.yaml: the file is empty; expected a YAML mapping\n");
  EXPECT_EQ(parse_error("# only a comment\n"),
            "error[yaml-syntax]: f.yaml: the file is empty; expected a YAML mapping\n");
}

TEST(Yaml, SurprisingFeaturesAreRefused) {
  EXPECT_EQ(parse_error("a: &x 1\n"),
            "error[yaml-unsupported]: f.yaml:1:4: found an anchor (&name), which is not supported "
            "here\n  hint: write the value out where it is needed\n");
  EXPECT_EQ(
      parse_error("a: !!int 1\n"),
      "error[yaml-unsupported]: f.yaml:1:4: found a tag (!name), which is not supported here\n"
      "  hint: remove it\n");
  EXPECT_EQ(parse_error("? [a, b]\n: c\n"),
            "error[yaml-unsupported]: f.yaml:1:3: found a key that is not plain text, which is not "
            "supported here\n");
  EXPECT_EQ(parse_error("~: c\n"),
            "error[yaml-unsupported]: f.yaml:1:1: found a key that is not plain text, which is not "
            "supported here\n");
  EXPECT_EQ(parse_error("--- {a: 1}\n--- {b: 1}\n"),
            "error[yaml-unsupported]: f.yaml: found a second document; expected one a file\n"
            "  hint: remove the '---' line and what follows it\n");
}

TEST(Yaml, AliasBombsDoNotExpand) {
  std::string bomb = "a: [x, x]\n";
  EXPECT_EQ(parse_error(bomb), "no error\n");
  bomb = "a: &a [x, x]\nb: [*a, *a]\n";
  EXPECT_NE(parse_error(bomb).find("error[yaml-unsupported]: f.yaml:1:4: found an anchor"),
            std::string::npos);
}

TEST(Yaml, LimitsOnDepthSizeAndCount) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "- ";
  EXPECT_EQ(parse_error(deep + "x\n"),
            "error[yaml-limit]: f.yaml:1:65: nesting is deeper than 32 levels\n");
  EXPECT_EQ(parse_error(std::string(kMaxYamlBytes + 1, ' ')),
            "error[yaml-limit]: f.yaml: the file has 1048577 bytes; expected at most 1048576\n");
  std::string many;
  for (std::size_t i = 0; i <= kMaxYamlNodes; ++i) many += "- x\n";
  EXPECT_EQ(parse_error(many),
            "error[yaml-limit]: f.yaml:20000:3: the file has more than 20000 values\n");
}

TEST(Yaml, NestedBracketsDoNotExhaustTheStack) {
  for (const char* opening : {"[", "{", "[{", "? ", "- ", "{a: "}) {
    std::string text;
    while (text.size() < 200000) text += opening;
    EXPECT_NE(parse_error(text), "no error\n") << opening;
  }
}

TEST(Yaml, UnreadableFiles) {
  EXPECT_EQ(error_of([] { (void)parse_yaml_file("/nonexistent/f.yaml"); }),
            "error[unreadable-file]: /nonexistent/f.yaml: cannot be read: No such file or "
            "directory\n  hint: check the path and its permissions\n");
  EXPECT_EQ(error_of([] { (void)parse_yaml_file("/"); }),
            "error[unreadable-file]: /: cannot be read: Is a directory\n"
            "  hint: check the path and its permissions\n");
}

TEST(Yaml, HostileTextIsMadePrintable) {
  EXPECT_EQ(error_of([] { (void)parse_yaml("x: \"\\e[31m\"", "f.yaml").at("x").integer(); }),
            "error[bad-value]: f.yaml:1:4: 'x' is '\\x1b[31m'; expected an integer\n");
}

}  // namespace
}  // namespace roofline::data::yaml_test
