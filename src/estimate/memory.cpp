// Owns memory in use over time.
// Refuses to reuse or overwrite a buffer that the plan keeps apart.
#include <algorithm>

#include "roofline/estimate/estimate.hpp"

namespace roofline::estimate {
namespace {

struct Lifetime {
  std::size_t first = static_cast<std::size_t>(-1);  // -1: never touched
  std::size_t last = 0;
};

std::vector<Lifetime> lifetimes(const plan::Plan& plan) {
  std::vector<Lifetime> lives(plan.buffers.size());
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    if (plan.steps[s].repeat == Count(0)) continue;
    for (const plan::BufferAccess& access : plan.steps[s].accesses) {
      Lifetime& life = lives[static_cast<std::size_t>(access.buffer)];
      life.first = std::min(life.first, s);
      life.last = s;
    }
  }
  for (std::size_t b = 0; b < lives.size(); ++b) {
    if (plan.buffers[b].is_input) lives[b].first = 0;
    if (plan.buffers[b].is_output) {
      lives[b].first = std::min(lives[b].first, plan.steps.size());
      lives[b].last = plan.steps.size() - 1;
    }
  }
  return lives;
}

}  // namespace

std::vector<Count> live_bytes(const plan::Plan& plan) {
  const std::size_t steps = plan.steps.size();
  std::vector<Count> live(steps);
  if (steps == 0) return live;
  std::vector<Count> born(steps);
  std::vector<Count> died(steps + 1);
  const std::vector<Lifetime> lives = lifetimes(plan);
  for (std::size_t b = 0; b < lives.size(); ++b) {
    const plan::Buffer& buffer = plan.buffers[b];
    if (buffer.is_weight || !buffer.bytes || lives[b].first >= steps) continue;
    born[lives[b].first] += *buffer.bytes;
    died[lives[b].last + 1] += *buffer.bytes;
  }
  Count now = 0;
  for (std::size_t s = 0; s < steps; ++s) {
    now = now - died[s] + born[s];
    live[s] = now;
  }
  return live;
}

Count weight_bytes(const plan::Plan& plan) {
  std::vector<bool> read(plan.buffers.size());
  for (const plan::Step& step : plan.steps) {
    for (const plan::BufferAccess& access : step.accesses) {
      read[static_cast<std::size_t>(access.buffer)] = true;
    }
  }
  Count total = 0;
  for (std::size_t b = 0; b < plan.buffers.size(); ++b) {
    if (read[b] && plan.buffers[b].is_weight) total += plan.buffers[b].bytes.value_or(0);
  }
  return total;
}

}  // namespace roofline::estimate
