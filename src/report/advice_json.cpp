// Owns the JSON of advice: field names and what is null (docs/json.md).
// Refuses to round.
#include <ostream>

#include "json_parts.hpp"
#include "roofline/report/advice.hpp"

namespace roofline::report {
namespace {

using data::JsonWriter;

void write_advice(JsonWriter& json, const Advice& advice) {
  json.begin_object();
  json.member("scenario", advice.scenario);
  json.member("summary", advice.summary);
  json.member("latency_s", advice.latency_s);
  json.member("saved_s", advice.saved_s);
  json.member("added_s", advice.added_s);
  json.member("addresses", advice.addresses);
  json.member("changes_results", advice.changes_results);
  json.member("needs_training", advice.needs_training);
  json.member("peak_memory_bytes", advice.peak_memory_bytes);
  json.member("why", advice.why);
  write_list(json, "layers", advice.layers, [&](const AdvisedLayer& layer) {
    json.begin_object();
    json.member("name", layer.name);
    json.member("before_s", layer.before_s);
    json.member("after_s", layer.after_s);
    json.end_object();
  });
  write_texts(json, "warnings", advice.warnings);
  json.end_object();
}

void write_machine(JsonWriter& json, const MachineAdvice& machine) {
  json.begin_object();
  begin_hardware(json, machine.hardware);
  json.member("calibration", machine.hardware.calibration_status);
  json.end_object();
  json.member("runtime", machine.runtime);
  json.member("precision", machine.precision);
  json.member_or_null("threads", machine.threads);
  json.member("roof", machine.roof);
  json.member("complete", machine.complete);
  json.member("latency_s", machine.latency_s);
  json.member("compute_s", machine.parts.compute_s);
  json.member("memory_s", machine.parts.memory_s);
  json.member("overhead_s", machine.parts.overhead_s);
  json.member("launches", machine.launches);
  json.member("short_launches", machine.short_launches);
  write_list(json, "advice", machine.advice,
             [&](const Advice& advice) { write_advice(json, advice); });
  write_list(json, "pointless", machine.pointless, [&](const PointlessAdvice& pointless) {
    json.begin_object();
    json.member("scenario", pointless.scenario);
    json.member("summary", pointless.summary);
    json.member("why", pointless.why);
    json.end_object();
  });
  write_texts(json, "combination", machine.combination);
  json.member("combined_latency_s", machine.combined_latency_s);
  json.end_object();
}

}  // namespace

void render_json(const AdviceReport& advice, std::ostream& out) {
  JsonWriter json(out);
  json.begin_object();
  write_head(json, "advice", 1, advice.tool_version);
  json.key("model");
  json.begin_object();
  json.member("path", advice.model.path);
  json.member("skeleton_sha256", advice.model.skeleton_sha256);
  write_map(json, "dims", advice.model.dims);
  json.end_object();
  write_list(json, "machines", advice.machines,
             [&](const MachineAdvice& machine) { write_machine(json, machine); });
  write_diagnostics(json, advice.diagnostics);
  json.end_object();
}

}  // namespace roofline::report
