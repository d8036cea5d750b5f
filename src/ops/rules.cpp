// Owns the rule functions that several operator families share.
// Refuses anything that only one family needs.
#include "rules.hpp"

namespace roofline::ops {

void same_as_input(OpContext& ctx) {
  const ir::TensorType& x = ctx.input(0);
  ctx.set_output(0, x.dtype, x.shape);
}

std::optional<ir::Shape> broadcast_shape(const OpContext& ctx) {
  std::optional<ir::Shape> out;
  for (int i = 0; i < ctx.input_count(); ++i) {
    if (!ctx.has_input(i)) continue;
    const ir::Shape* shape = ctx.shape(i);
    if (!shape) return std::nullopt;
    out = out ? broadcast(*out, *shape) : *shape;
  }
  return out;
}

void broadcast_inputs(OpContext& ctx) {
  ctx.set_output(0, ctx.input(0).dtype, broadcast_shape(ctx));
}

void shape_error(const std::string& message, std::string hint) {
  throw RuleError("shape-mismatch", message, std::move(hint));
}

void attribute_error(const std::string& message, std::string hint) {
  throw RuleError("bad-attribute", message, std::move(hint));
}

void limit_output(OpContext& ctx, int i, ir::Shape limits) {
  const ir::Shape* shape = ctx.output_shape(i);
  if (shape && !ir::is_known(*shape) && ir::is_known(limits)) ctx.set_bound(i, std::move(limits));
}

std::int64_t product(std::span<const std::int64_t> sizes) {
  Count result = 1;
  for (const std::int64_t size : sizes) {
    if (size == ir::kUnknownDim) return ir::kUnknownDim;
    result *= size;
  }
  return result.value();
}

Count power(std::int64_t base, std::size_t exponent) {
  Count result = 1;
  for (std::size_t i = 0; i < exponent; ++i) result *= base;
  return result;
}

Work contract(Contraction contraction) {
  const Contraction& c = contraction;
  const Count macs = Count(c.batch) * c.m * c.n * c.k;
  if (c.valid_macs == 0) contraction.valid_macs = macs;
  return {.macs = macs, .contraction = std::make_shared<const Contraction>(std::move(contraction))};
}

Work no_work(const OpContext& /*ctx*/) { return {}; }

AccessList touch_nothing(const OpContext& /*ctx*/) { return {}; }

void read_whole(const OpContext& ctx, int i, Role role, AccessList& list) {
  if (ctx.has_input(i)) list.push_back({.operand = i, .elements = ctx.elements(i), .role = role});
}

void write_all(const OpContext& ctx, AccessList& list) {
  for (int i = 0; i < ctx.output_count(); ++i) {
    if (ctx.has_output(i)) list.push_back({.operand = ~i, .elements = ctx.output_elements(i)});
  }
}

AccessList touch_all(const OpContext& ctx) {
  AccessList list;
  list.reserve(ctx.node().inputs.size() + ctx.node().outputs.size());
  for (int i = 0; i < ctx.input_count(); ++i) read_whole(ctx, i, Role::kData, list);
  write_all(ctx, list);
  return list;
}

AccessList touch_roles(const OpContext& ctx, std::span<const Role> roles) {
  AccessList list;
  list.reserve(roles.size() + static_cast<std::size_t>(ctx.output_count()));
  int i = 0;
  for (const Role role : roles) read_whole(ctx, i++, role, list);
  write_all(ctx, list);
  return list;
}

AccessList touch_first(const OpContext& ctx) {
  AccessList list;
  read_whole(ctx, 0, Role::kData, list);
  write_all(ctx, list);
  return list;
}

AccessList touch_results(const OpContext& ctx) {
  AccessList list;
  write_all(ctx, list);
  return list;
}

}  // namespace roofline::ops
