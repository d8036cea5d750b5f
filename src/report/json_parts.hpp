#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "roofline/data/json_writer.hpp"

namespace roofline::report {

inline void write_texts(data::JsonWriter& json, std::string_view key,
                        const std::vector<std::string>& texts) {
  write_list(json, key, texts, [&](const std::string& text) { json.value(text); });
}

/// Opens "hardware" and says which machine it is. The caller adds what its document knows beside,
/// and ends the object.
template <class Machine>
void begin_hardware(data::JsonWriter& json, const Machine& machine) {
  json.key("hardware");
  json.begin_object();
  json.member("id", machine.id);
  json.member("name", machine.name);
  json.member("digest", machine.digest);
}

}  // namespace roofline::report
