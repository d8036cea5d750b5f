#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "draft.hpp"
#include "sizes.hpp"

namespace roofline::plan {

using LaunchId = std::int32_t;  ///< index into Rewrite's launches
inline constexpr LaunchId kNoLaunch = -1;

/// One kernel of a graph that passes rewrite as a runtime does. Its operands are those of the
/// operator that the runtime executes.
struct Launch {
  std::string_view op = {};               ///< static, or of the model's node
  std::vector<ir::NodeId> nodes = {};     ///< the lead first; empty when the runtime inserted it
  std::vector<ir::TensorId> inputs = {};  ///< ir::kNoTensor where omitted
  std::vector<ir::TensorId> outputs = {};
  std::vector<std::string_view> fused = {};
  std::optional<ops::OpClass> cls = std::nullopt;  ///< nullopt: the lead's
  Layout layout = Layout::kPlain;
  std::vector<std::int64_t> perm = {};    ///< of a Transpose whose permutation is not its node's
  std::optional<std::int64_t> axis = {};  ///< where it is not its node's attribute
  std::vector<std::int64_t> axes = {};    ///< of a reduction, where they are not its node's
  ir::NodeId beside = ir::kNoNode;        ///< of an inserted one: the node that it stands next to
  bool before = false;                    ///< and on which side
  bool reordered = false;                 ///< its operands' axes are not in its node's order
  bool merged = false;                    ///< contractions side by side: their columns add up
  std::optional<Count> copied = {};       ///< elements that a Concat writes, if not all of them
  bool live = true;
};

/// A graph of launches: at first one for each node. Passes fuse, remove and insert launches; every
/// change keeps producers and readers, costs what it touches, and tells each node why.
class Rewrite {
 public:
  explicit Rewrite(Draft& draft);

  [[nodiscard]] LaunchId count() const { return static_cast<LaunchId>(launches_.size()); }
  [[nodiscard]] Launch& at(LaunchId l) { return launches_[static_cast<std::size_t>(l)]; }
  [[nodiscard]] const Launch& at(LaunchId l) const {
    return launches_[static_cast<std::size_t>(l)];
  }
  [[nodiscard]] bool is_live(LaunchId l) const { return l != kNoLaunch && at(l).live; }
  /// False for kNoLaunch and for launches that are gone.
  [[nodiscard]] bool is(LaunchId l, std::initializer_list<std::string_view> ops) const;
  /// The launch's first node, or nullptr.
  [[nodiscard]] const ir::Node* node(LaunchId l) const;
  [[nodiscard]] ir::TensorId input(LaunchId l, std::size_t i) const;  ///< kNoTensor past the end
  [[nodiscard]] ir::TensorId output(LaunchId l) const { return at(l).outputs.at(0); }
  [[nodiscard]] bool same_region(LaunchId a, LaunchId b) const { return region(a) == region(b); }
  /// Live launches, producers before readers.
  [[nodiscard]] const std::vector<LaunchId>& order();

  [[nodiscard]] LaunchId producer(ir::TensorId t) const;
  /// Operands that it is, of live launches; constants are not counted.
  [[nodiscard]] std::size_t uses(ir::TensorId t) const;
  [[nodiscard]] std::vector<LaunchId> readers(ir::TensorId t);
  /// Needed beyond its readers: a graph output, or handed on by a body.
  [[nodiscard]] bool is_wanted(ir::TensorId t) const;
  /// The only launch that reads the tensor, once; kNoLaunch when it is needed elsewhere.
  [[nodiscard]] LaunchId sole_reader(ir::TensorId t);
  /// The only reader of the only result, of one of these operators and in the same region.
  [[nodiscard]] LaunchId next(LaunchId l, std::initializer_list<std::string_view> ops);
  /// The producer of an operand, of one of these operators and in the same region.
  [[nodiscard]] LaunchId previous(LaunchId l, std::size_t i,
                                  std::initializer_list<std::string_view> ops) const;
  /// The operand of a launch of two that is not `t`.
  [[nodiscard]] ir::TensorId other_input(LaunchId l, ir::TensorId t) const;

