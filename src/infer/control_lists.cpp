// Owns operators that run a body for each element of a list: SequenceMap, and the generation of
// text. Refuses states: nothing that one run computes is an input of the next.
#include <fmt/format.h>

#include <algorithm>

#include "bind.hpp"
#include "expand.hpp"

namespace roofline::infer {
namespace {

using ir::kNoTensor;
using ir::TensorType;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

}  // namespace

// --- SequenceMap
Expander::Ids Expander::run_sequence_map(Frame& frame, ir::NodeId slot) {
  const ir::Node node = graph_->nodes[at(slot)];
  const ir::Graph& body = graph_attribute(node, "body");
  std::optional<std::size_t> length;
  bool uniform = true;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorType operand = operand_type(node, i);
    if (operand.kind != ir::ValueKind::kSequence || !operand.content || !operand.content->each) {
      continue;
    }
    const std::vector<TensorType>& each = *operand.content->each;
    length = std::min(length.value_or(each.size()), each.size());
    uniform = uniform && std::all_of(each.begin(), each.end(),
                                     [&](const TensorType& t) { return equal(t, each.front()); });
  }
  const auto inputs_of = [&](std::optional<std::size_t> k) {
    std::vector<BodyInput> inputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      TensorType operand = operand_type(node, i);
      if (operand.kind == ir::ValueKind::kSequence) {
        const auto content = operand.content;
        operand = !content ? TensorType{.dtype = operand.dtype}
                  : content->each && k && *k < content->each->size() ? (*content->each)[*k]
                                                                     : content->common;
      }
      inputs.push_back({std::move(operand)});
    }
    return inputs;
  };
  std::vector<std::vector<TensorType>> elements(body.outputs.size());
  std::vector<TensorType> common(body.outputs.size());
  const auto run = [&](const std::string& label, const Trips& trips, std::optional<std::size_t> k,
                       std::size_t copies) {
    const Body result = run_body(frame, slot, body, label, trips, inputs_of(k));
    for (std::size_t i = 0; i < result.results.size(); ++i) {
      const TensorType element =
          result.results[i] == kNoTensor ? TensorType{} : type(result.results[i]);
      common[i] = elements[i].empty() ? element : ir::join(common[i], element);
      elements[i].insert(elements[i].end(), copies, element);
    }
  };
  if (length && !uniform && *length <= static_cast<std::size_t>(kMostUnrolled)) {
    for (std::size_t k = 0; k < *length; ++k) run(fmt::format("body[{}]", k), {}, k, 1);
  } else {
    Trips trips{.count = std::nullopt};
    if (length) trips.count = Count(static_cast<std::int64_t>(*length));
    run("body", trips, uniform ? std::optional<std::size_t>(0) : std::nullopt,
        uniform ? length.value_or(0) : 0);
    report_trips(slot, trips);
  }
  Ids results;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    ir::Content content{.common = common[i]};
    if (length && elements[i].size() == *length) content.each = std::move(elements[i]);
    results.push_back(
        new_result(frame, slot, i,
                   {.dtype = common[i].dtype,
                    .kind = ir::ValueKind::kSequence,
                    .content = std::make_shared<const ir::Content>(std::move(content))}));
  }
  return results;
}

// --- generation
/// The decoder runs for each token up to max_length (operand 1), other graphs once. Their inputs
/// are what they declare: --shape gives what they leave open.
Expander::Ids Expander::run_generation(Frame& frame, ir::NodeId slot) {
  const ir::Node node = graph_->nodes[at(slot)];
  Trips tokens = given_trips(slot).value_or(Trips{.count = std::nullopt});
  const auto most = known_scalar(operand_type(node, 1));
  if (!tokens.given && most)
    tokens = {.count = Count(std::max<std::int64_t>(*most, 0)), .at_most = true};
  for (const ir::Attribute& attribute : node.attributes) {
    if (!std::holds_alternative<std::shared_ptr<const ir::Graph>>(attribute.value)) continue;
    const ir::Graph& body = graph_attribute(node, attribute.name);
    std::vector<BodyInput> inputs;
    for (const ir::TensorId input : body.inputs) {
      inputs.push_back({declared_type(body.tensors[at(input)], walk_.typed.dims)});
    }
    const bool is_decoder = attribute.name == "decoder";
    run_body(frame, slot, body, attribute.name, is_decoder ? tokens : Trips{}, inputs);
  }
  report_trips(slot, tokens);
  Ids results;
  for (const ir::TensorId local :
       frame.graph.nodes[at(walk_.typed.costs[at(slot)].index)].outputs) {
    results.push_back(local == kNoTensor ? kNoTensor : result_of(frame, local));
  }
  graph_->nodes[at(slot)].outputs = results;
  walk_.visit(slot, frame.opsets);
  graph_->nodes[at(slot)].outputs.clear();
  return results;
}

}  // namespace roofline::infer
