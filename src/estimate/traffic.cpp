// Owns reuse distances: how many bytes lie between two touches of the same bytes.
// Refuses to know capacities and bandwidths: the latency model turns distances into times.
#include "roofline/estimate/traffic.hpp"

#include <algorithm>

#include "placement.hpp"
#include "roofline/estimate/estimate.hpp"

namespace roofline::estimate {
namespace {

/// What it pushes out of caches. What goes round in a tile comes back to the same few lines.
double step_bytes(const plan::Step& step) {
  double bytes = 0;
  for (const plan::BufferAccess& access : step.accesses) {
    if (!access.reuse_bytes) bytes += access.bytes.as_double();
  }
  return bytes;
}

double footprint(const plan::Plan& plan) {
  Count most = 0;
  for (const Count live : live_bytes(plan)) most = std::max(most, live);
  return (most + weight_bytes(plan)).as_double();
}

/// For each step, the bytes of the loop body that it stands in; infinite outside of loops.
std::vector<double> body_bytes(const plan::Plan& plan) {
  std::vector<double> bodies(plan.steps.size(), std::numeric_limits<double>::infinity());
  for (std::size_t begin = 0; begin < plan.steps.size();) {
    std::size_t end = begin + 1;
    const std::optional<Count> repeat = plan.steps[begin].repeat;
    double bytes = step_bytes(plan.steps[begin]);
    for (; end < plan.steps.size() && plan.steps[end].repeat == repeat; ++end) {
      bytes += step_bytes(plan.steps[end]);
    }
    if (repeat.value_or(2) > 1) {
      std::fill(bodies.begin() + static_cast<std::ptrdiff_t>(begin),
                bodies.begin() + static_cast<std::ptrdiff_t>(end), bytes);
    }
    begin = end;
  }
  return bodies;
}

/// When the bytes of buffers were touched last.
class Memory {
 public:
  Memory(const plan::Plan& plan, double before)
      : placement_(place_results(plan)),
        before_(before),
        blocks_(placement_.places.size()),
        touched_(placement_.places.size() + plan.buffers.size(), before) {}

  /// Results that a step makes take their places.
  void enter(std::size_t step, const std::vector<plan::BufferAccess>& accesses) {
    for (const plan::BufferAccess& access : accesses) {
      const std::size_t m = index(access.buffer);
      if (m >= blocks_.size() || placement_.places[m].first != step || blocks_[m].bytes > 0) {
        continue;
      }
      blocks_[m] = arena_.take(placement_.places[m].bytes, before_);
      touched_[m] = blocks_[m].touched;
    }
  }

  [[nodiscard]] double touched(const plan::BufferAccess& access, double now) const {
    const bool over =
        access.is_write && placement_.overwrites[static_cast<std::size_t>(access.buffer)];
    return over ? now : touched_[index(access.buffer)];
  }

  /// Places that no result needs any more are free for others.
  void leave(std::size_t step, const std::vector<plan::BufferAccess>& accesses, double now) {
    for (const plan::BufferAccess& access : accesses) {
      const std::size_t m = index(access.buffer);
      touched_[m] = now;
      if (m >= blocks_.size() || placement_.places[m].last != step || blocks_[m].bytes == 0) {
        continue;
      }
      arena_.give_back(blocks_[m], now);
      blocks_[m].bytes = 0;
    }
  }

 private:
  /// Places first, then buffers with memory of their own.
  [[nodiscard]] std::size_t index(plan::BufferId buffer) const {
    const auto b = static_cast<std::size_t>(buffer);
    const int place = placement_.place_of[b];
    return place == Placement::kOwn ? blocks_.size() + b : static_cast<std::size_t>(place);
  }

  Placement placement_;
  double before_;
  std::vector<Arena::Block> blocks_;  // of each place; empty while it is free
  std::vector<double> touched_;       // by index()
  Arena arena_ = {};
};

}  // namespace

ReuseDistances::ReuseDistances(const plan::Plan& plan) {
  double total = 0;
  for (const plan::Step& step : plan.steps) total += step_bytes(step);
  const double farthest = std::min(total, footprint(plan));
  const std::vector<double> bodies = body_bytes(plan);
  Memory memory(plan, -farthest);
  double clock = 0;
  // The second run finds what the first one left.
  for (int run = 0; run < 2; ++run) {
    distances_.clear();
    first_.clear();
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
      const plan::Step& step = plan.steps[s];
      first_.push_back(distances_.size());
      const double here = step_bytes(step);
      memory.enter(s, step.accesses);
      for (const plan::BufferAccess& access : step.accesses) {
        const double distance = clock - memory.touched(access, clock) + here;
        const double whole =
            std::max(here, std::min({distance, std::max(farthest, here), bodies[s]}));
        distances_.push_back(std::min(whole, access.reuse_bytes.value_or(whole)));
      }
      clock += here;
      memory.leave(s, step.accesses, clock);
    }
  }
  first_.push_back(distances_.size());
}

}  // namespace roofline::estimate
