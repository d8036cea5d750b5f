// Owns the operator test table that every case file adds its rows to.
// Refuses to know who reads it: op_case_test.cpp and the oracle do.
#include "op_case.hpp"

#include <iterator>

namespace roofline::test {
namespace {

std::vector<OpCase>& cases() {
  static std::vector<OpCase> list;
  return list;
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

bool add_cases(std::vector<OpCase> list) {
  cases().insert(cases().end(), std::make_move_iterator(list.begin()),
                 std::make_move_iterator(list.end()));
  return true;
}
const std::vector<OpCase>& all_cases() { return cases(); }

}  // namespace roofline::test
