// Owns how channels go through operators that only move elements or rename their shape.
// Refuses axes that are cut between channels: those channels stay.
#include <algorithm>

#include "channels.hpp"

namespace roofline::transform {
namespace {

constexpr std::string_view kSplit = "are split or merged by";
constexpr std::string_view kPicked = "are picked from by";

bool is_positive(const ir::Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](std::int64_t size) { return size > 0; });
}

/// Axes of an operand and a result of a view that hold the same elements in the same order.
struct Block {
  std::vector<std::size_t> from = {};
  std::vector<std::size_t> to = {};
};

/// The smallest such blocks; axes of size 1 belong to none. Both shapes hold equally many elements.
std::vector<Block> match_blocks(const ir::Shape& from, const ir::Shape& to) {
  std::vector<Block> blocks;
  std::size_t i = 0;
  std::size_t j = 0;
  std::int64_t product_from = 1;
  std::int64_t product_to = 1;
  Block block;
  while (i < from.size() || j < to.size()) {
    const bool is_from = j == to.size() || (i < from.size() && product_from <= product_to);
    const std::int64_t size = is_from ? from[i] : to[j];
    (is_from ? product_from : product_to) *= size;
    if (size != 1) (is_from ? block.from : block.to).push_back(is_from ? i : j);
    ++(is_from ? i : j);
    if (product_from != product_to || block.from.empty() || block.to.empty()) continue;
    blocks.push_back(std::move(block));
    block = {};
    product_from = product_to = 1;
  }
  return blocks;
}

}  // namespace

bool ChannelRules::view() {
  const ir::Shape& from = shape(0);
  const ir::Shape& to = result();
  if (!is_positive(from) || !is_positive(to)) return false;
  if (op.elements(0) != op.output_elements()) return false;
  for (const Block& block : match_blocks(from, to)) {
    const std::size_t first = block.from.front();
    if (block.to.size() > 1) {
      for (const std::size_t a : block.from) keep_axes(0, a, a + 1, kSplit);
      continue;
    }
    // Flatten: each channel is followed by the positions of the axes behind it.
    std::int64_t times = 1;
    for (std::size_t k = 1; k < block.from.size(); ++k) {
      times *= from[block.from[k]];
      keep_axes(0, block.from[k], block.from[k] + 1, kSplit);
    }
    const Axis axis = channels.groups.repeat(in(0, first), times);
    out(0, block.to.front(), axis);
    if (node.outputs.size() > 1 && result(1) == to) out(1, block.to.front(), axis);
  }
  return true;
}

bool ChannelRules::transpose() {
  const std::size_t rank = shape(0).size();
  const std::vector<std::int64_t>* order = op.attr_ints("perm");
  if (order && order->size() != rank) return false;
  for (std::size_t a = 0; a < rank; ++a) {
    const std::size_t source = order ? ops::normalize_axis((*order)[a], rank) : rank - 1 - a;
    out(0, a, in(0, source));
  }
  return true;
}

bool ChannelRules::concat() {
  const std::size_t rank = result().size();
  const std::size_t axis = ops::normalize_axis(op.attr_int("axis", 1), rank);
  AxisGroups& groups = channels.groups;
  Axis joined;
  bool has_channels = false;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!has(i) || shape(i).size() != rank) return false;
    has_channels = has_channels || !in(i, axis).empty();
  }
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    for (std::size_t a = 0; a < rank; ++a) {
      if (a != axis && i > 0) join(in(0, a), in(i, a));
    }
    if (!has_channels || shape(i)[axis] == 0) continue;
    Axis part = groups.resolve(in(i, axis));
    if (part.empty()) {
      part = groups.fresh(shape(i)[axis]);
      if (part.empty()) return false;
      groups.keep(part, because("meet sizes that stay, in"));
    }
    joined.insert(joined.end(), part.begin(), part.end());
  }
  for (std::size_t a = 0; a < rank; ++a) {
    if (a != axis) out(0, a, in(0, a));
  }
  if (joined.size() > AxisGroups::kMostRuns) return false;
  out(0, axis, std::move(joined));
  return true;
}

bool ChannelRules::split() {
  const std::size_t rank = shape(0).size();
  const std::size_t axis = ops::normalize_axis(op.attr_int("axis", 0), rank);
  const Axis whole = in(0, axis);
  std::int64_t first = 0;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == ir::kNoTensor) return false;
    for (std::size_t a = 0; a < rank; ++a) {
      if (a != axis) out(i, a, in(0, a));
    }
    const std::int64_t size = result(i)[axis];
    if (size < 0) return false;
    out(i, axis, channels.groups.part(whole, first, first + size, because("are cut by")));
    first += size;
  }
  return true;
}

