#pragma once
#include <array>
#include <span>
#include <string>

#include "draft.hpp"

namespace roofline::plan {

/// The minimal algorithm F(m x m, r x r): tiles of m x m results from m + r - 1 points on each
/// axis.
struct WinogradTile {
  int results;     ///< m
  int taps;        ///< r
  int to_points;   ///< FLOPs of the input transform of one row of points
  int to_results;  ///< FLOPs of the output transform of one row of points
  [[nodiscard]] double points() const { return (results + taps - 1.0) * (results + taps - 1.0); }
  /// FLOPs that transform a tile of one channel: every column, then every row.
  [[nodiscard]] double input_flops() const { return 2.0 * (results + taps - 1) * to_points; }
  /// The same of the products: every column of points, then a row for each result.
  [[nodiscard]] double output_flops() const {
    return (results + taps - 1.0 + results) * to_results;
  }
  [[nodiscard]] std::string name() const;  ///< "F(4x4,3x3)"
};
/// The tiles that libraries have, smallest first.
[[nodiscard]] std::span<const WinogradTile> winograd_tiles();

/// `bytes` times `factor`, rounded.
[[nodiscard]] Count scaled(Count bytes, double factor);

/// Why a step is no convolution that a Winograd transform can run; empty where one can.
[[nodiscard]] std::string no_winograd(const Step& step);

/// Weights at every point instead of every tap. False where the step reads no constant weights.
bool transform_weights(const WinogradTile& tile, Step& step, Plan& plan);
/// `bytes` that the step writes and reads again: both transformed activations.
void add_workspace(Count bytes, Step& step, Plan& plan);

}  // namespace roofline::plan
