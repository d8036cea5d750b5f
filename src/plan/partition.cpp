// Owns how steps of several devices are gathered into subgraphs that wait for each other in no
// circle. Refuses to choose devices.
#include "partition.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace roofline::plan {
namespace {

/// Changes of device on the longest way from each step to the end.
std::vector<std::size_t> changes_behind(const std::vector<PlacedStep>& steps) {
  std::vector<std::size_t> changes(steps.size(), 0);
  for (std::size_t s = steps.size(); s-- > 0;) {
    for (const std::size_t p : steps[s].after) {
      const std::size_t here = changes[s] + (steps[p].device == steps[s].device ? 0 : 1);
      changes[p] = std::max(changes[p], here);
    }
  }
  return changes;
}

/// Steps that wait for nothing, device by device.
class Ready {
 public:
  Ready(const std::vector<PlacedStep>& steps, const std::vector<std::size_t>& changes)
      : steps_(steps), changes_(changes) {
    for (const PlacedStep& step : steps) queues_[step.device];
  }

  void add(std::size_t s) {
    Queue& queue = queues_[steps_[s].device];
    queue.steps.push_back(s);
    queue.most = std::max(queue.most, changes_[s] + 1);
  }

  /// The device to go on with; all of its steps are taken before the next call.
  std::vector<std::size_t>& next() {
    const auto best = std::max_element(
        queues_.begin(), queues_.end(),
        [](const auto& a, const auto& b) { return a.second.most < b.second.most; });
    best->second.most = 0;
    return best->second.steps;
  }

 private:
  struct Queue {
    std::vector<std::size_t> steps = {};
    std::size_t most = 0;  ///< changes of device behind any of them, and 1; 0: none is ready
  };

  const std::vector<PlacedStep>& steps_;
  const std::vector<std::size_t>& changes_;
  std::map<int, Queue> queues_ = {};
};

}  // namespace

std::vector<std::size_t> partition(const std::vector<PlacedStep>& steps) {
  std::vector<std::vector<std::size_t>> readers(steps.size());
  std::vector<std::size_t> waiting(steps.size(), 0);
  for (std::size_t s = 0; s < steps.size(); ++s) {
    waiting[s] = steps[s].after.size();
    for (const std::size_t p : steps[s].after) readers[p].push_back(s);
  }
  const std::vector<std::size_t> changes = changes_behind(steps);
  Ready ready(steps, changes);
  for (std::size_t s = 0; s < steps.size(); ++s) {
    if (waiting[s] == 0) ready.add(s);
  }
  std::vector<std::size_t> subgraphs(steps.size(), 0);
  std::size_t placed = 0;
  for (std::size_t number = 0; placed < steps.size(); ++number) {
    std::vector<std::size_t>& queue = ready.next();
    const int device = steps[queue.front()].device;
    while (!queue.empty()) {
      const std::size_t s = queue.back();
      queue.pop_back();
      subgraphs[s] = number;
      ++placed;
      for (const std::size_t reader : readers[s]) {
        if (--waiting[reader] != 0) continue;
        if (steps[reader].device == device)
          queue.push_back(reader);
        else
          ready.add(reader);
      }
    }
  }
  return subgraphs;
}

std::vector<std::size_t> islands(const std::vector<PlacedStep>& steps,
                                 const std::vector<std::size_t>& subgraphs) {
  std::vector<std::size_t> root(steps.size());
  std::iota(root.begin(), root.end(), std::size_t{0});
  const auto find = [&](std::size_t s) {
    while (root[s] != s) s = root[s] = root[root[s]];
    return s;
  };
  for (std::size_t s = 0; s < steps.size(); ++s) {
    for (const std::size_t p : steps[s].after) {
      if (subgraphs[p] == subgraphs[s]) root[find(s)] = find(p);
    }
  }
  for (std::size_t s = 0; s < steps.size(); ++s) root[s] = find(s);
  return root;
}

}  // namespace roofline::plan
