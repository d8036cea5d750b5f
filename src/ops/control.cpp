// Owns the rows of control flow.
// Refuses to type or price: the walk does, which sees the subgraphs; a node by itself does nothing.
#include "families.hpp"
#include "rules.hpp"

namespace roofline::ops {
namespace {

void typed_by_the_walk(OpContext& /*ctx*/) {}

constexpr OpSpec control(std::string_view type, int since, Arity arity, std::string_view formula) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kControl,
          .arity = arity,
          .infer = typed_by_the_walk,
          .work = no_work,
          .access = touch_nothing,
          .formula = formula};
}

constexpr OpSpec kControlOps[] = {
    control("If", 1, {1, 1, 1, kMany}, "its branch; the costlier one where the condition is open"),
    control("Loop", 1, {2, kMany, 1, kMany}, "iterations * body"),
    control("Scan", 8, {1, kMany, 1, kMany}, "slices * body"),
    control("SequenceMap", 17, {1, kMany, 1, kMany}, "elements * body"),
};

}  // namespace

std::span<const OpSpec> control_ops() { return kControlOps; }

}  // namespace roofline::ops
