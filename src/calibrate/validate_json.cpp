// Owns the JSON of a validation: field names, units, and what is null (docs/validate.md).
// Refuses to round.
#include "roofline/calibrate/validate.hpp"
#include "roofline/data/json_writer.hpp"

namespace roofline::calibrate {
namespace {

using data::JsonWriter;

void write_accuracy(JsonWriter& json, std::string_view key, const Accuracy& accuracy) {
  json.key(key);
  json.begin_object();
  json.member("mape", accuracy.mape);
  json.member("median", accuracy.median);
  json.member("bias", accuracy.bias);
  json.member("worst", accuracy.worst);
  json.member("within_10", accuracy.within_10);
  json.member("within_20", accuracy.within_20);
  json.member("within_30", accuracy.within_30);
  json.member("tau", accuracy.tau);
  json.end_object();
}

/// Empty texts mean that rows differ.
void write_group(JsonWriter& json, const GroupAccuracy& group) {
  json.begin_object();
  json.member_or_null("hardware", group.hardware);
  json.member_or_null("runtime", group.runtime);
  json.member_or_null("precision", group.precision);
  json.member("rows", group.predicted.rows);
  write_accuracy(json, "predicted", group.predicted);
  write_accuracy(json, "roofline", group.roofline);
  json.member("repeat_error", group.repeat_error);
  json.end_object();
}

void write_machines(JsonWriter& json, const Validation& validation) {
  json.key("machine_order");
  json.begin_object();
  json.member("pairs", validation.machines.pairs - validation.machines.measured_ties);
  json.member("predicted", validation.machines.ordered());
  json.member("roofline", validation.machines_by_roofline.ordered());
  json.end_object();
}

void write_kinds(JsonWriter& json, const Validation& validation) {
  json.key("kernels");
  json.begin_array();
  for (const KindAccuracy& kind : validation.kinds) {
    json.begin_object();
    json.member("kernel", kind.kernel);
    json.member("layers", kind.layers);
    json.member("measured_s", kind.measured_s);
    json.member("predicted_s", kind.predicted_s);
    json.member("absolute_error_s", kind.absolute_error_s);
    json.member("share", kind.share);
    json.end_object();
  }
  json.end_array();
}

void write_layer(JsonWriter& json, const LayerPair& layer, bool is_measured) {
  json.begin_object();
  json.member("name", layer.name);
  json.member("op", layer.op);
  json.member_or_null("kernel", layer.kernel);
  json.member("bound", layer.bound);
  if (is_measured) json.member("measured_s", layer.time.measured_s);
  json.member("predicted_s", layer.time.predicted_s);
  json.member("roofline_s", layer.roofline_s);
  if (is_measured) {
    json.member("intensity", layer.intensity);
    json.member("attained_flops_per_s", layer.attained_flops_per_s);
    json.member("attainable_flops_per_s", layer.attainable_flops_per_s);
  }
  json.end_object();
}

void write_layers(JsonWriter& json, const LayerComparison& comparison) {
  json.begin_object();
  json.member("measured_s", comparison.measured_s);
  json.member("matched_share", comparison.matched_share());
  json.member("error", comparison.error());
  write_list(json, "matched", comparison.layers,
             [&](const LayerPair& layer) { write_layer(json, layer, true); });
  json.key("unmatched_nodes");
  json.begin_array();
  for (const MeasuredNode& node : comparison.unmatched_nodes) {
    json.begin_object();
    json.member("name", node.name);
    json.member_or_null("op", node.op);
    json.member("measured_s", node.seconds);
    json.end_object();
  }
  json.end_array();
  write_list(json, "unmatched_layers", comparison.unmatched_layers,
             [&](const LayerPair& layer) { write_layer(json, layer, false); });
  json.end_object();
}

void write_row(JsonWriter& json, const ValidatedRow& row) {
  json.begin_object();
  json.member("model", row.model);
  json.member("hardware", row.hardware);
  json.member("runtime", row.runtime);
  json.member_or_null("version", row.version);
  json.member("precision", row.precision);
  json.member_or_null("threads", row.threads);
  write_map(json, "dims", row.dims);
  json.member("measured_s", row.time.measured_s);
  json.member("predicted_s", row.time.predicted_s);
  json.member("error", row.time.error());
  json.member("roofline_s", row.roofline_s);
  json.member("roofline_error", row.roofline().error());
  json.member("repeat_error", row.repeat_error);
  json.member("noisy", row.noisy);
  json.member("complete", row.complete);
  json.member("calibration", row.calibration);
  json.member_or_null("source", row.source);
  json.key("layers");
  if (row.layers)
    write_layers(json, *row.layers);
  else
    json.null();
  json.end_object();
}

}  // namespace

void render_json(const Validation& validation, std::string_view tool_version, std::ostream& out) {
  JsonWriter json(out);
  json.begin_object();
  write_head(json, "validation", kValidationSchemaVersion, tool_version);
  json.member("roof", validation.roof);
  json.key("total");
  write_group(json, validation.total);
  write_list(json, "groups", validation.groups,
             [&](const GroupAccuracy& group) { write_group(json, group); });
  write_machines(json, validation);
  write_kinds(json, validation);
  write_list(json, "rows", validation.rows, [&](const ValidatedRow& row) { write_row(json, row); });
  write_diagnostics(json, validation.diagnostics);
  json.end_object();
}

}  // namespace roofline::calibrate
