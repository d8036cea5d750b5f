// Owns mixtures of experts: a router picks k of many feed-forward networks for each token.
// Refuses to know which experts are picked: as many different ones as tokens allow.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "kin.hpp"

namespace roofline::ops {
namespace {

using enum Role;

/// Where an operator has the weight, scale, bias and zero point of a layer; -1 for none.
struct Layer {
  int weight;
  int scale;
  int bias;
  int zero_point;
};
struct Experts {
  Layer fc1;
  Layer fc2;
  Layer fc3;
  int router_weights;
};
constexpr Experts kMoe = {{2, -1, 3, -1}, {4, -1, 5, -1}, {6, -1, 7, -1}, -1};
constexpr Experts kQMoe = {{2, 3, 4, 11}, {5, 6, 7, 12}, {8, 9, 10, 13}, 14};

/// Values in a stored element of a weight: bytes hold several.
std::int64_t pack_size(const OpContext& ctx, int weight) {
  if (ctx.input(weight).dtype != ir::DType::kUint8) return 1;
  const std::int64_t bits = ctx.attr_int("expert_weight_bits", 4);
  if (bits != 2 && bits != 4 && bits != 8) {
    attribute_error(fmt::format("attribute 'expert_weight_bits' is {}, expected 2, 4 or 8", bits));
  }
  return 8 / bits;
}

struct Sizes {
  Count tokens = 0;
  std::int64_t hidden = 0;
  std::int64_t experts = 0;
  std::int64_t picked = 0;  ///< experts per token
  [[nodiscard]] Count runs() const { return tokens * picked; }
  /// Different experts whose weights are read, at most.
  [[nodiscard]] Count touched() const { return std::min(runs(), Count(experts)); }
};

std::int64_t picked_experts(const OpContext& ctx) {
  const std::int64_t k = ctx.attr_int("k", 1);
  if (k < 1) attribute_error(fmt::format("attribute 'k' is {}, expected at least 1", k));
  return k;
}

/// Precondition: shapes are known and have passed infer_moe.
Sizes read_sizes(const OpContext& ctx) {
  const ir::Shape& x = *ctx.shape(0);
  const std::int64_t experts = ctx.shape(1)->back();
  return {.tokens = product(std::span(x).first(x.size() - 1)),
          .hidden = x.back(),
          .experts = experts,
          .picked = std::min(picked_experts(ctx), experts)};
}

template <const Experts& slots>
void infer_moe(OpContext& ctx) {
  same_as_input(ctx);
  static_cast<void>(picked_experts(ctx));
  if (ctx.attr_string("activation_type", "relu") != "swiglu") {
    check_activation(ctx, "activation_type", "relu");
  }
  const ir::Shape* x = ctx.shape(0);
  if (x && x->size() != 2 && x->size() != 3) {
    shape_error(fmt::format("input has shape {}, expected rank 2 or 3 (tokens, hidden_size)",
                            ir::to_string(*x)));
  }
  const ir::Shape* router = ctx.shape(1);
  if (router && router->size() != 2) {
    shape_error(fmt::format("router_probs have shape {}, expected rank 2 (tokens, experts)",
                            ir::to_string(*router)));
  }
  for (const Layer& layer : {slots.fc1, slots.fc2, slots.fc3}) {
    const ir::Shape* w = ctx.shape(layer.weight);
    if (!w) continue;
    static_cast<void>(pack_size(ctx, layer.weight));
    if (w->size() != 3 || (router && sizes_differ(w->front(), router->back()))) {
      shape_error(fmt::format("an expert weight has shape {}, router_probs have shape {}",
                              ir::to_string(*w), router ? ir::to_string(*router) : "?"),
                  "expected one matrix per expert in front");
    }
  }
}

// --- work
/// Values of one expert's matrix.
Count matrix_elements(const OpContext& ctx, int weight) {
  if (!ctx.has_input(weight)) return 0;
  const ir::Shape& w = *ctx.shape(weight);
  return Count(w[1]) * w[2] * pack_size(ctx, weight);
}

/// One token through an expert's activation: `inner` results, of which a gate takes half the
/// inputs or fc3's products.
Work gate_work(const OpContext& ctx, Count inner, bool has_fc3) {
  const std::string_view type = ctx.attr_string("activation_type", "relu");
  if (type != "swiglu") {
    Work work = activation_work(type, inner);
    if (has_fc3) work.arithmetic += inner;
    return work;
  }
  // G * sigmoid(alpha * G) * (L + beta): mul, 2 of the sigmoid, mul, add, mul.
  const int clamps = ctx.has_attr("swiglu_limit") ? 3 : 0;
  return {.arithmetic = inner * (6 + clamps), .transcendentals = inner};
}

/// A softmax over the experts (unless the weights are given), the k largest of them, their sum for
/// a division if asked for, and the sum of k weighted results.
void add_routing(const OpContext& ctx, const Sizes& s, int router_weights, Work& work) {
  const Count scores = s.tokens * s.experts;
  if (!ctx.has_input(router_weights)) {
    work.arithmetic += scores * 4;
    work.transcendentals += scores;
  }
  work.arithmetic += scores * (1 + ceil_log2(s.picked));
  if (ctx.attr_int("normalize_routing_weights", 0) != 0) {
    work.arithmetic += s.runs() * 2 - s.tokens;
  }
  work.arithmetic += (s.runs() * 2 - s.tokens) * s.hidden;
}

/// Linear quantization subtracts and multiplies; floats of 8 and 4 bits only multiply.
Count dequantize_each(const OpContext& ctx) {
  return ctx.attr_string("quant_type", "int") == "int" ? 2 : 1;
}

template <const Experts& slots>
Work moe_work(const OpContext& ctx) {
  const Sizes s = read_sizes(ctx);
  if (s.hidden < 1 || s.picked < 1) return {};
  const Count fc1 = matrix_elements(ctx, slots.fc1.weight);
  const Count fc2 = matrix_elements(ctx, slots.fc2.weight);
  const Count fc3 = matrix_elements(ctx, slots.fc3.weight);
  const Count matrices = fc1 + fc2 + fc3;
  // Every matrix has the hidden size on one side.
  Work work = contract({.m = s.runs().value(), .n = matrices.value() / s.hidden, .k = s.hidden});
  for (const Layer& layer : {slots.fc1, slots.fc2, slots.fc3}) {
    if (ctx.has_input(layer.bias)) {
      work.arithmetic += s.runs() * ctx.shape(layer.bias)->back();
    }
    if (layer.scale >= 0) {
      work.arithmetic += s.touched() * matrix_elements(ctx, layer.weight) * dequantize_each(ctx);
    }
  }
  const Count inner = fc2.value() / s.hidden;
  add_work(work, gate_work(ctx, s.runs() * inner, ctx.has_input(slots.fc3.weight)));
  add_routing(ctx, s, slots.router_weights, work);
  return work;
}

// --- accesses
/// The part of a stack of matrices that belongs to the touched experts.
void read_experts(const OpContext& ctx, int operand, const Sizes& s, Role role, AccessList& list) {
  if (!ctx.has_input(operand)) return;
  const ir::Shape& shape = *ctx.shape(operand);
  if (shape.empty() || shape[0] != s.experts) return read_whole(ctx, operand, role, list);
  const Count each = product(std::span(shape).subspan(1));
  list.push_back({.operand = operand,
                  .elements = each * s.touched(),
                  .run_length = each.value(),
                  .role = role});
}

template <const Experts& slots>
AccessList touch_moe(const OpContext& ctx) {
  const Sizes s = read_sizes(ctx);
  AccessList list;
  read_whole(ctx, 0, kData, list);
  read_whole(ctx, 1, kData, list);
  for (const Layer& layer : {slots.fc1, slots.fc2, slots.fc3}) {
    read_experts(ctx, layer.weight, s, kParameter, list);
    read_experts(ctx, layer.scale, s, kBuffer, list);
    read_experts(ctx, layer.bias, s, kParameter, list);
    read_experts(ctx, layer.zero_point, s, kBuffer, list);
  }
  if (slots.router_weights >= 0) read_whole(ctx, slots.router_weights, kData, list);
  // Global and activation scales.
  for (int i = 15; i < ctx.input_count(); ++i) read_experts(ctx, i, s, kBuffer, list);
  write_all(ctx, list);
  set_packing(ctx, ctx.attr_int("expert_weight_bits", 4), list);
  return list;
}

/// Which experts run is data: all tokens are taken to pick different ones, as far as there are any.
template <const Experts& slots>
constexpr OpSpec mixture(std::string_view type, Arity arity, std::string_view formula) {
  return contrib_row({OpClass::kMatmul, type, arity, infer_moe<slots>, moe_work<slots>,
                      touch_moe<slots>, formula, Confidence::kApproximate});
}

constexpr OpSpec kContribMoeOps[] = {
    mixture<kMoe>(
        "MoE", {5, 8},
        "2*T*k*(elements of one expert's matrices), + biases, + the activation, + 2*T*k*H "
        "(weighted sum), + softmax and top k of T*E scores; reads min(E, T*k) experts"),
    mixture<kQMoe>("QMoE", {6, 21},
                   "MoE, + 2 per weight of min(E, T*k) experts (dequantize; 1 for float weights)"),
};

}  // namespace

std::span<const OpSpec> contrib_moe_ops() { return kContribMoeOps; }

}  // namespace roofline::ops
