#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fusing.hpp"
#include "roofline/infer/infer.hpp"
#include "roofline/plan/plan.hpp"

namespace roofline::plan {

template <class Range, class Value>
[[nodiscard]] bool is_one_of(const Range& range, const Value& value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

/// How a node's kernel takes operands that the model dequantizes for it.
enum class Quantized : std::uint8_t {
  kNo,       ///< as floats
  kInteger,  ///< all of them as stored, and computes on these
  kWeights,  ///< its weights as stored, and unpacks them
};

/// Why a node runs as a kernel of its own, and which kind of fusion would take it into another.
struct Apart {
  Fusing kind = Fusing::kElementwise;
  std::string why = {};  ///< empty: nothing is to be said of it
};

/// What the passes decide about each node before steps are built. Indexed by ir::NodeId.
struct Draft {
  const infer::TypedGraph& graph;
  std::vector<bool> host;          ///< runs before or beside the device, moves nothing there
  std::vector<bool> alias;         ///< the result is operand 0's buffer
  std::vector<bool> kept;          ///< by tensor: needed beyond its readers, so always written
  std::vector<bool> folded_scale;  ///< scale and shift folded into the anchor's weights
  std::vector<Quantized> quantized;
  std::vector<ir::TensorId> stored;   ///< by tensor: what it is dequantized from, or kNoTensor
  std::vector<ir::TensorId> part_of;  ///< by tensor: what it lies inside of; empty: none does
  std::vector<std::vector<std::string>> reasons;
  std::vector<Apart> apart;

  explicit Draft(const infer::TypedGraph& typed_graph);
  [[nodiscard]] const ir::Node& node(ir::NodeId n) const { return graph.node(n); }
  [[nodiscard]] const infer::NodeCost& cost(ir::NodeId n) const {
    return graph.costs[static_cast<std::size_t>(n)];
  }
  [[nodiscard]] const ir::TensorType& type(ir::TensorId t) const {
    return graph.types[static_cast<std::size_t>(t)];
  }
  [[nodiscard]] std::string name(ir::NodeId n) const { return graph.node_name(n); }
};

/// Picks nodes.
using NodeFilter = std::function<bool(ir::NodeId)>;

/// Views alias their operand: they never run on the device.
void mark_views(Draft& draft);
/// Kernels between DequantizeLinear and QuantizeLinear take what is stored.
void keep_quantized(Draft& draft, const NodeFilter& applies);
/// Nodes that depend on constants and shapes alone are computed before the run.
void fold_constants(Draft& draft, const NodeFilter& applies);
/// Borders that every reader can produce by itself are not written.
void absorb_padding(Draft& draft, const NodeFilter& applies);

/// How kernels go through the blocked layout.
struct Blocks {
  int channels = 1;  ///< of a vector
  int at_once = 0;   ///< blocks of results that a pass over the input computes; 0: all of them
};

/// What a runtime changed of a node whose operands it takes with their axes in another order.
struct Reordered {
  std::map<ir::TensorId, ir::Shape> shapes = {};  ///< of the node's operands and results
  std::optional<std::int64_t> axis = {};          ///< its attribute
  std::vector<std::int64_t> axes = {};            ///< of a reduction
};

/// Sets the kind, work and sizes of the kernel of a step whose nodes, operands and layout are set.
void describe_kernel(const Draft& draft, const Blocks& blocks, const Reordered& reordered,
                     Step& step);
/// The kind, work and extents of a transpose that makes a tensor of shape `result`.
void describe_transpose(const std::vector<std::int64_t>& perm, const ir::Shape& result,
                        ir::DType dtype, Kernel& kernel);

/// The options with a precision that the machine can compute in. Throws Error (kUsage, "no-peak")
/// unless it may differ from the one asked for.
[[nodiscard]] PlanOptions possible(const hardware::Profile* profile, PlanOptions options,
                                   std::vector<Diagnostic>& diagnostics);

[[nodiscard]] bool has_peak(const hardware::Profile& profile, hardware::Precision precision);
/// Stored in 8 bits or less.
[[nodiscard]] bool is_narrow(hardware::Precision precision);
/// How tensors that are computed in `precision` lie in memory.
[[nodiscard]] ir::DType storage_dtype(hardware::Precision precision);

/// Arithmetic and storage of a plan on a machine.
class PrecisionRules {
 public:
  PrecisionRules(const hardware::Profile* profile, const PlanOptions& options,
                 std::vector<Diagnostic>& diagnostics);

  /// Kernels pad channels to what a matrix unit wants, where that does not waste most of it.
  void pad_channels() { pads_channels_ = true; }
  /// How a tensor of the model is stored in this plan.
  [[nodiscard]] ir::DType storage(ir::DType dtype) const;
  /// Chooses precision and unit of a step that computes on tensors of (model) type `dtype`.
  void assign_unit(ir::DType dtype, Step& step) const;
  /// Lets a step compute in `wanted`, or in the nearest precision that a unit runs it in, instead
  /// of what it did before.
  void reassign_unit(hardware::Precision wanted, Step& step) const;
  [[nodiscard]] bool pads_channels() const { return pads_channels_; }

 private:
  /// Index of the fastest unit that runs the step in `precision`; -1 when none does.
  int fastest_unit(hardware::Precision precision, Step& step) const;
  /// The unit that runs the step in `wanted` or, with a reason, in the nearest precision it has.
  void choose_unit(hardware::Precision wanted, Step& step) const;
  /// Computes in fp32 what is stored in 16 bits, where the machine is faster at that.
  void widen(Step& step) const;
  const hardware::Profile* profile_;
  std::optional<hardware::Precision> asked_;
  bool pads_channels_ = false;
};

}  // namespace roofline::plan
