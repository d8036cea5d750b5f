// Owns the operator test table that every case file adds its rows to.
// Refuses to know who reads it: op_case_test.cpp and the oracle do.
#include "op_case.hpp"

#include <iterator>
#include <memory>

namespace roofline::test {
namespace {

std::vector<OpCase>& cases() {
  static std::vector<OpCase> list;
  return list;
}

Operand container(ir::ValueKind kind, ir::Content content) {
  Operand operand = {.type = {.dtype = content.common.dtype, .kind = kind}};
  operand.type.content = std::make_shared<const ir::Content>(std::move(content));
  return operand;
}

}  // namespace

Operand t(ir::Shape shape, DType dtype) {
  return {.type = {.dtype = dtype, .shape = std::move(shape)}};
}
Operand unranked(DType dtype) { return {.type = {.dtype = dtype}}; }
Operand ints(std::vector<std::int64_t> values, DType dtype) {
  Operand operand = t({static_cast<std::int64_t>(values.size())}, dtype);
  operand.type.value = std::move(values);
  return operand;
}
Operand scalar(std::int64_t value, DType dtype) {
  Operand operand = t({}, dtype);
  operand.type.value = std::vector<std::int64_t>{value};
  return operand;
}
Operand floats(std::vector<double> values, DType dtype) {
  Operand operand = t({static_cast<std::int64_t>(values.size())}, dtype);
  operand.type.value = std::move(values);
  return operand;
}

Operand bounded(ir::Shape shape, ir::Shape bound, DType dtype) {
  Operand operand = t(std::move(shape), dtype);
  operand.type.bound = std::move(bound);
  return operand;
}
Operand sequence(std::vector<Operand> each, DType dtype) {
  std::vector<ir::TensorType> types;
  for (Operand& element : each) types.push_back(std::move(element.type));
  return container(ir::ValueKind::kSequence, ir::content_of(std::move(types), {.dtype = dtype}));
}
Operand sequence_like(const Operand& common, std::optional<std::int64_t> length) {
  return container(ir::ValueKind::kSequence, {.common = common.type, .length = length});
}
Operand opaque(ir::ValueKind kind, DType dtype) { return {.type = {.dtype = dtype, .kind = kind}}; }
Operand optional(const Operand& held) {
  return container(ir::ValueKind::kOptional, ir::content_of({held.type}));
}
Operand nothing() { return container(ir::ValueKind::kOptional, ir::content_of({})); }

bool add_cases(std::vector<OpCase> list) {
  cases().insert(cases().end(), std::make_move_iterator(list.begin()),
                 std::make_move_iterator(list.end()));
  return true;
}
const std::vector<OpCase>& all_cases() { return cases(); }

}  // namespace roofline::test
