#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roofline::data {

/// A value to write as YAML. Mappings keep the order in which members were added.
class YamlValue {
 public:
  static YamlValue map() { return YamlValue(Kind::kMap, {}); }
  static YamlValue list() { return YamlValue(Kind::kList, {}); }
  static YamlValue null() { return YamlValue(Kind::kLeaf, "~"); }
  /// Quoted unless it is a word that no reader takes for anything else.
  static YamlValue text(std::string_view text);
  static YamlValue number(double number);  ///< shortest text that reads back equal
  static YamlValue boolean(bool flag) { return YamlValue(Kind::kLeaf, flag ? "true" : "false"); }

  void add(YamlValue item);                                       ///< to a list
  void add(std::string_view key, YamlValue value);                ///< to a mapping
  [[nodiscard]] bool empty() const { return children_.empty(); }  ///< of a list or mapping

 private:
  enum class Kind : std::uint8_t { kLeaf, kList, kMap };
  YamlValue(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  [[nodiscard]] bool is_flat() const;
  [[nodiscard]] std::string in_line() const;
  [[nodiscard]] bool fits(std::size_t column) const;
  void write_children(std::size_t indent, std::string& out) const;

  Kind kind_;
  std::string text_;                 ///< of a leaf, as it is written
  std::vector<std::string> keys_;    ///< of a mapping, as they are written
  std::vector<YamlValue> children_;  ///< items, or values beside keys_

  friend std::string write_yaml(const YamlValue& document);
};

/// A mapping as a document: two-space indented, with what is flat and short on one line.
[[nodiscard]] std::string write_yaml(const YamlValue& document);

}  // namespace roofline::data
