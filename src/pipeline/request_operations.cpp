// Owns the operations of request files: the keys of each, and the ONNX operators that it is.
// Refuses to price them: they are models like any other.
#include "request_operations.hpp"

#include <array>
#include <utility>

namespace roofline {
namespace {

using data::YamlNode;
using ir::DType;
using Ints = std::vector<std::int64_t>;
using Names = std::vector<std::string>;
using Operation = RequestStage::Operation;

/// Operators one behind the other, from the input on; other operands have names.
class Chain {
 public:
  explicit Chain(const ir::TensorType& input) {
    sketch_.name = "operation";
    sketch_.opset = 18;  // Resize knows antialias
    add_input("x", input.dtype, *input.shape);
  }
  Chain& add_input(const std::string& name, DType dtype, const Ints& dims) {
    sketch_.inputs.push_back({name, dtype, dims});
    return *this;
  }
  Chain& add_ints(const std::string& name, const Ints& values) {
    sketch_.initializers.push_back({.name = name,
                                    .dtype = DType::kInt64,
                                    .dims = {static_cast<std::int64_t>(values.size())},
                                    .values = {values.begin(), values.end()}});
    return *this;
  }
  Chain& add_scalar(const std::string& name, DType dtype) {
    sketch_.initializers.push_back({.name = name, .dtype = dtype, .dims = {1}});
    return *this;
  }
  /// `operands` stand behind what the operator before made.
  Chain& then(const std::string& op, const Names& operands = {},
              std::vector<ir::Attribute> attributes = {}) {
    Names inputs = {last_};
    inputs.insert(inputs.end(), operands.begin(), operands.end());
    last_ = op + std::to_string(sketch_.nodes.size());
    return add_node(op, std::move(inputs), {last_}, std::move(attributes));
  }
  /// An operator beside the chain.
  Chain& add_node(const std::string& op, Names inputs, Names outputs,
                  std::vector<ir::Attribute> attributes = {}) {
    sketch_.nodes.push_back({.op_type = op,
                             .inputs = std::move(inputs),
                             .outputs = std::move(outputs),
                             .attributes = std::move(attributes)});
    return *this;
  }
  [[nodiscard]] onnx_io::ModelSketch end() { return end({last_}); }
  [[nodiscard]] onnx_io::ModelSketch end(const Names& outputs) {
    for (const std::string& name : outputs) sketch_.outputs.push_back({name, DType::kUndefined});
    return std::move(sketch_);
  }

