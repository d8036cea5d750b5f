// Owns what --version says: the release, and how this program was built.
// Refuses to make builds slower: CMake hands the facts to this file only.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "command.hpp"
#include "roofline/base/text.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::cli {
namespace {

int newest_opset() {
  int newest = 0;
  for (const ops::OpSpec& spec : ops::all_ops()) {
    if (spec.domain.empty()) newest = std::max(newest, spec.since);
  }
  return newest;
}

std::string machines() {
  std::vector<std::string> directories = hardware::search_path();
  std::erase_if(directories, [](const std::string& directory) {
    std::error_code unreadable;
    return !std::filesystem::is_directory(directory, unreadable);
  });
  if (directories.empty()) return "none: set ROOFLINE_HARDWARE_PATH to their directory";
  return fmt::format("{} in {}", hardware::list_ids().size(), printable(join(directories, ", ")));
}

}  // namespace

std::string version() {
  std::string text = "roofline " ROOFLINE_VERSION "\n";
  const auto add = [&](std::string_view label, std::string_view value) {
    if (!value.empty()) text += fmt::format("  {:<9} {}\n", label, value);
  };
  add("commit", ROOFLINE_COMMIT);
  add("build", ROOFLINE_BUILD);
  add("ONNX", fmt::format("operators up to opset {}", newest_opset()));
  add("protobuf", ROOFLINE_PROTOBUF);
  add("machines", machines());
  return text;
}

}  // namespace roofline::cli
