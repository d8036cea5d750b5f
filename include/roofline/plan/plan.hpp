#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "roofline/base/scenario.hpp"
#include "roofline/hardware/profile.hpp"
#include "roofline/infer/infer.hpp"
#include "roofline/ops/op_spec.hpp"

namespace roofline::plan {

using BufferId = std::int32_t;

/// Something with bytes that steps read and write. A view's result shares its operand's buffer.
struct Buffer {
  ir::TensorId tensor = ir::kNoTensor;
  ir::DType dtype = ir::DType::kUndefined;
  std::optional<Count> bytes = Count(0);  ///< whole buffer; nullopt when its shape is unknown
  std::size_t shape_key = 0;              ///< the same for equal shapes; 0: not known
  bool is_weight = false;
  bool is_input = false;   ///< a graph input: alive from the start
  bool is_output = false;  ///< a graph output: alive to the end
};

enum class StepKind : std::uint8_t {
  kOp,        ///< one node
  kFused,     ///< several nodes as one kernel
  kHost,      ///< nothing runs on the device: views, shape arithmetic, folded constants
  kReorder,   ///< a change of layout that the runtime inserts; it has no node of the model
  kConvert,   ///< a change of element type, likewise
  kTransfer,  ///< a tensor on its way from one device to another; it has no node either
};
[[nodiscard]] std::string_view step_kind_name(StepKind kind);

struct BufferAccess {
  BufferId buffer = 0;
  bool is_write = false;
  Count bytes = 0;  ///< touched by this step, each byte once
  /// Bytes touched since these were, where steps take turns tile by tile; nullopt: as the order of
  /// whole steps tells.
  std::optional<double> reuse_bytes = {};
};

/// How the elements of an activation lie in memory.
enum class Layout : std::uint8_t {
  kPlain,         ///< as ONNX says: channels before space
  kBlocked,       ///< channels in blocks of the machine's vector length (NCHWc)
  kChannelsLast,  ///< space before channels (NHWC)
};

/// Of a kernel whose efficiency depends on no size.
inline constexpr std::array<double, 3> kNoExtents = {std::numeric_limits<double>::infinity(),
                                                     std::numeric_limits<double>::infinity(),
                                                     std::numeric_limits<double>::infinity()};

/// The code that runs a step, as the latency model sees it.
struct Kernel {
  /// What the runtime calls it: "Conv", "SkipLayerNormalization", "ReorderInput". Static, or of
  /// the model's node, which must outlive the plan.
  std::string_view op = {};
  std::string_view kind = {};  ///< key of its times, static: "conv.pointwise", "unary", ...
  /// Units of work that the kind is measured in: FLOPs of contractions (taps on real input only,
  /// channels rounded up to what the kernel computes), elements of everything else.
  double work = 0;
  /// Sizes that the kind's efficiency depends on; infinite where none does. The meaning of each is
  /// listed beside the kinds in src/plan/kernel.cpp.
  std::array<double, 3> extents = kNoExtents;
  double calls =
      1;  ///< calls of the inner routine: groups of a plain convolution, steps of an LSTM
  double reread_bytes = 0;  ///< of operands that it goes through again, beyond the step's accesses
  double reread_span = 0;   ///< bytes from one reading of these to the next
  double results = 0;       ///< elements written: what a fused activation works on
  /// FLOPs of the vector unit beside the work: transforms, unpacking, rounding to other types.
  double beside_flops = 0;
  std::vector<std::string_view> fused = {};  ///< operators fused behind the first one, in order
  /// May write its result over the first activation that it reads, a convolution over the one that
  /// it adds.
  bool overwrites = false;
  Layout layout = Layout::kPlain;  ///< of its first operand that is an activation
};

/// How a contraction is computed where that takes other FLOPs than its MACs on real input: a fast
/// algorithm, channels that are padded, zeros that are skipped.
struct Algorithm {
  std::string name;  ///< "Winograd F(4x4,3x3)"
  double flops = 0;  ///< executed instead of those of the MACs, transforms included
  /// The product that runs; nullptr: as the model has it.
  std::shared_ptr<const ops::Contraction> contraction = nullptr;
};

/// A way between two devices.
struct Way {
  double bytes_per_s = 0;
  double latency_s = 0;
};

/// One unit of execution: what the runtime launches at once.
struct Step {
  StepKind kind = StepKind::kOp;
  std::vector<ir::NodeId> nodes;  ///< in execution order; the first one gives class and name
  ops::OpClass cls = ops::OpClass::kOther;
  std::optional<hardware::Precision> precision;  ///< of the arithmetic; nullopt: no unit can run it
  int unit = -1;   ///< index into the device's units; -1 without a machine or when none can
  int device = 0;  ///< 0: the machine itself; else 1 + the index into Plan::devices
  /// Floating values are stored narrower than it computes, and converted as they are loaded.
  bool converts = false;
  ops::Work work = {};                      ///< of the model's nodes, whatever the algorithm
  std::optional<Algorithm> algorithm = {};  ///< nullopt: the direct one
  Kernel kernel = {};
  std::vector<BufferAccess> accesses;
  /// Shapes of what it writes, as executed; filled by plans that rewrite the graph. A size that is
  /// not known is ir::kUnknownDim; a tensor of unknown rank counts as a scalar.
  std::vector<ir::Shape> results = {};
  bool complete = true;  ///< false: work or bytes are lower bounds
  /// Runs of the step in one run of the model, each with this work and these accesses; 0 in a
  /// branch that is not counted; nullopt where nothing tells.
  std::optional<Count> repeat = Count(1);
  /// Most that starting it may take, where the host does not start it each time.
  std::optional<double> launch_limit_s = {};
  std::optional<Way> way = {};  ///< of a transfer: what its first access reads goes there
  double starts = 1;  ///< one after the other: tiles, where it goes over its result in tiles
  std::vector<std::string> reasons;  ///< why it looks so: "fused Relu into Conv", "tensor cores not
                                     ///< used: k=3 is no multiple of 8"
};

/// FLOPs that meet the roof: taps on padding are skipped, and an algorithm other than the direct
/// one has FLOPs of its own.
[[nodiscard]] double executed_flops(const Step& step);

/// How a runtime would execute a typed graph on a machine: all that estimate reads.
struct Plan {
  std::string runtime;    ///< "none", "basic"
  std::string precision;  ///< what was asked for: "as-is", "fp16", ...
  std::vector<Buffer> buffers;
  std::vector<Step> steps;  ///< in execution order; every node is in exactly one
  std::vector<Diagnostic> diagnostics;
  std::vector<Outcome> outcomes = {};  ///< parallel to PlanOptions::scenarios
  /// Those that run steps beside the machine that the plan is made for.
  std::vector<std::shared_ptr<const hardware::Profile>> devices = {};
};

/// The machine that runs a step; `machine` is the one that the plan is made for.
[[nodiscard]] const hardware::Profile& device_of(const Plan& plan, const Step& step,
                                                 const hardware::Profile& machine);

struct PlanOptions {
  std::string runtime = "basic";
  std::optional<hardware::Precision> precision = std::nullopt;  ///< nullopt: the model's own dtypes
  /// Where the machine has no peak for `precision`, a warning and the model's own dtypes.
  bool precision_may_differ = false;
  std::vector<Scenario> scenarios = {};  ///< of plan_scenarios(), in the order to apply them
};

/// Scenarios that change how the model is executed. They need a machine.
[[nodiscard]] std::vector<ScenarioKind> plan_scenarios();

/// Names accepted by PlanOptions::runtime.
[[nodiscard]] std::vector<std::string> runtime_names();
/// What Plan::runtime says for one of them: "onnxruntime" is "onnxruntime:all".
[[nodiscard]] std::string full_runtime_name(const std::string& name);
/// What Plan::precision may say: "as-is", "fp64", ...
[[nodiscard]] std::vector<std::string> precision_names();

/// `profile` may be nullptr: then no step has a unit. Throws Error (kUsage) for an unknown runtime
/// or a precision for which the machine has no peak, unless it may differ.
[[nodiscard]] Plan make_plan(const infer::TypedGraph& graph, const hardware::Profile* profile,
                             const PlanOptions& options);

}  // namespace roofline::plan
