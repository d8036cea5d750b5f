// Owns: what is left out of a model, in memory and in stripped files.
// Refuses: the meaning of what is left (graph_test.cpp, tensor_test.cpp).
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

#include "protos.hpp"

namespace roofline::test {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;
using testing::HasSubstr;

constexpr int kLarge = 4096;  // bytes of payload; above 1024 it is left out

/// The bytes that strip() makes of a model.
std::string stripped(const std::string& bytes) {
  const TemporaryDirectory directory;
  const std::string out = directory.path("out.onnx");
  const std::int64_t size = onnx_io::strip(directory.write("in.onnx", bytes), out);
  const std::string result = read_file(out);
  EXPECT_EQ(size, static_cast<std::int64_t>(result.size()));
  return result;
}

onnx::ModelProto stripped(const onnx::ModelProto& model) {
  onnx::ModelProto result;
  EXPECT_TRUE(result.ParseFromString(stripped(model.SerializeAsString())));
  return result;
}

void set_large(TensorProto& tensor, const std::string& name) {
  fill_tensor(tensor, name, TensorProto::INT8, {kLarge});
  tensor.set_raw_data(std::string(kLarge, 'p'));
}

TEST(Skeleton, KeepsAndDropsByPayloadSize) {
  onnx::ModelProto model = relu_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  add_initializer(graph, "small", TensorProto::INT8, {1024}).set_raw_data(std::string(1024, 1));
  add_initializer(graph, "large", TensorProto::INT8, {1025}).set_raw_data(std::string(1025, 1));
  const onnx::ModelProto out = stripped(model);
  ASSERT_EQ(out.graph().initializer_size(), 2);
  EXPECT_EQ(out.graph().initializer(0).raw_data().size(), 1024U);
  EXPECT_FALSE(out.graph().initializer(1).has_raw_data());
  EXPECT_EQ(out.graph().initializer(1).name(), "large");
  EXPECT_EQ(out.graph().initializer(1).dims(0), 1025);
  EXPECT_EQ(out.graph().initializer(1).data_type(), TensorProto::INT8);
}

TEST(Skeleton, DropsEveryPayloadField) {
  onnx::ModelProto model = relu_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  const auto add = [&](int type) -> TensorProto& {
    return add_initializer(graph, "t" + std::to_string(graph.initializer_size()), type, {kLarge});
  };
  TensorProto& f = add(TensorProto::FLOAT);
  TensorProto& i32 = add(TensorProto::INT32);
  TensorProto& i64 = add(TensorProto::INT64);
  TensorProto& d = add(TensorProto::DOUBLE);
  TensorProto& u64 = add(TensorProto::UINT64);
  TensorProto& s = add(TensorProto::STRING);
  TensorProto& raw = add(TensorProto::INT8);
  for (int i = 0; i < kLarge; ++i) {
    f.add_float_data(1);
    i32.add_int32_data(1);
    i64.add_int64_data(1);
    d.add_double_data(1);
    u64.add_uint64_data(1);
    s.add_string_data("s");
  }
  raw.set_raw_data(std::string(kLarge, 1));
  const onnx::ModelProto out = stripped(model);
  ASSERT_EQ(out.graph().initializer_size(), 7);
  for (const TensorProto& t : out.graph().initializer()) {
    TensorProto bare;
    fill_tensor(bare, t.name(), t.data_type(), {kLarge});
    EXPECT_EQ(t.SerializeAsString(), bare.SerializeAsString());
  }
}

/// A field of wire type `wire_type` with that content, as protobuf would never write it itself.
std::string field(int number, int wire_type, const std::string& content) {
  std::string bytes(1, static_cast<char>(number << 3 | wire_type));
  if (wire_type == 2) {
    for (std::size_t size = content.size(); true; size >>= 7U) {
      bytes += static_cast<char>((size & 0x7fU) | (size >= 0x80 ? 0x80U : 0U));
      if (size < 0x80) break;
    }
  }
  return bytes + content;
}

/// A model whose only initializer is given in its serialized form.
std::string model_with_tensor(const std::string& tensor) {
  onnx::ModelProto header;
  header.set_ir_version(8);
  header.add_opset_import()->set_version(17);
  return header.SerializeAsString() + field(7, 2, field(5, 2, tensor));
}

TEST(Skeleton, DropsUnpackedPayload) {
  std::string head =
      field(8, 2, "w") + field(2, 0, "\x01") + field(1, 0, std::string("\x00\x04", 2).substr(1));
  std::string tensor = head;
  for (int i = 0; i < 300; ++i) tensor += field(4, 5, "abcd");  // float_data, one field each
  const std::string out = stripped(model_with_tensor(tensor));
  EXPECT_EQ(out, model_with_tensor(head));
  std::string few = head;
  for (int i = 0; i < 4; ++i) few += field(4, 5, "abcd");
  EXPECT_EQ(stripped(model_with_tensor(few)), model_with_tensor(few));
}

TEST(Skeleton, PayloadIsTheSumOfItsPieces) {
  const std::string head = field(8, 2, "w") + field(2, 0, "\x08");
  const std::string piece = field(6, 2, std::string(600, 's'));
  const std::string middle = field(1, 0, "\x02");
  EXPECT_EQ(stripped(model_with_tensor(head + piece)), model_with_tensor(head + piece));
  EXPECT_EQ(stripped(model_with_tensor(head + piece + middle + piece)),
            model_with_tensor(head + middle));
}

/// A model that has a large tensor in every place where one may be.
onnx::ModelProto model_with_tensors_everywhere() {
  onnx::ModelProto model = relu_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  set_large(*graph.add_initializer(), "w");
  onnx::SparseTensorProto& sparse = *graph.add_sparse_initializer();
  set_large(*sparse.mutable_values(), "s");
  set_large(*sparse.mutable_indices(), "");
  sparse.add_dims(1 << 20);
  onnx::NodeProto& node = add_node(graph, "Constant", {}, {"k"});
  set_large(*add_attribute(node, "value", AttributeProto::TENSOR).mutable_t(), "");
  set_large(*add_attribute(node, "tensors", AttributeProto::TENSORS).add_tensors(), "");
  *add_attribute(node, "sparse", AttributeProto::SPARSE_TENSOR).mutable_sparse_tensor() = sparse;
  *add_attribute(node, "sparses", AttributeProto::SPARSE_TENSORS).add_sparse_tensors() = sparse;
  onnx::NodeProto& branch = add_node(graph, "If", {"x"}, {"z"});
  onnx::GraphProto& then = *add_attribute(branch, "then", AttributeProto::GRAPH).mutable_g();
  set_large(*then.add_initializer(), "inner");
  then.add_output()->set_name("inner");
  onnx::GraphProto& many = *add_attribute(branch, "all", AttributeProto::GRAPHS).add_graphs();
  set_large(*many.add_initializer(), "inner");
  onnx::FunctionProto& function = *model.add_functions();
  function.set_name("f");
  *function.add_node() = node;
  AttributeProto fallback;
  fallback.set_name("default");
  fallback.set_type(AttributeProto::TENSOR);
  set_large(*fallback.mutable_t(), "");
  function.mutable_unknown_fields()->AddLengthDelimited(11, fallback.SerializeAsString());
  onnx::TrainingInfoProto& training = *model.add_training_info();
  set_large(*training.mutable_initialization()->add_initializer(), "w0");
  set_large(*training.mutable_algorithm()->add_initializer(), "w1");
  return model;
}

TEST(Skeleton, DropsPayloadsWhereverTheyAre) {
  const onnx::ModelProto model = model_with_tensors_everywhere();
  const std::string out = stripped(model.SerializeAsString());
  EXPECT_LT(out.size(), 1500U);
  EXPECT_EQ(out.find("pppp"), std::string::npos);
  onnx::ModelProto parsed;
  ASSERT_TRUE(parsed.ParseFromString(out));
  // Parsing and writing again changes nothing: every length is right and written the usual way.
  EXPECT_EQ(parsed.SerializeAsString(), out);
  EXPECT_EQ(parsed.graph().node(1).attribute(0).t().dims(0), kLarge);
  EXPECT_EQ(parsed.graph().node(2).attribute(0).g().initializer(0).dims(0), kLarge);
  EXPECT_EQ(parsed.training_info(0).algorithm().initializer(0).name(), "w1");
  EXPECT_EQ(stripped(out), out);
}

TEST(Skeleton, KeepsLargeAttributeLists) {
  onnx::ModelProto model = relu_model();
  onnx::NodeProto& node = *model.mutable_graph()->mutable_node(0);
  AttributeProto& floats = add_attribute(node, "nodes_values", AttributeProto::FLOATS);
  AttributeProto& ints = add_attribute(node, "nodes_ids", AttributeProto::INTS);
  AttributeProto& strings = add_attribute(node, "classes", AttributeProto::STRINGS);
  for (int i = 0; i < kLarge; ++i) {
    floats.add_floats(1);
    ints.add_ints(i);
    strings.add_strings("class");
  }
  EXPECT_EQ(stripped(model).SerializeAsString(), model.SerializeAsString());
  EXPECT_EQ(std::get<std::vector<double>>(
                load_proto(model).graph.nodes[0].attribute("nodes_values")->value)
                .size(),
            static_cast<std::size_t>(kLarge));
}

TEST(Skeleton, DropsDocStringsAndStackTraces) {
  onnx::ModelProto plain = relu_model();
  plain.mutable_graph()->add_value_info()->set_name("y");
  onnx::StringStringEntryProto& property = *plain.add_metadata_props();
  property.set_key("license");
  property.set_value("MIT");
  onnx::ModelProto model = plain;
  onnx::GraphProto& graph = *model.mutable_graph();
  model.set_doc_string("doc");
  graph.set_doc_string("doc");
  graph.mutable_node(0)->set_doc_string("File train.py, line 1");
  graph.mutable_node(0)->mutable_unknown_fields()->AddLengthDelimited(9, "metadata");
  graph.mutable_input(0)->set_doc_string("doc");
  graph.mutable_value_info(0)->set_doc_string("doc");
  graph.mutable_value_info(0)->mutable_unknown_fields()->AddLengthDelimited(4, "metadata");
  EXPECT_EQ(stripped(model).SerializeAsString(), plain.SerializeAsString());
}

TEST(Skeleton, KeepsUnknownFields) {
  onnx::ModelProto model = relu_model();
  model.mutable_unknown_fields()->AddVarint(999, 5);
  model.mutable_graph()->mutable_unknown_fields()->AddLengthDelimited(16, "metadata");
  set_large(*model.mutable_graph()->add_initializer(), "w");
  const onnx::ModelProto out = stripped(model);
  EXPECT_EQ(out.unknown_fields().field(0).varint(), 5U);
  EXPECT_EQ(out.graph().unknown_fields().field(0).length_delimited(), "metadata");
}

TEST(Skeleton, IdentifiesTheModelWhateverItsWeights) {
  onnx::ModelProto model = relu_model();
  set_large(*model.mutable_graph()->add_initializer(), "w");
  const std::string digest = load_proto(model).skeleton_sha256;
  EXPECT_EQ(digest.size(), 64U);
  model.mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(kLarge, 'q'));
  EXPECT_EQ(load_proto(model).skeleton_sha256, digest);
  EXPECT_EQ(load_proto(stripped(model)).skeleton_sha256, digest);
  model.mutable_graph()->mutable_node(0)->set_op_type("Tanh");
  EXPECT_NE(load_proto(model).skeleton_sha256, digest);
  const std::string bytes = model.SerializeAsString();
  EXPECT_EQ(onnx_io::load(as_bytes(bytes), "m", onnx_io::Digest::kSkip).skeleton_sha256, "");
}

