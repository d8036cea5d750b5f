// Before: images of one size. After: images of HxW. An image is a 4-D input (batch, channels,
// height, width) that reaches a convolution with its number of channels unchanged. Conditions:
// none; what the model fixes for the old size (a position embedding, the weights behind a Flatten,
// a Reshape) breaks: those nodes are refused, and reported as any broken node is. It does not
// model: images without a batch or with channels last; new weights for what breaks.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "edit.hpp"
#include "passes.hpp"
#include "roofline/base/text.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::transform {
namespace {

constexpr std::array kResolutionArguments = {
    ScenarioArgument{"", "SIZE|HxW", "of images, in pixels", false, true},
};
constexpr std::int64_t kMostPixels = 1 << 20;  // on a side

using ir::at;

std::array<std::int64_t, 2> read_size(const Scenario& scenario) {
  const std::vector<std::string_view> parts = split(*scenario.one(""), 'x');
  std::array<std::int64_t, 2> size{};
  for (std::size_t i = 0; i < size.size(); ++i) {
    const auto side = parse_int(parts[std::min(i, parts.size() - 1)]);
    if (parts.size() > 2 || !side || *side < 1 || *side > kMostPixels) {
      fail_scenario(scenario,
                    fmt::format("found '{}', expected a size as in 320 or 480x640 (height x width)",
                                printable(*scenario.one(""))));
    }
    size[i] = *side;
  }
  return size;
}

/// Operators behind which an image is still one.
bool keeps_image(const ops::OpSpec& spec) {
  switch (spec.cls) {
    case ops::OpClass::kElementwise:
    case ops::OpClass::kActivation:
    case ops::OpClass::kNormalization:
    case ops::OpClass::kPooling:
    case ops::OpClass::kResize:
    case ops::OpClass::kQuantize:
    case ops::OpClass::kMovement:
    case ops::OpClass::kView:
      return true;
    default:
      return false;
  }
}

/// Of what may be an image; -1 of what is none.
std::int64_t channels(const OwnNodes& own, ir::TensorId id) {
  const auto& shape = own.type(id).shape;
  return shape && shape->size() == 4 ? (*shape)[1] : -1;
}

/// An input that has the shape of images.
bool may_be_image(const OwnNodes& own, ir::TensorId id) {
  const auto& declared = own.graph().model->graph.tensors[at(id)].declared;
  if (!declared || declared->size() != 4 || channels(own, id) < 1) return false;
  const ir::Shape& shape = *own.type(id).shape;
  // A size that nobody gave counts as 1; one that the model fixes at 1 makes a vector.
  const bool is_open = !(*declared)[2].symbol.empty() || !(*declared)[3].symbol.empty();
  return is_open || shape[2] > 1 || shape[3] > 1;
}

/// Inputs that reach a convolution as images.
std::vector<ir::TensorId> find_images(const OwnNodes& own) {
  const ir::Graph& graph = own.graph().model->graph;
  std::vector<ir::TensorId> origin(graph.tensors.size(), ir::kNoTensor);
  for (const ir::TensorId id : graph.inputs) {
    if (may_be_image(own, id)) origin[at(id)] = id;
  }
  std::vector<bool> is_image(graph.tensors.size(), false);
  for (std::size_t n = 0; n < own.size(); ++n) {
    // Broken nodes count: of a size that nobody gave, convolutions find too little.
    const ops::OpSpec* spec =
        ops::find_op(own.nodes()[n].domain, own.nodes()[n].op_type, own.opset(n));
    if (!spec) continue;
    for (const ir::TensorId id : own.nodes()[n].inputs) {
      if (id == ir::kNoTensor || origin[at(id)] == ir::kNoTensor) continue;
      if (spec->cls == ops::OpClass::kConv) is_image[at(origin[at(id)])] = true;
      if (!keeps_image(*spec)) continue;
      for (const ir::TensorId result : own.nodes()[n].outputs) {
        if (result != ir::kNoTensor && channels(own, result) == channels(own, id)) {
          origin[at(result)] = origin[at(id)];
        }
      }
    }
  }
  std::vector<ir::TensorId> images;
  std::copy_if(graph.inputs.begin(), graph.inputs.end(), std::back_inserter(images),
               [&](ir::TensorId id) { return is_image[at(id)]; });
  return images;
}

/// Height and width in place of what the input declares, or of what its symbols stand for.
void set_size(const Scenario& scenario, ir::Tensor& input, const std::array<std::int64_t, 2>& size,
              infer::Bindings& bindings) {
  for (std::size_t i = 0; i < size.size(); ++i) {
    ir::Dim& dim = (*input.declared)[i + 2];
    if (dim.symbol.empty()) {
      dim.value = size[i];
    } else {
      const ir::Dim& other = (*input.declared)[3 - i];
      if (other.symbol == dim.symbol && size[0] != size[1]) {
        fail_scenario(scenario,
                      fmt::format("'{}' has one symbol, '{}', for height and width",
                                  printable(input.name), printable(dim.symbol)),
                      "give one size for both");
      }
      bindings.dims[dim.symbol] = size[i];
    }
    const auto shape = bindings.shapes.find(input.name);
    if (shape != bindings.shapes.end() && shape->second.size() == 4) shape->second[i + 2] = size[i];
  }
}

ir::Model apply_resolution(const infer::TypedGraph& graph, const Scenario& scenario,
                           infer::Bindings& bindings, Outcome& outcome) {
  const std::array<std::int64_t, 2> size = read_size(scenario);
  const OwnNodes own(graph);
  const std::vector<ir::TensorId> images = find_images(own);
  if (images.empty()) {
    fail_scenario(scenario,
                  "finds no image: no input of batch, channels, height and width reaches "
                  "a convolution",
                  "--shape sets the sizes of any input");
  }
  ir::Model model = forget_shapes(graph);
  for (const ir::TensorId id : images) {
    ir::Tensor& input = model.graph.tensors[at(id)];
    set_size(scenario, input, size, bindings);
    const ir::Shape& old = *own.type(id).shape;
    outcome.changed.push_back(
        {"", input.name, fmt::format("{}x{} -> {}x{} pixels", old[2], old[3], size[0], size[1])});
  }
  refuse_broken(own, infer::infer(model, bindings), outcome);
  return model;
}

}  // namespace

const Transform kResolution{
    {"resolution", "feed images of another size", kResolutionArguments, true}, apply_resolution};

}  // namespace roofline::transform
