// Owns operators that only rename a shape: no element moves, no arithmetic is done.
// Refuses target shapes that hold another number of elements.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "rules.hpp"
#include "values.hpp"

namespace roofline::ops {
namespace {

using ir::DType;
using ir::kUnknownDim;
using ir::Shape;

/// Result 0 is operand 0 under another shape; its small value stays.
void set_view(OpContext& ctx, std::optional<Shape> shape) {
  const ir::TensorType& x = ctx.input(0);
  ctx.set_output(0, x.dtype, std::move(shape), x.value);
}

// --- Reshape

/// Product of the known dimensions; `unknown` receives how many are not.
Count known_product(const Shape& shape, std::size_t& unknown) {
  Count product = 1;
  unknown = 0;
  for (const std::int64_t dim : shape) {
    if (dim == kUnknownDim)
      ++unknown;
    else
      product *= dim;
  }
  return product;
}

/// What a Reshape target says before sizes are compared.
struct Target {
  Shape shape;               ///< kUnknownDim where -1 or not known
  std::size_t inferred = 0;  ///< how many entries are -1
  Shape rest;                ///< the operand's dimensions without unknown ones that 0 copies
  Shape fixed;               ///< the target's dimensions without those copies
};

std::int64_t copied_dim(const Shape& from, std::size_t axis) {
  if (axis < from.size()) return from[axis];
  throw RuleError("bad-reshape",
                  fmt::format("target axis {} is 0 (keep), but the input {} has rank {}", axis,
                              ir::to_string(from), from.size()));
}

/// Reads the target element by element: 0 keeps the operand's size (unless allowzero), -1 is
/// inferred. An unknown size kept on both sides cancels out, which finds -1 in [0, -1].
Target read_target(const Shape& from, const Ints& target, bool allow_zero) {
  Target t;
  std::vector<bool> cancelled(from.size(), false);
  for (std::size_t i = 0; i < target.size(); ++i) {
    const std::int64_t wanted = target[i];
    if (wanted < -1 && known(wanted)) {
      throw RuleError("bad-reshape", fmt::format("target axis {} is {}", i, wanted),
                      "sizes are positive, 0 (keep) or -1 (infer)");
    }
    const bool keep = wanted == 0 && !allow_zero;
    const std::int64_t dim = keep ? copied_dim(from, i) : std::max<std::int64_t>(wanted, -1);
    if (wanted == -1) ++t.inferred;
    t.shape.push_back(dim);
    if (keep && dim == kUnknownDim)
      cancelled[i] = true;
    else
      t.fixed.push_back(dim);
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!cancelled[i]) t.rest.push_back(from[i]);
  }
  return t;
}

[[noreturn]] void reshape_mismatch(const Shape& from, Count have, const Ints& target, Count want) {
  throw RuleError(
      "shape-mismatch",
      fmt::format("cannot reshape {} ({} elements) to [{}] ({} elements)", ir::to_string(from),
                  have.value(), fmt::join(target, ","), want.value()),
      "was the model exported for another batch size? then set its dimensions back");
}

/// Fills in the one open entry, if there is exactly one and all else is known.
Shape resolve_target(const Shape& from, const Ints& target, Target t) {
  if (t.inferred > 1) {
    throw RuleError("bad-reshape",
                    fmt::format("target [{}] has more than one -1", fmt::join(target, ",")));
  }
  std::size_t open_from = 0;
  std::size_t open_target = 0;
  const Count have = known_product(t.rest, open_from);
  const Count want = known_product(t.fixed, open_target);
  if (open_from != 0 || open_target > 1) return t.shape;
  if (open_target == 0) {
    if (have != want) reshape_mismatch(from, have, target, want);
    return t.shape;
  }
  if (want == 0) return t.shape;
  if (have.value() % want.value() != 0) reshape_mismatch(from, have, target, want);
  const bool has_inferred = t.inferred == 1;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (has_inferred ? target[i] == -1 : !known(target[i])) {
      t.shape[i] = have.value() / want.value();
    }
  }
  return t.shape;
}

void infer_reshape(OpContext& ctx) {
  const Ints* target = ctx.attr_ints("shape");
  if (!target) {
    static_cast<void>(ctx.input(1));  // required without the attribute
    target = ctx.ints(1);
  }
  if (!target) return set_view(ctx, shape_operand(ctx, 1, -1));
  const Shape* from = ctx.shape(0);
  if (!from) {
    Shape shape;
    for (const std::int64_t size : *target) shape.push_back(size > 0 ? size : kUnknownDim);
    return set_view(ctx, std::move(shape));
  }
  const bool allow_zero = ctx.attr_int("allowzero", 0) != 0;
  set_view(ctx, resolve_target(*from, *target, read_target(*from, *target, allow_zero)));
}

// --- Flatten, Squeeze, Unsqueeze

std::int64_t product(const Shape& shape, std::size_t first, std::size_t last) {
  const Shape part(shape.begin() + static_cast<std::ptrdiff_t>(first),
                   shape.begin() + static_cast<std::ptrdiff_t>(last));
  const std::optional<Count> count = ir::element_count(part);
  return count ? count->value() : kUnknownDim;
}

