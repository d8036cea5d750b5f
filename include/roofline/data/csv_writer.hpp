#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "roofline/base/count.hpp"

namespace roofline::data {

/// One record of RFC 4180, appended to a text: cells in order, empty where a value is not known.
class CsvRecord {
 public:
  explicit CsvRecord(std::string& out) : out_(out) {}
  void text(std::string_view value);  ///< made printable: no cell spans lines
  void number(Count value);
  void number(double value);  ///< shortest text that reads back equal
  template <class T>
  void number(const std::optional<T>& value) {
    if (value)
      number(*value);
    else
      separate();
  }
  void end() { out_ += "\r\n"; }

 private:
  void separate();
  std::string& out_;
  bool first_ = true;
};

}  // namespace roofline::data
