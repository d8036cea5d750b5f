// Owns the alignment of two sequences: Myers, "An O(ND) Difference Algorithm" (1986), with a bound.
// Refuses to know what the keys stand for.
#include "align.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace roofline::report {
namespace {

using Keys = std::vector<std::uint64_t>;
using Index = std::ptrdiff_t;

/// Edits searched in one stretch. Beyond, the way that led furthest is taken, and the search starts
/// again at its end: the time stays linear, the result may miss a few pairs.
constexpr Index kMostEdits = 256;

/// One stretch of the search from (x0, y0). frontier[d][k + d] is the largest x reached on
/// diagonal k = x - y with d edits.
class Stretch {
 public:
  Stretch(const Keys& before, const Keys& after, Index x0, Index y0)
      : before_(before),
        after_(after),
        x0_(x0),
        y0_(y0),
        width_(static_cast<Index>(before.size()) - x0),
        height_(static_cast<Index>(after.size()) - y0) {}

  /// Appends the pairs of the way found; returns its end.
  std::pair<Index, Index> run(Pairs& pairs) {
    Index d = 0;
    std::optional<Index> end;
    for (; !end; ++d) {
      frontiers_.emplace_back(static_cast<std::size_t>(2 * d + 1), -1);
      for (Index k = -d; k <= d; k += 2) at(d, k) = reach(d, k);
      end = last_diagonal(d);
    }
    const Index x = at(d - 1, *end);
    trace(d - 1, *end, pairs);
    return {x0_ + x, y0_ + x - *end};
  }

 private:
  Index& at(Index d, Index k) {
    return frontiers_[static_cast<std::size_t>(d)][static_cast<std::size_t>(k + d)];
  }
  /// Of a diagonal that d edits may not reach: -1.
  Index found(Index d, Index k) { return k < -d || k > d ? -1 : at(d, k); }
  bool inside(Index x, Index k) const {
    return x >= 0 && x <= width_ && x - k >= 0 && x - k <= height_;
  }

  /// Where the d-th edit leaves the diagonals beside k: one step right or down.
  Index entry(Index d, Index k) {
    if (d == 0) return 0;
    const Index right = found(d - 1, k - 1) < 0 ? -1 : found(d - 1, k - 1) + 1;
    const Index down = found(d - 1, k + 1);
    const Index x = std::max(inside(right, k) ? right : -1, inside(down, k) ? down : -1);
    return x;
  }
  Index reach(Index d, Index k) {
    Index x = entry(d, k);
    if (x < 0) return -1;
    while (x < width_ && x - k < height_ &&
           before_[static_cast<std::size_t>(x0_ + x)] ==
               after_[static_cast<std::size_t>(y0_ + x - k)])
      ++x;
    return x;
  }
  /// The diagonal to stop at: that of the end or, after kMostEdits, the one that led furthest.
  std::optional<Index> last_diagonal(Index d) {
    const Index goal = width_ - height_;
    if (goal >= -d && goal <= d && (goal + d) % 2 == 0 && at(d, goal) == width_) return goal;
    if (d < kMostEdits) return std::nullopt;
    Index best = -d;
    const auto progress = [&](Index k) { return at(d, k) < 0 ? -1 : 2 * at(d, k) - k; };
    for (Index k = -d; k <= d; k += 2) {
      if (progress(k) > progress(best)) best = k;
    }
    return best;
  }
  void trace(Index d, Index k, Pairs& pairs) {
    const auto first = static_cast<std::ptrdiff_t>(pairs.size());
    for (;; --d) {
      const Index start = entry(d, k);
      for (Index x = at(d, k); x > start; --x) {
        pairs.emplace_back(static_cast<std::size_t>(x0_ + x - 1),
                           static_cast<std::size_t>(y0_ + x - 1 - k));
      }
      if (d == 0) break;
      const Index left = found(d - 1, k - 1);
      k = left >= 0 && left + 1 == start ? k - 1 : k + 1;
    }
    std::reverse(pairs.begin() + first, pairs.end());
  }

  const Keys& before_;
  const Keys& after_;
  Index x0_, y0_;
  Index width_, height_;
  std::vector<std::vector<Index>> frontiers_;
};

}  // namespace

Pairs align(const Keys& before, const Keys& after) {
  Pairs pairs;
  Index x = 0;
  Index y = 0;
  while (x < static_cast<Index>(before.size()) && y < static_cast<Index>(after.size())) {
    std::tie(x, y) = Stretch(before, after, x, y).run(pairs);
  }
  return pairs;
}

}  // namespace roofline::report
