#pragma once
#include <string>

#include "roofline/data/yaml.hpp"
#include "roofline/hardware/profile.hpp"

namespace roofline::hardware {

/// `tree` merged over the profiles it extends, found beside `path` and on the search path.
/// Throws Error "unknown-hardware", "extends-cycle", "duplicate-name" and what parsing throws.
[[nodiscard]] data::YamlNode resolve_extends(data::YamlNode tree, const std::string& path);

/// A resolved tree as a validated profile; path and digest are left empty.
[[nodiscard]] Profile read_profile(const data::YamlNode& tree);

[[nodiscard]] std::string content_digest(const Profile& profile);

/// Hint for an id that is not on the search path: a near one, or the known ones.
[[nodiscard]] std::string unknown_id_hint(const std::string& id);

}  // namespace roofline::hardware
