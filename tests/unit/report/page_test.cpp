// The HTML page: its data is the JSON report, and stays where it is put.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "roofline/report/render.hpp"
#include "sample.hpp"

namespace roofline::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string html(std::initializer_list<const Report*> reports) {
  std::ostringstream out;
  render_html(std::vector<const Report*>(reports), out);
  return out.str();
}

std::string data_of(const std::string& page) {
  constexpr std::string_view kStart = "id=\"data\">";
  const std::size_t start = page.find(kStart) + kStart.size();
  return page.substr(start, page.find("</script>", start) - start);
}

/// A JSON text without its layout.
std::string on_one_line(const std::string& json) {
  std::string line;
  bool in_layout = false;
  for (const char c : json) {
    in_layout = c == '\n' || (in_layout && c == ' ');
    if (!in_layout) line += c;
  }
  return line;
}

TEST(Page, DataIsTheJsonReports) {
  const Report first = sample::counts();
  Report second = sample::counts();
  second.model.path = "other.onnx";
  std::ostringstream json;
  json << '[';
  render_json(first, json);
  json << ',';
  render_json(second, json);
  json << ']';
  EXPECT_EQ(data_of(html({&first, &second})), on_one_line(json.str()));
}

TEST(Page, NamesStayData) {
  Report report = sample::counts();
  report.nodes[0].name = "</script><!--\xE2\x80\xA8\xE2\x80\xA9&";
  const std::string data = data_of(html({&report}));
  EXPECT_THAT(data, HasSubstr("\"\\u003c/script\\u003e\\u003c!--\\u2028\\u2029\\u0026\""));
}

TEST(Page, TitleIsEscaped) {
  Report report = sample::counts();
  report.model.path = "models/</title><b>\"&.onnx";
  const std::string page = html({&report});
  EXPECT_THAT(page, HasSubstr("<title>title&gt;&lt;b&gt;&quot;&amp;.onnx</title>"));
}

TEST(Page, LoadsNothing) {
  const Report report = sample::counts();
  const std::string page = html({&report});
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none';"));
  EXPECT_THAT(page, Not(HasSubstr("<script src")));
  EXPECT_THAT(page, Not(HasSubstr("unsafe")));
}

}  // namespace
}  // namespace roofline::report
