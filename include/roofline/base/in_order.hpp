#pragma once
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace roofline {

/// Runs `work(i)` for every i below `count` on `jobs` threads, and hands each result to `take(i,
/// result)` on the calling thread: in the order of i, as soon as it and all before it are done.
/// Only as many results wait as keep the threads busy, whatever `count` is. Stops early when `take`
/// returns false or throws. `work` must not throw. `jobs` is at least 1.
template <class Work, class Take>
void in_order(std::size_t count, std::size_t jobs, const Work& work, const Take& take) {
  using Result = decltype(work(std::size_t{0}));
  constexpr std::size_t kAheadPerJob = 4;  // one slow item must not idle the others at once
  std::vector<std::optional<Result>> window(jobs * kAheadPerJob);
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t started = 0;
  std::size_t taken = 0;
  bool stop = false;

  const auto run = [&] {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock,
                   [&] { return stop || started == count || started < taken + window.size(); });
      if (stop || started == count) return;
      const std::size_t i = started++;
      lock.unlock();
      Result result = work(i);
      lock.lock();
      window[i % window.size()] = std::move(result);
      changed.notify_all();
    }
  };
  const auto finish = [&] {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
  };
  const auto take_next = [&](std::size_t i) {
    std::optional<Result> result;
    {
      std::unique_lock lock(mutex);
      std::optional<Result>& slot = window[i % window.size()];
      changed.wait(lock, [&] { return slot.has_value(); });
      result = std::exchange(slot, std::nullopt);
      ++taken;
    }
    changed.notify_all();
    return take(i, std::move(*result));
  };

  std::vector<std::jthread> threads;  // joined on every way out
  try {
    for (std::size_t i = 0; i < jobs && i < count; ++i) threads.emplace_back(run);
    for (std::size_t i = 0; i < count && take_next(i); ++i) {
    }
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

}  // namespace roofline
