// Owns which rows of its operands a step needs for some rows of its result: receptive fields.
// Refuses to decide what is computed together: a scenario does.
#include "reach.hpp"

#include <algorithm>
#include <map>

#include "rewrite.hpp"
#include "step_builder.hpp"

namespace roofline::plan {
namespace {

using ir::Shape;
using ir::TensorId;

constexpr std::size_t kRowsOfImages = 2;  ///< N, C, then rows

std::size_t default_axis(std::size_t rank) { return rank >= 4 ? kRowsOfImages : rank - 2; }

/// Follows one step from its result back to what it reads.
class Mapper {
 public:
  Mapper(const Draft& draft, const Plan& plan, const Step& step,
         std::optional<std::size_t> like_axis)
      : draft_(draft), plan_(plan), step_(step), like_axis_(like_axis) {}

  RowMap map() {
    if (find_result() && find_axis()) follow();
    map_.reaches.resize(step_.accesses.size());
    if (!map_.barrier.empty()) return std::move(map_);
    for (std::size_t i = 0; i < step_.accesses.size(); ++i) {
      const BufferAccess& access = step_.accesses[i];
      const auto found = outside_.find(buffer(access).tensor);
      if (!access.is_write && found != outside_.end()) map_.reaches[i] = found->second;
    }
    return std::move(map_);
  }

 private:
  bool stop(std::string_view why) {
    map_.barrier = why;
    return false;
  }

  [[nodiscard]] const Buffer& buffer(const BufferAccess& access) const {
    return plan_.buffers[static_cast<std::size_t>(access.buffer)];
  }

  [[nodiscard]] const Shape* shape(TensorId id) const {
    if (id == ir::kNoTensor) return nullptr;
    const auto& known = draft_.type(id).shape;
    return known && ir::is_known(*known) ? &*known : nullptr;
  }

  bool find_result() {
    if (step_.repeat != Count(1)) return stop("in a loop or branch");
    if (!step_.complete) return stop("its work or its bytes are not known");
    if (step_.nodes.empty()) return stop("changes the layout of a whole tensor");
    const BufferAccess* write = nullptr;
    for (const BufferAccess& access : step_.accesses) {
      if (!access.is_write) continue;
      if (write != nullptr) return stop("has several results");
      write = &access;
    }
    const auto& outputs = draft_.node(step_.nodes.back()).outputs;
    if (write == nullptr || outputs.empty() || buffer(*write).tensor != outputs[0] ||
        buffer(*write).bytes != write->bytes) {
      return stop("its result is part of another tensor");
    }
    map_.result = write->buffer;
    result_ = outputs[0];
    const Shape* out = shape(result_);
    if (out == nullptr || out->size() < 2) return stop("its result has no rows");
    return true;
  }

  /// Rows of images for windows, of the left matrix for products; otherwise as the step before.
  bool find_axis() {
    const Shape& out = *shape(result_);
    std::optional<std::size_t> fixed;
    for (const ir::NodeId n : step_.nodes) {
      const ops::OpSpec* spec = draft_.cost(n).spec;
      if (spec == nullptr) return stop("is of an operator that is not known");
      std::optional<std::size_t> wanted;
      if (spec->cls == ops::OpClass::kConv || spec->cls == ops::OpClass::kPooling) {
        wanted = kRowsOfImages;
      } else if (spec->cls == ops::OpClass::kMatmul) {
        wanted = out.size() - 2;
      }
      if (wanted && fixed && wanted != fixed) return stop("its nodes have different rows");
      if (wanted) fixed = wanted;
    }
    const bool same_as_before = like_axis_ && *like_axis_ + 1 < out.size();
    map_.axis = fixed ? *fixed : same_as_before ? *like_axis_ : default_axis(out.size());
    if (map_.axis >= out.size()) return stop("its result has no rows");
    map_.rows = out[map_.axis];
    map_.items = map_.axis > 0 ? out[0] : 1;
    return map_.rows > 0 && map_.items > 0 ? true : stop("its result is empty");
  }

  void follow() {
    needed_[result_] = Reach{};
    for (auto n = step_.nodes.rbegin(); n != step_.nodes.rend(); ++n) {
      const auto& outputs = draft_.node(*n).outputs;
      const auto results = std::count_if(outputs.begin(), outputs.end(),
                                         [](TensorId t) { return t != ir::kNoTensor; });
      const auto need = outputs.empty() ? needed_.end() : needed_.find(outputs[0]);
      if (results != 1 || need == needed_.end()) {
        stop("has several results");
        return;
      }
      if (!follow(*n, need->second)) return;
    }
  }

