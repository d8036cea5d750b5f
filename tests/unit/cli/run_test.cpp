// Exit codes, streams, terminals and help: what a script or a person relies on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <optional>

#include "fixture.hpp"
#include "roofline/base/count.hpp"
#include "roofline/cli/guard.hpp"

namespace roofline::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// An environment variable for the time of one test.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value, 1);
  }
  ~Environment() {
    if (before_)
      setenv(name_, before_->c_str(), 1);
    else
      unsetenv(name_);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_ = std::nullopt;
};

Outcome guarded_outcome(const std::function<ExitCode()>& body) {
  std::ostringstream err;
  const ExitCode code = guarded(err, body);
  return {static_cast<int>(code), "", err.str()};
}

TEST(Guard, OurBugsSaySo) {
  const Outcome got =
      guarded_outcome([]() -> ExitCode { throw std::logic_error("index 7\x1b[0m"); });
  EXPECT_EQ(got.code, 70);
  EXPECT_EQ(got.err,
            "roofline: error[internal]: index 7\\x1b[0m\n"
            "  hint: this is a bug in roofline: please report it\n");
  EXPECT_EQ(guarded_outcome([]() -> ExitCode { throw 7; }).code, 70);
}

TEST(Guard, OverflowAndMemoryAreTheInputsFault) {
  const Outcome overflow = guarded_outcome([]() -> ExitCode { throw OverflowError(); });
  EXPECT_EQ(overflow.code, 3);
  EXPECT_EQ(overflow.err,
            "roofline: error[overflow]: a count exceeds 2^63-1\n"
            "  hint: the model's sizes are not plausible\n");
  const Outcome memory = guarded_outcome([]() -> ExitCode { throw std::bad_alloc(); });
  EXPECT_EQ(memory.code, 3);
  EXPECT_EQ(memory.err, "roofline: error[out-of-memory]: there is not enough memory\n");
}

TEST(Version, SaysHowItWasBuilt) {
  const Outcome got = run({"--version"});
  EXPECT_THAT(got.out, testing::MatchesRegex("roofline [0-9.]+\n(  commit    [0-9a-f]+(-dirty)?\n)?"
                                             "  build     .*, [A-Za-z]+ [0-9.]+\n"
                                             "  ONNX      operators up to opset [0-9]+\n"
                                             "  protobuf  [0-9.]+\n"
                                             "  machines  [0-9]+ in /.*hardware_profiles\n"));
  EXPECT_EQ(got.code, 0);
}

TEST(Streams, AClosedPipeIsAnError) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  std::ostringstream err;
  EXPECT_EQ(run_cli({"--help"}, out, err), 3);
  EXPECT_EQ(
      err.str(),
      "roofline: error[output]: standard output cannot be written: disk full or pipe closed\n");
}

TEST(Terminal, ColoursOnlyOnATerminalWithoutNoColor) {
  const Environment term("TERM", "xterm");
  const auto first_line = [](bool terminal) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run_cli({"analyze", sample_model()}, out, err, terminal), 0) << err.str();
    return out.str().substr(0, out.str().find('\n'));
  };
  EXPECT_EQ(first_line(false), "alexnet.onnx");
  {
    const Environment no_color("NO_COLOR", "");
    EXPECT_EQ(first_line(true), "\x1b[1malexnet.onnx\x1b[0m");
  }
  const Environment no_color("NO_COLOR", "1");
  EXPECT_EQ(first_line(true), "alexnet.onnx");
}

TEST(Terminal, LocaleDecidesTheBars) {
  const Environment wide("COLUMNS", "140");
  {
    const Environment locale("LC_ALL", "C");
    EXPECT_THAT(run({"analyze", sample_model()}).out, HasSubstr("####"));
  }
  const Environment locale("LC_ALL", "C.UTF-8");
  EXPECT_THAT(run({"analyze", sample_model()}).out, HasSubstr("▇▇▇▇"));
}

class Output : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 ("roofline_output_" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] static std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::ptrdiff_t files() const {
    return std::distance(std::filesystem::directory_iterator(directory_), {});
  }

  std::filesystem::path directory_;
};