  [[nodiscard]] bool is_constant(ir::TensorId t) const;
  void set_constant(ir::TensorId t);
  /// The only element of a constant.
  [[nodiscard]] std::optional<double> number(ir::TensorId t) const;
  [[nodiscard]] const std::vector<std::int64_t>* integers(ir::TensorId t) const;
  [[nodiscard]] ir::DType dtype(ir::TensorId t) const;
  [[nodiscard]] bool is_float(ir::TensorId t) const { return dtype(t) == ir::DType::kFloat32; }
  Sizes sizes;
  /// Sizes::make: a tensor that no launch reads or writes yet.
  ir::TensorId make(ir::TensorId of, const std::function<ir::Shape(ir::Shape)>& form) {
    const ir::TensorId t = sizes.make(of, form);
    grow();
    return t;
  }

  /// Makes `members` one launch in the place of the first; its nodes are theirs, that one's first.
  /// `operands` and `results` are the new launch's.
  void fuse(const std::vector<LaunchId>& members, std::string_view op,
            std::vector<ir::TensorId> operands, std::vector<ir::TensorId> results);
  /// Removes a launch whose result is its operand `i`. False when outsiders need both.
  bool eliminate(LaunchId l, std::size_t i, std::string_view why);
  /// Removes a launch that nothing reads, or that ran before.
  void remove(LaunchId l, const std::string& why);
  /// Removes a launch if nothing reads it, and what it alone kept alive.
  void remove_unread(LaunchId first, const std::string& why);
  /// `beside` is what the new launch reads from, or is read by.
  LaunchId insert(Launch launch, LaunchId beside);
  void set_input(LaunchId l, std::size_t i, ir::TensorId t);
  void set_inputs(LaunchId l, std::vector<ir::TensorId> inputs);
  void set_output(LaunchId l, std::size_t i, ir::TensorId t);
  /// Lets every reader of `from` read `to`.
  void replace_uses(ir::TensorId from, ir::TensorId to);
  /// The axis that the launch works along.
  [[nodiscard]] std::int64_t axis(LaunchId l, std::int64_t otherwise) const;
  /// The axes that a reduction sums over, from 0; empty when they are not known.
  [[nodiscard]] std::vector<std::int64_t> reduced_axes(LaunchId l) const;
  void explain(LaunchId l, std::string reason);
  /// What the graph calls the launch in messages.
  [[nodiscard]] std::string name(LaunchId l) const;
  /// Tells that something changed since the last call.
  [[nodiscard]] bool take_modified() { return std::exchange(modified_, false); }

  /// The tensor that stands for a tensor of the model now.
  [[nodiscard]] ir::TensorId root(ir::TensorId t) const;
  /// A tensor, or what it is a form of, stands for another from now on.
  void set_root(ir::TensorId t, ir::TensorId to);
  [[nodiscard]] Draft& draft() { return draft_; }
  [[nodiscard]] const Draft& draft() const { return draft_; }

 private:
  [[nodiscard]] int region(LaunchId l) const;
  void link(LaunchId l);
  void unlink(LaunchId l);
  /// Where a tensor is read.
  struct Use {
    LaunchId launch;
    std::uint32_t operand;
    friend auto operator<=>(const Use&, const Use&) = default;
  };
  void add_use(ir::TensorId t, LaunchId l, std::size_t operand);
  void drop_use(ir::TensorId t);
  void grow();
  [[nodiscard]] bool is_current(const Use& use, ir::TensorId t) const;
  /// The uses of a tensor that still are, in order.
  const std::vector<Use>& current_uses(ir::TensorId t);

  Draft& draft_;
  std::vector<Launch> launches_;
  std::vector<int> regions_;
  // By tensor, made ones included.
  std::vector<LaunchId> producers_;
  std::vector<std::vector<Use>> readers_;  // with some that have ceased to be
  std::vector<std::size_t> uses_;
  std::vector<ir::TensorId> root_;
  std::vector<bool> constant_;
  std::vector<LaunchId> order_;
  bool order_valid_ = false;
  bool modified_ = false;
};

// Attributes of a launch's first node.
[[nodiscard]] std::int64_t integer_attribute(const ir::Node* node, std::string_view name,
                                             std::int64_t otherwise);
[[nodiscard]] const std::vector<std::int64_t>* integers_attribute(const ir::Node* node,
                                                                  std::string_view name);
[[nodiscard]] std::string_view text_attribute(const ir::Node* node, std::string_view name,
                                              std::string_view otherwise);
[[nodiscard]] std::optional<double> number_attribute(const ir::Node* node, std::string_view name);

}  // namespace roofline::plan
