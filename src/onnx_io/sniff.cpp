// Owns the guess what a file is that turned out not to be an ONNX model.
// Refuses to guess before that: no valid model is judged by its first bytes.
#include "sniff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "roofline/base/text.hpp"

namespace roofline::onnx_io {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view what;
  std::string_view hint;
};

constexpr std::string_view kExport =
    "export the model to ONNX first (torch.onnx.export, tf2onnx, ...)";
constexpr std::string_view kUnpack = "unpack it first";
constexpr std::string_view kDownload =
    "download the raw file: the address led to a page about it or to an error message";
constexpr std::string_view kBinary = "this tool reads the binary form: save it with onnx.save";

constexpr std::array kSignatures = {
    Signature{0, "version https://git-lfs"sv, "a Git LFS pointer, not the model it stands for",
              "fetch the file with: git lfs pull"},
    Signature{0, "PK\x03\x04"sv, "a zip archive (.pt, .pth, .keras, .mlpackage?)",
              "export the model to ONNX first (torch.onnx.export, tf2onnx, ...), or unpack the "
              "archive if an .onnx file is inside"},
    Signature{4, "TFL3"sv, "a TensorFlow Lite model", "convert it with tf2onnx --tflite"},
    Signature{4, "ORTM"sv, "a model in ONNX Runtime's own format (.ort)",
              "use the .onnx file that it was made from"},
    Signature{0, "GGUF"sv, "a GGUF model", kExport},
    Signature{8, "{\""sv, "a safetensors file: weights without a graph", kExport},
    Signature{0, "\x89HDF"sv, "an HDF5 file (Keras .h5?)", kExport},
    Signature{0, "\x93NUMPY"sv, "a NumPy array", kExport},
    Signature{0, "\x80\x02"sv, "a Python pickle (.pth, .pkl?)", kExport},
    Signature{0, "\x80\x04"sv, "a Python pickle (.pth, .pkl?)", kExport},
    Signature{0, "7767517"sv, "an ncnn .param file", kExport},
    Signature{0, "\x1f\x8b"sv, "a gzip archive", kUnpack},
    Signature{0, "BZh"sv, "a bzip2 archive", kUnpack},
    Signature{0, "\xfd\x37zXZ"sv, "an xz archive", kUnpack},
    Signature{0, "\x28\xb5\x2f\xfd"sv, "a zstd archive", kUnpack},
    Signature{0, "\x89PNG"sv, "a PNG image", "name an .onnx file"},
    Signature{0, "\xff\xd8\xff"sv, "a JPEG image", "name an .onnx file"},
    Signature{0, "%PDF"sv, "a PDF document", "name an .onnx file"},
    Signature{0, "\x7f\x45LF"sv, "an ELF program or library", "name an .onnx file"},
};

/// Openings of text files, matched after white space and without regard to case.
constexpr std::array kTextOpenings = {
    Signature{0, "<!doctype html"sv, "an HTML page", kDownload},
    Signature{0, "<html"sv, "an HTML page", kDownload},
    Signature{0, "<?xml"sv, "an XML file (OpenVINO IR?)", kExport},
    Signature{0, "<"sv, "text that starts with '<' (ONNX's text format?)", kBinary},
    Signature{0, "ir_version"sv, "a model in protobuf's text format", kBinary},
    Signature{0, "{"sv, "a JSON file", kBinary},
};

constexpr std::size_t kLookAt = 256;

std::optional<Guess> match(std::string_view head, std::span<const Signature> signatures) {
  for (const Signature& s : signatures) {
    if (head.size() >= s.offset && head.substr(s.offset).starts_with(s.bytes)) {
      return Guess{std::string(s.what), std::string(s.hint)};
    }
  }
  return std::nullopt;
}

bool is_text(std::string_view head) {
  return std::all_of(head.begin(), head.end(), [](char c) {
    return c == '\n' || c == '\r' || c == '\t' || (c >= ' ' && c != '\x7f');
  });
}

Guess guess_text(std::string_view head) {
  const std::size_t start = head.find_first_not_of(" \t\r\n");
  const std::string_view text = start == std::string_view::npos ? "" : head.substr(start);
  if (const auto guess = match(to_lower(text), kTextOpenings)) return *guess;
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  return {fmt::format("a text file that starts with '{}'", ellipsize(line, 40)),
          "name an .onnx file"};
}

}  // namespace

Guess guess_format(std::span<const std::uint8_t> bytes) {
  const auto first = bytes.first(std::min(bytes.size(), kLookAt));
  const std::string head(first.begin(), first.end());
  if (const auto guess = match(head, kSignatures)) return *guess;
  if (is_text(head)) return guess_text(head);
  const bool zeros = std::all_of(head.begin(), head.end(), [](char c) { return c == '\0'; });
  if (zeros) return {"a file that starts with zeros only", "download or export it again"};
  const auto start = first.first(std::min<std::size_t>(first.size(), 8));
  return {fmt::format("a file of unknown format that starts with the bytes {:02x}",
                      fmt::join(start, " ")),
          "name an .onnx file"};
}

bool starts_like_onnx(std::span<const std::uint8_t> bytes) {
  // Field 1 (ir_version) as a varint below 64: what every known exporter writes first.
  return bytes.size() >= 2 && bytes[0] == 0x08 && bytes[1] < 64;
}

}  // namespace roofline::onnx_io
