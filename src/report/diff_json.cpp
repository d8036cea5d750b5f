// Owns the JSON of differences: field names and what is null (docs/json.md).
// Refuses to round, and to leave out what did not change among the totals.
#include <ostream>

#include "json_parts.hpp"
#include "roofline/report/diff.hpp"

namespace roofline::report {
namespace {

using data::JsonWriter;

void write(JsonWriter& json, const Amount& amount) {
  std::visit([&](const auto& value) { json.value(value); }, amount);
}

void write_totals(JsonWriter& json, const std::vector<Change>& totals) {
  json.key("totals");
  json.begin_object();
  for (const Change& change : totals) {
    json.key(change.metric->field);
    json.begin_object();
    json.key("before");
    write(json, change.before);
    json.key("after");
    write(json, change.after);
    json.key("growth");
    if (change.complete())
      write(json, growth(change.before, change.after));
    else
      json.null();
    json.member("complete", change.complete());
    json.end_object();
  }
  json.end_object();
}

void write_words(JsonWriter& json, std::string_view key, const Words& words) {
  json.key(key);
  json.begin_object();
  json.member("before", words.before);
  json.member("after", words.after);
  json.end_object();
}

std::string_view bytes_key(bool on_machine) {
  return on_machine ? "planned_bytes" : "traffic_bytes";
}

void write_cost(JsonWriter& json, std::string_view key, const std::optional<LayerCost>& cost,
                bool on_machine) {
  json.key(key);
  if (!cost) return json.null();
  json.begin_object();
  json.member("id", cost->id);
  json.member("name", cost->name);
  json.member_or_null("op", cost->op);
  json.member_or_null("output_shape", cost->output);
  if (on_machine) {
    json.member_or_null("dtype", cost->dtype);
    json.member("predicted_latency_s", cost->seconds);
  }
  json.member("macs", cost->macs);
  json.member("flops", cost->flops);
  json.member(bytes_key(on_machine), cost->bytes);
  if (on_machine) json.member("dram_bytes", cost->dram_bytes);
  json.member("parameters", cost->parameters);
  json.member("complete", cost->complete);
  json.end_object();
}

void write_layers(JsonWriter& json, std::string_view key, const std::vector<LayerChange>& changes,
                  bool on_machine) {
  json.key(key);
  json.begin_array();
  for (const LayerChange& change : changes) {
    json.begin_object();
    json.member("change", change.kind());
    json.key("growth");
    json.begin_object();
    if (on_machine) json.member("predicted_latency_s", change.seconds());
    json.member("macs", change.macs());
    json.member("flops", change.flops());
    json.member(bytes_key(on_machine), change.bytes());
    json.member("parameters", change.parameters());
    json.end_object();
    write_cost(json, "before", change.before, on_machine);
    write_cost(json, "after", change.after, on_machine);
    json.end_object();
  }
  json.end_array();
}

void write_result(JsonWriter& json, const ResultDifference& result) {
  json.begin_object();
  begin_hardware(json, result.machine);
  json.end_object();
  json.member("runtime", result.machine.runtime);
  json.member("precision", result.machine.precision);
  json.member_or_null("threads", result.machine.threads);
  json.member("roof", result.machine.roof);
  write_totals(json, result.totals);
  write_words(json, "bound", result.bound);
  write_words(json, "bottleneck", result.bottleneck);
  write_layers(json, "layers", result.layers, true);
  json.end_object();
}

void write_unlocated_note(JsonWriter& json, const Diagnostic& note) {
  json.begin_object();
  json.member("severity", severity_name(note.severity));
  json.member("code", note.code);
  json.member("message", note.message);
  json.member_or_null("hint", note.hint);
  json.end_object();
}

}  // namespace

void render_json(const Difference& difference, std::ostream& out) {
  JsonWriter json(out);
  json.begin_object();
  write_head(json, "difference", kSchemaVersion, difference.tool_version);
  write_words(json, "path", difference.path);
  json.member("equal", difference.empty());
  write_totals(json, difference.totals);
  write_layers(json, "nodes", difference.nodes, false);
  write_list(json, "results", difference.results,
             [&](const ResultDifference& result) { write_result(json, result); });
  write_list(json, "diagnostics", difference.notes,
             [&](const Diagnostic& note) { write_unlocated_note(json, note); });
  json.end_object();
}

}  // namespace roofline::report
