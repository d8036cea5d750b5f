#pragma once
#include <string>
#include <string_view>

#include "roofline/base/text.hpp"

namespace roofline::data {

inline constexpr std::size_t kExcerptColumns = 60;  ///< of text quoted from a file

/// What a message quotes of a file: printable, in quotes, cut to kExcerptColumns.
inline std::string excerpt(std::string_view text) {
  return "'" + ellipsize(printable(text), kExcerptColumns) + "'";
}

}  // namespace roofline::data
