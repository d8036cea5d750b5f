// Help, parsing and completion share the tables; what help says in words must not fall behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "fixture.hpp"

namespace roofline::cli {
namespace {

using testing::HasSubstr;

/// What bash completes behind `flag` of `command`, which is the table's list.
std::vector<std::string> listed(const std::string& script, const std::string& command,
                                const std::string& flag) {
  const std::size_t at = script.find("'" + command + "')");
  const std::size_t line = script.find(flag + ") values='", at);
  if (at == std::string::npos || line == std::string::npos) return {};
  const std::size_t from = script.find('\'', line) + 1;
  std::istringstream words(script.substr(from, script.find('\'', from) - from));
  return {std::istream_iterator<std::string>(words), {}};
}

TEST(Help, NamesEveryChoice) {
  const std::string script = run({"completion", "bash"}).out;
  for (const auto& [command, flag] :
       std::vector<std::pair<std::string, std::string>>{{"analyze", "--format"},
                                                        {"analyze", "--precision"},
                                                        {"analyze", "--runtime"},
                                                        {"analyze", "--roof"},
                                                        {"analyze", "--sort"},
                                                        {"analyze", "--group-by"},
                                                        {"validate", "--format"},
                                                        {"validate", "--sort"}}) {
    const std::vector<std::string> choices = listed(script, command, flag);
    EXPECT_GE(choices.size(), 2U) << command << ' ' << flag;
    const std::string text = run({command, "--help"}).out;
    for (const std::string& choice : choices) {
      EXPECT_THAT(text, HasSubstr(choice.substr(0, choice.find(':')))) << command << ' ' << flag;
    }
  }
}

TEST(Help, OfEveryCommandHasExamples) {
  std::istringstream lines(run({"--help"}).out);
  int commands = 0;
  for (std::string line; std::getline(lines, line) && line != "examples";) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    words >> first >> second;
    const bool is_command =
        line.starts_with("  ") && !line.starts_with("   ") && first.find('\'') == std::string::npos;
    if (!is_command) continue;
    const bool is_pair = first == "hardware" || first == "calibrate";
    const Outcome got = is_pair ? run({first, second, "--help"}) : run({first, "--help"});
    EXPECT_THAT(got.out, HasSubstr("\nexamples\n")) << line;
    ++commands;
  }
  EXPECT_GE(commands, 12);
}

}  // namespace
}  // namespace roofline::cli
