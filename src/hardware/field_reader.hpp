#pragma once
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/units.hpp"
#include "roofline/data/yaml.hpp"
#include "roofline/hardware/profile.hpp"

namespace roofline::hardware {

using Names = std::vector<std::string>;

/// What a number may be.
struct Quantity {
  std::optional<Unit> unit;  ///< nullopt: a whole number
  std::string_view example;
  bool zero_allowed = false;
  double most = std::numeric_limits<double>::infinity();
};

[[nodiscard]] double read_value(const data::YamlNode& node, const Quantity& quantity);
/// A number within `range`, with the unit that the end of `name` stands for (_s, _hz), or bare.
[[nodiscard]] double read_ranged(const data::YamlNode& node, std::string_view name,
                                 const Range& range);
/// Lower-case letters, digits, '.', '_' and '-'.
[[nodiscard]] const std::string& read_name(const data::YamlNode& node);
/// Anything but the empty text.
[[nodiscard]] const std::string& read_text(const data::YamlNode& node);
[[nodiscard]] std::vector<std::string> read_names(const data::YamlNode& list);
[[nodiscard]] std::vector<std::string> read_texts(const data::YamlNode& list);
/// "fp64", "fp32", ...
[[nodiscard]] const Names& precision_names();

/// Unit of a parameter by the end of its name; nullopt for a bare number.
[[nodiscard]] std::optional<Unit> unit_of(std::string_view name);

/// Reads numbers against the list of sources of the same profile.
class FactReader {
 public:
  explicit FactReader(const data::YamlNode& sources);

  [[nodiscard]] Fact required(const data::YamlNode& parent, std::string_view key,
                              const Quantity& quantity) const;
  [[nodiscard]] std::optional<Fact> optional(const data::YamlNode& parent, std::string_view key,
                                             const Quantity& quantity) const;
  /// The id under 'source', which is listed.
  [[nodiscard]] const std::string& source(const data::YamlNode& parent, std::string hint) const;
  [[nodiscard]] const std::map<std::string, std::string>& sources() const { return sources_; }

 private:
  [[nodiscard]] Fact read(const data::YamlNode& node, const Quantity& quantity) const;
  [[noreturn]] void unknown_source(const data::YamlNode& source) const;

  std::map<std::string, std::string> sources_;
  Names ids_;
};

}  // namespace roofline::hardware
