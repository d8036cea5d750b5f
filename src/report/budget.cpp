// Owns the judgement of budgets: figures against limits, and the layers to blame.
// Refuses to price anything and to word anything.
#include "roofline/report/budget.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "budget_parts.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kMostCulprits = 5;
/// Layers with less than this share of the worst one's part are no culprits.
constexpr double kNotable = 0.01;
/// Sums of seconds in another order differ by less than this.
constexpr double kRounding = 1e-9;

double slack(double limit, Unit unit) { return is_whole(unit) ? 0 : std::fabs(limit) * kRounding; }

struct Bounds {
  std::optional<double> least, most;
};

/// The limit in absolute terms. A figure is never below 0.
Bounds bounds(const Limit& limit, double baseline) {
  const auto absolute = [&](std::optional<double> amount) -> std::optional<double> {
    if (!amount || limit.basis == Basis::kAbsolute) return amount;
    const double change = limit.basis == Basis::kShare ? *amount * baseline : *amount;
    return std::max(0.0, baseline + change);
  };
  return {absolute(limit.least), absolute(limit.most)};
}

bool is_broken(double value, const Bounds& limits, Unit unit) {
  return (limits.most && value > *limits.most + slack(*limits.most, unit)) ||
         (limits.least && value < *limits.least - slack(*limits.least, unit));
}

/// How far a value is into its limit: 1 is at the limit, more is broken.
double used(double value, const Bounds& limits) {
  const double limit = limits.most.value_or(0);
  if (limit > 0) return value / limit;
  return value > 0 ? HUGE_VAL : 0;
}

std::string op_name(const NodeRow& node) {
  return node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
}

class Judge {
 public:
  Judge(const Rule& rule, const Report& report, const Report* baseline)
      : rule_(rule), report_(report), parts_(report) {
    if (baseline) baseline_.emplace(*baseline, report);
  }

  [[nodiscard]] Verdict judge(const Limit& limit) const {
    Verdict verdict;
    verdict.rule = &rule_;
    verdict.limit = &limit;
    verdict.model = report_.model.path;
    if (!report_.results.empty()) verdict.hardware = report_.results.front().hardware.id;
    verdict.has_baseline = baseline_.has_value();
    const Figure& figure = *limit.figure;
    verdict.culprits_by = figure.culprits_by.empty() ? &figure : find_figure(figure.culprits_by);
    if (figure.form == LimitForm::kVersions)
      judge_version(verdict);
    else if (figure.form != LimitForm::kQuantity)
      judge_ops(verdict);
    else if (!rule_.each_layer.empty())
      judge_each_layer(verdict);
    else
      judge_sum(verdict);
    return verdict;
  }

 private:
  struct Suspect {
    std::size_t index;
    Measured now;
    std::optional<Measured> before;
    double weight;  ///< what they are ordered by, the greatest first
  };

  [[nodiscard]] Judgement find(const Measured& value, bool baseline_complete, const Bounds& limits,
                               Unit unit) const {
    const bool unknown = !rule_.allow_unknown && (!value.complete || !baseline_complete);
    // What is known may break a limit already, if the limit itself is known.
    if (is_broken(value.value, limits, unit) && (baseline_complete || rule_.allow_unknown)) {
      return Judgement::kBroken;
    }
    return unknown ? Judgement::kUnknown : Judgement::kHolds;
  }

