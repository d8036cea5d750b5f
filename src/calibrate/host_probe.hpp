#pragma once
#include <cstddef>
#include <functional>
#include <span>

#include "host_kernels.hpp"

namespace roofline::calibrate {

/// Whole pages; until touched, all of them are the same one of zeros.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&&) = delete;
  [[nodiscard]] std::byte* data() const { return data_; }
  /// Gives every page memory of its own, near the core that runs this.
  void touch() const;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Something that is timed: runs once and returns the work that this was (FLOPs, bytes, cycles).
using Work = std::function<double()>;

/// Runs `body` on a thread bound to a processor and waits for it.
void on_processor(int processor, const std::function<void()>& body);

/// Best rate of several timed runs in about `seconds`, on the calling thread; one run goes first.
[[nodiscard]] double best_rate(const Work& work, double seconds);

/// Work per second of one thread on each processor, all at the same time for about `seconds`.
/// `make(i)` is called on the i-th thread, before any is timed.
[[nodiscard]] double joint_rate(std::span<const int> processors, double seconds,
                                const std::function<Work(std::size_t)>& make);

/// Work of one run: about a tenth of a millisecond of arithmetic.
[[nodiscard]] Work arithmetic_work(const ArithmeticKernel& kernel);
[[nodiscard]] Work chain_work();
/// Sweeps over the first `bytes` of `buffer`, as often as gives runs that a clock can time; for a
/// copy from their first to their second half. The work is bytes read and written.
[[nodiscard]] Work sweep_work(Sweep sweep, bool copies, const Buffer& buffer, std::size_t bytes);

}  // namespace roofline::calibrate
