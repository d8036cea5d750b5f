// Before: convolutions gather their operand as they go. After: a kernel in front of each writes the
// matrix of all patches, and the convolution is a product with that matrix, taps on padding
// included. Conditions: of a 1x1 kernel of stride 1 without padding, the operand is that matrix;
// ONNX Runtime's plain convolutions gather in their kernel, and are timed with it. It does not
// model: parts of the matrix at a time (chunks that stay in a cache).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "contractions.hpp"
#include "roofline/base/units.hpp"

namespace roofline::plan {
namespace {

class Im2Col {
 public:
  Im2Col(PlanChange& change, Outcome& outcome)
      : draft_(change.draft), rules_(change.precision), plan_(change.plan), outcome_(outcome) {}

  /// The step that gathers in front of `step`; nullopt where that is refused.
  std::optional<Step> lower(Step& step) {
    const std::string why = no_lowering(step);
    if (!why.empty()) {
      outcome_.refused.push_back(finding(draft_, step, why));
      return std::nullopt;
    }
    const ops::Contraction& c = *step.work.contraction;
    BufferAccess& operand = *first_operand(step);
    const Buffer source = plan_.buffers[static_cast<std::size_t>(operand.buffer)];
    const Count elements = Count(c.batch) * c.m * c.k;
    const Count bytes = ir::bytes(source.dtype, elements);
    const auto matrix = static_cast<BufferId>(plan_.buffers.size());
    plan_.buffers.push_back({.tensor = source.tensor, .dtype = source.dtype, .bytes = bytes});
    Step gather;
    gather.kind = StepKind::kReorder;
    gather.cls = ops::OpClass::kMovement;
    gather.repeat = step.repeat;
    gather.kernel.op = "Im2Col";
    gather.kernel.kind = "move";
    gather.kernel.work = gather.kernel.results = elements.as_double();
    gather.kernel.extents[0] = static_cast<double>(c.kernel.back());  // neighbours in a row
    gather.accesses = {operand, {matrix, true, bytes}};
    const auto computed = hardware::precision_of(source.dtype);
    if (computed) rules_.reassign_unit(*computed, gather);
    operand = {matrix, false, bytes};
    multiply(step);
    outcome_.changed.push_back(finding(
        draft_, step,
        fmt::format("{} more written and read", format_quantity(bytes.as_double(), Unit::kByte))));
    return gather;
  }

 private:
  [[nodiscard]] std::string no_lowering(Step& step) const {
    const ops::Contraction& c = *step.work.contraction;
    if (c.kernel.empty()) return "no window";
    if (step.algorithm) return fmt::format("runs by {} already", step.algorithm->name);
    const bool gathers =
        plan_.runtime.starts_with("onnxruntime") && step.kernel.kind.starts_with("im2col");
    if (gathers) return "the runtime's kernel gathers already, and is timed with it";
    if (step.kernel.kind == "conv.transposed") return "a transposed convolution";
    if (all_one(c.kernel) && all_one(c.stride) && c.valid_macs == step.work.macs) {
      return "1x1 of stride 1: its operand is the matrix";
    }
    return first_operand(step) == step.accesses.end() ? "reads no activation" : "";
  }

  [[nodiscard]] std::vector<BufferAccess>::iterator first_operand(Step& step) const {
    return std::find_if(step.accesses.begin(), step.accesses.end(), [&](const BufferAccess& a) {
      return !a.is_write && !plan_.buffers[static_cast<std::size_t>(a.buffer)].is_weight;
    });
  }

  /// What remains is a matrix product; of several groups, one for each.
  static void multiply(Step& step) {
    const ops::Contraction& c = *step.work.contraction;
    const double flops = 2 * step.work.macs.as_double();
    step.algorithm = Algorithm{.name = "im2col", .flops = flops, .contraction = nullptr};
    step.kernel.kind = "gemm";
    step.kernel.work = flops;
    step.kernel.calls = static_cast<double>(c.batch);
    step.kernel.extents = {static_cast<double>(c.k), static_cast<double>(c.n),
                           static_cast<double>(c.m)};
    step.reasons.emplace_back("explicit im2col");
  }

  const Draft& draft_;
  const PrecisionRules& rules_;
  Plan& plan_;
  Outcome& outcome_;
};

void apply_explicit_im2col(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  Im2Col pass(change, outcome);
  std::map<const Step*, Step> gathers;  ///< by the product that each comes before
  for_each_product(change, scenario, outcome, Products::kConvolutions, [&](Step& step) {
    if (std::optional<Step> gather = pass.lower(step)) gathers.emplace(&step, std::move(*gather));
  });
  std::vector<Step> steps;
  steps.reserve(change.plan.steps.size() + gathers.size());
  for (Step& step : change.plan.steps) {
    if (const auto it = gathers.find(&step); it != gathers.end()) {
      steps.push_back(std::move(it->second));
    }
    steps.push_back(std::move(step));
  }
  change.plan.steps = std::move(steps);
}

}  // namespace

const PlanScenario kIm2Col{{"im2col", "lower convolutions to matrix products on an explicit matrix",
                            infer::kSelectionArguments},
                           apply_explicit_im2col};

}  // namespace roofline::plan