TEST(Skeleton, SubgraphsMayNestThirtyDeep) {
  const auto nested = [](int depth) {
    onnx::ModelProto model = relu_model();
    onnx::GraphProto* graph = model.mutable_graph();
    for (int i = 0; i < depth; ++i) {
      onnx::NodeProto& node = add_node(*graph, "If", {"x"}, {"r" + std::to_string(i)});
      graph = add_attribute(node, "then_branch", AttributeProto::GRAPH).mutable_g();
    }
    set_tensor_type(*graph->add_value_info(), {1});
    return model;
  };
  EXPECT_EQ(load_error(nested(29)), "");
  EXPECT_EQ(load_error(nested(30)),
            "roofline: error[too-deep]: m.onnx: messages are nested more than 90 deep\n"
            "  hint: flatten the subgraphs inside subgraphs\n");
}

/// Writes a model with one float initializer of `gigabytes` of zeros that take no disk space.
void write_sparse_model(const std::string& path, std::size_t gigabytes) {
  const std::size_t payload = gigabytes << 30U;
  TensorProto tensor;
  fill_tensor(tensor, "w", TensorProto::FLOAT, {static_cast<std::int64_t>(payload / 4)});
  const auto header = [](int number, std::size_t size) {
    std::string bytes(1, static_cast<char>(number << 3 | 2));
    for (; size >= 0x80; size >>= 7U) bytes += static_cast<char>((size & 0x7fU) | 0x80U);
    return bytes + static_cast<char>(size);
  };
  const onnx::ModelProto model = relu_model();
  onnx::ModelProto head = model;
  head.clear_graph();
  std::string inner = tensor.SerializeAsString() + header(9, payload);
  inner = header(5, inner.size() + payload) + inner;
  const std::string graph = model.graph().SerializeAsString();
  const std::string start =
      head.SerializeAsString() + header(7, graph.size() + inner.size() + payload) + graph + inner;
  std::ofstream(path, std::ios::binary) << start;
  ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(start.size() + payload)), 0);
}

