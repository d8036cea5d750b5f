// Owns the loops that are timed on AArch64, and the answer to processors without any.
// Refuses to leave them to the compiler: what is timed is the instruction that is named.
#ifndef __x86_64__
#include "host_kernels.hpp"
#include "roofline/base/diagnostic.hpp"

#ifdef __aarch64__
#include <sys/auxv.h>

namespace roofline::calibrate {
namespace {

using hardware::Precision;

#define ROOFLINE_CLOBBERS                                                                          \
  "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", \
      "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25",   \
      "v26"
#define ROOFLINE_16 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"

// Inline assembly takes literals only, hence the macros. `step` accumulates in register \i, for
// \i = 0 to 23: more than latency x units of any known core. 24 and 25 hold the operands.
#define ROOFLINE_ARITHMETIC(name, step)                                 \
  void name(const void* operands, std::uint64_t repetitions) {          \
    asm volatile(                                                       \
        "ldr q24, [%1]\n\tldr q25, [%1, #64]\n"                         \
        "1:\n\t.irp i," ROOFLINE_16 ",16,17,18,19,20,21,22,23\n\t" step \
        "\n\t.endr\n\tsubs %0, %0, #1\n\tb.ne 1b"                       \
        : "+r"(repetitions)                                             \
        : "r"(operands)                                                 \
        : ROOFLINE_CLOBBERS);                                           \
  }
constexpr double kSteps = 24;

ROOFLINE_ARITHMETIC(fp64, "fmla v\\i\\().2d, v24.2d, v25.2d")
ROOFLINE_ARITHMETIC(fp32, "fmla v\\i\\().4s, v24.4s, v25.4s")
// As numbers, since assemblers know these two only when told so, each in its own way:
// fmla v\i.8h, v24.8h, v25.8h and sdot v\i.4s, v24.16b, v25.16b.
ROOFLINE_ARITHMETIC(fp16, ".inst 0x4e590f00+\\i")
ROOFLINE_ARITHMETIC(dot, ".inst 0x4e999700+\\i")
/// Without dot products: 16 products in two halves, summed in pairs.
ROOFLINE_ARITHMETIC(int8,
                    "smull v26.8h, v24.8b, v25.8b\n\tsmlal2 v26.8h, v24.16b, v25.16b\n\t"
                    "sadalp v\\i\\().4s, v26.8h")

// `step` moves vector \i of the blocks of 512 bytes at %0 (read) and %1 (written), in pairs.
#define ROOFLINE_SWEEP(name, step)                                                            \
  void name(const std::byte* from, std::byte* to, std::size_t bytes) {                        \
    const std::byte* const last = from + bytes;                                               \
    asm volatile("1:\n\t.irp i," ROOFLINE_16 "\n\t" step                                      \
                 "\n\t.endr\n\tadd %0, %0, #512\n\tadd %1, %1, #512\n\tcmp %0, %2\n\tb.lo 1b" \
                 : "+r"(from), "+r"(to)                                                       \
                 : "r"(last)                                                                  \
                 : ROOFLINE_CLOBBERS);                                                        \
  }
ROOFLINE_SWEEP(read_block, "ldp q0, q1, [%0, #\\i*32]")
ROOFLINE_SWEEP(write_block, "stp q0, q1, [%1, #\\i*32]")
ROOFLINE_SWEEP(copy_block, "ldp q0, q1, [%0, #\\i*32]\n\tstp q0, q1, [%1, #\\i*32]")

// Linux's numbers for the features that are asked for; older headers lack the names.
constexpr unsigned long kHalfPrecision = 1UL << 10U;
constexpr unsigned long kDotProduct = 1UL << 20U;

}  // namespace

InstructionSet detect_instruction_set() {
  const unsigned long features = getauxval(AT_HWCAP);
  InstructionSet set = {"neon", 128, {}, read_block, write_block, copy_block};
  set.arithmetic = {{Precision::kFp64, "fmla 2d", kSteps * 4, fp64},
                    {Precision::kFp32, "fmla 4s", kSteps * 8, fp32}};
  if ((features & kHalfPrecision) != 0) {
    set.arithmetic.push_back({Precision::kFp16, "fmla 8h", kSteps * 16, fp16});
  }
  if ((features & kDotProduct) != 0) {
    set.arithmetic.push_back({Precision::kInt8, "sdot 16b", kSteps * 32, dot});
  } else {
    set.arithmetic.push_back({Precision::kInt8, "smull, smlal2, sadalp", kSteps * 32, int8});
  }
  return set;
}

void run_chain(std::uint64_t repetitions) {
  std::uint64_t value = 1;
  asm volatile("1:\n\t.rept 16\n\tadd %1, %1, %2\n\t.endr\n\tsubs %0, %0, #1\n\tb.ne 1b"
               : "+r"(repetitions), "+r"(value)
               : "r"(value)
               : "cc");
}

}  // namespace roofline::calibrate

#else

namespace roofline::calibrate {

InstructionSet detect_instruction_set() {
  throw Error("unsupported-host", "", "this processor is neither x86-64 nor AArch64",
              "write a profile by hand, see docs/hardware_profiles.md");
}

void run_chain(std::uint64_t /*repetitions*/) {}

}  // namespace roofline::calibrate
#endif
#endif
