#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/units.hpp"
#include "roofline/hardware/calibration.hpp"
#include "roofline/ir/dtype.hpp"

namespace roofline::hardware {

/// Arithmetic a compute unit can run. Not a storage type: tf32 computes on fp32 tensors.
enum class Precision : std::uint8_t { kFp64, kFp32, kTf32, kFp16, kBf16, kFp8, kInt8, kInt4 };
inline constexpr int kPrecisions = 8;
[[nodiscard]] std::string_view precision_name(Precision precision);  ///< "fp64", "tf32", ...
[[nodiscard]] std::optional<Precision> precision_from_name(std::string_view name);
/// The precision that computes on tensors of `dtype`: float32 -> fp32, uint8 -> int8, int2 -> int4.
/// Wider integers and bool run at the fp32 rate; complex runs on its parts. float4 -> fp8: 4-bit
/// floats are a storage format on every machine shipped here, so its rate is a lower bound where
/// the arithmetic exists. nullopt for string and undefined: nothing computes on them.
[[nodiscard]] std::optional<Precision> precision_of(ir::DType dtype);
/// Bits of an element stored in this precision (tf32 is stored in 32).
[[nodiscard]] int storage_bits(Precision precision);

/// Source id that marks a number for which no public source was found.
inline constexpr std::string_view kUnsourced = "unsourced";

/// A number of the profile and where it comes from.
struct Fact {
  double value = 0;    ///< SI base unit: FLOP/s, B/s, B, s, Hz, W, or a count or percentage
  std::string source;  ///< id of an entry in Profile::sources
  std::string note = {};
};

enum class UnitKind : std::uint8_t {
  kVector,  ///< lanes: runs every operator
  kMatrix,  ///< Tensor Cores and the like: runs contractions only
};

struct PeakRate {
  Fact flops_per_s;              ///< dense peak; 1 MAC = 2
  std::optional<Fact> measured;  ///< best rate seen on this machine
  int alignment = 1;             ///< k and n of a contraction must be multiples of this to use it
  std::string alignment_source = {};  ///< empty when no alignment is given
};

struct ComputeUnit {
  std::string name;  ///< "cuda", "tensor", "neon"
  UnitKind kind = UnitKind::kVector;
  std::map<Precision, PeakRate> peaks;
};

/// Bandwidth of one core that goes round a working set of this size.
struct BandwidthPoint {
  double bytes = 0;
  double read_bytes_per_s = 0;
  double write_bytes_per_s = 0;
};

/// One level of memory, nearest to the units first; the last one is main memory.
struct MemoryLevel {
  std::string name;  ///< "l2", "dram"
  std::optional<Fact> capacity_bytes;
  std::optional<Fact> bytes_per_s;  ///< theoretical
  std::optional<Fact> measured_bytes_per_s;
  std::optional<Fact> core_bytes_per_s;  ///< what one core alone reaches
  std::optional<Fact> power_w = {};      ///< that it draws at its full bandwidth
  bool shared = true;                    ///< false: every core has its own
};

/// One machine, all rates in SI units per second.
struct Profile {
  std::string id;
  std::string name;
  std::string kind;  ///< "gpu", "cpu" or "npu"
  std::string path;  ///< file it was read from
  /// SHA-256 of the resolved numbers and calibrations, without id, names of the machine, sources,
  /// notes and layout of the file: equal digests give equal results, where no default calibration
  /// is used.
  std::string digest;
  std::vector<ComputeUnit> units;
  std::vector<MemoryLevel> memory;
  /// Measured by `calibrate host`, by rising working set; empty: levels' bandwidths are used.
  std::vector<BandwidthPoint> bandwidth_curve;
  std::string bandwidth_curve_source;
  Fact launch_overhead_s;     ///< per executed step
  Fact run_overhead_s;        ///< per inference
  std::optional<Fact> cores;  ///< CPU cores or GPU SMs
  std::optional<Fact> clock_hz;
  std::optional<Fact> vector_bits;       ///< widest vector register of a CPU
  std::string architecture;              ///< "volta", "ampere", "zen5", ...; empty when not given
  std::optional<Fact> link_bytes_per_s;  ///< host link, e.g. PCIe, one direction
  std::optional<Fact> tdp_w;
  /// Of switching logic, in percent of that on TSMC's 16 nm FinFET process at the same clock.
  std::optional<Fact> logic_energy_percent = {};
  std::vector<Calibration> calibrations;
  std::map<std::string, std::string> sources;  ///< id -> citation

  [[nodiscard]] const MemoryLevel& dram() const { return memory.back(); }
};

/// A fact with its place in the profile, e.g. "units.tensor.fp16.peak".
struct NamedFact {
  std::string name;
  Fact fact;
  std::optional<Unit> unit;  ///< nullopt for a plain count
};
/// Every number of the profile, in a fixed order: for `hardware show` and `hardware check`.
[[nodiscard]] std::vector<NamedFact> facts(const Profile& profile);

/// Which number of a Fact pair a roof is made of.
enum class Roof : std::uint8_t { kDatasheet, kMeasured };

/// Bytes/s of a level: the number of `roof` where it is known, else the other one; nullopt when
/// neither is.
[[nodiscard]] std::optional<double> bandwidth(const MemoryLevel& level, Roof roof);

/// Reads and validates one profile file (with its `extends` chain, looked up beside it and in
/// `search_path`). Throws Error with file:line:column.
[[nodiscard]] Profile load_file(const std::string& path);
/// A profile from YAML text; `path` is for messages and for `extends`, which looks beside it.
[[nodiscard]] Profile load_text(std::string_view yaml, const std::string& path);

/// True for a file rather than an id: anything that ends in .yaml or contains '/'.
[[nodiscard]] bool is_file(const std::string& id_or_path);
/// Finds `id_or_path` and loads it.
/// Throws Error (kUsage, "unknown-hardware") with "did you mean".
[[nodiscard]] Profile find(const std::string& id_or_path);
/// Directories searched, in order: ROOFLINE_HARDWARE_PATH (colon separated), those beside the
/// program (hardware_profiles/, ../share/onnx-roofline/hardware_profiles/), the install prefix.
[[nodiscard]] std::vector<std::string> search_path();
/// Ids of every profile on the search path, sorted.
[[nodiscard]] std::vector<std::string> list_ids();

/// The parameters for `runtime` on `threads` cores (0: all of them): the profile's own for exactly
/// this runtime and the nearest number of threads, else the default for this runtime that fits the
/// machine most closely, else nullptr. Points into `profile`, or to a default that is never freed.
[[nodiscard]] const Calibration* find_calibration(const Profile& profile,
                                                  const std::string& runtime, int threads);

/// The profile as a file: a fixed order, comments not kept, numbers in full. Reading it back gives
/// the same digest. Throws Error where a calibration's `extends` cannot be found.
[[nodiscard]] std::string to_yaml(const Profile& profile);
[[nodiscard]] std::string to_yaml(const DefaultCalibration& calibration);
/// Writes a file whole, and only when reading it back succeeds. Throws Error "invalid-profile".
void save(const Profile& profile, const std::string& path);
void save(const DefaultCalibration& calibration, const std::string& path);

}  // namespace roofline::hardware
