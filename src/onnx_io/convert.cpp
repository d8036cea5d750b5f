// Owns models: parsing a skeleton, versions and opsets, functions.
// Refuses a model that does not say which operator set it means.
#include "convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "graph_builder.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"
#include "unknown_fields.hpp"

namespace roofline::onnx_io {
namespace {

using Opsets = std::vector<std::pair<std::string, int>>;
using OpsetProtos = google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>;

constexpr int kFunctionAttributeDefault = 11;
constexpr int kFunctionOverload = 13;

void parse(std::span<const std::uint8_t> bytes, const std::string& path, onnx::ModelProto& model) {
  if (model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  throw Error("malformed-model", path,
              "the file starts like an ONNX model but is damaged: protobuf cannot parse it",
              "download or export it again");
}

void add_opset(const std::string& domain, std::int64_t version, const std::string& where,
               Opsets& opsets) {
  const std::string shown = domain.empty() ? "ai.onnx" : printable(domain);
  if (version < 1 || version > std::numeric_limits<int>::max()) {
    throw Error("bad-opset", where,
                fmt::format("version {} is imported of operator set '{}', expected 1 or more",
                            version, shown),
                "export the model again");
  }
  const auto same = std::find_if(opsets.begin(), opsets.end(),
                                 [&](const auto& known) { return known.first == domain; });
  if (same == opsets.end()) {
    opsets.emplace_back(domain, static_cast<int>(version));
  } else {
    // Seen where "" and "ai.onnx" are both imported: runtimes go by the newer.
    same->second = std::max(same->second, static_cast<int>(version));
  }
}

Opsets convert_opsets(const OpsetProtos& protos, const std::string& where) {
  Opsets opsets;
  for (const onnx::OperatorSetIdProto& proto : protos) {
    add_opset(normalize_domain(proto.domain()), proto.version(), where, opsets);
  }
  return opsets;
}

Opsets model_opsets(const onnx::ModelProto& proto, const std::string& path) {
  if (proto.opset_import_size() > 0) return convert_opsets(proto.opset_import(), path);
  if (proto.ir_version() == 1 || proto.ir_version() == 2) return {{"", 1}};
  throw Error("missing-opset", path,
              fmt::format("the model (IR version {}) imports no operator set, so that its nodes "
                          "have no defined meaning",
                          proto.ir_version()),
              "set opset_import, for instance with onnx.helper.make_opsetid('', 17), and save it "
              "again");
}

ir::Function convert_function(onnx::FunctionProto& proto, const std::string& path) {
  ir::Function function;
  function.domain = normalize_domain(proto.domain());
  function.name = proto.name();
  function.overload = unknown_string(proto, kFunctionOverload);
  const std::string where = fmt::format("{}: function '{}'", path, printable(function.name));
  function.body = std::make_shared<const ir::Graph>(GraphBuilder(where).build(proto));
  function.attributes.assign(proto.attribute().begin(), proto.attribute().end());
  for (auto& attribute : unknown_messages<onnx::AttributeProto>(proto, kFunctionAttributeDefault)) {
    function.attribute_defaults.push_back(GraphBuilder(where).convert_attribute(attribute));
  }
  function.opsets = convert_opsets(proto.opset_import(), where);
  return function;
}

std::string producer(const onnx::ModelProto& proto) {
  if (proto.producer_name().empty() || proto.producer_version().empty()) {
    return proto.producer_name();
  }
  return proto.producer_name() + " " + proto.producer_version();
}

/// Memory for the parsed protos, in blocks large enough that allocation does not dominate.
google::protobuf::ArenaOptions arena_options() {
  google::protobuf::ArenaOptions options;
  options.start_block_size = std::size_t{64} << 10U;
  options.max_block_size = std::size_t{1} << 20U;
  return options;
}

}  // namespace

ir::Model convert(std::span<const std::uint8_t> skeleton, const std::string& path) {
  google::protobuf::Arena arena(arena_options());
  auto& proto = *google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena);
  parse(skeleton, path, proto);
  ir::Model model;
  model.path = path;
  model.ir_version = proto.ir_version();
  model.producer = producer(proto);
  model.opsets = model_opsets(proto, path);
  model.graph = GraphBuilder(path).build(*proto.mutable_graph());
  model.functions.reserve(static_cast<std::size_t>(proto.functions_size()));
  for (auto& function : *proto.mutable_functions()) {
    model.functions.push_back(convert_function(function, path));
  }
  return model;
}

void check_parses(std::span<const std::uint8_t> skeleton, const std::string& path) {
  google::protobuf::Arena arena(arena_options());
  parse(skeleton, path, *google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena));
}

}  // namespace roofline::onnx_io
