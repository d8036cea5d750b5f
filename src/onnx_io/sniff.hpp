#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace roofline::onnx_io {

/// What bytes that are no ONNX model seem to be, and what to do about it.
struct Guess {
  std::string what;  ///< "a zip archive": fits "this is ..."
  std::string hint;
};

[[nodiscard]] Guess guess_format(std::span<const std::uint8_t> bytes);

/// True when the bytes start as a serialized ModelProto does, with its ir_version.
[[nodiscard]] bool starts_like_onnx(std::span<const std::uint8_t> bytes);

}  // namespace roofline::onnx_io
