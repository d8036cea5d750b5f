#pragma once
#include <cstddef>
#include <vector>

namespace roofline::plan {

/// A part of a graph of steps: whom it waits for, and where it runs.
struct PlacedStep {
  std::vector<std::size_t> after;  ///< steps in front of it, each of a smaller index
  int device = 0;
};

/// For each step the number of its subgraph, counted in an order of execution: steps of one device
/// that run together, none of them before a subgraph of a smaller number. The fewest that there are
/// for two devices; for more, the device whose steps have the most changes of device behind them
/// goes first. Linear in steps and edges.
[[nodiscard]] std::vector<std::size_t> partition(const std::vector<PlacedStep>& steps);

/// For each step a number that it shares with those of its subgraph that it touches.
[[nodiscard]] std::vector<std::size_t> islands(const std::vector<PlacedStep>& steps,
                                               const std::vector<std::size_t>& subgraphs);

}  // namespace roofline::plan
