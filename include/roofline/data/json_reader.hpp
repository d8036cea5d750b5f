#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roofline::data {

class JsonItems;
class JsonMembers;

/// One value of a parsed JSON file, which knows where it stands: a position in its JsonDocument,
/// which must outlive it. Every getter throws Error ("wrong-type", "missing-key", ...) located at
/// file:line:column.
class JsonNode {
 public:
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };
  /// The value's text and structure, as the parser left them.
  struct Source;

  JsonNode(const Source* source, std::size_t index) : source_(source), index_(index) {}

  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool is_null() const { return kind() == Kind::kNull; }
  [[nodiscard]] bool is_number() const { return kind() == Kind::kNumber; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::kString; }
  [[nodiscard]] bool is_array() const { return kind() == Kind::kArray; }
  [[nodiscard]] bool is_object() const { return kind() == Kind::kObject; }
  [[nodiscard]] int line() const;  ///< from 1
  /// "file:line:column", for Diagnostic::location.
  [[nodiscard]] std::string location() const;
  /// Throws Error at this value; `message` is text after the location.
  [[noreturn]] void fail(std::string code, std::string message, std::string hint = {}) const;

  [[nodiscard]] std::string text() const;  ///< of a string, escapes resolved
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] double number() const;  ///< finite
  [[nodiscard]] bool boolean() const;

  [[nodiscard]] JsonItems items() const;      ///< of an array
  [[nodiscard]] JsonMembers members() const;  ///< of an object, in file order
  [[nodiscard]] bool has(std::string_view key) const;
  /// The value of `key`, else Error "missing-key"; Error "duplicate-key" when it is given twice.
  [[nodiscard]] JsonNode at(std::string_view key, std::string hint = {}) const;
  /// Error "unknown-key" with "did you mean" unless every key is among `known`.
  void allow_only(std::span<const std::string> known) const;

 private:
  friend class JsonItems;
  friend class JsonMembers;
  [[nodiscard]] std::size_t end() const;  ///< index behind the last value inside this one
  void require(Kind kind) const;
  [[nodiscard]] std::string raw() const;      ///< as written, for messages
  [[nodiscard]] std::string subject() const;  ///< "'median_s'", "an element", "the document"

  const Source* source_;
  std::size_t index_;
};

/// The elements of an array, one after another.
class JsonItems {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonNode node) : node_(node) {}
    JsonNode operator*() const { return node_; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return node_.index_ == other.node_.index_; }

   private:
    JsonNode node_;
  };
  explicit JsonItems(JsonNode array) : array_(array) {}
  [[nodiscard]] Iterator begin() const { return Iterator({array_.source_, array_.index_ + 1}); }
  [[nodiscard]] Iterator end() const { return Iterator({array_.source_, array_.end()}); }
  [[nodiscard]] bool empty() const { return begin() == end(); }

 private:
  friend class JsonNode;
  JsonNode array_;
};

/// The members of an object, one after another.
class JsonMembers {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonNode key) : key_(key) {}
    std::pair<std::string, JsonNode> operator*() const { return {key_.text(), value()}; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return key_.index_ == other.key_.index_; }

   private:
    [[nodiscard]] JsonNode value() const { return {key_.source_, key_.index_ + 1}; }
    JsonNode key_;
  };
  explicit JsonMembers(JsonNode object) : object_(object) {}
  [[nodiscard]] Iterator begin() const { return Iterator({object_.source_, object_.index_ + 1}); }
  [[nodiscard]] Iterator end() const { return Iterator({object_.source_, object_.end()}); }

 private:
  JsonNode object_;
};

/// A parsed file: its text, and 8 bytes for every value and key. Numbers and strings are decoded
/// when they are asked for, so that a profile of 10^5 events costs little more than its size.
class JsonDocument {
 public:
  explicit JsonDocument(std::unique_ptr<const JsonNode::Source> source);
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;
  [[nodiscard]] JsonNode root() const { return {source_.get(), 0}; }

 private:
  std::unique_ptr<const JsonNode::Source> source_;
};

/// Limits that keep a hostile file from costing more than a few times its size.
inline constexpr std::size_t kMaxJsonBytes = (std::size_t{1} << 28U) - 1;
inline constexpr std::size_t kMaxJsonDepth = 64;

/// Parses one JSON document (RFC 8259; a byte order mark is skipped). `file` is for messages.
/// Throws Error "json-syntax" or "json-limit" with file:line:column.
[[nodiscard]] JsonDocument parse_json(std::string text, const std::string& file);

}  // namespace roofline::data
