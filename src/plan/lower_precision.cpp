// Before: steps compute in the precision of the model. After: the picked ones compute in TYPE, with
// weights converted ahead of time and activations converted where one type meets another.
// In fp8, int8 and int4 products compute; what only moves or selects elements (movement, pooling,
// Relu and Clip, residual Add) stays in that type between them; all else runs in the fallback: fp16
// where the machine has a peak for it, else fp32. A product converts its own results as it writes
// them: to its type where any reader wants that, else to the type of its readers.
// Conditions: a step on floats of 16 bits or more; a unit with a peak for the precision and, on
// matrix units, channels that are multiples of its alignment. Inputs and outputs keep their type.
// It does not model: accuracy, calibration of scales, scales of single channels of activations,
// kernels other than products that convert what they write.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "channel_padding.hpp"
#include "contractions.hpp"
#include "conversions.hpp"

namespace roofline::plan {
namespace {

using hardware::Precision;
using hardware::precision_name;
using ir::DType;

constexpr std::array kLowerPrecisionArguments = infer::with_selection(
    ScenarioArgument{"", "TYPE", "fp32, tf32, fp16, bf16, fp8, int8 or int4", false, true},
    ScenarioArgument{"pad", "yes|no", "pad channels to the alignment of a matrix unit"});
constexpr std::array<std::string_view, 7> kAskedPrecisions = {"fp32", "tf32", "fp16", "bf16",
                                                              "fp8",  "int8", "int4"};

/// How a step touches floats: as before, all in one type, or (products) results in another one.
struct Choice {
  std::optional<DType> storage = {};  ///< nullopt: as before
  bool narrow = false;
};

class Lowering {
 public:
  Lowering(PlanChange& change, const Scenario& scenario, Outcome& outcome)
      : draft_(change.draft),
        profile_(change.profile),
        rules_(change.precision),
        plan_(change.plan),
        outcome_(outcome),
        selection_(draft_.graph, scenario),
        asked_(*hardware::precision_from_name(scenario.choice("", "", kAskedPrecisions))),
        narrow_(is_narrow(asked_)),
        pads_(scenario.yes("pad")),
        forms_(plan_),
        padding_(draft_, plan_) {
    if (pads_ && rules_.pads_channels()) {
      outcome_.warnings.push_back(plan_.runtime + " pads channels by itself: pad=yes adds nothing");
      pads_ = false;
    }
    if (pads_) rules_.pad_channels();
  }

  void apply() {
    const std::size_t buffers = plan_.buffers.size();
    is_made_.resize(buffers);
    holds_narrow_.resize(buffers);
    holds_wide_.resize(buffers);
    wanted_.resize(buffers);
    written_.resize(plan_.steps.size());
    for (Step& step : plan_.steps) {
      choices_.push_back(choose(step));
      for (const BufferAccess& access : step.accesses) {
        if (!access.is_write) continue;
        is_made_[index(access)] = true;
        const bool narrow = choices_.back().narrow && !buffer(access).is_output;
        (narrow ? holds_narrow_ : holds_wide_)[index(access)] = true;
      }
    }
    find_readers();
    choose_results();
    rebuild();
    for (const auto& [s, alignment] : padded_) {
      Step& step = plan_.steps[s];
      const PaddedChannels channels = padding_.pad(step, alignment, 1);
      if (channels.factor != 1) step.reasons.push_back(describe(channels));
    }
    padding_.apply();
  }

 private:
  // --- which step computes in what

  [[nodiscard]] bool is_wide_float(const BufferAccess& access) const {
    const DType dtype = buffer(access).dtype;
    return ir::is_float(dtype) && ir::bits(dtype) >= 16;
  }

