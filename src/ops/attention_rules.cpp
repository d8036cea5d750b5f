// Owns the rules that fused attention operators share.
// Refuses to leave out masked scores: what a mask hides is computed and then hidden.
#include "attention_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "values.hpp"

namespace roofline::ops {

using ir::kUnknownDim;

std::int64_t add_sizes(std::int64_t a, std::int64_t b) {
  return a == kUnknownDim || b == kUnknownDim ? kUnknownDim : (Count(a) + b).value();
}

std::int64_t multiply_sizes(std::int64_t a, std::int64_t b) {
  return a == kUnknownDim || b == kUnknownDim ? kUnknownDim : (Count(a) * b).value();
}

std::int64_t split_size(std::int64_t size, std::int64_t parts, std::string_view name) {
  if (size == kUnknownDim || parts == kUnknownDim) return kUnknownDim;
  if (parts < 1 || size % parts != 0) {
    shape_error(fmt::format("{} has {} columns, not a multiple of {}", name, size, parts),
                "check attribute 'num_heads' and the sizes of the projection");
  }
  return size / parts;
}

std::int64_t head_attribute(const OpContext& ctx, std::string_view name) {
  const std::int64_t heads = ctx.required_int(name);
  if (heads < 1) {
    attribute_error(fmt::format("attribute '{}' is {}, expected at least 1", name, heads));
  }
  return heads;
}

const ir::Shape* shape_of_rank(const OpContext& ctx, int i, std::string_view name,
                               std::size_t rank) {
  const ir::Shape* shape = ctx.shape(i);
  if (shape && shape->size() != rank) {
    shape_error(
        fmt::format("{} has shape {}, expected rank {}", name, ir::to_string(*shape), rank));
  }
  return shape;
}

Heads read_heads(const OpContext& ctx, int i, std::string_view name, std::string_view attribute) {
  const ir::Shape* shape = ctx.shape(i);
  if (!shape) return {};
  const ir::Shape& x = *shape;
  if (x.size() == 4) return {x[0], x[1], x[2], x[3]};
  if (x.size() != 3) {
    shape_error(fmt::format("{} has shape {}, expected rank 3 or 4", name, ir::to_string(x)));
  }
  const std::int64_t heads = head_attribute(ctx, attribute);
  if (x[2] != kUnknownDim && x[2] % heads != 0) {
    shape_error(fmt::format("{} has {} columns, not a multiple of {} heads", name, x[2], heads),
                fmt::format("check attribute '{}'", attribute));
  }
  return {x[0], heads, x[1], x[2] == kUnknownDim ? kUnknownDim : x[2] / heads};
}

void check_widths(const Heads& q, const Heads& k, std::string_view hint) {
  if (sizes_differ(q.width, k.width)) {
    shape_error(fmt::format("Q has heads of {}, K has heads of {}", q.width, k.width),
                std::string(hint));
  }
}

void check_groups(std::int64_t query_heads, std::int64_t key_heads) {
  if (query_heads == kUnknownDim || key_heads == kUnknownDim) return;
  if (key_heads < 1 || query_heads % key_heads != 0) {
    shape_error(
        fmt::format("{} query heads are not a multiple of {} key heads", query_heads, key_heads));
  }
}

Work attend(const Scores& s) {
  Work work = contract({.batch = (Count(s.batch) * s.heads).value(),
                        .m = s.queries,
                        .n = s.keys,
                        .k = (Count(s.width) + s.v_width).value()});
  work.arithmetic = s.count() * (1 + s.masks + (s.has_softcap ? 2 : 0) + 4);
  work.transcendentals = s.count() * (s.has_softcap ? 2 : 1);
  return work;
}

Work join(Work a, const Work& b) {
  if (b.macs > a.macs) a.contraction = b.contraction;
  a.macs += b.macs;
  a.arithmetic += b.arithmetic;
  a.transcendentals += b.transcendentals;
  return a;
}

std::int64_t rotary_width(const OpContext& ctx, std::int64_t head_width) {
  const std::int64_t rotated = ctx.attr_int("rotary_embedding_dim", 0);
  if (rotated == 0) return head_width;
  if (rotated < 0 || (head_width != kUnknownDim && rotated > head_width)) {
    attribute_error(fmt::format("attribute 'rotary_embedding_dim' is {}, heads have {} elements",
                                rotated, head_width));
  }
  return rotated;
}

void read_rotary_cache(const OpContext& ctx, int i, Count positions, AccessList& list) {
  const ir::Shape* cache = ctx.shape(i);
  if (!cache) return;
  const std::int64_t row = cache->empty() ? 1 : cache->back();
  list.push_back({.operand = i,
                  .elements = std::min(ctx.elements(i), positions * row),
                  .run_length = row,
                  .role = Role::kBuffer});
}

void read_part(const OpContext& ctx, int i, Count elements, Role role, AccessList& list) {
  if (!ctx.has_input(i)) return;
  list.push_back({.operand = i, .elements = std::min(elements, ctx.elements(i)), .role = role});
}

void write_part(const OpContext& ctx, int i, Count elements, AccessList& list) {
  if (!ctx.has_output(i)) return;
  list.push_back({.operand = ~i, .elements = std::min(elements, ctx.output_elements(i))});
}

std::optional<std::int64_t> known_length(const OpContext& ctx, int i) {
  const std::optional<std::int64_t> length = scalar_int(ctx, i);
  return length && *length >= 0 ? length : std::nullopt;
}

std::int64_t LinearSizes::heads() const {
  return q.heads == kUnknownDim || v.heads == kUnknownDim ? kUnknownDim
                                                          : std::max(q.heads, v.heads);
}

LinearSizes read_linear(const OpContext& ctx) {
  const LinearSizes s = {read_heads(ctx, 0, "query", "q_num_heads"),
                         read_heads(ctx, 1, "key", "kv_num_heads"),
                         read_heads(ctx, 2, "value", "kv_num_heads")};
  if (sizes_differ(s.q.width, s.k.width)) {
    shape_error(fmt::format("query has heads of {}, key has heads of {}", s.q.width, s.k.width),
                "check attributes 'q_num_heads' and 'kv_num_heads'");
  }
  return s;
}

LinearRule update_rule(const OpContext& ctx) {
  const std::string_view rule = ctx.attr_string("update_rule", "gated_delta");
  return {.has_delta = rule == "delta" || rule == "gated_delta",
          .has_gate = rule == "gated" || rule == "gated_delta"};
}

Work linear_attention(const LinearRule& rule, const LinearSizes& s, Count decays) {
  const Count state = Count(s.k.width) * s.v.width;
  const Count updates = Count(s.v.batch) * s.v.heads * s.v.length;
  const Count reads = Count(s.q.batch) * s.heads() * s.q.length;
  Work work = {.macs = (updates * (rule.has_delta ? 2 : 1) + reads) * state};
  work.arithmetic = reads * s.v.width;
  if (rule.has_gate) {
    work.arithmetic += updates * state;
    work.transcendentals = decays;
  }
  if (rule.has_delta) work.arithmetic += updates * s.v.width * 2;
  return work;
}

}  // namespace roofline::ops
