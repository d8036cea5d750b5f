// Before: products read weights in the type they compute in. After: constant weights are stored in
// TYPE, with a 16-bit scale for each group of N elements along k (fp16 has none), and unpacked in
// the kernel that multiplies by them; arithmetic stays as it was.
// Conditions: a convolution or matrix product with constant weights of more bits than TYPE.
// It does not model: accuracy, kernels that unpack slower than their vector unit computes, zero
// points (asymmetric formats store a few more bits for each group).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "contractions.hpp"

namespace roofline::plan {
namespace {

struct WeightType {
  std::string_view name;
  int bits;
  ir::DType dtype;
  bool scaled;
  std::int64_t unpacking;  ///< arithmetic for each element, each time it is used
};
// Scale and subtract, as DequantizeLinear is counted; a cast between floats is one.
constexpr std::array kWeightTypes = {
    WeightType{"int8", 8, ir::DType::kInt8, true, 2},
    WeightType{"int4", 4, ir::DType::kInt4, true, 2},
    WeightType{"int2", 2, ir::DType::kInt2, true, 2},
    // ONNX has no type of one bit.
    WeightType{"int1", 1, ir::DType::kUndefined, true, 2},
    WeightType{"fp16", 16, ir::DType::kFloat16, false, 1},
    WeightType{"fp8", 8, ir::DType::kFloat8E4M3FN, true, 2},
};
constexpr int kScaleBits = 16;
constexpr std::int64_t kGroup = 128;

constexpr std::array kWeightOnlyArguments = infer::with_selection(
    ScenarioArgument{"", "TYPE", "int8, int4, int2, int1, fp16 or fp8", false, true},
    ScenarioArgument{"group", "N", "elements along k that share a scale; 128 by default"});

const WeightType& type_of(const Scenario& scenario) {
  std::array<std::string_view, kWeightTypes.size()> names;
  std::transform(kWeightTypes.begin(), kWeightTypes.end(), names.begin(),
                 [](const auto& t) { return t.name; });
  const std::string name = scenario.choice("", "", names);
  return *std::find_if(kWeightTypes.begin(), kWeightTypes.end(),
                       [&](const auto& t) { return t.name == name; });
}

class WeightOnly {
 public:
  WeightOnly(PlanChange& change, const Scenario& scenario, Outcome& outcome)
      : draft_(change.draft),
        plan_(change.plan),
        outcome_(outcome),
        type_(type_of(scenario)),
        group_(scenario.integer("group", kGroup, 1)),
        forms_(plan_) {}

  void apply(Step& step) {
    const std::vector<std::size_t> matrices = weight_matrices(draft_, plan_, step);
    if (matrices.empty()) return refuse(step, "multiplies by no constant weights");
    std::string what;
    for (const std::size_t i : matrices) {
      const BufferAccess& access = step.accesses[i];
      const Buffer& buffer = plan_.buffers[static_cast<std::size_t>(access.buffer)];
      if (ir::bits(buffer.dtype) <= type_.bits) {
        return refuse(step, fmt::format("weights are {} already", ir::name(buffer.dtype)));
      }
      what = fmt::format("weights {} -> {}", ir::name(buffer.dtype), type_.name);
    }
    for (const std::size_t i : matrices) pack(step.accesses[i], step);
    outcome_.changed.push_back(finding(draft_, step, what));
  }

 private:
  void refuse(const Step& step, std::string why) {
    outcome_.refused.push_back(finding(draft_, step, std::move(why)));
  }

  void pack(BufferAccess& access, Step& step) {
    const Count elements = elements_of(plan_, access);
    const Count bytes = packed(elements, step.work.contraction->k);
    const std::optional<Count>& whole =
        plan_.buffers[static_cast<std::size_t>(access.buffer)].bytes;
    const BufferAccess all = {access.buffer, false, whole.value_or(access.bytes)};
    const Count packed_whole = packed(elements_of(plan_, all), step.work.contraction->k);
    access.buffer = forms_.form(access.buffer, type_.dtype, packed_whole);
    access.bytes = bytes;
    const Count unpacking = type_.unpacking * elements;
    step.work.arithmetic += unpacking;
    step.kernel.beside_flops += unpacking.as_double();
  }

  /// Elements, and a scale for each group of each column of k.
  [[nodiscard]] Count packed(Count elements, std::int64_t k) const {
    const Count bytes = packed_bytes(elements, type_.bits);
    if (!type_.scaled) return bytes;
    const Count columns = ceil_div(elements, std::max<std::int64_t>(k, 1));
    return bytes + packed_bytes(columns * ceil_div(k, group_), kScaleBits);
  }

  const Draft& draft_;
  Plan& plan_;
  Outcome& outcome_;
  const WeightType& type_;
  std::int64_t group_;
  BufferForms forms_;
};

void apply_weight_only(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  WeightOnly pass(change, scenario, outcome);
  for_each_product(change, scenario, outcome, Products::kAll,
                   [&](Step& step) { pass.apply(step); });
}

}  // namespace

const PlanScenario kWeights{{"weights", "store weights in fewer bits and unpack them in the kernel",
                             kWeightOnlyArguments, true},
                            apply_weight_only};

}  // namespace roofline::plan