  Choice choose(Step& step) {
    if (step.kind == StepKind::kHost || step.nodes.empty() || !picks(selection_, step)) return {};
    if (!step.precision || !std::any_of(step.accesses.begin(), step.accesses.end(),
                                        [&](const auto& a) { return is_wide_float(a); })) {
      if (!selection_.is_whole()) refuse(step, "computes on no floats");
      return {};
    }
    if (is_narrow(*step.precision)) {
      refuse(step, fmt::format("computes in {} already", precision_name(*step.precision)));
      return {};
    }
    if (!narrow_ || is_product(step)) return compute(step, asked_);
    if (reads_narrow(step) && only_selects(draft_, step)) {
      outcome_.changed.push_back(finding(
          draft_, step,
          fmt::format("{} -> {}", precision_name(*step.precision), precision_name(asked_))));
      rules_.reassign_unit(asked_, step);
      add_rescaling(step);
      // Units without that arithmetic unpack what is stored.
      return {.storage = storage_dtype(asked_), .narrow = true};
    }
    return fall_back(step);
  }

  /// Lets a step compute in a precision, or in the nearest that its machine has.
  Choice compute(Step& step, Precision precision) {
    const Precision before = *step.precision;
    rules_.reassign_unit(precision, step);
    const std::string_view now = precision_name(*step.precision);
    if (*step.precision != precision) {
      refuse(step, fmt::format("runs in {}: {}", now, why_not(step, precision)));
    } else {
      note(step, before, fmt::format("{} -> {}{}", precision_name(before), now, unit_text(step)));
    }
    if (*step.precision == before) return {};  // with what the runtime stores as it likes
    return {.storage = storage_dtype(*step.precision), .narrow = is_narrow(*step.precision)};
  }

  [[nodiscard]] std::string why_not(const Step& step, Precision precision) const {
    if (!has_peak(profile_, precision)) {
      return fmt::format("{} has no peak for {}", profile_.id, precision_name(precision));
    }
    return step.reasons.empty() ? std::string("no unit runs it") : step.reasons.front();
  }

  /// "; on cuda: not on tensor, ..." where a matrix unit is missed.
  [[nodiscard]] static std::string unit_text(const Step& step) {
    for (const std::string& reason : step.reasons) {
      if (reason.starts_with("not on ")) return ", " + reason;
    }
    return {};
  }

  /// What does not compute in narrow types; precisions of 16 bits stay as they are.
  Choice fall_back(Step& step) {
    const Precision wanted =
        has_peak(profile_, Precision::kFp16) ? Precision::kFp16 : Precision::kFp32;
    const Precision before = *step.precision;
    const bool narrower = hardware::storage_bits(wanted) < hardware::storage_bits(before);
    if (narrower) rules_.reassign_unit(wanted, step);
    refuse(step, fmt::format("runs in {}: not a product, and not one that only moves or selects",
                             precision_name(*step.precision)));
    if (!narrower) return {};
    return {.storage = storage_dtype(*step.precision)};
  }

  void refuse(const Step& step, std::string why) {
    outcome_.refused.push_back(finding(draft_, step, std::move(why)));
  }

  void note(const Step& step, Precision before, std::string what) {
    if (before == *step.precision && before == asked_)
      refuse(step, fmt::format("computes in {} already", precision_name(before)));
    else
      outcome_.changed.push_back(finding(draft_, step, std::move(what)));
  }

  [[nodiscard]] bool reads_narrow(const Step& step) const {
    bool any = false;
    for (const BufferAccess& access : step.accesses) {
      if (access.is_write || buffer(access).is_weight || !is_wide_float(access)) continue;
      if (!holds_narrow_[index(access)] || holds_wide_[index(access)]) return false;
      any = true;
    }
    return any;
  }

  /// Operands of a sum have scales of their own: its results are rounded to a third one.
  void add_rescaling(Step& step) {
    for (const ir::NodeId n : step.nodes) {
      if (draft_.cost(n).spec->fusion != ops::Fusion::kAdd) continue;
      const DType type = storage_dtype(asked_);
      add_beside(step, results_of(draft_, n) * conversion_cost(DType::kFloat32, type));
    }
  }

  static void add_beside(Step& step, Count arithmetic) {
    step.work.arithmetic += arithmetic;
    step.kernel.beside_flops += arithmetic.as_double();
  }

  // --- which forms of a buffer there are

  [[nodiscard]] std::size_t index(const BufferAccess& access) const {
    return static_cast<std::size_t>(access.buffer);
  }
  [[nodiscard]] const Buffer& buffer(const BufferAccess& access) const {
    return plan_.buffers[index(access)];
  }

