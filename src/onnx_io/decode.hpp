#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "roofline/ir/dtype.hpp"
#include "roofline/ir/tensor_type.hpp"

namespace roofline::onnx_io {

/// True for the types whose elements fit a SmallValue: integers, bool, floats.
[[nodiscard]] bool has_small_values(ir::DType dtype);

/// The number that the low bits of `bits` stand for in floating-point type `dtype`.
[[nodiscard]] double decode_float(ir::DType dtype, std::uint64_t bits);

/// The integer (or bool, 0 or 1) that the low bits of `bits` stand for. An unsigned value above
/// 2^63-1 is kUnknownElement; -2^63, which kUnknownElement occupies, becomes -2^63+1: shape
/// arithmetic only ever clamps such a value.
[[nodiscard]] std::int64_t decode_integer(ir::DType dtype, std::uint64_t bits);

/// `count` elements, the bits of each from `bits_at(index)`. Needs has_small_values(dtype).
template <class BitsAt>
ir::SmallValue decode_elements(ir::DType dtype, std::size_t count, BitsAt bits_at) {
  if (ir::is_float(dtype)) {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = decode_float(dtype, bits_at(i));
    return values;
  }
  std::vector<std::int64_t> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = decode_integer(dtype, bits_at(i));
  return values;
}

/// `count` elements from little-endian `bytes`, of which there must be enough; types below 8 bits
/// are packed with the first element lowest. Needs has_small_values(dtype).
[[nodiscard]] ir::SmallValue decode_bytes(ir::DType dtype, std::size_t count,
                                          std::span<const std::uint8_t> bytes);

}  // namespace roofline::onnx_io