  bool follow(ir::NodeId n, const Reach& need) {
    const ir::Node& node = draft_.node(n);
    for (const ops::Access& access : draft_.cost(n).accesses) {
      if (access.is_output() || access.elements == 0) continue;
      const auto i = static_cast<std::size_t>(access.index());
      const TensorId id = node.inputs[i];
      if (draft_.graph.is_constant[static_cast<std::size_t>(id)]) continue;
      const std::optional<Reach> own = reach(n, i);
      if (!map_.barrier.empty()) return false;
      const bool inside = is_made_here(id);
      if (!own) {
        if (inside) return stop("needs all of a result at once");
        continue;
      }
      auto& known = inside ? needed_ : outside_;
      const Reach composed = compose(need, *own);
      const auto [at, is_new] = known.try_emplace(inside ? id : source(n, id), composed);
      if (is_new) continue;
      const std::optional<Reach> both = hull(at->second, composed);
      if (!both) return stop("its operands' rows do not keep step");
      at->second = *both;
    }
    return true;
  }

  [[nodiscard]] bool is_made_here(TensorId id) const {
    const ir::NodeId producer = draft_.graph.graph().tensors[static_cast<std::size_t>(id)].producer;
    return std::find(step_.nodes.begin(), step_.nodes.end(), producer) != step_.nodes.end();
  }

  /// The tensor whose buffer is read: behind views that keep the shape, or as stored.
  [[nodiscard]] TensorId source(ir::NodeId n, TensorId id) const {
    id = operand(draft_, n, id);
    while (true) {
      const ir::NodeId producer =
          draft_.graph.graph().tensors[static_cast<std::size_t>(id)].producer;
      if (producer == ir::kNoNode || !draft_.alias[static_cast<std::size_t>(producer)]) return id;
      const TensorId before = draft_.node(producer).inputs.at(0);
      const Shape* here = shape(id);
      const Shape* there = shape(before);
      if (here == nullptr || there == nullptr || *here != *there) return id;
      id = before;
    }
  }

  /// Of operand `i` of a node; nullopt: all of it is needed for each row. Sets the barrier for
  /// nodes that have no rows at all.
  std::optional<Reach> reach(ir::NodeId n, std::size_t i) {
    const ir::Node& node = draft_.node(n);
    const Shape* in = shape(node.inputs[i]);
    const Shape* out = shape(node.outputs[0]);
    if (in == nullptr || out == nullptr) return std::nullopt;
    switch (draft_.cost(n).spec->cls) {
      case ops::OpClass::kConv:
        return i == 0 ? of_convolution(n, *in, *out) : same_rows(*in, *out);
      case ops::OpClass::kPooling:
        return of_pooling(node, *in, *out);
      case ops::OpClass::kMatmul:
        return of_product(n, i, *in, *out);
      case ops::OpClass::kElementwise:
      case ops::OpClass::kActivation:
      case ops::OpClass::kQuantize:
        return same_rows(*in, *out);
      case ops::OpClass::kNormalization:
      case ops::OpClass::kSoftmax:
      case ops::OpClass::kReduction:
        return of_rows(n, *in, *out);
      default:
        stop("moves elements between rows, or may");
        return std::nullopt;
    }
  }

  [[nodiscard]] std::optional<Reach> same_rows(const Shape& in, const Shape& out) const {
    const std::size_t axis = map_.axis;
    const bool same = in.size() == out.size() && axis < in.size() && in[axis] == out[axis] &&
                      (axis == 0 || in[0] == out[0]);
    return same ? std::optional(Reach{}) : std::nullopt;
  }

  /// The border is what lacks for the first window to start at the first row and the last one to
  /// end at the last; an uneven one counts as larger behind.
  [[nodiscard]] static Reach window(std::int64_t size, std::int64_t stride, std::int64_t dilation,
                                    std::int64_t rows_in, std::int64_t rows_out) {
    const std::int64_t extent = dilation * (size - 1) + 1;
    const std::int64_t border =
        std::max<std::int64_t>(0, (rows_out - 1) * stride + extent - rows_in) / 2;
    return {stride, -border, extent - stride - border};
  }

