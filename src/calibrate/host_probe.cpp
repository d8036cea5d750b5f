// Owns the timing of work on bound threads: alone, and on all cores at once.
// Refuses averages where one core is asked for: what disturbs a run only ever makes it slower.
#include "host_probe.hpp"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <thread>
#include <utility>
#include <vector>

namespace roofline::calibrate {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSweptBytes = std::size_t{64} << 20U;  ///< of one run: 0.2 ms at 300 GB/s

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void bind_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(processor), &set);
  // A processor that was taken away meanwhile leaves the thread unbound, and its rate lower.
  (void)sched_setaffinity(0, sizeof(set), &set);
}

}  // namespace

Buffer::Buffer(std::size_t bytes) : size_(bytes) {
  void* const data =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(data);
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

Buffer::~Buffer() {
  if (data_ != nullptr) munmap(data_, size_);
}

void Buffer::touch() const { std::memset(data_, 1, size_); }

void on_processor(int processor, const std::function<void()>& body) {
  std::exception_ptr failure;
  std::thread thread([&] {
    bind_to(processor);
    try {
      body();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (failure) std::rethrow_exception(failure);
}

double best_rate(const Work& work, double seconds) {
  (void)work();
  const Clock::time_point start = Clock::now();
  double best = 0;
  do {
    const Clock::time_point begin = Clock::now();
    const double done = work();
    best = std::max(best, done / seconds_since(begin));
  } while (seconds_since(start) < seconds);
  return best;
}

double joint_rate(std::span<const int> processors, double seconds,
                  const std::function<Work(std::size_t)>& make) {
  std::barrier start(static_cast<std::ptrdiff_t>(processors.size()));
  std::vector<double> rates(processors.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < processors.size(); ++i) {
    threads.emplace_back([&, i] {
      bind_to(processors[i]);
      const Work work = make(i);
      (void)work();
      start.arrive_and_wait();
      const Clock::time_point begin = Clock::now();
      double done = 0;
      double elapsed = 0;
      do {
        done += work();
        elapsed = seconds_since(begin);
      } while (elapsed < seconds);
      rates[i] = done / elapsed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

Work arithmetic_work(const ArithmeticKernel& kernel) {
  return [kernel] {
    // Normal numbers in every precision, and small ones: sums stay finite.
    alignas(64) std::array<float, 32> operands = {};
    operands.fill(1.5F);
    constexpr std::uint64_t kRepetitions = 50000;
    kernel.run(operands.data(), kRepetitions);
    return kernel.flops * static_cast<double>(kRepetitions);
  };
}

Work chain_work() {
  return [] {
    constexpr std::uint64_t kRepetitions = 20000;
    run_chain(kRepetitions);
    return kChainCycles * static_cast<double>(kRepetitions);
  };
}

Work sweep_work(Sweep sweep, bool copies, const Buffer& buffer, std::size_t bytes) {
  const std::size_t half = bytes / 2 / kBlockBytes * kBlockBytes;
  const std::size_t swept = copies ? half : bytes / kBlockBytes * kBlockBytes;
  const std::size_t times = std::max<std::size_t>(kSweptBytes / bytes, 1);
  std::byte* const to = buffer.data() + (copies ? half : 0);
  return [=, from = buffer.data()] {
    for (std::size_t i = 0; i < times; ++i) sweep(from, to, swept);
    return static_cast<double>(times * swept) * (copies ? 2 : 1);
  };
}

}  // namespace roofline::calibrate
