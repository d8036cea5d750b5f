// Owns the words of a verdict, which every format uses.
// Refuses to lay them out and to escape them.
#include "check_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "format.hpp"
#include "roofline/base/text.hpp"

namespace roofline::report {
namespace {

constexpr std::size_t kNameColumns = 80;  ///< of a layer: names can be of any length

const Figure& figure_of(const Verdict& verdict) { return *verdict.limit->figure; }

std::string amount(const Figure& figure, double value) {
  return format_quantity(value, figure.unit);
}

std::string file_of(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

/// Operators are there or not: none has more of that than another.
bool are_only_named(const Verdict& verdict) {
  const Figure& figure = figure_of(verdict);
  return figure.form != LimitForm::kQuantity || figure.key == "unknown_ops";
}

/// Counts of the model do not depend on the machine; layers do.
bool is_on_machine(const Verdict& verdict) {
  const bool of_part = !verdict.rule->cls.empty() || !verdict.rule->each_layer.empty();
  return !verdict.hardware.empty() && (figure_of(verdict).follows_plan || of_part);
}

bool is_new(const Verdict& verdict, const Culprit& culprit) {
  return verdict.has_baseline && !culprit.before;
}

std::string broken_text(const Verdict& verdict) {
  const Figure& figure = figure_of(verdict);
  const double value = verdict.value->value;
  const bool over = verdict.most && value > *verdict.most;
  if (figure.form == LimitForm::kVersions) return over ? "too new" : "too old";
  if (figure.form != LimitForm::kQuantity) return "";
  const double limit = over ? *verdict.most : *verdict.least;
  const double excess = std::fabs(value - limit);
  if (figure.unit == Unit::kShare) return fmt::format("{:.1f} points over", 100 * excess);
  std::string text = fmt::format("{} {}", amount(figure, excess), over ? "over" : "short");
  if (!verdict.value->complete && over) text = "at least " + text;
  if (limit <= 0) return text;
  return text + fmt::format(" ({})", format_percent(std::fabs(value / limit - 1)));
}

std::string culprits_title(const Verdict& verdict) {
  if (verdict.judgement == Judgement::kUnknown) return "layers whose cost is not known";
  if (are_only_named(verdict)) return "they are";
  if (!verdict.rule->each_layer.empty()) return "layers over their budget";
  const Culprit& worst = verdict.culprits.front();
  const bool grew = is_new(verdict, worst) || (worst.before && worst.now.value > *worst.before);
  if (verdict.has_baseline && grew) {
    return fmt::format("layers with more {} than in {}", verdict.culprits_by->title,
                       file_of(verdict.rule->baseline));
  }
  return fmt::format("layers with most {}", verdict.culprits_by->title);
}

std::string culprit_amount(const Verdict& verdict, const Culprit& culprit) {
  if (are_only_named(verdict)) return "";
  const double before = culprit.before.value_or(0);
  const bool compared =
      verdict.has_baseline && verdict.judgement == Judgement::kBroken && culprit.now.value > before;
  const std::string text =
      amount(*verdict.culprits_by, compared ? culprit.now.value - before : culprit.now.value);
  if (compared) return "+" + text;
  return culprit.now.complete ? text : ">= " + text;
}

std::string culprit_change(const Verdict& verdict, const Culprit& culprit) {
  if (is_new(verdict, culprit)) return "new";
  if (!culprit.before || *culprit.before == culprit.now.value) return "";
  return "was " + amount(*verdict.culprits_by, *culprit.before);
}

}  // namespace

std::string where_text(const Verdict& verdict) {
  const Run& run = verdict.rule->run;
  std::vector<std::string> parts;
  if (is_on_machine(verdict)) {
    parts = {verdict.hardware, run.runtime};
    if (run.precision != "as-is") parts.push_back(run.precision);
    if (run.threads > 0) {
      parts.push_back(counted(run.threads, "thread"));
    }
  }
  for (const auto& [name, size] : run.sizes.dims) parts.push_back(fmt::format("{}={}", name, size));
  for (const auto& [name, shape] : run.sizes.shapes) {
    parts.push_back(fmt::format("{}={}", name, shape_text(shape)));
  }
  if (!verdict.rule->cls.empty()) parts.push_back("class " + verdict.rule->cls);
  if (!verdict.rule->each_layer.empty()) parts.push_back("each layer " + verdict.rule->each_layer);
  return printable(join(parts, ", "));
}

std::string budget_name(const Verdict& verdict) {
  const std::string where = where_text(verdict);
  const std::string title(figure_of(verdict).title);
  if (where.empty()) return title;
  return fmt::format("{}{} {}", title, is_on_machine(verdict) ? " on" : ",", where);
}

std::string value_text(const Verdict& verdict) {
  const Figure& figure = figure_of(verdict);
  if (!verdict.value) return "-";
  std::string text = amount(figure, verdict.value->value);
  if (figure.form == LimitForm::kForbidden || figure.form == LimitForm::kAllowed) {
    text += verdict.value->value == 1 ? " node" : " nodes";
  }
  if (verdict.value->complete) return text;
  return (figure.is_minimum ? "<= " : ">= ") + text;
}

std::string limit_text(const Verdict& verdict) {
  const Figure& figure = figure_of(verdict);
  const Limit& limit = *verdict.limit;
  std::string text = limit.text;
  if (limit.basis != Basis::kAbsolute) {
    const std::optional<double> absolute = figure.is_minimum ? verdict.least : verdict.most;
    if (absolute) text = fmt::format("{} ({})", amount(figure, *absolute), limit.text);
  }
  return figure.is_minimum ? ">= " + text : text;
}

std::optional<double> headroom(const Verdict& verdict) {
  const Figure& figure = figure_of(verdict);
  if (!verdict.value || figure.form != LimitForm::kQuantity) return std::nullopt;
  const double limit = (figure.is_minimum ? verdict.least : verdict.most).value_or(0);
  if (limit <= 0) return std::nullopt;
  const double left = 1 - verdict.value->value / limit;
  return figure.is_minimum ? -left : left;
}

std::string margin_text(const Verdict& verdict) {
  switch (verdict.judgement) {
    case Judgement::kHolds: {
      const std::optional<double> left = headroom(verdict);
      return left ? format_percent(std::max(0.0, *left)) : "";
    }
    case Judgement::kBroken:
      return broken_text(verdict);
    case Judgement::kUnknown:
      return "not fully known";
    case Judgement::kNoLayer:
      return "no layer has such a name";
  }
  return "";
}

std::string sentence(const Verdict& verdict) {
  const std::string margin = margin_text(verdict);
  if (!verdict.value) return fmt::format("{}: {}", budget_name(verdict), margin);
  std::string text = fmt::format("{}: {}, budget {}", budget_name(verdict), value_text(verdict),
                                 limit_text(verdict));
  if (margin.empty()) return text;
  return text + ", " + margin + (verdict.passes() ? " left" : "");
}

std::vector<std::string> blame_lines(const Verdict& verdict) {
  if (verdict.culprits.empty()) return {};
  std::vector<std::string> lines = {printable(culprits_title(verdict)) + ":"};
  std::vector<std::string> amounts;
  std::size_t widest = 0;
  for (const Culprit& culprit : verdict.culprits) {
    amounts.push_back(culprit_amount(verdict, culprit));
    widest = std::max(widest, amounts.back().size());
  }
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const Culprit& culprit = verdict.culprits[i];
    const std::string change = culprit_change(verdict, culprit);
    lines.push_back(fmt::format("{:>{}}{}{} ({}{}{})", amounts[i], widest, widest > 0 ? "  " : "",
                                ellipsize(printable(culprit.label), kNameColumns),
                                printable(culprit.op), change.empty() ? "" : ", ", change));
  }
  if (verdict.more_culprits > 0) lines.push_back(fmt::format("and {} more", verdict.more_culprits));
  return lines;
}

std::vector<std::span<const Verdict>> by_model(const Check& check) {
  std::vector<std::span<const Verdict>> groups;
  const std::span<const Verdict> all = check.verdicts;
  for (std::size_t first = 0, end = 0; first < all.size(); first = end) {
    while (end < all.size() && all[end].model == all[first].model) ++end;
    groups.push_back(all.subspan(first, end - first));
  }
  return groups;
}

std::string result_text(const Check& check) {
  const std::size_t count = check.verdicts.size();
  if (check.broken() > 0) {
    return fmt::format("{} of {} broken", check.broken(), counted(count, "budget"));
  }
  return count == 1 ? "the budget holds" : fmt::format("{} budgets hold", count);
}

}  // namespace roofline::report
