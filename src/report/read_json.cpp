// Owns the reading of saved reports: the field tables mirror those that json.cpp writes.
// Refuses newer schema versions, missing fields, and figures that no report has.
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <unordered_map>

#include "json_fields.hpp"
#include "roofline/data/text_file.hpp"
#include "roofline/report/read.hpp"

namespace roofline::report {
namespace {

using data::JsonNode;

constexpr std::string_view kDefaultDomain = "ai.onnx";

// One value of each type. Null is "none": "" or nullopt.
void read(const JsonNode& json, TensorInfo& tensor);
void read(const JsonNode& json, LevelRow& level);
void read(const JsonNode& json, NodeRow& node);
void read(const JsonNode& json, Diagnostic& diagnostic);
void read(const JsonNode& json, Finding& finding);
void read(const JsonNode& json, ScenarioRow& scenario);
void read(const JsonNode& json, BaseResult& base);
void read(const JsonNode& json, BaseModel& base);
/// A shape: null for sizes that are not known.
void read(const JsonNode& json, std::vector<std::int64_t>& sizes) {
  for (const JsonNode item : json.items()) {
    sizes.push_back(item.is_null() ? -1 : item.integer());
  }
}
void read(const JsonNode& json, std::string& value) { value = json.is_null() ? "" : json.text(); }
void read(const JsonNode& json, bool& value) { value = json.boolean(); }
void read(const JsonNode& json, std::int64_t& value) {
  value = json.integer();
  if (value < 0) json.fail("bad-value", fmt::format("found {}, expected at least 0", value));
}
void read(const JsonNode& json, Count& value) {
  std::int64_t count = 0;
  read(json, count);
  value = count;
}
void read(const JsonNode& json, double& value) {
  value = json.number();
  if (value < 0) json.fail("bad-value", fmt::format("found {}, expected at least 0", value));
}
template <class T>
void read(const JsonNode& json, std::optional<T>& value) {
  value.reset();
  if (!json.is_null()) read(json, value.emplace());
}
template <class T>
void read(const JsonNode& json, std::vector<T>& values) {
  for (const JsonNode item : json.items()) read(item, values.emplace_back());
}
template <class T>
void read(const JsonNode& json, std::map<std::string, T>& values) {
  for (const auto& [key, value] : json.members()) read(value, values[key]);
}
template <class Row, auto Member>
constexpr auto into() {
  return [](const JsonNode& json, Row& row) { read(json, row.*Member); };
}

// TensorInfo::kind points at static text.
constexpr std::array<std::string_view, 5> kTensorKinds = {"tensor", "sequence", "optional", "map",
                                                          "sparse_tensor"};
void read_kind(const JsonNode& json, TensorInfo& tensor) {
  const std::string text = json.text();
  for (const std::string_view kind : kTensorKinds) {
    if (kind == text) tensor.kind = kind;
  }
}

constexpr std::array kTensorFields = {
    Field<TensorInfo>{"name", into<TensorInfo, &TensorInfo::name>(), true},
    Field<TensorInfo>{"kind", read_kind, true},
    Field<TensorInfo>{"dtype", into<TensorInfo, &TensorInfo::dtype>()},
    Field<TensorInfo>{"shape", into<TensorInfo, &TensorInfo::shape>()},
    Field<TensorInfo>{"max_shape", into<TensorInfo, &TensorInfo::max_shape>(), true},
};
void read(const JsonNode& json, TensorInfo& tensor) { read_fields(json, kTensorFields, tensor); }

void read_opsets(const JsonNode& json, ModelInfo& model) {
  for (const auto& [domain, version] : json.members()) {
    model.opsets.emplace_back(domain == kDefaultDomain ? "" : domain,
                              static_cast<int>(version.integer()));
  }
}

template <auto Member>
constexpr Field<ModelInfo> of_model(std::string_view key) {
  return {key, into<ModelInfo, Member>()};
}
constexpr std::array kModelFields = {
    of_model<&ModelInfo::path>("path"),
    of_model<&ModelInfo::name>("name"),
    of_model<&ModelInfo::producer>("producer"),
    of_model<&ModelInfo::ir_version>("ir_version"),
    Field<ModelInfo>{"opsets", read_opsets},
    of_model<&ModelInfo::skeleton_sha256>("skeleton_sha256"),
    of_model<&ModelInfo::nodes>("nodes"),
    of_model<&ModelInfo::parameters>("parameters"),
    of_model<&ModelInfo::weight_bytes>("weight_bytes"),
    of_model<&ModelInfo::inputs>("inputs"),
    of_model<&ModelInfo::outputs>("outputs"),
    of_model<&ModelInfo::dims>("dims"),
};

template <auto Member>
constexpr Field<Coverage> of_coverage(std::string_view key) {
  return {key, into<Coverage, Member>()};
}
constexpr std::array kCoverageFields = {
    of_coverage<&Coverage::exact>("exact"),
    of_coverage<&Coverage::approximate>("approximate"),
    of_coverage<&Coverage::unknown>("unknown"),
    of_coverage<&Coverage::unknown_ops>("unknown_ops"),
};

template <auto Member>
constexpr Field<Totals> of_totals(std::string_view key) {
  return {key, into<Totals, Member>()};
}
constexpr std::array kTotalsFields = {
    of_totals<&Totals::complete>("complete"),
    of_totals<&Totals::macs>("macs"),
    of_totals<&Totals::flops>("flops"),
    of_totals<&Totals::transcendentals>("transcendentals"),
    of_totals<&Totals::activation_read_bytes>("activation_read_bytes"),
    of_totals<&Totals::weight_read_bytes>("weight_read_bytes"),
    of_totals<&Totals::written_bytes>("written_bytes"),
    of_totals<&Totals::traffic_bytes>("traffic_bytes"),
    of_totals<&Totals::intensity>("intensity"),
    of_totals<&Totals::peak_activation_bytes>("peak_activation_bytes"),
    of_totals<&Totals::peak_memory_bytes>("peak_memory_bytes"),
};

void read_domain(const JsonNode& json, NodeRow& node) {
  node.domain = json.text();
  if (node.domain == kDefaultDomain) node.domain.clear();
}

template <auto Member>
constexpr Field<NodeRow> of_node(std::string_view key, bool optional = false) {
  return {key, into<NodeRow, Member>(), optional};
}
constexpr std::array kNodeFields = {
    of_node<&NodeRow::id>("id"),
    of_node<&NodeRow::name>("name"),
    of_node<&NodeRow::op_type>("op_type"),
    Field<NodeRow>{"domain", read_domain},
    of_node<&NodeRow::cls>("class"),
    of_node<&NodeRow::detail>("detail", true),
    of_node<&NodeRow::inputs>("inputs"),
    of_node<&NodeRow::outputs>("outputs"),
    of_node<&NodeRow::macs>("macs"),
    of_node<&NodeRow::flops>("flops"),
    of_node<&NodeRow::transcendentals>("transcendentals"),
    of_node<&NodeRow::activation_read_bytes>("activation_read_bytes"),
    of_node<&NodeRow::weight_read_bytes>("weight_read_bytes"),
    of_node<&NodeRow::written_bytes>("written_bytes"),
    of_node<&NodeRow::traffic_bytes>("traffic_bytes"),
    of_node<&NodeRow::intensity>("intensity"),
    of_node<&NodeRow::parameters>("parameters"),
    of_node<&NodeRow::confidence>("confidence"),
    of_node<&NodeRow::repeat>("repeat"),
    of_node<&NodeRow::live_bytes>("live_bytes"),
};
void read(const JsonNode& json, NodeRow& node) { read_fields(json, kNodeFields, node); }

constexpr std::array kLevelFields = {
    Field<LevelRow>{"name", into<LevelRow, &LevelRow::name>()},
    Field<LevelRow>{"bytes", into<LevelRow, &LevelRow::bytes>()},
    Field<LevelRow>{"seconds", into<LevelRow, &LevelRow::seconds>()},
    Field<LevelRow>{"bytes_per_s", into<LevelRow, &LevelRow::bytes_per_s>(), true},
};
void read(const JsonNode& json, LevelRow& level) { read_fields(json, kLevelFields, level); }

constexpr std::array kFindingFields = {
    Field<Finding>{"node_id", into<Finding, &Finding::node_id>()},
    Field<Finding>{"node", into<Finding, &Finding::node>()},
    Field<Finding>{"what", into<Finding, &Finding::what>()},
};
void read(const JsonNode& json, Finding& finding) { read_fields(json, kFindingFields, finding); }

template <auto Member>
constexpr Field<ScenarioRow> of_outcome(std::string_view key) {
  return {key, [](const JsonNode& json, ScenarioRow& row) { read(json, row.outcome.*Member); }};
}
constexpr std::array kScenarioFields = {
    Field<ScenarioRow>{"scenario", into<ScenarioRow, &ScenarioRow::text>()},
    Field<ScenarioRow>{"summary", into<ScenarioRow, &ScenarioRow::summary>()},
    Field<ScenarioRow>{"changes_results", into<ScenarioRow, &ScenarioRow::changes_results>()},
    Field<ScenarioRow>{"needs_training", into<ScenarioRow, &ScenarioRow::needs_training>()},
    of_outcome<&Outcome::changed>("changed"),
    of_outcome<&Outcome::refused>("refused"),
    of_outcome<&Outcome::warnings>("warnings"),
};
void read(const JsonNode& json, ScenarioRow& row) { read_fields(json, kScenarioFields, row); }

template <auto Member>
constexpr Field<BaseResult> of_base_result(std::string_view key) {
  return {key, into<BaseResult, Member>()};
}
constexpr std::array kBaseResultFields = {
    of_base_result<&BaseResult::complete>("complete"),
    of_base_result<&BaseResult::flops>("flops"),
    of_base_result<&BaseResult::planned_bytes>("planned_bytes"),
    of_base_result<&BaseResult::dram_bytes>("dram_bytes"),
    of_base_result<&BaseResult::peak_memory_bytes>("peak_memory_bytes"),
    of_base_result<&BaseResult::roofline_latency_s>("roofline_latency_s"),
    of_base_result<&BaseResult::predicted_latency_s>("predicted_latency_s"),
    of_base_result<&BaseResult::overhead_s>("overhead_s"),
    of_base_result<&BaseResult::gone_s>("gone_s"),
    of_base_result<&BaseResult::items>("items"),
    of_base_result<&BaseResult::bound>("bound"),
    of_base_result<&BaseResult::bottleneck>("bottleneck"),
};
void read(const JsonNode& json, BaseResult& base) { read_fields(json, kBaseResultFields, base); }

template <auto Member>
constexpr Field<BaseModel> of_base_model(std::string_view key) {
  return {key, into<BaseModel, Member>()};
}
constexpr std::array kBaseModelFields = {
    of_base_model<&BaseModel::complete>("complete"),
    of_base_model<&BaseModel::parameters>("parameters"),
    of_base_model<&BaseModel::weight_bytes>("weight_bytes"),
    of_base_model<&BaseModel::macs>("macs"),
    of_base_model<&BaseModel::flops>("flops"),
    of_base_model<&BaseModel::traffic_bytes>("traffic_bytes"),
    of_base_model<&BaseModel::peak_memory_bytes>("peak_memory_bytes"),
};
void read(const JsonNode& json, BaseModel& base) { read_fields(json, kBaseModelFields, base); }

/// A layer before its nodes are found.
struct LayerInput {
  LayerRow row;
  std::vector<std::string> node_ids;
};

template <auto Member>
constexpr Field<LayerInput> of_layer(std::string_view key, bool optional = false) {
  return {key, [](const JsonNode& json, LayerInput& layer) { read(json, layer.row.*Member); },
          optional};
}
constexpr std::array kLayerFields = {
    of_layer<&LayerRow::id>("id"),
    of_layer<&LayerRow::name>("name"),
    of_layer<&LayerRow::kind>("kind"),
    of_layer<&LayerRow::op>("op"),
    of_layer<&LayerRow::kernel_kind>("kernel"),
    Field<LayerInput>{"layout",
                      [](const JsonNode& json, LayerInput& layer) {
                        layer.row.blocked = json.text() == "blocked";
                      }},
    Field<LayerInput>{"node_ids",
                      [](const JsonNode& json, LayerInput& layer) { read(json, layer.node_ids); }},
    of_layer<&LayerRow::results>("executed_shapes"),
    of_layer<&LayerRow::cls>("class"),
    of_layer<&LayerRow::repeat>("repeat"),
    of_layer<&LayerRow::unit>("unit"),
    of_layer<&LayerRow::dtype>("dtype"),
    of_layer<&LayerRow::complete>("complete"),
    of_layer<&LayerRow::macs>("macs"),
    of_layer<&LayerRow::flops>("flops"),
    of_layer<&LayerRow::planned_bytes>("planned_bytes"),
    of_layer<&LayerRow::dram_bytes>("dram_bytes"),
    of_layer<&LayerRow::levels>("levels"),
    of_layer<&LayerRow::intensity>("intensity"),
    of_layer<&LayerRow::dram_intensity>("dram_intensity"),
    of_layer<&LayerRow::peak_flops_per_s>("peak_flops_per_s", true),
    of_layer<&LayerRow::attainable_flops_per_s>("attainable_flops_per_s"),
    of_layer<&LayerRow::compute_s>("compute_s"),
    of_layer<&LayerRow::memory_s>("memory_s"),
    of_layer<&LayerRow::overhead_s>("overhead_s"),
    of_layer<&LayerRow::roofline_latency_s>("roofline_latency_s"),
    of_layer<&LayerRow::predicted_latency_s>("predicted_latency_s"),
    of_layer<&LayerRow::bound>("bound"),
    of_layer<&LayerRow::bottleneck>("bottleneck"),
    of_layer<&LayerRow::share>("share"),
    of_layer<&LayerRow::base_latency_s>("base_latency_s", true),
    of_layer<&LayerRow::reasons>("reasons"),
};

template <auto Member>
constexpr Field<HardwareInfo> of_hardware(std::string_view key) {
  return {key, into<HardwareInfo, Member>()};
}
constexpr std::array kCalibrationFields = {
    of_hardware<&HardwareInfo::calibration_status>("status"),
    of_hardware<&HardwareInfo::calibration_runtime>("runtime"),
    of_hardware<&HardwareInfo::calibration_version>("version"),
    of_hardware<&HardwareInfo::calibration_date>("date"),
    of_hardware<&HardwareInfo::calibration_error>("error"),
};
constexpr std::array kHardwareFields = {
    of_hardware<&HardwareInfo::id>("id"),
    of_hardware<&HardwareInfo::name>("name"),
    of_hardware<&HardwareInfo::digest>("digest"),
    Field<HardwareInfo>{"calibration",
                        [](const JsonNode& json, HardwareInfo& hardware) {
                          read_fields(json, kCalibrationFields, hardware);
                        }},
};

/// A result whose layers wait for the ids of all nodes.
struct ResultInput {
  Result result;
  std::optional<JsonNode> layers;
};

template <auto Member>
constexpr Field<ResultInput> of_result(std::string_view key, bool optional = false) {
  return {key, [](const JsonNode& json, ResultInput& in) { read(json, in.result.*Member); },
          optional};
}
constexpr std::array kResultTotalsFields = {
    of_result<&Result::complete>("complete"),
    of_result<&Result::macs>("macs"),
    of_result<&Result::flops>("flops"),
    of_result<&Result::planned_bytes>("planned_bytes"),
    of_result<&Result::dram_bytes>("dram_bytes"),
    of_result<&Result::intensity>("intensity"),
    of_result<&Result::dram_intensity>("dram_intensity"),
    of_result<&Result::levels>("levels"),
    of_result<&Result::roofline_latency_s>("roofline_latency_s"),
    of_result<&Result::predicted_latency_s>("predicted_latency_s"),
    of_result<&Result::compute_s>("compute_s"),
    of_result<&Result::memory_s>("memory_s"),
    of_result<&Result::overhead_s>("overhead_s"),
    of_result<&Result::run_overhead_s>("run_overhead_s"),
    of_result<&Result::copy_s>("copy_s", true),
    of_result<&Result::untimed_share>("untimed_share", true),
    of_result<&Result::bound>("bound"),
    of_result<&Result::bottleneck>("bottleneck"),
    of_result<&Result::throughput_per_s>("throughput_per_s"),
    of_result<&Result::peak_memory_bytes>("peak_memory_bytes"),
    of_result<&Result::memory_capacity_bytes>("memory_capacity_bytes"),
    of_result<&Result::fits_in_memory>("fits_in_memory"),
    of_result<&Result::layers_by_bound>("layers_by_bound"),
    of_result<&Result::time_by_bottleneck_s>("time_by_bottleneck_s"),
};
constexpr std::array kResultFields = {
    Field<ResultInput>{"hardware",
                       [](const JsonNode& json, ResultInput& in) {
                         read_fields(json, kHardwareFields, in.result.hardware);
                       }},
    of_result<&Result::runtime>("runtime"),
    of_result<&Result::precision>("precision"),
    Field<ResultInput>{"threads",
                       [](const JsonNode& json, ResultInput& in) {
                         in.result.threads = json.is_null() ? 0 : static_cast<int>(json.integer());
                       }},
    of_result<&Result::roof>("roof"),
    of_result<&Result::ridge_point>("ridge_point"),
    Field<ResultInput>{
        "totals",
        [](const JsonNode& json, ResultInput& in) { read_fields(json, kResultTotalsFields, in); }},
    of_result<&Result::scenarios>("scenarios", true),
    of_result<&Result::base>("base", true),
    Field<ResultInput>{"layers", [](const JsonNode& json, ResultInput& in) { in.layers = json; }},
};

void read_severity(const JsonNode& json, Diagnostic& diagnostic) {
  const std::string text = json.text();
  for (const Severity severity : {Severity::kNote, Severity::kWarning, Severity::kError}) {
    if (severity_name(severity) == text) diagnostic.severity = severity;
  }
}

template <auto Member>
constexpr Field<Diagnostic> of_diagnostic(std::string_view key) {
  return {key, into<Diagnostic, Member>()};
}
constexpr std::array kDiagnosticFields = {
    Field<Diagnostic>{"severity", read_severity},
    of_diagnostic<&Diagnostic::code>("code"),
    of_diagnostic<&Diagnostic::message>("message"),
    of_diagnostic<&Diagnostic::location>("location"),
    of_diagnostic<&Diagnostic::node_id>("node_id"),
    of_diagnostic<&Diagnostic::hint>("hint"),
};
void read(const JsonNode& json, Diagnostic& diagnostic) {
  read_fields(json, kDiagnosticFields, diagnostic);
}

using NodeIndex = std::unordered_map<std::string_view, std::size_t>;

LayerRow read_layer(const JsonNode& json, const NodeIndex& index) {
  LayerInput layer;
  read_fields(json, kLayerFields, layer);
  for (const std::string& id : layer.node_ids) {
    const auto node = index.find(id);
    if (node == index.end()) {
      json.fail("unknown-node", fmt::format("node_ids names '{}', which no node has", id));
    }
    layer.row.nodes.push_back(node->second);
  }
  return std::move(layer.row);
}

void read_results(const JsonNode& json, Report& report) {
  NodeIndex index;
  for (std::size_t i = 0; i < report.nodes.size(); ++i) index.emplace(report.nodes[i].id, i);
  for (const JsonNode item : json.items()) {
    ResultInput in;
    read_fields(item, kResultFields, in);
    for (const JsonNode layer : in.layers->items()) {
      in.result.layers.push_back(read_layer(layer, index));
    }
    report.results.push_back(std::move(in.result));
  }
}

void read_all_tensors(const JsonNode& json, Report& report) {
  report.has_tensors = true;
  for (const auto& [name, type] : json.members()) {
    read(type, report.tensors.emplace_back());
    report.tensors.back().name = name;
  }
}

void check_kind(const JsonNode& root) {
  constexpr std::string_view kHint = "'roofline analyze --format json' writes reports";
  if (!root.is_object() || !root.has("kind") || root.at("kind").text() != "analysis") {
    root.fail("not-a-report", "this is no saved analysis: expected \"kind\": \"analysis\"",
              std::string(kHint));
  }
  const JsonNode version = root.at("schema_version");
  if (version.integer() > kSchemaVersion) {
    version.fail("newer-report",
                 fmt::format("found schema_version {}, expected at most {}", version.integer(),
                             kSchemaVersion),
                 "a newer roofline wrote this: update this one");
  }
}

}  // namespace

Report read_json(std::string text, const std::string& file) {
  const data::JsonDocument document = data::parse_json(std::move(text), file);
  const JsonNode root = document.root();
  check_kind(root);
  Report report;
  report.tool_version = root.at("tool").at("version").text();
  read_fields(root.at("model"), kModelFields, report.model);
  if (root.has("tensors")) read_all_tensors(root.at("tensors"), report);
  read_fields(root.at("coverage"), kCoverageFields, report.coverage);
  read_fields(root.at("totals"), kTotalsFields, report.totals);
  if (root.has("scenarios")) read(root.at("scenarios"), report.scenarios);
  if (root.has("base")) read(root.at("base"), report.base);
  read(root.at("nodes"), report.nodes);
  read_results(root.at("results"), report);
  read(root.at("diagnostics"), report.diagnostics);
  return report;
}

Report read_json_file(const std::string& path) {
  return read_json(data::read_text_file(path, data::kMaxJsonBytes), path);
}

bool is_saved_report(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char first = 0;
  file >> first;  // skips blanks
  return file && first == '{';
}

}  // namespace roofline::report
