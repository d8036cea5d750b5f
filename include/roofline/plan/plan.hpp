#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  bool is_weight = false;
  bool is_input = false;   ///< a graph input: alive from the start
  bool is_output = false;  ///< a graph output: alive to the end
};

enum class StepKind : std::uint8_t {
  kOp,     ///< one node
  kFused,  ///< several nodes as one kernel
  kHost,   ///< nothing runs on the device: views, shape arithmetic, folded constants
};
[[nodiscard]] std::string_view step_kind_name(StepKind kind);

struct BufferAccess {
  BufferId buffer = 0;
  bool is_write = false;
  Count bytes = 0;  ///< touched by this step, each byte once
};

/// One unit of execution: what the runtime launches at once.
struct Step {
  StepKind kind = StepKind::kOp;
  std::vector<ir::NodeId> nodes;  ///< in execution order; the first one gives class and name
  ops::OpClass cls = ops::OpClass::kOther;
  std::optional<hardware::Precision> precision;  ///< of the arithmetic; nullopt: no unit can run it
  int unit = -1;  ///< index into Profile::units; -1 without a machine or when none can
  ops::Work work = {};
  std::vector<BufferAccess> accesses;
  bool complete = true;  ///< false: work or bytes are lower bounds
  /// Runs of the step in one run of the model, each with this work and these accesses; 0 in a
  /// branch that is not counted; nullopt where nothing tells.
  std::optional<Count> repeat = Count(1);
  std::vector<std::string> reasons;  ///< why it looks so: "fused Relu into Conv", "tensor cores not
                                     ///< used: k=3 is no multiple of 8"
};

/// How a runtime would execute a typed graph on a machine: all that estimate reads.
struct Plan {
  std::string runtime;    ///< "none", "basic"
  std::string precision;  ///< what was asked for: "as-is", "fp16", ...
  std::vector<Buffer> buffers;
  std::vector<Step> steps;  ///< in execution order; every node is in exactly one
  std::vector<Diagnostic> diagnostics;
};

struct PlanOptions {
  std::string runtime = "basic";
  std::optional<hardware::Precision> precision = std::nullopt;  ///< nullopt: the model's own dtypes
};

/// Names accepted by PlanOptions::runtime.
[[nodiscard]] std::vector<std::string> runtime_names();

/// `profile` may be nullptr: then no step has a unit. Throws Error (kUsage) for an unknown runtime
/// or a precision for which the machine has no peak.
[[nodiscard]] Plan make_plan(const infer::TypedGraph& graph, const hardware::Profile* profile,
                             const PlanOptions& options);

}  // namespace roofline::plan
