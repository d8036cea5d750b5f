#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "roofline/ir/graph.hpp"
#include "roofline/ops/op_spec.hpp"

// One row of an operator's test table: a node in, its types and costs out.
// Write counts as the arithmetic they come from: 2 * 1 * 64 * 112 * 112 * 3 * 7 * 7.
namespace roofline::test {

using ir::DType;

inline constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kUnknown = ir::kUnknownElement;
inline const std::string kMs = "com.microsoft";

inline constexpr std::int64_t kAny = ir::kUnknownDim;
inline constexpr DType kF16 = DType::kFloat16;
inline constexpr DType kI32 = DType::kInt32;
inline constexpr DType kI64 = DType::kInt64;
inline constexpr DType kI8 = DType::kInt8;
inline constexpr DType kText = DType::kString;
inline constexpr DType kU8 = DType::kUint8;

struct Operand {
  bool present = true;
  ir::TensorType type = {};
};
inline const Operand kOmitted = {.present = false};
/// A tensor of float32 (or `dtype`) whose elements are not known.
Operand t(ir::Shape shape, DType dtype = DType::kFloat32);
/// A tensor of which not even the rank is known.
Operand unranked(DType dtype = DType::kFloat32);
/// A 1-D tensor of known integers.
Operand ints(std::vector<std::int64_t> values, DType dtype = DType::kInt64);
/// A rank-0 tensor of a known integer.
Operand scalar(std::int64_t value, DType dtype = DType::kInt64);
/// A 1-D tensor of known floats.
Operand floats(std::vector<double> values, DType dtype = DType::kFloat32);
/// A tensor of `shape`, with unknown sizes that are at most those of `bound`.
Operand bounded(ir::Shape shape, ir::Shape bound, DType dtype = DType::kFloat32);
/// A sequence of these elements; one without elements holds `dtype`.
Operand sequence(std::vector<Operand> each, DType dtype = DType::kFloat32);
/// A sequence of which only that is known which its elements share, and maybe their number.
Operand sequence_like(const Operand& common, std::optional<std::int64_t> length = std::nullopt);
/// A sequence or optional of which only the element's dtype is known.
Operand opaque(ir::ValueKind kind, DType dtype = DType::kFloat32);
/// An optional that holds this element, or none.
Operand optional(const Operand& held);
Operand nothing();

struct OpCase {
  std::string type;
  int opset = 17;
  std::string domain = {};
  std::vector<Operand> inputs;
  std::vector<ir::Attribute> attributes = {};
  /// Expected types; an expected value, if set, must match as well. Where an input or output has an
  /// unknown size, only types are checked.
  std::vector<Operand> outputs;
  std::int64_t macs = 0;
  std::int64_t arithmetic = 0;
  std::int64_t transcendentals = 0;
  std::int64_t bytes_read = 0;
  std::int64_t bytes_written = 0;
  std::string error = {};   ///< expected RuleError message; then nothing else is checked
  std::string note = {};    ///< why the expectation is what it is, when not obvious
  bool types_only = false;  ///< costs are another case's business
  /// For results that depend on data: the shapes that value_info declares, used to check costs.
  std::vector<Operand> declared = {};
};

/// What a failing case is called; without it the test framework prints raw bytes.
inline std::ostream& operator<<(std::ostream& out, const OpCase& c) {
  return out << c.domain << (c.domain.empty() ? "" : ".") << c.type << " at opset " << c.opset;
}

/// Called once per family file at static-initialisation time.
bool add_cases(std::vector<OpCase> cases);
const std::vector<OpCase>& all_cases();

}  // namespace roofline::test
