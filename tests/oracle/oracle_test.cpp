// Owns the comparison of every operator case with the shape inference of libonnx.
// Refuses opsets that libonnx does not know, and differences without a stated reason.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "ops/cases/op_case.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::test {
namespace {

// --- a case as a model of one node

std::string input_name(std::size_t i) { return "in" + std::to_string(i); }
std::string output_name(std::size_t i) { return "out" + std::to_string(i); }

void set_type(const ir::TensorType& type, onnx::TypeProto& out) {
  if (type.kind == ir::ValueKind::kMap) {
    out.mutable_map_type()->set_key_type(onnx::TensorProto::INT64);
    return set_type({.dtype = type.dtype, .shape = ir::Shape{}},
                    *out.mutable_map_type()->mutable_value_type());
  }
  if (type.kind == ir::ValueKind::kSequence || type.kind == ir::ValueKind::kOptional) {
    auto* element = type.kind == ir::ValueKind::kSequence
                        ? out.mutable_sequence_type()->mutable_elem_type()
                        : out.mutable_optional_type()->mutable_elem_type();
    return set_type(type.content ? type.content->common : ir::TensorType{.dtype = type.dtype},
                    *element);
  }
  auto* tensor = out.mutable_tensor_type();
  tensor->set_elem_type(static_cast<int>(type.dtype));
  if (!type.shape) return;
  auto* shape = tensor->mutable_shape();
  for (const std::int64_t dim : *type.shape) {
    auto* added = shape->add_dim();
    if (dim != ir::kUnknownDim) added->set_dim_value(dim);
  }
}

/// Elements go where onnx.proto wants those of their type.
void set_elements(const ir::SmallValue& value, onnx::TensorProto& tensor) {
  for (const std::int64_t e : ir::ints(value) ? *ir::ints(value) : std::vector<std::int64_t>{}) {
    if (tensor.data_type() == onnx::TensorProto::INT64)
      tensor.add_int64_data(e);
    else if (tensor.data_type() == onnx::TensorProto::UINT64)
      tensor.add_uint64_data(static_cast<std::uint64_t>(e));
    else
      tensor.add_int32_data(static_cast<std::int32_t>(e));
  }
  if (ir::ints(value)) return;
  for (const double e : std::get<std::vector<double>>(value)) {
    if (tensor.data_type() == onnx::TensorProto::DOUBLE)
      tensor.add_double_data(e);
    else
      tensor.add_float_data(static_cast<float>(e));
  }
}

void set_tensor(ir::DType dtype, const ir::Shape& dims, const std::optional<ir::SmallValue>& value,
                onnx::TensorProto& tensor) {
  tensor.set_data_type(static_cast<int>(dtype));
  for (const std::int64_t dim : dims) tensor.add_dims(dim);
  if (value) set_elements(*value, tensor);
}

struct AttributeWriter {
  onnx::AttributeProto& out;

  void operator()(std::monostate) const {}
  void operator()(std::int64_t value) const {
    out.set_type(onnx::AttributeProto::INT);
    out.set_i(value);
  }
  void operator()(double value) const {
    out.set_type(onnx::AttributeProto::FLOAT);
    out.set_f(static_cast<float>(value));
  }
  void operator()(const std::string& value) const {
    out.set_type(onnx::AttributeProto::STRING);
    out.set_s(value);
  }
  void operator()(const std::vector<std::int64_t>& list) const {
    out.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t e : list) out.add_ints(e);
  }
  void operator()(const std::vector<double>& list) const {
    out.set_type(onnx::AttributeProto::FLOATS);
    for (const double e : list) out.add_floats(static_cast<float>(e));
  }
  void operator()(const std::vector<std::string>& list) const {
    out.set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& e : list) out.add_strings(e);
  }
  void operator()(const ir::Constant& constant) const {
    if (!constant.sparse_values) {
      out.set_type(onnx::AttributeProto::TENSOR);
      return set_tensor(constant.dtype, constant.dims, constant.value, *out.mutable_t());
    }
    out.set_type(onnx::AttributeProto::SPARSE_TENSOR);
    for (const std::int64_t dim : constant.dims) out.mutable_sparse_tensor()->add_dims(dim);
    auto* values = out.mutable_sparse_tensor()->mutable_values();
    values->set_data_type(static_cast<int>(constant.dtype));
    values->add_dims(constant.sparse_values->value());
  }
  void operator()(const std::shared_ptr<const ir::Graph>&) const {}
  void operator()(const std::vector<std::shared_ptr<const ir::Graph>>&) const {}
};

