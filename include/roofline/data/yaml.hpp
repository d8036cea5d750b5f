#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roofline::data {

/// One node of a parsed YAML file, which knows where it stands and how it is reached.
/// Every getter throws Error ("wrong-type", "missing-key", ...) located at file:line:column.
class YamlNode {
 public:
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMap };

  /// `path` is how messages name the node ("units[0].peaks"); line and column count from 1.
  YamlNode(Kind kind, std::shared_ptr<const std::string> file, int line, int column,
           std::string path);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::kNull; }
  [[nodiscard]] bool is_scalar() const { return kind_ == Kind::kScalar; }
  [[nodiscard]] bool is_sequence() const { return kind_ == Kind::kSequence; }
  [[nodiscard]] bool is_map() const { return kind_ == Kind::kMap; }
  /// "units[0].peaks"; empty for the document itself.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int line() const { return position_.line; }  ///< from 1
  /// "file:line:column", for Diagnostic::location.
  [[nodiscard]] std::string location() const;
  /// Throws Error at this node; `message` is text after the location.
  [[noreturn]] void fail(std::string code, std::string message, std::string hint = {}) const;

  /// The scalar as written, quotes removed.
  [[nodiscard]] const std::string& text() const;
  /// One of `allowed`, else Error "bad-value" with "did you mean".
  [[nodiscard]] const std::string& one_of(std::span<const std::string> allowed) const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] double number() const;  ///< finite
  [[nodiscard]] bool boolean() const;   ///< "true" or "false"

  [[nodiscard]] const std::vector<YamlNode>& items() const;    ///< of a sequence
  [[nodiscard]] const std::vector<std::string>& keys() const;  ///< of a map, in file order
  [[nodiscard]] const std::vector<YamlNode>& values() const;   ///< of a map, beside keys()
  /// The value of `key`, or nullptr.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  /// The value of `key`, else Error "missing-key"; `hint` says what belongs there.
  [[nodiscard]] const YamlNode& at(std::string_view key, std::string hint = {}) const;
  /// Error "unknown-key" with "did you mean" unless every key is among `known`.
  void allow_only(std::span<const std::string> known) const;

  // Building and merging trees.
  void set_text(std::string text) { text_ = std::move(text); }
  /// Where the key of this value stands: errors about the key point there.
  void set_key_position(int line, int column) { key_position_ = {line, column}; }
  void add_item(YamlNode item) { children_.push_back(std::move(item)); }
  void insert_item(std::size_t index, YamlNode item);
  void add_member(std::string key, YamlNode value);
  void erase_member(std::size_t index);
  [[nodiscard]] YamlNode& child(std::size_t index) { return children_[index]; }

 private:
  struct Position {
    int line;
    int column;
  };
  void require(Kind kind) const;
  [[nodiscard]] std::string location_at(Position position) const;

  Kind kind_;
  Position position_;
  Position key_position_;  ///< of the value itself when it has no key
  std::shared_ptr<const std::string> file_;
  std::string path_;
  std::string text_;                ///< of a scalar
  std::vector<std::string> keys_;   ///< of a map
  std::vector<YamlNode> children_;  ///< items, or values beside keys_
};

/// Limits that keep a hostile file from costing more than its size.
inline constexpr std::size_t kMaxYamlBytes = std::size_t{1} << 20U;
inline constexpr std::size_t kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 20000;

/// Parses one YAML document. `file` is for messages. Anchors, aliases, tags, several documents and
/// keys that are not plain text are refused. Throws Error "yaml-syntax", "yaml-limit",
/// "yaml-unsupported" or "duplicate-key" with file:line:column.
[[nodiscard]] YamlNode parse_yaml(std::string_view text, const std::string& file);
/// Reads and parses a file. Throws Error "unreadable-file" as well.
[[nodiscard]] YamlNode parse_yaml_file(const std::string& path);

}  // namespace roofline::data