  std::optional<Reach> of_convolution(ir::NodeId n, const Shape& in, const Shape& out) {
    const ops::Contraction* c = draft_.cost(n).work.contraction.get();
    if (c == nullptr || c->kernel.empty() || in.size() != out.size() || out.size() < 3 ||
        c->n * c->groups != out[1]) {
      stop("spreads its operand over more rows");
      return std::nullopt;
    }
    return window(c->kernel[0], c->stride[0], c->dilation[0], in[kRowsOfImages],
                  out[kRowsOfImages]);
  }

  std::optional<Reach> of_pooling(const ir::Node& node, const Shape& in, const Shape& out) {
    const auto* kernel = integers_attribute(&node, "kernel_shape");
    if (kernel == nullptr || kernel->empty() || in.size() != out.size() || out.size() < 3) {
      stop("needs all rows for a result");
      return std::nullopt;
    }
    const auto* strides = integers_attribute(&node, "strides");
    const auto* dilations = integers_attribute(&node, "dilations");
    return window(kernel->front(), strides && !strides->empty() ? strides->front() : 1,
                  dilations && !dilations->empty() ? dilations->front() : 1, in[kRowsOfImages],
                  out[kRowsOfImages]);
  }

  std::optional<Reach> of_product(ir::NodeId n, std::size_t i, const Shape& in, const Shape& out) {
    const ops::Contraction* c = draft_.cost(n).work.contraction.get();
    const ir::Node& node = draft_.node(n);
    if (i != 0) {
      if (in.size() == out.size() && c != nullptr && in.back() == out.back() && c->batch == 1 &&
          i == 2) {
        return same_rows(in, out);
      }
      stop("multiplies two results");
      return std::nullopt;
    }
    const bool rows_stay =
        c != nullptr && c->batch == 1 && in.size() == out.size() && in.back() == c->k &&
        out.back() == c->n && std::equal(in.begin(), in.end() - 1, out.begin()) &&
        integer_attribute(&node, "transA", 0) == 0 && node.attribute("equation") == nullptr;
    if (rows_stay) return Reach{};
    stop("is no product of rows with constant weights");
    return std::nullopt;
  }

  /// What works on the last axis only leaves rows apart.
  std::optional<Reach> of_rows(ir::NodeId n, const Shape& in, const Shape& out) {
    const infer::NodeCost& cost = draft_.cost(n);
    const ir::Node& node = draft_.node(n);
    if (cost.spec->fusion == ops::Fusion::kScaleShift) return same_rows(in, out);
    bool apart = false;
    if (cost.spec->cls == ops::OpClass::kReduction) {
      apart = in.size() == out.size() && in.back() != out.back() &&
              std::equal(in.begin(), in.end() - 1, out.begin());
    } else {
      const bool norm = cost.spec->cls == ops::OpClass::kNormalization;
      const auto rank = static_cast<std::int64_t>(in.size());
      const std::int64_t otherwise = !norm && cost.opset < 13 ? 1 : -1;
      const std::int64_t axis = integer_attribute(&node, "axis", otherwise);
      apart = (!norm || node.op_type.ends_with("LayerNormalization") ||
               node.op_type == "RMSNormalization") &&
              (axis == -1 || axis == rank - 1);
    }
    if (apart && map_.axis + 1 < out.size()) return same_rows(in, out);
    stop("its statistics go across rows");
    return std::nullopt;
  }

  const Draft& draft_;
  const Plan& plan_;
  const Step& step_;
  std::optional<std::size_t> like_axis_;
  RowMap map_ = {};
  TensorId result_ = ir::kNoTensor;
  std::map<TensorId, Reach> needed_ = {};   ///< of tensors made in the step
  std::map<TensorId, Reach> outside_ = {};  ///< of tensors whose buffers it reads
};

}  // namespace

Reach compose(const Reach& outer, const Reach& inner) {
  return {outer.stride * inner.stride, outer.before * inner.stride + inner.before,
          outer.after * inner.stride + inner.after};
}

std::optional<Reach> hull(const Reach& a, const Reach& b) {
  if (a.stride != b.stride) return std::nullopt;
  return Reach{a.stride, std::min(a.before, b.before), std::max(a.after, b.after)};
}

RowMap map_rows(const Draft& draft, const Plan& plan, const Step& step,
                std::optional<std::size_t> like_axis) {
  return Mapper(draft, plan, step, like_axis).map();
}

}  // namespace roofline::plan
