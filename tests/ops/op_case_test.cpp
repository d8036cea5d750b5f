// Owns the running of the operator test table, and the check that every row has one.
// Refuses rows without a test.
#include "cases/op_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "roofline/ops/op_context.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::test {

namespace {

struct Fixture {
  explicit Fixture(const OpCase& c) : outputs(std::max<std::size_t>(c.outputs.size(), 1)) {
    node.op_type = c.type;
    node.domain = c.domain;
    node.attributes = c.attributes;
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      inputs.push_back(c.inputs[i].present ? &c.inputs[i].type : nullptr);
      node.inputs.push_back(c.inputs[i].present ? static_cast<ir::TensorId>(i) : ir::kNoTensor);
    }
    for (std::size_t i = 0; i < c.outputs.size(); ++i) {
      node.outputs.push_back(c.outputs[i].present ? static_cast<ir::TensorId>(100 + i)
                                                  : ir::kNoTensor);
    }
  }
  ir::Node node;
  std::vector<const ir::TensorType*> inputs;
  std::vector<ir::TensorType> outputs;
};

/// "1x?x3", "sequence of 2x3, 4x3", "sequence of any ?x3", "optional of unknown content".
std::string shape_text(const ir::TensorType& type) {
  const bool is_optional = type.kind == ir::ValueKind::kOptional;
  if (!is_optional && type.kind != ir::ValueKind::kSequence) {
    const std::string kind = type.kind == ir::ValueKind::kMap ? "map of " : "";
    return kind + (type.shape ? ir::to_string(*type.shape) : "unknown rank");
  }
  std::string text = is_optional ? "optional of" : "sequence of";
  if (!type.content) return text + " unknown content";
  if (!type.content->each) {
    const auto length = type.content->size();
    return text + (length ? " " + std::to_string(*length) + " times " : " any ") +
           shape_text(type.content->common);
  }
  for (const ir::TensorType& element : *type.content->each) text += " " + shape_text(element) + ",";
  return text;
}

/// The type inference costs a node with: sizes that have limits only are at their limits.
ir::TensorType at_limits(ir::TensorType type) {
  if (type.shape && !ir::is_known(*type.shape) && type.bound) type.shape = type.bound;
  return type;
}

/// Work and accesses are defined for known shapes only; a case without them checks types.
bool is_costed(const OpCase& c) {
  const auto known = [](const Operand& o) { return !o.present || o.type.elements(); };
  const std::vector<Operand>& results = c.declared.empty() ? c.outputs : c.declared;
  return c.error.empty() && !c.types_only && std::all_of(c.inputs.begin(), c.inputs.end(), known) &&
         std::all_of(results.begin(), results.end(), known);
}

/// "[1, ?, 3]" with "?" for an unknown element; floats print exactly.
std::string value_text(const ir::TensorType& type) {
  if (!type.value) return "no value";
  std::ostringstream text;
  text << std::hexfloat << (ir::ints(*type.value) ? "ints" : "floats");
  std::visit(
      [&text](const auto& elements) {
        for (const auto e : elements) {
          const bool unknown =
              e != e || static_cast<double>(e) == static_cast<double>(ir::kUnknownElement);
          unknown ? text << " ?" : text << ' ' << e;
        }
      },
      *type.value);
  return text.str();
}

class Ops : public testing::TestWithParam<OpCase> {};

void expect_types(const OpCase& c, const std::vector<ir::TensorType>& got) {
  for (std::size_t i = 0; i < c.outputs.size(); ++i) {
    if (!c.outputs[i].present) continue;
    const ir::TensorType& want = c.outputs[i].type;
    EXPECT_EQ(ir::name(got[i].dtype), ir::name(want.dtype)) << "output " << i;
    EXPECT_EQ(shape_text(got[i]), shape_text(want)) << "output " << i;
    if (want.bound) {
      EXPECT_EQ(got[i].bound ? ir::to_string(*got[i].bound) : "no bound",
                ir::to_string(*want.bound))
          << "output " << i;
    }
    if (want.value) {
      EXPECT_EQ(value_text(got[i]), value_text(want)) << "output " << i;
    }
  }
}

void expect_bytes(const OpCase& c, const Fixture& f, const ops::AccessList& accesses) {
  Count read = 0;
  Count written = 0;
  for (const ops::Access& access : accesses) {
    const auto i = static_cast<std::size_t>(access.index());
    if (access.is_output())
      written += ir::bytes(f.outputs.at(i).dtype, access.elements);
    else
      read += ir::bytes(f.inputs.at(i)->dtype, access.elements);
  }
  EXPECT_EQ(read.value(), c.bytes_read) << "bytes read";
  EXPECT_EQ(written.value(), c.bytes_written) << "bytes written";
}

TEST_P(Ops, CostsWhatItsArithmeticSays) {
  const OpCase& c = GetParam();
  const ops::OpSpec* spec = ops::find_op(c.domain, c.type, c.opset);
  ASSERT_NE(spec, nullptr);
  Fixture f(c);
  ops::OpContext ctx(f.node, c.opset, f.inputs, f.outputs);
  if (!c.error.empty()) {
    try {
      spec->infer(ctx);
      FAIL() << "no error, expected: " << c.error;
    } catch (const RuleError& e) {
      EXPECT_EQ(e.what(), c.error);
    }
    return;
  }
  spec->infer(ctx);
  expect_types(c, f.outputs);
  if (HasFailure() || !is_costed(c)) return;
  for (std::size_t i = 0; i < c.declared.size(); ++i) f.outputs[i] = c.declared[i].type;
  for (ir::TensorType& type : f.outputs) type = at_limits(std::move(type));
  const ops::Work work = spec->work(ctx);
  EXPECT_EQ(work.macs.value(), c.macs) << "MACs";
  EXPECT_EQ(work.arithmetic.value(), c.arithmetic) << "other arithmetic";
  EXPECT_EQ(work.transcendentals.value(), c.transcendentals) << "transcendentals";
  expect_bytes(c, f, spec->access(ctx));
}

std::string case_name(const testing::TestParamInfo<OpCase>& info) {
  std::string name =
      info.param.type + "_" + std::to_string(info.param.opset) + "_" + std::to_string(info.index);
  std::replace_if(
      name.begin(), name.end(),
      [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, Ops, testing::ValuesIn(all_cases()), case_name);

TEST(OpTable, EveryRowHasATest) {
  std::set<const ops::OpSpec*> tested;
  for (const OpCase& c : all_cases()) {
    if (is_costed(c)) tested.insert(ops::find_op(c.domain, c.type, c.opset));
  }
  for (const ops::OpSpec& row : ops::all_ops()) {
    EXPECT_TRUE(tested.contains(&row)) << row.domain << "." << row.type << " since " << row.since;
  }
}

TEST(OpTable, OnlyMovementClassesDoNoWork) {
  for (const OpCase& c : all_cases()) {
    const ops::OpSpec* row = ops::find_op(c.domain, c.type, c.opset);
    if (!row || !is_costed(c) || ops::may_have_no_work(row->cls)) continue;
    EXPECT_GT(c.macs + c.arithmetic + c.transcendentals, 0) << c.type << " looks free";
  }
}

TEST(OpTable, EveryRowSaysWhatItCosts) {
  for (const ops::OpSpec& row : ops::all_ops()) EXPECT_FALSE(row.formula.empty()) << row.type;
}

}  // namespace
}  // namespace roofline::test
