// Owns where results lie in memory.
// Refuses to count bytes in use: memory.cpp does, for whatever allocator.
#include "placement.hpp"

#include <algorithm>

namespace roofline::estimate {
namespace {

/// Results of the same form may follow each other in one place.
using Form = std::pair<double, std::size_t>;

Form form_of(const plan::Buffer& buffer) {
  return {buffer.bytes ? buffer.bytes->as_double() : 0, buffer.shape_key};
}

bool is_result(const plan::Buffer& buffer) {
  return !buffer.is_weight && !buffer.is_input && !buffer.is_output && buffer.bytes &&
         *buffer.bytes != 0;
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

class Placer {
 public:
  explicit Placer(const plan::Plan& plan) : plan_(plan), last_(last_uses(plan)) {
    result_.place_of.assign(plan.buffers.size(), Placement::kOwn);
    result_.overwrites.assign(plan.buffers.size(), false);
  }

  Placement run() {
    for (step_ = 0; step_ < plan_.steps.size(); ++step_) {
      const plan::Step& step = plan_.steps[step_];
      const BufferId operand = overwritten(step);
      for (const plan::BufferAccess& access : step.accesses) {
        const BufferId b = access.buffer;
        if (access.is_write && place(b) == Placement::kOwn && is_result(buffer(b))) {
          settle(b, operand);
        }
      }
      for (const plan::BufferAccess& access : step.accesses) leave(access.buffer);
    }
    return std::move(result_);
  }

 private:
  using BufferId = plan::BufferId;
  static constexpr BufferId kNobody = -1;

  [[nodiscard]] const plan::Buffer& buffer(BufferId b) const {
    return plan_.buffers[static_cast<std::size_t>(b)];
  }
  [[nodiscard]] int& place(BufferId b) { return result_.place_of[static_cast<std::size_t>(b)]; }
  [[nodiscard]] BufferId& tenant(int place) { return tenants_[static_cast<std::size_t>(place)]; }

  /// What the step may write its result over, if nobody reads it any more.
  [[nodiscard]] BufferId overwritten(const plan::Step& step) {
    if (!step.kernel.overwrites) return kNobody;
    int before = step.cls == ops::OpClass::kConv ? 1 : 0;
    for (const plan::BufferAccess& access : step.accesses) {
      const BufferId b = access.buffer;
      if (access.is_write || buffer(b).is_weight || before-- > 0) continue;
      const bool dies = place(b) != Placement::kOwn && last_[static_cast<std::size_t>(b)] == step_;
      return dies && tenant(place(b)) == b ? b : kNobody;
    }
    return kNobody;
  }

  void settle(BufferId b, BufferId operand) {
    const Form form = form_of(buffer(b));
    std::vector<int>& dead = dead_[form];
    if (operand != kNobody && tenant(place(operand)) == operand &&
        form_of(buffer(operand)) == form) {
      place(b) = place(operand);
      result_.overwrites[static_cast<std::size_t>(b)] = true;
    } else if (!dead.empty()) {
      place(b) = dead.back();
      dead.pop_back();
    } else {
      place(b) = static_cast<int>(tenants_.size());
      result_.places.push_back({.bytes = form.first, .first = step_});
      tenants_.push_back(kNobody);
    }
    tenant(place(b)) = b;
  }

  void leave(BufferId b) {
    const int p = place(b);
    if (p == Placement::kOwn || tenant(p) != b || last_[static_cast<std::size_t>(b)] != step_) {
      return;
    }
    tenant(p) = kNobody;
    result_.places[static_cast<std::size_t>(p)].last = step_;
    dead_[form_of(buffer(b))].push_back(p);
  }

  const plan::Plan& plan_;
  const std::vector<std::size_t> last_;  // step by buffer
  std::size_t step_ = 0;
  Placement result_ = {};
  std::vector<BufferId> tenants_ = {};          // by place
  std::map<Form, std::vector<int>> dead_ = {};  // the one that died last at the end
};

}  // namespace

Placement place_results(const plan::Plan& plan) { return Placer(plan).run(); }

Arena::Block Arena::take(double bytes, double before) {
  Block block{.begin = find_place(bytes), .bytes = bytes};
  const double end = block.begin + bytes;
  double weighted = 0;
  double known = 0;
  for (auto piece = pieces_.lower_bound(block.begin); piece != pieces_.end() && piece->first < end;
       piece = pieces_.erase(piece)) {
    const double overlap = std::min(piece->second.end, end) - piece->first;
    weighted += overlap * piece->second.touched;
    known += overlap;
    if (piece->second.end > end) pieces_.emplace(end, piece->second);
  }
  block.touched = (weighted + (bytes - known) * before) / bytes;
  return block;
}

double Arena::find_place(double bytes) {
  const auto fit = fits_.lower_bound({bytes, 0});
  if (fit == fits_.end()) return std::exchange(end_, end_ + bytes);
  const double begin = fit->second;
  const double end = gaps_.at(begin);
  remove_gap(begin);
  if (begin + bytes < end) add_gap(begin + bytes, end);
  return begin;
}

void Arena::give_back(const Block& block, double now) {
  double begin = block.begin;
  double end = begin + block.bytes;
  pieces_[begin] = {end, now};
  if (const auto behind = gaps_.find(end); behind != gaps_.end()) {
    end = behind->second;
    remove_gap(begin + block.bytes);
  }
  const auto next = gaps_.lower_bound(begin);
  if (next != gaps_.begin() && std::prev(next)->second == begin) {
    begin = std::prev(next)->first;
    remove_gap(begin);
  }
  if (end == end_) {
    end_ = begin;
  } else {
    add_gap(begin, end);
  }
}

void Arena::add_gap(double begin, double end) {
  gaps_.emplace(begin, end);
  fits_.emplace(end - begin, begin);
}

void Arena::remove_gap(double begin) {
  const auto gap = gaps_.find(begin);
  fits_.erase({gap->second - begin, begin});
  gaps_.erase(gap);
}

}  // namespace roofline::estimate
