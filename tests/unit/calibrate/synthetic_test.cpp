// The models that a calibration measures: how many, what they hold, and that they can be priced.
#include "roofline/calibrate/synthetic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "roofline/base/diagnostic.hpp"
#include "roofline/pipeline/analyze.hpp"

namespace roofline::calibrate {
namespace {

namespace fs = std::filesystem;

class SyntheticModels : public testing::Test {
 protected:
  ~SyntheticModels() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_ / name).string();
  }

  static std::string bytes(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("synthetic_" + std::to_string(getpid()));
};

std::int64_t payload_bytes(const onnx_io::ModelSketch& sketch) {
  std::int64_t sum = 0;
  for (const onnx_io::InitializerSketch& tensor : sketch.initializers) {
    std::int64_t elements = 1;
    for (const std::int64_t dim : tensor.dims) elements *= dim;
    sum += elements * ir::bits(tensor.dtype) / 8;
  }
  return sum;
}

/// Operators, and what the models are called before their sizes.
std::set<std::string> kinds(const std::vector<onnx_io::ModelSketch>& sketches) {
  std::set<std::string> found;
  for (const onnx_io::ModelSketch& sketch : sketches) {
    found.insert(sketch.name.substr(0, sketch.name.find('_')));
    for (const onnx_io::NodeSketch& node : sketch.nodes) found.insert(node.op_type);
  }
  return found;
}

TEST_F(SyntheticModels, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const onnx_io::ModelSketch& sketch : synthetic_models()) {
    EXPECT_TRUE(names.insert(sketch.name).second) << sketch.name;
    EXPECT_EQ(sketch.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-."),
              std::string::npos)
        << sketch.name;
  }
  EXPECT_GE(names.size(), 300U);
  EXPECT_LE(names.size(), 700U);
}

TEST_F(SyntheticModels, FitOnADisk) {
  std::int64_t sum = 0;
  std::int64_t largest = 0;
  for (const onnx_io::ModelSketch& sketch : synthetic_models()) {
    const std::int64_t size = payload_bytes(sketch);
    sum += size;
    largest = std::max(largest, size);
  }
  EXPECT_LT(sum, 1'200'000'000);
  // Weights beyond any cache, so that some are read from main memory in every run.
  EXPECT_GT(largest, 100'000'000);
}

TEST_F(SyntheticModels, HalvesPartTheModelsAndKeepEveryKind) {
  const auto even = synthetic_models(Half::kEven);
  const auto odd = synthetic_models(Half::kOdd);
  const auto all = synthetic_models();
  EXPECT_EQ(even.size() + odd.size(), all.size());
  EXPECT_EQ(kinds(even), kinds(all));
  EXPECT_EQ(kinds(odd), kinds(all));
}

TEST_F(SyntheticModels, UseEveryResult) {
  for (const onnx_io::ModelSketch& sketch : synthetic_models()) {
    std::set<std::string> used;
    for (const onnx_io::PortSketch& port : sketch.outputs) used.insert(port.name);
    for (const onnx_io::NodeSketch& node : sketch.nodes) {
      used.insert(node.inputs.begin(), node.inputs.end());
    }
    for (const onnx_io::NodeSketch& node : sketch.nodes) {
      EXPECT_TRUE(std::any_of(node.outputs.begin(), node.outputs.end(),
                              [&](const std::string& name) { return used.contains(name); }))
          << sketch.name;
    }
    for (const onnx_io::InitializerSketch& tensor : sketch.initializers) {
      EXPECT_TRUE(used.contains(tensor.name)) << sketch.name << ": " << tensor.name;
    }
  }
}

TEST_F(SyntheticModels, ArePricedWithoutAFinding) {
  const SyntheticFiles files = write_synthetic_models(folder_.string());
  EXPECT_EQ(files.models, synthetic_models().size());
  std::size_t priced = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    const report::Report report = analyze(entry.path().string(), {});
    for (const Diagnostic& found : report.diagnostics) {
      ADD_FAILURE() << entry.path().filename() << ": " << found.code << ": " << found.message;
    }
    EXPECT_TRUE(report.totals.complete) << entry.path().filename();
    ++priced;
  }
  EXPECT_EQ(priced, files.models);
}

TEST_F(SyntheticModels, AreTheSameBytesEveryTime) {
  fs::create_directories(folder_);
  for (const onnx_io::ModelSketch& sketch : synthetic_models()) {
    if (sketch.name != "tiny_Reshape_60" && sketch.name != "matmul4_1_1024_x4") continue;
    onnx_io::write(sketch, file("first.onnx"));
    onnx_io::write(sketch, file("second.onnx"));
    EXPECT_EQ(bytes(file("first.onnx")), bytes(file("second.onnx")));
  }
}

TEST_F(SyntheticModels, SayWhereTheyCannotBeWritten) {
  std::ofstream(folder_.string()) << "a file\n";
  try {
    write_synthetic_models(folder_.string());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(format_diagnostic(error.diagnostic()),
              "roofline: error[not-writable]: " + folder_.string() +
                  ": found a file, expected a folder\n"
                  "  hint: name a folder that can be written to\n");
  }
}

}  // namespace
}  // namespace roofline::calibrate
