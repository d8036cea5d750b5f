// Owns the CSV tables: RFC 4180, one row per layer and machine, or per node without machines; or
// totals, one row per model and machine. Refuses units in cells and names that span lines.
#include <ostream>

#include "format.hpp"
#include "roofline/data/csv_writer.hpp"
#include "roofline/report/render.hpp"

namespace roofline::report {
namespace {

/// Lines are handed to the stream in pieces of about this size.
constexpr std::size_t kFlushBytes = std::size_t{64} << 10U;

constexpr std::string_view kNodeHeader =
    "id,name,op_type,domain,class,output_shape,macs,flops,transcendentals,activation_read_bytes,"
    "weight_read_bytes,written_bytes,traffic_bytes,intensity,parameters,confidence,repeat,"
    "live_bytes\r\n";
constexpr std::string_view kLayerHeader =
    "hardware,runtime,precision,id,name,kind,node_ids,op_types,class,output_shape,unit,dtype,macs,"
    "flops,planned_bytes,dram_bytes,intensity,dram_intensity,attainable_flops_per_s,compute_s,"
    "memory_s,overhead_s,roofline_latency_s,predicted_latency_s,bound,bottleneck,share,repeat\r\n";

constexpr std::string_view kModelHeader = "model,";
constexpr std::string_view kTotalsHeader =
    "model,complete,nodes,parameters,weight_bytes,macs,flops,transcendentals,"
    "activation_read_bytes,weight_read_bytes,written_bytes,traffic_bytes,intensity,"
    "peak_activation_bytes,peak_memory_bytes\r\n";
constexpr std::string_view kResultHeader =
    "model,hardware,runtime,precision,complete,nodes,parameters,weight_bytes,macs,flops,"
    "planned_bytes,dram_bytes,intensity,dram_intensity,roofline_latency_s,predicted_latency_s,"
    "compute_s,memory_s,overhead_s,bound,bottleneck,throughput_per_s,peak_memory_bytes,"
    "memory_capacity_bytes,fits_in_memory,calibration\r\n";

/// Which model a row is of, in a table of many; nullptr in a table of one.
using Path = const std::string*;

void append_node(const NodeRow& node, Path path, std::string& out) {
  data::CsvRecord record(out);
  if (path != nullptr) record.text(*path);
  record.text(node.id);
  record.text(node.name);
  record.text(node.op_type);
  record.text(node.domain.empty() ? "ai.onnx" : node.domain);
  record.text(node.cls);
  record.text(output_text(node));
  record.number(node.macs);
  record.number(node.flops);
  record.number(node.transcendentals);
  record.number(node.activation_read_bytes);
  record.number(node.weight_read_bytes);
  record.number(node.written_bytes);
  record.number(node.traffic_bytes);
  record.number(node.intensity);
  record.number(node.parameters);
  record.text(node.confidence);
  record.number(node.repeat);
  record.number(node.live_bytes);
  record.end();
}

/// A member of every node of a layer, separated by blanks.
std::string of_nodes(const Report& report, const LayerRow& layer, std::string NodeRow::*member) {
  std::string text;
  for (const std::size_t n : layer.nodes) {
    if (!text.empty()) text += ' ';
    text += report.nodes[n].*member;
  }
  return text;
}

void append_layer(const Report& report, const Result& result, const LayerRow& layer, Path path,
                  std::string& out) {
  data::CsvRecord record(out);
  if (path != nullptr) record.text(*path);
  record.text(result.hardware.id);
  record.text(result.runtime);
  record.text(result.precision);
  record.text(layer.id);
  record.text(layer.name);
  record.text(layer.kind);
  record.text(of_nodes(report, layer, &NodeRow::id));
  record.text(of_nodes(report, layer, &NodeRow::op_type));
  record.text(layer.cls);
  record.text(layer.nodes.empty() ? "" : output_text(report.nodes[layer.nodes.back()]));
  record.text(layer.unit);
  record.text(layer.dtype);
  record.number(layer.macs);
  record.number(layer.flops);
  record.number(layer.planned_bytes);
  record.number(layer.dram_bytes);
  record.number(layer.intensity);
  record.number(layer.dram_intensity);
  record.number(layer.attainable_flops_per_s);
  record.number(layer.compute_s);
  record.number(layer.memory_s);
  record.number(layer.overhead_s);
  record.number(layer.roofline_latency_s);
  record.number(layer.predicted_latency_s);
  record.text(layer.bound);
  record.text(layer.bottleneck);
  record.number(layer.share);
  record.number(layer.repeat);
  record.end();
}

void flush_if_full(std::string& buffer, std::ostream& out) {
  if (buffer.size() < kFlushBytes) return;
  out << buffer;
  buffer.clear();
}

std::string_view flag(bool value) { return value ? "true" : "false"; }

void append_model(const Report& report, bool complete, data::CsvRecord& record) {
  record.text(flag(complete));
  record.number(Count(report.model.nodes));
  record.number(report.model.parameters);
  record.number(report.model.weight_bytes);
}

void append_totals(const Report& report, std::string& out) {
  const Totals& totals = report.totals;
  data::CsvRecord record(out);
  record.text(report.model.path);
  append_model(report, totals.complete, record);
  record.number(totals.macs);
  record.number(totals.flops);
  record.number(totals.transcendentals);
  record.number(totals.activation_read_bytes);
  record.number(totals.weight_read_bytes);
  record.number(totals.written_bytes);
  record.number(totals.traffic_bytes);
  record.number(totals.intensity);
  record.number(totals.peak_activation_bytes);
  record.number(totals.peak_memory_bytes);
  record.end();
}

void append_totals(const Report& report, const Result& result, std::string& out) {
  data::CsvRecord record(out);
  record.text(report.model.path);
  record.text(result.hardware.id);
  record.text(result.runtime);
  record.text(result.precision);
  append_model(report, result.complete, record);
  record.number(result.macs);
  record.number(result.flops);
  record.number(result.planned_bytes);
  record.number(result.dram_bytes);
  record.number(result.intensity);
  record.number(result.dram_intensity);
  record.number(result.roofline_latency_s);
  record.number(result.predicted_latency_s);
  record.number(result.compute_s);
  record.number(result.memory_s);
  record.number(result.overhead_s);
  record.text(result.bound);
  record.text(result.bottleneck);
  record.number(result.throughput_per_s);
  record.number(result.peak_memory_bytes);
  record.number(result.memory_capacity_bytes);
  record.text(result.fits_in_memory ? flag(*result.fits_in_memory) : "");
  record.text(result.hardware.calibration_status);
  record.end();
}

void write_rows(const Report& report, Path path, std::string buffer, std::ostream& out) {
  if (report.results.empty()) {
    for (const NodeRow& node : report.nodes) {
      append_node(node, path, buffer);
      flush_if_full(buffer, out);
    }
  }
  for (const Result& result : report.results) {
    for (const LayerRow& layer : result.layers) {
      append_layer(report, result, layer, path, buffer);
      flush_if_full(buffer, out);
    }
  }
  out << buffer;
}

std::string_view rows_header(bool machines) { return machines ? kLayerHeader : kNodeHeader; }

}  // namespace

void render_csv(const Report& report, std::ostream& out) {
  write_rows(report, nullptr, std::string(rows_header(!report.results.empty())), out);
}

std::string csv_header(bool machines, Detail detail) {
  if (detail == Detail::kTotals) return std::string(machines ? kResultHeader : kTotalsHeader);
  return std::string(kModelHeader).append(rows_header(machines));
}

void render_csv_rows(const Report& report, Detail detail, std::ostream& out) {
  if (detail == Detail::kLayers) return write_rows(report, &report.model.path, {}, out);
  std::string rows;
  if (report.results.empty()) append_totals(report, rows);
  for (const Result& result : report.results) append_totals(report, result, rows);
  out << rows;
}

}  // namespace roofline::report
