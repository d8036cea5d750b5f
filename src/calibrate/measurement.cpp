// Owns what a usable measurement is, and which format a file has.
// Refuses to guess: a doubtful row is left out or kept as documented, with a diagnostic.
#include "roofline/calibrate/measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "measurement_reader.hpp"
#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/calibrate/metrics.hpp"
#include "roofline/data/text_file.hpp"

namespace roofline::calibrate {
namespace {

/// Findings listed one by one; a file of nothing else is no use beyond them.
constexpr std::size_t kMostFindings = 100;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// What was measured, without the result. The separator stands in no field of a sane file.
std::string key_of(const Measurement& row) {
  std::string key = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", row.model, row.hardware, row.runtime,
                                row.version, row.precision, row.threads, row.source);
  for (const auto& [name, size] : row.dims) key += fmt::format("\n{}={}", name, size);
  return key;
}

std::string time_text(double seconds) { return format_quantity(seconds, Unit::kSecond); }

[[noreturn]] void unknown_format(const std::string& location) {
  throw Error("unknown-format", location, "these are no measurements: found JSON of another kind",
              "expected what tools/measure-onnxruntime writes, a profile of ONNX Runtime, JSON of "
              "trtexec --exportProfile or --exportTimes, or CSV");
}

void read_json(const data::JsonNode& root, Collector& collector) {
  if (root.is_object()) {
    if (!root.has("kind")) unknown_format(root.location());
    return read_own_json(root, collector);
  }
  if (!root.is_array() || root.items().empty()) unknown_format(root.location());
  const data::JsonNode first = *root.items().begin();
  if (!first.is_object()) unknown_format(first.location());
  if (first.has("ph")) return read_onnxruntime_profile(root, collector);
  if (first.has("count")) return read_trtexec_profile(root, collector);
  if (first.has("computeMs")) return read_trtexec_times(root, collector);
  unknown_format(first.location());
}

}  // namespace

std::string implausible(double seconds) {
  if (!std::isfinite(seconds)) return "is not finite";
  if (seconds < 0) return "is negative";
  if (seconds == 0) return "is zero";
  const char* advice = "a mistake of unit?";
  if (seconds < kShortestRunSeconds) {
    return fmt::format("is {}, below {}: {}", time_text(seconds), time_text(kShortestRunSeconds),
                       advice);
  }
  if (seconds > kLongestRunSeconds) {
    return fmt::format("is {}, above {}: {}", time_text(seconds), time_text(kLongestRunSeconds),
                       advice);
  }
  return "";
}

void Collector::note(Severity severity, std::string code, std::string message, std::string location,
                     std::string hint) {
  if (read_.diagnostics.size() >= kMostFindings) {
    ++untold_;
    return;
  }
  read_.diagnostics.push_back({.severity = severity,
                               .code = std::move(code),
                               .message = std::move(message),
                               .hint = std::move(hint),
                               .location = std::move(location)});
}

void Collector::reject(std::string location, const std::string& message) {
  ++rejected_;
  note(Severity::kWarning, "bad-measurement", message + "; the row is left out",
       std::move(location));
}

bool Collector::is_repeated(const Measurement& row, const std::string& location) {
  const auto [known, is_new] = seen_.emplace(key_of(row), read_.rows.size());
  if (is_new) return false;
  const Measurement& first = read_.rows[known->second];
  if (first.seconds == row.seconds) {
    note(Severity::kNote, "repeated-measurement",
         fmt::format("'{}' stands here again, as in line {}; counted once", printable(row.model),
                     first.line),
         location);
  } else {
    note(Severity::kWarning, "contradicting-measurement",
         fmt::format("'{}' takes {} here and {} in line {}, with all else equal; the first is kept",
                     printable(row.model), time_text(row.seconds), time_text(first.seconds),
                     first.line),
         location, "say what differs (version, threads, dims, source), or remove one");
  }
  return true;
}

