// Owns the reading of saved reports: the field tables mirror those that json.cpp writes.
// Refuses newer schema versions, missing fields, and figures that no report has.
#include <fmt/format.h>

#include <array>
#include <bitset>
#include <fstream>
#include <unordered_map>

#include "roofline/data/json_reader.hpp"
#include "roofline/data/text_file.hpp"
#include "roofline/report/read.hpp"

namespace roofline::report {
namespace {

using data::JsonNode;

constexpr std::string_view kDefaultDomain = "ai.onnx";

// One value of each type. Null is "none": "", nullopt, 0 threads.
void read(const JsonNode& json, std::string& value) { value = json.is_null() ? "" : json.text(); }
void read(const JsonNode& json, bool& value) { value = json.boolean(); }
void read(const JsonNode& json, std::int64_t& value) {
  value = json.integer();
  if (value < 0) json.fail("bad-value", fmt::format("found {}, expected at least 0", value));
}
void read(const JsonNode& json, Count& value) {
  std::int64_t count = 0;
  read(json, count);
  value = count;
}
void read(const JsonNode& json, double& value) {
  value = json.number();
  if (value < 0) json.fail("bad-value", fmt::format("found {}, expected at least 0", value));
}
template <class T>
void read(const JsonNode& json, std::optional<T>& value) {
  value.reset();
  if (!json.is_null()) read(json, value.emplace());
}
template <class T>
void read(const JsonNode& json, std::vector<T>& values) {
  for (const JsonNode item : json.items()) read(item, values.emplace_back());
}
template <class T>
void read(const JsonNode& json, std::map<std::string, T>& values) {
  for (const auto& [key, value] : json.members()) read(value, values[key]);
}
/// A shape: null for sizes that are not known.
void read(const JsonNode& json, std::vector<std::int64_t>& sizes) {
  for (const JsonNode item : json.items()) {
    sizes.push_back(-1);
    if (!item.is_null()) read(item, sizes.back());
  }
}

/// One member of an object and where it goes.
template <class Row>
struct Field {
  std::string_view key;
  void (*read)(const JsonNode&, Row&);
  bool optional = false;  ///< the first reports did not have it, or not every one does
};

template <class Row>
using Reader = void (*)(const JsonNode&, Row&);

template <class Row, auto Member>
constexpr Reader<Row> into() {
  return [](const JsonNode& json, Row& row) { read(json, row.*Member); };
}

template <class Row, std::size_t N>
void read_fields(const JsonNode& object, const std::array<Field<Row>, N>& fields, Row& row) {
  std::bitset<N> seen;
  std::size_t next = 0;  // members come in the order of the table, unless a person sorted them
  for (const auto& [key, value] : object.members()) {
    for (std::size_t tried = 0; tried < N; ++tried, next = (next + 1) % N) {
      if (fields[next].key != key) continue;
      if (seen[next]) value.fail("duplicate-key", fmt::format("'{}' is given twice", key));
      seen.set(next);
      fields[next].read(value, row);
      break;
    }
  }
  for (std::size_t i = 0; i < N; ++i) {
    if (!seen[i] && !fields[i].optional) {
      object.fail("missing-key", fmt::format("'{}' is missing", fields[i].key),
                  "a saved report is what 'roofline analyze --format json' writes");
    }
  }
}

// TensorInfo::kind points at static text.
constexpr std::array<std::string_view, 5> kTensorKinds = {"tensor", "sequence", "optional", "map",
                                                          "sparse_tensor"};
void read_kind(const JsonNode& json, TensorInfo& tensor) {
  const std::string text = json.text();
  for (const std::string_view kind : kTensorKinds) {
    if (kind == text) tensor.kind = kind;
  }
}

constexpr std::array kTensorFields = {
    Field<TensorInfo>{"name", into<TensorInfo, &TensorInfo::name>(), true},
    Field<TensorInfo>{"kind", read_kind, true},
    Field<TensorInfo>{"dtype", into<TensorInfo, &TensorInfo::dtype>()},
    Field<TensorInfo>{"shape", into<TensorInfo, &TensorInfo::shape>()},
    Field<TensorInfo>{"max_shape", into<TensorInfo, &TensorInfo::max_shape>(), true},
};
void read(const JsonNode& json, TensorInfo& tensor) { read_fields(json, kTensorFields, tensor); }
void read(const JsonNode& json, std::vector<TensorInfo>& tensors) {
  for (const JsonNode item : json.items()) read(item, tensors.emplace_back());
}

void read_opsets(const JsonNode& json, ModelInfo& model) {
  for (const auto& [domain, version] : json.members()) {
    model.opsets.emplace_back(domain == kDefaultDomain ? "" : domain,
                              static_cast<int>(version.integer()));
  }
}

template <auto Member>
constexpr Field<ModelInfo> of_model(std::string_view key) {
  return {key, into<ModelInfo, Member>()};
}
constexpr std::array kModelFields = {
    of_model<&ModelInfo::path>("path"),
    of_model<&ModelInfo::name>("name"),
    of_model<&ModelInfo::producer>("producer"),
    of_model<&ModelInfo::ir_version>("ir_version"),
    Field<ModelInfo>{"opsets", read_opsets},
    of_model<&ModelInfo::skeleton_sha256>("skeleton_sha256"),
    of_model<&ModelInfo::nodes>("nodes"),
    of_model<&ModelInfo::parameters>("parameters"),
    of_model<&ModelInfo::weight_bytes>("weight_bytes"),
    of_model<&ModelInfo::inputs>("inputs"),
    of_model<&ModelInfo::outputs>("outputs"),
    of_model<&ModelInfo::dims>("dims"),
};

template <auto Member>
constexpr Field<Coverage> of_coverage(std::string_view key) {
  return {key, into<Coverage, Member>()};
}
constexpr std::array kCoverageFields = {
    of_coverage<&Coverage::exact>("exact"),
    of_coverage<&Coverage::approximate>("approximate"),
    of_coverage<&Coverage::unknown>("unknown"),
    of_coverage<&Coverage::unknown_ops>("unknown_ops"),
};

template <auto Member>
constexpr Field<Totals> of_totals(std::string_view key) {
  return {key, into<Totals, Member>()};
}
constexpr std::array kTotalsFields = {
    of_totals<&Totals::complete>("complete"),
    of_totals<&Totals::macs>("macs"),
    of_totals<&Totals::flops>("flops"),
    of_totals<&Totals::transcendentals>("transcendentals"),
    of_totals<&Totals::activation_read_bytes>("activation_read_bytes"),
    of_totals<&Totals::weight_read_bytes>("weight_read_bytes"),
    of_totals<&Totals::written_bytes>("written_bytes"),
    of_totals<&Totals::traffic_bytes>("traffic_bytes"),
    of_totals<&Totals::intensity>("intensity"),
    of_totals<&Totals::peak_activation_bytes>("peak_activation_bytes"),
    of_totals<&Totals::peak_memory_bytes>("peak_memory_bytes"),
};

void read_domain(const JsonNode& json, NodeRow& node) {
  node.domain = json.text();
  if (node.domain == kDefaultDomain) node.domain.clear();
}

template <auto Member>
constexpr Field<NodeRow> of_node(std::string_view key, bool optional = false) {
  return {key, into<NodeRow, Member>(), optional};
}
constexpr std::array kNodeFields = {
    of_node<&NodeRow::id>("id"),
    of_node<&NodeRow::name>("name"),
    of_node<&NodeRow::op_type>("op_type"),
    Field<NodeRow>{"domain", read_domain},
    of_node<&NodeRow::cls>("class"),
    of_node<&NodeRow::detail>("detail", true),
    of_node<&NodeRow::inputs>("inputs"),
    of_node<&NodeRow::outputs>("outputs"),
    of_node<&NodeRow::macs>("macs"),
    of_node<&NodeRow::flops>("flops"),
    of_node<&NodeRow::transcendentals>("transcendentals"),
    of_node<&NodeRow::activation_read_bytes>("activation_read_bytes"),
    of_node<&NodeRow::weight_read_bytes>("weight_read_bytes"),
    of_node<&NodeRow::written_bytes>("written_bytes"),
    of_node<&NodeRow::traffic_bytes>("traffic_bytes"),
    of_node<&NodeRow::intensity>("intensity"),
    of_node<&NodeRow::parameters>("parameters"),
    of_node<&NodeRow::confidence>("confidence"),
    of_node<&NodeRow::repeat>("repeat"),
    of_node<&NodeRow::live_bytes>("live_bytes"),
};
