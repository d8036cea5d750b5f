// Owns the test rows of ONNX's own quantized operators on types of 8 bits and less.
// Refuses numerical results: only counts and types are checked.
#include "op_case.hpp"

namespace roofline::test {
namespace {

const bool kFewBitElements = add_cases({
    {.type = "DequantizeLinear",
     .opset = 25,
     .inputs = {t({64, 64}, DType::kInt2), t({64, 2}), t({64, 2}, DType::kInt2)},
     .attributes = {{"block_size", 32}},
     .outputs = {t({64, 64})},
     .arithmetic = 2 * 64 * 64,
     .bytes_read = 64 * 64 / 4 + 4 * 64 * 2 + 64 * 2 / 4,
     .bytes_written = 4 * 64 * 64,
     .note = "2-bit weights take a quarter of a byte"},
    {.type = "DequantizeLinear",
     .opset = 21,
     .inputs = {t({64, 64}, DType::kUint4), t({64, 2}, kF16), t({64, 2}, DType::kUint4)},
     .attributes = {{"block_size", 32}},
     .outputs = {t({64, 64}, kF16)},
     .arithmetic = 2 * 64 * 64,
     .bytes_read = 64 * 64 / 2 + 2 * 64 * 2 + 64 * 2 / 2,
     .bytes_written = 2 * 64 * 64},
    {.type = "DequantizeLinear",
     .opset = 24,
     .inputs = {t({64, 64}, DType::kFloat4E2M1), t({64, 2}, DType::kFloat8E8M0)},
     .attributes = {{"block_size", 32}, {"output_dtype", 16}},
     .outputs = {t({64, 64}, DType::kBfloat16)},
     .arithmetic = 64 * 64,
     .bytes_read = 64 * 64 / 2 + 64 * 2,
     .bytes_written = 2 * 64 * 64,
     .note = "MXFP4: the scale is a power of two in a byte"},
    {.type = "QuantizeLinear",
     .opset = 25,
     .inputs = {t({64, 64}, kF16), t({64, 2}, kF16), t({64, 2}, DType::kUint2)},
     .attributes = {{"block_size", 32}},
     .outputs = {t({64, 64}, DType::kUint2)},
     .arithmetic = 5 * 64 * 64,
     .bytes_read = 2 * 64 * 64 + 2 * 64 * 2 + 64 * 2 / 4,
     .bytes_written = 64 * 64 / 4},
    {.type = "QuantizeLinear",
     .opset = 24,
     .inputs = {t({64, 64}), t({64, 2}, DType::kFloat8E8M0)},
     .attributes = {{"block_size", 32}, {"output_dtype", 23}},
     .outputs = {t({64, 64}, DType::kFloat4E2M1)},
     .arithmetic = 4 * 64 * 64,
     .bytes_read = 4 * 64 * 64 + 64 * 2,
     .bytes_written = 64 * 64 / 2},
    {.type = "QLinearMatMul",
     .opset = 21,
     .inputs = {t({4, 8}, DType::kFloat8E4M3FN), t({}, kF16), t({}, DType::kFloat8E4M3FN),
                t({8, 3}, DType::kFloat8E4M3FN), t({}, kF16), t({}, DType::kFloat8E4M3FN),
                t({}, kF16), t({}, DType::kFloat8E4M3FN)},
     .outputs = {t({4, 3}, DType::kFloat8E4M3FN)},
     .macs = 4 * 3 * 8,
     .arithmetic = 32 + 24 + 5 * 12,
     .bytes_read = 32 + 3 + 24 + 3 + 3,
     .bytes_written = 12},
});

}  // namespace
}  // namespace roofline::test
