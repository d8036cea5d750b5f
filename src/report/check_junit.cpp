// Owns a check as JUnit XML, as CI systems read it.
// Refuses times: nothing ran.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <span>

#include "check_words.hpp"
#include "roofline/data/xml.hpp"

namespace roofline::report {
namespace {

using data::xml_text;

void write_case(const Check& check, const Verdict& verdict, std::ostream& out) {
  out << fmt::format(R"(    <testcase classname="{}" name="{}" file="{}" line="{}">)",
                     xml_text(verdict.model), xml_text(budget_name(verdict)),
                     xml_text(check.budget), verdict.limit->line)
      << '\n';
  if (verdict.passes()) {
    out << fmt::format("      <system-out>{}</system-out>\n", xml_text(sentence(verdict)));
  } else {
    out << fmt::format(R"(      <failure type="{}" message="{}">)",
                       judgement_name(verdict.judgement), xml_text(sentence(verdict)));
    for (const std::string& line : blame_lines(verdict)) out << '\n' << xml_text(line);
    out << "</failure>\n";
  }
  out << "    </testcase>\n";
}

std::size_t failures(std::span<const Verdict> verdicts) {
  return static_cast<std::size_t>(std::count_if(verdicts.begin(), verdicts.end(),
                                                [](const Verdict& v) { return !v.passes(); }));
}

}  // namespace

void render_junit(const Check& check, std::ostream& out) {
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      << fmt::format("<testsuites name=\"roofline check\" tests=\"{}\" failures=\"{}\">\n",
                     check.verdicts.size(), check.broken());
  for (const std::span<const Verdict> suite : by_model(check)) {
    out << fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
                       xml_text(suite.front().model), suite.size(), failures(suite));
    for (const Verdict& verdict : suite) write_case(check, verdict, out);
    out << "  </testsuite>\n";
  }
  out << "</testsuites>\n";
}

}  // namespace roofline::report
