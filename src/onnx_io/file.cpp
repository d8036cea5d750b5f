// Owns files: mapping one to read, replacing one in a single step, and saying why that fails.
// Refuses to know what is in them.
#include "file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"

namespace roofline::onnx_io {
namespace {

namespace fs = std::filesystem;

/// An open file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  /// Closes now, so that a late write error is seen.
  [[nodiscard]] bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

std::string error_text(int error) { return std::generic_category().message(error); }

/// File names in `directory`, at most as many as are worth comparing with a misspelt one.
std::vector<std::string> directory_entries(const fs::path& directory) {
  constexpr std::size_t kMaxEntries = 10'000;
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (names.size() == kMaxEntries) break;
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

[[noreturn]] void throw_missing(const std::string& path) {
  const fs::path file(path);
  const fs::path directory = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    throw Error("file-not-found", path, "no such file: its directory does not exist",
                "check the path");
  }
  std::string hint = did_you_mean_hint(file.filename().string(), directory_entries(directory));
  if (hint.empty()) hint = "check the path";
  throw Error("file-not-found", path, "no such file", hint);
}

[[noreturn]] void throw_directory(const std::string& path) {
  std::string hint = "name the .onnx file itself";
  for (const std::string& name : directory_entries(path)) {
    if (!name.ends_with(".onnx")) continue;
    hint += fmt::format(", for instance '{}'", printable((fs::path(path) / name).string()));
    break;
  }
  throw Error("is-a-directory", path, "found a directory, expected an .onnx file", hint);
}

[[noreturn]] void throw_unreadable(const std::string& path, int error) {
  if (error == ENOENT) throw_missing(path);
  throw Error(
      "not-readable", path, "cannot be read: " + error_text(error),
      error == EACCES ? "check the permissions of the file and its directories" : "check the path");
}

[[noreturn]] void throw_unwritable(const std::string& path, int error) {
  throw Error("not-writable", path, "cannot be written: " + error_text(error),
              "check that the directory exists, is writable and has space left");
}

/// False with errno set when not everything could be written.
bool write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    // One write() takes at most about 2 GiB.
    const ssize_t written =
        ::write(fd, bytes.data(), std::min(bytes.size(), std::size_t{1} << 30U));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

void write_directly(const std::string& path, std::span<const std::uint8_t> bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0 || !write_all(file.get(), bytes) || !file.close()) {
    throw_unwritable(path, errno);
  }
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  struct stat info {};
  // Asked before opening: opening a pipe would wait for its writer.
  if (::stat(path.c_str(), &info) != 0) throw_unreadable(path, errno);
  if (S_ISDIR(info.st_mode)) throw_directory(path);
  if (!S_ISREG(info.st_mode)) {
    throw Error("not-a-regular-file", path, "found a pipe or device, expected a regular file",
                "save the model to a file first: weights are skipped, not read through");
  }
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) throw_unreadable(path, errno);
  if (info.st_size == 0) {
    throw Error("empty-file", path, "the file is empty, expected an ONNX model",
                "download or export it again");
  }
  size_ = static_cast<std::size_t>(info.st_size);
  void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) throw_unreadable(path, errno);
  data_ = static_cast<std::uint8_t*>(data);
  // Reading ahead would read payloads that are skipped; a small file is all read anyway.
  constexpr std::size_t kMostlyPayload = std::size_t{4} << 20U;
  if (size_ > kMostlyPayload) ::madvise(data, size_, MADV_RANDOM);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::release_until(std::size_t offset) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  ::madvise(data_, offset / page * page, MADV_DONTNEED);
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat info_a {};
  struct stat info_b {};
  return ::stat(a.c_str(), &info_a) == 0 && ::stat(b.c_str(), &info_b) == 0 &&
         info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino;
}

void write_file(const std::string& path, std::span<const std::uint8_t> bytes) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    if (S_ISDIR(info.st_mode)) throw_unwritable(path, EISDIR);
    return write_directly(path, bytes);
  }
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) throw_unwritable(path, errno);
  if (write_all(file.get(), bytes) && file.close() &&
      ::rename(temporary.c_str(), path.c_str()) == 0) {
    return;
  }
  const int error = errno;
  ::unlink(temporary.c_str());
  throw_unwritable(path, error);
}

}  // namespace roofline::onnx_io
