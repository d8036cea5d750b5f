// Owns the test rows of functions of one tensor.
// Refuses numerical results: only counts and types are checked.
#include "op_case.hpp"

namespace roofline::test {
namespace {

/// `ops` operations and `transcendentals` evaluations for each of 2*3*4 elements.
OpCase unary(const std::string& type, int opset, std::int64_t ops, std::int64_t transcendentals = 0,
             DType dtype = DType::kFloat32, DType result = DType::kFloat32) {
  return {.type = type,
          .opset = opset,
          .inputs = {t({2, 3, 4}, dtype)},
          .outputs = {t({2, 3, 4}, result)},
          .arithmetic = ops * 2 * 3 * 4,
          .transcendentals = transcendentals * 2 * 3 * 4,
          .bytes_read = ir::bits(dtype) / 8 * 2 * 3 * 4,
          .bytes_written = ir::bits(result) / 8 * 2 * 3 * 4};
}

OpCase with(OpCase c, ir::Attribute attribute) {
  c.attributes.push_back(std::move(attribute));
  return c;
}

const bool kActivations = add_cases({
    unary("Relu", 14, 1),
    unary("Relu", 6, 1),
    unary("LeakyRelu", 16, 1 + 1),
    unary("ThresholdedRelu", 10, 1 + 1),
    unary("Elu", 6, 1 + 1 + 1, 1),
    unary("Selu", 6, 1 + 2 + 1, 1),
    unary("Celu", 12, 6, 1),
    unary("Sigmoid", 13, 1 + 1, 1),
    unary("HardSigmoid", 6, 1 + 1 + 1 + 1),
    unary("HardSwish", 14, 4 + 1),
    unary("Tanh", 13, 0, 1),
    unary("Softplus", 1, 1, 2),
    unary("Softsign", 1, 1 + 1 + 1),
    unary("Gelu", 20, 4, 1),
    with(unary("Gelu", 20, 8, 1), {"approximate", "tanh"}),
    unary("Mish", 18, 1 + 1, 3),
    unary("Swish", 24, 3, 1),
    with(unary("Swish", 24, 1 + 3, 1), {"alpha", 1.702}),
    unary("Shrink", 9, 2 + 1),
});

const bool kMathematics = add_cases({
    unary("Abs", 13, 1),
    unary("Neg", 13, 1),
    unary("Floor", 13, 1),
    unary("Ceil", 13, 1),
    unary("Round", 11, 1),
    unary("Reciprocal", 13, 1),
    unary("Sign", 13, 2),
    unary("Not", 1, 1, 0, DType::kBool, DType::kBool),
    unary("BitwiseNot", 18, 1, 0, DType::kInt16, DType::kInt16),
    unary("IsNaN", 13, 1, 0, DType::kFloat16, DType::kBool),
    unary("IsInf", 10, 1 + 1, 0, DType::kFloat32, DType::kBool),
    unary("Sqrt", 13, 0, 1),
    unary("Exp", 13, 0, 1, DType::kFloat64, DType::kFloat64),
    unary("Log", 13, 0, 1),
    unary("Erf", 13, 0, 1),
    unary("Sin", 7, 0, 1),
    unary("Cos", 7, 0, 1),
    unary("Tan", 7, 0, 1),
    unary("Asin", 7, 0, 1),
    unary("Acos", 7, 0, 1),
    unary("Atan", 7, 0, 1),
    unary("Sinh", 9, 0, 1),
    unary("Cosh", 9, 0, 1),
    unary("Asinh", 9, 0, 1),
    unary("Acosh", 9, 0, 1),
    unary("Atanh", 9, 0, 1),
});

const bool kBoundsOfActivation = add_cases({
    {.type = "Clip",
     .opset = 13,
     .inputs = {t({2, 3, 4}), t({}), t({})},
     .outputs = {t({2, 3, 4})},
     .arithmetic = 2 * 2 * 3 * 4,
     .bytes_read = 4 * (2 * 3 * 4 + 1 + 1),
     .bytes_written = 4 * 2 * 3 * 4},
    {.type = "Clip",
     .opset = 11,
     .inputs = {t({8}), kOmitted, t({})},
     .outputs = {t({8})},
     .arithmetic = 1 * 8,
     .bytes_read = 4 * (8 + 1),
     .bytes_written = 4 * 8,
     .note = "one bound, one comparison"},
    {.type = "Clip",
     .opset = 6,
     .inputs = {t({8})},
     .attributes = {{"min", 0.0}, {"max", 6.0}},
     .outputs = {t({8})},
     .arithmetic = 2 * 8,
     .bytes_read = 4 * 8,
     .bytes_written = 4 * 8},
    {.type = "PRelu",
     .opset = 16,
     .inputs = {t({1, 8, 5, 5}), t({8, 1, 1})},
     .outputs = {t({1, 8, 5, 5})},
     .arithmetic = 2 * 8 * 5 * 5,
     .bytes_read = 4 * (8 * 5 * 5 + 8),
     .bytes_written = 4 * 8 * 5 * 5},
    {.type = "PRelu",
     .opset = 6,
     .inputs = {t({1, 8, 5, 5}), t({8})},
     .outputs = {t({1, 8, 5, 5})},
     .arithmetic = 2 * 8 * 5 * 5,
     .bytes_read = 4 * (8 * 5 * 5 + 8),
     .bytes_written = 4 * 8 * 5 * 5,
     .note = "before opset 7 the slope is per channel"},
    {.type = "PRelu",
     .inputs = {t({8}), t({2, 8})},
     .outputs = {t({})},
     .error = "slope 2x8 does not broadcast to input 8"},
    {.type = "Relu", .inputs = {t({kAny, 4})}, .outputs = {t({kAny, 4})}},
    {.type = "SwiGLU",
     .opset = 28,
     .inputs = {t({2, 4}), t({2, 4})},
     .outputs = {t({2, 4})},
     .arithmetic = 4 * 8,
     .transcendentals = 8,
     .bytes_read = 2 * 4 * 8,
     .bytes_written = 4 * 8},
    {.type = "SwiGLU",
     .opset = 28,
     .inputs = {t({kAny, 4}, DType::kFloat16), t({2, 4}, DType::kFloat16)},
     .outputs = {t({2, 4}, DType::kFloat16)}},
    {.type = "SwiGLU",
     .opset = 28,
     .inputs = {t({2, 4}), t({1, 4})},
     .outputs = {t({})},
     .error = "A is 2x4, B is 1x4, expected one shape"},
    {.type = "Tanh", .inputs = {unranked()}, .outputs = {unranked()}},
});

}  // namespace
}  // namespace roofline::test
