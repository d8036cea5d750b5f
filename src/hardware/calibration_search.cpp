// Owns which calibration holds for a machine and a runtime, and where defaults are.
// Refuses to read a default that nobody asks for: names say which runtime they are for.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <mutex>

#include "profile_internal.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"

namespace roofline::hardware {
namespace {

namespace fs = std::filesystem;

std::string family_of(const std::string& kind, const std::string& runtime) {
  return fmt::format("{}-{}", kind, runtime.substr(0, runtime.find(':')));
}

/// NAME is the family, or the family, '-' and anything.
bool is_in_family(std::string_view name, std::string_view family) {
  return name.starts_with(family) && (name.size() == family.size() || name[family.size()] == '-');
}

/// `loaded` with the name of its file, which says what it is for.
DefaultCalibration named(DefaultCalibration loaded, const std::string& path) {
  loaded.path = path;
  loaded.name = fs::path(path).stem().string();
  const std::string family = family_of(loaded.kind, loaded.calibration.runtime);
  if (is_in_family(loaded.name, family)) return loaded;
  throw Error(
      "id-mismatch", loaded.path,
      fmt::format("a default of kind '{}' for '{}' is named '{}'; expected '{}' or '{}-...'",
                  loaded.kind, printable(loaded.calibration.runtime), printable(loaded.name),
                  printable(family), printable(family)),
      "rename the file, or change its kind or runtime");
}

/// How far apart two numbers of threads are; a calibration of several numbers is near to all.
double distance(int calibrated, int asked) {
  constexpr double kSeveral = 1e-9;  // only an exact match is nearer
  if (calibrated == asked) return 0;
  if (calibrated == 0 || asked == 0) return kSeveral;
  return std::fabs(std::log2(static_cast<double>(calibrated) / asked));
}

const Calibration* own_calibration(const Profile& profile, const std::string& runtime,
                                   int threads) {
  if (threads == 0 && profile.cores) threads = static_cast<int>(profile.cores->value);
  const Calibration* best = nullptr;
  for (const Calibration& c : profile.calibrations) {
    if (c.runtime != runtime) continue;
    if (best == nullptr || distance(c.threads, threads) < distance(best->threads, threads)) {
      best = &c;
    }
  }
  return best;
}

/// The default, or with the terms that were fitted to this very machine.
const Calibration& on_machine(const DefaultCalibration& common, const std::string& id) {
  const auto own = common.machines.find(id);
  if (own == common.machines.end()) return common.calibration;
  static std::mutex mutex;
  static std::map<std::pair<const DefaultCalibration*, std::string>, Calibration> known;
  const std::lock_guard lock(mutex);
  const auto [at, is_new] = known.try_emplace({&common, id}, common.calibration);
  if (is_new) {
    at->second.terms = own->second;
    at->second.is_default = false;
  }
  return at->second;
}

/// The defaults of a family, by name. Looked for once on each search path: pricing a model does not
/// touch the disk.
const std::vector<const DefaultCalibration*>& defaults_of(const std::string& family) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::string>, std::vector<const DefaultCalibration*>>
      known;
  const std::lock_guard lock(mutex);
  const auto [at, is_new] = known.try_emplace({join(search_path(), ":"), family});
  if (!is_new) return at->second;
  try {
    for (const std::string& name : list_defaults()) {
      if (is_in_family(name, family)) at->second.push_back(&find_default(name));
    }
  } catch (...) {
    known.erase(at);  // a broken file is reported each time
    throw;
  }
  return at->second;
}

}  // namespace

std::string default_file(const std::string& name) {
  for (const std::string& directory : search_path()) {
    const fs::path file = fs::path(directory) / "defaults" / (name + ".yaml");
    std::error_code missing;
    if (fs::is_regular_file(file, missing)) return file.string();
  }
  return {};
}

std::vector<std::string> list_defaults() {
  std::vector<std::string> directories = search_path();
  for (std::string& directory : directories) directory += "/defaults";
  return yaml_stems(directories);
}

DefaultCalibration load_default(const std::string& path) {
  return named(read_default(data::parse_yaml_file(path)), path);
}

DefaultCalibration load_default_text(std::string_view yaml, const std::string& path) {
  return named(read_default(data::parse_yaml(yaml, path)), path);
}

const DefaultCalibration& find_default(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const DefaultCalibration>> loaded;
  const std::string file = default_file(name);
  if (file.empty()) {
    throw Error("unknown-calibration", "",
                fmt::format("there is no default calibration '{}'", printable(name)),
                did_you_mean_hint(name, list_defaults()));
  }
  const std::lock_guard lock(mutex);
  auto& entry = loaded[file];
  if (!entry) entry = std::make_unique<const DefaultCalibration>(load_default(file));
  return *entry;
}

const Calibration* find_calibration(const Profile& profile, const std::string& runtime,
                                    int threads) {
  if (const Calibration* own = own_calibration(profile, runtime, threads)) return own;
  const DefaultCalibration* best = nullptr;
  for (const DefaultCalibration* candidate : defaults_of(family_of(profile.kind, runtime))) {
    const auto& fits = candidate->architectures;
    const bool specific = std::find(fits.begin(), fits.end(), profile.architecture) != fits.end();
    if (candidate->calibration.runtime != runtime || (!specific && !fits.empty())) continue;
    if (best == nullptr || (specific && best->architectures.empty())) best = candidate;
  }
  return best == nullptr ? nullptr : &on_machine(*best, profile.id);
}

}  // namespace roofline::hardware
