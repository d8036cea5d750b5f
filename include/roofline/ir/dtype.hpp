#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "roofline/base/count.hpp"

namespace roofline::ir {

/// Element types; the values are those of onnx.TensorProto.DataType.
enum class DType : std::uint8_t {
  kUndefined = 0,
  kFloat32 = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kFloat64 = 11,
  kUint32 = 12,
  kUint64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBfloat16 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E4M3FNUZ = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2FNUZ = 20,
  kUint4 = 21,
  kInt4 = 22,
  kFloat4E2M1 = 23,
  kFloat8E8M0 = 24,
  kUint2 = 25,
  kInt2 = 26,
};

/// Bits of one element as stored. Strings count 0: their length is not known without the data.
[[nodiscard]] int bits(DType dtype);
/// Bytes of `elements` packed elements, rounded up to whole bytes.
[[nodiscard]] Count bytes(DType dtype, Count elements);
/// ONNX's lower-case name: "float32", "int64", "bfloat16", "uint4", ...; "undefined".
[[nodiscard]] std::string_view name(DType dtype);
[[nodiscard]] std::optional<DType> dtype_from_name(std::string_view name);
/// The DType of TensorProto code `code`, or kUndefined for a code newer than this list.
[[nodiscard]] DType dtype_from_onnx(std::int64_t code);
/// fp64 to fp4, but not complex.
[[nodiscard]] bool is_float(DType dtype);
/// Signed and unsigned integers, bool excluded.
[[nodiscard]] bool is_integer(DType dtype);

}  // namespace roofline::ir
