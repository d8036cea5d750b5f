#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "roofline/hardware/profile.hpp"

namespace roofline::calibrate {

/// Independent multiply-accumulates on registers.
struct ArithmeticKernel {
  hardware::Precision precision;
  const char* instruction;  ///< as the manual of the processor calls it
  double flops;             ///< of one repetition
  /// `operands`: 128 bytes.
  void (*run)(const void* operands, std::uint64_t repetitions);
};

/// Goes through `bytes`, a multiple of kBlockBytes, at `from` (read) or `to` (written), or both.
using Sweep = void (*)(const std::byte* from, std::byte* to, std::size_t bytes);

/// What the widest usable instructions of this processor can do.
struct InstructionSet {
  const char* name;  ///< "avx512", "neon"
  int vector_bits;
  std::vector<ArithmeticKernel> arithmetic;
  Sweep read;
  Sweep write;
  Sweep copy;
};
inline constexpr std::size_t kBlockBytes = 512;

/// Throws Error "unsupported-host" on other processors than x86-64 and AArch64.
[[nodiscard]] InstructionSet detect_instruction_set();

/// Instructions of one cycle each, of which every one needs the result of the one before it.
void run_chain(std::uint64_t repetitions);
inline constexpr double kChainCycles = 16;  ///< of one repetition

}  // namespace roofline::calibrate
