// Owns measurements as CSV (RFC 4180): one header line, then one row each; '#' starts a comment.
// Refuses a table without a model or a time; a row that cannot be read is left out.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "measurement_reader.hpp"
#include "roofline/base/text.hpp"

namespace roofline::calibrate {
namespace {

constexpr std::int64_t kMostThreads = 1 << 20;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

/// Cuts a table into records of cells, quotes resolved.
class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  /// False at the end. Blank lines and comments are skipped.
  bool next(std::vector<std::string>& cells) {
    while (at_ < text_.size() && skip_line()) {
    }
    if (at_ >= text_.size()) return false;
    record_line_ = line_;
    cells.clear();
    while (take_cell(cells.emplace_back())) {
    }
    return true;
  }
  /// Line on which the last record begins.
  [[nodiscard]] int line() const { return record_line_; }
  [[nodiscard]] std::string location() const { return fmt::format("{}:{}", path_, record_line_); }

 private:
  /// True when the line that begins here holds no record and was skipped.
  bool skip_line() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    const std::string_view line = text_.substr(at_, end - at_);
    if (!line.starts_with('#') && line.find_first_not_of(" \t\r") != std::string_view::npos) {
      return false;
    }
    at_ = end + 1;
    ++line_;
    return true;
  }
  /// Reads one cell; true when another one follows in the record.
  bool take_cell(std::string& cell) {
    const bool is_quoted = at_ < text_.size() && text_[at_] == '"';
    if (is_quoted) take_quoted(cell);
    const std::size_t end = std::min(text_.find_first_of(",\n", at_), text_.size());
    std::string_view rest = text_.substr(at_, end - at_);
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    if (is_quoted && !trimmed(rest).empty()) {
      throw Error("csv-syntax", fmt::format("{}:{}", path_, line_),
                  fmt::format("found '{}' behind a closing quote; expected a comma",
                              ellipsize(printable(rest), 40)),
                  "write a quote inside a quoted cell twice");
    }
    if (!is_quoted) cell = trimmed(rest);
    at_ = end + 1;
    const bool more = end < text_.size() && text_[end] == ',';
    if (!more) ++line_;
    return more;
  }
  void take_quoted(std::string& cell) {
    const int opened = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      const bool doubled = text_.substr(at_).starts_with("\"\"");
      if (text_[at_] == '"' && !doubled) {
        ++at_;
        return;
      }
      if (text_[at_] == '\n') ++line_;
      if (doubled) ++at_;
      cell += text_[at_];
    }
    throw Error("csv-syntax", fmt::format("{}:{}", path_, opened),
                "a quoted cell opens here and is not closed", "add the closing quote");
  }

  std::string_view text_;
  const std::string& path_;
  std::size_t at_ = 0;
  int line_ = 1;
  int record_line_ = 1;
};

[[noreturn]] void bad_cell(std::string_view column, std::string_view cell,
                           std::string_view expected) {
  throw Error("bad-value", "",
              fmt::format("{} is '{}', expected {}", printable(column),
                          ellipsize(printable(cell), 40), expected));
}

double number(std::string_view column, const std::string& cell) {
  const auto value = parse_double(cell);
  if (!value) bad_cell(column, cell, "a number");
  return *value;
}

std::int64_t count(std::string_view column, std::string_view cell) {
  const auto value = parse_int(cell);
  if (!value || *value < 0) bad_cell(column, cell, "a whole number, at least 0");
  return *value;
}

/// "batch=1 sequence=128", separated by blanks or semicolons.
void read_dims(std::string_view column, const std::string& cell, Measurement& row) {
  std::string clean = cell;
  std::replace(clean.begin(), clean.end(), ';', ' ');
  for (const std::string_view part : split(clean, ' ')) {
    if (part.empty()) continue;
    const std::size_t equals = part.rfind('=');
    if (equals == std::string_view::npos || equals == 0) {
      bad_cell(column, cell, "sizes as in batch=1 sequence=128");
    }
    row.dims[std::string(part.substr(0, equals))] = count(column, part.substr(equals + 1));
  }
}

using Setter = std::function<void(const std::string& cell, Measurement& row)>;

Setter text_setter(std::string Measurement::*member) {
  return [member](const std::string& cell, Measurement& row) { row.*member = cell; };
}

Setter dim_setter(const std::string& column, const std::string& name) {
  return [column, name](const std::string& cell, Measurement& row) {
    row.dims[name] = count(column, cell);
  };
}

