// Owns the reading of request files: devices, links, stages, and the order in which stages run.
// Refuses to look at any other file, and stages that wait for each other.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "request_operations.hpp"
#include "roofline/base/text.hpp"
#include "roofline/data/text_file.hpp"

namespace roofline {
namespace {

using data::YamlNode;
using report::read_text;
using Names = std::vector<std::string>;

constexpr std::string_view kInputName = "input";
constexpr double kMostRuns = 1e6;

/// Index of the name that `node` is, in a list without repetitions.
std::size_t index_in(const YamlNode& node, const Names& names) {
  const auto found = std::find(names.begin(), names.end(), node.one_of(names));
  return static_cast<std::size_t>(found - names.begin());
}

double read_quantity(const YamlNode& node, Unit unit, std::string_view example) {
  const std::optional<double> value = parse_quantity(node.text(), unit);
  if (!value || *value < 0) {
    node.fail("bad-value",
              fmt::format("'{}' is '{}'; expected a quantity such as '{}'", node.path(),
                          ellipsize(printable(node.text()), 40), example));
  }
  return *value;
}

/// A whole number with its unit.
Count read_count(const YamlNode& node, Unit unit, std::string_view example) {
  constexpr double kMost = 9e18;
  const double value = read_quantity(node, unit, example);
  if (value > kMost) node.fail("bad-value", fmt::format("'{}' is too large", node.path()));
  return static_cast<std::int64_t>(value);
}

ir::TensorType read_tensor(const YamlNode& node) {
  ir::TensorType type{.dtype = read_dtype(node.at("dtype", "as in uint8"))};
  type.shape = report::read_list<std::int64_t>(
      node.at("shape", "sizes of every axis, as in [1080, 1920, 3]"),
      [](const YamlNode& item) { return report::read_at_least(item, 0); });
  try {
    (void)type.bytes();
  } catch (const OverflowError&) {
    node.fail("bad-value", fmt::format("'{}' has more than 2^63-1 bytes", node.path()));
  }
  return type;
}

class Reader {
 public:
  Reader(const YamlNode& root, const std::string& path) : root_(root), file_{.path = path} {}

  RequestFile read() {
    root_.allow_only(Names{"name", "devices", "links", "input", "stages"});
    file_.name = read_text(root_.at("name", "what the request is called"));
    read_devices(root_.at("devices", "machines by name, as in {gpu: v100, cpu: xeon-6148}"));
    if (const YamlNode* links = root_.find("links")) {
      for (const YamlNode& link : links->items()) read_link(link);
    }
    read_input(root_.at("input",
                        "what a request brings, as in {on: cpu, dtype: uint8, shape: "
                        "[1080, 1920, 3]}"));
    const YamlNode& list = root_.at("stages", "what is done with the input, in order");
    if (list.items().empty()) list.fail("no-stage", "'stages' is empty: nothing would be priced");
    read_names(list);
    for (const YamlNode& item : list.items()) read_stage(item);
    sort_stages();
    finish_copies();
    return std::move(file_);
  }

 private:
  void read_devices(const YamlNode& map) {
    for (std::size_t i = 0; i < map.keys().size(); ++i) {
      const YamlNode& value = map.values()[i];
      RequestDevice device{.name = map.keys()[i], .run = {}, .location = value.location()};
      constexpr std::string_view kAllowed =
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
      if (device.name.find_first_not_of(kAllowed) != std::string::npos || device.name.empty()) {
        value.fail("bad-name",
                   fmt::format("device '{}': expected letters, digits, '_', '-' and '.'",
                               printable(device.name)));
      }
      if (value.is_scalar()) {
        device.run.hardware = report::read_hardware(value, file_.path);
      } else {
        value.allow_only(Names{"hardware", "runtime", "precision", "threads"});
        (void)value.at("hardware", "an id of 'roofline hardware list', or a file");
        report::read_run(value, file_.path, device.run);
      }
      device_names_.push_back(device.name);
      file_.devices.push_back(std::move(device));
    }
    if (file_.devices.empty()) map.fail("no-device", "'devices' is empty: nothing could run");
  }

  void read_link(const YamlNode& node) {
    node.allow_only(Names{"between", "bandwidth", "latency", "zero_copy"});
    const YamlNode& between = node.at("between", "two devices, as in [cpu, gpu]");
    RequestLink link;
    const auto ends = report::read_list<std::size_t>(
        between, [&](const YamlNode& item) { return index_in(item, device_names_); });
    if (ends.size() != 2 || ends[0] == ends[1]) {
      between.fail("bad-link", fmt::format("'{}': expected two devices", between.path()));
    }
    link.between = {std::min(ends[0], ends[1]), std::max(ends[0], ends[1])};
    for (const RequestLink& other : file_.links) {
      if (other.between == link.between) {
        node.fail("bad-link",
                  fmt::format("'{}': the link between '{}' and '{}' is given twice", node.path(),
                              device_names_[link.between[0]], device_names_[link.between[1]]));
      }
    }
    if (const YamlNode* bandwidth = node.find("bandwidth")) {
      link.bytes_per_s = read_quantity(*bandwidth, Unit::kBytePerSecond, "12 GB/s");
      if (*link.bytes_per_s == 0) bandwidth->fail("bad-value", "the bandwidth of a link is 0");
    }
    if (const YamlNode* latency = node.find("latency")) {
      link.latency_s = read_quantity(*latency, Unit::kSecond, "10 us");
    }
    if (const YamlNode* zero_copy = node.find("zero_copy")) link.zero_copy = zero_copy->boolean();
    if (link.zero_copy && (link.bytes_per_s || link.latency_s > 0)) {
      node.fail("bad-link", fmt::format("'{}': where nothing is copied, a bandwidth or latency has "
                                        "no effect",
                                        node.path()));
    }
    file_.links.push_back(link);
  }

