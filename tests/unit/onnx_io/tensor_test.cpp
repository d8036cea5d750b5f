// Owns: what the loader makes of tensor data: dtypes, packed elements, sparse and external tensors.
// Refuses: graphs (graph_test.cpp) and large payloads (skeleton_test.cpp).
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "protos.hpp"

namespace roofline::test {
namespace {

using onnx::TensorProto;
using testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

ir::Constant load_tensor(TensorProto data) {
  onnx::ModelProto proto = relu_model();
  data.set_name("w");
  *proto.mutable_graph()->add_initializer() = std::move(data);
  return *tensor(load_proto(proto).graph, "w").constant;
}

TensorProto make_tensor(int type, const std::vector<std::int64_t>& dims) {
  TensorProto data;
  fill_tensor(data, "w", type, dims);
  return data;
}

TensorProto raw_tensor(int type, const std::vector<std::int64_t>& dims, const std::string& bytes) {
  TensorProto data = make_tensor(type, dims);
  data.set_raw_data(bytes);
  return data;
}

std::vector<std::int64_t> integers(const TensorProto& data) {
  return std::get<std::vector<std::int64_t>>(load_tensor(data).value.value());
}

std::vector<double> floats(const TensorProto& data) {
  return std::get<std::vector<double>>(load_tensor(data).value.value());
}

/// One byte per element, NaN equal to NaN.
void expect_bytes_decode(int type, const std::string& bytes, const std::vector<double>& expected) {
  const std::vector<double> found =
      floats(raw_tensor(type, {static_cast<std::int64_t>(bytes.size())}, bytes));
  EXPECT_THAT(found, testing::Pointwise(testing::NanSensitiveDoubleEq(), expected)) << type;
}

std::string tensor_error(const TensorProto& data) {
  return error_text([&] { static_cast<void>(load_tensor(data)); });
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

TEST(TensorData, RawIntegersOfEveryWidth) {
  using namespace std::string_literals;
  EXPECT_THAT(integers(raw_tensor(TensorProto::INT8, {2}, "\x80\x7f"s)), ElementsAre(-128, 127));
  EXPECT_THAT(integers(raw_tensor(TensorProto::UINT8, {2}, "\x80\x7f"s)), ElementsAre(128, 127));
  EXPECT_THAT(integers(raw_tensor(TensorProto::INT16, {2}, "\xfe\xff\x01\x02"s)),
              ElementsAre(-2, 513));
  EXPECT_THAT(integers(raw_tensor(TensorProto::UINT16, {1}, "\xfe\xff"s)), ElementsAre(65534));
  EXPECT_THAT(integers(raw_tensor(TensorProto::INT32, {2}, bytes_of<std::int32_t>({-5, 1 << 30}))),
              ElementsAre(-5, 1 << 30));
  EXPECT_THAT(integers(raw_tensor(TensorProto::UINT32, {1}, "\xff\xff\xff\xff"s)),
              ElementsAre(4294967295));
  EXPECT_THAT(integers(raw_tensor(TensorProto::BOOL, {3}, "\0\1\2"s)), ElementsAre(0, 1, 1));
  EXPECT_THAT(integers(raw_tensor(TensorProto::INT64, {2}, bytes_of<std::int64_t>({-1, 224}))),
              ElementsAre(-1, 224));
}

TEST(TensorData, IntegersThatDoNotFit) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  // "From the end" in a Slice: must not be taken for an unknown element.
  EXPECT_THAT(integers(raw_tensor(TensorProto::INT64, {1}, bytes_of<std::int64_t>({kMin}))),
              ElementsAre(kMin + 1));
  EXPECT_THAT(integers(raw_tensor(TensorProto::UINT64, {2},
                                  bytes_of<std::uint64_t>({~std::uint64_t{0}, 7}))),
              ElementsAre(ir::kUnknownElement, 7));
}

TEST(TensorData, PackedBelowOneByteLowestFirst) {
  using namespace std::string_literals;
  EXPECT_THAT(integers(raw_tensor(22, {3}, "\xf1\x08"s)), ElementsAre(1, -1, -8));         // int4
  EXPECT_THAT(integers(raw_tensor(21, {3}, "\xf1\x08"s)), ElementsAre(1, 15, 8));          // uint4
  EXPECT_THAT(integers(raw_tensor(26, {5}, "\xe4\x02"s)), ElementsAre(0, 1, -2, -1, -2));  // int2
  EXPECT_THAT(integers(raw_tensor(25, {5}, "\xe4\x02"s)), ElementsAre(0, 1, 2, 3, 2));     // uint2
  EXPECT_THAT(floats(raw_tensor(23, {4}, "\x72\x9f"s)), ElementsAre(1, 6, -6, -0.5));      // float4
}

TEST(TensorData, PackedInInt32Data) {
  TensorProto int4 = make_tensor(22, {3});
  int4.add_int32_data(0xf1);
  int4.add_int32_data(0x08);
  EXPECT_THAT(integers(int4), ElementsAre(1, -1, -8));
  TensorProto uint2 = make_tensor(25, {5});
  uint2.add_int32_data(0xe4);
  uint2.add_int32_data(0x02);
  EXPECT_THAT(integers(uint2), ElementsAre(0, 1, 2, 3, 2));
}

TEST(TensorData, TypedIntegers) {
  TensorProto int64 = make_tensor(TensorProto::INT64, {2});
  int64.add_int64_data(-3);
  int64.add_int64_data(4);
  EXPECT_THAT(integers(int64), ElementsAre(-3, 4));
  for (const int type : {TensorProto::INT32, TensorProto::INT16, TensorProto::INT8}) {
    TensorProto narrow = make_tensor(type, {1});
    narrow.add_int32_data(-3);
    EXPECT_THAT(integers(narrow), ElementsAre(-3)) << type;
  }
  TensorProto boolean = make_tensor(TensorProto::BOOL, {1});
  boolean.add_int32_data(1);
  EXPECT_THAT(integers(boolean), ElementsAre(1));
  for (const int type : {TensorProto::UINT32, TensorProto::UINT64}) {
    TensorProto wide = make_tensor(type, {1});
    wide.add_uint64_data(3'000'000'000);
    EXPECT_THAT(integers(wide), ElementsAre(3'000'000'000)) << type;
  }
}

TEST(TensorData, TypedFloats) {
  TensorProto single = make_tensor(TensorProto::FLOAT, {2});
  single.add_float_data(0.5F);
  single.add_float_data(-2);
  EXPECT_THAT(floats(single), ElementsAre(0.5, -2));
  TensorProto two = make_tensor(TensorProto::DOUBLE, {1});
  two.add_double_data(1e300);
  EXPECT_THAT(floats(two), ElementsAre(1e300));
  TensorProto half = make_tensor(TensorProto::FLOAT16, {1});
  half.add_int32_data(0x3c00);
  EXPECT_THAT(floats(half), ElementsAre(1));
  TensorProto eight = make_tensor(17, {1});  // float8e4m3fn
  eight.add_int32_data(0x38);
  EXPECT_THAT(floats(eight), ElementsAre(1));
}

TEST(TensorData, RawFloats) {
  EXPECT_THAT(floats(raw_tensor(TensorProto::FLOAT, {2}, bytes_of<float>({1.5F, -3}))),
              ElementsAre(1.5, -3));
  EXPECT_THAT(floats(raw_tensor(TensorProto::DOUBLE, {1}, bytes_of<double>({0.1}))),
              ElementsAre(0.1));
  const auto halves =
      floats(raw_tensor(TensorProto::FLOAT16, {6},
                        bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x7e00})));
  EXPECT_THAT(halves, testing::Pointwise(
                          testing::NanSensitiveDoubleEq(),
                          std::vector<double>{1, -2, std::ldexp(1, -24), 65504, kInf, kNan}));
  EXPECT_THAT(
      floats(raw_tensor(TensorProto::BFLOAT16, {2}, bytes_of<std::uint16_t>({0x3fc0, 0xff80}))),
      ElementsAre(1.5, -kInf));
}

TEST(TensorData, EightBitFloats) {
  using namespace std::string_literals;
  // Largest, smallest subnormal, the not-a-number or infinity codes of each format.
  expect_bytes_decode(17, "\x38\x7e\x01\x7f\x80"s, {1, 448, std::ldexp(1, -9), kNan, -0.0});
  expect_bytes_decode(18, "\x40\x7f\x01\x80"s, {1, 240, std::ldexp(1, -10), kNan});
  expect_bytes_decode(19, "\x3c\x7b\x01\x7c\xfc\x7d"s,
                      {1, 57344, std::ldexp(1, -16), kInf, -kInf, kNan});
  expect_bytes_decode(20, "\x40\x7f\x01\x80"s, {1, 57344, std::ldexp(1, -17), kNan});
  expect_bytes_decode(24, "\x7f\x80\x00\xff"s, {1, 2, std::ldexp(1, -127), kNan});
}

TEST(TensorData, EmptyAndScalar) {
  EXPECT_THAT(integers(make_tensor(TensorProto::INT64, {0})), testing::IsEmpty());
  EXPECT_THAT(floats(make_tensor(TensorProto::FLOAT, {0, 4})), testing::IsEmpty());
  TensorProto scalar = make_tensor(TensorProto::INT64, {});
  scalar.add_int64_data(9);
  EXPECT_THAT(integers(scalar), ElementsAre(9));
}

TEST(TensorData, AbsentDataIsNotLoadedRatherThanZero) {
  const ir::Constant c = load_tensor(make_tensor(TensorProto::FLOAT, {2, 2}));
  EXPECT_FALSE(c.value.has_value());
  EXPECT_EQ(c.dims, (ir::Shape{2, 2}));
  EXPECT_EQ(c.dtype, ir::DType::kFloat32);
  EXPECT_FALSE(c.external);
}

TEST(TensorData, TypesWithoutSmallValues) {
  TensorProto strings = make_tensor(TensorProto::STRING, {1});
  strings.add_string_data("text");
  EXPECT_FALSE(load_tensor(strings).value.has_value());
  EXPECT_EQ(load_tensor(strings).dtype, ir::DType::kString);
  const std::string eight(8, '\0');
  EXPECT_FALSE(load_tensor(raw_tensor(TensorProto::COMPLEX64, {1}, eight)).value.has_value());
}

TEST(TensorData, UnknownTypesAreCarried) {
  const ir::Constant c = load_tensor(raw_tensor(99, {2}, "abcdefg"));
  EXPECT_EQ(c.dtype, ir::DType::kUndefined);
  EXPECT_EQ(c.dims, (ir::Shape{2}));
  EXPECT_FALSE(c.value.has_value());
}

TEST(TensorData, ManyElementsHaveNoSmallValue) {
  // 2048 elements of 2 bits are 512 bytes: loaded, but more than shape arithmetic needs.
  EXPECT_FALSE(load_tensor(raw_tensor(25, {2048}, std::string(512, '\0'))).value.has_value());
  EXPECT_TRUE(load_tensor(raw_tensor(25, {1024}, std::string(256, '\0'))).value.has_value());
}

TEST(TensorData, ExternalDataIsNeverLookedFor) {
  TensorProto data = raw_tensor(TensorProto::FLOAT, {4}, "stale");
  data.set_data_location(TensorProto::EXTERNAL);
  onnx::StringStringEntryProto& entry = *data.add_external_data();
  entry.set_key("location");
  entry.set_value("/does/not/exist.bin");
  const ir::Constant c = load_tensor(data);
  EXPECT_TRUE(c.external);
  EXPECT_FALSE(c.value.has_value());
  data.clear_data_location();
  EXPECT_TRUE(load_tensor(data).external);
}

TEST(TensorData, SegmentsAreNotDecoded) {
  TensorProto data = raw_tensor(TensorProto::FLOAT, {4}, "part");
  data.mutable_segment()->set_begin(0);
  EXPECT_FALSE(load_tensor(data).value.has_value());
}

onnx::ModelProto sparse_model(const std::vector<std::int64_t>& stored) {
  onnx::ModelProto proto = relu_model();
  onnx::SparseTensorProto& sparse = *proto.mutable_graph()->add_sparse_initializer();
  fill_tensor(*sparse.mutable_values(), "s", TensorProto::FLOAT16, stored);
  fill_tensor(*sparse.mutable_indices(), "", TensorProto::INT64, stored);
  sparse.add_dims(64);
  sparse.add_dims(32);
  return proto;
}

TEST(TensorData, SparseInitializers) {
  const ir::Constant c = *tensor(load_proto(sparse_model({100})).graph, "s").constant;
  EXPECT_EQ(c.dims, (ir::Shape{64, 32}));
  EXPECT_EQ(c.dtype, ir::DType::kFloat16);
  EXPECT_EQ(c.sparse_values, Count(100));
  EXPECT_FALSE(c.value.has_value());
}

TEST(TensorData, SparseAttribute) {
  onnx::ModelProto proto = relu_model();
  onnx::NodeProto& node = add_node(*proto.mutable_graph(), "Constant", {}, {"k"});
  *add_attribute(node, "sparse_value", onnx::AttributeProto::SPARSE_TENSOR)
       .mutable_sparse_tensor() = sparse_model({7}).graph().sparse_initializer(0);
  const ir::Graph g = load_proto(proto).graph;
  const auto c = std::get<ir::Constant>(g.nodes[1].attribute("sparse_value")->value);
  EXPECT_EQ(c.sparse_values, Count(7));
}

TEST(TensorData, HugeDimsAreCarried) {
  const ir::Shape huge = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  const ir::Constant c = load_tensor(make_tensor(TensorProto::FLOAT, huge));
  EXPECT_EQ(c.dims, huge);  // whoever counts the elements says that they overflow
}

// --- what the loader refuses, word for word ---

TEST(TensorError, NegativeDims) {
  EXPECT_EQ(tensor_error(make_tensor(TensorProto::FLOAT, {64, -1, 3})),
            std::string("roofline: error[bad-tensor]: m.onnx: initializer 'w': its dims 64x-1x3 "
                        "have a negative size\n") +
                kAgain);
}

TEST(TensorError, DataOfAnotherSize) {
  EXPECT_EQ(tensor_error(raw_tensor(TensorProto::FLOAT, {2, 2}, "123456789012")),
            std::string("roofline: error[bad-tensor]: m.onnx: initializer 'w': it holds 12 bytes "
                        "of data, but float32 2x2 needs 16\n") +
                kAgain);
  EXPECT_THAT(tensor_error(raw_tensor(22, {3}, "1")), testing::HasSubstr("int4 3 needs 2\n"));
  TensorProto typed = make_tensor(TensorProto::INT64, {3});
  typed.add_int64_data(1);
  EXPECT_EQ(tensor_error(typed),
            std::string("roofline: error[bad-tensor]: m.onnx: initializer 'w': it holds 1 values "
                        "of data, but int64 3 needs 3\n") +
                kAgain);
  const std::int64_t big = std::int64_t{1} << 40;
  EXPECT_THAT(tensor_error(raw_tensor(TensorProto::FLOAT, {big, big}, "1234")),
              testing::HasSubstr("needs more than 2^63\n"));
  EXPECT_THAT(tensor_error(raw_tensor(TensorProto::DOUBLE, {big, 1 << 22}, "1234")),
              testing::HasSubstr("needs more than 2^63\n"));
}

TEST(TensorError, InAttributesAndSparse) {
  onnx::ModelProto proto = relu_model();
  onnx::NodeProto& node = add_node(*proto.mutable_graph(), "Constant", {}, {"k"}, "const");
  *add_attribute(node, "value", onnx::AttributeProto::TENSOR).mutable_t() =
      raw_tensor(TensorProto::FLOAT, {1}, "12");
  EXPECT_EQ(load_error(proto),
            std::string("roofline: error[bad-tensor]: m.onnx: node 'const' (Constant, #1): "
                        "attribute 'value': it holds 2 bytes of data, but float32 1 needs 4\n") +
                kAgain);
  const std::int64_t big = std::int64_t{1} << 40;
  EXPECT_EQ(load_error(sparse_model({big, big})),
            std::string("roofline: error[bad-tensor]: m.onnx: sparse initializer 's': it stores "
                        "1099511627776x1099511627776 values: more than 2^63\n") +
                kAgain);
}

}  // namespace
}  // namespace roofline::test
