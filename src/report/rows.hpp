#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "roofline/report/render.hpp"
#include "roofline/report/report.hpp"

namespace roofline::report {

/// One line of the layer table before it is text: a layer on a machine or, without machines, a
/// node; or a group of them. Sums are lower bounds unless `complete`.
struct Row {
  std::size_t index = 0;  ///< into Result::layers or Report::nodes
  std::string group;      ///< what is summed; empty for a single layer
  std::int64_t members = 1;
  double seconds = 0;
  std::optional<Count> macs, flops, traffic, memory;
  Count parameters = 0;
  std::optional<double> intensity;
  std::optional<Count> repeat = Count(1);  ///< runs that the figures are of; 0: not counted
  bool complete = true;                    ///< nothing about it is unknown
  bool lower_bound = false;                ///< the figures that are given may be too low
};

/// `result` is nullptr without machines. Execution order.
[[nodiscard]] std::vector<Row> make_rows(const Report& report, const Result* result);
/// Sums rows by operator, class or scope; groups in order of first appearance.
[[nodiscard]] std::vector<Row> group_rows(const Report& report, const Result* result,
                                          const std::vector<Row>& rows, GroupBy group_by);
/// Indices of the `top` first rows (0: all) under a key of sort_keys(). Ties and "order" keep
/// execution order; what is not known comes last.
[[nodiscard]] std::vector<std::size_t> sorted(const std::vector<Row>& rows, const std::string& key,
                                              std::size_t top);
/// The node that gives a row its operator and class.
[[nodiscard]] const NodeRow* first_node(const Report& report, const Result* result,
                                        std::size_t index);
/// Scope of every name: its leading directories, few enough groups to read and none above half of
/// the total `weights` if it can be opened further. "" for a name without directories.
[[nodiscard]] std::vector<std::string> scopes(const std::vector<std::string_view>& names,
                                              const std::vector<double>& weights);

}  // namespace roofline::report
