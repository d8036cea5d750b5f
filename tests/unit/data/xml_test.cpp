// Text in XML: markup, control characters, what is not UTF-8.
#include "roofline/data/xml.hpp"

#include <gtest/gtest.h>

namespace roofline::data {
namespace {

TEST(XmlText, Escapes) {
  EXPECT_EQ(xml_text("a <b c=\"d\" e='f'> & ]]>"),
            "a &lt;b c=&quot;d&quot; e=&apos;f&apos;&gt; &amp; ]]&gt;");
  EXPECT_EQ(xml_text("\x01\t\n\x7f"), "\\x01\\x09\\x0a\\x7f");
  EXPECT_EQ(xml_text("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST(XmlText, WhatXmlCannotHold) {
  constexpr const char* kReplaced = "\xEF\xBF\xBD";
  EXPECT_EQ(xml_text("\xFF"), kReplaced);
  EXPECT_EQ(xml_text("\xC3"), kReplaced);
  EXPECT_EQ(xml_text("\xEF\xBF\xBE"), kReplaced) << "U+FFFE";
  EXPECT_EQ(xml_text("\xEF\xBF\xBF"), kReplaced) << "U+FFFF";
  EXPECT_EQ(xml_text("\xED\xA0\x80"), std::string(kReplaced) + kReplaced + kReplaced)
      << "a surrogate";
}

}  // namespace
}  // namespace roofline::data
