#pragma once
#include <fmt/format.h>

#include <array>
#include <bitset>
#include <string_view>

#include "roofline/data/json_reader.hpp"

namespace roofline::report {

/// One member of an object and where it goes.
template <class Row>
struct Field {
  std::string_view key;
  void (*read)(const data::JsonNode&, Row&);
  bool optional = false;  ///< the first reports did not have it, or not every one does
};

template <class Row, std::size_t N>
void read_fields(const data::JsonNode& object, const std::array<Field<Row>, N>& fields, Row& row) {
  std::bitset<N> seen;
  std::size_t next = 0;  // members come in the order of the table, unless a person sorted them
  for (const auto& [key, value] : object.members()) {
    for (std::size_t tried = 0; tried < N; ++tried, next = (next + 1) % N) {
      if (fields[next].key != key) continue;
      if (seen[next]) value.fail("duplicate-key", fmt::format("'{}' is given twice", key));
      seen.set(next);
      fields[next].read(value, row);
      break;
    }
  }
  for (std::size_t i = 0; i < N; ++i) {
    if (!seen[i] && !fields[i].optional) {
      object.fail("missing-key", fmt::format("'{}' is missing", fields[i].key),
                  "a saved report is what 'roofline analyze --format json' writes");
    }
  }
}

}  // namespace roofline::report
