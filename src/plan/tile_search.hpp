#pragma once
#include <cstddef>
#include <vector>

#include "reach.hpp"
#include "roofline/hardware/profile.hpp"

namespace roofline::plan {

/// What a layer of a run reads that is no weight.
struct TileRead {
  int from = -1;  ///< the layer of the run that makes it; -1: none does
  double bytes = 0;
  double missed = 1;  ///< share that main memory hands over when layers run one by one
  std::optional<Reach> reach = {};  ///< nullopt: all of it is needed for each row
};

/// A step of a run of steps that can all be computed some rows at a time.
struct TileLayer {
  double rows = 1;  ///< of the result, in each of `items`
  double items = 1;
  double flops = 0;
  double flops_per_s = 0;  ///< 0: not known
  double result_bytes = 0;
  double result_missed = 1;  ///< share of the result that goes to main memory, one by one
  double weight_bytes = 0;
  double weight_missed = 1;
  int last_reader = -1;  ///< layer of the run; kBeyond where the result is needed outside of it
  std::vector<TileRead> reads = {};
};
inline constexpr int kBeyond = 1 << 30;

/// The machine, as far as tiles are concerned.
struct TileMachine {
  double budget = 0;    ///< bytes that all tiles in flight, and weights kept, may occupy
  double capacity = 0;  ///< of the last cache, which main memory lies behind
  double parallel = 1;  ///< tiles in flight: one for each core of a CPU
  bool shared = true;   ///< false: each core keeps weights of its own
  double bytes_per_s = 0;
  double start_s = 0;          ///< to start a kernel
  hardware::Terms terms = {};  ///< how much of a cache is held
};

/// Consecutive layers that are computed tile by tile.
struct TileSegment {
  std::size_t first = 0;
  std::size_t last = 0;
  double height = 0;  ///< rows of the last layer's result in a tile
  double tiles = 0;
  double starts = 0;  ///< of each kernel; tiles in flight start together
  bool keeps_weights = false;
  double reuse_bytes = 0;         ///< touched between two touches of what stays on the chip
  double weight_reuse_bytes = 0;  ///< and between two readings of weights, where not kept
  double saved_bytes = 0;         ///< of main memory
  double saved_s = 0;             ///< of roofline time, starts included
  double flops = 0;               ///< of the layers, one by one
  double extra_flops = 0;         ///< computed again because tiles overlap
  /// For each layer, how much of its result is computed: 1 is each row once.
  std::vector<double> computed = {};
};

/// The segments of a run that save the most time and then the most bytes; none grows either.
/// Linear in layers: segments are at most kLongestSegment long.
[[nodiscard]] std::vector<TileSegment> choose_segments(const std::vector<TileLayer>& run,
                                                       const TileMachine& machine);
inline constexpr std::size_t kLongestSegment = 32;

/// How often each of `rows` rows is needed by `tiles` tiles, on average: more than once where
/// neighbouring tiles overlap.
[[nodiscard]] double times_read(const Reach& need, double rows, double tiles);

}  // namespace roofline::plan
