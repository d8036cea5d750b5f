// Owns a sweep as JSON and CSV (docs/json.md).
// Refuses to leave a size out.
#include <ostream>

#include "roofline/data/csv_writer.hpp"
#include "roofline/data/json_writer.hpp"
#include "roofline/report/sweep.hpp"

namespace roofline::report {
namespace {

using data::JsonWriter;

void write_point(JsonWriter& json, const SweepPoint& point) {
  const Result& r = point.result;
  json.begin_object();
  json.member("value", point.value);
  json.member("complete", r.complete);
  json.member("predicted_latency_s", r.predicted_latency_s);
  json.member("throughput_per_s", point.throughput_per_s);
  json.member("roofline_latency_s", r.roofline_latency_s);
  json.member("compute_s", r.compute_s);
  json.member("memory_s", r.memory_s);
  json.member("overhead_s", r.overhead_s);
  json.member("macs", r.macs);
  json.member("flops", r.flops);
  json.member("planned_bytes", r.planned_bytes);
  json.member("dram_bytes", r.dram_bytes);
  json.member("intensity", r.intensity);
  json.member("ridge_point", r.ridge_point);
  json.member("peak_memory_bytes", r.peak_memory_bytes);
  json.member("memory_capacity_bytes", r.memory_capacity_bytes);
  json.member("fits_in_memory", r.fits_in_memory);
  json.member("bound", r.bound);
  json.member("bottleneck", r.bottleneck);
  json.end_object();
}

void write_crossing(JsonWriter& json, const SweepCrossing& crossing) {
  json.begin_object();
  json.member_or_null("layer_id", crossing.layer_id);
  json.member_or_null("layer", crossing.layer);
  json.member("value", crossing.value);
  json.member("from", crossing.from);
  json.member("to", crossing.to);
  json.end_object();
}

void write_series(JsonWriter& json, const SweepSeries& series) {
  const Result& r = series.points.front().result;
  json.begin_object();
  json.member("hardware", r.hardware.id);
  json.member("hardware_name", r.hardware.name);
  json.member("digest", r.hardware.digest);
  json.member("calibration_status", r.hardware.calibration_status);
  json.member("runtime", r.runtime);
  json.member("precision", r.precision);
  json.member_or_null("threads", r.threads);
  json.member("roof", r.roof);
  write_map(json, "dims", series.dims);
  json.member("layers", series.layers);
  json.member("largest_that_fits", series.largest_that_fits);
  json.key("best");
  if (series.best)
    json.value(series.points[*series.best].value);
  else
    json.null();
  write_list(json, "points", series.points,
             [&](const SweepPoint& point) { write_point(json, point); });
  write_list(json, "crossings", series.crossings,
             [&](const SweepCrossing& crossing) { write_crossing(json, crossing); });
  json.end_object();
}

}  // namespace

void render_json(const Sweep& sweep, std::ostream& out) {
  JsonWriter json(out);
  json.begin_object();
  write_head(json, "sweep", kSchemaVersion, sweep.tool_version);
  json.key("model");
  json.begin_object();
  json.member("path", sweep.model.path);
  json.member("name", sweep.model.name);
  json.member("nodes", sweep.model.nodes);
  json.member("parameters", sweep.model.parameters);
  json.end_object();
  json.key("axis");
  json.begin_object();
  json.member("name", sweep.axis);
  json.member("counts_items", sweep.counts_items);
  json.end_object();
  json.member("max_latency_s", sweep.max_latency_s);
  write_list(json, "series", sweep.series,
             [&](const SweepSeries& series) { write_series(json, series); });
  write_diagnostics(json, sweep.diagnostics);
  json.end_object();
}

void render_csv(const Sweep& sweep, std::ostream& out) {
  std::string text = "hardware,runtime,precision,dims," + sweep.axis +
                     ",predicted_latency_s,throughput_per_s,roofline_latency_s,compute_s,memory_s,"
                     "overhead_s,macs,flops,planned_bytes,dram_bytes,intensity,ridge_point,"
                     "peak_memory_bytes,fits_in_memory,bound,bottleneck\r\n";
  for (const SweepSeries& series : sweep.series) {
    std::string dims;
    for (const auto& [name, size] : series.dims) {
      dims += (dims.empty() ? "" : " ") + name + "=" + std::to_string(size);
    }
    for (const SweepPoint& point : series.points) {
      const Result& r = point.result;
      data::CsvRecord record(text);
      record.text(r.hardware.id);
      record.text(r.runtime);
      record.text(r.precision);
      record.text(dims);
      record.number(Count(point.value));
      record.number(r.predicted_latency_s);
      record.number(point.throughput_per_s);
      record.number(r.roofline_latency_s);
      record.number(r.compute_s);
      record.number(r.memory_s);
      record.number(r.overhead_s);
      record.number(r.macs);
      record.number(r.flops);
      record.number(r.planned_bytes);
      record.number(r.dram_bytes);
      record.number(r.intensity);
      record.number(r.ridge_point);
      record.number(r.peak_memory_bytes);
      record.text(!r.fits_in_memory ? "" : *r.fits_in_memory ? "true" : "false");
      record.text(r.bound);
      record.text(r.bottleneck);
      record.end();
    }
  }
  out << text;
}

}  // namespace roofline::report