  void read_input(const YamlNode& node) {
    node.allow_only(Names{"on", "dtype", "shape"});
    RequestStage input{.name = std::string(kInputName), .kind = std::string(kInputName)};
    input.device = index_in(node.at("on", "the device where it arrives"), device_names_);
    input.output = read_tensor(node);
    input.location = node.location();
    file_.stages.push_back(std::move(input));
    stage_names_.emplace_back(kInputName);
  }

  void read_names(const YamlNode& list) {
    std::set<std::string> seen(stage_names_.begin(), stage_names_.end());
    for (const YamlNode& item : list.items()) {
      const YamlNode& name = item.at("name", "what the stage is called");
      stage_names_.push_back(read_text(name));
      if (!seen.insert(stage_names_.back()).second) {
        name.fail("duplicate-name", fmt::format("'{}': there is a '{}' already", name.path(),
                                                printable(stage_names_.back())));
      }
    }
  }

  void read_stage(const YamlNode& node) {
    RequestStage stage{.name = node.at("name").text(), .kind = read_kind(node)};
    stage.location = node.location();
    read_work(node, node.at(stage.kind), stage);
    stage.after = {file_.stages.size() - 1};
    if (const YamlNode* after = node.find("after")) {
      stage.after = report::read_list<std::size_t>(
          *after, [&](const YamlNode& item) { return stage_index(item); });
      if (stage.after.empty())
        after->fail("bad-value", fmt::format("'{}' is empty", after->path()));
    }
    if (const YamlNode* runs = node.find("runs")) {
      stage.runs = runs->number();
      if (!(stage.runs >= 0 && stage.runs <= kMostRuns)) {
        runs->fail("bad-value", fmt::format("'{}' is {}; expected 0 to {}", runs->path(),
                                            stage.runs, kMostRuns));
      }
    }
    const auto tensor = [&](std::string_view key) -> std::optional<ir::TensorType> {
      const YamlNode* given = node.find(key);
      if (given == nullptr) return std::nullopt;
      given->allow_only(Names{"dtype", "shape"});
      return read_tensor(*given);
    };
    stage.input = tensor("input");
    stage.output = tensor("output");
    file_.stages.push_back(std::move(stage));
  }

  std::size_t stage_index(const YamlNode& node) {
    if (stage_indices_.empty()) {
      for (std::size_t i = 0; i < stage_names_.size(); ++i) stage_indices_[stage_names_[i]] = i;
    }
    const auto found = stage_indices_.find(node.text());
    if (found == stage_indices_.end()) (void)node.one_of(stage_names_);  // which fails
    return found->second;
  }

  /// The key that says what the stage does.
  std::string read_kind(const YamlNode& node) const {
    Names kinds = {"model"};
    for (const OperationKind& kind : operation_kinds()) kinds.emplace_back(kind.name);
    kinds.insert(kinds.end(), {"copy", "custom", "time"});
    Names found;
    std::copy_if(kinds.begin(), kinds.end(), std::back_inserter(found),
                 [&](const std::string& kind) { return node.find(kind) != nullptr; });
    if (found.size() > 1) {
      node.fail("bad-stage",
                fmt::format("'{}' does several things: {}", node.path(), join(found, ", ")),
                "make a stage of each");
    }
    Names keys = {"name", "on", "after", "runs", "input", "output"};
    if (found.empty()) {
      keys.insert(keys.end(), kinds.begin(), kinds.end());
      node.allow_only(keys);
      node.fail("bad-stage", fmt::format("'{}' does nothing; expected one of {}", node.path(),
                                         join(kinds, ", ")));
    }
    keys.push_back(found.front());
    if (found.front() == "model") {
      for (const std::string& key : report::run_keys()) {
        if (key != "hardware") keys.push_back(key);
      }
    }
    if (found.front() == "copy") keys = {"name", "copy", "after", "output"};
    node.allow_only(keys);
    return found.front();
  }

