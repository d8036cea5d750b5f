// Owns the loops that are timed on x86-64: arithmetic on registers, sweeps through memory, a chain.
// Refuses to leave them to the compiler: what is timed is the instruction that is named.
#ifdef __x86_64__
#include <cpuid.h>

#include "host_kernels.hpp"

namespace roofline::calibrate {
namespace {

using hardware::Precision;

// Inline assembly takes literals only, hence the macros. `step` accumulates in register \i, for
// \i = 0 to 11: more than latency x units of any known core. Registers 12 and 13 hold the operands,
// 14 is scratch.
#define ROOFLINE_ARITHMETIC(name, load, reg, step, end)                                            \
  void name(const void* operands, std::uint64_t repetitions) {                                     \
    asm volatile(load " (%1), %%" reg "12\n\t" load " 64(%1), %%" reg                              \
                      "13\n"                                                                       \
                      "1:\n\t.irp i,0,1,2,3,4,5,6,7,8,9,10,11\n\t" step                            \
                      "\n\t.endr\n\tdec %0\n\tjnz 1b\n\t" end                                      \
                 : "+r"(repetitions)                                                               \
                 : "r"(operands)                                                                   \
                 : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", \
                   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14");                   \
  }
constexpr double kSteps = 12;

ROOFLINE_ARITHMETIC(fp32_512, "vmovups", "zmm", "vfmadd231ps %%zmm12, %%zmm13, %%zmm\\i",
                    "vzeroupper")
ROOFLINE_ARITHMETIC(fp64_512, "vmovups", "zmm", "vfmadd231pd %%zmm12, %%zmm13, %%zmm\\i",
                    "vzeroupper")
ROOFLINE_ARITHMETIC(dot_512, "vmovups", "zmm", "vpdpbusd %%zmm12, %%zmm13, %%zmm\\i", "vzeroupper")
ROOFLINE_ARITHMETIC(int8_512, "vmovups", "zmm",
                    "vpmaddubsw %%zmm12, %%zmm13, %%zmm14\n\t"
                    "vpmaddwd %%zmm13, %%zmm14, %%zmm14\n\t"
                    "vpaddd %%zmm14, %%zmm\\i, %%zmm\\i",
                    "vzeroupper")
ROOFLINE_ARITHMETIC(fp32_256, "vmovups", "ymm", "vfmadd231ps %%ymm12, %%ymm13, %%ymm\\i",
                    "vzeroupper")
ROOFLINE_ARITHMETIC(fp64_256, "vmovups", "ymm", "vfmadd231pd %%ymm12, %%ymm13, %%ymm\\i",
                    "vzeroupper")
ROOFLINE_ARITHMETIC(dot_256, "vmovups", "ymm", "%{vex%} vpdpbusd %%ymm12, %%ymm13, %%ymm\\i",
                    "vzeroupper")
ROOFLINE_ARITHMETIC(int8_256, "vmovups", "ymm",
                    "vpmaddubsw %%ymm12, %%ymm13, %%ymm14\n\t"
                    "vpmaddwd %%ymm13, %%ymm14, %%ymm14\n\t"
                    "vpaddd %%ymm14, %%ymm\\i, %%ymm\\i",
                    "vzeroupper")
ROOFLINE_ARITHMETIC(fp32_128, "movups", "xmm",
                    "movaps %%xmm12, %%xmm14\n\tmulps %%xmm13, %%xmm14\n\taddps %%xmm14, %%xmm\\i",
                    "")
ROOFLINE_ARITHMETIC(fp64_128, "movups", "xmm",
                    "movapd %%xmm12, %%xmm14\n\tmulpd %%xmm13, %%xmm14\n\taddpd %%xmm14, %%xmm\\i",
                    "")

// `step` moves vector \i of the blocks of 512 bytes at %0 (read) and %1 (written).
#define ROOFLINE_SWEEP(name, indices, step, end)                                                   \
  void name(const std::byte* from, std::byte* to, std::size_t bytes) {                             \
    const std::byte* const last = from + bytes;                                                    \
    asm volatile("1:\n\t.irp i," indices "\n\t" step                                               \
                 "\n\t.endr\n\tadd $512, %0\n\tadd $512, %1\n\tcmp %2, %0\n\tjb 1b\n\t" end        \
                 : "+r"(from), "+r"(to)                                                            \
                 : "r"(last)                                                                       \
                 : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", \
                   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");          \
  }
#define ROOFLINE_8 "0,1,2,3,4,5,6,7"
#define ROOFLINE_16 ROOFLINE_8 ",8,9,10,11,12,13,14,15"
#define ROOFLINE_32 ROOFLINE_16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

ROOFLINE_SWEEP(read_512, ROOFLINE_8, "vmovups \\i*64(%0), %%zmm\\i", "vzeroupper")
ROOFLINE_SWEEP(write_512, ROOFLINE_8, "vmovups %%zmm\\i, \\i*64(%1)", "vzeroupper")
ROOFLINE_SWEEP(copy_512, ROOFLINE_8, "vmovups \\i*64(%0), %%zmm0\n\tvmovups %%zmm0, \\i*64(%1)",
               "vzeroupper")
ROOFLINE_SWEEP(read_256, ROOFLINE_16, "vmovups \\i*32(%0), %%ymm\\i", "vzeroupper")
ROOFLINE_SWEEP(write_256, ROOFLINE_16, "vmovups %%ymm\\i, \\i*32(%1)", "vzeroupper")
ROOFLINE_SWEEP(copy_256, ROOFLINE_16, "vmovups \\i*32(%0), %%ymm0\n\tvmovups %%ymm0, \\i*32(%1)",
               "vzeroupper")
ROOFLINE_SWEEP(read_128, ROOFLINE_32, "movups \\i*16(%0), %%xmm0", "")
ROOFLINE_SWEEP(write_128, ROOFLINE_32, "movups %%xmm0, \\i*16(%1)", "")
ROOFLINE_SWEEP(copy_128, ROOFLINE_32, "movups \\i*16(%0), %%xmm0\n\tmovups %%xmm0, \\i*16(%1)", "")

/// VNNI without AVX-512, which the compilers' own detection does not know everywhere.
bool has_avx_vnni() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned kAvxVnni = 1U << 4U;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & kAvxVnni) != 0;
}