void add_input(const Operand& operand, std::size_t i, onnx::GraphProto& graph,
               onnx::NodeProto& node) {
  if (!operand.present) return node.add_input("");
  node.add_input(input_name(i));
  auto* info = graph.add_input();
  info->set_name(input_name(i));
  set_type(operand.type, *info->mutable_type());
  if (!operand.type.value || !ir::is_known(*operand.type.value)) return;
  auto* constant = graph.add_initializer();
  constant->set_name(input_name(i));
  set_tensor(operand.type.dtype, *operand.type.shape, operand.type.value, *constant);
}

onnx::ModelProto one_node_model(const OpCase& c) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  onnx::OperatorSetIdProto& opset = *model.add_opset_import();
  opset.set_domain(c.domain);
  opset.set_version(c.opset);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("case");
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(c.type);
  node.set_domain(c.domain);
  for (std::size_t i = 0; i < c.inputs.size(); ++i) add_input(c.inputs[i], i, graph, node);
  for (std::size_t i = 0; i < c.outputs.size(); ++i) {
    node.add_output(c.outputs[i].present ? output_name(i) : "");
  }
  for (const ir::Attribute& attribute : c.attributes) {
    onnx::AttributeProto& out = *node.add_attribute();
    out.set_name(attribute.name);
    std::visit(AttributeWriter{out}, attribute.value);
  }
  return model;
}

// --- what libonnx says

const onnx::TypeProto_Tensor* inferred(const onnx::ModelProto& model, const std::string& name) {
  for (const onnx::ValueInfoProto& info : model.graph().value_info()) {
    if (info.name() == name && info.type().has_tensor_type()) return &info.type().tensor_type();
  }
  return nullptr;
}

/// "2x?x4", or "unknown rank".
std::string shape_text(const onnx::TypeProto_Tensor& tensor) {
  if (!tensor.has_shape()) return "unknown rank";
  ir::Shape shape;
  for (const auto& dim : tensor.shape().dim()) {
    shape.push_back(dim.has_dim_value() ? dim.dim_value() : ir::kUnknownDim);
  }
  return ir::to_string(shape);
}

/// True when `ours` says at least what libonnx does, and nothing else.
bool confirms(const ir::TensorType& ours, const onnx::TypeProto_Tensor& theirs) {
  if (!theirs.has_shape()) return true;
  if (!ours.shape || static_cast<int>(ours.shape->size()) != theirs.shape().dim_size())
    return false;
  for (int i = 0; i < theirs.shape().dim_size(); ++i) {
    const auto& dim = theirs.shape().dim(i);
    const std::int64_t mine = (*ours.shape)[static_cast<std::size_t>(i)];
    if (dim.has_dim_value() && dim.dim_value() != mine) return false;
  }
  return true;
}

// --- exceptions

/// A case, named by its operator and note, in which libonnx 1.12 is not followed.
struct Exception {
  std::string_view type;
  std::string_view note;
  std::string_view reason;
};
constexpr Exception kExceptions[] = {
    {"Einsum", "axes under the ellipsis broadcast from the right",
     "the specification lets them broadcast; libonnx wants equal ranks and sizes"},
    {"LinearClassifier", "no intercepts",
     "libonnx counts intercepts; the specification has a score per class in any case"},
    {"Optional", "empty", "libonnx asks for the element's type, which is no attribute of ours"},
    {"ZipMap", "a map per row", "libonnx 1.12 fails on maps in sequences"},
    {"MaxPool", "ceil((4+2-2)/3) + 1 = 3, but the third window would start in the padding",
     "newer specifications and every runtime drop a window that covers padding only"},
    {"Resize", "half of the rows are cropped away",
     "libonnx ignores the region of interest, which the specification multiplies in"},
    {"STFT", "frames (16000 - 400) / 160 + 1 = 98, bins 400 / 2 + 1",
     "libonnx takes onesided for 0 by default, the specification says 1"},
};

