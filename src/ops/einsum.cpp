// Owns Einsum: the equation, its shapes, and what contracting it pair by pair costs.
// Refuses to search for the cheapest order: operands are contracted from left to right.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

/// An axis label: a letter, or kEllipsis + distance from the ellipsis' last axis.
using Label = int;
using AxisLabels = std::vector<Label>;
constexpr Label kEllipsis = 256;

/// One operand's term as written: `before...after`, or only `before`.
struct Term {
  AxisLabels before;
  AxisLabels after;
  bool has_ellipsis = false;
};

struct Equation {
  std::vector<Term> inputs;
  Term output;
  bool is_explicit = false;
};

/// Everything the node's shapes say about its labels.
struct Binding {
  std::vector<AxisLabels> inputs;  ///< each operand's labels, expanded
  AxisLabels output;
  std::map<Label, std::int64_t> sizes;
};

[[noreturn]] void equation_error(std::string_view equation, const std::string& why) {
  attribute_error(fmt::format("equation '{}': {}", equation, why));
}

Term parse_term(std::string_view text, std::string_view equation) {
  Term term;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto letter = static_cast<unsigned char>(text[i]);
    if (text.substr(i, 3) == "..." && !term.has_ellipsis) {
      term.has_ellipsis = true;
      i += 2;
    } else if (std::isalpha(letter) != 0) {
      (term.has_ellipsis ? term.after : term.before).push_back(letter);
    } else if (letter != ' ') {
      equation_error(equation, fmt::format("unexpected '{}'", text[i]));
    }
  }
  return term;
}

std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  for (std::size_t comma = text.find(','); comma != text.npos; comma = text.find(',')) {
    terms.push_back(text.substr(0, comma));
    text.remove_prefix(comma + 1);
  }
  terms.push_back(text);
  return terms;
}

/// Without "->" the output has the labels that occur once, in alphabetical order.
Term implicit_output(const std::vector<Term>& inputs) {
  std::map<Label, int> uses;
  Term output;
  for (const Term& term : inputs) {
    for (const Label label : term.before) ++uses[label];
    for (const Label label : term.after) ++uses[label];
    output.has_ellipsis = output.has_ellipsis || term.has_ellipsis;
  }
  for (const auto& [label, count] : uses) {
    if (count == 1) output.after.push_back(label);
  }
  if (!output.has_ellipsis) std::swap(output.before, output.after);
  return output;
}

Equation parse_equation(const OpContext& ctx) {
  const std::string_view text = ctx.attr_string("equation", "");
  const std::size_t arrow = text.find("->");
  Equation equation = {.inputs = {}, .output = {}, .is_explicit = arrow != text.npos};
  for (const std::string_view term : split_terms(text.substr(0, arrow))) {
    equation.inputs.push_back(parse_term(term, text));
  }
  if (static_cast<int>(equation.inputs.size()) != ctx.input_count()) {
    equation_error(
        text, fmt::format("{} terms for {} inputs", equation.inputs.size(), ctx.input_count()));
  }
  equation.output = equation.is_explicit ? parse_term(text.substr(arrow + 2), text)
                                         : implicit_output(equation.inputs);
  return equation;
}

/// The term's labels when its ellipsis stands for `ellipsis_rank` axes.
AxisLabels expand(const Term& term, std::size_t ellipsis_rank) {
  AxisLabels labels = term.before;
  for (std::size_t i = ellipsis_rank; term.has_ellipsis && i > 0; --i) {
    labels.push_back(kEllipsis + static_cast<Label>(i) - 1);
  }
  labels.insert(labels.end(), term.after.begin(), term.after.end());
  return labels;
}

void bind_sizes(const AxisLabels& labels, const ir::Shape& shape, Binding& binding) {
  for (std::size_t axis = 0; axis < labels.size(); ++axis) {
    const auto [entry, is_new] = binding.sizes.try_emplace(labels[axis], shape[axis]);
    if (is_new || entry->second == shape[axis] || shape[axis] == 1) continue;
    if (sizes_differ(entry->second, shape[axis]) && entry->second != 1) {
      const std::string name = labels[axis] < kEllipsis
                                   ? std::string(1, static_cast<char>(labels[axis]))
                                   : std::string("...");
      shape_error(
          fmt::format("label '{}' stands for {} and for {}", name, entry->second, shape[axis]));
    }
    if (shape[axis] != ir::kUnknownDim || entry->second == 1) entry->second = shape[axis];
  }
}

