// Owns the reading of single fields: quantities, names, texts, numbers with a source.
// Refuses to know which fields there are.
#include "field_reader.hpp"

#include <fmt/format.h>

#include "roofline/base/text.hpp"

namespace roofline::hardware {
namespace {

using data::YamlNode;

constexpr std::string_view kPrefixHint =
    "prefixes: n u m k M G T P, and Ki Mi Gi Ti for powers of 1024";

std::string shown(const YamlNode& node) { return ellipsize(printable(node.text()), 40); }

std::optional<double> parse(const std::string& text, const Quantity& quantity) {
  if (quantity.unit) return parse_quantity(text, *quantity.unit);
  const auto whole = parse_int(text);
  return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
}

std::string example(const Quantity& quantity) {
  return fmt::format("write {{value: \"{}\", source: ID}}, with ID listed under 'sources'",
                     quantity.example);
}

[[noreturn]] void missing_source(const YamlNode& node, std::string hint) {
  node.fail("missing-source",
            fmt::format("'{}' has no source; every number needs one", node.path()),
            std::move(hint));
}

std::vector<std::string> read_list(const YamlNode& list,
                                   const std::string& (*read)(const YamlNode&)) {
  std::vector<std::string> texts;
  for (const YamlNode& item : list.items()) texts.push_back(read(item));
  return texts;
}

}  // namespace

double read_value(const YamlNode& node, const Quantity& quantity) {
  const std::optional<double> value = parse(node.text(), quantity);
  if (!value) {
    node.fail("bad-quantity",
              fmt::format("'{}' is '{}'; expected {}, such as \"{}\"", node.path(), shown(node),
                          quantity.unit ? "a number, a space and a unit" : "a whole number",
                          quantity.example),
              std::string(quantity.unit ? kPrefixHint : ""));
  }
  if (*value < 0 || (*value == 0 && !quantity.zero_allowed)) {
    node.fail("not-positive", fmt::format("'{}' is '{}'; expected a number {}", node.path(),
                                          shown(node), quantity.zero_allowed ? ">= 0" : "> 0"));
  }
  if (*value > quantity.most) {
    node.fail("bad-quantity", fmt::format("'{}' is '{}'; expected at most {}", node.path(),
                                          shown(node), quantity.most));
  }
  return *value;
}

std::optional<Unit> unit_of(std::string_view name) {
  if (name.ends_with("_s")) return Unit::kSecond;
  if (name.ends_with("_hz")) return Unit::kHertz;
  return std::nullopt;
}

double read_ranged(const YamlNode& node, std::string_view name, const Range& range) {
  const std::optional<Unit> unit = unit_of(name);
  const std::optional<double> value =
      unit ? parse_quantity(node.text(), *unit) : std::optional(node.number());
  if (!value) {
    node.fail("bad-quantity",
              fmt::format("'{}' is '{}'; expected a number, a space and a unit, such as \"{}\"",
                          node.path(), shown(node), *unit == Unit::kHertz ? "1.5 GHz" : "1.2 us"),
              std::string(kPrefixHint));
  }
  if (*value < range.least || *value > range.most) {
    node.fail("out-of-range", fmt::format("'{}' is '{}'; expected {} to {}{}", node.path(),
                                          shown(node), range.least, range.most,
                                          !unit                    ? ""
                                          : *unit == Unit::kSecond ? " s"
                                                                   : " Hz"));
  }
  return *value;
}

const std::string& read_name(const YamlNode& node) {
  const std::string& text = node.text();
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  if (text.empty() || text.find_first_not_of(kAllowed) != std::string::npos) {
    node.fail("bad-value",
              fmt::format("'{}' is '{}'; expected lower-case letters, digits, '.', '_' "
                          "and '-'",
                          node.path(), shown(node)));
  }
  return text;
}

const std::string& read_text(const YamlNode& node) {
  if (node.text().empty()) node.fail("bad-value", fmt::format("'{}' is empty", node.path()));
  return node.text();
}

std::vector<std::string> read_names(const YamlNode& list) { return read_list(list, read_name); }
std::vector<std::string> read_texts(const YamlNode& list) { return read_list(list, read_text); }

const Names& precision_names() {
  static const Names kNames = [] {
    Names names;
    for (int i = 0; i < kPrecisions; ++i) {
      names.emplace_back(precision_name(static_cast<Precision>(i)));
    }
    return names;
  }();
  return kNames;
}

FactReader::FactReader(const YamlNode& sources) {
  for (std::size_t i = 0; i < sources.keys().size(); ++i) {
    sources_[sources.keys()[i]] = read_text(sources.values()[i]);
    ids_.push_back(sources.keys()[i]);
  }
}

Fact FactReader::required(const YamlNode& parent, std::string_view key,
                          const Quantity& quantity) const {
  return read(parent.at(key, example(quantity)), quantity);
}

std::optional<Fact> FactReader::optional(const YamlNode& parent, std::string_view key,
                                         const Quantity& quantity) const {
  const YamlNode* node = parent.find(key);
  return node == nullptr ? std::nullopt : std::optional(read(*node, quantity));
}

const std::string& FactReader::source(const YamlNode& parent, std::string hint) const {
  const YamlNode* source = parent.find("source");
  if (source == nullptr) missing_source(parent, std::move(hint));
  if (!sources_.contains(source->text())) unknown_source(*source);
  return source->text();
}

Fact FactReader::read(const YamlNode& node, const Quantity& quantity) const {
  static const Names kKeys = {"value", "source", "note"};
  if (node.is_scalar()) missing_source(node, example(quantity));
  node.allow_only(kKeys);
  Fact fact;
  fact.value = read_value(node.at("value", example(quantity)), quantity);
  fact.source = source(node, example(quantity));
  if (const YamlNode* note = node.find("note")) fact.note = read_text(*note);
  return fact;
}

void FactReader::unknown_source(const YamlNode& source) const {
  std::string hint = did_you_mean_hint(source.text(), ids_);
  if (hint.empty()) hint = "add it with its citation under 'sources'";
  source.fail("unknown-source",
              fmt::format("'{}' is '{}', which is not listed under 'sources'", source.path(),
                          ellipsize(printable(source.text()), 40)),
              hint);
}

}  // namespace roofline::hardware