bool ChannelRules::slice() {
  const ir::Shape& from = shape(0);
  const auto starts = op.ints_attr_or_input("starts", 1);
  const auto axes = op.ints_attr_or_input("axes", 3);
  const auto steps = op.ints_attr_or_input("steps", 4);
  std::vector<std::int64_t> start(from.size(), 0);
  std::vector<bool> is_cut(from.size(), !starts);
  for (std::size_t i = 0; starts && i < starts->size(); ++i) {
    const std::int64_t given = axes && i < axes->size() ? (*axes)[i] : static_cast<std::int64_t>(i);
    const std::size_t a = ops::normalize_axis(given, from.size());
    const std::int64_t s = (*starts)[i];
    const bool is_plain =
        s != ir::kUnknownElement && (!steps || (i < steps->size() && (*steps)[i] == 1));
    is_cut[a] = !is_plain;
    start[a] =
        std::clamp<std::int64_t>(s < 0 ? s + from[a] : s, 0, std::max<std::int64_t>(from[a], 0));
  }
  for (std::size_t a = 0; a < from.size(); ++a) {
    const std::int64_t size = result()[a];
    if (size == from[a] && !is_cut[a]) {
      out(0, a, in(0, a));
    } else if (is_cut[a] || size < 0) {
      keep_axes(0, a, a + 1, kPicked);
    } else {
      out(0, a, channels.groups.part(in(0, a), start[a], start[a] + size, because("are cut by")));
    }
  }
  return true;
}

/// Axes, counted from the last, whose size stays are passed on; the others are no channels.
bool ChannelRules::same_sizes() {
  const ir::Shape& from = shape(0);
  const ir::Shape& to = result();
  if (from.size() > to.size()) return false;
  const std::size_t shift = to.size() - from.size();
  for (std::size_t a = 0; a < from.size(); ++a) {
    if (from[a] == to[a + shift] && from[a] >= 0) {
      out(0, a + shift, in(0, a));
    } else {
      keep_axes(0, a, a + 1, "are padded or repeated by");
    }
  }
  return true;
}

bool ChannelRules::gather() {
  const std::size_t rank = shape(0).size();
  const std::size_t axis = ops::normalize_axis(op.attr_int("axis", 0), rank);
  const std::size_t picked = shape(1).size();
  keep_axes(0, axis, axis + 1, kPicked);
  for (std::size_t a = 0; a < rank; ++a) {
    if (a != axis) out(0, a < axis ? a : a + picked - 1, in(0, a));
  }
  for (std::size_t a = 0; a < picked; ++a) out(0, axis + a, in(1, a));
  return true;
}

bool ChannelRules::softmax() {
  const std::size_t rank = shape(0).size();
  if (node.outputs.size() > 1 || result().size() != rank) return false;
  const bool is_flat = op.opset() < 13;  // one row from the axis to the end
  const std::size_t axis = ops::normalize_axis(op.attr_int("axis", is_flat ? 1 : -1), rank);
  keep_axes(0, axis, is_flat ? rank : axis + 1, "compete in");
  pass(rank);
  return true;
}

bool ChannelRules::reduce() {
  if (!node.op_type.starts_with("Reduce")) return false;
  bool unknown = false;
  const auto axes = op.ints_attr_or_input("axes", 1, &unknown);
  if (unknown) return false;
  const std::size_t rank = shape(0).size();
  const bool is_all = !axes || axes->empty();
  if (is_all && op.attr_int("noop_with_empty_axes", 0) != 0) return same_sizes();
  std::vector<bool> reduced(rank, is_all);
  for (std::size_t i = 0; !is_all && i < axes->size(); ++i) {
    reduced[ops::normalize_axis((*axes)[i], rank)] = true;
  }
  const bool keeps = op.attr_int("keepdims", 1) != 0;
  std::size_t to = 0;
  for (std::size_t a = 0; a < rank; ++a) {
    if (reduced[a])
      channels.groups.average(in(0, a), because("are averaged by"));
    else
      out(0, to, in(0, a));
    if (keeps || !reduced[a]) ++to;
  }
  return true;
}

bool ChannelRules::sizes() {
  if (!node.inputs.empty()) channels.size_readers_.push_back(n);
  return true;
}

}  // namespace roofline::transform
