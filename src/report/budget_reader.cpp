// Owns the reading of budget files: settings, figures, limits, and what must stand beside what.
// Refuses limits that could not be broken, and to look at any other file.
#include <fmt/format.h>

#include <cmath>

#include "roofline/base/text.hpp"
#include "roofline/data/text_file.hpp"
#include "roofline/data/yaml.hpp"
#include "roofline/ops/registry.hpp"
#include "roofline/report/budget.hpp"

namespace roofline::report {
namespace {

using data::YamlNode;
using KeyNames = std::vector<std::string>;

/// What may stand at the top as well as in a budget.
KeyNames setting_keys() {
  KeyNames keys = run_keys();
  keys.insert(keys.end(), {"baseline", "allow_unknown"});
  return keys;
}

KeyNames figure_keys() {
  KeyNames keys;
  for (const Figure& figure : figures()) keys.emplace_back(figure.key);
  return keys;
}

std::string shown(const YamlNode& node) { return ellipsize(printable(node.text()), 40); }

/// What stands in `node` replaces what `rule` says.
void read_settings(const YamlNode& node, const std::string& path, Rule& rule) {
  read_run(node, path, rule.run);
  if (const YamlNode* baseline = node.find("baseline")) {
    rule.baseline = resolved(path, read_text(*baseline));
  }
  if (const YamlNode* allow = node.find("allow_unknown")) rule.allow_unknown = allow->boolean();
}

[[noreturn]] void bad_limit(const YamlNode& node, const Figure& figure) {
  std::string hint = "prefixes: n u m k M G T P, and Ki Mi Gi Ti for powers of 1024";
  if (figure.unit == Unit::kShare) hint = "a share of the predicted latency";
  node.fail("bad-limit",
            fmt::format("'{}' is '{}'; expected {} such as '{}', or a change against a baseline "
                        "such as '+5 %'",
                        node.path(), shown(node), figure.is_minimum ? "a minimum" : "a limit",
                        figure.example),
            std::move(hint));
}

/// A number with its unit, whole where nothing else can be.
std::optional<double> read_quantity(std::string_view text, Unit unit) {
  // What a sign may stand in front of: from_chars would take a second one.
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const std::optional<double> value = parse_quantity(text, unit);
  if (value && is_whole(unit) && *value != std::floor(*value)) return std::nullopt;
  return value;
}

void read_quantity_limit(const YamlNode& node, Limit& limit) {
  const Figure& figure = *limit.figure;
  const std::string& text = node.text();
  limit.text = shown(node);
  std::optional<double>& amount = figure.is_minimum ? limit.least : limit.most;
  if (!text.starts_with('+') && !text.starts_with('-')) {
    amount = read_quantity(text, figure.unit);
    if (!amount) bad_limit(node, figure);
    return;
  }
  const std::string_view change = std::string_view(text).substr(1);
  limit.basis = Basis::kDifference;
  amount = change == "0" ? std::optional(0.0) : read_quantity(change, figure.unit);
  if (!amount) {
    limit.basis = Basis::kShare;
    amount = read_quantity(change, Unit::kShare);
  }
  if (!amount) bad_limit(node, figure);
  if (text.front() == '-') amount = -*amount;
}

/// An operator that no model can have would make a budget that always passes.
std::string read_op(const YamlNode& node) {
  const std::string& name = read_text(node);
  if (name.find('.') != std::string::npos) return name;
  KeyNames known;
  for (const ops::OpSpec& row : ops::all_ops()) {
    if (row.domain.empty() && row.type == name) return name;
    if (row.domain.empty() && (known.empty() || known.back() != row.type)) {
      known.emplace_back(row.type);
    }
  }
  std::string hint = did_you_mean_hint(name, known);
  if (hint.empty()) {
    hint = "'roofline ops' lists them; those of other domains are written 'domain.Type'";
  }
  node.fail("unknown-operator",
            fmt::format("'{}' is '{}', which is no operator of ONNX", node.path(), shown(node)),
            hint);
}

void read_versions(const YamlNode& node, Limit& limit) {
  static const KeyNames kKeys = {"min", "max"};
  node.allow_only(kKeys);
  const auto version = [&](std::string_view key) -> std::optional<double> {
    const YamlNode* value = node.find(key);
    if (!value) return std::nullopt;
    return static_cast<double>(read_at_least(*value, 1));
  };
  limit.least = version("min");
  limit.most = version("max");
  if (!limit.least && !limit.most) {
    node.fail("missing-key", fmt::format("'{}' has neither 'min' nor 'max'", node.path()));
  }
  if (limit.least && limit.most && *limit.least > *limit.most) {
    node.fail("bad-limit",
              fmt::format("'{}': min {} is above max {}", node.path(), *limit.least, *limit.most));
  }
  limit.text = !limit.most    ? fmt::format("{} or newer", *limit.least)
               : !limit.least ? fmt::format("{} or older", *limit.most)
                              : fmt::format("{} to {}", *limit.least, *limit.most);
}

Limit read_limit(const YamlNode& node, const Figure& figure) {
  Limit limit;
  limit.figure = &figure;
  limit.line = node.line();
  switch (figure.form) {
    case LimitForm::kQuantity:
      read_quantity_limit(node, limit);
      break;
    case LimitForm::kForbidden:
    case LimitForm::kAllowed:
      limit.ops = read_list<std::string>(node, read_op);
      if (limit.ops.empty()) node.fail("bad-limit", fmt::format("'{}' is empty", node.path()));
      limit.most = 0;
      limit.text = "none";
      break;
    case LimitForm::kVersions:
      read_versions(node, limit);
      break;
  }
  return limit;
}

/// Every class a layer can have.
KeyNames class_names() {
  KeyNames names;
  for (int i = 0; i <= static_cast<int>(ops::OpClass::kControl); ++i) {
    names.emplace_back(ops::class_name(static_cast<ops::OpClass>(i)));
  }
  return names;
}

/// What a limit needs that its rule does not have.
void check_limit(const YamlNode& node, const Rule& rule, const Limit& limit) {
  const Figure& figure = *limit.figure;
  if (figure.needs_machine && rule.run.hardware.empty()) {
    node.fail("no-hardware",
              fmt::format("'{}' is a figure of a machine, and none is given", node.path()),
              "add 'hardware: ID'; 'roofline hardware list' lists them");
  }
  const bool of_part = !rule.each_layer.empty() || !rule.cls.empty();
  if (of_part && !figure.adds_up) {
    KeyNames keys;
    for (const Figure& other : figures()) {
      if (other.adds_up) keys.emplace_back(other.key);
    }
    node.fail("whole-model",
              fmt::format("'{}' is a figure of the whole model, not of layers", node.path()),
              "layers and classes have " + join(keys, ", "));
  }
  if (limit.basis != Basis::kAbsolute && rule.baseline.empty()) {
    node.fail("no-baseline",
              fmt::format("'{}' is '{}', which is relative, and there is no baseline", node.path(),
                          limit.text),
              "add 'baseline: FILE', the model as it was or a saved report of it");
  }
}

/// Settings of a machine beside no machine would silently change nothing.
void check_settings(const YamlNode& node, const Rule& rule) {
  for (const std::string_view key : {"runtime", "precision", "threads"}) {
    const YamlNode* setting = node.find(key);
    if (setting && rule.run.hardware.empty()) {
      setting->fail("no-hardware",
                    fmt::format("'{}' has no effect without 'hardware'", setting->path()));
    }
  }
}

Rule read_rule(const YamlNode& node, const std::string& path, Rule rule) {
  KeyNames keys = setting_keys();
  keys.insert(keys.end(), {"each_layer", "class"});
  const KeyNames limits = figure_keys();
  keys.insert(keys.end(), limits.begin(), limits.end());
  node.allow_only(keys);
  rule.location = node.location();
  read_settings(node, path, rule);
  check_settings(node, rule);
  if (const YamlNode* layers = node.find("each_layer")) rule.each_layer = read_text(*layers);
  if (const YamlNode* cls = node.find("class")) {
    rule.cls = cls->one_of(class_names());
    if (!rule.each_layer.empty()) {
      cls->fail("two-parts", "a budget is of each layer or of a class, not of both",
                "make two budgets of it");
    }
  }
  for (std::size_t i = 0; i < node.keys().size(); ++i) {
    const Figure* figure = find_figure(node.keys()[i]);
    if (!figure) continue;
    rule.limits.push_back(read_limit(node.values()[i], *figure));
    check_limit(node.values()[i], rule, rule.limits.back());
  }
  if (rule.limits.empty()) {
    node.fail("no-limit", fmt::format("'{}' limits nothing", node.path()),
              "add a figure, as in 'parameters: 26 M'; figures: " + join(limits, ", "));
  }
  return rule;
}

}  // namespace

Budget read_budget(std::string_view text, const std::string& path) {
  const YamlNode root = data::parse_yaml(text, path);
  KeyNames keys = setting_keys();
  keys.emplace_back("budgets");
  root.allow_only(keys);
  Rule common;
  read_settings(root, path, common);
  const YamlNode& rules =
      root.at("budgets", "it lists what is limited, as in '- parameters: 26 M'");
  Budget budget{path, {}};
  for (const YamlNode& rule : rules.items()) {
    budget.rules.push_back(read_rule(rule, path, common));
  }
  if (budget.rules.empty()) rules.fail("no-limit", "'budgets' is empty: nothing would be checked");
  return budget;
}

Budget read_budget_file(const std::string& path) {
  return read_budget(data::read_text_file(path, data::kMaxYamlBytes), path);
}

}  // namespace roofline::report
