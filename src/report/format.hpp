#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/count.hpp"
#include "roofline/report/report.hpp"
#include "roofline/report/table.hpp"

namespace roofline::report {

/// The colour of a bound or bottleneck: the same wherever the word appears.
[[nodiscard]] Style bound_style(std::string_view bound);

// Quantities as text: three significant digits and a unit; "?" for what is not known.
[[nodiscard]] std::string seconds_text(double seconds);
[[nodiscard]] std::string bytes_text(std::optional<Count> bytes);
[[nodiscard]] std::string flops_text(std::optional<Count> flops);
[[nodiscard]] std::string count_text(std::optional<Count> count);
/// FLOP/B without unit; "-" when no byte moves.
[[nodiscard]] std::string intensity_text(std::optional<double> intensity);
/// "1,234,567": exact figures for --explain.
[[nodiscard]] std::string exact_text(Count count);
/// `text` unless a sum is incomplete: then ">= text".
[[nodiscard]] std::string at_least(std::string text, bool complete);
/// `part` of `whole`, 0 when there is no whole.
[[nodiscard]] double ratio(double part, double whole);
/// "1x64x112x112", "scalar", "?" when the rank is unknown.
[[nodiscard]] std::string shape_text(const std::optional<std::vector<std::int64_t>>& shape);
/// Shape of the first result, "" without results.
[[nodiscard]] std::string output_text(const NodeRow& node);
/// "Conv 3x3 s2": operator and what distinguishes it.
[[nodiscard]] std::string op_text(const NodeRow& node);
/// File name without directories, made printable.
[[nodiscard]] std::string file_name(std::string_view path);
/// `part` filled to `width` cells in proportion `fraction`.
[[nodiscard]] std::string bar(double fraction, std::size_t width, bool unicode);

}  // namespace roofline::report