const std::vector<std::string>& column_names() {
  static const std::vector<std::string> kNames = {
      "model", "hardware",   "runtime",   "version", "precision", "threads", "batch",
      "dims",  "latency_ms", "latency_s", "source",  "notes",     "dim:NAME"};
  return kNames;
}

/// How the cells of a column are read; an empty function for one that is not used.
Setter setter(const std::string& column) {
  constexpr std::string_view kDim = "dim:";
  if (column == "model") return text_setter(&Measurement::model);
  if (column == "hardware") return text_setter(&Measurement::hardware);
  if (column == "runtime") return text_setter(&Measurement::runtime);
  if (column == "version") return text_setter(&Measurement::version);
  if (column == "precision") return text_setter(&Measurement::precision);
  if (column == "source") return text_setter(&Measurement::source);
  if (column == "notes") return [](const std::string& /*cell*/, Measurement& /*row*/) {};
  if (column == "batch") return dim_setter(column, "batch");
  if (column.starts_with(kDim)) return dim_setter(column, column.substr(kDim.size()));
  if (column == "dims") {
    return [column](const std::string& cell, Measurement& row) { read_dims(column, cell, row); };
  }
  if (column == "threads") {
    return [column](const std::string& cell, Measurement& row) {
      row.threads = static_cast<int>(std::min(count(column, cell), kMostThreads));
    };
  }
  if (column == "latency_ms" || column == "latency_s") {
    const double per_second = column == "latency_ms" ? kMillisecondsPerSecond : 1;
    return [column, per_second](const std::string& cell, Measurement& row) {
      row.seconds = number(column, cell) / per_second;
    };
  }
  return {};
}

struct CsvColumn {
  std::string name;
  Setter set;
};

std::vector<CsvColumn> read_header(CsvReader& reader, Collector& collector) {
  std::vector<std::string> cells;
  if (!reader.next(cells)) throw Error("no-measurements", collector.path(), "the file is empty");
  std::vector<CsvColumn> columns;
  std::vector<std::string> unused;
  for (const std::string& cell : cells) {
    if (std::any_of(columns.begin(), columns.end(),
                    [&](const CsvColumn& c) { return c.name == cell; })) {
      throw Error("csv-header", reader.location(),
                  fmt::format("the column '{}' stands twice", printable(cell)), "remove one");
    }
    columns.push_back({cell, setter(cell)});
    if (!columns.back().set) unused.push_back(printable(cell));
  }
  const auto has = [&](std::string_view name) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](const CsvColumn& c) { return c.name == name; });
  };
  const std::string expected = "columns: " + join(column_names(), ", ");
  if (!has("model")) {
    throw Error("csv-header", reader.location(), "the header has no column 'model'", expected);
  }
  if (has("latency_ms") == has("latency_s")) {
    throw Error("csv-header", reader.location(),
                "the header needs one of the columns 'latency_ms' and 'latency_s'", expected);
  }
  if (!unused.empty()) {
    collector.note(Severity::kNote, "unused-column",
                   "columns that are not used: " + ellipsize(join(unused, ", "), 300),
                   reader.location(), expected);
  }
  return columns;
}

Measurement read_row(const std::vector<CsvColumn>& columns, const std::vector<std::string>& cells) {
  if (cells.size() != columns.size()) {
    throw Error("bad-value", "",
                fmt::format("the row has {} cells, the header {}", cells.size(), columns.size()));
  }
  Measurement row;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const bool is_needed = columns[c].name == "model" || columns[c].name.starts_with("latency_");
    if (cells[c].empty() && is_needed) {
      throw Error("bad-value", "", fmt::format("{} is empty", columns[c].name));
    }
    if (!cells[c].empty() && columns[c].set) columns[c].set(cells[c], row);
  }
  return row;
}

}  // namespace

void read_csv(std::string_view text, Collector& collector) {
  CsvReader reader(text, collector.path());
  const std::vector<CsvColumn> columns = read_header(reader, collector);
  std::vector<std::string> cells;
  while (reader.next(cells)) {
    try {
      Measurement row = read_row(columns, cells);
      row.line = reader.line();
      collector.add(std::move(row), reader.location());
    } catch (const Error& error) {
      if (error.diagnostic().code != "bad-value") throw;
      collector.reject(reader.location(), error.diagnostic().message);
    }
  }
}

}  // namespace roofline::calibrate
