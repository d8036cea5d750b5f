#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "roofline/ir/graph.hpp"

namespace roofline::onnx_io {

/// Parses a serialized ModelProto (below 2 GiB) and converts it. `path` is used in messages.
/// Throws Error when the model is not parsable or breaks the rules of its graph.
[[nodiscard]] ir::Model convert(std::span<const std::uint8_t> skeleton, const std::string& path);

/// Throws Error unless the bytes parse as a ModelProto.
void check_parses(std::span<const std::uint8_t> skeleton, const std::string& path);

}  // namespace roofline::onnx_io