bool is_excepted(const OpCase& c) {
  return std::any_of(std::begin(kExceptions), std::end(kExceptions),
                     [&c](const Exception& e) { return e.type == c.type && e.note == c.note; });
}

TEST(OracleExceptions, NameCasesThatExist) {
  for (const Exception& e : kExceptions) {
    EXPECT_TRUE(std::any_of(all_cases().begin(), all_cases().end(),
                            [&e](const OpCase& c) { return e.type == c.type && e.note == c.note; }))
        << e.type << ": " << e.note << " (" << e.reason << ")";
  }
}

/// Newest opset that libonnx knows of a domain; 0 for a domain it does not know.
int newest_opset(const std::string& domain) {
  static const std::map<std::string, int> kNewest = {
      {"", 17}, {"ai.onnx.ml", 3}, {"ai.onnx.preview.training", 1}};
  const auto found = kNewest.find(domain);
  return found == kNewest.end() ? 0 : found->second;
}

/// Inference runs the bodies of these; their rows say what the node itself costs.
bool has_subgraph(const std::string& type) {
  static const std::set<std::string> kTypes = {"If", "Loop", "Scan", "SequenceMap"};
  return kTypes.contains(type);
}

std::vector<OpCase> comparable_cases() {
  std::vector<OpCase> list;
  for (const OpCase& c : all_cases()) {
    const bool is_known = c.opset <= newest_opset(c.domain) && !has_subgraph(c.type) &&
                          onnx::OpSchemaRegistry::Schema(c.type, c.opset, c.domain);
    if (is_known && c.error.empty() && !is_excepted(c)) list.push_back(c);
  }
  return list;
}

TEST(OracleSchemas, EveryOperatorHasARowThatTakesItsOperands) {
  for (const onnx::OpSchema& schema : onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    if (newest_opset(schema.domain()) == 0 || has_subgraph(schema.Name())) continue;
    const ops::OpSpec* row = ops::find_op(schema.domain(), schema.Name(), schema.SinceVersion());
    const std::string name = schema.Name() + " " + std::to_string(schema.SinceVersion());
    if (!row) {
      ADD_FAILURE() << name << " has no row";
      continue;
    }
    EXPECT_LE(row->arity.min_inputs, schema.min_input()) << name;
    EXPECT_GE(row->arity.max_inputs, schema.max_input()) << name;
    EXPECT_LE(row->arity.min_outputs, schema.min_output()) << name;
    EXPECT_GE(row->arity.max_outputs, schema.max_output()) << name;
  }
}

class Oracle : public testing::TestWithParam<OpCase> {};

TEST_P(Oracle, ConfirmsTypes) {
  const OpCase& c = GetParam();
  onnx::ModelProto model = one_node_model(c);
  const onnx::ShapeInferenceOptions strict(/*check_type_val=*/false, /*strict_mode_val=*/1);
  try {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), strict);
  } catch (const std::exception& e) {
    FAIL() << "libonnx refuses the case: " << e.what();
  }
  for (std::size_t i = 0; i < c.outputs.size(); ++i) {
    const onnx::TypeProto_Tensor* theirs = inferred(model, output_name(i));
    if (!c.outputs[i].present || !theirs) continue;
    const ir::TensorType& ours = c.outputs[i].type;
    EXPECT_EQ(static_cast<int>(ours.dtype), theirs->elem_type()) << "dtype of output " << i;
    EXPECT_TRUE(confirms(ours, *theirs))
        << "output " << i << ": " << (ours.shape ? ir::to_string(*ours.shape) : "unknown rank")
        << ", libonnx says " << shape_text(*theirs);
  }
}

std::string case_name(const testing::TestParamInfo<OpCase>& info) {
  return info.param.type + "_" + std::to_string(info.param.opset) + "_" +
         std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Table, Oracle, testing::ValuesIn(comparable_cases()), case_name);

}  // namespace
}  // namespace roofline::test
