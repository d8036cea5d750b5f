// Owns how text from strangers becomes text in XML.
// Refuses to write elements.
#include "roofline/data/xml.hpp"

#include "roofline/base/text.hpp"
#include "utf8.hpp"

namespace roofline::data {
namespace {

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&apos;";
    default:
      return {};
  }
}

/// U+FFFE and U+FFFF, which no XML document may have.
bool is_noncharacter(std::string_view sequence) {
  return sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF";
}

}  // namespace

std::string xml_text(std::string_view text) {
  const std::string clean = printable(text);
  std::string out;
  for (std::string_view rest = clean; !rest.empty();) {
    const std::size_t length = sequence_length(rest);
    const std::string_view sequence = rest.substr(0, length);
    const std::string_view escaped = entity(rest.front());
    if (!escaped.empty())
      out += escaped;
    else
      out += length == 0 || is_noncharacter(sequence) ? kReplacement : sequence;
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace roofline::data
