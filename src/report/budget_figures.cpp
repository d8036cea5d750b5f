// Owns the figures that budgets limit: their names, units, and where a report has them.
// Refuses to know limits.
#include <algorithm>
#include <array>

#include "format.hpp"
#include "roofline/report/budget.hpp"

namespace roofline::report {
namespace {

const Result& result_of(const Report& report) { return report.results.front(); }

Measured measured(std::optional<Count> count) {
  return {count.value_or(0).as_double(), count.has_value()};
}

/// The sum of one figure over the nodes of a part.
template <class Get>
Measured over_nodes(const Report& report, const Part& part, Get get) {
  if (!part.layer) return get(report.nodes[part.node]);
  Measured sum;
  for (const std::size_t n : part.layer->nodes) {
    const Measured node = get(report.nodes[n]);
    sum.value += node.value;
    sum.complete = sum.complete && node.complete;
  }
  return sum;
}

template <auto Member>
Measured sum_of(const Report& report, const Part& part) {
  return over_nodes(report, part, [](const NodeRow& node) {
    return measured(std::optional<Count>(node.*Member));
  });
}

Measured live_bytes(const Report& report, const Part& part) {
  if (!part.layer) return measured(report.nodes[part.node].live_bytes);
  Measured most;
  for (const std::size_t n : part.layer->nodes) {
    most.value = std::max(most.value, measured(report.nodes[n].live_bytes).value);
  }
  return most;
}

Measured nodes_of(const Report& /*report*/, const Part& part) {
  return {part.layer ? static_cast<double>(part.layer->nodes.size()) : 1.0};
}

Measured unknown_nodes(const Report& report, const Part& part) {
  return over_nodes(report, part, [](const NodeRow& node) {
    return Measured{node.confidence == "unknown" ? 1.0 : 0.0};
  });
}

template <auto Member>
Measured of_totals(const Report& report) {
  return {(report.totals.*Member).as_double(), report.totals.complete};
}
template <auto Member>
Measured seconds_of_result(const Report& report) {
  return {result_of(report).*Member, result_of(report).complete};
}
template <auto Member>
Measured bytes_of_result(const Report& report) {
  return {(result_of(report).*Member).as_double(), result_of(report).complete};
}
template <auto Member>
Measured seconds_of_layer(const Report& /*report*/, const Part& part) {
  return {part.layer->*Member, part.layer->complete};
}
template <auto Member>
Measured bytes_of_layer(const Report& /*report*/, const Part& part) {
  return {(part.layer->*Member).as_double(), part.layer->complete};
}

Measured throughput(const Report& report) {
  const Result& result = result_of(report);
  return {ratio(1, result.predicted_latency_s), result.complete};
}

/// The plan's where there is one: fusion leaves less to keep.
Measured peak_memory(const Report& report) {
  if (report.results.empty()) return of_totals<&Totals::peak_memory_bytes>(report);
  return bytes_of_result<&Result::peak_memory_bytes>(report);
}

Measured parameters(const Report& report) {
  // Which constants are parameters is not known of operators that are not.
  return {report.model.parameters.as_double(), report.coverage.unknown == 0};
}

// Names of bottlenecks, to be template arguments.
constexpr char kCompute[] = "compute";    // NOLINT(modernize-avoid-c-arrays)
constexpr char kMemory[] = "memory";      // NOLINT(modernize-avoid-c-arrays)
constexpr char kOverhead[] = "overhead";  // NOLINT(modernize-avoid-c-arrays)

template <const char* Name>
Measured share(const Report& report) {
  const Result& result = result_of(report);
  const auto time = result.time_by_bottleneck_s.find(Name);
  const double seconds = time == result.time_by_bottleneck_s.end() ? 0 : time->second;
  return {ratio(seconds, result.predicted_latency_s), result.complete};
}
template <const char* Name>
Measured share_of_layer(const Report& /*report*/, const Part& part) {
  return {part.layer->bottleneck == Name ? part.layer->share : 0.0};
}

template <const char* Name>
constexpr Figure share_figure(std::string_view key, std::string_view title) {
  return {.key = key,
          .title = title,
          .unit = Unit::kShare,
          .example = "60 %",
          .needs_machine = true,
          .follows_plan = true,
          .has_culprits = true,
          .total = share<Name>,
          .part = share_of_layer<Name>};
}

constexpr std::array kFigures = {
    Figure{.key = "latency",
           .title = "latency",
           .unit = Unit::kSecond,
           .example = "340 ms",
           .needs_machine = true,
           .follows_plan = true,
           .adds_up = true,
           .has_culprits = true,
           .total = seconds_of_result<&Result::predicted_latency_s>,
           .part = seconds_of_layer<&LayerRow::predicted_latency_s>},
    Figure{.key = "roofline_latency",
           .title = "roofline latency",
           .unit = Unit::kSecond,
           .example = "200 ms",
           .needs_machine = true,
           .follows_plan = true,
           .adds_up = true,
           .has_culprits = true,
           .total = seconds_of_result<&Result::roofline_latency_s>,
           .part = seconds_of_layer<&LayerRow::roofline_latency_s>},
    Figure{.key = "throughput",
           .title = "throughput",
           .unit = Unit::kPerSecond,
           .example = "30 /s",
           .is_minimum = true,
           .needs_machine = true,
           .follows_plan = true,
           .has_culprits = true,
           .culprits_by = "latency",
           .total = throughput},
    share_figure<kCompute>("compute_share", "time bound by compute"),
    share_figure<kMemory>("memory_share", "time bound by memory"),
    share_figure<kOverhead>("overhead_share", "time bound by overhead"),
    Figure{.key = "planned_bytes",
           .title = "planned traffic",
           .unit = Unit::kByte,
           .example = "60 MB",
           .needs_machine = true,
           .follows_plan = true,
           .adds_up = true,
           .has_culprits = true,
           .total = bytes_of_result<&Result::planned_bytes>,
           .part = bytes_of_layer<&LayerRow::planned_bytes>},
    Figure{.key = "dram_bytes",
           .title = "DRAM traffic",
           .unit = Unit::kByte,
           .example = "50 MB",
           .needs_machine = true,
           .follows_plan = true,
           .adds_up = true,
           .has_culprits = true,
           .total = bytes_of_result<&Result::dram_bytes>,
           .part = bytes_of_layer<&LayerRow::dram_bytes>},
    Figure{.key = "peak_memory",
           .title = "peak memory",
           .unit = Unit::kByte,
           .example = "200 MB",
           .follows_plan = true,
           .has_culprits = true,
           .culprits_by = "peak_activations",
           .total = peak_memory},
    Figure{.key = "peak_activations",
           .title = "peak activations",
           .unit = Unit::kByte,
           .example = "10 MB",
           .has_culprits = true,
           .total = of_totals<&Totals::peak_activation_bytes>,
           .part = live_bytes},
    Figure{.key = "macs",
           .title = "MACs",
           .unit = Unit::kMac,
           .example = "4.1 GMAC",
           .adds_up = true,
           .has_culprits = true,
           .total = of_totals<&Totals::macs>,
           .part = sum_of<&NodeRow::macs>},
    Figure{.key = "flops",
           .title = "FLOPs",
           .unit = Unit::kFlop,
           .example = "8.2 GFLOP",
           .adds_up = true,
           .has_culprits = true,
           .total = of_totals<&Totals::flops>,
           .part = sum_of<&NodeRow::flops>},
    Figure{.key = "traffic_bytes",
           .title = "algorithmic traffic",
           .unit = Unit::kByte,
           .example = "200 MB",
           .adds_up = true,
           .has_culprits = true,
           .total = of_totals<&Totals::traffic_bytes>,
           .part = sum_of<&NodeRow::traffic_bytes>},
    Figure{.key = "parameters",
           .title = "parameters",
           .unit = Unit::kCount,
           .example = "26 M",
           .adds_up = true,
           .has_culprits = true,
           .total = parameters,
           .part = sum_of<&NodeRow::parameters>},
    Figure{
        .key = "weight_bytes",
        .title = "weights",
        .unit = Unit::kByte,
        .example = "105 MB",
        .has_culprits = true,
        .culprits_by = "parameters",
        .total =
            [](const Report& report) { return Measured{report.model.weight_bytes.as_double()}; }},
    Figure{
        .key = "nodes",
        .title = "nodes",
        .unit = Unit::kCount,
        .example = "150",
        .total =
            [](const Report& report) { return Measured{static_cast<double>(report.model.nodes)}; },
        .part = nodes_of},
    Figure{.key = "unknown_ops",
           .title = "unknown operators",
           .unit = Unit::kCount,
           .example = "0",
           .has_culprits = true,
           .total =
               [](const Report& report) {
                 return Measured{static_cast<double>(report.coverage.unknown_ops.size())};
               },
           .part = unknown_nodes},
    Figure{.key = "forbidden_ops",
           .title = "forbidden operators",
           .example = "[Loop, NonZero]",
           .form = LimitForm::kForbidden},
    Figure{.key = "allowed_ops",
           .title = "operators not allowed",
           .example = "[Conv, Relu]",
           .form = LimitForm::kAllowed},
    Figure{.key = "opset",
           .title = "opset",
           .example = "{min: 13, max: 21}",
           .form = LimitForm::kVersions},
};

}  // namespace

std::span<const Figure> figures() { return kFigures; }

bool is_whole(Unit unit) {
  return unit != Unit::kSecond && unit != Unit::kPerSecond && unit != Unit::kShare;
}

const Figure* find_figure(std::string_view key) {
  const auto* found = std::find_if(kFigures.begin(), kFigures.end(),
                                   [&](const Figure& figure) { return figure.key == key; });
  return found == kFigures.end() ? nullptr : &*found;
}

}  // namespace roofline::report
