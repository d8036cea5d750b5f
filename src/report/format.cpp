// Owns how single figures and words of a report read on a terminal.
// Refuses to know where on the screen they stand.
#include "format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "roofline/base/text.hpp"
#include "roofline/base/units.hpp"
#include "roofline/ir/tensor_type.hpp"

namespace roofline::report {
Style bound_style(std::string_view bound) {
  if (bound == "compute") return Style::kGreen;
  if (bound == "memory") return Style::kBlue;
  if (bound == "overhead") return Style::kMagenta;
  if (bound == "unknown") return Style::kRed;
  return Style::kDim;
}

std::string seconds_text(double seconds) { return format_quantity(seconds, Unit::kSecond); }

std::string bytes_text(std::optional<Count> bytes) {
  return bytes ? format_quantity(bytes->as_double(), Unit::kByte) : "?";
}

std::string flops_text(std::optional<Count> flops) {
  return flops ? format_quantity(flops->as_double(), Unit::kFlop) : "?";
}

std::string count_text(std::optional<Count> count) {
  return count ? format_count(count->as_double()) : "?";
}

std::string intensity_text(std::optional<double> intensity) {
  if (!intensity) return "-";
  if (*intensity == 0) return "0";
  const double magnitude = std::fabs(*intensity);
  if (magnitude >= 999.5) return format_count(*intensity);
  if (magnitude >= 99.95) return fmt::format("{:.0f}", *intensity);
  if (magnitude >= 9.995) return fmt::format("{:.1f}", *intensity);
  return fmt::format("{:.2f}", *intensity);
}

std::string exact_text(Count count) { return grouped_digits(count.value()); }

std::string at_least(std::string text, bool complete) {
  return complete ? std::move(text) : ">= " + text;
}

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string shape_text(const std::optional<std::vector<std::int64_t>>& shape) {
  return shape ? ir::to_string(*shape) : "?";
}

std::string output_text(const NodeRow& node) {
  if (node.outputs.empty()) return "";
  const TensorInfo& first = node.outputs.front();
  if (first.kind != "tensor") return std::string(first.kind);
  return first.max_shape ? "<= " + shape_text(first.max_shape) : shape_text(first.shape);
}

std::string op_text(const NodeRow& node) {
  return printable(node.detail.empty() ? node.op_type : node.op_type + " " + node.detail);
}

std::string file_name(std::string_view path) {
  return printable(path.substr(path.find_last_of('/') + 1));
}

std::string bar(double fraction, std::size_t width, bool unicode) {
  const double cells = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width);
  std::string filled;
  for (auto i = std::lround(cells); i > 0; --i) filled += unicode ? "▇" : "#";
  return filled;
}

}  // namespace roofline::report
