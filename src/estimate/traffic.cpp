// Owns reuse distances: how many bytes lie between two touches of the same bytes.
// Refuses to know capacities and bandwidths: the latency model turns distances into times.
#include "roofline/estimate/traffic.hpp"

#include <algorithm>

#include "roofline/estimate/estimate.hpp"

namespace roofline::estimate {
namespace {

constexpr double kNever = -1;

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

/// Memory of dead activations, handed out again last in, first out, as arenas do.
class Arena {
 public:
  void release(double bytes, double now) {
    if (bytes > 0) free_.push_back({bytes, now});
  }

  /// When the bytes of a new buffer were touched last, on average; kNever beyond what was released.
  double take(double bytes, double long_ago) {
    double weighted = 0;
    double left = bytes;
    while (left > 0 && !free_.empty()) {
      Block& block = free_.back();
      const double used = std::min(left, block.bytes);
      weighted += used * block.touched;
      left -= used;
      block.bytes -= used;
      if (block.bytes <= 0) free_.pop_back();
    }
    weighted += left * long_ago;
    return bytes > 0 ? weighted / bytes : long_ago;
  }

 private:
  struct Block {
    double bytes;
    double touched;
  };
  std::vector<Block> free_ = {};
};

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

std::vector<std::size_t> last_uses(const plan::Plan& plan) {
  std::vector<std::size_t> last(plan.buffers.size(), 0);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    for (const plan::BufferAccess& access : plan.steps[s].accesses) {
      last[static_cast<std::size_t>(access.buffer)] = s;
    }
  }
  return last;
}

}  // namespace

ReuseDistances::ReuseDistances(const plan::Plan& plan) {
  double total = 0;
  for (const plan::Step& step : plan.steps) total += step_bytes(step);
  const double farthest = std::min(total, footprint(plan));
  const std::vector<double> bodies = body_bytes(plan);
  const std::vector<std::size_t> last_use = last_uses(plan);
  std::vector<double> touched(plan.buffers.size(), kNever);
  Arena arena;
  double clock = 0;
  first_.reserve(plan.steps.size() + 1);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    first_.push_back(distances_.size());
    const double here = step_bytes(plan.steps[s]);
    for (const plan::BufferAccess& access : plan.steps[s].accesses) {
      const auto b = static_cast<std::size_t>(access.buffer);
      double since = touched[b];
      if (since == kNever) {
        const double one_run_ago = clock - farthest;
        const bool from_arena = access.is_write && !plan.buffers[b].is_output;
        since = from_arena ? arena.take(access.bytes.as_double(), one_run_ago) : one_run_ago;
      }
      const double distance = std::max(clock - since, 0.0) + here;
      const double whole =
          std::max(here, std::min({distance, std::max(farthest, here), bodies[s]}));
      distances_.push_back(std::min(whole, access.reuse_bytes.value_or(whole)));
    }
    clock += here;
    for (const plan::BufferAccess& access : plan.steps[s].accesses) {
      const auto b = static_cast<std::size_t>(access.buffer);
      const bool dies = last_use[b] == s && touched[b] != clock;
      touched[b] = clock;
      const plan::Buffer& buffer = plan.buffers[b];
      if (dies && !buffer.is_weight && !buffer.is_input && !buffer.is_output) {
        arena.release(buffer.bytes ? buffer.bytes->as_double() : 0, clock);
      }
    }
  }
  first_.push_back(distances_.size());
}

}  // namespace roofline::estimate
