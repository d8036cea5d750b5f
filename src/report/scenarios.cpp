// Owns what a text report says of scenarios: what each did, left alone and risks.
// Refuses to compare costs: the summary and the layer table do.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "roofline/base/text.hpp"
#include "screen.hpp"

namespace roofline::report {
namespace {

/// Kinds of findings listed for one scenario, and nodes named for one kind.
constexpr std::size_t kListedKinds = 4;
constexpr std::size_t kNamedInFinding = 2;

/// Findings that say the same, most first.
std::vector<std::vector<const Finding*>> grouped(const std::vector<Finding>& findings) {
  std::map<std::string_view, std::size_t> index;
  std::vector<std::vector<const Finding*>> groups;
  for (const Finding& finding : findings) {
    const auto [entry, is_new] = index.try_emplace(finding.what, groups.size());
    if (is_new) groups.emplace_back();
    groups[entry->second].push_back(&finding);
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return groups;
}

std::string nodes_text(const std::vector<const Finding*>& findings) {
  std::string text;
  for (std::size_t i = 0; i < std::min(findings.size(), kNamedInFinding); ++i) {
    text += (i == 0 ? "" : ", ") + ellipsize(printable(findings[i]->node), 32);
  }
  if (findings.size() > kNamedInFinding) {
    text += fmt::format(" and {} more", findings.size() - kNamedInFinding);
  }
  return text;
}

void add_rows(const std::string& scenario, const std::vector<Finding>& findings,
              std::string_view prefix, Table& table) {
  const auto groups = grouped(findings);
  const std::size_t shown = std::min(groups.size(), kListedKinds);
  const Style style = prefix.empty() ? Style::kPlain : Style::kDim;
  for (std::size_t i = 0; i < shown; ++i) {
    table.add({{i == 0 ? scenario : ""},
               {fmt::format("{}", groups[i].size()), style},
               {fmt::format("{}{}", prefix, printable(groups[i].front()->what)), style},
               {nodes_text(groups[i]), Style::kDim}});
  }
  std::size_t rest = 0;
  for (std::size_t i = shown; i < groups.size(); ++i) rest += groups[i].size();
  if (rest > 0) {
    table.add(
        {{""}, {fmt::format("{}", rest), style}, {fmt::format("{}other", prefix), style}, {""}});
  }
}

}  // namespace

void append_scenarios(Screen& screen, const std::vector<ScenarioRow>& scenarios) {
  if (scenarios.empty()) return;
  Table table({{"scenario"},
               {"nodes", Align::kRight},
               {.title = "what it does there", .max_width = 90, .flexible = true, .min_width = 40},
               {.title = "where", .rank = 1, .max_width = 48}});
  for (const ScenarioRow& row : scenarios) {
    const std::string name = printable(row.text);
    add_rows(name, row.outcome.changed, "", table);
    const bool nothing = row.outcome.changed.empty();
    if (nothing) table.add({{name}, {"0"}, {"changes nothing here", Style::kYellow}, {""}});
    add_rows("", row.outcome.refused, "not: ", table);
  }
  append_table(screen, table);
  for (const ScenarioRow& row : scenarios) {
    const std::string name = printable(row.text);
    if (row.changes_results && !row.outcome.changed.empty()) {
      append_remark(
          screen, name + " changes the model's results: " +
                      (row.needs_training ? "it has to be trained again" : "measure its accuracy"));
    }
    for (const std::string& warning : row.outcome.warnings) {
      append_remark(screen, fmt::format("{}: {}", name, printable(warning)));
    }
  }
}

std::string ratio_text(double before, double after) {
  if (before <= 0 || after <= 0) return "";
  return before >= after ? fmt::format("{:.3g}x as fast", before / after)
                         : fmt::format("{:.3g}x as slow", after / before);
}

}  // namespace roofline::report
