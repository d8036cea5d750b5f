// Owns the published vectors of SHA-256 (FIPS 180-4 examples).
// Refuses to test speed.
#include "roofline/base/sha256.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace roofline {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(bytes_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::vector<std::uint8_t>(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheDigestOfTheWhole) {
  // Lengths around the block size exercise every padding case.
  for (std::size_t length = 0; length < 200; ++length) {
    const std::vector<std::uint8_t> whole(length, 0x5A);
    for (const std::size_t cut : {std::size_t{0}, length / 3, length}) {
      Sha256 digest;
      digest.update(std::span(whole).first(cut));
      digest.update(std::span(whole).subspan(cut));
      EXPECT_EQ(digest.hex(), sha256_hex(whole)) << length << " cut at " << cut;
    }
  }
}

TEST(Sha256, HexDoesNotEndTheStream) {
  Sha256 digest;
  digest.update(bytes_of("ab"));
  EXPECT_NE(digest.hex(), sha256_hex(bytes_of("abc")));
  digest.update(bytes_of("c"));
  EXPECT_EQ(digest.hex(), sha256_hex(bytes_of("abc")));
}

}  // namespace
}  // namespace roofline