  /// The type in which a step reads a buffer.
  [[nodiscard]] DType read_as(std::size_t step, const BufferAccess& access) const {
    const bool retyped = choices_[step].storage && is_wide_float(access);
    return retyped ? *choices_[step].storage : buffer(access).dtype;
  }

  void find_readers() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      for (const BufferAccess& access : plan_.steps[s].accesses) {
        const Buffer& b = buffer(access);
        if (b.is_weight || !is_wide_float(access)) continue;
        if (b.is_output) wanted_[index(access)].insert(b.dtype);
        if (!access.is_write) wanted_[index(access)].insert(read_as(s, access));
      }
    }
  }

  /// Products write their results as their readers want them.
  void choose_results() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      const Choice& choice = choices_[s];
      for (const BufferAccess& access : plan_.steps[s].accesses) {
        if (!access.is_write || !is_wide_float(access)) continue;
        DType written = choice.storage.value_or(buffer(access).dtype);
        const std::set<DType>& wanted = wanted_[index(access)];
        if (choice.storage && is_product(plan_.steps[s]) && !wanted.empty() &&
            !wanted.contains(written)) {
          written = *wanted.begin();
        }
        written_[s].push_back(written);
      }
    }
  }

  BufferId form(BufferId of, DType dtype) {
    const Buffer& b = plan_.buffers[static_cast<std::size_t>(of)];
    if (b.dtype == dtype) return of;
    std::optional<Count> bytes;
    if (b.bytes) bytes = ir::bytes(dtype, Count((8 * *b.bytes).value() / ir::bits(b.dtype)));
    return forms_.form(of, dtype, bytes);
  }

  // --- the new plan

  void rebuild() {
    std::vector<Step> steps = std::exchange(plan_.steps, {});
    plan_.steps.reserve(steps.size());
    for (std::size_t s = 0; s < steps.size(); ++s) {
      Step& step = steps[s];
      std::vector<Step> behind;
      convert_sources(s, step);
      if (choices_[s].storage) retype(s, step);
      convert_results(s, step, behind);
      if (pads_ && choices_[s].storage) remember_padding(step);
      plan_.steps.push_back(std::move(step));
      for (Step& conversion : behind) plan_.steps.push_back(std::move(conversion));
    }
  }

  /// Inputs, and what the host computed, are converted once, in front of their first reader.
  void convert_sources(std::size_t s, const Step& step) {
    for (const BufferAccess& access : step.accesses) {
      const Buffer& b = buffer(access);
      if (access.is_write || b.is_weight || is_made_[index(access)] || !is_wide_float(access)) {
        continue;
      }
      const DType dtype = read_as(s, access);
      if (dtype == b.dtype || !converted_.insert({access.buffer, dtype}).second) continue;
      const Count elements =
          b.bytes ? Count((8 * *b.bytes).value() / ir::bits(b.dtype)) : elements_of(plan_, access);
      const BufferId to = form(access.buffer, dtype);
      plan_.steps.push_back(conversion(draft_, rules_, plan_, access.buffer, to, elements));
    }
  }

  /// Lets a step touch the forms that it wants, and pays for what its kernel converts itself.
  void retype(std::size_t s, Step& step) {
    const std::vector<std::size_t> matrices =
        is_product(step) ? weight_matrices(draft_, plan_, step) : std::vector<std::size_t>{};
    if (step.kernel.reread_bytes > 0) scale_rereading(s, step);
    for (std::size_t i = 0; i < step.accesses.size(); ++i) {
      BufferAccess& access = step.accesses[i];
      if (access.is_write || !is_wide_float(access)) continue;
      const bool matrix = std::find(matrices.begin(), matrices.end(), i) != matrices.end();
      // Products in narrow types add their bias as it is.
      if (choices_[s].narrow && is_product(step) && buffer(access).is_weight && !matrix) continue;
      const Count elements = elements_of(plan_, access);
      move(access, *choices_[s].storage, elements);
      if (choices_[s].narrow && matrix) add_scales(step, i);
    }
  }

  void move(BufferAccess& access, DType dtype, Count elements) {
    access.buffer = form(access.buffer, dtype);
    access.bytes = ir::bytes(dtype, elements);
  }

  void scale_rereading(std::size_t s, Step& step) {
    const auto first = std::find_if(step.accesses.begin(), step.accesses.end(),
                                    [&](const auto& a) { return is_wide_float(a); });
    const double ratio = static_cast<double>(ir::bits(*choices_[s].storage)) /
                         static_cast<double>(ir::bits(buffer(*first).dtype));
    step.kernel.reread_bytes *= ratio;
    step.kernel.reread_span *= ratio;
  }

  /// A scale for each channel of results, in the type of the steps around.
  void add_scales(Step& step, std::size_t matrix) {
    const ops::Contraction& c = *step.work.contraction;
    const int bits = has_peak(profile_, Precision::kFp16) ? 16 : 32;
    BufferAccess& access = step.accesses[matrix];
    const Count scales = packed_bytes(Count(c.n) * c.groups, bits);
    Buffer& b = plan_.buffers[index(access)];
    if (b.bytes && scaled_.insert(access.buffer).second) *b.bytes += scales;
    access.bytes += scales;
  }

  void convert_results(std::size_t s, Step& step, std::vector<Step>& behind) {
    std::size_t result = 0;
    for (BufferAccess& access : step.accesses) {
      if (!access.is_write || !is_wide_float(access)) continue;
      const DType written = written_[s][result++];
      const BufferId model = access.buffer;
      const Count elements = elements_of(plan_, access);
      const Choice& choice = choices_[s];
      if (choice.storage && is_product(step)) pay_epilogue(choice, written, elements, step);
      if (written != buffer(access).dtype) move(access, written, elements);
      for (const DType dtype : wanted_[static_cast<std::size_t>(model)]) {
        if (dtype == written) continue;
        const BufferId to = form(model, dtype);
        behind.push_back(conversion(draft_, rules_, plan_, access.buffer, to, elements));
        behind.back().repeat = step.repeat;
      }
    }
  }

  /// Sums of integers are rounded to the narrow type or scaled to the wide one.
  static void pay_epilogue(const Choice& choice, DType written, Count elements, Step& step) {
    const DType summed = choice.narrow
                             ? (ir::is_float(*choice.storage) ? DType::kFloat32 : DType::kInt32)
                             : *choice.storage;
    add_beside(step, elements * conversion_cost(summed, written));
  }

  /// Channels that a matrix unit computes beyond those that there are.
  void remember_padding(const Step& step) {
    if (!is_product(step) || step.unit < 0 || !step.precision) return;
    const hardware::ComputeUnit& unit = profile_.units[static_cast<std::size_t>(step.unit)];
    const int alignment = unit.peaks.at(*step.precision).alignment;
    if (alignment > 1) padded_.emplace_back(plan_.steps.size(), alignment);
  }

  const Draft& draft_;
  const hardware::Profile& profile_;
  PrecisionRules rules_;
  Plan& plan_;
  Outcome& outcome_;
  infer::Selection selection_;
  Precision asked_;
  bool narrow_;
  bool pads_;
  BufferForms forms_;
  ChannelPadding padding_;
  std::vector<Choice> choices_ = {};              ///< by step
  std::vector<std::vector<DType>> written_ = {};  ///< by step, of its results that are floats
  std::vector<bool> is_made_ = {};                ///< by buffer: some step writes it
  std::vector<bool> holds_narrow_ = {};           ///< by buffer: a step in TYPE writes it
  std::vector<bool> holds_wide_ = {};             ///< by buffer: another one does
  std::vector<std::set<DType>> wanted_ = {};      ///< by buffer, by readers
  std::set<std::pair<BufferId, DType>> converted_ = {};
  std::set<BufferId> scaled_ = {};
  std::vector<std::pair<std::size_t, int>> padded_ = {};  ///< steps and alignments
};

void apply_lower_precision(PlanChange& change, const Scenario& scenario, Outcome& outcome) {
  Lowering(change, scenario, outcome).apply();
}

}  // namespace

const PlanScenario kPrecision{
    {"precision", "compute in another precision, with conversions where types meet",
     kLowerPrecisionArguments, true},
    apply_lower_precision};

}  // namespace roofline::plan
