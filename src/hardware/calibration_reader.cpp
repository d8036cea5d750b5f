// Owns the meaning of a calibration's fields: names, ranges, and what a default passes on.
// Refuses values that no machine can have; the ranges are listed with the parameters.
#include <fmt/format.h>

#include <algorithm>

#include "field_reader.hpp"
#include "profile_internal.hpp"
#include "roofline/base/text.hpp"

namespace roofline::hardware {
namespace {

using data::YamlNode;

constexpr Range kThreads = {0, 1e6};
constexpr Range kRows = {0, 1e9};
constexpr Range kError = {0, 1e3};

template <class Owner>
Names names_of(std::span<const Parameter<Owner>> parameters) {
  Names names;
  for (const auto& p : parameters) names.emplace_back(p.name);
  return names;
}

template <class Owner>
void read_parameters(const YamlNode& node, std::span<const Parameter<Owner>> parameters,
                     Owner& owner) {
  for (const auto& p : parameters) {
    if (const YamlNode* value = node.find(p.name)) {
      owner.*p.member = read_ranged(*value, p.name, p.range);
    }
  }
}

void read_terms(const YamlNode& node, Terms& terms) {
  static const Names kTerms = names_of(term_parameters());
  node.allow_only(kTerms);
  read_parameters(node, term_parameters(), terms);
}

int read_count(const YamlNode& node, const Range& range) {
  (void)node.integer();
  return static_cast<int>(read_ranged(node, "", range));
}

std::string read_date(const YamlNode& node) {
  const std::string& text = node.text();
  constexpr std::string_view kForm = "0000-00-00";
  const bool fits =
      std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(),
                 [](char c, char form) { return form == '0' ? c >= '0' && c <= '9' : c == form; });
  if (!fits) {
    node.fail("bad-value", fmt::format("'{}' is '{}'; expected a date as in 2026-11-20",
                                       node.path(), ellipsize(printable(text), 40)));
  }
  return text;
}

/// "8.5" or "8.5 int8".
void check_release(const YamlNode& node, const std::string& key) {
  if (is_release(key)) return;
  node.fail(
      "bad-value",
      fmt::format("'{}' has '{}'; expected a release, as in 8.5, and maybe a precision, as in "
                  "8.5 int8",
                  node.path(), printable(key)));
}

/// "conv.pointwise" or "unary:Sigmoid": the kinds are the plan's, their spelling is checked here.
void check_kernel_name(const YamlNode& node, const std::string& name) {
  constexpr std::string_view kKind = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  constexpr std::string_view kOperator =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
  const std::size_t colon = name.find(':');
  const std::string_view kind = std::string_view(name).substr(0, colon);
  const std::string_view op =
      colon == std::string::npos ? "Op" : std::string_view(name).substr(colon + 1);
  if (!kind.empty() && !op.empty() && kind.find_first_not_of(kKind) == std::string_view::npos &&
      op.find_first_not_of(kOperator) == std::string_view::npos) {
    return;
  }
  node.fail("bad-value",
            fmt::format("'{}' is not the name of a kernel; expected KIND or KIND:OPERATOR",
                        ellipsize(printable(name), 40)),
            "such as conv.pointwise or unary:Sigmoid");
}

KernelTiming read_kernel(const YamlNode& node) {
  static const Names kKeys = [] {
    Names names = names_of(kernel_parameters());
    names.insert(names.begin() + 1, "half");
    return names;
  }();
  node.allow_only(kKeys);
  KernelTiming timing;
  read_parameters(node, kernel_parameters(), timing);
  const YamlNode* half = node.find("half");
  if (half == nullptr) return timing;
  if (half->items().size() != timing.half.size()) {
    half->fail("bad-value", fmt::format("'{}' has {} numbers; expected {}, one for each extent",
                                        half->path(), half->items().size(), timing.half.size()));
  }
  for (std::size_t i = 0; i < timing.half.size(); ++i) {
    timing.half.at(i) = read_ranged(half->items()[i], "", kHalfRange);
  }
  return timing;
}

Derate read_derate(const YamlNode& node) {
  static const Names kKeys = {"factor", "architectures", "matrix_only"};
  node.allow_only(kKeys);
  Derate derate;
  derate.factor = read_ranged(node.at("factor"), "", kDerateRange);
  if (const YamlNode* list = node.find("architectures")) derate.architectures = read_names(*list);
  if (const YamlNode* only = node.find("matrix_only")) derate.matrix_only = only->boolean();
  return derate;
}

Evidence read_evidence(const YamlNode& node) {
  static const Names kKeys = {"rows",         "mape",    "cross_validated_mape",
                              "unidentified", "sources", "machines"};
  node.allow_only(kKeys);
  Evidence evidence;
  evidence.rows = read_count(node.at("rows"), kRows);
  evidence.mape = read_ranged(node.at("mape"), "", kError);
  if (const YamlNode* mape = node.find("cross_validated_mape")) {
    evidence.cross_validated_mape = read_ranged(*mape, "", kError);
  }
  if (const YamlNode* list = node.find("unidentified")) evidence.unidentified = read_texts(*list);
  if (const YamlNode* list = node.find("sources")) evidence.sources = read_texts(*list);
  if (const YamlNode* list = node.find("machines")) evidence.machines = read_texts(*list);
  return evidence;
}

void read_factors(const YamlNode& node, const Range& range,
                  std::map<std::string, double, std::less<>>& factors) {
  for (std::size_t i = 0; i < node.keys().size(); ++i) {
    factors[node.keys()[i]] = read_ranged(node.values()[i], "", range);
  }
}

Calibration read_resolved(const YamlNode& node) {
  Calibration c;
  c.runtime = read_text(node.at("runtime"));
  c.version = read_text(node.at("version"));
  c.date = read_date(node.at("date"));
  if (const YamlNode* machine = node.find("machine")) c.machine = read_text(*machine);
  if (const YamlNode* threads = node.find("threads")) c.threads = read_count(*threads, kThreads);
  if (const YamlNode* terms = node.find("terms")) read_terms(*terms, c.terms);
  if (const YamlNode* precisions = node.find("precisions")) {
    precisions->allow_only(precision_names());
    read_factors(*precisions, kPrecisionRange, c.precisions);
  }
  if (const YamlNode* releases = node.find("releases")) {
    for (const std::string& key : releases->keys()) check_release(*releases, key);
    read_factors(*releases, kReleaseRange, c.releases);
  }
  if (const YamlNode* kernels = node.find("kernels")) {
    for (std::size_t i = 0; i < kernels->keys().size(); ++i) {
      check_kernel_name(kernels->values()[i], kernels->keys()[i]);
      c.kernels[kernels->keys()[i]] = read_kernel(kernels->values()[i]);
    }
  }
  if (const YamlNode* fused = node.find("fused")) read_factors(*fused, kFusedRange, c.fused);
  if (const YamlNode* derates = node.find("derates")) {
    for (const YamlNode& item : derates->items()) c.derates.push_back(read_derate(item));
  }
  if (const YamlNode* evidence = node.find("evidence")) c.evidence = read_evidence(*evidence);
  return c;
}

/// The parameters of the default that `extends` names: not where they come from, which says nothing
/// of the machine that takes them over.
YamlNode inherited(const YamlNode& extends) {
  static const Names kPassedOn = {"terms", "precisions", "releases", "kernels", "fused", "derates"};
  const std::string& name = read_name(extends);
  const std::string file = default_file(name);
  if (file.empty()) {
    const Names known = list_defaults();
    std::string hint = did_you_mean_hint(name, known);
    if (hint.empty() && !known.empty()) hint = fmt::format("known: {}", join(known, ", "));
    extends.fail("unknown-calibration",
                 fmt::format("'{}' names '{}', which is not in a directory 'defaults' of the "
                             "search path",
                             extends.path(), name),
                 hint);
  }
  YamlNode tree = data::parse_yaml_file(file);
  (void)read_default(tree);  // errors of the default are told in its own terms
  for (std::size_t i = tree.keys().size(); i-- > 0;) {
    if (std::find(kPassedOn.begin(), kPassedOn.end(), tree.keys()[i]) == kPassedOn.end()) {
      tree.erase_member(i);
    }
  }
  return tree;
}

const Names& calibration_keys() {
  static const Names kKeys = {"runtime", "version", "date",       "machine",
                              "threads", "terms",   "precisions", "releases",
                              "kernels", "fused",   "derates",    "evidence"};
  return kKeys;
}

Names with(Names keys, std::initializer_list<const char*> more) {
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

}  // namespace

Calibration read_calibration(const YamlNode& node) {
  static const Names kKeys = with(calibration_keys(), {"extends"});
  node.allow_only(kKeys);
  const YamlNode* extends = node.find("extends");
  if (extends == nullptr) return read_resolved(node);
  Calibration calibration = read_resolved(merge(inherited(*extends), node));
  calibration.extends = extends->text();
  return calibration;
}

DefaultCalibration read_default(const YamlNode& tree) {
  static const Names kKeys = with(calibration_keys(), {"kind", "architectures", "machines"});
  tree.allow_only(kKeys);
  DefaultCalibration result;
  result.kind = tree.at("kind", "gpu, cpu or npu").one_of(machine_kinds());
  if (const YamlNode* list = tree.find("architectures")) result.architectures = read_names(*list);
  result.calibration = read_resolved(tree);
  result.calibration.is_default = true;
  if (const YamlNode* machines = tree.find("machines")) {
    for (std::size_t i = 0; i < machines->keys().size(); ++i) {
      Terms terms = result.calibration.terms;
      read_terms(machines->values()[i], terms);
      result.machines.emplace(machines->keys()[i], terms);
    }
  }
  return result;
}

const Names& machine_kinds() {
  static const Names kKinds = {"gpu", "cpu", "npu"};
  return kKinds;
}

}  // namespace roofline::hardware
