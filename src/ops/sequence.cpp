// Owns sequences and optionals: lists of references to tensors, and one that may be missing.
// Refuses containers of containers, but for an optional sequence, and positions outside.
#include <fmt/format.h>

#include <algorithm>

#include "families.hpp"
#include "movement.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::ops {
namespace {

using ir::Content;
using ir::DType;
using ir::kUnknownDim;
using ir::Shape;
using ir::TensorType;
using ir::ValueKind;
using Types = std::vector<TensorType>;

/// What the sequence of operand i holds; nothing is known of a value that could be one.
Content sequence_of(const OpContext& ctx, int i) {
  const TensorType& type = ctx.input(i);
  const bool is_open = type.kind == ValueKind::kTensor && !type.shape;
  if (type.kind != ValueKind::kSequence && !is_open) {
    throw RuleError("bad-type", fmt::format("input {} is no sequence", i));
  }
  if (type.kind == ValueKind::kSequence && type.content) return *type.content;
  return {.common = {.dtype = type.dtype}};
}

/// Operand i as an element. Containers nest no deeper than ONNX allows, or a hostile chain of nodes
/// would nest without end.
const TensorType& element_of(const OpContext& ctx, int i) {
  const TensorType& type = ctx.input(i);
  if (type.kind == ValueKind::kSequence || type.kind == ValueKind::kOptional) {
    throw RuleError("bad-type", fmt::format("input {} is a container, expected a tensor", i));
  }
  return type;
}

void set_sequence(OpContext& ctx, Content content) {
  ctx.set_container(0, ValueKind::kSequence, std::move(content));
}

/// The position that operand i names among `size` places, `fallback` when it is omitted; nullopt
/// when it is computed at run time.
std::optional<std::size_t> position(const OpContext& ctx, int i, std::size_t size,
                                    std::size_t fallback) {
  if (!ctx.has_input(i)) return fallback;
  const std::optional<std::int64_t> given = scalar_int(ctx, i);
  if (!given) return std::nullopt;
  const auto limit = static_cast<std::int64_t>(size);
  if (*given < -limit || *given >= limit) {
    throw RuleError("bad-value", fmt::format("position {} is outside of a sequence with {} places",
                                             *given, size));
  }
  return static_cast<std::size_t>(*given < 0 ? *given + limit : *given);
}

/// Runs the rule of another operator: a piece of a sequence is what Split makes, and so on.
void infer_as(std::string_view type, std::vector<ir::Attribute> attributes,
              std::span<const TensorType* const> operands, std::span<TensorType> results) {
  constexpr int kOpset = 13;
  ir::Node node;
  node.attributes = std::move(attributes);
  OpContext ctx(node, kOpset, operands, results);
  find_op("", type, kOpset)->infer(ctx);
}

// --- building

void infer_sequence_empty(OpContext& ctx) {
  set_sequence(ctx, ir::content_of({}, {.dtype = ir::dtype_from_onnx(ctx.attr_int("dtype", 1))}));
}

void infer_sequence_construct(OpContext& ctx) {
  Types each;
  for (int i = 0; i < ctx.input_count(); ++i) each.push_back(element_of(ctx, i));
  set_sequence(ctx, ir::content_of(std::move(each)));
}

/// Without a position the element goes to the end. The place behind the last one counts as well,
/// but from the end it is the last element that is -1.
void infer_sequence_insert(OpContext& ctx) {
  Content content = sequence_of(ctx, 0);
  const TensorType& element = element_of(ctx, 1);
  if (!content.each) {
    content.common = join(content.common, element);
    if (content.length) ++*content.length;
    return set_sequence(ctx, std::move(content));
  }
  Types& each = *content.each;
  const std::size_t size = each.size();
  const std::optional<std::int64_t> given = scalar_int(ctx, 2);
  const bool is_append = !ctx.has_input(2) || given == static_cast<std::int64_t>(size);
  const std::optional<std::size_t> at = is_append ? size : position(ctx, 2, size, size);
  if (at) {
    each.insert(each.begin() + static_cast<std::ptrdiff_t>(*at), element);
  } else {
    each.assign(size + 1, each.empty() ? element : join(content.common, element));
  }
  set_sequence(ctx, ir::content_of(std::move(each)));
}

void infer_sequence_erase(OpContext& ctx) {
  Content content = sequence_of(ctx, 0);
  if (content.size() == 0) throw RuleError("bad-value", "the sequence is empty");
  if (!content.each) {
    if (content.length) --*content.length;
    return set_sequence(ctx, std::move(content));
  }
  Types& each = *content.each;
  const std::optional<std::size_t> at = position(ctx, 1, each.size(), each.size() - 1);
  if (at) {
    each.erase(each.begin() + static_cast<std::ptrdiff_t>(*at));
  } else {
    each.assign(each.size() - 1, content.common);
  }
  set_sequence(ctx, ir::content_of(std::move(each), {.dtype = content.common.dtype}));
}

// --- asking

void infer_sequence_at(OpContext& ctx) {
  const Content content = sequence_of(ctx, 0);
  const std::optional<std::size_t> at =
      content.each ? position(ctx, 1, content.each->size(), 0) : std::nullopt;
  ctx.output() = at ? (*content.each)[*at] : content.common;
}

void infer_sequence_length(OpContext& ctx) {
  const Content content = sequence_of(ctx, 0);
  std::optional<ir::SmallValue> length;
  if (const auto size = content.size()) length = Ints{*size};
  ctx.set_output(0, DType::kInt64, Shape{}, std::move(length));
}

// --- SplitToSequence

/// What is known of the pieces along an axis.
struct Pieces {
  std::optional<Ints> sizes = std::nullopt;
  std::optional<std::int64_t> count = std::nullopt;
  std::int64_t size = kUnknownDim;  ///< of every piece
};

/// Operand 1 is a list of sizes, or one size (1 when it is left out) of all pieces but the last.
Pieces cut_pieces(const OpContext& ctx, std::int64_t dim) {
  const Shape* given = ctx.shape(1);
  if (given && given->size() == 1) {
    Pieces pieces;
    if (given->front() != kUnknownDim) pieces.count = given->front();
    if (const Ints* sizes = ctx.known_ints(1)) pieces.sizes = *sizes;
    return pieces;
  }
  if (!ctx.has_input(1) && dim == kUnknownDim) return {.size = 1};
  const std::optional<std::int64_t> step = ctx.has_input(1) ? scalar_int(ctx, 1) : 1;
  if (!step || dim == kUnknownDim) return {};
  if (*step < 1) throw RuleError("bad-value", fmt::format("split asks for the size {}", *step));
  Pieces pieces = {.count = ceil_div(dim, *step).value(),
                   .size = dim % *step == 0 ? *step : kUnknownDim};
  if (pieces.count <= ir::kMaxContentElements) {
    pieces.sizes = Ints(static_cast<std::size_t>(*pieces.count), *step);
    if (dim % *step != 0) pieces.sizes->back() = dim % *step;
  }
  return pieces;
}

/// The pieces as Split makes them, values included.
Types split_pieces(const TensorType& x, std::size_t axis, const Ints& sizes) {
  const TensorType* operand = &x;
  Types pieces(sizes.size());
  if (pieces.empty()) return pieces;
  infer_as("Split", {{"axis", static_cast<std::int64_t>(axis)}, {"split", sizes}}, {&operand, 1},
           pieces);
  return pieces;
}

/// Any of the pieces; without a size it has that of the whole as its limit.
TensorType any_piece(const TensorType& x, std::size_t axis, std::int64_t size) {
  TensorType piece = {.dtype = x.dtype, .shape = x.shape};
  (*piece.shape)[axis] = size;
  if (size == kUnknownDim && ir::is_known(*x.shape)) piece.bound = x.shape;
  return piece;
}

void infer_split_to_sequence(OpContext& ctx) {
  const TensorType& x = element_of(ctx, 0);
  if (!x.shape) return set_sequence(ctx, {.common = {.dtype = x.dtype}});
  const std::size_t axis = normalize_axis(ctx.attr_int("axis", 0), x.shape->size());
  const Pieces pieces = cut_pieces(ctx, (*x.shape)[axis]);
  Content content = {.common = any_piece(x, axis, pieces.size), .length = pieces.count};
  if (pieces.sizes) {
    content = ir::content_of(split_pieces(x, axis, *pieces.sizes), std::move(content.common));
  }
  if (!ctx.has_input(1) && ctx.attr_int("keepdims", 1) == 0) {
    const auto squeeze = [axis](TensorType& piece) {
      piece.shape->erase(piece.shape->begin() + static_cast<std::ptrdiff_t>(axis));
    };
    squeeze(content.common);
    if (content.each) std::for_each(content.each->begin(), content.each->end(), squeeze);
  }
  set_sequence(ctx, std::move(content));
}

// --- ConcatFromSequence

/// Inserts an axis of size 1 into a shape (`axis` may be negative).
void unsqueeze(std::optional<Shape>& shape, std::int64_t axis) {
  if (!shape) return;
  const std::size_t at = normalize_axis(axis, shape->size() + 1);
  shape->insert(shape->begin() + static_cast<std::ptrdiff_t>(at), 1);
}

TensorType concat(const Types& pieces, std::int64_t axis) {
  std::vector<const TensorType*> operands;
  for (const TensorType& piece : pieces) operands.push_back(&piece);
  TensorType joined;
  infer_as("Concat", {{"axis", axis}}, operands, {&joined, 1});
  return joined;
}

/// Where pieces are not described one by one, what they share is repeated.
void infer_concat_from_sequence(OpContext& ctx) {
  const std::int64_t axis = ctx.required_int("axis");
  const Content content = sequence_of(ctx, 0);
  Types pieces = content.each ? *content.each : Types{content.common};
  if (pieces.empty()) return ctx.set_output(0, content.common.dtype, std::nullopt);
  if (ctx.attr_int("new_axis", 0) != 0) {
    for (TensorType& piece : pieces) unsqueeze(piece.shape, axis);
  }
  TensorType joined = concat(pieces, axis);
  if (!content.each && joined.shape) {
    std::int64_t& dim = (*joined.shape)[normalize_axis(axis, joined.shape->size())];
    const bool is_open = dim == kUnknownDim || !content.length;
    dim = is_open ? kUnknownDim : (Count(dim) * *content.length).value();
    joined.value.reset();
  }
  ctx.output() = std::move(joined);
}

// --- optionals

/// The element's type of an empty one is an attribute that inference has no use for.
void infer_optional(OpContext& ctx) {
  Types held;
  if (ctx.has_input(0)) {
    if (ctx.input(0).kind == ValueKind::kOptional) {
      throw RuleError("bad-type", "input 0 is an optional already");
    }
    held.push_back(ctx.input(0));
  }
  ctx.set_container(0, ValueKind::kOptional, ir::content_of(std::move(held)));
}

/// What is no optional passes through (opset 18). An empty one has no element, but the branch of an
/// If that asks for it may just not run.
void infer_optional_get(OpContext& ctx) {
  const TensorType& type = ctx.input(0);
  if (type.kind != ValueKind::kOptional) {
    ctx.output() = type;
  } else if (!type.content) {
    ctx.set_output(0, type.dtype, std::nullopt);
  } else {
    const auto& each = type.content->each;
    ctx.output() = each && !each->empty() ? each->front() : type.content->common;
  }
}

/// nullopt when only the run time knows.
std::optional<bool> holds_element(const OpContext& ctx) {
  if (!ctx.has_input(0)) return false;
  const TensorType& type = ctx.input(0);
  if (type.kind == ValueKind::kOptional) {
    if (!type.content || !type.content->each) return std::nullopt;
    return !type.content->each->empty();
  }
  // A tensor of unknown rank may be an optional of which its producer knew nothing.
  return type.kind != ValueKind::kTensor || type.shape ? std::optional(true) : std::nullopt;
}

void infer_optional_has(OpContext& ctx) {
  const std::optional<bool> holds = holds_element(ctx);
  std::optional<ir::SmallValue> value;
  if (holds) value = Ints{*holds ? 1 : 0};
  ctx.set_output(0, DType::kBool, Shape{}, std::move(value));
}

/// References move, tensors do not.
constexpr OpSpec control(std::string_view type, int since, Arity arity, InferFn infer) {
  OpSpec row = move(type, since, arity, infer, touch_nothing);
  row.cls = OpClass::kControl;
  return row;
}

constexpr OpSpec kSequenceOps[] = {
    control("SequenceEmpty", 11, {0, 0}, infer_sequence_empty),
    control("SequenceConstruct", 11, {1, kMany}, infer_sequence_construct),
    control("SequenceInsert", 11, {2, 3}, infer_sequence_insert),
    control("SequenceErase", 11, {1, 2}, infer_sequence_erase),
    control("SequenceAt", 11, {2, 2}, infer_sequence_at),
    control("SequenceLength", 11, {1, 1}, infer_sequence_length),
    move("SplitToSequence", 11, {1, 2}, infer_split_to_sequence, touch_first),
    move("ConcatFromSequence", 11, {1, 1}, infer_concat_from_sequence, touch_all),
    control("Optional", 15, {0, 1}, infer_optional),
    control("OptionalGetElement", 15, {1, 1}, infer_optional_get),
    control("OptionalHasElement", 15, {0, 1}, infer_optional_has),
};

}  // namespace

std::span<const OpSpec> sequence_ops() { return kSequenceOps; }

}  // namespace roofline::ops
