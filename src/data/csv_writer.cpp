// Owns the cells of a CSV record: separators, quotes, numbers.
// Refuses to know which columns there are.
#include "roofline/data/csv_writer.hpp"

#include <fmt/format.h>

#include <iterator>

#include "roofline/base/text.hpp"

namespace roofline::data {

void CsvRecord::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

void CsvRecord::text(std::string_view value) {
  separate();
  const std::string clean = printable(value);
  if (clean.find_first_of(",\"") == std::string::npos) {
    out_ += clean;
    return;
  }
  out_ += '"';
  for (const char c : clean) {
    if (c == '"') out_ += '"';
    out_ += c;
  }
  out_ += '"';
}

void CsvRecord::number(Count value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value.value());
}

void CsvRecord::number(double value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

}  // namespace roofline::data