TEST_F(Output, ReplacesAFileAndKeepsItsPermissions) {
  std::ofstream(path("report.txt")) << "old";
  std::filesystem::permissions(
      path("report.txt"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const Outcome got = run({"analyze", sample_model(), "-o", path("report.txt")});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(content(path("report.txt")), HasSubstr("alexnet.onnx\n"));
  EXPECT_EQ(std::filesystem::status(path("report.txt")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(files(), 1);
}

TEST_F(Output, AFailureLeavesTheOldFile) {
  std::ofstream(path("report.txt")) << "old";
  const Outcome got =
      run({"analyze", sample_model(), "--explain", "no such node", "-o", path("report.txt")});
  EXPECT_EQ(got.code, 2);
  EXPECT_EQ(content(path("report.txt")), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(Output, FollowsALink) {
  std::ofstream(path("target.txt")) << "old";
  std::filesystem::create_symlink("target.txt", path("link.txt"));
  EXPECT_EQ(run({"analyze", sample_model(), "-o", path("link.txt")}).code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(path("link.txt")));
  EXPECT_THAT(content(path("target.txt")), HasSubstr("alexnet.onnx\n"));
}

TEST_F(Output, ADeviceIsWrittenDirectly) {
  EXPECT_EQ(run({"analyze", sample_model(), "-o", "/dev/null"}).code, 0);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(Output, HardwareShowNamesTheDefaultsThatHold) {
  std::filesystem::create_directory(path("defaults"));
  const std::string head = "version: '1'\ndate: 2026-11-20\n";
  const std::string measured = "evidence: {rows: 9, mape: 0.1, machines: [toy]}\n";
  std::ofstream(path("defaults/npu-quick.yaml")) << "kind: npu\nruntime: quick\n"
                                                 << head << measured;
  std::ofstream(path("defaults/npu-quick-too.yaml"))
      << "kind: npu\nruntime: quick\narchitectures: [other]\n"
      << head;
  std::ofstream(path("defaults/npu-slow.yaml")) << "kind: npu\nruntime: slow\n" << head;
  std::ofstream(path("defaults/cpu-none.yaml")) << "kind: cpu\nruntime: none\n" << head;
  const Environment search("ROOFLINE_HARDWARE_PATH", directory_.c_str());
  const Outcome got = run({"hardware", "show", ROOFLINE_ROOT "/tests/golden/toy.yaml"});
  EXPECT_THAT(got.out,
              HasSubstr("\n\n  calibrated runtime  error  whole models\n"
                        "  quick               10 %   measured on this machine\n"
                        "  slow                -      of other machines: unvalidated here\n"
                        "\nsources\n"));
  EXPECT_THAT(got.out, Not(HasSubstr("uncalibrated")));
}

TEST(Help, EveryCommandExplainsItself) {
  const Outcome all = run({"--help"});
  EXPECT_EQ(all.code, 0);
  EXPECT_EQ(run({"-h"}).out, all.out);
  for (const std::string name :
       {"analyze", "hardware list", "hardware show", "hardware check", "ops", "strip"}) {
    EXPECT_THAT(all.out, HasSubstr("\n  " + name + " "));
    std::vector<std::string> args;
    std::istringstream words(name);
    for (std::string word; words >> word;) args.push_back(word);
    args.emplace_back("--help");
    const Outcome one = run(args);
    EXPECT_EQ(one.code, 0);
    EXPECT_TRUE(one.out.starts_with("roofline " + name + ": ")) << one.out;
    EXPECT_THAT(one.out, HasSubstr("\nusage: roofline " + name));
    EXPECT_THAT(one.out, HasSubstr("\nexamples\n  roofline " + name));
    EXPECT_THAT(one.out, Not(EndsWith("\n\n")));
  }
}

TEST(Help, WinsOverOtherWords) {
  EXPECT_EQ(run({"analyze", "--bogus", "--help"}).code, 0);
  EXPECT_EQ(run({"analyze", "--", "--help"}).code, 3);
}

TEST(Help, LinesFitTheirScreen) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"--help"}, {"analyze", "--help"}, {"hardware", "--help"}}) {
    std::istringstream lines(run(args).out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  }
}

}  // namespace
}  // namespace roofline::cli
