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

using ir::at;

/// How many elements the sequences among the operands have, and whether all are of one type.
struct Elements {
  std::optional<std::int64_t> length = std::nullopt;
  bool uniform = true;

  void note(const TensorType& operand) {
    if (operand.kind != ir::ValueKind::kSequence || !operand.content) return;
    const std::optional<std::int64_t> size = operand.content->size();
    if (!size) return;
    length = std::min(length.value_or(*size), *size);
    if (!operand.content->each) return;
    const std::vector<TensorType>& each = *operand.content->each;
    uniform = uniform && std::all_of(each.begin(), each.end(),
                                     [&](const TensorType& t) { return equal(t, each.front()); });
  }
};

/// Element k of a sequence; what all elements share without k; any other operand itself.
TensorType element_of(const TensorType& operand, std::optional<std::size_t> k) {
  if (operand.kind != ir::ValueKind::kSequence) return operand;
  const auto& content = operand.content;
  if (!content) return {.dtype = operand.dtype};
  const bool is_known = content->each && k && *k < content->each->size();
  return is_known ? (*content->each)[*k] : content->common;
}

/// A result of the body over all runs, as a sequence.
struct MapResult {
  TensorType common = {};
  std::vector<TensorType> each = {};

  void add(const TensorType& element, std::size_t copies) {
    common = each.empty() ? element : ir::join(common, element);
    each.insert(each.end(), copies, element);
  }
  [[nodiscard]] TensorType sequence(std::optional<std::int64_t> length) const {
    ir::Content content{.common = common, .length = length};
    const auto known = static_cast<std::int64_t>(each.size());
    if (known == length && known <= ir::kMaxContentElements) content.each = each;
    return {.dtype = common.dtype,
            .kind = ir::ValueKind::kSequence,
            .content = std::make_shared<const ir::Content>(std::move(content))};
  }
};

}  // namespace

// --- SequenceMap
Expander::Ids Expander::run_sequence_map(Frame& frame, ir::NodeId slot) {
  const ir::Node node = graph_->nodes[at(slot)];
  const ir::Graph& body = graph_attribute(node, "body");
  Elements elements;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) elements.note(operand_type(node, i));
  std::vector<MapResult> results(body.outputs.size());
  const auto run = [&](const std::string& label, const Trips& trips, std::optional<std::size_t> k,
                       std::size_t copies) {
    std::vector<BodyInput> inputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      inputs.push_back({element_of(operand_type(node, i), k)});
    }
    const Body made = run_body(frame, slot, body, label, trips, inputs);
    for (std::size_t i = 0; i < made.results.size(); ++i) {
      results[i].add(made.results[i] == kNoTensor ? TensorType{} : type(made.results[i]), copies);
    }
  };
  // Elements that differ are few: a longer sequence does not describe each of them.
  const auto length = static_cast<std::size_t>(elements.length.value_or(0));
  if (!elements.uniform) {
    for (std::size_t k = 0; k < length; ++k) run(fmt::format("body[{}]", k), {}, k, 1);
  } else {
    Trips trips{.count = std::nullopt};
    if (elements.length) trips.count = Count(*elements.length);
    const auto most = static_cast<std::size_t>(ir::kMaxContentElements);
    run("body", trips, 0, std::min(length, most + 1));
    report_trips(slot, trips);
  }
  Ids ids;
  for (std::size_t i = 0; i < results.size(); ++i) {
    ids.push_back(new_result(frame, slot, i, results[i].sequence(elements.length)));
  }
  return ids;
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
