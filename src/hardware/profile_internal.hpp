#pragma once
#include <string>

#include "roofline/data/yaml.hpp"
#include "roofline/hardware/profile.hpp"

namespace roofline::hardware {

/// `tree` merged over the profiles it extends, found beside `path` and on the search path.
/// Throws Error "unknown-hardware", "extends-cycle", "duplicate-name" and what parsing throws.
[[nodiscard]] data::YamlNode resolve_extends(data::YamlNode tree, const std::string& path);

/// `over` merged over `base`: mappings key by key, lists of named entries by name, an empty value
/// removes; anything else replaces.
[[nodiscard]] data::YamlNode merge(data::YamlNode base, const data::YamlNode& over);

/// "gpu", "cpu", "npu".
[[nodiscard]] const std::vector<std::string>& machine_kinds();

/// One entry of `calibrations`, merged over the default that it extends.
[[nodiscard]] Calibration read_calibration(const data::YamlNode& node);
/// A file of defaults; its name and path are left empty.
[[nodiscard]] DefaultCalibration read_default(const data::YamlNode& tree);
/// The file of a default on the search path; empty when there is none.
[[nodiscard]] std::string default_file(const std::string& name);

/// A resolved tree as a validated profile; path and digest are left empty.
[[nodiscard]] Profile read_profile(const data::YamlNode& tree);

/// Names without ".yaml" of the YAML files in `directories`, sorted, each once.
[[nodiscard]] std::vector<std::string> yaml_stems(const std::vector<std::string>& directories);

[[nodiscard]] std::string content_digest(const Profile& profile);

/// Hint for an id that is not on the search path: a near one, or the known ones.
[[nodiscard]] std::string unknown_id_hint(const std::string& id);

}  // namespace roofline::hardware
