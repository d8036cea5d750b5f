// Owns: what the loader makes of graphs: names, types, attributes, subgraphs, functions, order.
// Refuses: broken graphs (graph_error_test.cpp), tensor data (tensor_test.cpp).
#include <gmock/gmock.h>

#include "protos.hpp"

namespace roofline::test {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;
using testing::ElementsAre;
using testing::Pair;

template <class T>
T attribute_value(const ir::Node& node, const std::string& name) {
  return std::get<T>(node.attribute(name)->value);
}

TEST(Graph, ModelHeader) {
  onnx::ModelProto proto = relu_model();
  proto.set_producer_name("pytorch");
  proto.set_producer_version("2.1.0");
  onnx::OperatorSetIdProto& contrib = *proto.add_opset_import();
  contrib.set_domain("com.microsoft");
  contrib.set_version(1);
  const ir::Model model = load_proto(proto);
  EXPECT_EQ(model.path, "m.onnx");
  EXPECT_EQ(model.ir_version, 8);
  EXPECT_EQ(model.producer, "pytorch 2.1.0");
  EXPECT_THAT(model.opsets, ElementsAre(Pair("", 17), Pair("com.microsoft", 1)));
  EXPECT_EQ(model.graph.name, "g");
}

TEST(Graph, ProducerWithoutVersion) {
  onnx::ModelProto proto = relu_model();
  proto.set_producer_name("tool");
  EXPECT_EQ(load_proto(proto).producer, "tool");
  proto.clear_producer_name();
  EXPECT_EQ(load_proto(proto).producer, "");
}

TEST(Graph, EveryIrVersionFromThreeIsAccepted) {
  for (const int version : {3, 4, 8, 10, 13, 99}) {
    onnx::ModelProto proto = relu_model();
    proto.set_ir_version(version);
    EXPECT_EQ(load_proto(proto).ir_version, version);
  }
}

TEST(Graph, NodesAndOperands) {
  onnx::ModelProto proto = empty_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  add_input(graph, "x", {1, 3});
  add_initializer(graph, "max", TensorProto::FLOAT, {}).add_float_data(6);
  add_node(graph, "Clip", {"x", "", "max"}, {"c"}, "clip6");
  add_node(graph, "Dropout", {"c"}, {"y", ""});
  graph.add_output()->set_name("y");
  const ir::Graph g = load_proto(proto).graph;
  ASSERT_EQ(g.nodes.size(), 2U);
  EXPECT_EQ(g.nodes[0].name, "clip6");
  EXPECT_EQ(g.nodes[0].op_type, "Clip");
  EXPECT_THAT(names_of(g, g.nodes[0].inputs), ElementsAre("x", "", "max"));
  EXPECT_THAT(names_of(g, g.nodes[1].outputs), ElementsAre("y", ""));
  EXPECT_EQ(g.nodes[1].outputs[1], ir::kNoTensor);
  EXPECT_THAT(names_of(g, g.inputs), ElementsAre("x"));
  EXPECT_THAT(names_of(g, g.outputs), ElementsAre("y"));
  EXPECT_EQ(tensor(g, "c").producer, 0);
  EXPECT_EQ(tensor(g, "x").producer, ir::kNoNode);
  EXPECT_TRUE(tensor(g, "x").is_input);
  EXPECT_TRUE(tensor(g, "y").is_output);
  EXPECT_FALSE(tensor(g, "c").is_output);
  EXPECT_TRUE(tensor(g, "max").constant.has_value());
}

TEST(Graph, DeclaredShapes) {
  onnx::ModelProto proto = relu_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  auto& shape = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape.clear_dim();
  shape.add_dim()->set_dim_param("batch");
  shape.add_dim()->set_dim_value(3);
  shape.add_dim()->set_dim_value(-1);  // what some exporters write for a size they do not know
  shape.add_dim()->set_dim_param("?");
  shape.add_dim();
  shape.add_dim()->set_dim_value(0);
  onnx::ValueInfoProto& stale = *graph.add_value_info();
  stale.set_name("no such tensor");
  set_tensor_type(*graph.mutable_output(0), {}, TensorProto::FLOAT16);
  const ir::Graph g = load_proto(proto).graph;
  const std::vector<ir::Dim>& dims = *tensor(g, "x").declared;
  ASSERT_EQ(dims.size(), 6U);
  EXPECT_EQ(dims[0].value, ir::kUnknownDim);
  EXPECT_EQ(dims[0].symbol, "batch");
  EXPECT_EQ(dims[1].value, 3);
  for (const std::size_t unknown : {2U, 3U, 4U}) {
    EXPECT_EQ(dims[unknown].value, ir::kUnknownDim);
    EXPECT_EQ(dims[unknown].symbol, "");
  }
  EXPECT_EQ(dims[5].value, 0);
  EXPECT_EQ(tensor(g, "y").dtype, ir::DType::kFloat16);
  EXPECT_EQ(tensor(g, "y").declared->size(), 0U);  // a scalar is not an unknown rank
}

TEST(Graph, ShapelessTypeStaysUndeclared) {
  onnx::ModelProto proto = relu_model();
  proto.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  const ir::Graph g = load_proto(proto).graph;
  EXPECT_FALSE(tensor(g, "x").declared.has_value());
  EXPECT_EQ(tensor(g, "x").dtype, ir::DType::kFloat32);
}

TEST(Graph, ValueInfoFillsWhatTheOutputLeavesOpen) {
  onnx::ModelProto proto = relu_model();
  onnx::ValueInfoProto& value = *proto.mutable_graph()->add_value_info();
  value.set_name("y");
  set_tensor_type(value, {1, 3});
  onnx::ValueInfoProto& other = *proto.mutable_graph()->add_value_info();
  other.set_name("x");
  set_tensor_type(other, {9, 9}, TensorProto::INT8);
  const ir::Graph g = load_proto(proto).graph;
  EXPECT_EQ(tensor(g, "y").declared->at(1).value, 3);
  EXPECT_EQ(tensor(g, "x").declared->at(1).value, 3);  // the input's own declaration wins
  EXPECT_EQ(tensor(g, "x").dtype, ir::DType::kFloat32);
}

TEST(Graph, ValueKinds) {
  onnx::ModelProto proto = relu_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  const auto input = [&](const char* name) -> onnx::TypeProto& {
    onnx::ValueInfoProto& value = *graph.add_input();
    value.set_name(name);
    return *value.mutable_type();
  };
  const auto int8 = TensorProto::INT8;
  input("sparse").mutable_sparse_tensor_type()->set_elem_type(int8);
  input("seq").mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type()->set_elem_type(
      int8);
  input("opt")
      .mutable_optional_type()
      ->mutable_elem_type()
      ->mutable_sequence_type()
      ->mutable_elem_type()
      ->mutable_tensor_type()
      ->set_elem_type(int8);
  input("map").mutable_map_type()->set_key_type(TensorProto::INT64);
  input("opaque").mutable_opaque_type()->set_name("thing");
  const ir::Graph g = load_proto(proto).graph;
  EXPECT_EQ(tensor(g, "x").kind, ir::ValueKind::kTensor);
  EXPECT_EQ(tensor(g, "sparse").kind, ir::ValueKind::kSparseTensor);
  EXPECT_EQ(tensor(g, "seq").kind, ir::ValueKind::kSequence);
  EXPECT_EQ(tensor(g, "opt").kind, ir::ValueKind::kOptional);
  EXPECT_EQ(tensor(g, "map").kind, ir::ValueKind::kMap);
  EXPECT_EQ(tensor(g, "opaque").kind, ir::ValueKind::kOpaque);
  for (const char* name : {"sparse", "seq", "opt"}) {
    EXPECT_EQ(tensor(g, name).dtype, ir::DType::kInt8) << name;
  }
}

TEST(Graph, InitializersThatAreInputsAreConstants) {
  onnx::ModelProto proto = relu_model();
  proto.set_ir_version(3);
  onnx::GraphProto& graph = *proto.mutable_graph();
  add_input(graph, "w", {2});
  add_initializer(graph, "w", TensorProto::FLOAT, {2});
  const ir::Graph g = load_proto(proto).graph;
  EXPECT_THAT(names_of(g, g.inputs), ElementsAre("x"));
  EXPECT_TRUE(tensor(g, "w").is_input);
  EXPECT_EQ(tensor(g, "w").constant->dims, (ir::Shape{2}));
}

TEST(Graph, Attributes) {
  onnx::ModelProto proto = relu_model();
  onnx::NodeProto& node = *proto.mutable_graph()->mutable_node(0);
  add_attribute(node, "i", AttributeProto::INT).set_i(-7);
  add_attribute(node, "f", AttributeProto::FLOAT).set_f(0.5F);
  add_attribute(node, "s", AttributeProto::STRING).set_s("SAME_UPPER");
  AttributeProto& ints = add_attribute(node, "ints", AttributeProto::INTS);
  ints.add_ints(3);
  ints.add_ints(4);
  add_attribute(node, "floats", AttributeProto::FLOATS).add_floats(1.5F);
  add_attribute(node, "strings", AttributeProto::STRINGS).add_strings("a");
  fill_tensor(*add_attribute(node, "t", AttributeProto::TENSOR).mutable_t(), "", TensorProto::INT64,
              {2});
  add_attribute(node, "empty", AttributeProto::INTS);
  add_attribute(node, "type", AttributeProto::TYPE_PROTO).mutable_tp()->mutable_tensor_type();
  const ir::Model model = load_proto(proto);
  const ir::Node& n = model.graph.nodes[0];
  EXPECT_EQ(attribute_value<std::int64_t>(n, "i"), -7);
  EXPECT_EQ(attribute_value<double>(n, "f"), 0.5);
  EXPECT_EQ(attribute_value<std::string>(n, "s"), "SAME_UPPER");
  EXPECT_THAT(attribute_value<std::vector<std::int64_t>>(n, "ints"), ElementsAre(3, 4));
  EXPECT_THAT(attribute_value<std::vector<double>>(n, "floats"), ElementsAre(1.5));
  EXPECT_THAT(attribute_value<std::vector<std::string>>(n, "strings"), ElementsAre("a"));
  EXPECT_EQ(attribute_value<ir::Constant>(n, "t").dims, (ir::Shape{2}));
  EXPECT_TRUE(attribute_value<std::vector<std::int64_t>>(n, "empty").empty());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(n.attribute("type")->value));
  EXPECT_EQ(n.attribute("none"), nullptr);
}

