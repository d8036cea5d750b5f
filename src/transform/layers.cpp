// Owns what scenarios that rewrite single layers ask of them: their sizes, and whether their
// weights are theirs alone.
// Refuses to change anything.
#include "layers.hpp"

#include <algorithm>

namespace roofline::transform {
namespace {

using ir::at;

}  // namespace

std::optional<ConvSizes> conv_sizes(const OwnNodes& own, std::size_t n) {
  const ops::OpSpec* spec = own.spec(n);
  if (!spec || spec->type != "Conv" || !spec->domain.empty()) return std::nullopt;
  const ir::Shape* x = own.input_shape(n, 0);
  const ir::Shape* w = own.input_shape(n, 1);
  const ir::Shape* y = own.result_shape(n);
  if (!x || !w || !y || w->size() < 3 || x->size() != w->size() || y->size() != w->size()) {
    return std::nullopt;
  }
  for (const ir::Shape* shape : {x, w, y}) {
    if (std::any_of(shape->begin(), shape->end(), [](auto size) { return size < 1; })) {
      return std::nullopt;
    }
  }
  ConvSizes sizes{.in = (*x)[1], .out = (*w)[0], .kernel = ir::Shape(w->begin() + 2, w->end())};
  sizes.group = sizes.in / (*w)[1];
  sizes.taps = ir::element_count(sizes.kernel)->value();
  sizes.input_positions = ir::element_count(*x)->value() / sizes.in;
  sizes.output_positions = ir::element_count(*y)->value() / sizes.out;
  return sizes;
}

Layers::Layers(const OwnNodes& own, const infer::Selection& selection)
    : own_(own), selection_(selection), uses_(own.graph().model->graph.tensors.size(), 0) {
  for (const ir::Node& node : own.nodes()) {
    for (const ir::TensorId id : node.inputs) {
      if (id != ir::kNoTensor) ++uses_[at(id)];
    }
  }
  for (const ir::TensorId id : own.graph().model->graph.outputs) ++uses_[at(id)];
  own.each_captured([&](ir::TensorId id) { ++uses_[at(id)]; });
}

std::vector<std::size_t> Layers::picked(const Scenario& scenario, bool with_products) const {
  std::vector<std::size_t> layers;
  for (std::size_t n = 0; n < own_.size(); ++n) {
    const ops::OpSpec* spec = own_.spec(n);
    if (!spec || !selection_.has(own_.walked(n))) continue;
    const bool is_product = with_products && spec->cls == ops::OpClass::kMatmul;
    if (spec->cls != ops::OpClass::kConv && !is_product) continue;
    const std::vector<ir::TensorId>& inputs = own_.nodes()[n].inputs;
    if (inputs.size() < 2 || inputs[1] == ir::kNoTensor) continue;
    if (own_.graph().is_constant[at(inputs[1])]) layers.push_back(n);
  }
  if (layers.empty()) {
    fail_scenario(scenario,
                  with_products ? "finds no convolution or matrix product with constant weights"
                                : "finds no convolution with constant weights",
                  "it is about nodes of the model's own graph, not of functions or loops");
  }
  return layers;
}

ir::NodeId Layers::mover(ir::TensorId id) const {
  const ir::NodeId producer = own_.graph().model->graph.tensors[at(id)].producer;
  if (producer == ir::kNoNode || uses(id) != 1) return ir::kNoNode;
  const ops::OpSpec* spec = own_.spec(at(producer));
  const ir::Node& node = own_.nodes()[at(producer)];
  if (!spec || node.inputs.empty() || node.inputs[0] == ir::kNoTensor) return ir::kNoNode;
  const bool moves = spec->cls == ops::OpClass::kView || node.op_type == "Transpose";
  return moves ? producer : ir::kNoNode;
}

std::string Layers::obstacle(std::size_t n) const {
  ir::TensorId id = own_.nodes()[n].inputs[1];
  while (mover(id) != ir::kNoNode) id = own_.nodes()[at(mover(id))].inputs[0];
  if (uses(id) > 1) return "its weights serve other nodes as well";
  if (!own_.is_stored(id)) return "its weights are computed from others";
  if (!ir::is_float(own_.type(id).dtype)) return "its weights are integers";
  return {};
}

void Layers::remove_weights(std::size_t n, Edit& edit) const {
  ir::TensorId id = own_.nodes()[n].inputs[1];
  for (ir::NodeId m = mover(id); m != ir::kNoNode; m = mover(id)) {
    edit.remove(at(m));
    id = own_.nodes()[at(m)].inputs[0];
  }
}

}  // namespace roofline::transform
