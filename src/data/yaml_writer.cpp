// Owns the writing of YAML: quoting, numbers, and what goes on one line.
// Refuses comments and anchors; it writes what the reader of this room accepts.
#include "roofline/data/yaml_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "roofline/base/text.hpp"

namespace roofline::data {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kIndent = 2;

/// Words that some YAML reader takes for a truth value or nothing.
constexpr std::array<std::string_view, 9> kReserved = {"y",   "n",    "yes",   "no",  "on",
                                                       "off", "true", "false", "null"};

bool is_plain(std::string_view text) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view kRest = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
  const std::string lower = to_lower(text);
  if (lower.empty() || lower.find_first_not_of(kRest) != std::string::npos) return false;
  if (kFirst.find(lower.front()) == std::string_view::npos) return false;
  return std::find(kReserved.begin(), kReserved.end(), lower) == kReserved.end();
}

std::string written(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      quoted += {'\\', c};
    else if (byte < 0x20 || byte == 0x7F)
      quoted += fmt::format("\\x{:02x}", byte);
    else
      quoted += c;
  }
  return quoted + '"';
}

}  // namespace

YamlValue YamlValue::text(std::string_view text) { return {Kind::kLeaf, written(text)}; }

YamlValue YamlValue::number(double number) {
  std::string text = fmt::format("{}", number);
  // YAML 1.1 wants a point in front of an exponent.
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) {
    text.insert(exponent, ".0");
  }
  return {Kind::kLeaf, std::move(text)};
}

void YamlValue::add(YamlValue item) { children_.push_back(std::move(item)); }

void YamlValue::add(std::string_view key, YamlValue value) {
  keys_.push_back(written(key));
  children_.push_back(std::move(value));
}

bool YamlValue::is_flat() const {
  return std::all_of(children_.begin(), children_.end(), [&](const YamlValue& child) {
    return child.kind_ == Kind::kLeaf ||
           (kind_ == Kind::kMap && child.kind_ == Kind::kList && child.is_flat());
  });
}

std::string YamlValue::in_line() const {
  if (kind_ == Kind::kLeaf) return text_;
  std::string line(1, kind_ == Kind::kMap ? '{' : '[');
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (i > 0) line += ", ";
    if (kind_ == Kind::kMap) line += keys_[i] + ": ";
    line += children_[i].in_line();
  }
  return line + (kind_ == Kind::kMap ? '}' : ']');
}

/// True when the value goes behind "key:" or "-", which end in `column`.
bool YamlValue::fits(std::size_t column) const {
  if (kind_ == Kind::kLeaf || children_.empty()) return true;
  return is_flat() && column + 1 + in_line().size() <= kWidth;
}

void YamlValue::write_children(std::size_t indent, std::string& out) const {
  const std::string margin(indent, ' ');
  for (std::size_t i = 0; i < children_.size(); ++i) {
    const YamlValue& child = children_[i];
    const std::string head = margin + (kind_ == Kind::kMap ? keys_[i] + ':' : "-");
    if (child.fits(head.size())) {
      out += head + ' ' + child.in_line() + '\n';
      continue;
    }
    const std::size_t start = out.size();
    if (kind_ == Kind::kMap) out += head + '\n';
    child.write_children(indent + kIndent, out);
    // The first line of an item begins behind its dash.
    if (kind_ == Kind::kList) out.replace(start, indent + kIndent, head + ' ');
  }
}

std::string write_yaml(const YamlValue& document) {
  std::string out;
  document.write_children(0, out);
  return out;
}

}  // namespace roofline::data