void Collector::check_rounds(Measurement& row, const std::string& location) {
  const auto is_bad = [](double s) { return !implausible(s).empty(); };
  if (std::any_of(row.round_medians_s.begin(), row.round_medians_s.end(), is_bad)) {
    note(Severity::kWarning, "bad-measurement",
         fmt::format("'{}' has a round whose time is not plausible; its rounds are not used",
                     printable(row.model)),
         location);
    row.round_medians_s.clear();
  }
  const double apart = spread(row.round_medians_s);
  row.noisy = apart > kNoisySpread;
  if (!row.noisy) return;
  note(Severity::kWarning, "noisy-measurement",
       fmt::format("the rounds of '{}' differ by {}, more than {}; the row is kept",
                   printable(row.model), format_percent(apart), format_percent(kNoisySpread)),
       location, "measure again on an idle machine with a fixed clock");
}

void Collector::check_nodes(Measurement& row, const std::string& location) {
  const std::size_t removed = std::erase_if(row.nodes, [](const MeasuredNode& node) {
    return !std::isfinite(node.seconds) || node.seconds < 0 || node.seconds > kLongestRunSeconds;
  });
  if (removed == 0) return;
  note(Severity::kWarning, "bad-measurement",
       fmt::format("{} of the nodes of '{}' have no plausible time; they are left out", removed,
                   printable(row.model)),
       location);
}

void Collector::add(Measurement row, const std::string& location) {
  const std::string fault = implausible(row.seconds);
  if (!fault.empty()) {
    return reject(location,
                  fmt::format("the time of '{}' {}", ellipsize(printable(row.model), 60), fault));
  }
  if (is_repeated(row, location)) return;
  check_rounds(row, location);
  check_nodes(row, location);
  read_.rows.push_back(std::move(row));
}

Measurements Collector::take() {
  if (read_.rows.empty()) {
    const std::string first =
        read_.diagnostics.empty()
            ? ""
            : fmt::format("the first finding: {}: {}", read_.diagnostics.front().location,
                          read_.diagnostics.front().message);
    throw Error("no-measurements", read_.path,
                rejected_ == 0 ? "the file has no measurement"
                               : fmt::format("none of {} rows is usable", rejected_),
                first);
  }
  if (untold_ > 0) {
    read_.diagnostics.push_back({.severity = Severity::kWarning,
                                 .code = "more-findings",
                                 .message = fmt::format("{} more findings like these", untold_),
                                 .location = read_.path});
  }
  return std::move(read_);
}

Measurements parse_measurements(std::string text, const std::string& path) {
  Collector collector(path);
  const std::size_t mark = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const std::size_t first = text.find_first_not_of(kBlanks, mark);
  if (first == std::string::npos) {
    throw Error("no-measurements", path, "the file is empty");
  }
  if (text[first] == '{' || text[first] == '[') {
    const data::JsonDocument document = data::parse_json(std::move(text), path);
    read_json(document.root(), collector);
  } else {
    read_csv(std::string_view(text).substr(mark), collector);
  }
  return collector.take();
}

Measurements read_measurements(const std::string& path) {
  std::string text = data::read_text_file(path, data::kMaxJsonBytes);
  if (text.size() > data::kMaxJsonBytes) {
    throw Error("json-limit", path,
                fmt::format("the file is larger than {} bytes", data::kMaxJsonBytes));
  }
  return parse_measurements(std::move(text), path);
}

void append(Measurements file, Measurements& all) {
  std::set<std::string> known;
  for (const Measurement& row : all.rows) known.insert(key_of(row));
  std::move(file.diagnostics.begin(), file.diagnostics.end(), std::back_inserter(all.diagnostics));
  std::string first;
  std::size_t repeated = 0;
  for (Measurement& row : file.rows) {
    if (!known.contains(key_of(row))) {
      all.rows.push_back(std::move(row));
    } else if (repeated++ == 0) {
      first = printable(row.model);
    }
  }
  if (repeated == 0) return;
  all.diagnostics.push_back(
      {.severity = Severity::kWarning,
       .code = "repeated-measurement",
       .message = fmt::format("'{}'{}: in an earlier file as well, whose time is kept", first,
                              repeated > 1 ? " and " + counted(repeated - 1, "more row") : ""),
       .hint = "say what differs (version, threads, dims, source), or leave a file out",
       .location = file.path});
}

std::string model_stem(const std::string& model) {
  std::string stem = model.substr(model.find_last_of('/') + 1);
  constexpr std::string_view kExtension = ".onnx";
  if (stem.ends_with(kExtension)) stem.resize(stem.size() - kExtension.size());
  return stem;
}

}  // namespace roofline::calibrate
