// Owns onnxruntime's normalizations, alone or fused with residuals and embeddings.
// Refuses to count a normalization itself: the ONNX operator's row does.
#include <fmt/format.h>

#include <algorithm>

#include "attention_rules.hpp"
#include "families.hpp"
#include "kin.hpp"

namespace roofline::ops {
namespace {

using enum Role;

constexpr Kin kLayer = {.type = "LayerNormalization", .slots = at(0, 1, 2)};
constexpr Kin kRms = {.type = "RMSNormalization", .slots = at(0, 1), .opset = 23};
constexpr Kin kSkipLayer = {.type = "LayerNormalization", .slots = at(0, 2, 3)};
constexpr Kin kSkipRms = {.type = "RMSNormalization", .slots = at(0, 2), .opset = 23};

// --- LayerNormalization, SimplifiedLayerNormalization: the result has the scale's type
template <const Kin& kin>
void infer_norm(OpContext& ctx) {
  infer_as<kin>(ctx);
  ctx.output().dtype = ctx.input(1).dtype;
}

// --- SkipLayerNormalization, SkipSimplifiedLayerNormalization
template <const Kin& kin>
void infer_skip_norm(OpContext& ctx) {
  infer_as<kin>(ctx);
  ctx.set_output(3, ctx.input(0).dtype, ctx.input(0).shape);
}

/// The residual, and the bias in operand `bias`, are added first.
template <const Kin& kin, int bias>
Work skip_norm_work(const OpContext& ctx) {
  Work work = work_as<kin>(ctx);
  work.arithmetic += ctx.elements(0) * (ctx.has_input(bias) ? 2 : 1);
  return work;
}

// --- GroupNorm, SkipGroupNorm
constexpr Kin kGroupLast = {.type = "GroupNormalization",
                            .slots = at(0, 1, 2),
                            .opset = 21,
                            .layout = Layout::kChannelsLast};
constexpr Kin kGroupFirst = {.type = "GroupNormalization", .slots = at(0, 1, 2), .opset = 21};

/// The kin's rule, run by `run`, with the number of groups under its name there.
template <class Run>
auto with_group_norm(const OpContext& ctx, Run run) {
  KinNode node(ctx, ctx.attr_int("channels_last", 1) != 0 ? kGroupLast : kGroupFirst);
  node.add_attribute({"num_groups", ctx.required_int("groups")});
  return run(node);
}

void infer_group_norm(OpContext& ctx) {
  with_group_norm(ctx, [](KinNode& node) { node.infer(); });
  for (const int i : {0, 1}) ctx.set_output(i, ctx.input(0).dtype, ctx.input(0).shape);
}

Work group_norm_work(const OpContext& ctx) {
  Work work = with_group_norm(ctx, [](KinNode& node) { return node.work(); });
  const Count n = ctx.elements(0);
  if (ctx.attr_int("activation", 0) != 0) add_work(work, activation_work("silu", n));
  if (ctx.has_input(3)) work.arithmetic += n * (ctx.has_input(4) ? 2 : 1);
  return work;
}

// --- GatedRMSNorm: rows of scale's length
std::int64_t gated_row(const OpContext& ctx) {
  const ir::Shape* scale = shape_of_rank(ctx, 1, "scale", 1);
  return scale ? (*scale)[0] : kAny;
}

void infer_gated_norm(OpContext& ctx) {
  same_as_input(ctx);
  const ir::Shape* x = ctx.shape(0);
  const std::int64_t row = gated_row(ctx);
  if (x && !x->empty()) static_cast<void>(split_size(x->back(), row, "X"));
}

Work gated_norm_work(const OpContext& ctx) {
  const std::int64_t row = gated_row(ctx);
  const Count n = ctx.elements(0);
  const Count rows = row < 1 ? Count(0) : Count(n.value() / row);
  Work work = activation_work("silu", n);
  add_work(work, {.arithmetic = n * (4 + 1) + rows * 3, .transcendentals = rows});
  return work;
}

// --- EmbedLayerNormalization, QEmbedLayerNormalization
struct Embedding {
  int gamma = 5;
  int beta = 6;
  int mask = 7;
  int position_ids = -1;
  bool is_quantized = false;
};
constexpr Embedding kFloatEmbedding = {.position_ids = 8};
constexpr Embedding kQuantizedEmbedding = {.is_quantized = true};
constexpr int kWord = 2, kPosition = 3, kSegment = 4;

/// [batch, length, hidden]
ir::Shape embedded(const OpContext& ctx) {
  const ir::Shape* ids = shape_of_rank(ctx, 0, "input_ids", 2);
  ir::Shape out = {ids ? (*ids)[0] : kAny, ids ? (*ids)[1] : kAny, kAny};
  for (const int table : {kWord, kPosition, kSegment}) {
    const ir::Shape* rows = shape_of_rank(ctx, table, "embedding", 2);
    if (!rows) continue;
    if (sizes_differ(out[2], (*rows)[1])) {
      shape_error(fmt::format("embeddings have {} and {} columns", out[2], (*rows)[1]));
    }
    out[2] = known_size(out[2], (*rows)[1]);
  }
  return out;
}

template <const Embedding& e>
void infer_embedding(OpContext& ctx) {
  const ir::Shape out = embedded(ctx);
  const ir::DType dtype = e.is_quantized ? ir::DType::kFloat32 : ctx.input(kWord).dtype;
  ctx.set_output(0, dtype, out);
  ctx.set_output(1, ctx.input(0).dtype, ir::Shape{out[0]});
  ctx.set_output(2, dtype, out);
}

template <const Embedding& e>
Work embedding_work(const OpContext& ctx) {
  constexpr Kin kNorm = {.type = "LayerNormalization", .slots = at(-1, e.gamma, e.beta)};
  KinNode norm(ctx, kNorm);
  norm.add_operand(0, ctx.output());
  Work work = norm.work();
  const int tables = ctx.has_input(kSegment) ? 3 : 2;
  const Count n = ctx.output_elements();
  work.arithmetic += n * (tables - 1);
  if (ctx.has_input(e.mask)) work.arithmetic += ctx.elements(e.mask);
  if (e.is_quantized) {
    work.arithmetic += (n * tables + ctx.elements(e.gamma) + ctx.elements(e.beta)) * 2;
  }
  return work;
}

/// Each token takes one row of each table; positions repeat over the batch unless ids say more.
template <const Embedding& e>
AccessList touch_embedding(const OpContext& ctx) {
  const ir::Shape& ids = *ctx.shape(0);
  const Count tokens = Count(ids[0]) * ids[1];
  AccessList list;
  for (const int i : {0, 1, e.mask, e.position_ids}) read_whole(ctx, i, kBuffer, list);
  for (const int table : {kWord, kPosition, kSegment}) {
    if (!ctx.has_input(table)) continue;
    const std::int64_t row = ctx.shape(table)->back();
    const Count rows = table != kPosition              ? tokens
                       : ctx.has_input(e.position_ids) ? ctx.elements(e.position_ids)
                                                       : Count(ids[1]);
    read_part(ctx, table, rows * row, kParameter, list);
    list.back().run_length = row;
  }
  read_whole(ctx, e.gamma, kParameter, list);
  read_whole(ctx, e.beta, kParameter, list);
  if (e.is_quantized) {
    for (int i = e.mask + 1; i < ctx.input_count(); ++i) read_whole(ctx, i, kBuffer, list);
  }
  write_all(ctx, list);
  return list;
}

/// onnxruntime's own operator in ONNX's domain.
constexpr OpSpec in_onnx_domain(OpSpec row) {
  row.domain = "";
  return row;
}

constexpr OpSpec kLayerNorm = contrib_row({OpClass::kNormalization,
                                           "LayerNormalization",
                                           {2, 3, 1, 3},
                                           infer_norm<kLayer>,
                                           work_as<kLayer>,
                                           touch_as<kData, kParameter, kParameter>,
                                           "as LayerNormalization of opset 17"});
constexpr OpSpec kSimplifiedNorm = contrib_row({OpClass::kNormalization,
                                                "SimplifiedLayerNormalization",
                                                {2, 2, 1, 2},
                                                infer_norm<kRms>,
                                                work_as<kRms>,
                                                touch_as<kData, kParameter>,
                                                "as RMSNormalization"});

constexpr OpSpec kContribNormOps[] = {
    kLayerNorm,
    in_onnx_domain(kLayerNorm),
    kSimplifiedNorm,
    in_onnx_domain(kSimplifiedNorm),
    contrib_row({OpClass::kNormalization,
                 "SkipLayerNormalization",
                 {3, 5, 1, 4},
                 infer_skip_norm<kSkipLayer>,
                 skip_norm_work<kSkipLayer, 4>,
                 touch_as<kData, kData, kParameter, kParameter, kParameter>,
                 "as LayerNormalization, + 1 per element (skip), + 1 if bias"}),
    contrib_row({OpClass::kNormalization,
                 "SkipSimplifiedLayerNormalization",
                 {3, 4, 1, 4},
                 infer_skip_norm<kSkipRms>,
                 skip_norm_work<kSkipRms, 3>,
                 touch_as<kData, kData, kParameter, kParameter>,
                 "as RMSNormalization, + 1 per element (skip), + 1 if bias"}),
    contrib_row({OpClass::kNormalization,
                 "GroupNorm",
                 {3, 3},
                 infer_group_norm,
                 group_norm_work,
                 touch_as<kData, kParameter, kParameter>,
                 "as GroupNormalization of opset 21, + a Swish per element if activation"}),
    contrib_row({OpClass::kNormalization,
                 "SkipGroupNorm",
                 {4, 5, 1, 2},
                 infer_group_norm,
                 group_norm_work,
                 touch_as<kData, kParameter, kParameter, kData, kParameter>,
                 "as GroupNorm, + 1 per element (skip), + 1 if bias"}),
    contrib_row(
        {OpClass::kNormalization,
         "GatedRMSNorm",
         {3, 3},
         infer_gated_norm,
         gated_norm_work,
         touch_as<kData, kParameter, kData>,
         "as RMSNormalization on rows of scale's length, + a Swish of gate and a mul per element"}),
    contrib_row(
        {OpClass::kNormalization,
         "EmbedLayerNormalization",
         {1, 9, 1, 3},
         infer_embedding<kFloatEmbedding>,
         embedding_work<kFloatEmbedding>,
         touch_embedding<kFloatEmbedding>,
         "as LayerNormalization, + 1 per element and further table (position, segment), + 1 per "
         "element of mask"}),
    contrib_row(
        {OpClass::kNormalization,
         "QEmbedLayerNormalization",
         {1, 18, 1, 2},
         infer_embedding<kQuantizedEmbedding>,
         embedding_work<kQuantizedEmbedding>,
         touch_embedding<kQuantizedEmbedding>,
         "as EmbedLayerNormalization, + 2 (sub, mul) per element taken from a table and of gamma "
         "and beta"}),
};

}  // namespace

std::span<const OpSpec> contrib_norm_ops() { return kContribNormOps; }

}  // namespace roofline::ops
