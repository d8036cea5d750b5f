#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "roofline/ops/op_context.hpp"
#include "roofline/ops/op_spec.hpp"

// Rule functions that several operator families share.
namespace roofline::ops {

/// A size that may be anything, in shapes that rules are given.
inline constexpr std::int64_t kAny = ir::kUnknownDim;

// --- shapes
/// Result 0 has operand 0's dtype and shape.
void same_as_input(OpContext& ctx);
/// Result 0 broadcasts all operands; its dtype is operand 0's.
void broadcast_inputs(OpContext& ctx);
/// The broadcast shape of all present operands; nullopt when a rank is unknown.
[[nodiscard]] std::optional<ir::Shape> broadcast_shape(const OpContext& ctx);

/// True when both sizes are known and not equal.
[[nodiscard]] constexpr bool sizes_differ(std::int64_t a, std::int64_t b) {
  return a != ir::kUnknownDim && b != ir::kUnknownDim && a != b;
}
/// The known one of two sizes that must be equal.
[[nodiscard]] constexpr std::int64_t known_size(std::int64_t a, std::int64_t b) {
  return a == ir::kUnknownDim ? b : a;
}
/// Throws RuleError "shape-mismatch" / "bad-attribute".
[[noreturn]] void shape_error(const std::string& message, std::string hint = {});
[[noreturn]] void attribute_error(const std::string& message, std::string hint = {});
/// States limits of result i, if it has sizes that depend on data and all limits are known.
void limit_output(OpContext& ctx, int i, ir::Shape limits);
/// Product of sizes; ir::kUnknownDim when one is unknown. Throws OverflowError.
[[nodiscard]] std::int64_t product(std::span<const std::int64_t> sizes);

/// base^exponent. Throws OverflowError.
[[nodiscard]] Count power(std::int64_t base, std::size_t exponent);

// --- work
/// The work of one contraction; `valid_macs` 0 means that every MAC meets real input.
[[nodiscard]] Work contract(Contraction contraction);
/// Scaling an int32 accumulator to the output's scale: multiply, round, add the zero point, clamp
/// (min, max).
inline constexpr int kRequantizeOps = 5;
/// Allowed in the movement classes only (a test lists them).
[[nodiscard]] Work no_work(const OpContext& ctx);
/// `arithmetic` operations and `transcendentals` evaluations per element of result 0.
template <int arithmetic, int transcendentals = 0>
[[nodiscard]] Work per_output(const OpContext& ctx) {
  const Count n = ctx.output_elements();
  return {.arithmetic = n * arithmetic, .transcendentals = n * transcendentals};
}
/// The same per element of operand 0.
template <int arithmetic, int transcendentals = 0>
[[nodiscard]] Work per_input(const OpContext& ctx) {
  const Count n = ctx.elements(0);
  return {.arithmetic = n * arithmetic, .transcendentals = n * transcendentals};
}

/// Smallest power of two that holds n, as its exponent: comparisons of a search among n elements.
[[nodiscard]] constexpr std::int64_t ceil_log2(std::int64_t n) {
  std::int64_t exponent = 0;
  while (exponent < 62 && (std::int64_t{1} << exponent) < n) ++exponent;
  return exponent;
}

// --- accesses
/// Every operand read whole, every result written whole.
[[nodiscard]] AccessList touch_all(const OpContext& ctx);
/// Nothing moves: views and metadata.
[[nodiscard]] AccessList touch_nothing(const OpContext& ctx);
/// Operand 0 and every result whole; further operands are configuration (axes, shapes, pads).
[[nodiscard]] AccessList touch_first(const OpContext& ctx);

/// Operand i whole as roles[i], further operands not at all, and every result whole.
[[nodiscard]] AccessList touch_roles(const OpContext& ctx, std::span<const Role> roles);
template <Role... roles>
[[nodiscard]] AccessList touch_as(const OpContext& ctx) {
  static constexpr Role kRoles[] = {roles...};
  return touch_roles(ctx, kRoles);
}
/// Every result whole: operands are configuration, or lend their shape only.
[[nodiscard]] AccessList touch_results(const OpContext& ctx);

/// Appends operand i, whole, if present.
void read_whole(const OpContext& ctx, int i, Role role, AccessList& list);
/// Appends every result, whole.
void write_all(const OpContext& ctx, AccessList& list);

}  // namespace roofline::ops
