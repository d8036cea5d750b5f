#pragma once
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "roofline/plan/plan.hpp"

namespace roofline::estimate {

/// Memory that a result has for itself, and after its death others of its form.
struct Place {
  double bytes = 0;
  std::size_t first = 0;  ///< step that makes the first result in it
  std::size_t last = 0;   ///< step that touches the last one for the last time
};

/// Which results share places, as ONNX Runtime decides it (allocation_planner.cc): over the operand
/// that an operator reads for the last time, if it may; else in the place of a dead result of the
/// same shape and size, the one that died last; else in a place of its own.
struct Placement {
  static constexpr int kOwn = -1;     ///< of weights, inputs and outputs: memory of their own
  std::vector<int> place_of = {};     ///< of each buffer: index into places, or kOwn
  std::vector<bool> overwrites = {};  ///< of each buffer: its step reads what it is written over
  std::vector<Place> places = {};
};
[[nodiscard]] Placement place_results(const plan::Plan& plan);

/// Gives out memory in the smallest gap that is large enough, else behind all that is in use, as
/// ONNX Runtime does (mem_pattern_planner.h); remembers when bytes were touched last.
class Arena {
 public:
  struct Block {
    double begin = 0;
    double bytes = 0;
    double touched = 0;  ///< when, on average over its bytes
  };

  /// `before`: when bytes were touched that nobody has given back yet.
  [[nodiscard]] Block take(double bytes, double before);
  void give_back(const Block& block, double now);

 private:
  struct Piece {
    double end = 0;
    double touched = 0;
  };

  [[nodiscard]] double find_place(double bytes);
  void add_gap(double begin, double end);
  void remove_gap(double begin);

  double end_ = 0;                                 ///< of all that is in use
  std::map<double, double> gaps_ = {};             ///< between what is in use: end by begin
  std::set<std::pair<double, double>> fits_ = {};  ///< the same: bytes, begin
  std::map<double, Piece> pieces_ = {};            ///< what was given back, by begin
};

}  // namespace roofline::estimate
