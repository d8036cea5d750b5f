// Owns the kinds of kernels: which times a step is looked up under, and the sizes they depend on.
// Refuses to know any time, and operators by name where their class, contraction and accesses tell.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "kernel_sketch.hpp"
#include "roofline/ops/transpose.hpp"

// clang-format off
// kind                      work                            extents
// conv.pointwise            FLOPs, channels in blocks       [channels in, channels out, pixels]
// conv.spatial              FLOPs on real input             [channels in, channels out, row by columns at an edge]
// conv.vector               FLOPs on real input             [channels in, channels out, images]
// conv.first                FLOPs of few input channels     [channels in x taps, channels out, row]
// conv.depthwise            FLOPs, padding taps included    [row, taps, channels]
// conv.grouped              FLOPs on real input             [channels in of a group, row, out of one]
// im2col.pointwise, .spatial, .first  FLOPs                 [k, channels out, pixels]
// im2col.grouped[.pointwise]  FLOPs; a call is a group      [k, channels out of a group, pixels]
// im2col.depthwise[.volume] FLOPs                           [row, taps, channels]
// conv.transposed[.general] FLOPs                           [k, n, pixels in]; general: not in two dimensions
// gemm, gemv                FLOPs, columns in vectors       [k, n, m]        constant second operand
// gemm.aliased              the same, rows of the first operand on the same lines of the first cache
// matmul, matvec            the same                        [k, n, m]        both operands computed
// attention                 FLOPs                           [k, n, m]
// recurrent                 FLOPs; a call is a time step    [hidden size, directions, rows at once]
// norm, softmax             elements                        [row]
// norm.batch                elements                        [pixels]
// softmax.outer             elements                        [row, elements of one sum]
// reduce.inner              elements read                   [elements of one sum]
// reduce.outer              elements read                   [elements behind the axis, of one sum]
// reduce.outer.rows         the same, nothing in front of it  [elements behind it, sets over rows]
// pool, pool.blocked        taps                            [row, results by elements read, taps]
// pool.integer              the same, on integers with channels before space
// pool.global[.blocked]     elements read                   [elements of one sum]
// resize.*[.blocked]        elements written                [row; where a grid says what to read: channels]
// elementwise               elements                        [row]
// broadcast                 elements                        [run in which no operand changes its step]
// unary                     elements                        [row]
// unary.branching           the same, on their sign
// move                      elements                        [contiguous run, on average]
// move.half                 the same, between fp16 and fp32
// move.scatter[.bytes]      elements, each on its own       [sets over rows, of a transpose]
// move.scatter.indexed      indices, one for each element
// move.scatter.permuted     elements; more than one axis changes its place
// quantize, other           elements                        [row]
// reorder                   elements                        [pixels]
// view                      none
// clang-format on
namespace roofline::plan {
namespace {

using ir::Shape;

constexpr std::size_t kBatchNormInputs = 5;
constexpr double kMostBounds = 16;  ///< numbers that say of axes, not of elements, what to move
constexpr double kCubicTaps = 24;   ///< operations for a result from which on it is not linear
constexpr double kSortStep = 15;    ///< elements looked at in the time of a step of sorting

class Describer : private KernelSketch {
 public:
  explicit Describer(const KernelSketch& sketch) : KernelSketch(sketch) {}

  void describe() {
    if (step_.kind == StepKind::kHost) {
      if (!kernel_.op.empty()) kernel_.kind = "view";
      return;
    }
    const ops::Contraction* c = step_.work.contraction.get();
    if (c != nullptr && out_ != nullptr && !out_->empty()) return describe_contraction(*this, *c);
    if (step_.cls == ops::OpClass::kConv && out_ != nullptr && out_->size() > 1) {
      return describe_scaling();
    }
    kernel_.work = std::max(elements_read(), kernel_.results);
    if (out_ != nullptr && !out_->empty()) kernel_.extents[0] = static_cast<double>(out_->back());
    describe_class();
  }

 private:
  /// A scale and shift of each channel that runs as a convolution of one tap.
  void describe_scaling() {
    const auto channels = static_cast<double>((*out_)[1]);
    set("conv.depthwise", 2 * kernel_.results, {static_cast<double>(out_->back()), 1, channels});
  }

