// Owns how YAML is written: quoting, numbers, lines; and that the reader takes it back.
// Refuses to know profiles.
#include "roofline/data/yaml_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "roofline/data/yaml.hpp"

namespace roofline::data {
namespace {

YamlValue map_of(std::string_view key, YamlValue value) {
  YamlValue map = YamlValue::map();
  map.add(key, std::move(value));
  return map;
}

std::string text_back(std::string_view text) {
  const std::string yaml = write_yaml(map_of("key", YamlValue::text(text)));
  return parse_yaml(yaml, "x.yaml").at("key").text();
}

TEST(YamlWriter, NestsAndKeepsShortFlatValuesOnALine) {
  YamlValue half = YamlValue::list();
  for (const double h : {1.0, 2.5, 0.0}) half.add(YamlValue::number(h));
  YamlValue kernel = YamlValue::map();
  kernel.add("efficiency", YamlValue::number(0.94));
  kernel.add("half", std::move(half));
  YamlValue items = YamlValue::list();
  items.add(map_of("name", YamlValue::text("l2")));
  items.add(map_of("peaks", map_of("fp32", map_of("value", YamlValue::text("1 GB/s")))));
  YamlValue document = map_of("kernels", map_of("unary:Exp", std::move(kernel)));
  document.add("items", std::move(items));
  document.add("none", YamlValue::list());
  document.add("gone", YamlValue::null());
  document.add("flag", YamlValue::boolean(true));
  EXPECT_EQ(write_yaml(document),
            "kernels:\n"
            "  \"unary:Exp\": {efficiency: 0.94, half: [1, 2.5, 0]}\n"
            "items:\n"
            "  - {name: l2}\n"
            "  - peaks:\n"
            "      fp32: {value: \"1 GB/s\"}\n"
            "none: []\n"
            "gone: ~\n"
            "flag: true\n");
}

TEST(YamlWriter, BreaksWhatIsLongerThanALine) {
  YamlValue words = YamlValue::list();
  for (int i = 0; i < 3; ++i) words.add(YamlValue::text(std::string(40, 'a')));
  const std::string line = "  - " + std::string(40, 'a') + "\n";
  EXPECT_EQ(write_yaml(map_of("words", std::move(words))), "words:\n" + line + line + line);
}

TEST(YamlWriter, QuotesWhatReadersCouldTakeForSomethingElse) {
  for (const char* word : {"plain", "with-dash_and.dot9", "Upper", "x86-64"}) {
    EXPECT_EQ(write_yaml(map_of("k", YamlValue::text(word))), "k: " + std::string(word) + "\n");
  }
  for (const char* word : {"yes", "no", "on", "null", "~", "1.30", "2026-11-20", "No", "a b",
                           "a: b", "#c", "-", "", "0x1f"}) {
    EXPECT_EQ(write_yaml(map_of("k", YamlValue::text(word))), "k: \"" + std::string(word) + "\"\n");
  }
}

TEST(YamlWriter, TextReadsBackAsItWas) {
  for (const std::string text : {"", "~", "null", "a\"b\\c", "line\nbreak\ttab", "\x01\x7F",
                                 "50 \xC2\xB5s", "{a: [b]}", "*alias", "!tag", "%", "  padded  "}) {
    EXPECT_EQ(text_back(text), text);
  }
}

TEST(YamlWriter, NumbersReadBackEqual) {
  for (const double number :
       {0.0, 1.0, -2.5, 0.1, 1e-9, 1e30, 1.0 / 3, std::numeric_limits<double>::max(),
        std::numeric_limits<double>::denorm_min()}) {
    const std::string yaml = write_yaml(map_of("k", YamlValue::number(number)));
    EXPECT_EQ(parse_yaml(yaml, "x.yaml").at("k").number(), number) << yaml;
  }
  EXPECT_EQ(write_yaml(map_of("k", YamlValue::number(1e-9))), "k: 1.0e-09\n")
      << "readers of YAML 1.1 take 1e-09 for text";
}

}  // namespace
}  // namespace roofline::data
