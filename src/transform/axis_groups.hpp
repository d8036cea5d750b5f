#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "roofline/ir/graph.hpp"

namespace roofline::transform {

using GroupId = std::int32_t;

/// Channels of one group along an axis, each of them `inner` positions long (H*W behind a Flatten).
struct Run {
  GroupId group;
  std::int64_t inner = 1;
  bool operator==(const Run&) const = default;
};
/// What an axis is made of, in order; empty where its size stays as it is.
using Axis = std::vector<Run>;

/// Why the size of a group stays: read as "<text> <Operator> '<node>'" or "<text> '<tensor>'".
struct Reason {
  std::string_view text;
  ir::NodeId node = ir::kNoNode;
  ir::TensorId tensor = ir::kNoTensor;
};

/// Groups of channels that can only be removed or added together, wherever they occur: a union-find
/// over channels whose members may also be cut into parts (Split) or stand for a sequence of other
/// groups (Concat).
class AxisGroups {
 public:
  /// Axes of more runs than this keep their size: it bounds the work of every step.
  static constexpr std::size_t kMostRuns = 256;

  struct Group {
    std::int64_t size = 0;
    std::int64_t step = 1;  ///< the number of channels stays a multiple of this
    bool asked = false;     ///< the scenario is about a node that makes these channels
    bool is_kept = false;
    Reason kept = {};          ///< why the size stays, if is_kept
    bool is_averaged = false;  ///< an operator takes statistics over the channels
    Reason averaged = {};      ///< which
    std::int64_t new_size = 0;

    GroupId parent = -1;  ///< the group it was merged into, or itself
    Axis parts = {};      ///< what it stands for, if not itself
  };

  /// An axis of a new group.
  [[nodiscard]] Axis fresh(std::int64_t size);
  /// The axis in terms of groups that stand for themselves.
  [[nodiscard]] Axis resolve(const Axis& axis);
  /// Positions of the axis before and after.
  [[nodiscard]] std::int64_t old_size(const Axis& axis) const;
  [[nodiscard]] std::int64_t new_size(const Axis& axis);

  /// The axes have equal sizes and change together. Where they cannot, both are kept for `reason`.
  void unify(const Axis& a, const Axis& b, const Reason& reason);
  /// The part [first, last) of an axis; empty, and all kept, where channels would be cut.
  [[nodiscard]] Axis part(const Axis& axis, std::int64_t first, std::int64_t last,
                          const Reason& reason);
  /// Each position repeated `times` times.
  [[nodiscard]] Axis repeat(const Axis& axis, std::int64_t times);

  /// Returns false when everything was kept before.
  bool keep(const Axis& axis, const Reason& reason);
  void ask(const Axis& axis);
  void average(const Axis& axis, const Reason& reason);
  /// The axis is made of `groups` equal parts that lose and gain channels alike.
  void divide(const Axis& axis, std::int64_t groups, const Reason& reason);

  /// Group by id; groups that stand for others included.
  [[nodiscard]] std::vector<Group>& all() { return groups_; }
  [[nodiscard]] bool stands_for_itself(GroupId id) const;
  [[nodiscard]] Group& at(GroupId id) { return groups_[static_cast<std::size_t>(id)]; }

 private:
  GroupId find(GroupId id);
  void merge(GroupId a, GroupId b);
  void define(GroupId id, const Axis& parts);
  /// Cuts a group that stands for itself behind its first `size` channels.
  void cut(GroupId id, std::int64_t size);
  bool align(const Run& a, const Run& b);

  std::vector<Group> groups_ = {};
};

}  // namespace roofline::transform
