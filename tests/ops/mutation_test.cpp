// Owns the check that no rule breaks on damaged nodes: models come from hostile files.
// Refuses to judge results: a rule may answer anything, or throw RuleError or OverflowError.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>

#include "cases/op_case.hpp"
#include "roofline/base/count.hpp"
#include "roofline/base/diagnostic.hpp"
#include "roofline/ops/op_context.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::test {
namespace {

using Ints = std::vector<std::int64_t>;

/// Small steps, boundaries and extremes, deterministic over runs.
class Dice {
 public:
  bool one_in(int n) { return below(n) == 0; }
  int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  std::int64_t number() {
    constexpr std::int64_t kNumbers[] = {0,    1,     2,
                                         3,    4,     7,
                                         64,   -1,    -2,
                                         -3,   1025,  std::int64_t{1} << 40,
                                         kMax, -kMax, ir::kUnknownElement};
    return kNumbers[below(static_cast<int>(std::size(kNumbers)))];
  }

 private:
  std::mt19937 engine_{20240521};
};

void damage(Ints& list, Dice& dice) {
  if (!list.empty() && dice.one_in(4)) list.pop_back();
  if (dice.one_in(4)) list.push_back(dice.number());
  for (std::int64_t& e : list) e = dice.one_in(3) ? dice.number() : e;
}

void damage(ir::Shape& shape, ir::TensorType& type, Dice& dice) {
  damage(shape, dice);
  for (std::int64_t& dim : shape) dim = dim < 0 ? ir::kUnknownDim : dim;
  type.shape = shape;
}

void damage(ir::TensorType& type, Dice& dice);

void damage(ir::Content& content, Dice& dice) {
  damage(content.common, dice);
  if (!content.each || dice.one_in(8)) return content.each.reset();
  if (!content.each->empty() && dice.one_in(8)) content.each->pop_back();
  for (ir::TensorType& element : *content.each) damage(element, dice);
}

void damage(ir::TensorType& type, Dice& dice) {
  if (type.content && dice.one_in(2)) {
    ir::Content content = *type.content;
    damage(content, dice);
    type.content = std::make_shared<const ir::Content>(std::move(content));
  }
  if (dice.one_in(20)) type.content.reset();
  if (dice.one_in(20)) type.kind = static_cast<ir::ValueKind>(dice.below(6));
  if (dice.one_in(8)) type.shape.reset();
  if (dice.one_in(8)) type.value.reset();
  if (type.value && dice.one_in(2)) {
    if (auto* list = std::get_if<Ints>(&*type.value)) damage(*list, dice);
    if (dice.one_in(2)) type.shape = ir::Shape{static_cast<std::int64_t>(ir::size(*type.value))};
  } else if (type.shape && dice.one_in(2)) {
    ir::Shape shape = *type.shape;
    damage(shape, type, dice);
  }
  if (dice.one_in(10)) type.dtype = static_cast<DType>(dice.below(27));
}

void damage(ir::Attribute& attribute, Dice& dice) {
  if (auto* number = std::get_if<std::int64_t>(&attribute.value))
    *number = dice.number();
  else if (auto* list = std::get_if<Ints>(&attribute.value))
    damage(*list, dice);
  else if (dice.one_in(4))
    attribute.value = dice.number();
}

/// Required operands stay, all of a variadic operator among them: inference refuses a node without
/// them before any rule runs.
void damage(OpCase& c, Dice& dice) {
  const ops::Arity arity = ops::find_op(c.domain, c.type, c.opset)->arity;
  const int required = arity.max_inputs == ops::kMany ? ops::kMany : arity.min_inputs;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (dice.one_in(2)) damage(c.inputs[i].type, dice);
    if (static_cast<int>(i) >= required && dice.one_in(8)) c.inputs[i].present = false;
  }
  for (ir::Attribute& attribute : c.attributes) {
    if (dice.one_in(3)) damage(attribute, dice);
  }
  if (!c.attributes.empty() && dice.one_in(8)) c.attributes.pop_back();
}

bool all_known(const std::vector<const ir::TensorType*>& inputs,
               const std::vector<ir::TensorType>& outputs) {
  const auto known = [](const ir::TensorType& type) {
    return type.has_exact_shape() && type.elements();
  };
  return std::all_of(inputs.begin(), inputs.end(),
                     [&known](const auto* type) { return !type || known(*type); }) &&
         std::all_of(outputs.begin(), outputs.end(), known);
}

/// Runs all rules of a case's row the way inference does.
void run_rules(const OpCase& c) {
  const ops::OpSpec* spec = ops::find_op(c.domain, c.type, c.opset);
  ir::Node node;
  node.op_type = c.type;
  node.domain = c.domain;
  node.attributes = c.attributes;
  std::vector<const ir::TensorType*> inputs;
  for (const Operand& operand : c.inputs) {
    inputs.push_back(operand.present ? &operand.type : nullptr);
  }
  std::vector<ir::TensorType> outputs(std::max<std::size_t>(c.outputs.size(), 1));
  ops::OpContext ctx(node, c.opset, inputs, outputs);
  spec->infer(ctx);
  for (const ir::TensorType& type : outputs) {
    if (!type.shape) continue;
    for (const std::int64_t dim : *type.shape) ASSERT_GE(dim, ir::kUnknownDim) << c.type;
  }
  if (!all_known(inputs, outputs)) return;
  EXPECT_GE(spec->work(ctx).flops().value(), 0) << c.type;
  for (const ops::Access& access : spec->access(ctx)) {
    EXPECT_GE(access.elements.value(), 0) << c.type;
  }
}

TEST(Mutation, RulesSurviveDamagedNodes) {
  Dice dice;
  for (int round = 0; round < 60; ++round) {
    for (OpCase c : all_cases()) {
      damage(c, dice);
      try {
        run_rules(c);
      } catch (const RuleError&) {
      } catch (const OverflowError&) {
      } catch (const std::exception& e) {
        ADD_FAILURE() << c.type << " opset " << c.opset << ": " << e.what();
      }
    }
  }
}

}  // namespace
}  // namespace roofline::test
