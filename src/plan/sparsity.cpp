// Before: products multiply by every weight. After, for 2:4 (two of four neighbours along k are
// zero): units that skip these zeros execute half of the FLOPs and read half of the weights and
// their positions. For a share of zeros anywhere (0.9): nothing, since dense kernels multiply by
// zeros as well; with format=bitmap, kept weights and a bit for each position are read.
// Conditions of 2:4: constant weights, k a multiple of four times the unit's alignment, a matrix
// unit whose architecture has the sparse rate, in fp16, bf16, tf32, fp8 or int8.
// It does not model: accuracy, kernels that reach less than twice their dense rate.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "contractions.hpp"
#include "roofline/base/text.hpp"

namespace roofline::plan {
namespace {

using hardware::Precision;

constexpr std::array kSparsityArguments = infer::with_selection(
    ScenarioArgument{"", "PATTERN", "2:4, or a share of zeros as 0.9", false, true},
    ScenarioArgument{"format", "bitmap", "weights are stored as a bitmap and what is not zero"});

// NVIDIA A100 Tensor Core GPU Architecture, white paper, 2020, "Fine-Grained Structured Sparsity":
// twice the dense rate in TF32, FP16, BF16, INT8; profiles hold dense peaks. The same in the white
// papers of the Ada and Hopper architectures, FP8 included.
constexpr std::array<std::string_view, 4> kSparseArchitectures = {"ampere", "ada", "hopper",
                                                                  "blackwell"};
constexpr std::array kSparsePrecisions = {Precision::kTf32, Precision::kFp16, Precision::kBf16,
                                          Precision::kFp8, Precision::kInt8};
constexpr std::int64_t kNeighbours = 4;
constexpr int kPositionBits = 2;  ///< of each kept element: its place among four. Same paper.

class Sparsity {
 public:
  Sparsity(PlanChange& change, const Scenario& scenario, Outcome& outcome)
      : draft_(change.draft),
        profile_(change.profile),
        plan_(change.plan),
        outcome_(outcome),
        structured_(*scenario.one("") == "2:4"),
        bitmap_(scenario.has("format")),
        zeros_(structured_ ? 0.5 : scenario.number("", 0, 0, 1)),
        forms_(plan_) {
    constexpr std::array<std::string_view, 1> kFormats = {"bitmap"};
    if (bitmap_) (void)scenario.choice("format", "bitmap", kFormats);
    if (structured_ && bitmap_) fail_scenario(scenario, "stores 2:4 in a format of its own");
    outcome_.warnings.emplace_back("weights have to be pruned, and mostly trained on, for it");
    if (bitmap_) {
      outcome_.warnings.push_back(plan_.runtime +
                                  " needs kernels that read weights as bitmaps: few exist");
    }
  }

  void apply(Step& step) {
    const std::vector<std::size_t> matrices = weight_matrices(draft_, plan_, step);
    if (matrices.empty()) return refuse(step, "multiplies by no constant weights");
    for (const std::size_t i : matrices) {
      const BufferId b = step.accesses[i].buffer;
      if (ir::bits(plan_.buffers[static_cast<std::size_t>(b)].dtype) == 0) {
        return refuse(step, "weights are packed already");
      }
    }
    if (structured_) return skip(step, matrices);
    if (bitmap_) return compress(step, matrices);
    refuse(step,
           "dense kernels multiply by zeros as well: no time is gained; format=bitmap prices "
           "weights that are read compressed");
  }

 private:
  void refuse(const Step& step, std::string why) {
    outcome_.refused.push_back(finding(draft_, step, std::move(why)));
  }