 private:
  onnx_io::ModelSketch sketch_;
  std::string last_ = "x";
};

ir::Attribute axis_of(const YamlNode& node) {
  const YamlNode* axis = node.find("axis");
  return {"axis", axis != nullptr ? axis->integer() : -1};
}

std::int64_t size(const YamlNode& node) { return report::read_at_least(node, 1); }

Operation read_resize(const YamlNode& node) {
  node.allow_only(Names{"to", "mode", "antialias"});
  const Ints to = report::read_list<std::int64_t>(
      node.at("to", "sizes of every axis, as in [640, 640, 3]"), size);
  const YamlNode* mode = node.find("mode");
  const std::string how =
      mode != nullptr ? mode->one_of(Names{"nearest", "linear", "cubic"}) : "linear";
  const YamlNode* antialias = node.find("antialias");
  const std::int64_t filter = antialias != nullptr && antialias->boolean() ? 1 : 0;
  return {[=](const ir::TensorType& x) {
    return Chain(x)
        .add_ints("sizes", to)
        .then("Resize", {"", "", "sizes"}, {{"mode", how}, {"antialias", filter}})
        .end();
  }};
}

/// (x - mean) / deviation, as one multiplication and one addition.
Operation read_normalize(const YamlNode& node) {
  node.allow_only(Names{"dtype"});
  const YamlNode* given = node.find("dtype");
  const DType dtype = *ir::dtype_from_name(
      given != nullptr ? given->one_of(Names{"float32", "float16"}) : "float32");
  return {[=](const ir::TensorType& x) {
    Chain chain(x);
    if (x.dtype != dtype) chain.then("Cast", {}, {{"to", static_cast<std::int64_t>(dtype)}});
    chain.add_scalar("scale", dtype).add_scalar("offset", dtype);
    return chain.then("Mul", {"scale"}).then("Add", {"offset"}).end();
  }};
}

Operation read_layout(const YamlNode& node) {
  node.allow_only(Names{"order"});
  const Ints order = report::read_list<std::int64_t>(
      node.at("order", "axes of the input in their new order, as in [2, 0, 1]"),
      [](const YamlNode& item) { return report::read_at_least(item, 0); });
  return {[=](const ir::TensorType& x) {
    return Chain(x).then("Transpose", {}, {{"perm", order}}).end();
  }};
}

Operation read_cast(const YamlNode& node) {
  node.allow_only(Names{"to"});
  const auto to = static_cast<std::int64_t>(read_dtype(node.at("to", "as in float16")));
  return {[=](const ir::TensorType& x) { return Chain(x).then("Cast", {}, {{"to", to}}).end(); }};
}

Operation read_softmax(const YamlNode& node) {
  node.allow_only(Names{"axis"});
  return {[axis = axis_of(node)](const ir::TensorType& x) {
    return Chain(x).then("Softmax", {}, {axis}).end();
  }};
}

Operation read_argmax(const YamlNode& node) {
  node.allow_only(Names{"axis"});
  return {[axis = axis_of(node)](const ir::TensorType& x) {
    return Chain(x).then("ArgMax", {}, {axis, {"keepdims", std::int64_t{0}}}).end();
  }};
}

/// Values and their indices.
Operation read_topk(const YamlNode& node) {
  node.allow_only(Names{"k", "axis"});
  return {[k = size(node.at("k")), axis = axis_of(node)](const ir::TensorType& x) {
    return Chain(x)
        .add_ints("k", {k})
        .add_node("TopK", {"x", "k"}, {"values", "indices"}, {axis})
        .end({"values", "indices"});
  }};
}

/// Boxes as corners, a score for each box and class; at most `keep` boxes of each class stay.
Operation read_nms(const YamlNode& node) {
  node.allow_only(Names{"boxes", "classes", "keep"});
  const std::int64_t boxes = size(node.at("boxes", "how many pass the threshold of scores"));
  const YamlNode* given = node.find("classes");
  const std::int64_t classes = given != nullptr ? size(*given) : 1;
  const std::int64_t keep = size(node.at("keep", "the most boxes that stay of each class"));
  const ir::TensorType input{.dtype = DType::kFloat32, .shape = Ints{1, boxes, 4}};
  return {[=](const ir::TensorType&) {
            return Chain(input)
                .add_input("scores", DType::kFloat32, {1, classes, boxes})
                .add_ints("keep", {keep})
                .then("NonMaxSuppression", {"scores", "keep"})
                .end();
          },
          false};
}

/// Offsets to anchors become corners: Ren et al., Faster R-CNN, NeurIPS 2015, equation 2. Centre =
/// offset * size of the anchor + its centre, size = exp(offset) * size of the anchor.
Operation read_decode_boxes(const YamlNode& node) {
  node.allow_only(Names{"boxes"});
  const std::int64_t boxes = size(node.at("boxes"));
  const ir::TensorType input{.dtype = DType::kFloat32, .shape = Ints{boxes, 4}};
  return {[=](const ir::TensorType&) {
            const ir::Attribute last = {"axis", std::int64_t{-1}};
            return Chain(input)
                .add_input("centres", DType::kFloat32, {boxes, 2})
                .add_input("sizes", DType::kFloat32, {boxes, 2})
                .add_scalar("half", DType::kFloat32)
                .add_ints("halves", {2, 2})
                .add_node("Split", {"x", "halves"}, {"dxy", "dwh"}, {last})
                .add_node("Mul", {"dxy", "sizes"}, {"moved"})
                .add_node("Add", {"moved", "centres"}, {"centre"})
                .add_node("Exp", {"dwh"}, {"factor"})
                .add_node("Mul", {"factor", "sizes"}, {"size"})
                .add_node("Mul", {"size", "half"}, {"reach"})
                .add_node("Sub", {"centre", "reach"}, {"low"})
                .add_node("Add", {"centre", "reach"}, {"high"})
                .add_node("Concat", {"low", "high"}, {"corners"}, {last})
                .end({"corners"});
          },
          false};
}

constexpr std::array kKinds = {
    OperationKind{"resize", read_resize},
    OperationKind{"normalize", read_normalize},
    OperationKind{"layout", read_layout},
    OperationKind{"cast", read_cast},
    OperationKind{"softmax", read_softmax},
    OperationKind{"topk", read_topk},
    OperationKind{"argmax", read_argmax},
    OperationKind{"nms", read_nms},
    OperationKind{"decode_boxes", read_decode_boxes},
};

}  // namespace

ir::DType read_dtype(const YamlNode& node) {
  static const Names kNames = [] {
    Names names;
    for (int code = 1; code <= static_cast<int>(DType::kInt2); ++code) {
      const auto dtype = static_cast<DType>(code);
      if (ir::bits(dtype) > 0) names.emplace_back(ir::name(dtype));
    }
    return names;
  }();
  return *ir::dtype_from_name(node.one_of(kNames));
}

std::span<const OperationKind> operation_kinds() { return kKinds; }

}  // namespace roofline
