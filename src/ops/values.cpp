// Owns how small values move, broadcast and change type.
// Refuses undefined arithmetic: what leaves the range of its type becomes an unknown element.
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace roofline::ops {
namespace {

using ir::DType;

struct Range {
  DType dtype;
  std::int64_t min;
  std::int64_t max;
};
constexpr std::array<Range, 12> kRanges = {{
    {DType::kUint8, 0, 255},
    {DType::kInt8, -128, 127},
    {DType::kUint16, 0, 65535},
    {DType::kInt16, -32768, 32767},
    {DType::kInt32, std::numeric_limits<std::int32_t>::min(),
     std::numeric_limits<std::int32_t>::max()},
    {DType::kUint32, 0, std::numeric_limits<std::uint32_t>::max()},
    {DType::kUint64, 0, std::numeric_limits<std::int64_t>::max()},
    {DType::kUint4, 0, 15},
    {DType::kInt4, -8, 7},
    {DType::kUint2, 0, 3},
    {DType::kInt2, -2, 1},
    {DType::kBool, 0, 1},
}};

std::int64_t fit_int(std::int64_t x, DType dtype) {
  const auto* range = std::find_if(kRanges.begin(), kRanges.end(),
                                   [dtype](const Range& r) { return r.dtype == dtype; });
  if (range == kRanges.end()) return x;
  return x < range->min || x > range->max ? ir::kUnknownElement : x;
}

/// Rounds to `bits` bits of mantissa, as the narrow float types do; their overflow is ignored.
double round_mantissa(double x, int bits) {
  if (!std::isfinite(x)) return x;
  int exponent = 0;
  const double mantissa = std::frexp(x, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(mantissa, bits)), exponent - bits);
}

// Exporters compute output sizes in float32: floor(49 * (1/49)) is 1 there and 0 in float64.
double fit_double(double x, DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return static_cast<double>(static_cast<float>(x));
    case DType::kFloat16:
      return round_mantissa(x, 11);
    case DType::kBfloat16:
      return round_mantissa(x, 8);
    default:
      return x;
  }
}

std::int64_t to_int(double x) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  return known(x) && x > -kLimit && x < kLimit ? static_cast<std::int64_t>(x) : ir::kUnknownElement;
}

Ints to_ints(const Doubles& x) {
  Ints out;
  out.reserve(x.size());
  for (const double e : x) out.push_back(to_int(e));
  return out;
}

Ints to_bools(const Doubles& x) {
  Ints out;
  out.reserve(x.size());
  for (const double e : x) out.push_back(known(e) ? e != 0.0 : ir::kUnknownElement);
  return out;
}

void make_bools(Ints& x) {
  for (std::int64_t& e : x) e = known(e) ? e != 0 : ir::kUnknownElement;
}

template <class T>
std::vector<T> pick_elements(const std::vector<T>& from, std::span<const std::int64_t> sources) {
  std::vector<T> out;
  out.reserve(sources.size());
  for (const std::int64_t s : sources) {
    const auto i = static_cast<std::size_t>(s);
    out.push_back(s >= 0 && i < from.size() ? from[i] : unknown_element<T>());
  }
  return out;
}

}  // namespace

std::optional<std::size_t> small_size(const ir::Shape& shape) {
  if (!ir::is_known(shape)) return std::nullopt;
  const std::optional<Count> count = ir::element_count(shape);
  if (!count || *count > ir::kMaxSmallValueElements) return std::nullopt;
  // Of empty tensors only lists matter, and the others may have huge axes beside the empty one.
  if (*count == 0 && shape.size() != 1) return std::nullopt;
  return static_cast<std::size_t>(count->value());
}

const ir::SmallValue* small_value(const OpContext& ctx, int i) {
  const ir::Shape* shape = ctx.shape(i);
  if (!shape || !ctx.input(i).value) return nullptr;
  const std::optional<std::size_t> size = small_size(*shape);
  return size && *size == ir::size(*ctx.input(i).value) ? &*ctx.input(i).value : nullptr;
}

std::optional<ir::SmallValue> value_or_unknown(const OpContext& ctx, int i) {
  if (const ir::SmallValue* value = small_value(ctx, i)) return *value;
  const ir::Shape* shape = ctx.shape(i);
  const std::optional<std::size_t> size = shape ? small_size(*shape) : std::nullopt;
  if (!size) return std::nullopt;
  if (ir::is_float(ctx.input(i).dtype)) return Doubles(*size, unknown_element<double>());
  return Ints(*size, ir::kUnknownElement);
}

