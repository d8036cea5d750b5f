// Owns the test rows of arithmetic, comparison, logic and select.
// Refuses values that flow through shape arithmetic: value_cases.cpp has those.
#include "op_case.hpp"

namespace roofline::test {
namespace {

using Ints = std::vector<std::int64_t>;

/// A [2,3,4] operand, a [3,1] one, and `ops` operations per element of the [2,3,4] result.
OpCase broadcast_case(const std::string& type, int opset, DType in, DType out, std::int64_t ops = 1,
                      std::int64_t transcendentals = 0) {
  const std::int64_t in_size = ir::bits(in) / 8;
  const std::int64_t out_size = ir::bits(out) / 8;
  return {.type = type,
          .opset = opset,
          .inputs = {t({2, 3, 4}, in), t({3, 1}, in)},
          .outputs = {t({2, 3, 4}, out)},
          .arithmetic = ops * 2 * 3 * 4,
          .transcendentals = transcendentals * 2 * 3 * 4,
          .bytes_read = in_size * (2 * 3 * 4 + 3),
          .bytes_written = out_size * 2 * 3 * 4};
}

/// Three [2,3] operands.
OpCase variadic_case(const std::string& type, int opset, std::int64_t arithmetic) {
  return {.type = type,
          .opset = opset,
          .inputs = {t({2, 3}), t({2, 3}), t({2, 3})},
          .outputs = {t({2, 3})},
          .arithmetic = arithmetic,
          .bytes_read = 4 * 3 * 2 * 3,
          .bytes_written = 4 * 2 * 3};
}

const bool kArithmetic = add_cases({
    broadcast_case("Add", 7, DType::kFloat32, DType::kFloat32),
    broadcast_case("Add", 14, DType::kInt8, DType::kInt8),
    broadcast_case("Sub", 13, DType::kFloat16, DType::kFloat16),
    broadcast_case("Mul", 13, DType::kFloat64, DType::kFloat64),
    broadcast_case("Div", 13, DType::kInt64, DType::kInt64),
    broadcast_case("Mod", 10, DType::kInt32, DType::kInt32),
    broadcast_case("Pow", 12, DType::kFloat32, DType::kFloat32, 0, 1),
    broadcast_case("Equal", 13, DType::kInt64, DType::kBool),
    broadcast_case("Greater", 9, DType::kFloat32, DType::kBool),
    broadcast_case("GreaterOrEqual", 12, DType::kFloat32, DType::kBool),
    broadcast_case("Less", 13, DType::kFloat32, DType::kBool),
    broadcast_case("LessOrEqual", 16, DType::kFloat32, DType::kBool),
    broadcast_case("And", 7, DType::kBool, DType::kBool),
    broadcast_case("Or", 7, DType::kBool, DType::kBool),
    broadcast_case("Xor", 7, DType::kBool, DType::kBool),
    broadcast_case("BitwiseAnd", 18, DType::kUint8, DType::kUint8),
    broadcast_case("BitwiseOr", 18, DType::kUint8, DType::kUint8),
    broadcast_case("BitwiseXor", 18, DType::kUint8, DType::kUint8),
    variadic_case("Min", 13, 2 * 2 * 3),
    variadic_case("Max", 8, 2 * 2 * 3),
    variadic_case("Max", 6, 2 * 2 * 3),
    variadic_case("Sum", 13, 2 * 2 * 3),
    variadic_case("Sum", 1, 2 * 2 * 3),
    variadic_case("Mean", 13, (2 + 1) * 2 * 3),
    {.type = "BitShift",
     .opset = 11,
     .inputs = {t({8}, DType::kUint16), t({8}, DType::kUint16)},
     .attributes = {{"direction", "LEFT"}},
     .outputs = {t({8}, DType::kUint16)},
     .arithmetic = 8,
     .bytes_read = 2 * (8 + 8),
     .bytes_written = 2 * 8},
    {.type = "BitShift",
     .opset = 11,
     .inputs = {t({8}, DType::kUint16), t({8}, DType::kUint16)},
     .attributes = {{"direction", "UP"}},
     .outputs = {t({8}, DType::kUint16)},
     .error = "attribute 'direction' is 'UP', expected LEFT or RIGHT"},
    {.type = "Pow",
     .opset = 15,
     .inputs = {t({4}), t({}, DType::kInt64)},
     .outputs = {t({4})},
     .transcendentals = 4,
     .bytes_read = 4 * 4 + 8,
     .bytes_written = 4 * 4,
     .note = "the exponent may have another type"},
    {.type = "Max",
     .opset = 1,
     .inputs = {t({5})},
     .outputs = {t({5})},
     .note = "one operand is copied, which costs no arithmetic",
     .types_only = true},
});

const bool kBroadcast = add_cases({
    {.type = "Add",
     .inputs = {t({8, 1, 6, 1}), t({7, 1, 5})},
     .outputs = {t({8, 7, 6, 5})},
     .arithmetic = 8 * 7 * 6 * 5,
     .bytes_read = 4 * (8 * 6 + 7 * 5),
     .bytes_written = 4 * 8 * 7 * 6 * 5,
     .note = "each operand once, at its own size"},
    {.type = "Add", .inputs = {t({kAny, 3}), t({1, 3})}, .outputs = {t({kAny, 3})}},
    {.type = "Add", .inputs = {t({kAny, 3}), t({8, 3})}, .outputs = {t({8, 3})}},
    {.type = "Add", .inputs = {unranked(), t({8, 3})}, .outputs = {unranked()}},
    {.type = "Add",
     .inputs = {t({2, 3}), t({4})},
     .outputs = {t({})},
     .error = "shapes 2x3 and 4 do not broadcast: 3 against 4 on axis 1"},
    {.type = "Add",
     .opset = 6,
     .inputs = {t({2, 3, 4, 5}), t({3, 4})},
     .attributes = {{"broadcast", 1}, {"axis", 1}},
     .outputs = {t({2, 3, 4, 5})},
     .arithmetic = 2 * 3 * 4 * 5,
     .bytes_read = 4 * (2 * 3 * 4 * 5 + 3 * 4),
     .bytes_written = 4 * 2 * 3 * 4 * 5,
     .note = "before opset 7 the second operand is laid onto the first from an axis on"},
    {.type = "Mul",
     .opset = 6,
     .inputs = {t({2, 3, 4}), t({4})},
     .attributes = {{"broadcast", 1}},
     .outputs = {t({2, 3, 4})},
     .arithmetic = 2 * 3 * 4,
     .bytes_read = 4 * (2 * 3 * 4 + 4),
     .bytes_written = 4 * 2 * 3 * 4,
     .note = "onto the last axes by default"},
    {.type = "Mul",
     .opset = 6,
     .inputs = {t({2, 3, 4}), t({4})},
     .outputs = {t({})},
     .error = "shapes 2x3x4 and 4 differ, and this opset broadcasts only on request"},
    {.type = "Mul",
     .opset = 6,
     .inputs = {t({2, 3, 4}), t({3, 4})},
     .attributes = {{"broadcast", 1}, {"axis", 2}},
     .outputs = {t({})},
     .error = "shape 3x4 does not fit into 2x3x4 from axis 2"},
    {.type = "Where",
     .opset = 16,
     .inputs = {t({6, 1}, DType::kBool), t({6, 5}), t({})},
     .outputs = {t({6, 5})},
     .arithmetic = 6 * 5,
     .bytes_read = 1 * 6 + 4 * (6 * 5 + 1),
     .bytes_written = 4 * 6 * 5},
});

}  // namespace
}  // namespace roofline::test
