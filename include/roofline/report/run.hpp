#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "roofline/data/yaml.hpp"
#include "roofline/infer/infer.hpp"

namespace roofline::report {

/// How a model is run, as YAML files say it.
struct Run {
  std::string model;                ///< file of a model or saved report; "" when none is named
  std::string hardware;             ///< id or file; "" for figures that need no machine
  std::string runtime = "basic";    ///< as Plan::runtime
  std::string precision = "as-is";  ///< as Plan::precision
  int threads = 0;                  ///< 0: all cores
  infer::Bindings sizes = {};
};
/// Runs that are equal here are priced once.
[[nodiscard]] bool operator<(const Run& a, const Run& b);

/// Keys that read_run reads: "model", "hardware", those of the machine's use, those of sizes.
[[nodiscard]] const std::vector<std::string>& run_keys();
/// What stands in `node` replaces what `run` says; keys of others are left alone. Paths are
/// relative to the directory of `file`; those read are relative to the working directory. Throws
/// Error.
void read_run(const data::YamlNode& node, const std::string& file, Run& run);

// Values of such files; each throws Error with file:line:column.
/// Anything but the empty text.
[[nodiscard]] const std::string& read_text(const data::YamlNode& node);
[[nodiscard]] std::int64_t read_at_least(const data::YamlNode& node, std::int64_t least);
/// An id, or a path as resolved() gives it.
[[nodiscard]] std::string read_hardware(const data::YamlNode& node, const std::string& file);
/// A path in `file`, as seen from the working directory.
[[nodiscard]] std::string resolved(const std::string& file, const std::string& path);

template <class T, class Read>
[[nodiscard]] std::vector<T> read_list(const data::YamlNode& node, Read read) {
  std::vector<T> list;
  for (const data::YamlNode& item : node.items()) list.push_back(read(item));
  return list;
}

template <class T, class Read>
[[nodiscard]] std::map<std::string, T> read_map(const data::YamlNode& node, Read read) {
  std::map<std::string, T> map;
  for (std::size_t i = 0; i < node.keys().size(); ++i) {
    map[node.keys()[i]] = read(node.values()[i]);
  }
  return map;
}

}  // namespace roofline::report
