// Owns the test rows of the experimental operators of opset 1.
// Refuses operators that a later opset made regular: their own files test them.
#include "op_case.hpp"

namespace roofline::test {
namespace {

using Ints = std::vector<std::int64_t>;

OpCase unary(OpCase c) {
  c.opset = 1;
  c.inputs = {t({2, 3, 4, 5})};
  c.outputs = c.inputs;
  c.bytes_read = 4 * 2 * 3 * 4 * 5;
  c.bytes_written = 4 * 2 * 3 * 4 * 5;
  return c;
}

const bool kUnary = add_cases({
    unary({.type = "Affine", .inputs = {}, .outputs = {}, .arithmetic = 2 * 120}),
    unary({.type = "Scale", .inputs = {}, .outputs = {}, .arithmetic = 120}),
    unary({.type = "ImageScaler", .inputs = {}, .outputs = {}, .arithmetic = 120}),
    unary({.type = "ImageScaler",
           .inputs = {},
           .attributes = {{"bias", std::vector<double>(3, 0.5)}},
           .outputs = {},
           .arithmetic = 2 * 120}),
    unary({.type = "ScaledTanh",
           .inputs = {},
           .outputs = {},
           .arithmetic = 2 * 120,
           .transcendentals = 120}),
    unary({.type = "ParametricSoftplus",
           .inputs = {},
           .outputs = {},
           .arithmetic = 3 * 120,
           .transcendentals = 2 * 120}),
    {.type = "GRUUnit",
     .opset = 1,
     .inputs = {t({1, 7, 16}), t({1, 7, 48}), t({7}), t({1})},
     .outputs = {t({1, 7, 16})},
     .arithmetic = 6 * 7 * 16,
     .transcendentals = 2 * 7 * 16,
     .bytes_read = 4 * (7 * 16 + 7 * 48 + 7),
     .bytes_written = 4 * 7 * 16},
});

const bool kMovement = add_cases({
    {.type = "Crop",
     .opset = 1,
     .inputs = {t({1, 3, 20, 30})},
     .attributes = {{"border", Ints{1, 2, 3, 4}}},
     .outputs = {t({1, 3, 20 - 2 - 4, 30 - 1 - 3})},
     .bytes_read = 4 * 3 * 14 * 26,
     .bytes_written = 4 * 3 * 14 * 26,
     .note = "left, top, right, bottom"},
    {.type = "Crop",
     .opset = 1,
     .inputs = {t({1, 3, kAny, 30})},
     .attributes = {{"border", Ints{1, 2, 0, 0}}, {"scale", Ints{8, 9}}},
     .outputs = {t({1, 3, 8, 9})}},
    {.type = "Crop",
     .opset = 1,
     .inputs = {t({1, 3, 4, 30})},
     .attributes = {{"border", Ints{0, 3, 0, 3}}},
     .outputs = {t({})},
     .error = "borders 3 and 3 take more than the 4 elements of the axis"},
    {.type = "Crop",
     .opset = 1,
     .inputs = {t({1, 3, 4, 30})},
     .outputs = {t({})},
     .error = "Crop has neither 4 values in 'border' nor 2 in 'scale'"},
    {.type = "DynamicSlice",
     .opset = 1,
     .inputs = {t({8, 9}), ints({1}), ints({5}), ints({0})},
     .outputs = {t({4, 9})},
     .bytes_read = 4 * 4 * 9,
     .bytes_written = 4 * 4 * 9},
    {.type = "DynamicSlice",
     .opset = 1,
     .inputs = {t({8, 9}), t({1}, kI64), t({1}, kI64)},
     .outputs = {bounded({kAny, 9}, {8, 9})},
     .bytes_read = 4 * 8 * 9,
     .bytes_written = 4 * 8 * 9},
    {.type = "ConstantFill",
     .opset = 1,
     .inputs = {},
     .attributes = {{"shape", Ints{2, 3}}, {"dtype", 7}},
     .outputs = {t({2, 3}, kI64)},
     .bytes_written = 8 * 6},
    {.type = "ConstantFill",
     .opset = 1,
     .inputs = {ints({2, 3})},
     .attributes = {{"input_as_shape", 1}, {"extra_shape", Ints{4}}},
     .outputs = {t({2, 3, 4})},
     .bytes_written = 4 * 24},
    {.type = "ConstantFill",
     .opset = 1,
     .inputs = {t({2, kAny})},
     .attributes = {{"extra_shape", Ints{4}}},
     .outputs = {t({2, kAny, 4})}},
    {.type = "GivenTensorFill",
     .opset = 1,
     .inputs = {},
     .attributes = {{"shape", Ints{2}}, {"values", std::vector<double>{0.5, 1.5}}},
     .outputs = {t({2})},
     .bytes_written = 4 * 2},
});

}  // namespace
}  // namespace roofline::test