TEST(Graph, UntypedAttributesOfOldModels) {
  onnx::ModelProto proto = relu_model();
  onnx::NodeProto& node = *proto.mutable_graph()->mutable_node(0);
  const auto add = [&](const char* name) -> AttributeProto& {
    return add_attribute(node, name, AttributeProto::UNDEFINED);
  };
  add("i").set_i(0);
  add("f").set_f(2);
  add("s").set_s("x");
  add("t").mutable_t()->set_data_type(TensorProto::FLOAT);
  add("g").mutable_g()->set_name("sub");
  add("sparse").mutable_sparse_tensor()->add_dims(4);
  add("ints").add_ints(1);
  add("floats").add_floats(1);
  add("strings").add_strings("y");
  add("graphs").add_graphs()->set_name("sub");
  add("none");
  const ir::Model model = load_proto(proto);
  std::vector<std::size_t> kinds;
  for (const ir::Attribute& a : model.graph.nodes[0].attributes) kinds.push_back(a.value.index());
  EXPECT_THAT(kinds, ElementsAre(1, 2, 3, 7, 8, 7, 4, 5, 6, 9, 0));
}

TEST(Graph, DomainsAreNormalized) {
  onnx::ModelProto proto = relu_model();
  proto.mutable_opset_import(0)->set_domain("ai.onnx");
  proto.mutable_graph()->mutable_node(0)->set_domain("ai.onnx");
  proto.add_opset_import()->set_version(17);  // the same domain once more
  const ir::Model model = load_proto(proto);
  EXPECT_THAT(model.opsets, ElementsAre(Pair("", 17)));
  EXPECT_EQ(model.graph.nodes[0].domain, "");
}