/// nullopt when an ellipsis stands for a number of axes that is not known.
std::optional<Binding> bind(const OpContext& ctx) {
  const Equation equation = parse_equation(ctx);
  Binding binding;
  std::size_t widest = 0;
  for (int i = 0; i < ctx.input_count(); ++i) {
    const Term& term = equation.inputs[static_cast<std::size_t>(i)];
    const ir::Shape* shape = ctx.shape(i);
    if (!shape && term.has_ellipsis) return std::nullopt;
    const std::size_t named = term.before.size() + term.after.size();
    if (shape && (shape->size() < named || (shape->size() > named && !term.has_ellipsis))) {
      shape_error(fmt::format("input {} has rank {}, its term in the equation names {} axes", i,
                              shape->size(), named));
    }
    const std::size_t ellipsis_rank = shape ? shape->size() - named : 0;
    widest = std::max(widest, ellipsis_rank);
    binding.inputs.push_back(expand(term, ellipsis_rank));
    if (shape) bind_sizes(binding.inputs.back(), *shape, binding);
    for (const Label label : binding.inputs.back()) {
      binding.sizes.try_emplace(label, ir::kUnknownDim);
    }
  }
  binding.output = expand(equation.output, widest);
  return binding;
}

void infer_einsum(OpContext& ctx) {
  const ir::DType dtype = ctx.input(0).dtype;
  const std::optional<Binding> binding = bind(ctx);
  if (!binding) return ctx.set_output(0, dtype, std::nullopt);
  ir::Shape shape;
  for (const Label label : binding->output) {
    const auto size = binding->sizes.find(label);
    if (size == binding->sizes.end()) {
      equation_error(ctx.attr_string("equation", ""), "an output label is in no input");
    }
    shape.push_back(size->second);
  }
  ctx.set_output(0, dtype, std::move(shape));
}

// --- work
using LabelSet = std::set<Label>;

Count volume(const LabelSet& labels, const Binding& binding) {
  Count result = 1;
  for (const Label label : labels) result *= binding.sizes.at(label);
  return result;
}

/// Keeps the labels of `labels` that `wanted` says; returns the additions this costs.
template <class Predicate>
Count sum_out(LabelSet& labels, const Binding& binding, Predicate wanted) {
  const Count before = volume(labels, binding);
  std::erase_if(labels, [&](Label label) { return !wanted(label); });
  return before - std::min(before, volume(labels, binding));
}

/// Contracts `left` with `right`, keeping the labels in `later`; `left` becomes the result.
Work contract_pair(LabelSet& left, LabelSet right, const LabelSet& later, const Binding& binding) {
  const auto keep_for = [&](const LabelSet& other) {
    return [&](Label label) { return other.contains(label) || later.contains(label); };
  };
  const Count sums =
      sum_out(left, binding, keep_for(right)) + sum_out(right, binding, keep_for(left));
  Count batch = 1;
  Count m = 1;
  Count n = 1;
  Count k = 1;
  for (const Label label : left) {
    Count& side = !right.contains(label) ? m : later.contains(label) ? batch : k;
    side *= binding.sizes.at(label);
  }
  for (const Label label : right) {
    if (!left.contains(label)) n *= binding.sizes.at(label);
  }
  left.merge(right);
  std::erase_if(left, [&](Label label) { return !later.contains(label); });
  Work work = contract({.batch = batch.value(), .m = m.value(), .n = n.value(), .k = k.value()});
  work.arithmetic = sums;
  return work;
}

Work einsum_work(const OpContext& ctx) {
  const Binding binding = bind(ctx).value();
  LabelSet result(binding.inputs[0].begin(), binding.inputs[0].end());
  Work total;
  for (std::size_t i = 1; i < binding.inputs.size(); ++i) {
    LabelSet later(binding.output.begin(), binding.output.end());
    for (std::size_t j = i + 1; j < binding.inputs.size(); ++j) {
      later.insert(binding.inputs[j].begin(), binding.inputs[j].end());
    }
    const LabelSet right(binding.inputs[i].begin(), binding.inputs[i].end());
    Work pair = contract_pair(result, right, later, binding);
    total.macs += pair.macs;
    total.arithmetic += pair.arithmetic;
    // Only a single product has one matrix form.
    if (binding.inputs.size() == 2) total.contraction = std::move(pair.contraction);
  }
  const LabelSet output(binding.output.begin(), binding.output.end());
  total.arithmetic += sum_out(result, binding, [&](Label label) { return output.contains(label); });
  return total;
}

AccessList einsum_accesses(const OpContext& ctx) {
  AccessList list;
  for (int i = 0; i < ctx.input_count(); ++i) {
    read_whole(ctx, i, i == 0 ? Role::kData : Role::kParameter, list);
  }
  write_all(ctx, list);
  return list;
}

constexpr OpSpec kEinsumOps[] = {
    {.type = "Einsum",
     .since = 12,
     .cls = OpClass::kMatmul,
     .arity = {1, kMany},
     .infer = infer_einsum,
     .work = einsum_work,
     .access = einsum_accesses,
     .formula = "operands pair by pair from the left: 2 * product of the sizes of a pair's labels; "
                "labels of one operand alone are summed first, 1 add each"},
};

}  // namespace

std::span<const OpSpec> einsum_ops() { return kEinsumOps; }

}  // namespace roofline::ops