  void describe_class() {
    switch (step_.cls) {
      case ops::OpClass::kNormalization:
        describe_norm();
        break;
      case ops::OpClass::kSoftmax:
        describe_softmax();
        break;
      case ops::OpClass::kReduction:
        describe_reduction();
        break;
      case ops::OpClass::kPooling:
        describe_pooling();
        break;
      case ops::OpClass::kResize:
        describe_resize();
        break;
      case ops::OpClass::kElementwise:
      case ops::OpClass::kActivation:
        describe_elementwise();
        break;
      case ops::OpClass::kMovement:
        describe_movement();
        break;
      case ops::OpClass::kQuantize:
        kernel_.kind = "quantize";
        break;
      case ops::OpClass::kView:
      case ops::OpClass::kShape:
      case ops::OpClass::kControl:
        kernel_.kind = "view";
        break;
      default:
        kernel_.kind = "other";
        if (kernel_.op == "TopK" && out_ != nullptr && !out_->empty()) describe_top_k();
    }
  }

  /// The axis that the operator names, of its result, else the last one; an invalid one is past it.
  [[nodiscard]] std::size_t axis_of_result() const {
    const std::int64_t axis = reordered_.axis.value_or(integer_attribute(&lead_, "axis", -1));
    return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(out_->size())
                                             : axis);
  }

  /// What it finds goes through a heap, or is sorted.
  void describe_top_k() {
    const std::size_t axis = axis_of_result();
    if (axis >= out_->size()) return;
    const auto found = static_cast<double>((*out_)[axis]);
    kernel_.work += kSortStep * product(*out_, 0) * std::log2(std::max(1.0, found));
  }

  /// Where mean and variance are given, each channel of an image is a row.
  void describe_norm() {
    kernel_.kind = "norm";
    const std::size_t inputs = lead_.inputs.size();
    if (inputs == 1) kernel_.extents = kNoExtents;  // across channels, not along rows
    if (inputs < kBatchNormInputs || out_ == nullptr) return;
    kernel_.kind = "norm.batch";
    kernel_.extents[0] = product(*out_, 2);
  }

  /// Axes of the first operand that a reduction sums over; empty when not known.
  [[nodiscard]] std::vector<std::int64_t> reduced_axes() const {
    if (!reordered_.axes.empty()) return reordered_.axes;
    if (const auto* axes = integers_attribute(&lead_, "axes")) return *axes;
    if (lead_.attribute("axis") != nullptr) return {integer_attribute(&lead_, "axis", 0)};
    if (operand_shape(1) == nullptr) return {};
    const auto& value = draft_.type(lead_.inputs[1]).value;
    const auto* axes = value ? ir::ints(*value) : nullptr;
    return axes != nullptr ? *axes : std::vector<std::int64_t>{};
  }

  [[nodiscard]] bool reduces_last_axis() const {
    if (in_ == nullptr || out_ == nullptr || in_->empty() || in_->back() == 1) return false;
    const std::vector<std::int64_t> axes = reduced_axes();
    if (!axes.empty()) {
      const auto last = static_cast<std::int64_t>(in_->size()) - 1;
      return std::any_of(axes.begin(), axes.end(),
                         [&](std::int64_t axis) { return axis == -1 || axis == last; });
    }
    return (out_->size() < in_->size() || out_->back() == 1) &&
           (out_->empty() || out_->back() != in_->back());
  }

  void describe_reduction() {
    const bool inner = reduces_last_axis();
    kernel_.kind = inner ? "reduce.inner" : "reduce.outer";
    kernel_.work = elements_read();
    const double each = std::max(1.0, kernel_.work / std::max(1.0, kernel_.results));
    kernel_.extents[0] = each;
    if (inner || in_ == nullptr || out_ == nullptr) return;
    const double behind = common_tail(*in_, *out_);
    kernel_.extents[0] = behind;
    kernel_.extents[1] = each;
    if (kernel_.results > behind) return;
    kernel_.kind = "reduce.outer.rows";
    kernel_.extents[1] = sets_over_rows(each, behind * first_operand_bits() / 8);
  }

  /// Softmax along any axis but the last one has to gather what it normalizes.
  void describe_softmax() {
    kernel_.kind = "softmax";
    if (out_ == nullptr) return;
    const std::size_t axis = axis_of_result();
    if (axis >= out_->size() || product(*out_, axis + 1) == 1) return;
    kernel_.kind = "softmax.outer";
    kernel_.extents[1] = static_cast<double>((*out_)[axis]);
  }

