#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "contrib.hpp"
#include "roofline/ops/op_context.hpp"
#include "roofline/ops/op_spec.hpp"
#include "rules.hpp"

// Contrib operators that are an ONNX operator with more around it: they borrow that operator's row.
namespace roofline::ops {

/// Operand i of the kin is operand slots[i] of the contrib node; -1 for none.
using Slots = std::array<int, 9>;
template <class... Int>
constexpr Slots at(Int... slots) {
  Slots all = {};
  all.fill(-1);
  std::size_t next = 0;
  ((all[next++] = slots), ...);
  return all;
}

/// Where X (operand 0) and Y (result 0) have their channels.
enum class Layout : std::uint8_t {
  kChannelsFirst,
  kChannelsLast,
  kByAttribute,  ///< attribute channels_last says
};

/// The ONNX operator that a contrib operator resembles, in the opset whose meaning it has.
struct Kin {
  std::string_view type;
  Slots slots = at(0);
  int opset = 17;
  Layout layout = Layout::kChannelsFirst;
};

/// A node as its kin's rules see it: the same attributes, the kin's operands, channels first.
class KinNode {
 public:
  KinNode(const OpContext& ctx, const Kin& kin);
  ~KinNode() = default;
  KinNode(const KinNode&) = delete;
  KinNode& operator=(const KinNode&) = delete;
  KinNode(KinNode&&) = delete;
  KinNode& operator=(KinNode&&) = delete;

  /// To be changed before the rules run. Precondition: the kin has operand i.
  [[nodiscard]] ir::TensorType& operand(std::size_t i) { return operands_[i]; }
  /// Gives the kin an operand that the contrib node does not have.
  void add_operand(std::size_t i, ir::TensorType type);
  void add_attribute(ir::Attribute attribute);

  /// Result i by the kin's rule, in the contrib node's layout.
  void infer();
  [[nodiscard]] const ir::TensorType& result(std::size_t i = 0) const { return results_[i]; }
  /// Precondition: the contrib node's results are known.
  [[nodiscard]] Work work();
  [[nodiscard]] AccessList accesses();

 private:
  [[nodiscard]] OpContext context();

  const OpSpec& row_;
  Slots slots_;
  int opset_;
  bool channels_last_;
  ir::Node node_;
  std::vector<ir::TensorType> operands_;
  std::vector<const ir::TensorType*> inputs_;
  std::vector<ir::TensorType> results_;
};

/// All results are the kin's.
template <const Kin& kin>
void infer_as(OpContext& ctx) {
  KinNode node(ctx, kin);
  node.infer();
  for (int i = 0; i < ctx.output_count(); ++i) {
    ctx.output(i) = node.result(static_cast<std::size_t>(i));
  }
}
template <const Kin& kin>
Work work_as(const OpContext& ctx) {
  return KinNode(ctx, kin).work();
}
template <const Kin& kin>
AccessList access_as(const OpContext& ctx) {
  return KinNode(ctx, kin).accesses();
}

/// Adds what `more` counts, its contraction aside.
void add_work(Work& work, const Work& more);

// --- fused activations
/// Throws RuleError unless attribute `name` is absent or names an activation.
void check_activation(const OpContext& ctx, std::string_view name = "activation",
                      std::string_view fallback = {});
/// What the ONNX operator of that name (any case; "silu", "none", ...) does to `elements`.
[[nodiscard]] Work activation_work(std::string_view activation, Count elements);
/// The same for attribute `activation` and result 0.
[[nodiscard]] Work fused_activation_work(const OpContext& ctx);

// --- quantization around a function, as QuantizeLinear and DequantizeLinear count it
/// Subtract the zero point (if operand `zero_point` is given) and multiply, per element.
[[nodiscard]] Count dequantize_ops(const OpContext& ctx, int data, int zero_point);
/// Divide, round, add the zero point (if given), clamp, per element of result 0.
[[nodiscard]] Count quantize_ops(const OpContext& ctx, int zero_point);

}  // namespace roofline::ops