TEST(Graph, NodesAreSortedStably) {
  onnx::ModelProto proto = empty_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  add_input(graph, "x", {1});
  add_node(graph, "A", {"x"}, {"a"});
  add_node(graph, "D", {"c", "a"}, {"d"});
  add_node(graph, "B", {"a"}, {"b"});
  add_node(graph, "C", {"b"}, {"c"});
  add_node(graph, "E", {"x"}, {"e"});
  graph.add_output()->set_name("d");
  const ir::Graph g = load_proto(proto).graph;
  std::vector<std::string> order;
  for (const ir::Node& node : g.nodes) order.push_back(node.op_type);
  EXPECT_THAT(order, ElementsAre("A", "B", "C", "D", "E"));
  EXPECT_EQ(tensor(g, "b").producer, 1);
  EXPECT_EQ(tensor(g, "d").producer, 3);
}

TEST(Graph, LongReversedChainIsSorted) {
  constexpr int kNodes = 20'000;
  onnx::ModelProto proto = empty_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  add_input(graph, "t0", {1});
  for (int i = kNodes; i > 0; --i) {
    add_node(graph, "Relu", {"t" + std::to_string(i - 1)}, {"t" + std::to_string(i)});
  }
  const ir::Graph g = load_proto(proto).graph;
  EXPECT_EQ(name_of(g, g.nodes.front().outputs[0]), "t1");
  EXPECT_EQ(name_of(g, g.nodes.back().outputs[0]), "t20000");
}