  void describe_movement() {
    if (const auto* perm = integers_attribute(&lead_, "perm"); perm != nullptr && out_ != nullptr) {
      return describe_transpose(*perm, *out_, first_operand_dtype(), kernel_);
    }
    kernel_.kind = converts_half() ? "move.half" : "move";
    const double run = contiguous_run(draft_.cost(step_.nodes.front()).accesses);
    kernel_.extents = kNoExtents;
    if (run < 2 && kernel_.work > 1) {
      const double indices = indices_given();
      kernel_.kind = indices > 0 ? "move.scatter.indexed" : "move.scatter";
      if (indices > 0) kernel_.work = indices;
    } else if (std::isinf(run) && in_ != nullptr && out_ != nullptr &&
               kernel_.results > product(*in_, 0)) {
      kernel_.extents[0] = broadcast_run({in_, out_});
    } else {
      kernel_.extents[0] = std::max(1.0, std::min(run, kernel_.work));
    }
  }

  /// Between fp16 and fp32 processors have an instruction for a vector, between other types not.
  [[nodiscard]] bool converts_half() const {
    if (kernel_.op != "Cast" || lead_.outputs.empty()) return false;
    const std::pair types(first_operand_dtype(), draft_.type(lead_.outputs[0]).dtype);
    return types == std::pair(ir::DType::kFloat16, ir::DType::kFloat32) ||
           types == std::pair(ir::DType::kFloat32, ir::DType::kFloat16);
  }

  /// Elements of an operand that says where each element comes from or goes to; 0 without one.
  [[nodiscard]] double indices_given() const {
    const Shape* shape = operand_shape(1);
    if (shape == nullptr || !ir::is_integer(draft_.type(lead_.inputs[1]).dtype)) return 0;
    const double count = product(*shape, 0);
    return count > kMostBounds ? count : 0;
  }

  [[nodiscard]] bool blocked() const { return kernel_.layout == Layout::kBlocked; }

  void describe_pooling() {
    if (out_ != nullptr && out_->size() > 2 && product(*out_, 2) == 1 && pixels_in() > 1) {
      kernel_.kind = blocked() ? "pool.global.blocked" : "pool.global";
      kernel_.work = elements_read();
      kernel_.extents[0] = pixels_in();
      return;
    }
    const bool is_plain = kernel_.layout == Layout::kPlain;
    kernel_.kind = blocked()                                           ? "pool.blocked"
                   : is_plain && ir::is_integer(first_operand_dtype()) ? "pool.integer"
                                                                       : "pool";
    kernel_.work = std::max(kernel_.results, step_.work.arithmetic.as_double());
    kernel_.extents[1] = kernel_.results / std::max(1.0, elements_read());
    kernel_.extents[2] = kernel_.work / std::max(1.0, kernel_.results);
  }

  void describe_resize() {
    kernel_.work = kernel_.results;
    const double each = step_.work.arithmetic.as_double() / std::max(1.0, kernel_.results);
    if (each <= 1)
      kernel_.kind = blocked() ? "resize.nearest.blocked" : "resize.nearest";
    else if (each < kCubicTaps)
      kernel_.kind = blocked() ? "resize.linear.blocked" : "resize.linear";
    else
      kernel_.kind = "resize.cubic";
    const Shape* grid = operand_shape(1);
    if (grid != nullptr && out_ != nullptr && out_->size() > 1 && grid->size() == out_->size()) {
      kernel_.extents[0] = static_cast<double>((*out_)[1]);
    }
  }

  /// Shapes of what the step reads and goes through element by element, each tensor once.
  [[nodiscard]] std::vector<const Shape*> operand_shapes() const {
    std::set<ir::TensorId> seen;
    for (const ir::NodeId n : step_.nodes) {
      const auto& results = draft_.node(n).outputs;
      seen.insert(results.begin(), results.end());
    }
    std::vector<const Shape*> shapes;
    for (const ir::NodeId n : step_.nodes) {
      for (const ir::TensorId id : draft_.node(n).inputs) {
        if (!seen.insert(id).second) continue;
        const Shape* shape = known_shape(id);
        if (shape != nullptr && product(*shape, 0) > 1) shapes.push_back(shape);
      }
    }
    return shapes;
  }

