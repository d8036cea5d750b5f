// Owns the protobuf wire format: which byte ranges of a model are payload, and what is left.
// Refuses to interpret what it keeps, and to trust any length before it is checked.
#include "skeleton.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "roofline/ir/dtype.hpp"

namespace roofline::onnx_io {
namespace {

/// The messages of onnx.proto that lead to a payload or to a doc string.
enum Message : std::uint8_t {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
  kFunction,
  kTraining,
  kValueInfo,
  kMessageCount
};

enum Action : std::uint8_t { kCopy, kDrop, kPayload, kEnter };

struct Field {
  Action action = kCopy;
  Message message = kModel;  ///< for kEnter
};

constexpr std::uint32_t kMaxField = 31;  // every field number with an action is below
using FieldTable = std::array<std::array<Field, kMaxField + 1>, kMessageCount>;

constexpr FieldTable make_fields() {
  FieldTable t{};
  const Field drop{kDrop, kModel};
  const Field payload{kPayload, kModel};
  t[kModel][6] = drop;  // doc_string
  t[kModel][7] = {kEnter, kGraph};
  t[kModel][20] = {kEnter, kTraining};
  t[kModel][25] = {kEnter, kFunction};
  t[kGraph][1] = {kEnter, kNode};
  t[kGraph][5] = {kEnter, kTensor};
  t[kGraph][10] = drop;  // doc_string
  for (const int values : {11, 12, 13}) {
    t[kGraph][static_cast<std::size_t>(values)] = {kEnter, kValueInfo};
  }
  t[kGraph][15] = {kEnter, kSparseTensor};
  t[kNode][5] = {kEnter, kAttribute};
  t[kNode][6] = drop;  // doc_string
  t[kNode][9] = drop;  // metadata_props
  t[kAttribute][5] = t[kAttribute][10] = {kEnter, kTensor};
  t[kAttribute][6] = t[kAttribute][11] = {kEnter, kGraph};
  t[kAttribute][22] = t[kAttribute][23] = {kEnter, kSparseTensor};
  t[kAttribute][13] = drop;  // doc_string
  for (const int data : {4, 5, 6, 7, 9, 10, 11}) {
    t[kTensor][static_cast<std::size_t>(data)] = payload;
  }
  t[kTensor][12] = drop;  // doc_string
  t[kSparseTensor][1] = t[kSparseTensor][2] = {kEnter, kTensor};
  t[kFunction][7] = {kEnter, kNode};
  t[kFunction][8] = drop;  // doc_string
  t[kFunction][11] = {kEnter, kAttribute};
  t[kFunction][12] = {kEnter, kValueInfo};
  t[kTraining][1] = t[kTraining][2] = {kEnter, kGraph};
  t[kValueInfo][3] = drop;  // doc_string
  t[kValueInfo][4] = drop;  // metadata_props
  return t;
}

constexpr FieldTable kFields = make_fields();
constexpr std::uint32_t kDataType = 2;  // of TensorProto

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

constexpr std::size_t varint_size(std::size_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7U) ++size;
  return size;
}

/// Calls a Progress every few megabytes.
class Reporter {
 public:
  explicit Reporter(const Progress& progress) : progress_(progress) {}
  void reached(std::size_t at) {
    constexpr std::size_t kStride = std::size_t{8} << 20U;
    if (at - reported_ < kStride) return;
    reported_ = at;
    progress_(at);
  }

 private:
  const Progress& progress_;
  std::size_t reported_ = 0;
};

class Walker {
 public:
  Walker(std::span<const std::uint8_t> bytes, const Progress& progress)
      : bytes_(bytes), reporter_(progress) {}

  SkeletonPlan run() {
    const std::size_t saved = walk(kModel, 0, bytes_.size(), false);
    plan_.size = bytes_.size() - saved;
    return std::move(plan_);
  }

 private:
  /// One field: its header is [begin, body), its content [body, end).
  struct Span {
    std::uint32_t number;
    std::uint32_t wire_type;
    std::size_t begin;
    std::size_t length_begin;  ///< of the length's varint, for kLengthDelimited
    std::size_t body;
    std::size_t end;
  };

  /// Records the edits of one message and returns how many bytes they save.
  std::size_t walk(Message message, std::size_t begin, std::size_t end, bool drop_payload) {
    std::size_t saved = 0;
    for (std::size_t at = begin; at < end;) {
      const Span span = next_field(at, end);
      at = span.end;
      const Field field = span.number <= kMaxField ? kFields[message][span.number] : Field{};
      if (field.action == kCopy) continue;
      if (field.action == kPayload) {
        if (drop_payload) saved += drop(span);
      } else if (span.wire_type != kLengthDelimited) {
        continue;  // not the field it claims to be; protobuf keeps it as an unknown one
      } else if (field.action == kDrop) {
        saved += drop(span);
      } else {
        saved += enter(field.message, span);
      }
    }
    return saved;
  }