std::optional<double> scalar_float(const OpContext& ctx, int i) {
  if (!ctx.has_input(i) || !ctx.input(i).value) return std::nullopt;
  const Doubles elements = to_doubles(*ctx.input(i).value);
  if (elements.size() != 1 || !known(elements[0])) return std::nullopt;
  return elements[0];
}

std::optional<std::int64_t> scalar_int(const OpContext& ctx, int i) {
  if (const Ints* elements = ctx.known_ints(i)) {
    if (elements->size() == 1) return elements->front();
    return std::nullopt;
  }
  const std::optional<double> value = scalar_float(ctx, i);
  if (!value || !known(to_int(*value))) return std::nullopt;
  return to_int(*value);
}

std::int64_t size_operand(const OpContext& ctx, int i) {
  const std::optional<std::int64_t> size = scalar_int(ctx, i);
  if (size && *size < 0) throw RuleError("bad-value", fmt::format("input {} is {}", i, *size));
  return size.value_or(ir::kUnknownDim);
}

std::optional<ir::Shape> shape_operand(const OpContext& ctx, int i, std::int64_t lowest) {
  const ir::Shape* length = ctx.shape(i);
  const Ints* sizes = ctx.ints(i);
  if (!sizes) {
    const bool usable = length && length->size() == 1 && length->front() >= 0 &&
                        length->front() <= ir::kMaxSmallValueElements;
    if (!usable) return std::nullopt;
    return ir::Shape(static_cast<std::size_t>(length->front()), ir::kUnknownDim);
  }
  ir::Shape shape;
  for (const std::int64_t size : *sizes) {
    if (known(size) && size < lowest) {
      throw RuleError("bad-shape", fmt::format("input {} asks for the size {}", i, size),
                      fmt::format("sizes start at {}", lowest));
    }
    shape.push_back(known(size) ? size : ir::kUnknownDim);
  }
  return shape;
}

Ints row_strides(const ir::Shape& shape) {
  Ints strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) {
    strides[i - 1] = (Count(strides[i]) * std::max<std::int64_t>(shape[i], 1)).value();
  }
  return strides;
}

Ints strided_sources(const ir::Shape& out, const Ints& strides, std::int64_t offset) {
  if (std::find(out.begin(), out.end(), 0) != out.end()) return {};
  Ints sources = {offset};
  for (std::size_t axis = 0; axis < out.size(); ++axis) {
    Ints next;
    next.reserve(sources.size() * static_cast<std::size_t>(out[axis]));
    for (const std::int64_t base : sources) {
      for (std::int64_t i = 0; i < out[axis]; ++i) next.push_back(base + i * strides[axis]);
    }
    sources = std::move(next);
  }
  return sources;
}

ir::SmallValue pick(const ir::SmallValue& value, std::span<const std::int64_t> sources) {
  return std::visit(
      [sources](const auto& elements) -> ir::SmallValue {
        return pick_elements(elements, sources);
      },
      value);
}

std::optional<ir::SmallValue> broadcast_value(const ir::SmallValue& value, const ir::Shape& from,
                                              const ir::Shape& to) {
  if (from == to) return value;
  if (!small_size(to) || from.size() > to.size()) return std::nullopt;
  const std::size_t lead = to.size() - from.size();
  const Ints dense = row_strides(from);
  Ints strides(to.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] == to[lead + i])
      strides[lead + i] = dense[i];
    else if (from[i] != 1)
      return std::nullopt;
  }
  return pick(value, strided_sources(to, strides, 0));
}

Doubles to_doubles(const ir::SmallValue& value) {
  const Ints* elements = ir::ints(value);
  if (!elements) return std::get<Doubles>(value);
  Doubles out;
  out.reserve(elements->size());
  for (const std::int64_t e : *elements) {
    out.push_back(known(e) ? static_cast<double>(e) : unknown_element<double>());
  }
  return out;
}

ir::SmallValue fit(ir::SmallValue value, ir::DType dtype) {
  if (auto* elements = std::get_if<Ints>(&value)) {
    for (std::int64_t& e : *elements) e = known(e) ? fit_int(e, dtype) : e;
  } else {
    for (double& e : std::get<Doubles>(value)) e = fit_double(e, dtype);
  }
  return value;
}

ir::SmallValue convert(const ir::SmallValue& value, ir::DType to) {
  if (ir::is_float(to)) return fit(to_doubles(value), to);
  const auto* floats = std::get_if<Doubles>(&value);
  if (to == DType::kBool && floats) return to_bools(*floats);
  Ints out = floats ? to_ints(*floats) : std::get<Ints>(value);
  if (to == DType::kBool) make_bools(out);
  return fit(std::move(out), to);
}

}  // namespace roofline::ops
