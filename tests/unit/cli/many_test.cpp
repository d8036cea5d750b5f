// Many models in one run: order, failures, exit codes; whole outputs are goldens (many_*.test).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fixture.hpp"

namespace roofline::cli {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A directory of small models, some of them deeper.
class Many : public testing::Test {
 protected:
  Many() {
    std::string pattern = (fs::temp_directory_path() / "many-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    fs::create_directories(directory_ / "b/deep");
    for (const char* name : {"z", "a", "b/m", "b/deep/k", "b-first"}) {
      fs::copy_file(ROOFLINE_ROOT "/tests/golden/tiny.onnx",
                    directory_ / (std::string(name) + ".onnx"));
    }
    std::ofstream(directory_ / "notes.txt") << "no model";
  }
  ~Many() override { fs::remove_all(directory_); }

  [[nodiscard]] std::string file(const std::string& name) const {
    return (directory_ / name).string();
  }
  void break_file(const std::string& name) const { std::ofstream(file(name)) << "not a model"; }
  [[nodiscard]] Outcome analyze(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), {"analyze", directory_.string()});
    return run(flags);
  }

  fs::path directory_;
};

long lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST_F(Many, TheSameBytesWhateverTheNumberOfJobs) {
  break_file("b/broken.onnx");
  for (const char* format : {"text", "csv", "ndjson"}) {
    const Outcome one = analyze({"--hardware", "v100", "--format", format, "--jobs", "1"});
    EXPECT_EQ(one.code, 3);
    for (const char* jobs : {"0", "2", "5", "64"}) {
      const Outcome got = analyze({"--hardware", "v100", "--format", format, "--jobs", jobs});
      EXPECT_EQ(got.out, one.out) << format << ' ' << jobs;
      EXPECT_EQ(got.err, one.err) << format << ' ' << jobs;
      EXPECT_EQ(got.code, 3);
    }
  }
}

TEST_F(Many, DirectoriesAreSortedAndOperandsKeepTheirOrder) {
  const Outcome got =
      run({"analyze", file("z.onnx"), directory_.string(), "--totals", "--format", "csv"});
  std::vector<std::string> order;
  std::istringstream rows(got.out);
  std::string row;
  std::getline(rows, row);
  while (std::getline(rows, row)) order.push_back(row.substr(0, row.find(',')));
  EXPECT_THAT(order, testing::ElementsAre(file("z.onnx"), file("a.onnx"), file("b-first.onnx"),
                                          file("b/deep/k.onnx"), file("b/m.onnx"), file("z.onnx")));
  EXPECT_EQ(got.err, "") << "notes of many models are noise";
  EXPECT_EQ(got.code, 0);
}

TEST_F(Many, ABrokenFileDoesNotStopTheRest) {
  break_file("a.onnx");
  const Outcome got = analyze({"--format", "ndjson"});
  EXPECT_EQ(lines(got.out), 5);
  EXPECT_THAT(got.out, StartsWith(R"({"kind":"failure","schema_version":1,)"));
  EXPECT_THAT(got.err, StartsWith("roofline: error[not-onnx]: " + file("a.onnx") + ": "));
  EXPECT_THAT(
      got.err,
      EndsWith("roofline: error[models-failed]: 1 of 5 models failed: " + file("a.onnx") + "\n"));
  EXPECT_EQ(got.code, 3);
  const Outcome text = analyze({});
  EXPECT_EQ(lines(text.out), 6) << "a header, and a line for each";
  EXPECT_THAT(text.out, HasSubstr("failed: not-onnx\n"));
  EXPECT_EQ(lines(analyze({"--format", "csv", "--totals"}).out), 5) << "a header, four models";
}

TEST_F(Many, TheLastLineNamesTheFirstFailures) {
  for (const char* name : {"z", "a", "b/m", "b/deep/k", "b-first"}) {
    break_file(std::string(name) + ".onnx");
  }
  break_file("x.onnx");
  EXPECT_THAT(analyze({}).err,
              EndsWith("6 of 6 models failed: " + file("a.onnx") + ", " + file("b-first.onnx") +
                       ", " + file("b/deep/k.onnx") + ", " + file("b/m.onnx") + ", " +
                       file("x.onnx") + " and 1 more\n"));
}

TEST_F(Many, TheWorstExitCode) {
  EXPECT_EQ(analyze({"--strict"}).code, 4) << "a batch of 1 was assumed";
  EXPECT_EQ(analyze({"--strict", "--dim", "batch=1"}).code, 0);
  EXPECT_EQ(analyze({"--dim", "bach=1"}).code, 2) << "no model has it";
  break_file("a.onnx");
  EXPECT_EQ(analyze({"--strict"}).code, 3);
  EXPECT_EQ(analyze({"--dim", "bach=1"}).code, 3);
}

TEST_F(Many, OneModelWithAFlagOfManyIsAsManyAre) {
  const Outcome got = run({"analyze", file("a.onnx"), "--format", "csv", "--jobs", "1"});
  EXPECT_THAT(got.out, StartsWith("model,id,name,"));
  EXPECT_EQ(lines(run({"analyze", file("a.onnx"), "--totals"}).out), 2);
}

TEST_F(Many, NothingToAnalyze) {
  fs::create_directory(directory_ / "empty");
  const Outcome got = run({"analyze", file("empty"), file("a.onnx")});
  EXPECT_EQ(got.err, "roofline: error[no-models]: " + file("empty") +
                         ": there is no .onnx file in this directory or below\n"
                         "  hint: check the path, and the names of the files\n");
  EXPECT_EQ(got.out, "");
  EXPECT_EQ(got.code, 3);
}

TEST_F(Many, AFileIsWrittenAsAWhole) {
  break_file("a.onnx");
  const Outcome got = analyze({"--format", "ndjson", "--output", file("all.ndjson")});
  EXPECT_EQ(got.code, 3);
  EXPECT_EQ(got.out, "");
  std::ifstream in(file("all.ndjson"));
  std::stringstream written;
  written << in.rdbuf();
  EXPECT_EQ(written.str(), analyze({"--format", "ndjson"}).out);
}

}  // namespace
}  // namespace roofline::cli
