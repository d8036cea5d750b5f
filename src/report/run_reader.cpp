// Owns the reading of how a model is run: the keys that budgets and request files share.
// Refuses keys of its own: whoever calls says which are allowed.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "roofline/hardware/profile.hpp"
#include "roofline/plan/plan.hpp"
#include "roofline/report/run.hpp"

namespace roofline::report {
namespace {

using data::YamlNode;

void read_sizes(const YamlNode& node, infer::Bindings& sizes) {
  const auto size = [](const YamlNode& n) { return read_at_least(n, 0); };
  if (const YamlNode* dims = node.find("dims")) sizes.dims = read_map<std::int64_t>(*dims, size);
  if (const YamlNode* trips = node.find("trip_counts")) {
    sizes.trip_counts = read_map<std::int64_t>(*trips, size);
  }
  if (const YamlNode* shapes = node.find("shapes")) {
    sizes.shapes = read_map<ir::Shape>(
        *shapes, [&](const YamlNode& n) { return read_list<std::int64_t>(n, size); });
  }
  if (const YamlNode* values = node.find("values")) {
    sizes.values = read_map<std::vector<double>>(*values, [](const YamlNode& n) {
      return read_list<double>(n, [](const YamlNode& item) { return item.number(); });
    });
  }
}

}  // namespace

const std::string& read_text(const YamlNode& node) {
  if (node.text().empty()) node.fail("bad-value", fmt::format("'{}' is empty", node.path()));
  return node.text();
}

std::int64_t read_at_least(const YamlNode& node, std::int64_t least) {
  const std::int64_t value = node.integer();
  if (value < least) {
    node.fail("bad-value",
              fmt::format("'{}' is {}; expected at least {}", node.path(), value, least));
  }
  return value;
}

std::string read_hardware(const YamlNode& node, const std::string& file) {
  const std::string& text = read_text(node);
  return hardware::is_file(text) ? resolved(file, text) : text;
}

std::string resolved(const std::string& file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

const std::vector<std::string>& run_keys() {
  static const std::vector<std::string> kKeys = {"model",     "hardware", "runtime",
                                                 "precision", "threads",  "dims",
                                                 "shapes",    "values",   "trip_counts"};
  return kKeys;
}

void read_run(const YamlNode& node, const std::string& file, Run& run) {
  if (const YamlNode* model = node.find("model")) run.model = resolved(file, read_text(*model));
  if (const YamlNode* hardware = node.find("hardware")) {
    run.hardware = read_hardware(*hardware, file);
  }
  if (const YamlNode* runtime = node.find("runtime")) {
    run.runtime = plan::full_runtime_name(runtime->one_of(plan::runtime_names()));
  }
  if (const YamlNode* precision = node.find("precision")) {
    run.precision = precision->one_of(plan::precision_names());
  }
  if (const YamlNode* threads = node.find("threads")) {
    constexpr std::int64_t kMost = 1 << 20;
    run.threads = static_cast<int>(std::min(read_at_least(*threads, 1), kMost));
  }
  read_sizes(node, run.sizes);
}

}  // namespace roofline::report
