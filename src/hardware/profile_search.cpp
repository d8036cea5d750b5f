// Owns where profiles are: the search path, ids, loading by id or path.
// Refuses to look at what is in them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "profile_internal.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"

namespace roofline::hardware {
namespace {

namespace fs = std::filesystem;

void add_directory(std::vector<std::string>& path, std::string directory) {
  if (directory.empty()) return;
  if (std::find(path.begin(), path.end(), directory) != path.end()) return;
  path.push_back(std::move(directory));
}

/// Where profiles are beside this program: in its build tree, which links to the sources', or in
/// the prefix it was installed or unpacked to.
const std::vector<std::string>& beside_program() {
  static const std::vector<std::string> kDirectories = [] {
    std::vector<std::string> found;
    std::error_code missing;
    const fs::path program = fs::read_symlink("/proc/self/exe", missing);
    const fs::path directory = program.parent_path();
    const fs::path installed = directory.parent_path() / "share/onnx-roofline/hardware_profiles";
    for (const fs::path& candidate : {directory / "hardware_profiles", installed}) {
      const fs::path real = fs::canonical(candidate, missing);
      if (!missing) found.push_back(real.string());
    }
    return found;
  }();
  return kDirectories;
}

}  // namespace

std::vector<std::string> search_path() {
  std::vector<std::string> path;
  if (const char* given = std::getenv("ROOFLINE_HARDWARE_PATH")) {
    for (const std::string_view directory : split(given, ':')) {
      add_directory(path, std::string(directory));
    }
  }
  for (const std::string& directory : beside_program()) add_directory(path, directory);
  add_directory(path, ROOFLINE_INSTALL_PROFILES);
  return path;
}

std::vector<std::string> yaml_stems(const std::vector<std::string>& directories) {
  std::vector<std::string> stems;
  for (const std::string& directory : directories) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(directory, missing)) {
      if (entry.path().extension() == ".yaml") stems.push_back(entry.path().stem().string());
    }
  }
  std::sort(stems.begin(), stems.end());
  stems.erase(std::unique(stems.begin(), stems.end()), stems.end());
  return stems;
}

std::vector<std::string> list_ids() { return yaml_stems(search_path()); }

std::string unknown_id_hint(const std::string& id) {
  const std::vector<std::string> ids = list_ids();
  const std::string near = did_you_mean_hint(id, ids);
  if (!near.empty()) return near;
  if (ids.empty()) return "no profile was found; set ROOFLINE_HARDWARE_PATH to their directory";
  return fmt::format("known: {}; or give the path of a .yaml file", join(ids, ", "));
}

Profile load_text(std::string_view yaml, const std::string& path) {
  const data::YamlNode tree = resolve_extends(data::parse_yaml(yaml, path), path);
  Profile profile = read_profile(tree);
  profile.path = path;
  profile.digest = content_digest(profile);
  return profile;
}

Profile load_file(const std::string& path) {
  const data::YamlNode tree = resolve_extends(data::parse_yaml_file(path), path);
  Profile profile = read_profile(tree);
  profile.path = path;
  profile.digest = content_digest(profile);
  return profile;
}

bool is_file(const std::string& id_or_path) {
  return id_or_path.find('/') != std::string::npos || id_or_path.ends_with(".yaml");
}

Profile find(const std::string& id_or_path) {
  if (is_file(id_or_path)) return load_file(id_or_path);
  for (const std::string& directory : search_path()) {
    const std::string file = (fs::path(directory) / (id_or_path + ".yaml")).string();
    std::error_code missing;
    if (!fs::exists(file, missing)) continue;
    Profile profile = load_file(file);
    if (profile.id != id_or_path) {
      throw Error("id-mismatch", file,
                  fmt::format("the profile's id is '{}'; expected the name of its file, '{}'",
                              profile.id, id_or_path),
                  "rename the file or change the id");
    }
    return profile;
  }
  throw Error(ExitCode::kUsage,
              Diagnostic{Severity::kError, "unknown-hardware",
                         fmt::format("there is no hardware profile '{}'", printable(id_or_path)),
                         unknown_id_hint(id_or_path), "", ""});
}

}  // namespace roofline::hardware
