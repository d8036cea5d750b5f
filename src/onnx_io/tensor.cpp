// Owns tensors and their types: TensorProto, SparseTensorProto and TypeProto to ir.
// Refuses data that contradicts its own dims, and to look for data outside the file.
#include "tensor.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "decode.hpp"
#include "roofline/base/diagnostic.hpp"

namespace roofline::onnx_io {
namespace {

template <class Dims>
ir::Shape convert_dims(const Dims& dims) {
  ir::Shape shape(dims.begin(), dims.end());
  for (const std::int64_t dim : shape) {
    if (dim >= 0) continue;
    std::string text;
    for (const std::int64_t d : shape) text += (text.empty() ? "" : "x") + std::to_string(d);
    throw RuleError("bad-tensor", fmt::format("its dims {} have a negative size", text),
                    kExportAgain);
  }
  return shape;
}

/// Number of elements, or nullopt when it does not fit 63 bits: whoever needs it then says so.
std::optional<std::int64_t> safe_count(const ir::Shape& shape) {
  try {
    return ir::element_count(shape)->value();
  } catch (const OverflowError&) {
    return std::nullopt;
  }
}

/// Bytes that `count` packed elements take; nullopt when that does not fit 63 bits.
std::optional<std::int64_t> safe_bytes(ir::DType dtype, std::int64_t count) {
  try {
    return ir::bytes(dtype, count).value();
  } catch (const OverflowError&) {
    return std::nullopt;
  }
}

std::string describe(const ir::Constant& c) {
  const std::string_view type = c.dtype == ir::DType::kUndefined ? "unknown" : ir::name(c.dtype);
  return fmt::format("{} {}", type, ir::to_string(c.dims));
}

/// Throws unless `found` units of data (bytes, values) are what the constant needs.
void check_size(const ir::Constant& c, std::int64_t found, std::optional<std::int64_t> needed,
                std::string_view unit) {
  if (needed == found) return;
  const std::string need = needed ? std::to_string(*needed) : "more than 2^63";
  throw RuleError(
      "bad-tensor",
      fmt::format("it holds {} {} of data, but {} needs {}", found, unit, describe(c), need),
      kExportAgain);
}

std::optional<ir::SmallValue> from_raw(const ir::Constant& c, const std::string& raw,
                                       std::optional<std::int64_t> count) {
  if (c.dtype == ir::DType::kUndefined || ir::bits(c.dtype) == 0) return std::nullopt;
  check_size(c, static_cast<std::int64_t>(raw.size()),
             count ? safe_bytes(c.dtype, *count) : std::nullopt, "bytes");
  if (*count > ir::kMaxSmallValueElements || !has_small_values(c.dtype)) return std::nullopt;
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
  return decode_bytes(c.dtype, static_cast<std::size_t>(*count), bytes);
}

/// Values of a typed field, `per_entry` elements packed in each; `to_bits` widens an entry.
template <class Entries, class ToBits>
std::optional<ir::SmallValue> from_entries(const ir::Constant& c, const Entries& entries,
                                           std::optional<std::int64_t> count,
                                           std::int64_t per_entry, ToBits to_bits) {
  if (entries.empty()) return std::nullopt;
  std::optional<std::int64_t> needed;
  if (count) needed = ceil_div(*count, per_entry).value();
  check_size(c, entries.size(), needed, "values");
  if (*count > ir::kMaxSmallValueElements || !has_small_values(c.dtype)) return std::nullopt;
  const auto packed = static_cast<std::size_t>(per_entry);
  const auto width = static_cast<unsigned>(ir::bits(c.dtype));
  return decode_elements(c.dtype, static_cast<std::size_t>(*count), [&](std::size_t i) {
    const std::uint64_t bits = to_bits(entries[static_cast<int>(i / packed)]);
    return bits >> (i % packed * width);
  });
}

/// The elements from the typed field in which the specification puts `c.dtype`.
std::optional<ir::SmallValue> from_typed(const ir::Constant& c, const onnx::TensorProto& proto,
                                         std::optional<std::int64_t> count) {
  const auto widen = [](auto entry) { return static_cast<std::uint64_t>(entry); };
  switch (c.dtype) {
    using enum ir::DType;
    case kFloat32:
      return from_entries(c, proto.float_data(), count, 1,
                          [](float x) -> std::uint64_t { return std::bit_cast<std::uint32_t>(x); });
    case kFloat64:
      return from_entries(c, proto.double_data(), count, 1,
                          [](double x) { return std::bit_cast<std::uint64_t>(x); });
    case kInt64:
      return from_entries(c, proto.int64_data(), count, 1, widen);
    case kUint32:
    case kUint64:
      return from_entries(c, proto.uint64_data(), count, 1, widen);
    case kUndefined:
    case kString:
    case kComplex64:
    case kComplex128:
      return std::nullopt;
    default: {
      const int width = ir::bits(c.dtype);
      return from_entries(c, proto.int32_data(), count, width < 8 ? 8 / width : 1, widen);
    }
  }
}

ir::SmallValue empty_value(ir::DType dtype) { return decode_bytes(dtype, 0, {}); }

bool is_external(const onnx::TensorProto& proto) {
  return proto.data_location() == onnx::TensorProto::EXTERNAL || proto.external_data_size() > 0;
}

/// What a sequence or optional holds, or nullptr for any other type.
const onnx::TypeProto* element_of(const onnx::TypeProto& type) {
  if (type.has_sequence_type()) return &type.sequence_type().elem_type();
  if (type.has_optional_type()) return &type.optional_type().elem_type();
  return nullptr;
}

ir::ValueKind kind_of(const onnx::TypeProto& type) {
  if (type.has_sparse_tensor_type()) return ir::ValueKind::kSparseTensor;
  if (type.has_sequence_type()) return ir::ValueKind::kSequence;
  if (type.has_optional_type()) return ir::ValueKind::kOptional;
  if (type.has_map_type()) return ir::ValueKind::kMap;
  if (type.has_opaque_type()) return ir::ValueKind::kOpaque;
  return ir::ValueKind::kTensor;
}

ir::Dim convert_dim(const onnx::TensorShapeProto::Dimension& proto) {
  // Exporters write -1 for a size they do not know, "?" or "None" for one that they do not relate.
  if (proto.has_dim_value()) return {std::max(proto.dim_value(), ir::kUnknownDim)};
  if (proto.dim_param() == "?" || proto.dim_param() == "None") return {};
  return {ir::kUnknownDim, proto.dim_param()};
}

template <class TensorType>
void declare_tensor(const TensorType& type, ir::Tensor& tensor) {
  if (tensor.dtype == ir::DType::kUndefined) tensor.dtype = ir::dtype_from_onnx(type.elem_type());
  if (tensor.declared || !type.has_shape()) return;
  std::vector<ir::Dim>& dims = tensor.declared.emplace();
  dims.reserve(static_cast<std::size_t>(type.shape().dim_size()));
  for (const auto& dim : type.shape().dim()) dims.push_back(convert_dim(dim));
}

}  // namespace

ir::Constant convert_tensor(const onnx::TensorProto& proto) {
  ir::Constant c{ir::dtype_from_onnx(proto.data_type()), convert_dims(proto.dims())};
  c.external = is_external(proto);
  if (c.external || proto.has_segment()) return c;
  const std::optional<std::int64_t> count = safe_count(c.dims);
  if (!proto.raw_data().empty()) {
    c.value = from_raw(c, proto.raw_data(), count);
  } else {
    c.value = from_typed(c, proto, count);
  }
  if (count == 0 && !c.value && has_small_values(c.dtype)) c.value = empty_value(c.dtype);
  return c;
}

ir::Constant convert_sparse(const onnx::SparseTensorProto& proto) {
  const ir::Constant values = convert_tensor(proto.values());
  ir::Constant c{values.dtype, convert_dims(proto.dims())};
  c.external = values.external || is_external(proto.indices());
  const std::optional<std::int64_t> stored = safe_count(values.dims);
  if (!stored) {
    throw RuleError("bad-tensor",
                    fmt::format("it stores {} values: more than 2^63", ir::to_string(values.dims)),
                    kExportAgain);
  }
  c.sparse_values = *stored;
  return c;
}

void declare_type(const onnx::TypeProto& type, ir::Tensor& tensor) {
  const ir::ValueKind kind = kind_of(type);
  if (kind != ir::ValueKind::kTensor) tensor.kind = kind;
  const onnx::TypeProto* element = element_of(type);
  if (element) tensor.element_kind = kind_of(*element);
  const onnx::TypeProto* innermost = &type;
  for (; element; element = element_of(*element)) innermost = element;
  if (innermost->has_tensor_type()) declare_tensor(innermost->tensor_type(), tensor);
  if (innermost->has_sparse_tensor_type()) {
    declare_tensor(innermost->sparse_tensor_type(), tensor);
  }
}

}  // namespace roofline::onnx_io
