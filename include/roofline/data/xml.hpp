#pragma once
#include <string>
#include <string_view>

namespace roofline::data {

/// `text` as content or attribute of an XML 1.0 document: markup is escaped, control characters are
/// made visible, what XML cannot hold and malformed UTF-8 become U+FFFD.
[[nodiscard]] std::string xml_text(std::string_view text);

}  // namespace roofline::data
