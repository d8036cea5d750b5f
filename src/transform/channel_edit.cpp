// Owns what is written into a model whose channel counts change: dims of constants, groups of
// convolutions, and the sizes that Reshape, Expand, Resize, Split and Slice hold as numbers.
// Refuses numbers that are computed while the model runs: they follow, or inference finds out.
#include "channel_edit.hpp"

#include <algorithm>

#include "passes.hpp"

namespace roofline::transform {
namespace {

using Ints = std::vector<std::int64_t>;

using ir::at;

class ChannelEdit {
 public:
  explicit ChannelEdit(Channels& channels)
      : channels_(channels), own_(channels.own()), edit_(forget_shapes(own_.graph())) {}

  ir::Model run() && {
    for (std::size_t i = 0; i < own_.graph().model->graph.tensors.size(); ++i) {
      resize_constant(static_cast<ir::TensorId>(i));
    }
    for (std::size_t n = 0; n < own_.size(); ++n) {
      const ops::OpSpec* spec = own_.spec(n);
      if (!spec || !spec->domain.empty()) continue;
      if (spec->type == "Conv" || spec->type == "ConvTranspose") edit_groups(n);
      if (spec->type == "Reshape") edit_target(n, 1, "shape");
      if (spec->type == "Expand") edit_target(n, 1, "");
      if (spec->type == "Resize") edit_target(n, 3, "");
      if (spec->type == "Split") edit_split(n);
      if (spec->type == "Slice") edit_slice(n);
    }
    return std::move(edit_).finish();
  }

 private:
  /// New size of an axis; nothing where it stays.
  std::optional<std::int64_t> changed(ir::TensorId id, std::size_t a) {
    const std::vector<Axis>& axes = channels_.known_axes(id);
    if (a >= axes.size() || axes[a].empty()) return std::nullopt;
    const std::int64_t size = channels_.groups.new_size(axes[a]);
    return size == (*own_.type(id).shape)[a] ? std::nullopt : std::optional(size);
  }

  /// The constant of an initializer or a Constant node, to be changed.
  ir::Constant* constant(ir::TensorId id) {
    ir::Tensor& tensor = edit_.graph().tensors[at(id)];
    if (tensor.constant) return &*tensor.constant;
    if (tensor.producer == ir::kNoNode) return nullptr;
    ir::Node& node = edit_.node(at(tensor.producer));
    if (node.op_type != "Constant") return nullptr;
    for (ir::Attribute& attribute : node.attributes) {
      if (auto* value = std::get_if<ir::Constant>(&attribute.value)) return value;
    }
    return nullptr;
  }

  void set_dim(ir::Constant& constant, ir::TensorId id, std::size_t a, std::int64_t size) {
    constant.dims[a] = size;
    constant.value.reset();
    edit_.graph().tensors[at(id)].declared.reset();
  }

  void resize_constant(ir::TensorId id) {
    for (std::size_t a = 0; a < channels_.known_axes(id).size(); ++a) {
      const auto size = changed(id, a);
      if (!size) continue;
      if (ir::Constant* stored = constant(id)) set_dim(*stored, id, a, *size);
    }
  }

  void edit_groups(std::size_t n) {
    const ir::Node& node = own_.nodes()[n];
    const ir::Attribute* given = node.attribute("group");
    const auto* group = given ? std::get_if<std::int64_t>(&given->value) : nullptr;
    const ir::Shape* x = own_.input_shape(n, 0);
    if (!group || *group == 1 || !x || x->size() < 2) return;
    const auto channels = changed(node.inputs[0], 1);
    if (!channels) return;
    if (*group == (*x)[1]) return set_attribute(edit_.node(n), "group", *channels);
    if (ir::Constant* weights = constant(node.inputs[1])) {
      set_dim(*weights, node.inputs[1], 1, *channels / *group);
    }
  }

  /// Replaces a list of integers that the model stores; one that it computes stays.
  void set_ints(std::size_t n, std::size_t slot, std::string_view name, Ints values) {
    ir::Node& node = edit_.node(n);
    if (!name.empty() && node.attribute(name)) return set_attribute(node, name, std::move(values));
    const bool is_given = slot < node.inputs.size() && node.inputs[slot] != ir::kNoTensor;
    if (is_given && !own_.graph().is_constant[at(node.inputs[slot])]) return;
    const auto size = static_cast<std::int64_t>(values.size());
    const ir::DType dtype = is_given ? own_.type(node.inputs[slot]).dtype : ir::DType::kInt64;
    node.inputs.resize(std::max(node.inputs.size(), slot + 1), ir::kNoTensor);
    node.inputs[slot] =
        edit_.add_constant(ir::display_name(node, static_cast<ir::NodeId>(n)) + "/sizes", dtype,
                           {size}, std::move(values));
  }