InstructionSet avx512() {
  InstructionSet set = {"avx512", 512, {}, read_512, write_512, copy_512};
  set.arithmetic = {{Precision::kFp64, "vfmadd231pd zmm", kSteps * 16, fp64_512},
                    {Precision::kFp32, "vfmadd231ps zmm", kSteps * 32, fp32_512}};
  if (__builtin_cpu_supports("avx512vnni") != 0) {
    set.arithmetic.push_back({Precision::kInt8, "vpdpbusd zmm", kSteps * 128, dot_512});
  } else if (__builtin_cpu_supports("avx512bw") != 0) {
    set.arithmetic.push_back({Precision::kInt8, "vpmaddubsw zmm", kSteps * 128, int8_512});
  }
  return set;
}

InstructionSet avx2() {
  InstructionSet set = {"avx2", 256, {}, read_256, write_256, copy_256};
  set.arithmetic = {{Precision::kFp64, "vfmadd231pd ymm", kSteps * 8, fp64_256},
                    {Precision::kFp32, "vfmadd231ps ymm", kSteps * 16, fp32_256}};
  if (has_avx_vnni()) {
    set.arithmetic.push_back({Precision::kInt8, "vpdpbusd ymm", kSteps * 64, dot_256});
  } else {
    set.arithmetic.push_back({Precision::kInt8, "vpmaddubsw ymm", kSteps * 64, int8_256});
  }
  return set;
}

}  // namespace

InstructionSet detect_instruction_set() {
  if (__builtin_cpu_supports("avx512f") != 0) return avx512();
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) return avx2();
  return {"sse2",
          128,
          {{Precision::kFp64, "mulpd and addpd", kSteps * 4, fp64_128},
           {Precision::kFp32, "mulps and addps", kSteps * 8, fp32_128}},
          read_128,
          write_128,
          copy_128};
}

void run_chain(std::uint64_t repetitions) {
  std::uint64_t value = 1;
  // Not an addition of a constant: some cores do those without the arithmetic unit.
  asm volatile("1:\n\t.rept 16\n\tadd %2, %1\n\t.endr\n\tdec %0\n\tjnz 1b"
               : "+r"(repetitions), "+r"(value)
               : "r"(value)
               : "cc");
}

}  // namespace roofline::calibrate
#endif
