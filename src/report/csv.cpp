// Owns the CSV table: RFC 4180, one row per layer and machine, or per node without machines.
// Refuses units in cells, totals, and names that span lines.
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

void append_node(const NodeRow& node, std::string& out) {
  data::CsvRecord record(out);
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

void append_layer(const Report& report, const Result& result, const LayerRow& layer,
                  std::string& out) {
  data::CsvRecord record(out);
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

}  // namespace

void render_csv(const Report& report, std::ostream& out) {
  std::string buffer(report.results.empty() ? kNodeHeader : kLayerHeader);
  if (report.results.empty()) {
    for (const NodeRow& node : report.nodes) {
      append_node(node, buffer);
      flush_if_full(buffer, out);
    }
  }
  for (const Result& result : report.results) {
    for (const LayerRow& layer : result.layers) {
      append_layer(report, result, layer, buffer);
      flush_if_full(buffer, out);
    }
  }
  out << buffer;
}

}  // namespace roofline::report
