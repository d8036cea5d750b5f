// Owns ONNX Runtime's convolutions and pooling: fused, channels last, in blocks of channels.
// Refuses to pick a layout's cost: the same arithmetic and elements in every layout.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "kin.hpp"

namespace roofline::ops {
namespace {

using enum Role;
constexpr Layout kLast = Layout::kChannelsLast;

// --- Conv, + a residual, + an activation
constexpr Kin kConvFirst = {.type = "Conv", .slots = at(0, 1, 2)};
constexpr Kin kConvLast = {.type = "Conv", .slots = at(0, 1, 2), .layout = kLast};
constexpr Kin kConvTransposeLast = {.type = "ConvTranspose", .slots = at(0, 1, 2), .layout = kLast};
constexpr Kin kQConv = {
    .type = "QLinearConv", .slots = at(0, 1, 2, 3, 4, 5, 6, 7, 8), .layout = Layout::kByAttribute};
constexpr Kin kQConvLast = {
    .type = "QLinearConv", .slots = at(0, 1, 2, 3, 4, 5, 6, 7, 8), .layout = kLast};

template <const Kin& kin>
void infer_fused(OpContext& ctx) {
  check_activation(ctx);
  infer_as<kin>(ctx);
}

template <const Kin& kin>
Work fused_work(const OpContext& ctx) {
  Work work = work_as<kin>(ctx);
  if (ctx.has_input(3)) work.arithmetic += ctx.output_elements();
  add_work(work, fused_activation_work(ctx));
  return work;
}

// --- ConvTransposeWithDynamicPads: X, W, pads, B
constexpr Kin kConvTranspose = {.type = "ConvTranspose", .slots = at(0, 1, 3)};

void infer_dynamic_pads(OpContext& ctx) {
  KinNode node(ctx, kConvTranspose);
  if (const Ints* pads = ctx.known_ints(2)) node.add_attribute({"pads", *pads});
  node.infer();
  ir::TensorType y = node.result();
  if (ctx.has_input(2) && !ctx.known_ints(2) && y.shape && y.shape->size() > 2) {
    std::fill(y.shape->begin() + 2, y.shape->end(), ir::kUnknownDim);
  }
  ctx.output(0) = std::move(y);
}

Work dynamic_pads_work(const OpContext& ctx) {
  KinNode node(ctx, kConvTranspose);
  if (const Ints* pads = ctx.known_ints(2)) node.add_attribute({"pads", *pads});
  return node.work();
}

// --- pooling
constexpr Kin kMaxPool = {.type = "MaxPool"};
constexpr Kin kAveragePool = {.type = "AveragePool"};
constexpr Kin kGlobalMaxPool = {.type = "GlobalMaxPool"};
constexpr Kin kGlobalAveragePool = {.type = "GlobalAveragePool"};
constexpr Kin kMaxPoolLast = {.type = "MaxPool", .layout = kLast};
constexpr Kin kAveragePoolLast = {.type = "AveragePool", .layout = kLast};
constexpr Kin kGlobalMaxPoolLast = {.type = "GlobalMaxPool", .layout = kLast};
constexpr Kin kGlobalAveragePoolLast = {.type = "GlobalAveragePool", .layout = kLast};

/// The mask is applied to each element once.
Work masked_pool_work(const OpContext& ctx) {
  Work work = work_as<kMaxPool>(ctx);
  work.arithmetic += ctx.elements(0);
  return work;
}

// --- blocks of channels
/// Channels fill blocks of 8 or 16, as the machine has it that wrote the model: known where both
/// give the same size.
void infer_reorder_input(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  ir::Shape out = *x.shape;
  if (out.size() < 2) shape_error("input has no axis of channels");
  if (ctx.attr_int("channels_last", 0) != 0) {
    out.insert(out.begin() + 1, out.back());
    out.pop_back();
  }
  ir::Shape most = out;
  if (out[1] != ir::kUnknownDim) {
    const Count small = ceil_div(out[1], 8) * 8;
    const Count large = ceil_div(out[1], 16) * 16;
    out[1] = small == large ? small.value() : ir::kUnknownDim;
    most[1] = large.value();
  }
  ctx.set_output(0, x.dtype, std::move(out));
  if (ir::is_known(most)) ctx.set_bound(0, std::move(most));
}

void infer_reorder_output(OpContext& ctx) {
  const std::int64_t channels = ctx.required_int("channels");
  if (channels < 1) attribute_error(fmt::format("attribute 'channels' is {}", channels));
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  ir::Shape out = *x.shape;
  if (out.size() < 2) shape_error("input has no axis of channels");
  out.erase(out.begin() + 1);
  const bool is_last = ctx.attr_int("channels_last", 0) != 0;
  out.insert(is_last ? out.end() : out.begin() + 1, channels);
  ctx.set_output(0, x.dtype, std::move(out));
}

constexpr Kin kUpsample = {.type = "Upsample", .opset = 7};

/// ONNX's Upsample has its scales as floats.
void infer_blocked_upsample(OpContext& ctx) {
  const Ints& scales = ctx.required_ints("scales");
  const ir::TensorType& x = ctx.input(0);
  if (!x.shape) return ctx.set_output(0, x.dtype, std::nullopt);
  if (scales.size() != x.shape->size() ||
      std::any_of(scales.begin(), scales.end(), [](std::int64_t s) { return s < 1; })) {
    attribute_error(fmt::format("attribute 'scales' is [{}], expected {} positive factors",
                                fmt::join(scales, ","), x.shape->size()));
  }
  ir::Shape out = *x.shape;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] != ir::kUnknownDim) out[i] = (Count(out[i]) * scales[i]).value();
  }
  ctx.set_output(0, x.dtype, std::move(out));
}

