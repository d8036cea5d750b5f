#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace roofline::onnx_io {

/// A file mapped for reading; only the pages that are looked at are read.
class MappedFile {
 public:
  /// Throws Error: no such file, a directory, no permission, empty, not a regular file.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&&) = delete;
  MappedFile& operator=(MappedFile&&) = delete;

  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  /// Gives back the memory of the pages before `offset`; they are read again when needed.
  void release_until(std::size_t offset) const;

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// True when both paths lead to one existing file.
[[nodiscard]] bool same_file(const std::string& a, const std::string& b);

/// Replaces `path` by `bytes` in one step, so that nobody sees half a file; a device or pipe is
/// written directly. Throws Error.
void write_file(const std::string& path, std::span<const std::uint8_t> bytes);

}  // namespace roofline::onnx_io