  std::size_t enter(Message message, const Span& span) {
    if (++depth_ > kMaxDepth) {
      throw WireError(WireError::Kind::kTooDeep, span.begin,
                      fmt::format("messages are nested more than {} deep", kMaxDepth));
    }
    if (++messages_ > std::min(kMaxMessages, kFreeMessages + span.end / kMinMessageBytes)) {
      throw WireError(WireError::Kind::kTooMany, span.begin,
                      fmt::format("{} nodes, attributes and tensors in the first {} bytes",
                                  messages_, span.end));
    }
    if (depth_ == 1 && message == kGraph) plan_.has_graph = true;
    const bool drop_payload = message == kTensor && payload_is_large(span);
    const std::size_t index = plan_.edits.size();
    plan_.edits.push_back({span.length_begin, span.body, 0, true});
    const std::size_t saved = walk(message, span.body, span.end, drop_payload);
    --depth_;
    reporter_.reached(span.end);
    if (saved == 0) {
      plan_.edits.pop_back();
      return 0;
    }
    const std::size_t new_length = span.end - span.body - saved;
    plan_.edits[index].new_length = new_length;
    return saved + (span.body - span.length_begin) - varint_size(new_length);
  }

  [[nodiscard]] bool payload_is_large(const Span& tensor) const {
    std::size_t payload = 0;
    bool is_float = false;
    for (std::size_t at = tensor.body; at < tensor.end;) {
      const Span span = next_field(at, tensor.end);
      at = span.end;
      if (span.number == kDataType && span.wire_type == kVarint) {
        std::size_t value = span.body;
        is_float =
            ir::is_float(ir::dtype_from_onnx(static_cast<std::int64_t>(varint(value, span.end))));
      }
      if (span.number > kMaxField || kFields[kTensor][span.number].action != kPayload) continue;
      payload += span.end - span.body;
      if (payload > kMaxKeptPayload) return true;
    }
    return is_float && payload > kMaxKeptFloatPayload;
  }

  std::size_t drop(const Span& span) {
    std::vector<Edit>& edits = plan_.edits;
    // Unpacked payloads are runs of small fields: one edit for the whole run.
    if (!edits.empty() && !edits.back().is_length && edits.back().end == span.begin) {
      edits.back().end = span.end;
    } else {
      edits.push_back({span.begin, span.end, 0, false});
    }
    return span.end - span.begin;
  }

  [[nodiscard]] Span next_field(std::size_t at, std::size_t end) const {
    const std::size_t begin = at;
    const std::uint64_t tag = varint(at, end);
    const auto wire_type = static_cast<std::uint32_t>(tag & 7U);
    if (tag > std::numeric_limits<std::uint32_t>::max() || tag < 8) malformed(begin);
    Span span{static_cast<std::uint32_t>(tag >> 3U), wire_type, begin, at, at, at};
    if (wire_type == kLengthDelimited) {
      const std::uint64_t length = varint(at, end);
      span.body = at;
      span.end = advance(begin, at, end, length);
    } else if (wire_type == kVarint) {
      static_cast<void>(varint(at, end));
      span.end = at;
    } else if (wire_type == kFixed64 || wire_type == kFixed32) {
      span.end = advance(begin, at, end, wire_type == kFixed64 ? 8 : 4);
    } else {
      malformed(begin);
    }
    return span;
  }

  std::uint64_t varint(std::size_t& at, std::size_t end) const {
    const std::size_t begin = at;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at == end) static_cast<void>(advance(begin, at, end, 1));
      const std::uint8_t byte = bytes_[at++];
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << (shift < 64 ? shift : 63);
      if (byte < 0x80) return value;
    }
    malformed(begin);
  }

  /// `at + length`, if that many bytes are left before `end`.
  [[nodiscard]] std::size_t advance(std::size_t begin, std::size_t at, std::size_t end,
                                    std::uint64_t length) const {
    if (length <= end - at) return at + static_cast<std::size_t>(length);
    // Lengths inside a message that fits are lies; that of the message itself tells of a cut.
    if (depth_ > 0) malformed(begin);
    throw WireError(WireError::Kind::kTruncated, begin,
                    fmt::format("the field at byte {} takes {} more bytes, but {} are left", begin,
                                length, end - at));
  }

  [[noreturn]] static void malformed(std::size_t at) {
    throw WireError(WireError::Kind::kMalformed, at,
                    fmt::format("byte {} starts no valid protobuf field", at));
  }

  std::span<const std::uint8_t> bytes_;
  Reporter reporter_;
  SkeletonPlan plan_;
  int depth_ = 0;
  std::size_t messages_ = 0;
};

void append_varint(std::string& out, std::size_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
  out += static_cast<char>(value);
}

}  // namespace

SkeletonPlan plan_skeleton(std::span<const std::uint8_t> bytes, const Progress& progress) {
  return Walker(bytes, progress).run();
}

std::string build_skeleton(std::span<const std::uint8_t> bytes, const SkeletonPlan& plan,
                           const Progress& progress) {
  std::string skeleton;
  skeleton.reserve(plan.size);
  Reporter reporter(progress);
  std::size_t at = 0;
  const auto copy_until = [&](std::size_t end) {
    const auto piece = bytes.subspan(at, end - at);
    skeleton.append(piece.begin(), piece.end());
  };
  for (const Edit& edit : plan.edits) {
    copy_until(edit.begin);
    if (edit.is_length) append_varint(skeleton, edit.new_length);
    at = edit.end;
    reporter.reached(at);
  }
  copy_until(bytes.size());
  return skeleton;
}

}  // namespace roofline::onnx_io
