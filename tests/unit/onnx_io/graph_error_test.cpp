// Owns: graphs that the loader refuses, word for word.
// Refuses: graphs that it accepts (graph_test.cpp) and damaged files (file_test.cpp).
#include <gmock/gmock.h>

#include "protos.hpp"

namespace roofline::test {
namespace {

using onnx::TensorProto;
using testing::ElementsAre;
using testing::Pair;

TEST(GraphError, UndefinedInput) {
  onnx::ModelProto proto = relu_model();
  proto.mutable_graph()->mutable_node(0)->set_input(0, "nothing like it");
  EXPECT_EQ(load_error(proto),
            std::string("roofline: error[undefined-tensor]: m.onnx: node 'relu' (Relu, #0): input "
                        "'nothing like it' is defined nowhere\n") +
                kAgain);
}

TEST(GraphError, UndefinedInputNearARealName) {
  onnx::ModelProto proto = relu_model();
  add_node(*proto.mutable_graph(), "Neg", {"laier1"}, {"z"});
  add_node(*proto.mutable_graph(), "Neg", {"y"}, {"layer1"});
  EXPECT_EQ(load_error(proto),
            "roofline: error[undefined-tensor]: m.onnx: node '' (Neg, #1): input 'laier1' is "
            "defined nowhere\n  hint: did you mean 'layer1'?\n");
}

TEST(GraphError, UndefinedInputInSubgraphAndFunction) {
  onnx::ModelProto proto = capturing_model();
  proto.mutable_graph()
      ->mutable_node(0)
      ->mutable_attribute(0)
      ->mutable_g()
      ->mutable_node(0)
      ->set_input(1, "%%%%%%%%");
  EXPECT_EQ(load_error(proto),
            std::string("roofline: error[undefined-tensor]: m.onnx: node 'if1' (If, #0): node "
                        "'add' (Add, #0): input '%%%%%%%%' is defined nowhere\n") +
                kAgain);
  onnx::ModelProto function = function_model();
  function.mutable_functions(0)->mutable_node(0)->set_input(0, "x");  // of the main graph
  EXPECT_EQ(load_error(function),
            "roofline: error[undefined-tensor]: m.onnx: function 'Act': node 'leaky' (LeakyRelu, "
            "#0): input 'x' is defined nowhere\n  hint: did you mean 'a'?\n");
}

TEST(GraphError, UndefinedOutput) {
  onnx::ModelProto proto = relu_model();
  proto.mutable_graph()->add_output()->set_name("probabilities");
  EXPECT_EQ(load_error(proto), std::string("roofline: error[undefined-tensor]: m.onnx: no node "
                                           "produces graph output 'probabilities'\n") +
                                   kAgain);
}

TEST(GraphError, DuplicateDefinitions) {
  onnx::ModelProto twice = relu_model();
  add_node(*twice.mutable_graph(), "Neg", {"x"}, {"y"}, "neg");
  EXPECT_EQ(load_error(twice),
            std::string("roofline: error[duplicate-tensor]: m.onnx: node 'neg' (Neg, #1): the node "
                        "defines tensor 'y', which is an output of node 'relu' (Relu, #0) "
                        "already\n") +
                kAgain);
  onnx::ModelProto input = relu_model();
  add_node(*input.mutable_graph(), "Neg", {"y"}, {"x"});
  EXPECT_EQ(load_error(input),
            std::string("roofline: error[duplicate-tensor]: m.onnx: node '' (Neg, #1): the node "
                        "defines tensor 'x', which is a graph input already\n") +
                kAgain);
  onnx::ModelProto initializer = relu_model();
  add_initializer(*initializer.mutable_graph(), "y", TensorProto::FLOAT, {2});
  EXPECT_EQ(load_error(initializer),
            std::string("roofline: error[duplicate-tensor]: m.onnx: node 'relu' (Relu, #0): the "
                        "node defines tensor 'y', which is an initializer already\n") +
                kAgain);
  onnx::ModelProto inputs = relu_model();
  add_input(*inputs.mutable_graph(), "x", {1});
  EXPECT_EQ(load_error(inputs),
            std::string("roofline: error[duplicate-tensor]: m.onnx: a graph input defines tensor "
                        "'x', which is a graph input already\n") +
                kAgain);
}

TEST(GraphError, TwoInitializersOfOneName) {
  onnx::ModelProto proto = relu_model();
  add_initializer(*proto.mutable_graph(), "w", TensorProto::FLOAT, {2, 3});
  add_initializer(*proto.mutable_graph(), "w", TensorProto::FLOAT, {2, 3});
  EXPECT_EQ(load_error(proto), "");  // runtimes take one of them, and so do we
  proto.mutable_graph()->mutable_initializer(1)->set_data_type(TensorProto::INT8);
  EXPECT_EQ(load_error(proto),
            std::string("roofline: error[duplicate-tensor]: m.onnx: two initializers are named 'w' "
                        "and differ: float32 2x3 and int8 2x3\n") +
                kAgain);
}

TEST(GraphError, Cycles) {
  onnx::ModelProto proto = empty_model();
  onnx::GraphProto& graph = *proto.mutable_graph();
  add_node(graph, "Relu", {"c"}, {"a"}, "first");
  add_node(graph, "Neg", {"a"}, {"b"}, "second");
  add_node(graph, "Abs", {"b"}, {"c"}, "third");
  EXPECT_EQ(
      load_error(proto),
      std::string("roofline: error[graph-cycle]: m.onnx: the graph has a cycle: node 'second' "
                  "(Neg, #1) -> node 'third' (Abs, #2) -> node 'first' (Relu, #0) -> node "
                  "'second' (Neg, #1)\n") +
          kAgain);
  onnx::ModelProto self = empty_model();
  add_node(*self.mutable_graph(), "Relu", {"a"}, {"a"}, "self");
  EXPECT_EQ(load_error(self),
            std::string("roofline: error[graph-cycle]: m.onnx: the graph has a cycle: node 'self' "
                        "(Relu, #0) -> node 'self' (Relu, #0)\n") +
                kAgain);
}

TEST(GraphError, LongCycleIsAbbreviated) {
  onnx::ModelProto proto = empty_model();
  for (int i = 0; i < 7; ++i) {
    add_node(*proto.mutable_graph(), "Relu", {std::to_string(i)}, {std::to_string((i + 1) % 7)});
  }
  EXPECT_THAT(load_error(proto), testing::HasSubstr("(Relu, #5) -> ... (7 nodes)\n"));
}

TEST(GraphError, CycleThroughASubgraph) {
  onnx::ModelProto proto = capturing_model();
  proto.mutable_graph()->mutable_node(1)->set_input(0, "y");
  EXPECT_THAT(load_error(proto), testing::HasSubstr("error[graph-cycle]: m.onnx: the graph has a "
                                                    "cycle: node 'relu' (Relu, #1) -> node 'if1'"));
}

TEST(GraphError, NamelessThings) {
  onnx::ModelProto op = relu_model();
  op.mutable_graph()->mutable_node(0)->clear_op_type();
  EXPECT_EQ(load_error(op),
            std::string("roofline: error[missing-op-type]: m.onnx: node 'relu' (, #0): the node "
                        "names no operator (op_type is empty)\n") +
                kAgain);
  onnx::ModelProto input = relu_model();
  input.mutable_graph()->add_input();
  EXPECT_EQ(
      load_error(input),
      std::string("roofline: error[unnamed-tensor]: m.onnx: a graph input has no name\n") + kAgain);
  onnx::ModelProto initializer = relu_model();
  initializer.mutable_graph()->add_initializer();
  EXPECT_EQ(load_error(initializer),
            std::string("roofline: error[unnamed-tensor]: m.onnx: an initializer has no name\n") +
                kAgain);
  onnx::ModelProto output = relu_model();
  output.mutable_graph()->add_output();
  EXPECT_EQ(load_error(output),
            std::string("roofline: error[unnamed-tensor]: m.onnx: a graph output has no name\n") +
                kAgain);
}

TEST(GraphError, HostileNamesAreMadePrintable) {
  onnx::ModelProto proto = relu_model();
  proto.mutable_graph()->mutable_node(0)->set_name("\x1b[31mred\n");
  proto.mutable_graph()->mutable_node(0)->set_input(0, "\a\a\a\a\a\a\a\a\a");
  const std::string text = load_error(proto);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\a'), std::string::npos);
}

TEST(GraphError, Opsets) {
  onnx::ModelProto none = relu_model();
  none.clear_opset_import();
  EXPECT_EQ(load_error(none),
            "roofline: error[missing-opset]: m.onnx: the model (IR version 8) imports no operator "
            "set, so that its nodes have no defined meaning\n"
            "  hint: set opset_import, for instance with onnx.helper.make_opsetid('', 17), and "
            "save it again\n");
  none.set_ir_version(2);  // before opsets existed
  EXPECT_THAT(load_proto(none).opsets, ElementsAre(Pair("", 1)));
  onnx::ModelProto zero = relu_model();
  zero.mutable_opset_import(0)->set_version(0);
  EXPECT_EQ(load_error(zero),
            "roofline: error[bad-opset]: m.onnx: version 0 is imported of operator set 'ai.onnx', "
            "expected 1 or more\n  hint: export the model again\n");
  zero.mutable_opset_import(0)->set_version(std::int64_t{1} << 40);
  EXPECT_THAT(load_error(zero), testing::HasSubstr("error[bad-opset]"));
  onnx::ModelProto two = relu_model();
  onnx::OperatorSetIdProto& other = *two.add_opset_import();
  other.set_domain("ai.onnx");
  other.set_version(13);
  EXPECT_THAT(load_proto(two).opsets, ElementsAre(Pair("", 17))) << "the newer one";
}

}  // namespace
}  // namespace roofline::test
