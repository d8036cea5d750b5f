// Owns the meaning of an element's bits in each ONNX type.
// Refuses complex numbers and strings: no shape arithmetic reads them.
#include "decode.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace roofline::onnx_io {
namespace {

/// What the largest exponent means.
enum class Special {
  kIeee,          ///< infinities and NaNs
  kFinite,        ///< NaN where all bits but the sign are set, else numbers (float8 ...FN)
  kUnsignedZero,  ///< NaN where only the sign is set, else numbers (float8 ...FNUZ)
  kNone,          ///< numbers (float4)
};

struct FloatFormat {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  Special special;
};

FloatFormat format_of(ir::DType dtype) {
  using enum ir::DType;
  switch (dtype) {
    case kFloat16:
      return {5, 10, 15, Special::kIeee};
    case kBfloat16:
      return {8, 7, 127, Special::kIeee};
    case kFloat8E4M3FN:
      return {4, 3, 7, Special::kFinite};
    case kFloat8E4M3FNUZ:
      return {4, 3, 8, Special::kUnsignedZero};
    case kFloat8E5M2:
      return {5, 2, 15, Special::kIeee};
    case kFloat8E5M2FNUZ:
      return {5, 2, 16, Special::kUnsignedZero};
    default:
      return {2, 1, 1, Special::kNone};  // float4e2m1
  }
}

constexpr std::uint64_t low_mask(int width) {
  return width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << static_cast<unsigned>(width)) - 1;
}

double decode_small_float(const FloatFormat& f, std::uint64_t bits) {
  const std::uint64_t mantissa_mask = low_mask(f.mantissa_bits);
  const std::uint64_t exponent_mask = low_mask(f.exponent_bits);
  const std::uint64_t mantissa = bits & mantissa_mask;
  const std::uint64_t exponent = (bits >> static_cast<unsigned>(f.mantissa_bits)) & exponent_mask;
  const bool negative =
      ((bits >> static_cast<unsigned>(f.mantissa_bits + f.exponent_bits)) & 1U) != 0;
  const double sign = negative ? -1.0 : 1.0;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const bool top = exponent == exponent_mask;
  if (f.special == Special::kIeee && top) {
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : kNan;
  }
  if (f.special == Special::kFinite && top && mantissa == mantissa_mask) return kNan;
  if (f.special == Special::kUnsignedZero && negative && exponent == 0 && mantissa == 0) {
    return kNan;
  }
  const std::uint64_t hidden = exponent == 0 ? 0 : mantissa_mask + 1;
  const int scale = (exponent == 0 ? 1 : static_cast<int>(exponent)) - f.bias - f.mantissa_bits;
  return sign * std::ldexp(static_cast<double>(mantissa + hidden), scale);
}

bool is_signed(ir::DType dtype) {
  using enum ir::DType;
  return dtype == kInt2 || dtype == kInt4 || dtype == kInt8 || dtype == kInt16 || dtype == kInt32 ||
         dtype == kInt64;
}

/// The loop that nearly all of a network's small tensors (biases, scales) go through.
std::vector<double> decode_float32(std::size_t count, std::span<const std::uint8_t> bytes) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    float value = 0;
    std::memcpy(&value, &bytes[i * sizeof value], sizeof value);
    values[i] = static_cast<double>(value);
  }
  return values;
}

}  // namespace

bool has_small_values(ir::DType dtype) {
  return ir::is_float(dtype) || ir::is_integer(dtype) || dtype == ir::DType::kBool;
}

double decode_float(ir::DType dtype, std::uint64_t bits) {
  if (dtype == ir::DType::kFloat64) return std::bit_cast<double>(bits);
  if (dtype == ir::DType::kFloat32) {
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  if (dtype == ir::DType::kFloat8E8M0) {  // an exponent only
    const std::uint64_t exponent = bits & 0xFFU;
    return exponent == 0xFF ? std::numeric_limits<double>::quiet_NaN()
                            : std::ldexp(1.0, static_cast<int>(exponent) - 127);
  }
  return decode_small_float(format_of(dtype), bits);
}

std::int64_t decode_integer(ir::DType dtype, std::uint64_t bits) {
  const int width = ir::bits(dtype);
  bits &= low_mask(width);
  if (dtype == ir::DType::kBool) return bits != 0 ? 1 : 0;
  if (!is_signed(dtype)) {
    return bits > low_mask(63) ? ir::kUnknownElement : static_cast<std::int64_t>(bits);
  }
  const auto unused = static_cast<unsigned>(64 - width);
  const auto value = static_cast<std::int64_t>(bits << unused) >> unused;
  return value == std::numeric_limits<std::int64_t>::min() ? value + 1 : value;
}

ir::SmallValue decode_bytes(ir::DType dtype, std::size_t count,
                            std::span<const std::uint8_t> bytes) {
  const auto width = static_cast<std::size_t>(ir::bits(dtype));
  if (width < 8) {
    return decode_elements(dtype, count, [&](std::size_t i) {
      return std::uint64_t{bytes[i * width / 8]} >> (i * width % 8);
    });
  }
  constexpr bool kLittle = std::endian::native == std::endian::little;
  if (kLittle && dtype == ir::DType::kFloat32) return decode_float32(count, bytes);
  const std::size_t size = width / 8;
  return decode_elements(dtype, count, [&](std::size_t i) {
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < size; ++k) {
      bits |= static_cast<std::uint64_t>(bytes[i * size + k]) << (8 * k);
    }
    return bits;
  });
}

}  // namespace roofline::onnx_io