AccessList touch_dynamic_pads(const OpContext& ctx) {
  AccessList list = touch_as<kData, kParameter>(ctx);
  read_whole(ctx, 3, kParameter, list);
  return list;
}

// --- rows
constexpr std::string_view kAsOnnx = "as in ai.onnx";

template <const Kin& kin>
constexpr OpSpec fused(std::string_view type, int max_inputs,
                       std::string_view formula =
                           "Conv, + 1 per output if a residual, + the "
                           "activation") {
  return contrib_row({OpClass::kConv,
                      type,
                      {2, max_inputs},
                      infer_fused<kin>,
                      fused_work<kin>,
                      touch_as<kData, kParameter, kParameter, kData>,
                      formula});
}

template <const Kin& kin>
constexpr OpSpec qlinear_conv() {
  return contrib_row({OpClass::kConv,
                      "QLinearConv",
                      {8, 9},
                      infer_as<kin>,
                      work_as<kin>,
                      access_as<kin>,
                      kAsOnnx});
}

template <const Kin& kin>
constexpr OpSpec pool(std::string_view type = kin.type, std::string_view formula = kAsOnnx) {
  return contrib_row(
      {OpClass::kPooling, type, {1, 1}, infer_as<kin>, work_as<kin>, touch_as<kData>, formula});
}

constexpr OpSpec reorder(std::string_view type, InferFn infer) {
  return contrib_row({OpClass::kMovement, type, {1, 1}, infer, no_work, touch_first, "0"});
}

constexpr OpSpec internal(OpSpec row, std::string_view domain, std::string_view source) {
  row.domain = domain;
  row.source = source;
  return row;
}
constexpr OpSpec nchwc(const OpSpec& row) {
  return internal(row, "com.microsoft.nchwc", "onnxruntime nchwc_schema_defs.cc");
}
constexpr OpSpec nhwc(const OpSpec& row) {
  return internal(row, "com.ms.internal.nhwc", "onnxruntime internal_nhwc_onnx_schemas.cc");
}

constexpr OpSpec kContribConvOps[] = {
    fused<kConvFirst>("FusedConv", 4),
    fused<kConvLast>("NhwcFusedConv", 4),
    fused<kConvLast>("NhwcConv", 3, "Conv"),
    qlinear_conv<kQConv>(),
    contrib_row({OpClass::kConv,
                 "ConvTransposeWithDynamicPads",
                 {2, 4},
                 infer_dynamic_pads,
                 dynamic_pads_work,
                 touch_dynamic_pads,
                 "ConvTranspose"}),
    pool<kMaxPoolLast>("NhwcMaxPool", "MaxPool"),
    contrib_row({OpClass::kPooling,
                 "MaxpoolWithMask",
                 {2, 2},
                 infer_as<kMaxPool>,
                 masked_pool_work,
                 touch_as<kData, kBuffer>,
                 "MaxPool, + 1 per element of X (mask)"}),
    nchwc(fused<kConvFirst>("Conv", 4,
                            "as in ai.onnx, + 1 per output if a residual, + the activation")),
    nchwc(pool<kMaxPool>()),
    nchwc(pool<kAveragePool>()),
    nchwc(pool<kGlobalMaxPool>()),
    nchwc(pool<kGlobalAveragePool>()),
    nchwc(reorder("ReorderInput", infer_reorder_input)),
    nchwc(reorder("ReorderOutput", infer_reorder_output)),
    nchwc(contrib_row({OpClass::kResize,
                       "Upsample",
                       {1, 1},
                       infer_blocked_upsample,
                       work_as<kUpsample>,
                       touch_first,
                       kAsOnnx})),
    nhwc(fused<kConvLast>("Conv", 3, "as in ai.onnx, + the activation")),
    nhwc(fused<kConvTransposeLast>("ConvTranspose", 3, "as in ai.onnx, + the activation")),
    nhwc(qlinear_conv<kQConvLast>()),
    nhwc(pool<kMaxPoolLast>()),
    nhwc(pool<kAveragePoolLast>()),
    nhwc(pool<kGlobalMaxPoolLast>()),
    nhwc(pool<kGlobalAveragePoolLast>()),
};

}  // namespace

std::span<const OpSpec> contrib_conv_ops() { return kContribConvOps; }

}  // namespace roofline::ops