/// Peak resident memory of this process so far.
long peak_memory_kib() {
  rusage usage{};
  EXPECT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

TEST(Skeleton, FilesBeyondTwoGigabytesAreNotRead) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("large.onnx");
  write_sparse_model(path, 3);
  const long memory_before = peak_memory_kib();
  const auto start = std::chrono::steady_clock::now();
  const ir::Model model = onnx_io::load(path);
  const auto elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(tensor(model.graph, "w").constant->dims, (ir::Shape{std::int64_t{3} << 28}));
  EXPECT_LT(elapsed, std::chrono::seconds(2));  // reading it through takes longer
  EXPECT_LT(peak_memory_kib() - memory_before, 40'000);
  const std::string out = directory.path("small.onnx");
  EXPECT_LT(onnx_io::strip(path, out), 200);
  EXPECT_EQ(onnx_io::load(out).skeleton_sha256, model.skeleton_sha256);
}

TEST(Skeleton, ManyMediumTensorsKeepMemoryBounded) {
  // 64 MiB in 2 KiB tensors: every page is looked at, and given back on the way.
  const TemporaryDirectory directory;
  onnx::ModelProto model = relu_model();
  for (int i = 0; i < 32'768; ++i) {
    TensorProto& t =
        add_initializer(*model.mutable_graph(), "w" + std::to_string(i), TensorProto::INT8, {2048});
    t.set_raw_data(std::string(2048, 'p'));
  }
  const std::string path = directory.write("m.onnx", model.SerializeAsString());
  const long memory_before = peak_memory_kib();
  const ir::Model loaded = onnx_io::load(path);
  EXPECT_LT(peak_memory_kib() - memory_before, 40'000);
  EXPECT_EQ(loaded.graph.tensors.size(), 32'770U);
  EXPECT_EQ(tensor(loaded.graph, "w32767").constant->dims, (ir::Shape{2048}));
}

}  // namespace
}  // namespace roofline::test
