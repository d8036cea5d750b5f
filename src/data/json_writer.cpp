// Owns writing JSON as a stream: layout, escaping, shortest numbers.
// Refuses to keep a document in memory, and to know what it is about.
#include "roofline/data/json_writer.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <exception>
#include <ostream>

#include "utf8.hpp"

namespace roofline::data {
namespace {

constexpr std::size_t kFlushBytes = std::size_t{64} << 10U;

template <class T>
void append_number(std::string& out, T number) {
  std::array<char, 32> text;  // 24 characters are the most a double or a 64-bit integer needs
  const auto result = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), result.ptr);
}

/// ASCII that stands for itself in a JSON string. Every byte of a report passes here.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x7F; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

/// Whether 8 bytes are plain, at once: a byte that is not sets its own top bit in one of the terms
/// (below 0x20, quote, backslash, 0x7F, above), and may set its upper neighbour's, never hide it.
bool are_plain(const char* text) {
  constexpr auto kEach = [](std::uint64_t byte) { return byte * 0x0101010101010101U; };
  std::uint64_t x = 0;
  std::memcpy(&x, text, sizeof x);
  const std::uint64_t quote = (x ^ kEach('"')) - kEach(1);
  const std::uint64_t backslash = (x ^ kEach('\\')) - kEach(1);
  return (((x - kEach(0x20)) | quote | backslash | (x + kEach(1)) | x) & kEach(0x80)) == 0;
}

std::size_t plain_run(std::string_view text) {
  std::size_t run = 0;
  while (run + 8 <= text.size() && are_plain(text.data() + run)) run += 8;
  while (run < text.size() && is_plain(text[run])) ++run;
  return run;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      out += "\\u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 0xFU];
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t run = plain_run(text);
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    const std::size_t length = sequence_length(text);
    if (length == 1)
      append_escaped(out, text[0]);
    else if (length == 0)
      out += kReplacement;
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace

JsonWriter::JsonWriter(std::ostream& out, JsonLayout layout) : out_(out), layout_(layout) {}

JsonWriter::~JsonWriter() {
  assert(std::uncaught_exceptions() > 0 || levels_.empty());
  flush();
}

void JsonWriter::flush() {
  out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  buffer_.clear();
}

void JsonWriter::newline() {
  if (layout_ == JsonLayout::kOneLine) return;
  buffer_ += '\n';
  buffer_.append(2 * levels_.size(), ' ');
}

void JsonWriter::separate(bool own_line) {
  if (buffer_.size() >= kFlushBytes) flush();
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  Level& level = levels_.back();
  if (!level.empty) buffer_ += ',';
  if (own_line)
    newline();
  else if (!level.empty && layout_ == JsonLayout::kIndented)
    buffer_ += ' ';
  level.empty = false;
  level.broken = level.broken || own_line;
}

void JsonWriter::finish() {
  if (levels_.empty()) buffer_ += '\n';
}

void JsonWriter::begin(bool is_object) {
  separate(true);
  buffer_ += is_object ? '{' : '[';
  levels_.push_back(Level{is_object});
}

void JsonWriter::end(bool is_object) {
  assert(!levels_.empty() && levels_.back().is_object == is_object && !after_key_);
  const bool broken = levels_.back().broken;
  levels_.pop_back();
  if (broken) newline();
  buffer_ += is_object ? '}' : ']';
  finish();
}

void JsonWriter::begin_object() { begin(true); }
void JsonWriter::end_object() { end(true); }
void JsonWriter::begin_array() { begin(false); }
void JsonWriter::end_array() { end(false); }

void JsonWriter::key(std::string_view name) {
  assert(!levels_.empty() && levels_.back().is_object && !after_key_);
  separate(true);
  append_string(buffer_, name);
  buffer_ += layout_ == JsonLayout::kOneLine ? ":" : ": ";
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
  separate(false);
  append_string(buffer_, text);
  finish();
}

void JsonWriter::value(bool flag) {
  separate(false);
  buffer_ += flag ? "true" : "false";
  finish();
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate(false);
  append_number(buffer_, number);
  finish();
}

void JsonWriter::integer(std::int64_t number) {
  separate(false);
  append_number(buffer_, number);
  finish();
}

void JsonWriter::integer(std::uint64_t number) {
  separate(false);
  append_number(buffer_, number);
  finish();
}

void JsonWriter::null() {
  separate(false);
  buffer_ += "null";
  finish();
}

void write_head(JsonWriter& json, std::string_view kind, int schema_version,
                std::string_view tool_version) {
  json.member("kind", kind);
  json.member("schema_version", schema_version);
  json.key("tool");
  json.begin_object();
  json.member("name", "onnx-roofline");
  json.member("version", tool_version);
  json.end_object();
}

void write_diagnostic(JsonWriter& json, const Diagnostic& diagnostic) {
  json.begin_object();
  json.member("severity", severity_name(diagnostic.severity));
  json.member("code", diagnostic.code);
  json.member("message", diagnostic.message);
  json.member_or_null("location", diagnostic.location);
  json.member_or_null("node_id", diagnostic.node_id);
  json.member_or_null("hint", diagnostic.hint);
  json.end_object();
}

void write_diagnostics(JsonWriter& json, const std::vector<Diagnostic>& diagnostics) {
  write_list(json, "diagnostics", diagnostics,
             [&](const Diagnostic& diagnostic) { write_diagnostic(json, diagnostic); });
}

}  // namespace roofline::data
