// Owns which channels of a model change together.
// Refuses to know operators: those say which axes are equal, cut or joined.
#include "axis_groups.hpp"

#include <algorithm>
#include <numeric>

namespace roofline::transform {
namespace {

/// Sizes beyond this could overflow in sums and products of them.
constexpr std::int64_t kMostPositions = std::int64_t{1} << 40U;

constexpr Reason kTooManyParts = {"have too many parts", ir::kNoNode, ir::kNoTensor};

}  // namespace

Axis AxisGroups::fresh(std::int64_t size) {
  if (size < 1 || size > kMostPositions) return {};
  const auto id = static_cast<GroupId>(groups_.size());
  groups_.push_back({.size = size, .new_size = size, .parent = id});
  return {{id}};
}

bool AxisGroups::stands_for_itself(GroupId id) const {
  const Group& group = groups_[static_cast<std::size_t>(id)];
  return group.parent == id && group.parts.empty();
}

GroupId AxisGroups::find(GroupId id) {
  while (at(id).parent != id) id = at(id).parent = at(at(id).parent).parent;
  return id;
}

Axis AxisGroups::resolve(const Axis& axis) {
  Axis resolved;
  resolved.reserve(axis.size());
  for (const Run& run : axis) {
    const GroupId root = find(run.group);
    if (at(root).parts.empty()) {
      resolved.push_back({root, run.inner});
      continue;
    }
    Axis parts = resolve(at(root).parts);
    at(root).parts = parts;
    for (Run& part : parts) part.inner *= run.inner;
    resolved.insert(resolved.end(), parts.begin(), parts.end());
  }
  return resolved;
}

std::int64_t AxisGroups::old_size(const Axis& axis) const {
  return std::accumulate(
      axis.begin(), axis.end(), std::int64_t{0}, [&](std::int64_t sum, const Run& run) {
        return sum + groups_[static_cast<std::size_t>(run.group)].size * run.inner;
      });
}

std::int64_t AxisGroups::new_size(const Axis& axis) {
  std::int64_t sum = 0;
  for (const Run& run : resolve(axis)) sum += at(run.group).new_size * run.inner;
  return sum;
}

bool AxisGroups::keep(const Axis& axis, const Reason& reason) {
  bool is_new = false;
  for (const Run& run : resolve(axis)) {
    Group& group = at(run.group);
    if (group.is_kept) continue;
    group.is_kept = is_new = true;
    group.kept = reason;
  }
  return is_new;
}

void AxisGroups::ask(const Axis& axis) {
  for (const Run& run : resolve(axis)) at(run.group).asked = true;
}

void AxisGroups::average(const Axis& axis, const Reason& reason) {
  for (const Run& run : resolve(axis)) {
    Group& group = at(run.group);
    if (group.is_averaged) continue;
    group.is_averaged = true;
    group.averaged = reason;
  }
}

void AxisGroups::divide(const Axis& axis, std::int64_t groups, const Reason& reason) {
  const Axis runs = resolve(axis);
  if (runs.size() != 1 || groups < 1) {
    keep(runs, reason);
    return;
  }
  Group& group = at(runs.front().group);
  const std::int64_t each = groups / std::gcd(groups, runs.front().inner);
  group.step = std::lcm(group.step, each);
  if (group.size % group.step != 0) keep(runs, reason);
}

Axis AxisGroups::repeat(const Axis& axis, std::int64_t times) {
  Axis repeated = resolve(axis);
  if (times < 1 || old_size(repeated) > kMostPositions / times) {
    keep(repeated, kTooManyParts);
    return {};
  }
  for (Run& run : repeated) run.inner *= times;
  return repeated;
}

void AxisGroups::merge(GroupId a, GroupId b) {
  Group& into = at(a);
  Group& from = at(b);
  from.parent = a;
  into.asked = into.asked || from.asked;
  if (!into.is_averaged && from.is_averaged) {
    into.is_averaged = true;
    into.averaged = from.averaged;
  }
  into.step = std::lcm(into.step, from.step);
  if (from.is_kept) keep({{a}}, from.kept);
}

void AxisGroups::define(GroupId id, const Axis& parts) {
  const Group group = at(id);
  at(id).parts = parts;
  if (group.asked) ask(parts);
  if (group.is_averaged) average(parts, group.averaged);
  if (group.step > 1) divide(parts, group.step, {"have groups of channels in parts"});
  if (group.is_kept) keep(parts, group.kept);
}

void AxisGroups::cut(GroupId id, std::int64_t size) {
  Axis parts = fresh(size);
  parts.push_back(fresh(at(id).size - size).front());
  define(id, parts);
}

/// Makes two runs at the same position equal, or one of them shorter; false where that is not
/// possible.
bool AxisGroups::align(const Run& a, const Run& b) {
  if (a.group == b.group) return false;
  const std::int64_t size_a = at(a.group).size;
  const std::int64_t size_b = at(b.group).size;
  if (a.inner == b.inner) {
    if (size_a == size_b) {
      merge(a.group, b.group);
    } else {
      const bool is_a = size_a > size_b;
      cut(is_a ? a.group : b.group, is_a ? size_b : size_a);
    }
    return true;
  }
  if (a.inner != 1 && b.inner != 1) return false;
  const Run& plain = a.inner == 1 ? a : b;
  const Run& wide = a.inner == 1 ? b : a;
  const std::int64_t plain_size = at(plain.group).size;
  const std::int64_t wide_size = at(wide.group).size * wide.inner;
  if (plain_size == wide_size) {
    define(plain.group, {wide});
  } else if (plain_size > wide_size) {
    cut(plain.group, wide_size);
  } else if (plain_size % wide.inner == 0) {
    cut(wide.group, plain_size / wide.inner);
  } else {
    return false;
  }
  return true;
}

void AxisGroups::unify(const Axis& a, const Axis& b, const Reason& reason) {
  while (true) {
    const Axis x = resolve(a);
    const Axis y = resolve(b);
    const auto [at_x, at_y] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
    if (at_x == x.end() && at_y == y.end()) return;
    const bool fits = at_x != x.end() && at_y != y.end() && x.size() <= kMostRuns &&
                      y.size() <= kMostRuns && old_size(x) == old_size(y);
    // A parameter's axis, mostly: a group of its own that stands for all of the other's.
    const Axis& one = y.size() == 1 ? y : x;
    const Axis& many = y.size() == 1 ? x : y;
    if (fits && one.size() == 1 && one.front().inner == 1 && many.size() > 1) {
      define(one.front().group, many);
      continue;
    }
    if (!fits || !align(*at_x, *at_y)) {
      keep(x, reason);
      keep(y, reason);
      return;
    }
  }
}

Axis AxisGroups::part(const Axis& axis, std::int64_t first, std::int64_t last,
                      const Reason& reason) {
  for (const std::int64_t border : {first, last}) {
    const Axis runs = resolve(axis);
    std::int64_t position = 0;
    for (const Run& run : runs) {
      const std::int64_t behind = position + at(run.group).size * run.inner;
      if (position < border && border < behind) {
        if ((border - position) % run.inner != 0 || runs.size() >= kMostRuns) {
          keep(runs, reason);
          return {};
        }
        cut(run.group, (border - position) / run.inner);
        break;
      }
      position = behind;
    }
  }
  Axis inside;
  std::int64_t position = 0;
  for (const Run& run : resolve(axis)) {
    if (position >= first && position < last) inside.push_back(run);
    position += at(run.group).size * run.inner;
  }
  // The same group twice: cutting one occurrence cut the other as well, which moves no border.
  return inside;
}

}  // namespace roofline::transform
