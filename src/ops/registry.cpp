// Owns the joined operator table and its lookup.
// Refuses duplicate rows.
#include "roofline/ops/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "families.hpp"

namespace roofline::ops {
namespace {

auto sort_key(const OpSpec& s) { return std::tie(s.domain, s.type, s.since); }

std::vector<OpSpec> join_families() {
  std::vector<OpSpec> rows;
  for (const auto family : {elementwise_ops(),
                            activation_ops(),
                            conv_ops(),
                            conv_transpose_ops(),
                            matmul_ops(),
                            einsum_ops(),
                            pooling_ops(),
                            normalization_ops(),
                            softmax_ops(),
                            reduction_ops(),
                            recurrent_ops(),
                            attention_ops(),
                            resize_ops(),
                            sampling_ops(),
                            movement_ops(),
                            slice_ops(),
                            gather_ops(),
                            view_ops(),
                            sequence_ops(),
                            ml_ops(),
                            ml_trees_ops(),
                            preview_ops(),
                            experimental_ops(),
                            shape_ops(),
                            random_ops(),
                            quantize_ops(),
                            search_ops(),
                            signal_ops(),
                            text_ops(),
                            contrib_attention_ops(),
                            contrib_cache_attention_ops(),
                            contrib_grouped_attention_ops(),
                            contrib_special_attention_ops(),
                            contrib_linear_attention_ops(),
                            contrib_position_ops(),
                            contrib_norm_ops(),
                            contrib_activation_ops(),
                            contrib_conv_ops(),
                            contrib_matmul_ops(),
                            contrib_quantized_ops(),
                            contrib_quantized_matmul_ops(),
                            contrib_moe_ops(),
                            contrib_misc_ops(),
                            contrib_causal_ops(),
                            contrib_text_ops(),
                            linalg_ops(),
                            control_ops()}) {
    rows.insert(rows.end(), family.begin(), family.end());
  }
  std::sort(rows.begin(), rows.end(),
            [](const OpSpec& a, const OpSpec& b) { return sort_key(a) < sort_key(b); });
  const auto twin = std::adjacent_find(
      rows.begin(), rows.end(),
      [](const OpSpec& a, const OpSpec& b) { return sort_key(a) == sort_key(b); });
  if (twin != rows.end()) throw std::logic_error(fmt::format("two rows for {}", twin->type));
  return rows;
}

/// Type name -> its rows, a slice of all_ops() that spans domains: names rarely repeat over
/// domains.
using Index = std::unordered_multimap<std::string_view, const OpSpec*>;

const Index& index() {
  static const Index kIndex = [] {
    Index by_type;
    by_type.reserve(all_ops().size());
    for (const OpSpec& row : all_ops()) by_type.emplace(row.type, &row);
    return by_type;
  }();
  return kIndex;
}

}  // namespace

std::span<const OpSpec> all_ops() {
  static const std::vector<OpSpec> kRows = join_families();
  return kRows;
}

const OpSpec* find_op(std::string_view domain, std::string_view type, int opset) {
  const OpSpec* best = nullptr;
  const auto [first, last] = index().equal_range(type);
  for (auto it = first; it != last; ++it) {
    const OpSpec* row = it->second;
    if (row->domain == domain && row->since <= opset && (!best || row->since > best->since)) {
      best = row;
    }
  }
  return best;
}

std::string operators_markdown() {
  std::string text =
      "# Operators\n\nGenerated from the table in src/ops by its test; `roofline ops NAME` prints "
      "a row.\n"
      "FLOPs = 2 x MACs + other arithmetic; transcendental evaluations are counted apart.\n\n"
      "| operator | domain | since opset | class | FLOPs | confidence | source |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const OpSpec& row : all_ops()) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", row.type,
                        row.domain.empty() ? "ai.onnx" : row.domain, row.since, class_name(row.cls),
                        row.formula, confidence_name(row.confidence),
                        row.source.empty() ? "ONNX specification" : row.source);
  }
  return text;
}

}  // namespace roofline::ops
