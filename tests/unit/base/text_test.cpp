// Owns the text chores: splitting, strict numbers, spelling suggestions, cutting to width.
// Refuses to test who uses them.
#include "roofline/base/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace roofline {
namespace {

const std::vector<std::string> kMachines = {"v100", "v100-pcie", "xavier", "xavier-dla", "rpi4b"};

TEST(DidYouMean, FindsNearWords) {
  EXPECT_EQ(did_you_mean("v10", kMachines), "v100");
  EXPECT_EQ(did_you_mean("V100", kMachines), "v100");
  EXPECT_EQ(did_you_mean("v100-pice", kMachines), "v100-pcie");
  EXPECT_EQ(did_you_mean("xavire", kMachines), "xavier");
  EXPECT_EQ(did_you_mean("rpi4", kMachines), "rpi4b");
}

TEST(DidYouMean, LeavesFarWordsAlone) {
  EXPECT_EQ(did_you_mean("h100-sxm5", kMachines), std::nullopt);
  EXPECT_EQ(did_you_mean("", kMachines), std::nullopt);
  EXPECT_EQ(did_you_mean("v100", {}), std::nullopt);
}

TEST(DidYouMean, Hint) {
  EXPECT_EQ(did_you_mean_hint("v10", kMachines), "did you mean 'v100'?");
  EXPECT_EQ(did_you_mean_hint("abacus", kMachines), "");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(split("a,", ','), (std::vector<std::string_view>{"a", ""}));
}

TEST(Text, JoinAndLower) {
  const std::vector<std::string> parts = {"a", "b"};
  EXPECT_EQ(join(parts, ", "), "a, b");
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(to_lower("FLOP/s \xC3\x84"), "flop/s \xC3\x84");
}

TEST(Text, NumbersAreStrict) {
  EXPECT_EQ(parse_int("-42"), -42);
  EXPECT_EQ(parse_int("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  for (const char* bad : {"", " 1", "1 ", "+1", "1.0", "0x10", "9223372036854775808", "1e3"}) {
    EXPECT_EQ(parse_int(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_double("1.5e3"), 1500.0);
  for (const char* bad : {"", " 1", "1,5", "1e999", "0x1p3", "1.5x"}) {
    EXPECT_EQ(parse_double(bad), std::nullopt) << bad;
  }
}

TEST(Text, WidthCountsCodePoints) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\xC3\xA9t\xC3\xA9"), 3U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(Text, ControlCharactersBecomeVisible) {
  EXPECT_EQ(printable("a\x1b[31m\n"), "a\\x1b[31m\\x0a");
  EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(printable("\xC3\xA9"), "\xC3\xA9");
}

TEST(Ellipsize, KeepsBothEnds) {
  EXPECT_EQ(ellipsize("layer4/block2/conv1", 19), "layer4/block2/conv1");
  EXPECT_EQ(ellipsize("layer4/block2/conv1", 12), "lay..2/conv1");
  EXPECT_EQ(ellipsize("abcdef", 3), "abc");
  EXPECT_EQ(ellipsize("abcdef", 0), "");
}

TEST(Ellipsize, CutsWholeCodePointsToTheWidth) {
  const std::string text = "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9";  // six times e acute
  for (std::size_t width = 0; width <= 6; ++width) {
    EXPECT_EQ(display_width(ellipsize(text, width)), width);
  }
  EXPECT_EQ(ellipsize(text, 5), "\xC3\xA9..\xC3\xA9\xC3\xA9");
}

}  // namespace
}  // namespace roofline
