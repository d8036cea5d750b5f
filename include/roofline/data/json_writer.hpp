#pragma once
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/count.hpp"
#include "roofline/base/diagnostic.hpp"

namespace roofline::data {

enum class JsonLayout {
  kIndented,  ///< two spaces a level, arrays of scalars on one line
  kOneLine,   ///< no line break inside the document, no blanks: a line of NDJSON
};

/// Writes one JSON document as a stream, a newline at its end. Non-finite numbers and empty
/// optionals are written as null; invalid UTF-8 as U+FFFD. Calls out of order (a value without a
/// key in an object) are our bug: they assert.
class JsonWriter {
 public:
  explicit JsonWriter(std::ostream& out, JsonLayout layout = JsonLayout::kIndented);
  ~JsonWriter();  ///< flushes; the document must be complete
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;
  JsonWriter(JsonWriter&&) = delete;
  JsonWriter& operator=(JsonWriter&&) = delete;

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(bool flag);
  void value(double number);  ///< shortest text that reads back equal
  template <std::integral T>
  requires(!std::same_as<T, bool>) void value(T number) {
    if constexpr (std::signed_integral<T>)
      integer(static_cast<std::int64_t>(number));
    else
      integer(static_cast<std::uint64_t>(number));
  }
  void value(Count count) { value(count.value()); }
  void null();
  template <class T>
  void value(const std::optional<T>& v) {
    if (v)
      value(*v);
    else
      null();
  }
  /// key and value at once
  template <class T>
  void member(std::string_view name, const T& v) {
    key(name);
    value(v);
  }
  /// The text, or null where it is empty.
  void member_or_null(std::string_view name, std::string_view text) {
    key(name);
    if (text.empty())
      null();
    else
      value(text);
  }
  /// The number, or null where it is not above 0: not given.
  void member_or_null(std::string_view name, int number) {
    key(name);
    if (number > 0)
      value(number);
    else
      null();
  }

 private:
  struct Level {
    bool is_object;
    bool empty = true;
    bool broken = false;  ///< has an element on a line of its own
  };
  void integer(std::int64_t number);
  void integer(std::uint64_t number);
  void begin(bool is_object);
  void end(bool is_object);
  void separate(bool own_line);
  void newline();
  void finish();
  void flush();

  std::ostream& out_;
  JsonLayout layout_;
  std::string buffer_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

/// What every document begins with: "kind", "schema_version" and "tool".
void write_head(JsonWriter& json, std::string_view kind, int schema_version,
                std::string_view tool_version);

/// A member that is an array; `write` writes one item.
template <class Items, class Write>
void write_list(JsonWriter& json, std::string_view key, const Items& items, Write write) {
  json.key(key);
  json.begin_array();
  for (const auto& item : items) write(item);
  json.end_array();
}

/// A member that is an object of plain values.
template <class Map>
void write_map(JsonWriter& json, std::string_view key, const Map& map) {
  json.key(key);
  json.begin_object();
  for (const auto& [name, value] : map) json.member(name, value);
  json.end_object();
}

void write_diagnostic(JsonWriter& json, const Diagnostic& diagnostic);
/// The member "diagnostics" of a document, the same in all that have one.
void write_diagnostics(JsonWriter& json, const std::vector<Diagnostic>& diagnostics);

}  // namespace roofline::data