  /// Why the step's unit has no sparse rate for it; empty where it has.
  [[nodiscard]] std::string no_rate(const Step& step) const {
    constexpr std::string_view kStored = ": zeros are not skipped, only stored bytes could shrink";
    if (!is_one_of(kSparseArchitectures, profile_.architecture)) {
      return fmt::format("{} has no unit with a sparse rate{}", profile_.id, kStored);
    }
    if (step.unit < 0 || !step.precision) return "no unit runs it";
    const hardware::ComputeUnit& unit = profile_.units[static_cast<std::size_t>(step.unit)];
    if (unit.kind != hardware::UnitKind::kMatrix) {
      return fmt::format("runs on {} in {}{}", unit.name, hardware::precision_name(*step.precision),
                         kStored);
    }
    if (!is_one_of(kSparsePrecisions, *step.precision)) {
      return fmt::format("{} has no sparse rate in {}", unit.name,
                         hardware::precision_name(*step.precision));
    }
    const std::int64_t multiple = kNeighbours * unit.peaks.at(*step.precision).alignment;
    const std::int64_t k = executed_contraction(step).k;
    if (k % multiple != 0) return fmt::format("k = {} is no multiple of {}", k, multiple);
    if (step.algorithm && step.algorithm->name.starts_with("Winograd")) {
      return "transformed weights have no zeros";
    }
    return {};
  }

  void skip(Step& step, const std::vector<std::size_t>& matrices) {
    if (std::string why = no_rate(step); !why.empty()) return refuse(step, std::move(why));
    ops::Contraction half = executed_contraction(step);
    half.k /= 2;
    scale_product(0.5, std::move(half), "2:4 sparsity", step);
    for (const std::size_t i : matrices) store(step.accesses[i], kPositionBits);
    outcome_.changed.push_back(finding(draft_, step, "half of the multiplications"));
  }

  void compress(Step& step, const std::vector<std::size_t>& matrices) {
    const int bits = ir::bits(
        plan_.buffers[static_cast<std::size_t>(step.accesses[matrices.front()].buffer)].dtype);
    const double stored = (1 - zeros_) * bits + 1;
    if (stored >= bits) {
      return refuse(step, fmt::format("{:.1f} bits for each weight of {}: positions cost more than "
                                      "zeros save",
                                      stored, bits));
    }
    for (const std::size_t i : matrices) {
      // Each position is tested once.
      const Count elements = elements_of(plan_, step.accesses[i]);
      step.work.arithmetic += elements;
      step.kernel.beside_flops += elements.as_double();
      store(step.accesses[i], 0);
    }
    outcome_.changed.push_back(
        finding(draft_, step, fmt::format("{:.1f} bits read for each weight of {}", stored, bits)));
  }

  /// Kept elements with so many bits of position each, else a bit for every element.
  void store(BufferAccess& access, int position_bits) {
    const Buffer buffer = plan_.buffers[static_cast<std::size_t>(access.buffer)];
    const double all_bits = ir::bits(buffer.dtype);
    const double kept = 1 - zeros_;
    const double share =
        position_bits > 0 ? kept * (1 + position_bits / all_bits) : kept + 1 / all_bits;
    const auto scaled = [share](Count bytes) {
      return Count(static_cast<std::int64_t>(std::ceil(bytes.as_double() * share)));
    };
    std::optional<Count> whole = buffer.bytes;
    if (whole) whole = scaled(*whole);
    access.buffer = forms_.form(access.buffer, buffer.dtype, whole);
    access.bytes = scaled(access.bytes);
  }

  const Draft& draft_;
  const hardware::Profile& profile_;
  Plan& plan_;
  Outcome& outcome_;
  bool structured_;
  bool bitmap_;
  double zeros_;
  BufferForms forms_;
};

void apply_sparsity(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  Sparsity pass(change, scenario, outcome);
  for_each_product(change, scenario, outcome, Products::kAll,
                   [&](Step& step) { pass.apply(step); });
}

}  // namespace

const PlanScenario kSparsity{{.name = "sparsity",
                              .summary = "zeros in the weights, in a pattern or anywhere",
                              .arguments = kSparsityArguments,
                              .changes_results = true,
                              .needs_training = true},
                             apply_sparsity};

}  // namespace roofline::plan
