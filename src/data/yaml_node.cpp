// Owns the read-only YAML tree: typed getters, and errors that say where and what was expected.
// Refuses to parse text (yaml_parser.cpp does) and to know what a file is about.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "excerpt.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"
#include "roofline/data/yaml.hpp"

namespace roofline::data {
namespace {

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "empty";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a mapping";
  }
  return "empty";
}

std::string subject(const std::string& path) {
  return path.empty() ? "the document" : excerpt(path);
}

}  // namespace

YamlNode::YamlNode(Kind kind, std::shared_ptr<const std::string> file, int line, int column,
                   std::string path)
    : kind_(kind),
      position_{line, column},
      key_position_{line, column},
      file_(std::move(file)),
      path_(std::move(path)) {}

std::string YamlNode::location_at(Position position) const {
  return fmt::format("{}:{}:{}", *file_, position.line, position.column);
}

std::string YamlNode::location() const { return location_at(position_); }

void YamlNode::fail(std::string code, std::string message, std::string hint) const {
  throw Error(std::move(code), location(), std::move(message), std::move(hint));
}

void YamlNode::require(Kind kind) const {
  if (kind_ == kind) return;
  fail("wrong-type",
       fmt::format("{} is {}; expected {}", subject(path_), kind_name(kind_), kind_name(kind)));
}

const std::string& YamlNode::text() const {
  require(Kind::kScalar);
  return text_;
}

const std::string& YamlNode::one_of(std::span<const std::string> allowed) const {
  const std::string& value = text();
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    fail("bad-value",
         fmt::format("{} is {}; expected one of {}", subject(path_), excerpt(value),
                     join(allowed, ", ")),
         did_you_mean_hint(value, allowed));
  }
  return value;
}

std::int64_t YamlNode::integer() const {
  const auto value = parse_int(text());
  if (!value) {
    fail("bad-value", fmt::format("{} is {}; expected an integer", subject(path_), excerpt(text_)));
  }
  return *value;
}

double YamlNode::number() const {
  const auto value = parse_double(text());
  if (!value || !std::isfinite(*value)) {
    fail("bad-value",
         fmt::format("{} is {}; expected a finite number", subject(path_), excerpt(text_)));
  }
  return *value;
}

bool YamlNode::boolean() const {
  static const std::array<std::string, 2> kAllowed = {"true", "false"};
  return one_of(kAllowed) == "true";
}

const std::vector<YamlNode>& YamlNode::items() const {
  require(Kind::kSequence);
  return children_;
}

const std::vector<std::string>& YamlNode::keys() const {
  require(Kind::kMap);
  return keys_;
}

const std::vector<YamlNode>& YamlNode::values() const {
  require(Kind::kMap);
  return children_;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  require(Kind::kMap);
  const auto it = std::find(keys_.begin(), keys_.end(), key);
  if (it == keys_.end()) return nullptr;
  return &children_[static_cast<std::size_t>(it - keys_.begin())];
}

const YamlNode& YamlNode::at(std::string_view key, std::string hint) const {
  const YamlNode* value = find(key);
  if (value == nullptr) {
    fail("missing-key", fmt::format("{} has no '{}'", subject(path_), key), std::move(hint));
  }
  return *value;
}

void YamlNode::allow_only(std::span<const std::string> known) const {
  require(Kind::kMap);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (std::find(known.begin(), known.end(), keys_[i]) != known.end()) continue;
    throw Error("unknown-key", children_[i].location_at(children_[i].key_position_),
                fmt::format("{} has an unknown key {}; expected one of {}", subject(path_),
                            excerpt(keys_[i]), join(known, ", ")),
                did_you_mean_hint(keys_[i], known));
  }
}

void YamlNode::insert_item(std::size_t index, YamlNode item) {
  children_.insert(children_.begin() + static_cast<std::ptrdiff_t>(index), std::move(item));
}

void YamlNode::add_member(std::string key, YamlNode value) {
  keys_.push_back(std::move(key));
  children_.push_back(std::move(value));
}

void YamlNode::erase_member(std::size_t index) {
  keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(index));
  children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace roofline::data
