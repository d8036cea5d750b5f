// Owns which precision and which compute unit a step runs on.
// Refuses to run a contraction on a matrix unit whose alignment it misses.
#include <fmt/format.h>

#include <array>
#include <numeric>

#include "draft.hpp"
#include "roofline/base/text.hpp"

namespace roofline::plan {
namespace {

using hardware::Precision;

/// Precisions that hold every value of `precision`, nearest first: what a unit falls back to.
std::vector<Precision> wider(Precision precision) {
  switch (precision) {
    case Precision::kInt4:
      return {Precision::kInt8, Precision::kFp16, Precision::kFp32};
    case Precision::kInt8:
      return {Precision::kFp16, Precision::kFp32};
    case Precision::kFp8:
      return {Precision::kFp16, Precision::kBf16, Precision::kFp32};
    case Precision::kFp16:
    case Precision::kBf16:
    case Precision::kTf32:
      return {Precision::kFp32, Precision::kFp64};
    case Precision::kFp32:
      return {Precision::kFp64};
    case Precision::kFp64:
      return {};
  }
  return {};
}

std::vector<std::string> supported(const hardware::Profile& profile) {
  std::vector<std::string> names;
  for (int p = 0; p < hardware::kPrecisions; ++p) {
    const auto precision = static_cast<Precision>(p);
    if (has_peak(profile, precision)) names.emplace_back(hardware::precision_name(precision));
  }
  return names;
}

/// The nearest precision the machine computes fp32 models in when it has neither fp32 nor fp64.
std::optional<Precision> fallback_for_fp32(const hardware::Profile& profile) {
  if (has_peak(profile, Precision::kFp32) || has_peak(profile, Precision::kFp64)) return {};
  for (const Precision p :
       {Precision::kTf32, Precision::kBf16, Precision::kFp16, Precision::kInt8}) {
    if (has_peak(profile, p)) return p;
  }
  return {};
}

// How reasons for a unit begin: another choice takes them back.
constexpr std::string_view kNotOn = "not on ";
constexpr std::string_view kComputedIn = "computed in ";

/// A kernel that would compute more zeros than this for each result is not worth it.
constexpr double kLeastFilled = 1.0 / 8;

/// What remains of a matrix unit's rate when channels are padded to its alignment: k without the
/// kernel's taps, n per group. 1: both are aligned.
double filled(const ops::Contraction& c, int alignment) {
  const std::int64_t taps =
      std::accumulate(c.kernel.begin(), c.kernel.end(), std::int64_t{1}, std::multiplies<>());
  if (taps <= 0 || c.k < taps || c.n <= 0) return 0;
  const auto share = [alignment](std::int64_t channels) {
    const std::int64_t padded = (channels + alignment - 1) / alignment * alignment;
    return static_cast<double>(channels) / static_cast<double>(padded);
  };
  return share(c.k / taps) * share(c.n);
}

}  // namespace

bool has_peak(const hardware::Profile& profile, Precision precision) {
  for (const hardware::ComputeUnit& unit : profile.units) {
    if (unit.peaks.contains(precision)) return true;
  }
  return false;
}

bool is_narrow(Precision precision) { return hardware::storage_bits(precision) <= 8; }

ir::DType storage_dtype(Precision precision) {
  switch (precision) {
    case Precision::kFp64:
      return ir::DType::kFloat64;
    case Precision::kFp32:
    case Precision::kTf32:
      return ir::DType::kFloat32;
    case Precision::kFp16:
      return ir::DType::kFloat16;
    case Precision::kBf16:
      return ir::DType::kBfloat16;
    case Precision::kFp8:
      return ir::DType::kFloat8E4M3FN;
    case Precision::kInt8:
      return ir::DType::kInt8;
    case Precision::kInt4:
      return ir::DType::kInt4;
  }
  return ir::DType::kFloat32;
}

PlanOptions possible(const hardware::Profile* profile, PlanOptions options,
                     std::vector<Diagnostic>& diagnostics) {
  const auto& precision = options.precision;
  if (!profile || !precision || has_peak(*profile, *precision)) return options;
  const std::string message =
      fmt::format("{} has no peak rate for {}", profile->id, hardware::precision_name(*precision));
  const std::string hint = fmt::format("it computes in {}", join(supported(*profile), ", "));
  if (!options.precision_may_differ) {
    throw Error(ExitCode::kUsage, {.severity = Severity::kError,
                                   .code = "no-peak",
                                   .message = message,
                                   .hint = hint,
                                   .location = profile->path});
  }
  diagnostics.push_back({.severity = Severity::kWarning,
                         .code = "precision-fallback",
                         .message = message + ": the model's own precision stands there",
                         .hint = hint});
  options.precision.reset();
  return options;
}

PrecisionRules::PrecisionRules(const hardware::Profile* profile, const PlanOptions& options,
                               std::vector<Diagnostic>& diagnostics)
    : profile_(profile), asked_(options.precision) {
  if (!profile || asked_) return;
  asked_ = fallback_for_fp32(*profile);
  if (!asked_) return;
  diagnostics.push_back(
      {.severity = Severity::kWarning,
       .code = "precision-fallback",
       .message = fmt::format("{} cannot compute in fp32: floating tensors are taken as {}",
                              profile->id, hardware::precision_name(*asked_)),
       .hint = fmt::format("--precision {} says the same", hardware::precision_name(*asked_))});
}

ir::DType PrecisionRules::storage(ir::DType dtype) const {
  // Types of 8 bits and less are already a quantization decision of the model.
  if (!asked_ || !ir::is_float(dtype) || ir::bits(dtype) < 16) return dtype;
  return storage_dtype(*asked_);
}

int PrecisionRules::fastest_unit(Precision precision, Step& step) const {
  int best = -1;
  double best_rate = 0;
  for (std::size_t i = 0; i < profile_->units.size(); ++i) {
    const hardware::ComputeUnit& unit = profile_->units[i];
    const auto peak = unit.peaks.find(precision);
    if (peak == unit.peaks.end()) continue;
    double rate = peak->second.flops_per_s.value;
    if (unit.kind == hardware::UnitKind::kMatrix) {
      if (!step.work.contraction) continue;
      const ops::Contraction& c = *step.work.contraction;
      const double share = filled(c, peak->second.alignment);
      rate *= share;
      if (share < (pads_channels_ ? kLeastFilled : 1)) {
        step.reasons.push_back(
            fmt::format("{}{}: channels {} in, {} out are not both multiples of {}", kNotOn,
                        unit.name, c.k, c.n, peak->second.alignment));
        continue;
      }
    }
    if (rate <= best_rate) continue;
    best = static_cast<int>(i);
    best_rate = rate;
  }
  return best;
}

void PrecisionRules::widen(Step& step) const {
  if (step.precision != Precision::kFp16 && step.precision != Precision::kBf16) return;
  const auto rate = [&](int unit, Precision precision) {
    return profile_->units[static_cast<std::size_t>(unit)].peaks.at(precision).flops_per_s.value;
  };
  const int wide = fastest_unit(Precision::kFp32, step);
  if (wide < 0) return;
  const double factor = rate(wide, Precision::kFp32) / rate(step.unit, *step.precision);
  if (factor <= 1) return;
  step.reasons.push_back(
      fmt::format("{}fp32, {:.3g} times as fast here as {}: what is loaded is converted",
                  kComputedIn, factor, hardware::precision_name(*step.precision)));
  step.unit = wide;
  step.precision = Precision::kFp32;
  step.converts = true;
}

void PrecisionRules::assign_unit(ir::DType dtype, Step& step) const {
  std::optional<Precision> wanted = hardware::precision_of(storage(dtype));
  if (asked_ && ir::is_float(dtype) && ir::bits(dtype) >= 16) wanted = asked_;
  step.precision = wanted;
  if (profile_ && wanted) choose_unit(*wanted, step);
}

void PrecisionRules::reassign_unit(Precision wanted, Step& step) const {
  std::erase_if(step.reasons, [](const std::string& reason) {
    return reason.starts_with(kNotOn) || reason.starts_with(kComputedIn);
  });
  step.precision = wanted;
  step.converts = false;
  if (profile_) choose_unit(wanted, step);
}

void PrecisionRules::choose_unit(Precision wanted, Step& step) const {
  step.unit = fastest_unit(wanted, step);
  if (step.unit >= 0) return widen(step);
  for (const Precision candidate : wider(wanted)) {
    step.unit = fastest_unit(candidate, step);
    if (step.unit < 0) continue;
    step.reasons.push_back(fmt::format("{}{}: no unit runs this in {}", kComputedIn,
                                       hardware::precision_name(candidate),
                                       hardware::precision_name(wanted)));
    step.precision = candidate;
    return;
  }
  // A machine of narrow arithmetic only (an accelerator) still runs integer bookkeeping somehow:
  // its widest vector rate stands in.
  for (int p = 0; p < hardware::kPrecisions; ++p) {
    step.unit = fastest_unit(static_cast<Precision>(p), step);
    if (step.unit < 0) continue;
    step.precision = static_cast<Precision>(p);
    return;
  }
}

}  // namespace roofline::plan
