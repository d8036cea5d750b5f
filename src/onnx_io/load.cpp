// Owns the room's front door: file to skeleton to model, skeleton to file.
// Refuses what is no ONNX model, and says what it is instead.
#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>

#include "convert.hpp"
#include "file.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/sha256.hpp"
#include "roofline/onnx_io/onnx_io.hpp"
#include "skeleton.hpp"
#include "sniff.hpp"

namespace roofline::onnx_io {
namespace {

using Bytes = std::span<const std::uint8_t>;

[[noreturn]] void throw_not_onnx(Bytes bytes, const std::string& path) {
  Guess guess = guess_format(bytes);
  throw Error("not-onnx", path, "expected an ONNX model, found " + guess.what,
              std::move(guess.hint));
}

[[noreturn]] void throw_wire_error(const WireError& error, Bytes bytes, const std::string& path) {
  if (!starts_like_onnx(bytes)) throw_not_onnx(bytes, path);
  const std::string message = error.what();
  switch (error.kind) {
    case WireError::Kind::kTruncated:
      throw Error("truncated-model", path, "the model is cut off: " + message,
                  "download or export it again");
    case WireError::Kind::kTooDeep:
      throw Error("too-deep", path, message, "flatten the subgraphs inside subgraphs");
    case WireError::Kind::kTooMany:
      throw Error("too-large", path, message, "split the model");
    case WireError::Kind::kMalformed:
      break;
  }
  throw Error("malformed-model", path, "the model is damaged: " + message,
              "download or export it again");
}

/// The bytes of a model without payloads: a view of the input when there is nothing to leave out.
class Skeleton {
 public:
  Skeleton(Bytes bytes, const std::string& path, const Progress& progress) {
    try {
      const SkeletonPlan plan = plan_skeleton(bytes, progress);
      if (!plan.has_graph) throw_no_graph(bytes, path);
      check_size(plan.size, path);
      if (plan.edits.empty()) {
        bytes_ = bytes;
        return;
      }
      storage_ = build_skeleton(bytes, plan, progress);
      bytes_ = Bytes(reinterpret_cast<const std::uint8_t*>(storage_.data()), storage_.size());
    } catch (const WireError& error) {
      throw_wire_error(error, bytes, path);
    }
  }
  ~Skeleton() = default;
  Skeleton(const Skeleton&) = delete;  // bytes_ may point into storage_
  Skeleton& operator=(const Skeleton&) = delete;
  Skeleton(Skeleton&&) = delete;
  Skeleton& operator=(Skeleton&&) = delete;

  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  [[noreturn]] static void throw_no_graph(Bytes bytes, const std::string& path) {
    if (!starts_like_onnx(bytes)) throw_not_onnx(bytes, path);
    throw Error("no-graph", path, "the file can be read as protobuf but has no ONNX graph",
                "expected a model: TensorFlow's .pb files and test data (input_0.pb) are others");
  }

  static void check_size(std::size_t size, const std::string& path) {
    constexpr std::size_t kProtobufLimit = std::numeric_limits<int>::max();
    if (size <= kProtobufLimit) return;
    throw Error("too-large", path,
                fmt::format("the model has {} bytes besides its tensor data, of which {} can be "
                            "read",
                            size, kProtobufLimit),
                "look for huge attribute lists: such data belongs in tensors");
  }

  std::string storage_;
  Bytes bytes_;
};

ir::Model load_skeleton(const Skeleton& skeleton, const std::string& path, Digest digest) {
  ir::Model model = convert(skeleton.bytes(), path);
  if (digest == Digest::kCompute) model.skeleton_sha256 = sha256_hex(skeleton.bytes());
  return model;
}

Progress releasing(const MappedFile& file) {
  return [&file](std::size_t offset) { file.release_until(offset); };
}

}  // namespace

ir::Model load(const std::string& path, Digest digest) {
  const MappedFile file(path);
  return load_skeleton(Skeleton(file.bytes(), path, releasing(file)), path, digest);
}

ir::Model load(std::span<const std::uint8_t> bytes, const std::string& path, Digest digest) {
  if (bytes.empty()) {
    throw Error("empty-file", path, "there is no byte, expected an ONNX model", "");
  }
  return load_skeleton(Skeleton(bytes, path, [](std::size_t) {}), path, digest);
}

std::int64_t strip(const std::string& path, const std::string& output_path) {
  const MappedFile file(path);
  if (same_file(path, output_path)) {
    throw Error(
        ExitCode::kUsage,
        {Severity::kError, "same-file", "the output would replace the input",
         "choose another output: weights that are stripped cannot be restored", output_path, ""});
  }
  const Skeleton skeleton(file.bytes(), path, releasing(file));
  check_parses(skeleton.bytes(), path);
  write_file(output_path, skeleton.bytes());
  return static_cast<std::int64_t>(skeleton.bytes().size());
}

}  // namespace roofline::onnx_io
