#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace roofline {

/// SHA-256 (FIPS 180-4) of bytes given in pieces. Identifies content; protects no secret.
class Sha256 {
 public:
  void update(std::span<const std::uint8_t> bytes);
  /// 64 lower-case hexadecimal digits of everything given so far; update may go on afterwards.
  [[nodiscard]] std::string hex() const;

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block_ = {};
  std::uint64_t length_ = 0;  ///< bytes given
};

/// Digest of one piece.
[[nodiscard]] std::string sha256_hex(std::span<const std::uint8_t> bytes);

}  // namespace roofline
