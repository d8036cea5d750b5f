// Owns the layers or nodes that a budget is about: which they are, and what they were before.
// Refuses to know limits.
#include "budget_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "format.hpp"
#include "roofline/report/diff.hpp"

namespace roofline::report {
namespace {

/// Other sizes cost something else for other reasons than the model.
void check_sizes(const ModelInfo& before, const ModelInfo& after) {
  for (const auto& [symbol, size] : after.dims) {
    const auto old = before.dims.find(symbol);
    if (old == before.dims.end() || old->second == size) continue;
    throw Error(ExitCode::kUsage, {Severity::kError,
                                   "baseline-mismatch",
                                   fmt::format("the baseline is of {}={}, expected {}={}", symbol,
                                               old->second, symbol, size),
                                   fmt::format("save a baseline with --dim {}={}", symbol, size),
                                   before.path,
                                   {}});
  }
}

}  // namespace

bool fits(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::optional<std::size_t> star;  // the last '*', which may take more than it has
  std::size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star) {
      p = *star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Parts::Parts(const Report& report)
    : report_(report),
      layers_(report.results.empty() ? nullptr : &report.results.front().layers),
      size_(layers_ ? layers_->size() : report.nodes.size()),
      names_(report) {}

Part Parts::at(std::size_t index) const {
  return layers_ ? Part{&(*layers_)[index], 0} : Part{nullptr, index};
}

bool Parts::complete(std::size_t index) const {
  if (layers_) return (*layers_)[index].complete && (*layers_)[index].repeat;
  const NodeRow& node = report_.nodes[index];
  return node.confidence != "unknown" && node.flops && node.traffic_bytes && node.repeat;
}

const std::string& Parts::cls(std::size_t index) const {
  return layers_ ? (*layers_)[index].cls : report_.nodes[index].cls;
}

std::string Parts::label(std::size_t index) const {
  return layers_ ? names_.layer((*layers_)[index]) : names_.node(index);
}

bool Parts::fits(std::size_t index, std::string_view pattern) const {
  const auto name_fits = [&](std::size_t node) {
    return report::fits(report_.nodes[node].name, pattern);
  };
  if (report::fits(label(index), pattern)) return true;
  if (!layers_) return name_fits(index);
  const std::vector<std::size_t>& nodes = (*layers_)[index].nodes;
  return std::any_of(nodes.begin(), nodes.end(), name_fits);
}

Culprit Parts::describe(std::size_t index) const {
  Culprit culprit;
  culprit.label = label(index);
  const NodeRow* first = nullptr;
  if (layers_) {
    const LayerRow& layer = (*layers_)[index];
    culprit.id = layer.id;
    culprit.name = layer.name;
    culprit.op = layer.op;
    if (!layer.nodes.empty()) first = &report_.nodes[layer.nodes.front()];
  } else {
    first = &report_.nodes[index];
    culprit.id = first->id;
    culprit.name = first->name;
  }
  if (first) culprit.op = op_text(*first);
  return culprit;
}

Baseline::Baseline(const Report& before, const Report& after) : before_(before) {
  check_sizes(before.model, after.model);
  const Difference difference = diff(before, after);
  const auto& changes =
      difference.results.empty() ? difference.nodes : difference.results.front().layers;
  for (const LayerChange& change : changes) {
    if (!change.after) continue;
    auto& old = changed_[change.after->index];
    if (change.before) old = change.before->index;
  }
}

std::optional<Measured> Baseline::before(std::size_t index, const Figure& figure,
                                         const Measured& now) const {
  const auto change = changed_.find(index);
  if (change == changed_.end()) return now;
  if (!change->second) return std::nullopt;
  return figure.part(before_.report(), before_.at(*change->second));
}

}  // namespace roofline::report
