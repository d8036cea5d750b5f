#pragma once
#include <span>

#include "roofline/ops/op_spec.hpp"

namespace roofline::ops {

/// The rows of each family file; registry.cpp joins them.
std::span<const OpSpec> elementwise_ops();
std::span<const OpSpec> activation_ops();
std::span<const OpSpec> conv_ops();
std::span<const OpSpec> conv_transpose_ops();
std::span<const OpSpec> matmul_ops();
std::span<const OpSpec> einsum_ops();
std::span<const OpSpec> pooling_ops();
std::span<const OpSpec> normalization_ops();
std::span<const OpSpec> softmax_ops();
std::span<const OpSpec> reduction_ops();
std::span<const OpSpec> recurrent_ops();
std::span<const OpSpec> attention_ops();
std::span<const OpSpec> resize_ops();
std::span<const OpSpec> sampling_ops();
std::span<const OpSpec> movement_ops();
std::span<const OpSpec> slice_ops();
std::span<const OpSpec> gather_ops();
std::span<const OpSpec> view_ops();
std::span<const OpSpec> sequence_ops();
std::span<const OpSpec> ml_ops();
std::span<const OpSpec> ml_trees_ops();
std::span<const OpSpec> preview_ops();
std::span<const OpSpec> experimental_ops();
std::span<const OpSpec> shape_ops();
std::span<const OpSpec> search_ops();
std::span<const OpSpec> signal_ops();
std::span<const OpSpec> text_ops();
std::span<const OpSpec> linalg_ops();
std::span<const OpSpec> random_ops();
std::span<const OpSpec> quantize_ops();
std::span<const OpSpec> contrib_attention_ops();
std::span<const OpSpec> contrib_cache_attention_ops();
std::span<const OpSpec> contrib_grouped_attention_ops();
std::span<const OpSpec> contrib_special_attention_ops();
std::span<const OpSpec> contrib_linear_attention_ops();
std::span<const OpSpec> contrib_position_ops();
std::span<const OpSpec> contrib_norm_ops();
std::span<const OpSpec> contrib_activation_ops();
std::span<const OpSpec> contrib_conv_ops();
std::span<const OpSpec> contrib_matmul_ops();
std::span<const OpSpec> contrib_quantized_ops();
std::span<const OpSpec> contrib_quantized_matmul_ops();
std::span<const OpSpec> contrib_moe_ops();
std::span<const OpSpec> contrib_misc_ops();
std::span<const OpSpec> contrib_causal_ops();
std::span<const OpSpec> contrib_text_ops();
std::span<const OpSpec> control_ops();

}  // namespace roofline::ops