void infer_flatten(OpContext& ctx) {
  const Shape* x = ctx.shape(0);
  if (!x) return set_view(ctx, Shape{kUnknownDim, kUnknownDim});
  const std::int64_t given = ctx.attr_int("axis", 1);
  // The axis may also lie behind the last one: everything goes into rows then.
  const std::size_t axis =
      given == static_cast<std::int64_t>(x->size()) ? x->size() : normalize_axis(given, x->size());
  set_view(ctx, Shape{product(*x, 0, axis), product(*x, axis, x->size())});
}

/// Squeeze without axes drops every axis of size 1: which, an unknown size leaves open.
std::optional<Shape> squeeze_all(const Shape& x) {
  if (!ir::is_known(x)) return std::nullopt;
  Shape out;
  std::copy_if(x.begin(), x.end(), std::back_inserter(out), [](auto dim) { return dim != 1; });
  return out;
}

Shape squeeze(const Shape& x, const Ints& axes) {
  std::vector<bool> drop(x.size(), false);
  for (const std::int64_t given : axes) {
    const std::size_t axis = normalize_axis(given, x.size());
    if (x[axis] != 1 && x[axis] != kUnknownDim) {
      throw RuleError("shape-mismatch",
                      fmt::format("cannot squeeze axis {} of {}: its size is {}, not 1", given,
                                  ir::to_string(x), x[axis]));
    }
    drop[axis] = true;
  }
  Shape out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!drop[i]) out.push_back(x[i]);
  }
  return out;
}

void infer_squeeze(OpContext& ctx) {
  bool unknown = false;
  const std::optional<Ints> axes = ctx.ints_attr_or_input("axes", 1, &unknown);
  const Shape* x = ctx.shape(0);
  if (!x || unknown) return set_view(ctx, std::nullopt);
  set_view(ctx, axes ? std::optional(squeeze(*x, *axes)) : squeeze_all(*x));
}

/// Axes count in the result, so that they may name adjacent new ones.
Shape unsqueeze(const Shape& x, const Ints& axes) {
  Shape out(x.size() + axes.size(), 0);
  for (const std::int64_t given : axes) {
    std::int64_t& dim = out[normalize_axis(given, out.size())];
    if (dim == 1) {
      throw RuleError("bad-axis",
                      fmt::format("axes [{}] name one axis twice", fmt::join(axes, ",")));
    }
    dim = 1;
  }
  auto next = x.begin();
  for (std::int64_t& dim : out) {
    if (dim == 0) dim = *next++;
  }
  return out;
}

void infer_unsqueeze(OpContext& ctx) {
  bool unknown = false;
  const std::optional<Ints> axes = ctx.ints_attr_or_input("axes", 1, &unknown);
  if (!axes && !unknown) {
    throw RuleError("missing-attribute", "Unsqueeze needs its axes, as attribute or input");
  }
  const Shape* x = ctx.shape(0);
  if (!x || !axes) return set_view(ctx, std::nullopt);
  set_view(ctx, unsqueeze(*x, *axes));
}

// --- Identity, Dropout

void infer_identity(OpContext& ctx) { set_view(ctx, ctx.input(0).shape); }

/// Inference passes the operand on; the mask is boolean from opset 10 on, and of X's type before.
void infer_dropout(OpContext& ctx) {
  infer_identity(ctx);
  ctx.set_output(1, ctx.opset() >= 10 ? DType::kBool : ctx.input(0).dtype, ctx.input(0).shape);
}

/// Only the mask, if asked for, is written.
AccessList touch_mask(const OpContext& ctx) {
  if (!ctx.has_output(1)) return {};
  return {{.operand = ~1, .elements = ctx.output_elements(1)}};
}

/// A new type for the same bits.
void infer_bit_cast(OpContext& ctx) {
  const DType to = ir::dtype_from_onnx(ctx.required_int("to"));
  const DType from = ctx.input(0).dtype;
  if (from != DType::kUndefined && ir::bits(from) != ir::bits(to)) {
    throw RuleError("dtype-mismatch",
                    fmt::format("cannot reinterpret {} ({} bits) as {} ({} bits)", ir::name(from),
                                ir::bits(from), ir::name(to), ir::bits(to)));
  }
  ctx.set_output(0, to, ctx.input(0).shape);
}

constexpr OpSpec view(std::string_view type, int since, Arity arity, InferFn infer) {
  return {.type = type,
          .since = since,
          .cls = OpClass::kView,
          .arity = arity,
          .infer = infer,
          .work = no_work,
          .access = touch_nothing,
          .formula = "0"};
}

constexpr OpSpec kViewOps[] = {
    growing(0b11, view("Reshape", 1, {1, 2}, infer_reshape)),
    view("Flatten", 1, {1, 1}, infer_flatten),
    view("Squeeze", 1, {1, 2}, infer_squeeze),
    view("Unsqueeze", 1, {1, 2}, infer_unsqueeze),
    view("Identity", 1, {1, 1}, infer_identity),
    view("BitCast", 26, {1, 1}, infer_bit_cast),
    {.type = "Dropout",
     .since = 1,
     .cls = OpClass::kView,
     .arity = {1, 3, 1, 2},
     .infer = infer_dropout,
     .work = no_work,
     .access = touch_mask,
     .formula = "0 (inference)"},
};

}  // namespace

std::span<const OpSpec> view_ops() { return kViewOps; }

}  // namespace roofline::ops
