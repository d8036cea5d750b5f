// Owns lists of devices that share a model: reading and finding them.
// Refuses lists that leave a node without a device, or two devices without a link.
#include "roofline/hardware/backends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "field_reader.hpp"
#include "profile_internal.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"

namespace roofline::hardware {
namespace {

namespace fs = std::filesystem;
using data::YamlNode;

constexpr Quantity kBandwidth = {Unit::kBytePerSecond, "68 GB/s"};
constexpr Quantity kLatency = {Unit::kSecond, "5 us", true};
constexpr Quantity kSize = {std::nullopt, "4096", false, 1e12};
constexpr Quantity kSteps = {std::nullopt, "2", false, 1e6};

struct Limit {
  std::string_view key;
  std::int64_t BackendLimits::*member;
};
constexpr std::array kLimits = {
    Limit{"batch", &BackendLimits::batch},   Limit{"axis", &BackendLimits::axis},
    Limit{"rank", &BackendLimits::rank},     Limit{"kernel", &BackendLimits::kernel},
    Limit{"stride", &BackendLimits::stride},
};

BackendLimits read_limits(const YamlNode& node, const FactReader& facts) {
  Names keys;
  for (const Limit& limit : kLimits) keys.emplace_back(limit.key);
  node.allow_only(keys);
  BackendLimits limits;
  for (const Limit& limit : kLimits) {
    const auto fact = facts.optional(node, limit.key, kSize);
    if (fact) limits.*limit.member = static_cast<std::int64_t>(fact->value);
  }
  return limits;
}

std::vector<ir::DType> read_dtypes(const YamlNode& list) {
  std::vector<ir::DType> dtypes;
  for (const YamlNode& item : list.items()) {
    const auto dtype = ir::dtype_from_name(item.text());
    if (!dtype) {
      item.fail("bad-value",
                fmt::format("'{}' is '{}'; expected an element type of ONNX", item.path(),
                            ellipsize(printable(item.text()), 40)),
                "such as float32, float16, int8");
    }
    dtypes.push_back(*dtype);
  }
  return dtypes;
}

Backend read_device(const YamlNode& node, const FactReader& facts) {
  static const Names kKeys = {"hardware", "ops",         "except", "dtypes",
                              "limits",   "least_steps", "source"};
  node.allow_only(kKeys);
  Backend device;
  device.hardware =
      read_name(node.at("hardware", "the id of a profile, or 'machine' for the one analysed"));
  if (const YamlNode* list = node.find("ops")) device.ops = read_texts(*list);
  if (const YamlNode* list = node.find("except")) device.except = read_texts(*list);
  if (const YamlNode* list = node.find("dtypes")) device.dtypes = read_dtypes(*list);
  if (const YamlNode* limits = node.find("limits")) device.limits = read_limits(*limits, facts);
  if (const YamlNode* least = node.find("least_steps")) {
    device.least_steps = static_cast<int>(read_value(*least, kSteps));
  }
  if (!device.ops.empty() || !device.except.empty() || !device.dtypes.empty()) {
    static_cast<void>(facts.source(node, "write {source: ID}: what a device runs needs one"));
  }
  return device;
}

std::vector<Backend> read_devices(const YamlNode& node, const FactReader& facts) {
  std::vector<Backend> devices;
  for (const YamlNode& item : node.items()) {
    devices.push_back(read_device(item, facts));
    for (std::size_t i = 0; i + 1 < devices.size(); ++i) {
      if (devices[i].hardware != devices.back().hardware) continue;
      item.fail("duplicate-name",
                fmt::format("'{}' has two entries for '{}'", node.path(), devices.back().hardware),
                "remove one");
    }
  }
  if (devices.size() < 2) {
    node.fail("too-few-devices",
              fmt::format("'devices' has {}; expected two or more", devices.size()));
  }
  if (!devices.back().takes_all()) {
    node.items().back().fail(
        "no-fallback",
        fmt::format("the last device, '{}', does not take everything", devices.back().hardware),
        "end the list with one without ops, except, dtypes, limits and least_steps");
  }
  return devices;
}

std::vector<Link> read_links(const YamlNode& node, const FactReader& facts,
                             const std::vector<Backend>& devices) {
  static const Names kKeys = {"between", "bandwidth", "latency"};
  Names ids;
  for (const Backend& device : devices) ids.push_back(device.hardware);
  std::vector<Link> links;
  for (const YamlNode& item : node.items()) {
    item.allow_only(kKeys);
    const YamlNode& between = item.at("between", "the ids of two devices");
    if (between.items().size() != 2) {
      between.fail("bad-value", fmt::format("'{}' has {} ids; expected two", between.path(),
                                            between.items().size()));
    }
    links.push_back({between.items()[0].one_of(ids), between.items()[1].one_of(ids),
                     facts.required(item, "bandwidth", kBandwidth),
                     facts.required(item, "latency", kLatency)});
  }
  for (std::size_t a = 0; a < ids.size(); ++a) {
    for (std::size_t b = a + 1; b < ids.size(); ++b) {
      const auto joins = [&](const Link& link) {
        return (link.a == ids[a] && link.b == ids[b]) || (link.a == ids[b] && link.b == ids[a]);
      };
      const auto count = std::count_if(links.begin(), links.end(), joins);
      if (count == 1) continue;
      node.fail(
          count == 0 ? "missing-link" : "duplicate-name",
          fmt::format("'links' has {} between '{}' and '{}'; expected one", count, ids[a], ids[b]));
    }
  }
  return links;
}

Backends read_backends(const YamlNode& tree) {
  static const Names kKeys = {"id", "name", "sources", "devices", "links"};
  tree.allow_only(kKeys);
  Backends backends;
  backends.id = read_name(tree.at("id", "the name of the file without .yaml"));
  backends.name = read_text(tree.at("name"));
  const FactReader facts(tree.at("sources", "a mapping of source ids to citations"));
  backends.sources = facts.sources();
  backends.devices =
      read_devices(tree.at("devices", "a list of devices in order of preference"), facts);
  backends.links = read_links(tree.at("links", "a list with an entry for each two devices"), facts,
                              backends.devices);
  return backends;
}

Backends load(const std::string& path) {
  Backends backends = read_backends(data::parse_yaml_file(path));
  backends.path = path;
  return backends;
}

}  // namespace

bool Backend::takes_all() const {
  const bool unlimited = std::all_of(kLimits.begin(), kLimits.end(), [&](const Limit& limit) {
    return limits.*limit.member == BackendLimits::kNone;
  });
  return ops.empty() && except.empty() && dtypes.empty() && unlimited && least_steps <= 1;
}

const Link& Backends::link(std::string_view a, std::string_view b) const {
  return *std::find_if(links.begin(), links.end(), [&](const Link& link) {
    return (link.a == a && link.b == b) || (link.a == b && link.b == a);
  });
}

Backends load_backends_text(std::string_view yaml, const std::string& path) {
  Backends backends = read_backends(data::parse_yaml(yaml, path));
  backends.path = path;
  return backends;
}

std::vector<std::string> list_backends() {
  std::vector<std::string> directories = search_path();
  for (std::string& directory : directories) directory += "/backends";
  return yaml_stems(directories);
}

Backends find_backends(const std::string& name_or_path) {
  if (is_file(name_or_path)) return load(name_or_path);
  for (const std::string& directory : search_path()) {
    const fs::path file = fs::path(directory) / "backends" / (name_or_path + ".yaml");
    std::error_code missing;
    if (!fs::is_regular_file(file, missing)) continue;
    Backends backends = load(file.string());
    if (backends.id == name_or_path) return backends;
    throw Error("id-mismatch", file.string(),
                fmt::format("the list's id is '{}'; expected the name of its file, '{}'",
                            backends.id, name_or_path),
                "rename the file or change the id");
  }
  std::string hint = did_you_mean_hint(name_or_path, list_backends());
  if (hint.empty()) {
    hint = fmt::format("known: {}; or give the path of a .yaml file", join(list_backends(), ", "));
  }
  throw Error(ExitCode::kUsage,
              Diagnostic{Severity::kError, "unknown-backends",
                         fmt::format("there is no list of backends '{}'", printable(name_or_path)),
                         hint, "", ""});
}

}  // namespace roofline::hardware
