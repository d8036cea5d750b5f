// Owns the test rows of small values: what shape arithmetic in exported models needs.
// Refuses costs: values are a few elements, so rows here expect types and values only.
#include <cmath>
#include <limits>

#include "op_case.hpp"

namespace roofline::test {
namespace {

using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;
constexpr std::int64_t kU = ir::kUnknownElement;
constexpr std::int64_t kBig = std::int64_t{1} << 62;

Operand valued(ir::Shape shape, Ints values, DType dtype = DType::kInt64) {
  Operand operand = t(std::move(shape), dtype);
  operand.type.value = std::move(values);
  return operand;
}
Operand bools(Ints values) { return ints(std::move(values), DType::kBool); }
Operand real(double value, DType dtype = DType::kFloat32) {
  Operand operand = t({}, dtype);
  operand.type.value = Doubles{value};
  return operand;
}

/// A node of which only the result's type and value matter.
OpCase value_case(const std::string& type, std::vector<Operand> inputs,
                  std::vector<Operand> outputs, std::vector<ir::Attribute> attributes = {},
                  int opset = 17) {
  return {.type = type,
          .opset = opset,
          .inputs = std::move(inputs),
          .attributes = std::move(attributes),
          .outputs = std::move(outputs),
          .types_only = true};
}

const bool kMoves = add_cases({
    value_case("Gather", {ints({8, 3, 224, 224}), scalar(0)}, {scalar(8)}),
    value_case("Gather", {ints({8, 3, kU, 224}), ints({-1, 2})}, {ints({224, kU})}),
    value_case("Gather", {ints({8, 3}), scalar(5)}, {scalar(kU)}),
    value_case("Gather", {ints({8, 3}), scalar(kU)}, {scalar(kU)}),
    value_case("Gather", {valued({2, 2}, {1, 2, 3, 4}), scalar(1)}, {ints({2, 4})}, {{"axis", 1}}),
    value_case("GatherND", {valued({2, 2}, {1, 2, 3, 4}), valued({1, 2}, {1, 0})}, {ints({3})}),
    value_case("GatherND", {valued({2, 2}, {1, 2, 3, 4}), valued({1, 1}, {-1})},
               {valued({1, 2}, {3, 4})}),
    value_case("Slice", {ints({8, 3, kU, 224}), ints({2}), ints({kMax})}, {ints({kU, 224})}),
    value_case("Slice", {ints({1, 2, 3, 4}), ints({-1}), ints({-kMax}), ints({0}), ints({-1})},
               {ints({4, 3, 2, 1})}),
    value_case("Slice", {ints({1, 2, 3, 4}), ints({-1}), ints({kU}), ints({0}), ints({-1})},
               {ints({4, 3, 2, 1})}),
    value_case("Slice", {ints({1, 2, 3, 4}), ints({1}), ints({9}), ints({0}), ints({2})},
               {ints({2, 4})}),
    value_case("Concat", {ints({1}), ints({kU, 7}), ints({-1})}, {ints({1, kU, 7, -1})},
               {{"axis", 0}}),
    value_case("Concat", {t({1}, DType::kInt64), ints({512})}, {ints({kU, 512})}, {{"axis", 0}}),
    value_case("Concat", {valued({2, 1}, {1, 2}), valued({2, 2}, {3, 4, 5, 6})},
               {valued({2, 3}, {1, 3, 4, 2, 5, 6})}, {{"axis", 1}}),
    value_case("Split", {ints({1, 2, 3}), ints({1, 2})}, {ints({1}), ints({2, 3})}),
    value_case("Unsqueeze", {scalar(5), ints({0})}, {ints({5})}),
    value_case("Squeeze", {ints({5}), ints({0})}, {scalar(5)}),
    value_case("Reshape", {ints({1, 2, 3, 4}), ints({2, -1})}, {valued({2, 2}, {1, 2, 3, 4})}),
    value_case("Identity", {ints({1, kU})}, {ints({1, kU})}),
    value_case("Transpose", {valued({2, 3}, {1, 2, 3, 4, 5, 6})},
               {valued({3, 2}, {1, 4, 2, 5, 3, 6})}),
    value_case("Expand", {ints({7}), ints({3})}, {ints({7, 7, 7})}),
    value_case("Tile", {ints({1, 2}), ints({2})}, {ints({1, 2, 1, 2})}),
    value_case("Tile", {valued({2, 1}, {1, 2}), ints({1, 2})}, {valued({2, 2}, {1, 1, 2, 2})}),
    value_case("ScatterND", {ints({1, 2, 3}), valued({1, 1}, {1}), ints({9})}, {ints({1, 9, 3})}),
    value_case("ScatterND", {ints({1, 2, 3}), valued({1, 1}, {1}), t({1}, DType::kInt64)},
               {ints({1, kU, 3})}),
    value_case("ConstantOfShape", {ints({2})}, {floats({0, 0})}),
    value_case("Range", {real(0), real(1), real(0.25)}, {floats({0, 0.25, 0.5, 0.75})}),
});

const bool kArithmeticOfValues = add_cases({
    value_case("Add", {ints({1, kU}), scalar(2)}, {ints({3, kU})}),
    value_case("Add", {scalar(kMax), scalar(1)}, {scalar(kU)}),
    value_case("Sub", {ints({1, 2}), ints({3, 1})}, {ints({-2, 1})}),
    value_case("Mul", {scalar(kBig), scalar(4)}, {scalar(kU)}),
    value_case("Mul", {ints({7, -7}), scalar(3)}, {ints({21, -21})}),
    value_case("Div", {ints({7, -7}), scalar(2)}, {ints({3, -3})}),
    value_case("Div", {scalar(7), scalar(0)}, {scalar(kU)}),
    value_case("Mod", {ints({7, -7}), scalar(3)}, {ints({1, 2})}),
    value_case("Mod", {ints({7, -7}), scalar(3)}, {ints({1, -1})}, {{"fmod", 1}}),
    value_case("Mod", {scalar(7), scalar(-1)}, {scalar(0)}),
    value_case("Pow", {scalar(3), scalar(4)}, {scalar(81)}),
    value_case("Pow", {scalar(10), scalar(40)}, {scalar(kU)}),
    value_case("Pow", {scalar(9), real(0.5)}, {scalar(3)}),
    value_case("Min", {ints({4, 9}), scalar(5)}, {ints({4, 5})}),
    value_case("Max", {ints({4, 9}), scalar(5), scalar(6)}, {ints({6, 9})}),
    value_case("Neg", {ints({4, -9})}, {ints({-4, 9})}),
    value_case("Abs", {ints({4, -9})}, {ints({4, 9})}),
    value_case("Sign", {ints({4, -9, 0})}, {ints({1, -1, 0})}),
    value_case("Relu", {ints({4, -9})}, {ints({4, 0})}),
    value_case("Clip", {ints({4, -9, 20}), scalar(0), scalar(10)}, {ints({4, 0, 10})}),
    value_case("BitShift", {ints({8}, DType::kUint64), ints({2}, DType::kUint64)},
               {ints({2}, DType::kUint64)}, {{"direction", "RIGHT"}}),
    value_case("BitShift", {ints({200}, DType::kUint8), ints({1}, DType::kUint8)},
               {ints({kU}, DType::kUint8)}, {{"direction", "LEFT"}}),
    value_case("Add", {ints({100}, DType::kInt8), ints({100}, DType::kInt8)},
               {ints({kU}, DType::kInt8)}),
    value_case("Sqrt", {real(196)}, {real(14)}),
    value_case("Floor", {real(2.7)}, {real(2)}),
    value_case("Ceil", {real(2.1)}, {real(3)}),
    value_case("Round", {floats({2.5, 3.5})}, {floats({2, 4})}),
    value_case("Mul", {real(49), real(static_cast<double>(1.0F / 49.0F))}, {real(1)}),
});

const bool kLogic = add_cases({
    value_case("Equal", {ints({-1, 4, kU}), scalar(-1)}, {bools({1, 0, kU})}),
    value_case("Greater", {ints({1, 2, 3}), scalar(2)}, {bools({0, 0, 1})}),
    value_case("GreaterOrEqual", {ints({1, 2, 3}), scalar(2)}, {bools({0, 1, 1})}),
    value_case("Less", {ints({1, 2, 3}), scalar(2)}, {bools({1, 0, 0})}),
    value_case("LessOrEqual", {ints({1, 2, 3}), scalar(2)}, {bools({1, 1, 0})}),
    value_case("Less", {floats({1.5, NAN}), floats({2, 2})}, {bools({1, kU})}),
    value_case("Not", {bools({1, 0, kU})}, {bools({0, 1, kU})}),
    value_case("And", {bools({1, 1, 0}), bools({1, 0, 0})}, {bools({1, 0, 0})}),
    value_case("Or", {bools({1, 1, 0}), bools({1, 0, 0})}, {bools({1, 1, 0})}),
    value_case("Xor", {bools({1, 1, 0}), bools({1, 0, 0})}, {bools({0, 1, 0})}),
    value_case("BitwiseAnd", {ints({6}), ints({3})}, {ints({2})}, {}, 18),
    value_case("BitwiseOr", {ints({6}), ints({3})}, {ints({7})}, {}, 18),
    value_case("BitwiseXor", {ints({6}), ints({3})}, {ints({5})}, {}, 18),
    value_case("BitwiseNot", {ints({6})}, {ints({-7})}, {}, 18),
    value_case("Where", {bools({1, 0, kU, kU}), ints({1, 1, 1, 4}), ints({5, 6, 7, 4})},
               {ints({1, 6, kU, 4})}),
});

const bool kCasts = add_cases({
    value_case("Cast", {ints({7, kU})}, {floats({7, NAN})}, {{"to", 1}}),
    value_case("Cast", {floats({2.9, -2.9})}, {ints({2, -2})}, {{"to", 7}}),
    value_case("Cast", {floats({NAN, 1e30})}, {ints({kU, kU})}, {{"to", 7}}),
    value_case("Cast", {ints({0, 5, kU})}, {bools({0, 1, kU})}, {{"to", 9}}),
    value_case("Cast", {floats({0, 0.5})}, {bools({0, 1})}, {{"to", 9}}),
    value_case("Cast", {bools({1, 0})}, {ints({1, 0})}, {{"to", 7}}),
    value_case("Cast", {ints({300})}, {ints({kU}, DType::kUint8)}, {{"to", 2}}),
    value_case("Cast", {floats({2049})}, {floats({2048}, DType::kFloat16)}, {{"to", 10}}),
    value_case("CastLike", {ints({7}), t({1})}, {floats({7})}),
});

}  // namespace
}  // namespace roofline::test
