// Owns the JSON of requests: field names and what is null (docs/json.md).
// Refuses to round.
#include <ostream>

#include "json_parts.hpp"
#include "roofline/report/request.hpp"

namespace roofline::report {
namespace {

using data::JsonWriter;

void write_stage(JsonWriter& json, const StageRow& stage) {
  json.begin_object();
  json.member("name", stage.name);
  json.member("kind", stage.kind);
  json.member_or_null("model", stage.model);
  json.member("on", stage.on);
  json.member("runs", stage.runs);
  json.member("complete", stage.complete);
  json.member("start_s", stage.start_s);
  json.member("latency_s", stage.latency_s);
  json.member("share", stage.share);
  json.member("critical", stage.critical);
  json.member("bottleneck", stage.bottleneck);
  json.member_or_null("calibration", stage.calibration);
  json.member("copied_bytes", stage.copied_bytes);
  json.end_object();
}

void write_resource(JsonWriter& json, const ResourceRow& resource) {
  json.member("name", resource.name);
  json.member("busy_s", resource.busy_s);
  json.member("utilisation", resource.utilisation);
}

void write_device(JsonWriter& json, const DeviceRow& device) {
  json.begin_object();
  write_resource(json, device);
  begin_hardware(json, device.hardware);
  json.end_object();
  json.member("runtime", device.runtime);
  json.member("precision", device.precision);
  json.member_or_null("threads", device.threads);
  json.end_object();
}

void write_link(JsonWriter& json, const LinkRow& link) {
  json.begin_object();
  write_resource(json, link);
  json.member("bytes_per_s", link.bytes_per_s);
  json.member("latency_s", link.latency_s);
  json.member("source", link.source);
  json.end_object();
}

}  // namespace

void render_json(const RequestReport& report, std::ostream& out) {
  JsonWriter json(out);
  json.begin_object();
  write_head(json, "request", kSchemaVersion, report.tool_version);
  json.member("path", report.path);
  json.member("name", report.name);
  json.member("input", report.input);
  json.member("input_on", report.input_on);
  json.member("complete", report.complete);
  json.member("serial_latency_s", report.serial_latency_s);
  json.member("throughput_per_s", report.throughput_per_s);
  json.member_or_null("bottleneck", report.bottleneck);
  json.member_or_null("bottleneck_stage", report.bottleneck_stage);
  json.member("in_flight", report.in_flight);
  write_list(json, "stages", report.stages, [&](const auto& item) { write_stage(json, item); });
  write_list(json, "devices", report.devices, [&](const auto& item) { write_device(json, item); });
  write_list(json, "links", report.links, [&](const auto& item) { write_link(json, item); });
  write_diagnostics(json, report.diagnostics);
  json.end_object();
}

}  // namespace roofline::report