  /// `value` stands under the stage's kind.
  void read_work(const YamlNode& node, const YamlNode& value, RequestStage& stage) {
    if (stage.kind == "copy") {
      value.allow_only(Names{"to"});
      stage.device = index_in(value.at("to", "a device"), device_names_);
      stage.work = RequestStage::Copy{};
      return;
    }
    stage.device = index_in(node.at("on", "the device that it runs on"), device_names_);
    if (stage.kind == "model") {
      RequestStage::Model model{file_.devices[stage.device].run};
      report::read_run(node, file_.path, model.run);
      stage.work = std::move(model);
    } else if (stage.kind == "custom") {
      stage.work = read_custom(value);
    } else if (stage.kind == "time") {
      stage.work = RequestStage::Measured{read_quantity(value, Unit::kSecond, "1.2 ms")};
    } else {
      for (const OperationKind& kind : operation_kinds()) {
        if (kind.name == stage.kind) stage.work = kind.read(value);
      }
    }
  }

  static RequestStage::Custom read_custom(const YamlNode& node) {
    node.allow_only(Names{"flops", "read_bytes", "write_bytes"});
    return {.flops = read_count(node.at("flops"), Unit::kFlop, "5 MFLOP"),
            .read_bytes = read_count(node.at("read_bytes"), Unit::kByte, "6.2 MB"),
            .write_bytes = read_count(node.at("write_bytes"), Unit::kByte, "1.2 MB")};
  }

  /// Into an order in which every stage stands behind what it waits for; of those that could run,
  /// the first of the file.
  void sort_stages() {
    std::vector<RequestStage>& stages = file_.stages;
    std::vector<std::size_t> waits(stages.size());
    std::vector<std::vector<std::size_t>> followers(stages.size());
    for (std::size_t i = 0; i < stages.size(); ++i) {
      waits[i] = stages[i].after.size();
      for (const std::size_t before : stages[i].after) followers[before].push_back(i);
    }
    std::set<std::size_t> ready = {0};  // the input, which all others follow
    std::vector<std::size_t> order;
    while (!ready.empty()) {
      order.push_back(*ready.begin());
      ready.erase(ready.begin());
      for (const std::size_t next : followers[order.back()]) {
        if (--waits[next] == 0) ready.insert(next);
      }
    }
    if (order.size() < stages.size()) fail_cycle(waits);
    std::vector<std::size_t> position(stages.size());
    for (std::size_t i = 0; i < order.size(); ++i) position[order[i]] = i;
    std::vector<RequestStage> sorted;
    for (const std::size_t i : order) {
      for (std::size_t& before : stages[i].after) before = position[before];
      sorted.push_back(std::move(stages[i]));
    }
    stages = std::move(sorted);
  }

  /// Names one circle among the stages that still wait.
  [[noreturn]] void fail_cycle(const std::vector<std::size_t>& waits) const {
    const auto waiting = [&](std::size_t i) { return waits[i] > 0; };
    std::size_t at = 0;
    while (!waiting(at)) ++at;
    std::vector<std::size_t> path;
    std::set<std::size_t> seen;
    while (seen.insert(at).second) {  // ends where it comes back
      path.push_back(at);
      const auto& after = file_.stages[at].after;
      at = *std::find_if(after.begin(), after.end(), waiting);
    }
    path.erase(path.begin(), std::find(path.begin(), path.end(), at));
    constexpr std::size_t kShown = 5;
    std::string text = fmt::format("'{}'", printable(file_.stages[at].name));
    for (std::size_t i = 1; i < path.size() && i < kShown; ++i) {
      text += fmt::format(", which waits for '{}'", printable(file_.stages[path[i]].name));
    }
    if (path.size() > kShown) text += ", ...";
    if (path.size() > 1)
      text += fmt::format(", which waits for '{}'", printable(file_.stages[at].name));
    throw Error("cycle", file_.stages[at].location,
                path.size() > 1 ? "stages wait for each other: " + text
                                : "stage " + text + " waits for itself",
                "take a stage out of one 'after'");
  }

  /// A copy moves what one stage hands on, all runs of it, to another device.
  void finish_copies() {
    for (RequestStage& stage : file_.stages) {
      if (stage.kind != "copy") continue;
      const auto fail = [&](std::string message, std::string hint = {}) {
        throw Error("bad-copy", stage.location, std::move(message), std::move(hint));
      };
      if (stage.after.size() > 1) {
        fail(fmt::format("stage '{}' copies what {} stages hand on", printable(stage.name),
                         stage.after.size()),
             "make a stage of each");
      }
      const RequestStage& maker = file_.stages[stage.after.front()];
      stage.runs = maker.runs;
      if (maker.device == stage.device) {
        fail(fmt::format("stage '{}' copies to '{}', where its input is already",
                         printable(stage.name), device_names_[stage.device]));
      }
    }
  }

  const YamlNode& root_;
  RequestFile file_;
  Names device_names_ = {};  ///< parallel to RequestFile::devices
  Names stage_names_ = {};   ///< in the order of the file, the input first
  std::map<std::string, std::size_t> stage_indices_ = {};
};

}  // namespace

RequestFile read_request(std::string_view text, const std::string& path) {
  return Reader(data::parse_yaml(text, path), path).read();
}

RequestFile read_request_file(const std::string& path) {
  return read_request(data::read_text_file(path, data::kMaxYamlBytes), path);
}

}  // namespace roofline
