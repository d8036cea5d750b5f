#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace roofline::support {

/// Every model of models/, by name: for tests with a case for each.
inline std::vector<std::filesystem::path> sample_models() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(ROOFLINE_ROOT "/models")) {
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// What such a case is called.
struct ModelName {
  std::string operator()(const testing::TestParamInfo<std::filesystem::path>& model) const {
    return model.param.stem().string();
  }
};

}  // namespace roofline::support
