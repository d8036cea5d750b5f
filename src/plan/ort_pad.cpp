// Before: Pad writes a bordered copy that convolutions or average pools read. After: they make the
// border themselves. Conditions: a border of constant zeros on the axes behind the channels; every
// reader is a Conv, or an AveragePool that counts its border or has none, without automatic
// padding. It does not model: MaxPool behind a border of the lowest number.
#include <algorithm>

#include "onnxruntime.hpp"

namespace roofline::plan::ort {
namespace {

using ir::TensorId;

bool makes_border(const Rewrite& graph, LaunchId reader, TensorId padded) {
  const ir::Node* node = graph.node(reader);
  if (!graph.is(reader, {"Conv", "AveragePool"}) || node == nullptr ||
      graph.input(reader, 0) != padded || text_attribute(node, "auto_pad", "NOTSET") != "NOTSET") {
    return false;
  }
  if (graph.at(reader).op == "Conv" || integer_attribute(node, "count_include_pad", 0) == 1) {
    return true;
  }
  // Without a border of its own, an average can as well count the one it takes over.
  const auto* pads = integers_attribute(node, "pads");
  return pads == nullptr ||
         std::all_of(pads->begin(), pads->end(), [](auto pad) { return pad == 0; });
}

bool is_border_of_zeros(const Rewrite& graph, LaunchId l) {
  const ir::Node* node = graph.node(l);
  if (text_attribute(node, "mode", "constant") != "constant") return false;
  const bool as_inputs = graph.at(l).inputs.size() > 1;
  const auto* pads =
      as_inputs ? graph.integers(graph.input(l, 1)) : integers_attribute(node, "pads");
  if (pads == nullptr || pads->size() < 6 || pads->size() % 2 != 0) return false;
  if (graph.input(l, 3) != ir::kNoTensor) return false;
  const TensorId value = graph.input(l, 2);
  if (value != ir::kNoTensor && graph.number(value) != 0.0) return false;
  if (!as_inputs && number_attribute(node, "value").value_or(0) != 0) return false;
  const std::size_t axes = pads->size() / 2;
  for (std::size_t i = 0; i < pads->size(); ++i) {
    if ((*pads)[i] < 0 || (i % axes < 2 && (*pads)[i] != 0)) return false;
  }
  return true;
}

}  // namespace

void absorb_padding(Rewrite& graph) {
  for (LaunchId l = 0; l < graph.count(); ++l) {
    if (!graph.is(l, {"Pad"}) || graph.at(l).nodes.size() != 1 || !is_border_of_zeros(graph, l)) {
      continue;
    }
    const TensorId padded = graph.output(l);
    if (graph.is_wanted(padded)) continue;
    const std::vector<LaunchId> readers = graph.readers(padded);
    const bool all = std::all_of(readers.begin(), readers.end(), [&](LaunchId reader) {
      return makes_border(graph, reader, padded) && graph.same_region(reader, l);
    });
    if (!readers.empty() && all) {
      graph.eliminate(l, 0, "absorbed: the kernel behind it pads by itself");
    }
  }
}

}  // namespace roofline::plan::ort
