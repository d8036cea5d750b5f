// Owns the JSON of our own runners (docs/validate.md).
// Refuses versions it does not know; a row that cannot be read is left out.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "measurement_reader.hpp"
#include "roofline/base/text.hpp"

namespace roofline::calibrate {
namespace {

using data::JsonNode;

constexpr std::string_view kKind = "roofline-measurements";
constexpr std::int64_t kSchemaVersion = 1;

std::string optional_text(const JsonNode& node, std::string_view key) {
  return node.has(key) && !node.at(key).is_null() ? node.at(key).text() : "";
}

std::optional<double> optional_number(const JsonNode& node, std::string_view key) {
  if (!node.has(key) || node.at(key).is_null()) return std::nullopt;
  return node.at(key).number();
}

int small_count(const JsonNode& node) {
  const std::int64_t value = node.integer();
  if (value < 0 || value > std::numeric_limits<int>::max()) {
    node.fail("bad-value", fmt::format("{} is no count", value));
  }
  return static_cast<int>(value);
}

MeasuredNode measured_node(const JsonNode& json) {
  MeasuredNode node;
  node.name = json.at("name").text();
  node.op = json.at("op").text();
  node.seconds = json.at("seconds").number();
  if (json.has("runs")) node.runs = small_count(json.at("runs"));
  for (const JsonNode shape : json.at("outputs").items()) {
    node.outputs.emplace_back();
    for (const JsonNode size : shape.items()) node.outputs.back().push_back(size.integer());
  }
  return node;
}

/// `row` comes with what the file says of all rows.
Measurement measurement(const JsonNode& json, Measurement row) {
  row.line = json.line();
  row.model = json.at("model").text();
  row.seconds = json.at("median_s", "seconds of one run").number();
  row.p10_s = optional_number(json, "p10_s");
  row.p90_s = optional_number(json, "p90_s");
  row.source = optional_text(json, "source");
  if (json.has("dims")) {
    for (const auto& [name, size] : json.at("dims").members()) row.dims[name] = size.integer();
  }
  if (json.has("round_medians_s")) {
    for (const JsonNode round : json.at("round_medians_s").items()) {
      row.round_medians_s.push_back(round.number());
    }
  }
  if (json.has("nodes") && !json.at("nodes").is_null()) {
    for (const JsonNode node : json.at("nodes").items()) row.nodes.push_back(measured_node(node));
  }
  return row;
}

void check_kind(const JsonNode& root) {
  const JsonNode kind = root.at("kind");
  if (!kind.is_string() || kind.text() != kKind) {
    kind.fail("unknown-format", fmt::format("this JSON is not of kind '{}'", kKind),
              "tools/measure-onnxruntime writes it");
  }
  const JsonNode version = root.at("schema_version");
  if (version.integer() != kSchemaVersion) {
    version.fail("schema-version",
                 fmt::format("measurements of schema version {}; this program reads version {}",
                             version.integer(), kSchemaVersion),
                 "use the runner that came with this program");
  }
}

/// What holds for all rows.
Measurement common(const JsonNode& root) {
  Measurement row;
  row.hardware = optional_text(root, "hardware");
  row.runtime = optional_text(root, "runtime");
  const std::string level = optional_text(root, "level");
  if (!level.empty()) row.runtime += ":" + level;
  row.version = optional_text(root, "runtime_version");
  row.precision = optional_text(root, "precision");
  if (root.has("threads")) row.threads = small_count(root.at("threads"));
  return row;
}

}  // namespace

void read_own_json(const JsonNode& root, Collector& collector) {
  check_kind(root);
  collector.file().machine = optional_text(root, "machine");
  collector.file().date = optional_text(root, "date");
  const Measurement shared = common(root);
  for (const JsonNode row : root.at("rows", "a list of measurements").items()) {
    try {
      collector.add(measurement(row, shared), row.location());
    } catch (const Error& error) {
      collector.reject(error.diagnostic().location, error.diagnostic().message);
    }
  }
  if (!root.has("failures")) return;
  for (const JsonNode failure : root.at("failures").items()) {
    collector.note(Severity::kWarning, "not-measured",
                   fmt::format("'{}' was not measured: {}",
                               ellipsize(printable(failure.at("model").text()), 60),
                               ellipsize(printable(failure.at("error").text()), 300)),
                   failure.location());
  }
}

}  // namespace roofline::calibrate
