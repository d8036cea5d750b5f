#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "roofline/report/report.hpp"

namespace roofline::report::sample {

/// Figures of one invented node, small enough to add up by hand.
struct Figures {
  std::int64_t macs, flops, reads, weights, writes;
};

inline NodeRow node(const std::string& id, const std::string& name, const std::string& op,
                    const std::string& cls, const Figures& f) {
  NodeRow row;
  row.id = id;
  row.name = name;
  row.op_type = op;
  row.cls = cls;
  row.inputs = {"x"};
  row.outputs = {{name + "_out", "float32", std::vector<std::int64_t>{1, 8, 4, 4}}};
  row.macs = f.macs;
  row.flops = f.flops;
  row.transcendentals = 0;
  row.activation_read_bytes = f.reads;
  row.weight_read_bytes = f.weights;
  row.written_bytes = f.writes;
  row.traffic_bytes = f.reads + f.weights + f.writes;
  row.intensity = static_cast<double>(f.flops) / row.traffic_bytes->as_double();
  row.parameters = f.weights / 4;
  row.confidence = "exact";
  row.live_bytes = 1024;
  return row;
}

/// Conv -> Relu -> Conv; sums: 54,784 MACs, 109,696 FLOPs, 8,096 B.
inline Report counts() {
  Report report;
  report.tool_version = "0.1.0";
  report.model.path = "models/tiny.onnx";
  report.model.name = "tiny";
  report.model.producer = "by hand";
  report.model.ir_version = 8;
  report.model.opsets = {{"", 17}};
  report.model.skeleton_sha256 = std::string(64, 'a');
  report.model.nodes = 3;
  report.model.parameters = 576;
  report.model.weight_bytes = 2304;
  report.model.inputs = {{"x", "float32", std::vector<std::int64_t>{1, 3, 8, 8}}};
  report.model.outputs = {{"y", "float32", std::vector<std::int64_t>{1, 8, 4, 4}}};
  report.model.dims = {{"batch", 1}};
  report.coverage.exact = 3;
  report.nodes = {
      node("0", "/block/block.0/conv/Conv", "Conv", "conv", {27648, 55296, 768, 864, 2048}),
      node("1", "/block/block.0/relu/Relu", "Relu", "activation", {0, 128, 2048, 0, 2048}),
      node("2", "/head/Conv", "Conv", "conv", {27136, 54272, 2048, 1440, 512})};
  report.nodes[0].detail = "3x3";
  Totals& t = report.totals;
  t.macs = 54784;
  t.flops = 109696;
  t.activation_read_bytes = 4864;
  t.weight_read_bytes = 2304;
  t.written_bytes = 4608;
  t.traffic_bytes = 11776;
  t.intensity = 109696.0 / 11776;
  t.peak_activation_bytes = 4096;
  t.peak_memory_bytes = 6400;
  return report;
}

inline LayerRow layer(const Report& report, std::vector<std::size_t> nodes, double compute_s,
                      double memory_s, double overhead_s) {
  LayerRow row;
  const NodeRow& first = report.nodes[nodes.front()];
  row.id = first.id;
  row.kind = nodes.size() > 1 ? "fused" : "op";
  row.cls = first.cls;
  row.unit = "lanes";
  row.dtype = "fp32";
  row.macs = 0;
  row.flops = 0;
  for (const std::size_t n : nodes) {
    row.name += (row.name.empty() ? "" : " + ") + report.nodes[n].name;
    row.macs = *row.macs + *report.nodes[n].macs;
    row.flops = *row.flops + *report.nodes[n].flops;
  }
  row.executed_flops = row.flops->as_double();
  row.planned_bytes = *first.activation_read_bytes + *first.weight_read_bytes +
                      *report.nodes[nodes.back()].written_bytes;
  row.nodes = std::move(nodes);
  row.dram_bytes = row.planned_bytes;
  row.levels = {{"dram", row.planned_bytes, memory_s, 1e9}};
  row.intensity = row.flops->as_double() / row.planned_bytes.as_double();
  row.dram_intensity = row.intensity;
  row.attainable_flops_per_s = 1e10;
  row.peak_flops_per_s = 1e10;
  row.compute_s = compute_s;
  row.memory_s = memory_s;
  row.overhead_s = overhead_s;
  row.roofline_latency_s = compute_s > memory_s ? compute_s : memory_s;
  row.predicted_latency_s = row.roofline_latency_s + overhead_s;
  row.bound = compute_s > memory_s ? "compute" : "memory";
  row.bottleneck = row.bound;
  return row;
}

/// The same model on an invented machine of 10 GFLOP/s and 1 GB/s: two layers.
inline Report on_machine() {
  Report report = counts();
  Result result;
  result.hardware = {"toy", "Toy 1000", std::string(64, 'b'), "uncalibrated", "",
                     "",    "",         std::nullopt};
  result.runtime = "basic";
  result.precision = "as-is";
  result.roof = "datasheet";
  result.ridge_point = 10;
  result.layers = {layer(report, {0, 1}, 5.5424e-6, 3.68e-6, 1e-6),
                   layer(report, {2}, 5.4272e-6, 4e-6, 1e-6)};
  result.layers[0].reasons = {"fused Relu into Conv"};
  result.macs = 54784;
  result.flops = 109696;
  result.planned_bytes = 7680;
  result.dram_bytes = 7680;
  result.intensity = 109696.0 / 7680;
  result.dram_intensity = result.intensity;
  result.levels = {{"dram", 7680, 7.68e-6, 1e9}};
  result.compute_s = 10.9696e-6;
  result.memory_s = 7.68e-6;
  result.overhead_s = 2e-6;
  result.roofline_latency_s = 10.9696e-6;
  result.predicted_latency_s = 12.9696e-6;
  for (LayerRow& row : result.layers) {
    row.share = row.predicted_latency_s / result.predicted_latency_s;
  }
  result.bound = "compute";
  result.bottleneck = "compute";
  result.throughput_per_s = 1 / 12.9696e-6;
  result.peak_memory_bytes = 6400;
  result.memory_capacity_bytes = 16000000000;
  result.fits_in_memory = true;
  result.layers_by_bound = {{"compute", 2}};
  result.time_by_bottleneck_s = {{"compute", 12.9696e-6}};
  report.results = {result};
  return report;
}

}  // namespace roofline::report::sample