TEST(Graph, SubgraphsReadOuterTensors) {
  const ir::Graph g = load_proto(capturing_model()).graph;
  ASSERT_EQ(g.nodes.size(), 2U);
  EXPECT_EQ(g.nodes[0].op_type, "Relu");  // the branch reads its result
  const auto then = attribute_value<std::shared_ptr<const ir::Graph>>(g.nodes[1], "then_branch");
  EXPECT_EQ(then->name, "then");
  EXPECT_THAT(names_of(*then, then->nodes[0].inputs), ElementsAre("x", "late"));
  EXPECT_TRUE(tensor(*then, "x").is_outer);
  EXPECT_TRUE(tensor(*then, "late").is_outer);
  EXPECT_FALSE(tensor(*then, "sum").is_outer);
  EXPECT_EQ(tensor(*then, "late").producer, ir::kNoNode);
}

TEST(Graph, OuterTensorsPassThroughEveryGraphBetween) {
  onnx::ModelProto proto = capturing_model();
  onnx::GraphProto& then =
      *proto.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_g();
  onnx::NodeProto& loop = add_node(then, "Loop", {}, {"l"}, "loop");
  onnx::GraphProto& body = *add_attribute(loop, "body", AttributeProto::GRAPHS).add_graphs();
  add_node(body, "Neg", {"c"}, {"n"});
  const ir::Graph g = load_proto(proto).graph;
  const auto outer = attribute_value<std::shared_ptr<const ir::Graph>>(g.nodes[1], "then_branch");
  EXPECT_TRUE(tensor(*outer, "c").is_outer);
  const auto inner =
      attribute_value<std::vector<std::shared_ptr<const ir::Graph>>>(outer->nodes[1], "body");
  EXPECT_TRUE(tensor(*inner.at(0), "c").is_outer);
}

TEST(Graph, OutputsMayBeInputsConstantsAndRepeated) {
  onnx::ModelProto proto = relu_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  add_initializer(graph, "w", TensorProto::FLOAT, {2});
  for (const char* name : {"x", "w", "y"}) graph.add_output()->set_name(name);
  const ir::Graph g = load_proto(proto).graph;
  EXPECT_THAT(names_of(g, g.outputs), ElementsAre("y", "x", "w", "y"));
}

TEST(Graph, FunctionsWithFieldsNewerThanOurClasses) {
  const ir::Model model = load_proto(function_model());
  EXPECT_EQ(model.graph.nodes[0].overload, "fast");
  ASSERT_EQ(model.functions.size(), 1U);
  const ir::Function& f = model.functions[0];
  EXPECT_EQ(f.domain, "local");
  EXPECT_EQ(f.name, "Act");
  EXPECT_EQ(f.overload, "fast");
  EXPECT_THAT(f.attributes, ElementsAre("alpha"));
  EXPECT_THAT(f.opsets, ElementsAre(Pair("", 18)));
  ASSERT_EQ(f.attribute_defaults.size(), 1U);
  EXPECT_EQ(f.attribute_defaults[0].name, "beta");
  EXPECT_EQ(std::get<std::int64_t>(f.attribute_defaults[0].value), 5);
  EXPECT_THAT(names_of(*f.body, f.body->inputs), ElementsAre("a"));
  EXPECT_THAT(names_of(*f.body, f.body->outputs), ElementsAre("b"));
  const ir::Attribute& alpha = *f.body->nodes[0].attribute("alpha");
  EXPECT_EQ(alpha.ref, "alpha");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(alpha.value));
  EXPECT_EQ(tensor(*f.body, "b").dtype, ir::DType::kInt8);
}

TEST(Graph, DamagedNewerFieldsAreLeftOut) {
  onnx::ModelProto proto = function_model();
  add_unknown(*proto.mutable_functions(0), 12, "\x12\x01\xff");  // a type that does not parse
  EXPECT_EQ(load_proto(proto).functions.size(), 1U);
}

TEST(Graph, ManyNamesStayDistinct) {
  constexpr int kNames = 5000;
  onnx::ModelProto proto = empty_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  for (int i = 0; i < kNames; ++i) add_input(graph, "n" + std::to_string(i), {i});
  add_node(graph, "Sum", {"n0", "n1234", "n4999"}, {"y"});
  const ir::Graph g = load_proto(proto).graph;
  EXPECT_THAT(g.nodes[0].inputs, ElementsAre(0, 1234, 4999));
}

}  // namespace
}  // namespace roofline::test
