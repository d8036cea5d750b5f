#pragma once
#include <string>
#include <string_view>
#include <unordered_map>

#include "roofline/calibrate/measurement.hpp"
#include "roofline/data/json_reader.hpp"

// One reader for each format; all of them hand their rows to a Collector.
namespace roofline::calibrate {

inline constexpr double kMillisecondsPerSecond = 1e3;

/// Takes the rows of one file and refuses bad ones, with a diagnostic for each.
class Collector {
 public:
  explicit Collector(std::string path) { read_.path = std::move(path); }
  [[nodiscard]] Measurements& file() { return read_; }
  [[nodiscard]] const std::string& path() const { return read_.path; }
  /// A row that is left out.
  void reject(std::string location, const std::string& message);
  void note(Severity severity, std::string code, std::string message, std::string location,
            std::string hint = {});
  /// Checks a row and keeps it, or rejects it.
  void add(Measurement row, const std::string& location);
  /// Throws Error when no row is usable.
  [[nodiscard]] Measurements take();

 private:
  [[nodiscard]] bool is_repeated(const Measurement& row, const std::string& location);
  void check_rounds(Measurement& row, const std::string& location);
  void check_nodes(Measurement& row, const std::string& location);

  Measurements read_;
  std::unordered_map<std::string, std::size_t> seen_;  ///< what was measured -> its row
  std::size_t rejected_ = 0;
  std::size_t untold_ = 0;  ///< findings beyond those that are listed
};

/// Why `seconds` is no plausible time, "" when it is.
[[nodiscard]] std::string implausible(double seconds);

void read_own_json(const data::JsonNode& root, Collector& collector);
void read_onnxruntime_profile(const data::JsonNode& root, Collector& collector);
void read_trtexec_profile(const data::JsonNode& root, Collector& collector);
void read_trtexec_times(const data::JsonNode& root, Collector& collector);
void read_csv(std::string_view text, Collector& collector);

}  // namespace roofline::calibrate