  /// The numbers of an attribute or a known operand.
  std::optional<Ints> ints(std::size_t n, std::size_t slot, std::string_view name) {
    const ir::Node& node = own_.nodes()[n];
    const ir::Attribute* attribute = name.empty() ? nullptr : node.attribute(name);
    if (attribute) {
      const Ints* list = std::get_if<Ints>(&attribute->value);
      return list ? std::optional(*list) : std::nullopt;
    }
    const ir::TensorType* operand = own_.input(n, slot);
    const Ints* list = operand && operand->value ? ir::ints(*operand->value) : nullptr;
    return list && ir::is_known(*operand->value) ? std::optional(*list) : std::nullopt;
  }

  /// A list of the result's sizes, where 0, -1 and 1 follow by themselves.
  void edit_target(std::size_t n, std::size_t slot, std::string_view name) {
    const ir::TensorId result = own_.nodes()[n].outputs[0];
    auto target = ints(n, slot, name);
    if (!target || !own_.type(result).shape) return;
    const std::size_t rank = own_.type(result).shape->size();
    if (target->size() > rank) return;
    bool is_new = false;
    for (std::size_t i = 0; i < target->size(); ++i) {
      const auto size = changed(result, i + rank - target->size());
      if (!size || (*target)[i] <= 1) continue;
      (*target)[i] = *size;
      is_new = true;
    }
    if (is_new) set_ints(n, slot, name, std::move(*target));
  }

  void edit_split(std::size_t n) {
    Ints sizes;
    bool is_new = false;
    const ir::Node& node = own_.nodes()[n];
    const ir::Attribute* given = node.attribute("axis");
    const auto* axis = given ? std::get_if<std::int64_t>(&given->value) : nullptr;
    for (const ir::TensorId id : node.outputs) {
      const auto& shape = own_.type(id).shape;
      if (!shape) return;
      const std::size_t a = ops::normalize_axis(axis ? *axis : 0, shape->size());
      const auto size = changed(id, a);
      is_new = is_new || size;
      sizes.push_back(size.value_or((*shape)[a]));
    }
    if (!is_new) return;
    if (own_.opset(n) < 13) return set_attribute(edit_.node(n), "split", std::move(sizes));
    erase_attributes(edit_.node(n), {"num_outputs"});
    set_ints(n, 1, "", std::move(sizes));
  }

  /// Positions before and after: borders of a Slice lie between groups.
  std::int64_t moved(ir::TensorId id, std::size_t a, std::int64_t position) {
    std::int64_t before = 0;
    std::int64_t now = 0;
    for (const Run& run : channels_.groups.resolve(channels_.known_axes(id)[a])) {
      if (before >= position) break;
      before += channels_.groups.at(run.group).size * run.inner;
      now += channels_.groups.at(run.group).new_size * run.inner;
    }
    return now;
  }

  void edit_slice(std::size_t n) {
    const ir::TensorId from = own_.nodes()[n].inputs[0];
    auto starts = ints(n, 1, "starts");
    auto ends = ints(n, 2, "ends");
    const auto axes = ints(n, 3, "axes");
    if (!starts || !ends || !own_.type(from).shape || ends->size() != starts->size()) return;
    const ir::Shape& shape = *own_.type(from).shape;
    bool is_new = false;
    for (std::size_t i = 0; i < starts->size(); ++i) {
      const std::int64_t given =
          axes && i < axes->size() ? (*axes)[i] : static_cast<std::int64_t>(i);
      const std::size_t a = ops::normalize_axis(given, shape.size());
      if (!changed(from, a)) continue;
      for (Ints* border : {&*starts, &*ends}) {
        const std::int64_t b = (*border)[i];
        (*border)[i] =
            moved(from, a, std::clamp<std::int64_t>(b < 0 ? b + shape[a] : b, 0, shape[a]));
      }
      is_new = true;
    }
    if (!is_new) return;
    set_ints(n, 1, "starts", std::move(*starts));
    set_ints(n, 2, "ends", std::move(*ends));
  }

  Channels& channels_;
  const OwnNodes& own_;
  Edit edit_;
};

}  // namespace

ir::Model edit_channels(Channels& channels) { return ChannelEdit(channels).run(); }

}  // namespace roofline::transform
