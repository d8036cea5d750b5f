// Owns what it takes to convert elements from one type to another.
// Refuses to know where conversions are needed.
#include "conversions.hpp"

#include <algorithm>
#include <array>

namespace roofline::plan {
namespace {

using ir::DType;

enum class Family : std::uint8_t { kFloat, kFloat8, kInteger };

Family family(DType dtype) {
  if (!ir::is_float(dtype)) return Family::kInteger;
  return ir::bits(dtype) >= 16 ? Family::kFloat : Family::kFloat8;
}

/// What is done to each element, by the definitions of Cast, QuantizeLinear and DequantizeLinear.
struct Conversion {
  Family from;
  Family to;
  std::int64_t arithmetic;
  std::string_view op;
};
constexpr std::array kConversions = {
    // One instruction that widens or rounds.
    Conversion{Family::kFloat, Family::kFloat, 1, "Cast"},
    // Scale, convert: 8-bit floats have one scale for a whole tensor.
    Conversion{Family::kFloat, Family::kFloat8, 2, "QuantizeLinear"},
    Conversion{Family::kFloat8, Family::kFloat, 2, "DequantizeLinear"},
    Conversion{Family::kFloat8, Family::kFloat8, 2, "QuantizeLinear"},
    // Scale, round, add the zero point, clamp.
    Conversion{Family::kFloat, Family::kInteger, 4, "QuantizeLinear"},
    Conversion{Family::kFloat8, Family::kInteger, 4, "QuantizeLinear"},
    Conversion{Family::kInteger, Family::kInteger, 4, "QuantizeLinear"},
    // Subtract the zero point, scale.
    Conversion{Family::kInteger, Family::kFloat, 2, "DequantizeLinear"},
    Conversion{Family::kInteger, Family::kFloat8, 2, "DequantizeLinear"},
};

const Conversion& between(DType from, DType to) {
  return *std::find_if(kConversions.begin(), kConversions.end(), [&](const Conversion& c) {
    return c.from == family(from) && c.to == family(to);
  });
}

}  // namespace

std::int64_t conversion_cost(DType from, DType to) {
  return from == to ? 0 : between(from, to).arithmetic;
}

Step conversion(const Draft& draft, const PrecisionRules& precision, const Plan& plan,
                BufferId from, BufferId to, Count elements) {
  const Buffer& source = plan.buffers[static_cast<std::size_t>(from)];
  const Buffer& target = plan.buffers[static_cast<std::size_t>(to)];
  const Conversion& how = between(source.dtype, target.dtype);
  const bool casts = how.op == "Cast";
  Step step;
  step.kind = StepKind::kConvert;
  step.cls = casts ? ops::OpClass::kMovement : ops::OpClass::kQuantize;
  step.work.arithmetic = how.arithmetic * elements;
  step.kernel.op = how.op;
  step.kernel.kind = casts ? "move" : "quantize";
  step.kernel.work = step.kernel.results = elements.as_double();
  const auto& shape = draft.type(source.tensor).shape;
  if (shape && ir::is_known(*shape) && !shape->empty()) {
    step.kernel.extents[0] = std::max(1.0, static_cast<double>(shape->back()));
  }
  step.accesses = {{from, false, ir::bytes(source.dtype, elements)},
                   {to, true, ir::bytes(target.dtype, elements)}};
  step.complete = source.bytes.has_value();
  // Arithmetic is that of the wider type: 8-bit units do not round floats.
  const bool widens = ir::bits(target.dtype) > ir::bits(source.dtype);
  const auto computed = hardware::precision_of(widens ? target.dtype : source.dtype);
  if (computed) precision.reassign_unit(*computed, step);
  step.reasons = {"converts " + std::string(ir::name(source.dtype)) + " to " +
                  std::string(ir::name(target.dtype))};
  return step;
}

}  // namespace roofline::plan
