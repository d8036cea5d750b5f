// Owns the JSON contract: field names, units, and what is null (docs/json.md).
// Refuses to round, to shorten names, and to hold the document in memory.
#include <map>
#include <set>

#include "json_parts.hpp"
#include "roofline/report/render.hpp"

namespace roofline::report {
namespace {

using data::JsonWriter;

std::string_view domain_name(std::string_view domain) {
  return domain.empty() ? "ai.onnx" : domain;
}

/// Empty texts mean "none" or "not known" in these fields.
void write_shape(JsonWriter& json, std::string_view key,
                 const std::optional<std::vector<std::int64_t>>& shape) {
  json.key(key);
  if (!shape) return json.null();
  json.begin_array();
  for (const std::int64_t size : *shape) {
    if (size < 0)
      json.null();
    else
      json.value(size);
  }
  json.end_array();
}

void write_type(JsonWriter& json, const TensorInfo& tensor) {
  if (tensor.kind != "tensor") json.member("kind", tensor.kind);
  json.member("dtype", tensor.dtype);
  write_shape(json, "shape", tensor.shape);
  if (tensor.max_shape) write_shape(json, "max_shape", tensor.max_shape);
}

void write_tensors(JsonWriter& json, std::string_view key, const std::vector<TensorInfo>& tensors) {
  json.key(key);
  json.begin_array();
  for (const TensorInfo& tensor : tensors) {
    json.begin_object();
    json.member("name", tensor.name);
    write_type(json, tensor);
    json.end_object();
  }
  json.end_array();
}

void write_model(JsonWriter& json, const ModelInfo& model) {
  json.key("model");
  json.begin_object();
  json.member("path", model.path);
  json.member("name", model.name);
  json.member("producer", model.producer);
  json.member("ir_version", model.ir_version);
  std::map<std::string, std::int64_t> opsets;
  for (const auto& [domain, version] : model.opsets) {
    opsets.emplace(domain_name(domain), version);
  }
  write_map(json, "opsets", opsets);
  json.member("skeleton_sha256", model.skeleton_sha256);
  json.member("nodes", model.nodes);
  json.member("parameters", model.parameters);
  json.member("weight_bytes", model.weight_bytes);
  write_tensors(json, "inputs", model.inputs);
  write_tensors(json, "outputs", model.outputs);
  write_map(json, "dims", model.dims);
  json.end_object();
}

void write_all_tensors(JsonWriter& json, const std::vector<TensorInfo>& tensors) {
  json.key("tensors");
  json.begin_object();
  std::set<std::string_view> written;  // a key must not repeat, whatever the model says
  for (const TensorInfo& tensor : tensors) {
    if (!written.insert(tensor.name).second) continue;
    json.key(tensor.name);
    json.begin_object();
    write_type(json, tensor);
    json.end_object();
  }
  json.end_object();
}

void write_coverage(JsonWriter& json, const Coverage& coverage) {
  json.key("coverage");
  json.begin_object();
  json.member("exact", coverage.exact);
  json.member("approximate", coverage.approximate);
  json.member("unknown", coverage.unknown);
  write_texts(json, "unknown_ops", coverage.unknown_ops);
  json.end_object();
}

void write_totals(JsonWriter& json, const Totals& totals) {
  json.key("totals");
  json.begin_object();
  json.member("complete", totals.complete);
  json.member("macs", totals.macs);
  json.member("flops", totals.flops);
  json.member("transcendentals", totals.transcendentals);
  json.member("activation_read_bytes", totals.activation_read_bytes);
  json.member("weight_read_bytes", totals.weight_read_bytes);
  json.member("written_bytes", totals.written_bytes);
  json.member("traffic_bytes", totals.traffic_bytes);
  json.member("intensity", totals.intensity);
  json.member("peak_activation_bytes", totals.peak_activation_bytes);
  json.member("peak_memory_bytes", totals.peak_memory_bytes);
  json.end_object();
}

void write_node(JsonWriter& json, const NodeRow& node) {
  json.begin_object();
  json.member("id", node.id);
  json.member("name", node.name);
  json.member("op_type", node.op_type);
  json.member("domain", domain_name(node.domain));
  json.member("class", node.cls);
  json.member_or_null("detail", node.detail);
  write_texts(json, "inputs", node.inputs);
  write_tensors(json, "outputs", node.outputs);
  json.member("macs", node.macs);
  json.member("flops", node.flops);
  json.member("transcendentals", node.transcendentals);
  json.member("activation_read_bytes", node.activation_read_bytes);
  json.member("weight_read_bytes", node.weight_read_bytes);
  json.member("written_bytes", node.written_bytes);
  json.member("traffic_bytes", node.traffic_bytes);
  json.member("intensity", node.intensity);
  json.member("parameters", node.parameters);
  json.member("confidence", node.confidence);
  json.member("repeat", node.repeat);
  json.member("live_bytes", node.live_bytes);
  json.end_object();
}

void write_hardware(JsonWriter& json, const HardwareInfo& hardware) {
  begin_hardware(json, hardware);
  json.key("calibration");
  json.begin_object();
  json.member("status", hardware.calibration_status);
  json.member_or_null("runtime", hardware.calibration_runtime);
  json.member_or_null("version", hardware.calibration_version);
  json.member_or_null("date", hardware.calibration_date);
  json.member("error", hardware.calibration_error);
  json.end_object();
  json.end_object();
}

void write_levels(JsonWriter& json, const std::vector<LevelRow>& levels) {
  json.key("levels");
  json.begin_array();
  for (const LevelRow& level : levels) {
    json.begin_object();
    json.member("name", level.name);
    json.member("bytes", level.bytes);
    json.member("seconds", level.seconds);
    json.member("bytes_per_s", level.bytes_per_s);
    json.end_object();
  }
  json.end_array();
}

void write_result_totals(JsonWriter& json, const Result& result) {
  json.key("totals");
  json.begin_object();
  json.member("complete", result.complete);
  json.member("macs", result.macs);
  json.member("flops", result.flops);
  json.member("planned_bytes", result.planned_bytes);
  json.member("dram_bytes", result.dram_bytes);
  json.member("intensity", result.intensity);
  json.member("dram_intensity", result.dram_intensity);
  write_levels(json, result.levels);
  json.member("roofline_latency_s", result.roofline_latency_s);
  json.member("predicted_latency_s", result.predicted_latency_s);
  json.member("compute_s", result.compute_s);
  json.member("memory_s", result.memory_s);
  json.member("overhead_s", result.overhead_s);
  json.member("run_overhead_s", result.run_overhead_s);
  json.member("copy_s", result.copy_s);
  json.member("untimed_share", result.untimed_share);
  json.member("bound", result.bound);
  json.member("bottleneck", result.bottleneck);
  json.member("throughput_per_s", result.throughput_per_s);
  json.member("peak_memory_bytes", result.peak_memory_bytes);
  json.member("memory_capacity_bytes", result.memory_capacity_bytes);
  json.member("fits_in_memory", result.fits_in_memory);
  write_map(json, "layers_by_bound", result.layers_by_bound);
  write_map(json, "time_by_bottleneck_s", result.time_by_bottleneck_s);
  json.end_object();
}

void write_shapes(JsonWriter& json, std::string_view key,
                  const std::vector<std::vector<std::int64_t>>& shapes) {
  json.key(key);
  json.begin_array();
  for (const std::vector<std::int64_t>& shape : shapes) {
    json.begin_array();
    for (const std::int64_t size : shape) {
      if (size >= 0)
        json.value(size);
      else
        json.null();
    }
    json.end_array();
  }
  json.end_array();
}

void write_layer(JsonWriter& json, const Report& report, const LayerRow& layer) {
  json.begin_object();
  json.member("id", layer.id);
  json.member("name", layer.name);
  json.member("kind", layer.kind);
  json.member_or_null("op", layer.op);
  json.member_or_null("kernel", layer.kernel_kind);
  json.member("layout", layer.blocked ? "blocked" : "plain");
  json.key("node_ids");
  json.begin_array();
  for (const std::size_t n : layer.nodes) json.value(report.nodes[n].id);
  json.end_array();
  write_shapes(json, "executed_shapes", layer.results);
  json.member("class", layer.cls);
  json.member("repeat", layer.repeat);
  json.member_or_null("unit", layer.unit);
  json.member_or_null("dtype", layer.dtype);
  json.member("complete", layer.complete);
  json.member("macs", layer.macs);
  json.member("flops", layer.flops);
  json.member("planned_bytes", layer.planned_bytes);
  json.member("dram_bytes", layer.dram_bytes);
  write_levels(json, layer.levels);
  json.member("intensity", layer.intensity);
  json.member("dram_intensity", layer.dram_intensity);
  json.member("peak_flops_per_s", layer.peak_flops_per_s);
  json.member("attainable_flops_per_s", layer.attainable_flops_per_s);
  json.member("compute_s", layer.compute_s);
  json.member("memory_s", layer.memory_s);
  json.member("overhead_s", layer.overhead_s);
  json.member("roofline_latency_s", layer.roofline_latency_s);
  json.member("predicted_latency_s", layer.predicted_latency_s);
  json.member("bound", layer.bound);
  json.member("bottleneck", layer.bottleneck);
  json.member("share", layer.share);
  if (layer.base_latency_s) json.member("base_latency_s", *layer.base_latency_s);
  write_texts(json, "reasons", layer.reasons);
  json.end_object();
}

void write_findings(JsonWriter& json, std::string_view key, const std::vector<Finding>& findings) {
  write_list(json, key, findings, [&](const Finding& finding) {
    json.begin_object();
    json.member_or_null("node_id", finding.node_id);
    json.member("node", finding.node);
    json.member("what", finding.what);
    json.end_object();
  });
}

void write_scenarios(JsonWriter& json, const std::vector<ScenarioRow>& scenarios) {
  write_list(json, "scenarios", scenarios, [&](const ScenarioRow& row) {
    json.begin_object();
    json.member("scenario", row.text);
    json.member("summary", row.summary);
    json.member("changes_results", row.changes_results);
    json.member("needs_training", row.needs_training);
    write_findings(json, "changed", row.outcome.changed);
    write_findings(json, "refused", row.outcome.refused);
    write_texts(json, "warnings", row.outcome.warnings);
    json.end_object();
  });
}

void write_base(JsonWriter& json, const BaseModel& base) {
  json.key("base");
  json.begin_object();
  json.member("complete", base.complete);
  json.member("parameters", base.parameters);
  json.member("weight_bytes", base.weight_bytes);
  json.member("macs", base.macs);
  json.member("flops", base.flops);
  json.member("traffic_bytes", base.traffic_bytes);
  json.member("peak_memory_bytes", base.peak_memory_bytes);
  json.end_object();
}

void write_base(JsonWriter& json, const BaseResult& base) {
  json.key("base");
  json.begin_object();
  json.member("complete", base.complete);
  json.member("flops", base.flops);
  json.member("planned_bytes", base.planned_bytes);
  json.member("dram_bytes", base.dram_bytes);
  json.member("peak_memory_bytes", base.peak_memory_bytes);
  json.member("roofline_latency_s", base.roofline_latency_s);
  json.member("predicted_latency_s", base.predicted_latency_s);
  json.member("overhead_s", base.overhead_s);
  json.member("gone_s", base.gone_s);
  json.member("items", base.items);
  json.member("bound", base.bound);
  json.member("bottleneck", base.bottleneck);
  json.end_object();
}

void write_result(JsonWriter& json, const Report& report, const Result& result, Detail detail) {
  json.begin_object();
  write_hardware(json, result.hardware);
  json.member("runtime", result.runtime);
  json.member("precision", result.precision);
  json.member_or_null("threads", result.threads);
  json.member("roof", result.roof);
  json.member("ridge_point", result.ridge_point);
  write_result_totals(json, result);
  if (result.base) {
    write_scenarios(json, result.scenarios);
    write_base(json, *result.base);
  }
  if (detail == Detail::kLayers) {
    write_list(json, "layers", result.layers,
               [&](const LayerRow& layer) { write_layer(json, report, layer); });
  }
  json.end_object();
}

}  // namespace

void render_json(const Report& report, std::ostream& out, data::JsonLayout layout, Detail detail) {
  JsonWriter json(out, layout);
  json.begin_object();
  const bool layers = detail == Detail::kLayers;
  write_head(json, layers ? "analysis" : "totals", kSchemaVersion, report.tool_version);
  write_model(json, report.model);
  if (report.has_tensors) write_all_tensors(json, report.tensors);
  write_coverage(json, report.coverage);
  write_totals(json, report.totals);
  if (report.base) {
    write_scenarios(json, report.scenarios);
    write_base(json, *report.base);
  }
  if (layers) {
    write_list(json, "nodes", report.nodes, [&](const NodeRow& node) { write_node(json, node); });
  }
  write_list(json, "results", report.results,
             [&](const Result& result) { write_result(json, report, result, detail); });
  write_diagnostics(json, report.diagnostics);
  json.end_object();
}

void render_failure(const std::string& path, const Diagnostic& diagnostic,
                    std::string_view tool_version, std::ostream& out) {
  JsonWriter json(out, data::JsonLayout::kOneLine);
  json.begin_object();
  write_head(json, "failure", kSchemaVersion, tool_version);
  json.member("path", path);
  json.key("diagnostic");
  write_diagnostic(json, diagnostic);
  json.end_object();
}

}  // namespace roofline::report
