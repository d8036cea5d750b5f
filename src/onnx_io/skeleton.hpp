#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace roofline::onnx_io {

/// Tensor payloads of at most this many bytes stay: shape arithmetic reads them.
inline constexpr std::size_t kMaxKeptPayload = 1024;
/// Floats decide a shape only as scales and scalars; vectors of them are weights.
inline constexpr std::size_t kMaxKeptFloatPayload = 128;
/// Nested messages allowed. Protobuf refuses 100; a value's type takes a few below the last one.
inline constexpr int kMaxDepth = 90;
/// Nodes, attributes, tensors and values allowed in a file: bounds what a hostile file, whose
/// two-byte messages become objects of 200 bytes, can make protobuf allocate. Real messages carry
/// names: beyond the first ones, each must account for kMinMessageBytes of the file.
inline constexpr std::size_t kMaxMessages = 4'000'000;
inline constexpr std::size_t kFreeMessages = 100'000;
inline constexpr std::size_t kMinMessageBytes = 8;

/// The bytes are no well-formed model; `offset` is where that shows.
struct WireError : std::runtime_error {
  enum class Kind { kTruncated, kMalformed, kTooDeep, kTooMany };
  WireError(Kind kind_, std::size_t offset_, const std::string& message)
      : std::runtime_error(message), kind(kind_), offset(offset_) {}
  Kind kind;
  std::size_t offset;
};

/// A stretch of the file that the skeleton leaves out or, for a message that shrank, the varint of
/// its length together with the new length.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t new_length = 0;
  bool is_length = false;
};

/// Told that no byte before an offset is needed for now: lets a mapped file drop its pages.
using Progress = std::function<void(std::size_t)>;

/// Edits, in file order, that turn a serialized ModelProto into its skeleton.
struct SkeletonPlan {
  std::vector<Edit> edits;  ///< empty: the bytes are their own skeleton
  std::size_t size = 0;     ///< bytes of the skeleton
  bool has_graph = false;
};

/// Walks the wire format in time and memory proportional to the skeleton. Throws WireError.
[[nodiscard]] SkeletonPlan plan_skeleton(std::span<const std::uint8_t> bytes,
                                         const Progress& progress);

/// Applies `plan` to the bytes it was made from.
[[nodiscard]] std::string build_skeleton(std::span<const std::uint8_t> bytes,
                                         const SkeletonPlan& plan, const Progress& progress);

}  // namespace roofline::onnx_io
