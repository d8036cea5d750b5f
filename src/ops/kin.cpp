// Owns the view of a contrib node as the ONNX operator it resembles, and fused activations.
// Refuses kin that are no row of the table.
#include "kin.hpp"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

#include "roofline/base/text.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::ops {
namespace {

constexpr int kNewestOpset = std::numeric_limits<int>::max();

const OpSpec& kin_row(const Kin& kin) {
  const OpSpec* row = find_op("", kin.type, kin.opset);
  if (!row) throw std::logic_error(fmt::format("no row for kin {}", kin.type));
  return *row;
}

bool is_channels_last(const OpContext& ctx, Layout layout) {
  if (layout == Layout::kByAttribute) return ctx.attr_int("channels_last", 0) != 0;
  return layout == Layout::kChannelsLast;
}

void to_channels_first(std::optional<ir::Shape>& shape) {
  if (!shape || shape->size() < 2) return;
  const std::int64_t channels = shape->back();
  shape->pop_back();
  shape->insert(shape->begin() + 1, channels);
}

void to_channels_last(std::optional<ir::Shape>& shape) {
  if (!shape || shape->size() < 2) return;
  const std::int64_t channels = (*shape)[1];
  shape->erase(shape->begin() + 1);
  shape->push_back(channels);
}

}  // namespace

KinNode::KinNode(const OpContext& ctx, const Kin& kin)
    : row_(kin_row(kin)),
      slots_(kin.slots),
      opset_(kin.opset),
      channels_last_(is_channels_last(ctx, kin.layout)),
      node_(ctx.node()),
      operands_(slots_.size()),
      inputs_(slots_.size(), nullptr) {
  node_.op_type = kin.type;
  node_.domain.clear();
  std::size_t last = 0;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i] >= 0) last = i + 1;
    if (!ctx.has_input(slots_[i])) continue;
    operands_[i] = ctx.input(slots_[i]);
    inputs_[i] = &operands_[i];
  }
  inputs_.resize(last);
  node_.inputs.assign(last, ir::kNoTensor);
  if (channels_last_) to_channels_first(operands_[0].shape);
  for (int i = 0; i < ctx.output_count(); ++i) results_.push_back(ctx.output(i));
  if (results_.empty()) results_.resize(1);
  if (channels_last_) to_channels_first(results_[0].shape);
}

void KinNode::add_operand(std::size_t i, ir::TensorType type) {
  if (inputs_.size() <= i) inputs_.resize(i + 1, nullptr);
  operands_[i] = std::move(type);
  inputs_[i] = &operands_[i];
}

void KinNode::add_attribute(ir::Attribute attribute) {
  node_.attributes.push_back(std::move(attribute));
}

OpContext KinNode::context() { return {node_, opset_, inputs_, results_}; }

void KinNode::infer() {
  OpContext ctx = context();
  row_.infer(ctx);
  if (!channels_last_) return;
  to_channels_last(results_[0].shape);
  to_channels_last(results_[0].bound);
}

Work KinNode::work() { return row_.work(context()); }

AccessList KinNode::accesses() {
  AccessList list = row_.access(context());
  for (Access& access : list) {
    if (!access.is_output()) access.operand = slots_[static_cast<std::size_t>(access.operand)];
  }
  return list;
}

void add_work(Work& work, const Work& more) {
  work.macs += more.macs;
  work.arithmetic += more.arithmetic;
  work.transcendentals += more.transcendentals;
}

// --- fused activations
namespace {

struct Alias {
  std::string_view name;
  std::string_view type;  ///< "" computes nothing
};
constexpr Alias kAliases[] = {{"", ""},           {"none", ""},          {"identity", ""},
                              {"relu", "Relu"},   {"gelu", "Gelu"},      {"silu", "Swish"},
                              {"swish", "Swish"}, {"quickgelu", "Swish"}};

/// nullptr when it is none.
const OpSpec* activation_row(std::string_view activation) {
  std::string_view type = activation;
  for (const Alias& alias : kAliases) {
    if (alias.name == to_lower(activation)) type = alias.type;
  }
  if (type.empty()) return nullptr;
  const OpSpec* row = find_op("", type, kNewestOpset);
  const bool is_unary = row && row->arity.min_inputs == 1 &&
                        (row->cls == OpClass::kActivation || row->cls == OpClass::kElementwise ||
                         row->cls == OpClass::kSoftmax);
  if (!is_unary) {
    attribute_error(fmt::format("'{}' is no activation", activation),
                    "expected the name of an ONNX activation, such as Relu");
  }
  return row;
}

}  // namespace

void check_activation(const OpContext& ctx, std::string_view name, std::string_view fallback) {
  static_cast<void>(activation_row(ctx.attr_string(name, fallback)));
}

Work activation_work(std::string_view activation, Count elements) {
  const OpSpec* row = activation_row(activation);
  if (!row) return {};
  ir::Node node;
  node.op_type = row->type;
  // Clip is fused with both bounds.
  if (row->type == "Clip") node.attributes = {{"min", 0.0}, {"max", 0.0}};
  ir::TensorType x = {.shape = ir::Shape{elements.value()}};
  const ir::TensorType* operand = &x;
  ir::TensorType y = x;
  return row->work(OpContext(node, kNewestOpset, {&operand, 1}, {&y, 1}));
}

Work fused_activation_work(const OpContext& ctx) {
  return activation_work(ctx.attr_string("activation", {}), ctx.output_elements());
}

// --- quantization
Count dequantize_ops(const OpContext& ctx, int data, int zero_point) {
  return ctx.elements(data) * (ctx.has_input(zero_point) ? 2 : 1);
}

Count quantize_ops(const OpContext& ctx, int zero_point) {
  return ctx.output_elements() * (ctx.has_input(zero_point) ? 5 : 4);
}

}  // namespace roofline::ops
