// Owns the JSON reader: positions, getters, and the whole text of every refusal.
// Refuses to test what a file is about.
#include "roofline/data/json_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "roofline/base/diagnostic.hpp"

namespace roofline::data {
namespace {

template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& e) {
    return format_diagnostic(e.diagnostic()).substr(std::string("roofline: ").size());
  }
  return "no error\n";
}

std::string parse_error(std::string text) {
  return error_of([&] { (void)parse_json(std::move(text), "f.json"); });
}

constexpr std::string_view kSample =
    "{\n"
    "  \"name\": \"a \\\"b\\\" \\u00e9\", \"n\" : 80,\n"
    "  \"x\": -1.5e-3,\n"
    "  \"rows\": [ {\"on\":true}, [1, 2,3 ], null, {} ],\n"
    "  \"esc\\u0041ped\": 7\n"
    "}\n";

JsonDocument sample() { return parse_json(std::string(kSample), "f.json"); }

TEST(Json, ReadsEveryKind) {
  const JsonDocument document = sample();
  const JsonNode root = document.root();
  EXPECT_EQ(root.at("name").text(), "a \"b\" \xC3\xA9");
  EXPECT_EQ(root.at("n").integer(), 80);
  EXPECT_DOUBLE_EQ(root.at("n").number(), 80);
  EXPECT_DOUBLE_EQ(root.at("x").number(), -1.5e-3);
  EXPECT_EQ(root.at("escAped").integer(), 7);
  EXPECT_TRUE(root.has("rows"));
  EXPECT_FALSE(root.has("row"));
  std::vector<JsonNode::Kind> kinds;
  for (const JsonNode item : root.at("rows").items()) kinds.push_back(item.kind());
  EXPECT_EQ(kinds, (std::vector{JsonNode::Kind::kObject, JsonNode::Kind::kArray,
                                JsonNode::Kind::kNull, JsonNode::Kind::kObject}));
  std::vector<std::string> keys;
  for (const auto& [key, value] : root.members()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"name", "n", "x", "rows", "escAped"}));
}

TEST(Json, KnowsWhereEverythingStands) {
  const JsonDocument document = sample();
  const JsonNode root = document.root();
  EXPECT_EQ(root.location(), "f.json:1:1");
  EXPECT_EQ(root.at("name").location(), "f.json:2:11");
  EXPECT_EQ(root.at("n").location(), "f.json:2:35");
  EXPECT_EQ(root.at("x").location(), "f.json:3:8");
  std::vector<std::string> places;
  for (const JsonNode item : root.at("rows").items()) places.push_back(item.location());
  EXPECT_EQ(places,
            (std::vector<std::string>{"f.json:4:13", "f.json:4:26", "f.json:4:37", "f.json:4:43"}));
  EXPECT_EQ(root.at("escAped").line(), 5);
}

TEST(Json, SkipsAByteOrderMark) {
  const JsonDocument document = parse_json("\xEF\xBB\xBF[true, false, 1]", "f.json");
  std::string places;
  for (const JsonNode item : document.root().items()) places += item.location() + " ";
  EXPECT_EQ(places, "f.json:1:5 f.json:1:11 f.json:1:18 ");
}

TEST(Json, EmptyContainers) {
  const JsonDocument document = parse_json("{\"a\":[],\"b\":{}}", "f.json");
  EXPECT_TRUE(document.root().at("a").items().empty());
  EXPECT_FALSE(document.root().at("b").has("a"));
}

TEST(Json, WrongTypes) {
  const JsonDocument document = sample();
  const JsonNode root = document.root();
  EXPECT_EQ(
      error_of([&] { (void)root.at("name").number(); }),
      "error[wrong-type]: f.json:2:11: 'name' is \"a \\\"b\\\" \\u00e9\"; expected a number\n");
  EXPECT_EQ(error_of([&] { (void)root.at("rows").text(); }),
            "error[wrong-type]: f.json:4:11: 'rows' is an array; expected a string\n");
  EXPECT_EQ(error_of([&] { (void)root.at("x").integer(); }),
            "error[bad-value]: f.json:3:8: 'x' is -1.5e-3; expected an integer\n");
  EXPECT_EQ(error_of([&] { (void)root.items(); }),
            "error[wrong-type]: f.json:1:1: the document is an object; expected an array\n");
  EXPECT_EQ(error_of([&] { (void)(*root.at("rows").items().begin()).items(); }),
            "error[wrong-type]: f.json:4:13: an element is an object; expected an array\n");
}

TEST(Json, KeysMissingUnknownAndTwice) {
  const JsonDocument document = parse_json("{\"rows\": 1, \"a\": 2,\n \"a\": 3}", "f.json");
  const JsonNode root = document.root();
  EXPECT_EQ(error_of([&] { (void)root.at("runs", "how often it ran"); }),
            "error[missing-key]: f.json:1:1: the document has no 'runs'\n"
            "  hint: how often it ran\n");
  EXPECT_EQ(error_of([&] { (void)root.at("a"); }),
            "error[duplicate-key]: f.json:2:2: the key 'a' is given twice in the same object\n"
            "  hint: remove one of the two\n");
  const std::array<std::string, 2> known = {"row", "a"};
  EXPECT_EQ(error_of([&] { root.allow_only(known); }),
            "error[unknown-key]: f.json:1:2: the document has an unknown key 'rows'; expected one "
            "of row, a\n  hint: did you mean 'row'?\n");
}

constexpr std::string_view kSyntaxHint =
    "  hint: look for a missing quote, comma or closing bracket here or just before; NaN and "
    "Infinity are no JSON numbers\n";

TEST(Json, SyntaxErrorsSayWhere) {
  EXPECT_EQ(parse_error("{\"a\": 1,\n \"b\" 2}"),
            "error[json-syntax]: f.json:2:6: not valid JSON: found '2' here\n" +
                std::string(kSyntaxHint));
  EXPECT_EQ(parse_error("[1, NaN]"),
            "error[json-syntax]: f.json:1:5: not valid JSON: found '1, N' "
            "here\n" +
                std::string(kSyntaxHint));
  EXPECT_EQ(parse_error("[1, 1e999]"),
            "error[json-syntax]: f.json:1:9: the number '1e999' is too large for a double\n" +
                std::string(kSyntaxHint));
  EXPECT_EQ(parse_error(""),
            "error[json-syntax]: f.json:1:1: not valid JSON: found the end of the "
            "file here\n" +
                std::string(kSyntaxHint));
  EXPECT_NE(parse_error("[\"\xFF\"]"), "no error\n");
  EXPECT_NE(parse_error("[1] 2"), "no error\n");
}

TEST(Json, DepthIsLimited) {
  const std::string deepest(kMaxJsonDepth, '[');
  EXPECT_EQ(parse_error(deepest + std::string(kMaxJsonDepth, ']')), "no error\n");
  EXPECT_EQ(parse_error(deepest + "[" + std::string(kMaxJsonDepth + 1, ']')),
            "error[json-limit]: f.json:1:65: nesting is deeper than 64 levels\n");
  EXPECT_EQ(parse_error(std::string(1 << 20U, '[')),
            "error[json-limit]: f.json:1:65: nesting is deeper than 64 levels\n");
}

TEST(Json, ManyValuesInOrder) {
  std::string text = "[0";
  for (int i = 1; i < 100000; ++i) text += "," + std::to_string(i);
  const JsonDocument document = parse_json(text + "]", "f.json");
  std::int64_t next = 0;
  for (const JsonNode item : document.root().items()) ASSERT_EQ(item.integer(), next++);
  EXPECT_EQ(next, 100000);
}

}  // namespace
}  // namespace roofline::data
