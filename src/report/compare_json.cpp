// Owns the JSON of comparisons: field names and what is null (docs/json.md).
// Refuses to round.
#include <ostream>

#include "json_parts.hpp"
#include "roofline/report/compare.hpp"

namespace roofline::report {
namespace {

using data::JsonWriter;

void write_model(JsonWriter& json, const ComparedModel& model) {
  json.begin_object();
  json.member("path", model.path);
  json.member("skeleton_sha256", model.skeleton_sha256);
  json.member("nodes", model.nodes);
  json.member("parameters", model.parameters);
  json.member("macs", model.macs);
  json.member("flops", model.flops);
  json.member("complete", model.complete);
  json.end_object();
}

void write_run(JsonWriter& json, const ComparedRun& run) {
  json.begin_object();
  json.member("model", run.model);
  begin_hardware(json, run.hardware);
  json.member("calibration", run.hardware.calibration_status);
  json.end_object();
  json.member("runtime", run.runtime);
  json.member("precision", run.precision);
  json.member_or_null("threads", run.threads);
  json.member("roof", run.roof);
  json.member("complete", run.complete);
  json.member("predicted_latency_s", run.predicted_latency_s);
  json.member("roofline_latency_s", run.roofline_latency_s);
  json.member("throughput_per_s", run.throughput_per_s);
  json.member("speedup", run.speedup);
  json.member("attained", run.attained);
  json.member("bound", run.bound);
  json.member("bottleneck", run.bottleneck);
  json.member("memory_share", run.memory_share);
  json.member("compute_share", run.compute_share);
  json.member("overhead_share", run.overhead_share);
  json.member("peak_memory_bytes", run.peak_memory_bytes);
  json.member("memory_capacity_bytes", run.memory_capacity_bytes);
  json.member("fits_in_memory", run.fits_in_memory);
  json.end_object();
}

void write_layer(JsonWriter& json, const BoundChange& layer) {
  json.begin_object();
  json.member("model", layer.model);
  json.member("id", layer.id);
  json.member("name", layer.name);
  json.member("op", layer.op);
  json.key("runs");
  json.begin_array();
  for (const LayerOnRun& run : layer.runs) {
    json.begin_object();
    json.member("run", run.run);
    json.member("bound", run.bound);
    json.member("predicted_latency_s", run.seconds);
    json.member("share", run.share);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void write_note(JsonWriter& json, const Diagnostic& note) {
  json.begin_object();
  json.member("severity", severity_name(note.severity));
  json.member("code", note.code);
  json.member("message", note.message);
  json.member_or_null("location", note.location);
  json.member_or_null("hint", note.hint);
  json.end_object();
}

}  // namespace

void render_json(const Comparison& comparison, std::ostream& out) {
  JsonWriter json(out);
  json.begin_object();
  write_head(json, "comparison", kSchemaVersion, comparison.tool_version);
  write_list(json, "models", comparison.models, [&](const auto& item) { write_model(json, item); });
  write_list(json, "runs", comparison.runs, [&](const auto& item) { write_run(json, item); });
  write_list(json, "layers", comparison.layers, [&](const auto& item) { write_layer(json, item); });
  write_list(json, "diagnostics", comparison.notes,
             [&](const auto& item) { write_note(json, item); });
  json.end_object();
}

}  // namespace roofline::report
