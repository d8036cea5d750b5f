// Owns what is known of each element type: name, size, kind.
// Refuses to guess: an unlisted type has no size and no name.
#include "roofline/ir/dtype.hpp"

#include <array>

namespace roofline::ir {
namespace {

enum class Kind : std::uint8_t { kNone, kFloat, kInteger };
struct Info {
  std::string_view name;
  int bits;
  Kind kind;
};
// Indexed by the ONNX code.
constexpr std::array<Info, 27> kInfo = {{
    {"undefined", 0, Kind::kNone},       {"float32", 32, Kind::kFloat},
    {"uint8", 8, Kind::kInteger},        {"int8", 8, Kind::kInteger},
    {"uint16", 16, Kind::kInteger},      {"int16", 16, Kind::kInteger},
    {"int32", 32, Kind::kInteger},       {"int64", 64, Kind::kInteger},
    {"string", 0, Kind::kNone},          {"bool", 8, Kind::kNone},
    {"float16", 16, Kind::kFloat},       {"float64", 64, Kind::kFloat},
    {"uint32", 32, Kind::kInteger},      {"uint64", 64, Kind::kInteger},
    {"complex64", 64, Kind::kNone},      {"complex128", 128, Kind::kNone},
    {"bfloat16", 16, Kind::kFloat},      {"float8e4m3fn", 8, Kind::kFloat},
    {"float8e4m3fnuz", 8, Kind::kFloat}, {"float8e5m2", 8, Kind::kFloat},
    {"float8e5m2fnuz", 8, Kind::kFloat}, {"uint4", 4, Kind::kInteger},
    {"int4", 4, Kind::kInteger},         {"float4e2m1", 4, Kind::kFloat},
    {"float8e8m0", 8, Kind::kFloat},     {"uint2", 2, Kind::kInteger},
    {"int2", 2, Kind::kInteger},
}};

const Info& info(DType dtype) { return kInfo.at(static_cast<std::size_t>(dtype)); }

}  // namespace

int bits(DType dtype) { return info(dtype).bits; }

Count bytes(DType dtype, Count elements) {
  const int width = bits(dtype);
  // Whole-byte types do not go through bits, which would overflow eight times earlier.
  if (width % 8 == 0) return elements * (width / 8);
  return ceil_div(elements * width, 8);
}

std::string_view name(DType dtype) { return info(dtype).name; }

std::optional<DType> dtype_from_name(std::string_view wanted) {
  for (std::size_t i = 0; i < kInfo.size(); ++i) {
    if (kInfo[i].name == wanted) return static_cast<DType>(i);
  }
  return std::nullopt;
}

DType dtype_from_onnx(std::int64_t code) {
  const bool known = code > 0 && code < static_cast<std::int64_t>(kInfo.size());
  return known ? static_cast<DType>(code) : DType::kUndefined;
}

bool is_float(DType dtype) { return info(dtype).kind == Kind::kFloat; }
bool is_integer(DType dtype) { return info(dtype).kind == Kind::kInteger; }

}  // namespace roofline::ir