  [[nodiscard]] Measured sum(const Parts& parts, const Figure& figure) const {
    if (rule_.cls.empty()) return figure.total(parts.report());
    Measured sum;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts.cls(i) != rule_.cls) continue;
      const Measured part = figure.part(parts.report(), parts.at(i));
      sum.value += part.value;
      sum.complete = sum.complete && part.complete;
    }
    return sum;
  }

  void set_limits(const Bounds& limits, Verdict& verdict) const {
    verdict.least = limits.least;
    verdict.most = limits.most;
  }

  void judge_sum(Verdict& verdict) const {
    const Limit& limit = *verdict.limit;
    const Measured value = sum(parts_, *limit.figure);
    Measured baseline;
    if (baseline_) {
      baseline = sum(baseline_->parts(), *limit.figure);
      verdict.baseline = baseline.value;
    }
    const Bounds limits = bounds(limit, baseline.value);
    const bool limit_known = limit.basis == Basis::kAbsolute || baseline.complete;
    verdict.value = value;
    set_limits(limits, verdict);
    verdict.judgement = find(value, limit_known, limits, limit.figure->unit);
    if (verdict.judgement == Judgement::kUnknown)
      blame(unknown_parts(*verdict.culprits_by), verdict);
    if (verdict.judgement == Judgement::kBroken) blame(worst_parts(*verdict.culprits_by), verdict);
  }

  [[nodiscard]] bool in_class(std::size_t index) const {
    return rule_.cls.empty() || parts_.cls(index) == rule_.cls;
  }

  /// One part as it is and, with a baseline, was. It weighs what it has of the figure.
  [[nodiscard]] Suspect suspect(std::size_t index, const Figure& figure) const {
    const Measured now = figure.part(report_, parts_.at(index));
    return {index, now, baseline_ ? baseline_->before(index, figure, now) : std::nullopt,
            now.value};
  }

  [[nodiscard]] std::vector<Suspect> unknown_parts(const Figure& figure) const {
    std::vector<Suspect> suspects;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!in_class(i) || parts_.complete(i)) continue;
      suspects.push_back(suspect(i, figure));
      suspects.back().now.complete = false;
    }
    return suspects;
  }

  /// Against a baseline the layers that grew; without one, or where none grew, those with most.
  [[nodiscard]] std::vector<Suspect> worst_parts(const Figure& figure) const {
    std::vector<Suspect> suspects;
    const auto add = [&](Suspect one) {
      if (in_class(one.index) && one.weight > 0) suspects.push_back(one);
    };
    if (baseline_) {
      for (const auto& [index, before] : baseline_->changed()) {
        Suspect one = suspect(index, figure);
        one.weight -= one.before.value_or(Measured{}).value;
        add(one);
      }
    }
    if (!suspects.empty() || !figure.has_culprits) return suspects;
    for (std::size_t i = 0; i < parts_.size(); ++i) add(suspect(i, figure));
    return suspects;
  }

  void judge_each_layer(Verdict& verdict) const {
    const Limit& limit = *verdict.limit;
    std::vector<Suspect> suspects;
    double worst = 0;
    verdict.judgement = Judgement::kNoLayer;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!parts_.fits(i, rule_.each_layer)) continue;
      Suspect one = suspect(i, *limit.figure);
      const Measured before = one.before.value_or(Measured{});
      const Bounds limits = bounds(limit, before.value);
      one.weight = used(one.now.value, limits);
      const bool limit_known = limit.basis == Basis::kAbsolute || before.complete;
      const Judgement judgement = find(one.now, limit_known, limits, limit.figure->unit);
      if (judgement != Judgement::kHolds) suspects.push_back(one);
      // A broken limit counts for more than an unknown figure, that for more than one that holds.
      const bool is_first = verdict.judgement == Judgement::kNoLayer;
      const bool is_worse = rank(judgement) > rank(verdict.judgement) ||
                            (judgement == verdict.judgement && one.weight > worst);
      if (!is_first && !is_worse) continue;
      worst = one.weight;
      verdict.judgement = judgement;
      verdict.value = one.now;
      verdict.baseline.reset();
      if (baseline_) verdict.baseline = before.value;
      set_limits(limits, verdict);
    }
    blame(std::move(suspects), verdict);
  }

  static int rank(Judgement judgement) {
    return judgement == Judgement::kBroken ? 2 : judgement == Judgement::kUnknown ? 1 : 0;
  }

  void judge_ops(Verdict& verdict) const {
    const Limit& limit = *verdict.limit;
    const bool forbids = limit.figure->form == LimitForm::kForbidden;
    std::vector<Culprit> culprits;
    for (const NodeRow& node : report_.nodes) {
      const bool listed =
          std::find(limit.ops.begin(), limit.ops.end(), op_name(node)) != limit.ops.end();
      if (listed != forbids) continue;
      culprits.push_back({node.id, node.name, node.name, op_name(node), {1.0}, {}});
    }
    verdict.value = Measured{static_cast<double>(culprits.size())};
    verdict.most = 0;
    verdict.judgement = culprits.empty() ? Judgement::kHolds : Judgement::kBroken;
    verdict.more_culprits = culprits.size() - std::min(culprits.size(), kMostCulprits);
    culprits.resize(culprits.size() - verdict.more_culprits);
    verdict.culprits = std::move(culprits);
  }

  void judge_version(Verdict& verdict) const {
    const Limit& limit = *verdict.limit;
    const Bounds limits{limit.least, limit.most};
    set_limits(limits, verdict);
    for (const auto& [domain, version] : report_.model.opsets) {
      if (domain.empty()) verdict.value = Measured{static_cast<double>(version)};
    }
    // A model without an operator of ONNX's own domain needs no version of it.
    if (!verdict.value) return;
    const bool broken = is_broken(verdict.value->value, limits, Unit::kCount);
    verdict.judgement = broken ? Judgement::kBroken : Judgement::kHolds;
  }

  void blame(std::vector<Suspect> suspects, Verdict& verdict) const {
    double most = 0;
    for (const Suspect& one : suspects) most = std::max(most, one.weight);
    std::erase_if(suspects, [&](const Suspect& one) { return one.weight < kNotable * most; });
    const std::size_t shown = std::min(suspects.size(), kMostCulprits);
    std::partial_sort(suspects.begin(), suspects.begin() + static_cast<std::ptrdiff_t>(shown),
                      suspects.end(), [](const Suspect& a, const Suspect& b) {
                        return std::tie(b.weight, a.index) < std::tie(a.weight, b.index);
                      });
    verdict.more_culprits = suspects.size() - shown;
    for (std::size_t i = 0; i < shown; ++i) {
      verdict.culprits.push_back(parts_.describe(suspects[i].index));
      verdict.culprits.back().now = suspects[i].now;
      if (suspects[i].before) verdict.culprits.back().before = suspects[i].before->value;
    }
  }

  const Rule& rule_;
  const Report& report_;
  Parts parts_;
  std::optional<Baseline> baseline_;
};

}  // namespace

std::string_view judgement_name(Judgement judgement) {
  switch (judgement) {
    case Judgement::kHolds:
      return "holds";
    case Judgement::kBroken:
      return "broken";
    case Judgement::kUnknown:
      return "unknown";
    case Judgement::kNoLayer:
      return "no-layer";
  }
  return "";
}

std::size_t Check::broken() const {
  return static_cast<std::size_t>(std::count_if(verdicts.begin(), verdicts.end(),
                                                [](const Verdict& v) { return !v.passes(); }));
}

std::vector<Verdict> evaluate(const Rule& rule, const Report& report, const Report* baseline) {
  const Judge judge(rule, report, baseline);
  std::vector<Verdict> verdicts;
  for (const Limit& limit : rule.limits) verdicts.push_back(judge.judge(limit));
  return verdicts;
}

}  // namespace roofline::report