  void describe_elementwise() {
    if (kernel_.op == "PRelu") {
      kernel_.kind = "unary.branching";
      return;
    }
    const std::vector<const Shape*> shapes = operand_shapes();
    if (shapes.size() < 2) {
      kernel_.kind = "unary";
      if (shapes.size() == 1 && shapes[0]->back() == 1 && has_scalar()) {
        kernel_.kind = "broadcast";
        kernel_.extents[0] = 1;
      }
      return;
    }
    const bool same = std::all_of(shapes.begin(), shapes.end(),
                                  [&](const Shape* shape) { return *shape == *shapes.front(); });
    kernel_.kind = same ? "elementwise" : "broadcast";
    if (!same) kernel_.extents[0] = broadcast_run(shapes);
  }

  /// An operand of one element and at most one axis. Runtimes find runs from the innermost axis on:
  /// where that has one element in both operands, it is taken for a broadcast, and ends the run.
  [[nodiscard]] bool has_scalar() const {
    const auto& inputs = lead_.inputs;
    return inputs.size() > 1 && std::any_of(inputs.begin(), inputs.end(), [&](ir::TensorId id) {
             const Shape* shape = known_shape(id);
             return shape != nullptr && shape->size() < 2 && product(*shape, 0) == 1;
           });
  }

  /// Of the largest activation: what a kernel goes through element by element.
  [[nodiscard]] double elements_read() const {
    double most = 0;
    for (const ir::NodeId n : step_.nodes) {
      for (const ops::Access& access : draft_.cost(n).accesses) {
        if (access.is_output()) continue;
        const ir::TensorId id = draft_.node(n).inputs[static_cast<std::size_t>(access.index())];
        if (draft_.graph.is_constant[static_cast<std::size_t>(id)]) continue;
        most = std::max(most, access.elements.as_double());
      }
    }
    return most;
  }
};

/// ONNX Runtime's CPU provider: MayInplace in the definitions of its kernels. Arithmetic on two
/// operands, Gelu, Erf and normalizations may not.
bool may_overwrite(const Step& step) {
  static constexpr std::array<std::string_view, 17> kOverwriting = {
      "Cast",           "Celu",       "Clip",      "Elu",
      "HardSigmoid",    "LeakyRelu",  "Relu",      "Selu",
      "Sigmoid",        "Softmax",    "Softplus",  "Softsign",
      "Tanh",           "LogSoftmax", "ScatterND", "ScatterElements",
      "ThresholdedRelu"};
  const Kernel& kernel = step.kernel;
  if (step.cls == ops::OpClass::kConv) {
    return !kernel.fused.empty() &&
           (kernel.fused.front() == "Add" || kernel.fused.front() == "Sum");
  }
  return is_one_of(kOverwriting, kernel.op);
}

}  // namespace

void describe_transpose(const std::vector<std::int64_t>& perm, const Shape& result, ir::DType dtype,
                        Kernel& kernel) {
  const double element_bytes = ir::bits(dtype) / 8.0;
  const ops::TransposedRuns runs = ops::transposed_runs(perm, result);
  kernel.work = std::max(kernel.work, kernel.results);
  kernel.extents = kNoExtents;
  if (runs.run == 1) {
    kernel.kind = runs.moves_one_axis ? "move.scatter" : "move.scatter.permuted";
    if (runs.moves_one_axis) {
      if (element_bytes <= 1) kernel.kind = "move.scatter.bytes";
      kernel.extents[0] = sets_over_rows(static_cast<double>(runs.rows),
                                         static_cast<double>(runs.columns) * element_bytes);
    }
  } else {
    kernel.kind = "move";
    kernel.extents[0] = runs.run == 0 ? product(result, 0) : static_cast<double>(runs.run);
  }
}

void describe_kernel(const Draft& draft, const Blocks& blocks, const Reordered& reordered,
                     Step& step) {
  step.kernel.overwrites = may_overwrite(step);
  if (!step.kernel.kind.empty() || step.nodes.empty()) return;
  Describer(KernelSketch(draft, blocks, reordered, step)).describe();
}

}  // namespace roofline::plan
