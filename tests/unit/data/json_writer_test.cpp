// Owns the JSON writer: layout, escaping, numbers, speed.
// Refuses to test any document's schema.
#include "roofline/data/json_writer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

namespace roofline::data {
namespace {

template <class Write>
std::string written(Write write) {
  std::ostringstream out;
  {
    JsonWriter json(out);
    write(json);
  }
  return out.str();
}

template <class T>
std::string value_text(const T& value) {
  return written([&](JsonWriter& json) { json.value(value); });
}

TEST(JsonWriter, OneLineHasNoBlanksBetweenItsParts) {
  std::ostringstream out;
  for (int line = 0; line < 2; ++line) {
    JsonWriter json(out, JsonLayout::kOneLine);
    json.begin_object();
    json.member("name", "a: b,\nc");
    json.key("shape");
    json.begin_array();
    json.value(1);
    json.null();
    json.end_array();
    json.key("levels");
    json.begin_array();
    json.begin_object();
    json.member("bytes", Count(7));
    json.end_object();
    json.begin_object();
    json.end_object();
    json.end_array();
    json.end_object();
  }
  const std::string expected = R"({"name":"a: b,\nc","shape":[1,null],"levels":[{"bytes":7},{}]})"
                               "\n";
  EXPECT_EQ(out.str(), expected + expected);
}

TEST(JsonWriter, Layout) {
  const std::string text = written([](JsonWriter& json) {
    json.begin_object();
    json.member("kind", "analysis");
    json.key("shape");
    json.begin_array();
    for (const int dim : {1, 3, 224}) json.value(dim);
    json.end_array();
    json.key("nodes");
    json.begin_array();
    json.begin_object();
    json.member("macs", Count(7));
    json.member("intensity", std::optional<double>());
    json.end_object();
    json.begin_object();
    json.end_object();
    json.end_array();
    json.key("none");
    json.begin_array();
    json.end_array();
    json.end_object();
  });
  EXPECT_EQ(text, R"({
  "kind": "analysis",
  "shape": [1, 3, 224],
  "nodes": [
    {
      "macs": 7,
      "intensity": null
    },
    {}
  ],
  "none": []
}
)");
}

TEST(JsonWriter, ArraysOfArrays) {
  const std::string text = written([](JsonWriter& json) {
    json.begin_array();
    json.value(1);
    json.begin_array();
    json.value("a");
    json.value("b");
    json.end_array();
    json.end_array();
  });
  EXPECT_EQ(text, "[1,\n  [\"a\", \"b\"]\n]\n");
}

TEST(JsonWriter, Scalars) {
  EXPECT_EQ(value_text(true), "true\n");
  EXPECT_EQ(value_text(false), "false\n");
  EXPECT_EQ(value_text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808\n");
  EXPECT_EQ(value_text(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615\n");
  EXPECT_EQ(value_text(std::size_t{5}), "5\n");
  EXPECT_EQ(value_text(std::optional<Count>(9)), "9\n");
  EXPECT_EQ(written([](JsonWriter& json) { json.null(); }), "null\n");
}

TEST(JsonWriter, DoublesReadBackEqual) {
  for (const double x : {0.1, 1.0 / 3, 1e-300, 1.7976931348623157e308, 5e-324, 125e12, -0.0, 2.0}) {
    EXPECT_EQ(nlohmann::json::parse(value_text(x)).get<double>(), x);
  }
  EXPECT_EQ(value_text(0.1), "0.1\n");
}

TEST(JsonWriter, NonFiniteNumbersAreNull) {
  EXPECT_EQ(value_text(std::numeric_limits<double>::infinity()), "null\n");
  EXPECT_EQ(value_text(std::numeric_limits<double>::quiet_NaN()), "null\n");
}

TEST(JsonWriter, Escapes) {
  EXPECT_EQ(value_text("a\"b\\c/d\n\t\r"), "\"a\\\"b\\\\c/d\\n\\t\\r\"\n");
  EXPECT_EQ(value_text(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\\u007f\"\n");
  EXPECT_EQ(value_text("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"\n");
}

TEST(JsonWriter, InvalidUtf8IsReplaced) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(value_text("a\xFFz"), "\"a" + bad + "z\"\n");
  EXPECT_EQ(value_text("\xC3"), "\"" + bad + "\"\n") << "cut off";
  EXPECT_EQ(value_text("\xC0\xAF"), "\"" + bad + bad + "\"\n") << "overlong";
  EXPECT_EQ(value_text("\xED\xA0\x80"), "\"" + bad + bad + bad + "\"\n") << "surrogate";
  EXPECT_EQ(value_text("\xF4\x90\x80\x80"), "\"" + bad + bad + bad + bad + "\"\n")
      << "above U+10FFFF";
}

TEST(JsonWriter, EveryByteStringIsValidJson) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; second += 5) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second), 'x'};
      EXPECT_TRUE(nlohmann::json::accept(value_text(text))) << first << " " << second;
    }
  }
}

void write_node(JsonWriter& json, int i) {
  json.begin_object();
  json.member("id", i);
  json.member("name", "layer4/block2/conv" + std::to_string(i));
  json.member("op_type", "Conv");
  for (const char* name :
       {"macs", "flops", "read", "weights", "written", "traffic", "parameters"}) {
    json.member(name, Count(118013952 + i));
  }
  json.member("intensity", 1.0 / (i + 3));
  json.key("shape");
  json.begin_array();
  for (int d = 0; d < 4; ++d) json.value(d * 56);
  json.end_array();
  json.end_object();
}

TEST(JsonWriter, FiftyThousandNodesAreFast) {
  const auto start = std::chrono::steady_clock::now();
  const std::string text = written([](JsonWriter& json) {
    json.begin_array();
    for (int i = 0; i < 50000; ++i) write_node(json, i);
    json.end_array();
  });
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_GT(text.size(), 10000000U);
  EXPECT_TRUE(nlohmann::json::accept(text)) << "flushes must not tear the document";
  // About 0.05 s optimized; the bound is for unoptimized and sanitized builds on busy machines.
  EXPECT_LT(elapsed.count(), 5.0);
}

}  // namespace
}  // namespace roofline::data
