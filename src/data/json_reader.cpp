// Owns reading JSON: the parser's limits, positions, typed getters and what they refuse.
// Refuses to decode a value before it is asked for, and to know what a file is about.
#include "roofline/data/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "excerpt.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/base/text.hpp"

namespace roofline::data {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// What a token is; keys are strings that stand before their value.
enum class TokenKind : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject, kKey };

/// One value or key. Values inside an array or object follow it.
struct Token {
  std::uint32_t kind : 3;
  std::uint32_t escaped : 1;  ///< of strings: holds a backslash
  std::uint32_t begin : 28;   ///< offset of its first byte
  std::uint32_t end;          ///< scalars: offset behind it; else index of the next token behind it
};
static_assert(sizeof(Token) == 8 && kMaxJsonBytes < (1U << 28U));

TokenKind kind_of(const Token& token) { return static_cast<TokenKind>(token.kind); }

bool is_container(const Token& token) {
  return kind_of(token) == TokenKind::kArray || kind_of(token) == TokenKind::kObject;
}

std::string_view kind_text(JsonNode::Kind kind) {
  constexpr std::array<std::string_view, 6> kNames = {"null",     "true or false", "a number",
                                                      "a string", "an array",      "an object"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace

struct JsonNode::Source {
  std::string file;
  std::string text;
  std::vector<std::uint32_t> line_starts = {};
  std::vector<Token> tokens = {};

  [[nodiscard]] std::size_t line_of(std::size_t offset) const {
    const auto next = std::upper_bound(line_starts.begin(), line_starts.end(), offset);
    return static_cast<std::size_t>(next - line_starts.begin());
  }
  [[nodiscard]] std::string location(std::size_t offset) const {
    const std::size_t line = line_of(offset);
    return fmt::format("{}:{}:{}", file, line, offset - line_starts[line - 1] + 1);
  }
  /// A scalar as written, quotes included.
  [[nodiscard]] std::string_view raw(const Token& token) const {
    return std::string_view(text).substr(token.begin, token.end - token.begin);
  }
  [[nodiscard]] std::string decoded(const Token& token) const {
    const std::string_view written = raw(token);
    if (token.escaped == 0) return std::string(written.substr(1, written.size() - 2));
    return nlohmann::json::parse(written).get<std::string>();
  }
  [[nodiscard]] bool is_key(const Token& token, std::string_view key) const {
    if (token.escaped != 0) return decoded(token) == key;
    return raw(token).substr(1, raw(token).size() - 2) == key;
  }
};

namespace {

using Source = JsonNode::Source;

void find_lines(Source& source) {
  source.line_starts.push_back(0);
  for (std::size_t i = source.text.find('\n'); i != std::string::npos;
       i = source.text.find('\n', i + 1)) {
    source.line_starts.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

/// Turns the parser's events into tokens. The parser has checked every token by the time that its
/// event comes, so that finding where it ends needs no checks of its own.
class TokenBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit TokenBuilder(Source& source) : source_(source) {
    if (source.text.starts_with(kByteOrderMark)) cursor_ = kByteOrderMark.size();
  }

  bool null() override { return add_word(TokenKind::kNull, 4); }
  bool boolean(bool value) override { return add_word(TokenKind::kBoolean, value ? 4 : 5); }
  bool number_integer(std::int64_t /*value*/) override { return add_number(); }
  bool number_unsigned(std::uint64_t /*value*/) override { return add_number(); }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return add_number(); }
  bool string(std::string& /*value*/) override { return add_string(TokenKind::kString); }
  bool key(std::string& /*value*/) override { return add_string(TokenKind::kKey); }
  bool binary(nlohmann::json::binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(TokenKind::kObject); }
  bool start_array(std::size_t /*size*/) override { return open(TokenKind::kArray); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::json::exception& error) override {
    // The position counts the bytes read, the offending one included.
    const std::size_t offset = std::min(position, source_.text.size());
    const std::string found = last_token.empty() ? "the end of the file" : excerpt(last_token);
    const bool overflow = error.id == 406;  // out_of_range: a number beyond a double
    throw Error("json-syntax", source_.location(offset == 0 ? 0 : offset - 1),
                overflow ? fmt::format("the number {} is too large for a double", found)
                         : fmt::format("not valid JSON: found {} here", found),
                "look for a missing quote, comma or closing bracket here or just before; NaN and "
                "Infinity are no JSON numbers");
  }

 private:
  [[nodiscard]] std::size_t start() {
    const std::size_t at = source_.text.find_first_not_of(" \t\r\n,:", cursor_);
    return at == std::string::npos ? source_.text.size() : at;
  }
  bool add(TokenKind kind, std::size_t begin, std::size_t end, bool escaped = false) {
    source_.tokens.push_back({.kind = static_cast<std::uint32_t>(kind) & 7U,
                              .escaped = escaped ? 1U : 0U,
                              .begin = static_cast<std::uint32_t>(begin) & 0xFFFFFFFU,
                              .end = static_cast<std::uint32_t>(end)});
    cursor_ = end;
    return true;
  }
  bool add_word(TokenKind kind, std::size_t length) {
    const std::size_t begin = start();
    return add(kind, begin, begin + length);
  }
  bool add_number() {
    const std::size_t begin = start();
    const std::size_t end = source_.text.find_first_not_of("+-.0123456789eE", begin);
    return add(TokenKind::kNumber, begin, std::min(end, source_.text.size()));
  }
  bool add_string(TokenKind kind) {
    const std::size_t begin = start();
    bool escaped = false;
    std::size_t end = source_.text.find_first_of("\"\\", begin + 1);
    while (source_.text[end] == '\\') {
      escaped = true;
      end = source_.text.find_first_of("\"\\", end + 2);
    }
    return add(kind, begin, end + 1, escaped);
  }
  bool open(TokenKind kind) {
    const std::size_t begin = start();
    if (open_.size() >= kMaxJsonDepth) {
      throw Error("json-limit", source_.location(begin),
                  fmt::format("nesting is deeper than {} levels", kMaxJsonDepth));
    }
    open_.push_back(source_.tokens.size());
    add(kind, begin, 0);
    cursor_ = begin + 1;
    return true;
  }
  bool close() {
    source_.tokens[open_.back()].end = static_cast<std::uint32_t>(source_.tokens.size());
    open_.pop_back();
    cursor_ = start() + 1;
    return true;
  }

  Source& source_;
  std::size_t cursor_ = 0;
  std::vector<std::size_t> open_;
};

}  // namespace

JsonNode::Kind JsonNode::kind() const {
  const TokenKind kind = kind_of(source_->tokens[index_]);
  return kind == TokenKind::kKey ? Kind::kString : static_cast<Kind>(kind);
}

int JsonNode::line() const {
  return static_cast<int>(source_->line_of(source_->tokens[index_].begin));
}

std::string JsonNode::location() const { return source_->location(source_->tokens[index_].begin); }

void JsonNode::fail(std::string code, std::string message, std::string hint) const {
  throw Error(std::move(code), location(), std::move(message), std::move(hint));
}

std::size_t JsonNode::end() const {
  const Token& token = source_->tokens[index_];
  return is_container(token) ? token.end : index_ + 1;
}

std::string JsonNode::subject() const {
  if (index_ == 0) return "the document";
  const Token& before = source_->tokens[index_ - 1];
  return kind_of(before) == TokenKind::kKey ? excerpt(source_->decoded(before)) : "an element";
}

std::string JsonNode::raw() const {
  const Token& token = source_->tokens[index_];
  return is_container(token) ? std::string(kind_text(kind()))
                             : ellipsize(printable(source_->raw(token)), kExcerptColumns);
}

void JsonNode::require(Kind wanted) const {
  if (kind() == wanted) return;
  fail("wrong-type", fmt::format("{} is {}; expected {}", subject(), raw(), kind_text(wanted)));
}

std::string JsonNode::text() const {
  require(Kind::kString);
  return source_->decoded(source_->tokens[index_]);
}

std::int64_t JsonNode::integer() const {
  require(Kind::kNumber);
  const auto value = parse_int(source_->raw(source_->tokens[index_]));
  if (!value) fail("bad-value", fmt::format("{} is {}; expected an integer", subject(), raw()));
  return *value;
}

double JsonNode::number() const {
  require(Kind::kNumber);
  const auto value = parse_double(source_->raw(source_->tokens[index_]));
  // Too small for a double: the parser has refused what is too large.
  return value.value_or(0);
}

bool JsonNode::boolean() const {
  require(Kind::kBoolean);
  return source_->raw(source_->tokens[index_]).starts_with('t');
}

JsonItems JsonNode::items() const {
  require(Kind::kArray);
  return JsonItems(*this);
}

JsonMembers JsonNode::members() const {
  require(Kind::kObject);
  return JsonMembers(*this);
}

bool JsonNode::has(std::string_view key) const {
  require(Kind::kObject);
  for (std::size_t i = index_ + 1; i < end(); i = JsonNode(source_, i + 1).end()) {
    if (source_->is_key(source_->tokens[i], key)) return true;
  }
  return false;
}

JsonNode JsonNode::at(std::string_view key, std::string hint) const {
  require(Kind::kObject);
  std::size_t found = 0;
  for (std::size_t i = index_ + 1; i < end(); i = JsonNode(source_, i + 1).end()) {
    if (!source_->is_key(source_->tokens[i], key)) continue;
    if (found != 0) {
      JsonNode(source_, i)
          .fail("duplicate-key", fmt::format("the key '{}' is given twice in the same object", key),
                "remove one of the two");
    }
    found = i + 1;
  }
  if (found == 0) {
    fail("missing-key", fmt::format("{} has no '{}'", subject(), key), std::move(hint));
  }
  return {source_, found};
}

void JsonNode::allow_only(std::span<const std::string> known) const {
  require(Kind::kObject);
  for (std::size_t i = index_ + 1; i < end(); i = JsonNode(source_, i + 1).end()) {
    const std::string key = source_->decoded(source_->tokens[i]);
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    JsonNode(source_, i)
        .fail("unknown-key",
              fmt::format("{} has an unknown key {}; expected one of {}", subject(), excerpt(key),
                          join(known, ", ")),
              did_you_mean_hint(key, known));
  }
}

JsonItems::Iterator& JsonItems::Iterator::operator++() {
  node_.index_ = node_.end();
  return *this;
}

JsonMembers::Iterator& JsonMembers::Iterator::operator++() {
  key_.index_ = value().end();
  return *this;
}

JsonDocument::JsonDocument(std::unique_ptr<const JsonNode::Source> source)
    : source_(std::move(source)) {}
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

JsonDocument parse_json(std::string text, const std::string& file) {
  if (text.size() > kMaxJsonBytes) {
    throw Error(
        "json-limit", file,
        fmt::format("the file has {} bytes; expected at most {}", text.size(), kMaxJsonBytes));
  }
  auto source = std::make_unique<Source>(Source{.file = file, .text = std::move(text)});
  find_lines(*source);
  TokenBuilder builder(*source);
  nlohmann::json::sax_parse(source->text, &builder);
  source->tokens.shrink_to_fit();
  return JsonDocument(std::move(source));
}

}  // namespace roofline::data
