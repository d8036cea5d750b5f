// Owns the laying out of a model as one graph that runs: plain nodes and calls of functions.
// Refuses functions that call themselves, and models that unfold to more than memory should hold.
#include "expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "bind.hpp"
#include "roofline/base/text.hpp"
#include "roofline/ops/registry.hpp"

namespace roofline::infer {
namespace {

using ir::kNoTensor;

constexpr std::size_t kMostBytes = std::size_t{56} << 20U;  // a report on them takes thrice that
constexpr std::size_t kMostVisits = 1'000'000;
constexpr int kMostDepth = 48;
constexpr std::size_t kLongestPrefix = 200;  // then scopes are called by their ids

using ir::at;

std::string function_key(const std::string& domain, const std::string& name,
                         const std::string& overload) {
  return fmt::format("{}:{}:{}", domain, name, overload);
}

bool has_graph(const ir::Node& node) {
  return std::any_of(node.attributes.begin(), node.attributes.end(), [](const ir::Attribute& a) {
    return std::holds_alternative<std::shared_ptr<const ir::Graph>>(a.value);
  });
}

/// Bytes that a copy of an attribute's value takes beyond its own size.
struct PayloadSize {
  template <class T>
  std::size_t operator()(const T& /*held in place, or shared*/) const {
    return 0;
  }
  template <class T>
  std::size_t operator()(const std::vector<T>& list) const {
    return list.size() * sizeof(T);
  }
  std::size_t operator()(const std::string& text) const { return text.size(); }
  std::size_t operator()(const std::vector<std::string>& list) const {
    return std::accumulate(list.begin(), list.end(), list.size() * sizeof(std::string),
                           [](std::size_t sum, const std::string& s) { return sum + s.size(); });
  }
  std::size_t operator()(const ir::Constant& constant) const {
    return sizeof(std::int64_t) *
           (constant.dims.size() + (constant.value ? ir::size(*constant.value) : 0));
  }
};

std::size_t size_of(const ir::Attribute& attribute) {
  return sizeof(attribute) + attribute.name.size() + std::visit(PayloadSize{}, attribute.value);
}

}  // namespace

bool needs_expansion(const ir::Model& model) {
  return !model.functions.empty() ||
         std::any_of(model.graph.nodes.begin(), model.graph.nodes.end(), has_graph);
}

TypedGraph expand(const ir::Model& model, const Bindings& bindings) {
  return Expander(model, bindings).run();
}

Expander::Expander(const ir::Model& model, const Bindings& bindings)
    : model_(model),
      bindings_(bindings),
      graph_(std::make_shared<ir::Graph>()),
      walk_(model, bindings, *graph_) {
  for (const ir::Function& f : model.functions) {
    functions_.emplace(function_key(f.domain, f.name, f.overload), &f);
  }
}

TypedGraph Expander::run() {
  // The model's own tensors keep their ids.
  graph_->name = model_.graph.name;
  graph_->tensors = model_.graph.tensors;
  graph_->inputs = model_.graph.inputs;
  graph_->outputs = model_.graph.outputs;
  walk_.resize();
  TypedGraph& typed = walk_.typed;
  typed.storage.resize(graph_->tensors.size());
  std::iota(typed.storage.begin(), typed.storage.end(), 0);
  bind_inputs(bindings_, typed);
  Frame frame{.graph = model_.graph, .opsets = model_.opsets, .ids = typed.storage};
  for (std::size_t i = 0; i < graph_->tensors.size(); ++i) {
    ir::Tensor& tensor = graph_->tensors[i];
    typed.is_constant[i] = walk_.declares_constant[i] = tensor.constant.has_value();
    tensor.producer = ir::kNoNode;
    typed.names.emplace_back(tensor.name, static_cast<ir::TensorId>(i));
  }
  run_nodes(frame);
  walk_.count_weights();
  typed.expanded = graph_;
  check_pins(bindings_, typed);
  for (const auto& [name, count] : bindings_.trip_counts) {
    if (loops_.contains(name)) continue;
    const std::vector<std::string> loops(loops_.begin(), loops_.end());
    const std::string near = did_you_mean_hint(name, loops);
    throw Error(ExitCode::kUsage,
                {.severity = Severity::kError,
                 .code = "unknown-loop",
                 .message = fmt::format("--trip-count names '{}', which is no loop of the model",
                                        printable(name)),
                 .hint = near.empty() && !loops.empty() ? "loops: " + join(loops, ", ") : near,
                 .location = model_.path});
  }
  return std::move(typed);
}

Expander::Mark Expander::mark() const {
  return {graph_->tensors.size(),    graph_->nodes.size(),           walk_.typed.names.size(),
          walk_.typed.scopes.size(), walk_.typed.diagnostics.size(), bytes_};
}

void Expander::take_back(const Mark& mark) {
  graph_->tensors.resize(mark.tensors);
  graph_->nodes.resize(mark.nodes);
  walk_.resize();
  walk_.typed.storage.resize(mark.tensors);
  walk_.typed.names.resize(mark.names);
  walk_.typed.scopes.resize(mark.scopes);
  walk_.typed.diagnostics.resize(mark.diagnostics);
  bytes_ = mark.bytes;
  std::erase_if(constants_, [&](const auto& entry) { return at(entry.second) >= mark.tensors; });
}

void Expander::run_nodes(Frame& frame) {
  for (std::size_t n = 0; n < frame.graph.nodes.size(); ++n) {
    run_node(frame, static_cast<ir::NodeId>(n));
  }
}

void Expander::run_node(Frame& frame, ir::NodeId n) {
  ++visits_;
  ir::Node node = resolve(frame, frame.graph.nodes[at(n)]);
  if (!functions_.empty()) {
    const auto found = functions_.find(function_key(node.domain, node.op_type, node.overload));
    if (found != functions_.end()) return call(frame, n, node, *found->second);
  }
  if (const Handler handler = handler_of(node)) {
    return run_control(frame, n, std::move(node), handler);
  }
  run_leaf(frame, n, std::move(node));
}

/// The node with the values that a function's call gives to its attributes; those that the call
/// leaves open are absent.
ir::Node Expander::resolve(const Frame& frame, const ir::Node& node) const {
  ir::Node resolved = node;
  if (!frame.arguments) return resolved;
  std::erase_if(resolved.attributes, [&](ir::Attribute& attribute) {
    if (attribute.ref.empty()) return false;
    const auto given =
        std::find_if(frame.arguments->begin(), frame.arguments->end(),
                     [&](const ir::Attribute& a) { return a.name == attribute.ref; });
    if (given == frame.arguments->end()) return true;
    attribute.value = given->value;
    attribute.ref.clear();
    return false;
  });
  return resolved;
}

/// Adds a node with its operands, without results.
ir::NodeId Expander::append_node(Frame& frame, ir::NodeId n, ir::Node node) {
  const auto id = static_cast<ir::NodeId>(graph_->nodes.size());
  for (ir::TensorId& operand : node.inputs) {
    if (operand != kNoTensor) operand = frame.ids[at(operand)];
  }
  node.outputs.clear();
  graph_->nodes.push_back(std::move(node));
  walk_.resize();
  walk_.typed.costs[at(id)].scope = frame.scope;
  walk_.typed.costs[at(id)].index = n;
  return id;
}

void Expander::run_leaf(Frame& frame, ir::NodeId n, ir::Node node) {
  const Ids& locals = frame.graph.nodes[at(n)].outputs;
  const ir::NodeId id = append_node(frame, n, std::move(node));
  Ids results;
  for (const ir::TensorId local : locals) {
    results.push_back(local == kNoTensor ? kNoTensor : result_of(frame, local));
    if (results.back() != kNoTensor) graph_->tensors[at(results.back())].producer = id;
  }
  graph_->nodes[at(id)].outputs = results;
  walk_.visit(id, frame.opsets);
  if (frame.scope == 0) return;
  // A Constant node that runs at several places stores its tensor once.
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i] == kNoTensor || !walk_.declares_constant[at(results[i])]) continue;
    const auto [first, is_new] = constants_.emplace(std::pair(&frame.graph, locals[i]), results[i]);
    if (!is_new) share(results[i], first->second);
  }
}

void Expander::call(Frame& frame, ir::NodeId n, const ir::Node& node,
                    const ir::Function& function) {
  const ir::Graph& body = *function.body;
  std::string why = refusal(frame, body, &function);
  if (why.empty() && node.inputs.size() > body.inputs.size()) {
    why = fmt::format("function '{}' takes {} inputs, the call gives {}", printable(function.name),
                      body.inputs.size(), node.inputs.size());
  }
  if (!why.empty()) {
    run_leaf(frame, n, node);
    const auto leaf = static_cast<ir::NodeId>(graph_->nodes.size()) - 1;
    return walk_.add(Severity::kError, "bad-function", why, "export the model again", leaf);
  }
  std::vector<ir::Attribute> arguments = node.attributes;
  arguments.insert(arguments.end(), function.attribute_defaults.begin(),
                   function.attribute_defaults.end());
  Frame inner{.graph = body,
              .caller = &frame,
              .function = &function,
              .arguments = &arguments,
              .opsets = function.opsets,
              .scope = add_scope(frame, n, node, "", {}, true),
              .ids = Ids(body.tensors.size(), kNoTensor)};
  const auto name = [&](ir::TensorId local, ir::TensorId id) {
    inner.ids[at(local)] = id;
    walk_.typed.names.emplace_back(
        walk_.typed.scopes[at(inner.scope)].name + body.tensors[at(local)].name, id);
  };
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoTensor || frame.ids[at(node.inputs[i])] == kNoTensor) continue;
    name(body.inputs[i], frame.ids[at(node.inputs[i])]);
  }
  // What a node of the body produces for the caller is the caller's tensor.
  Ids results(std::min(node.outputs.size(), body.outputs.size()), kNoTensor);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ir::TensorId local = body.outputs[i];
    if (node.outputs[i] == kNoTensor || inner.ids[at(local)] != kNoTensor ||
        body.tensors[at(local)].producer == ir::kNoNode) {
      continue;
    }
    name(local, result_of(frame, node.outputs[i]));
  }
  bind_constants_and_captures(inner);
  run_nodes(inner);
  for (std::size_t i = 0; i < results.size(); ++i) results[i] = inner.ids[at(body.outputs[i])];
  finish_results(frame, node.outputs, results);
}

/// Why a body cannot be laid out here; empty when it can.
std::string Expander::refusal(const Frame& frame, const ir::Graph& body,
                              const ir::Function* function) {
  int depth = 0;
  for (const Frame* f = &frame; f; f = f->caller, ++depth) {
    if (function && f->function == function) {
      return fmt::format("function '{}' calls itself", printable(function->name));
    }
  }
  if (depth > kMostDepth) {
    return fmt::format("functions and subgraphs are nested more than {} deep", kMostDepth);
  }
  bytes_ += graph_size(body);
  if (bytes_ <= kMostBytes && visits_ <= kMostVisits) return {};
  return "the functions and subgraphs of this model unfold to more nodes than can be held";
}

/// A new tensor of the executed graph for a tensor of the frame's graph.
ir::TensorId Expander::append_tensor(const Frame& frame, ir::TensorId local) {
  const auto id = static_cast<ir::TensorId>(graph_->tensors.size());
  ir::Tensor tensor = frame.graph.tensors[at(local)];
  tensor.name.insert(0, walk_.typed.scopes[at(frame.scope)].name);
  tensor.producer = ir::kNoNode;
  tensor.is_input = tensor.is_output = tensor.is_outer = false;
  walk_.typed.names.emplace_back(tensor.name, id);
  graph_->tensors.push_back(std::move(tensor));
  walk_.resize();
  walk_.typed.storage.push_back(id);
  return id;
}

/// The tensor that a node's result becomes: the caller's, if it waits for one.
ir::TensorId Expander::result_of(Frame& frame, ir::TensorId local) {
  ir::TensorId& id = frame.ids[at(local)];
  if (id == kNoTensor) id = append_tensor(frame, local);
  return id;
}

void Expander::bind_constants_and_captures(Frame& frame) {
  for (std::size_t i = 0; i < frame.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = frame.graph.tensors[i];
    if (tensor.is_outer) frame.ids[i] = captured(frame, tensor.name);
    if (!tensor.constant) continue;
    const auto local = static_cast<ir::TensorId>(i);
    const auto known = constants_.find({&frame.graph, local});
    if (known != constants_.end()) {
      frame.ids[i] = known->second;
      continue;
    }
    const ir::TensorId id = frame.ids[i] = append_tensor(frame, local);
    constants_.emplace(std::pair(&frame.graph, local), id);
    walk_.typed.types[at(id)] = {.dtype = tensor.constant->dtype,
                                 .shape = tensor.constant->dims,
                                 .value = tensor.constant->value};
    walk_.typed.is_constant[at(id)] = walk_.declares_constant[at(id)] = true;
  }
}

ir::TensorId Expander::captured(const Frame& frame, const std::string& name) {
  for (const Frame* f = frame.outer; f; f = f->outer) {
    auto [names, is_new] = names_.try_emplace(&f->graph);
    if (is_new) {
      for (std::size_t i = 0; i < f->graph.tensors.size(); ++i) {
        names->second.emplace(f->graph.tensors[i].name, static_cast<ir::TensorId>(i));
      }
    }
    const auto found = names->second.find(name);
    if (found != names->second.end()) return f->ids[at(found->second)];
  }
  return kNoTensor;
}

std::int32_t Expander::add_scope(const Frame& frame, ir::NodeId n, const ir::Node& node,
                                 const std::string& label, const Trips& trips, bool same_region) {
  std::vector<Scope>& scopes = walk_.typed.scopes;
  const Scope& outer = scopes[at(frame.scope)];
  const auto id = static_cast<std::int32_t>(scopes.size());
  Scope scope;
  const std::string tail = label.empty() ? "/" : fmt::format("/{}/", label);
  scope.id = fmt::format("{}{}{}", outer.id, n, tail);
  scope.name = outer.name + ir::display_name(node, n) + tail;
  if (scope.name.size() > kLongestPrefix) scope.name = scope.id;
  if (outer.repeat && trips.count) {
    scope.repeat = *outer.repeat * *trips.count;
  } else {
    scope.repeat.reset();
  }
  scope.at_most = outer.at_most || trips.at_most;
  scope.region = same_region ? outer.region : id;
  scopes.push_back(std::move(scope));
  return id;
}

/// Gives a node's results the types of what its body made of them.
void Expander::finish_results(Frame& frame, const Ids& local, const Ids& results) {
  for (std::size_t i = 0; i < local.size(); ++i) {
    if (local[i] == kNoTensor) continue;
    const ir::TensorId id = result_of(frame, local[i]);
    ir::TensorType type = walk_.typed.types[at(id)];
    if (i < results.size() && results[i] != kNoTensor && results[i] != id) {
      type = walk_.typed.types[at(results[i])];
      walk_.typed.is_constant[at(id)] = walk_.typed.is_constant[at(results[i])];
      walk_.declares_constant[at(id)] = walk_.declares_constant[at(results[i])];
      share(id, results[i]);
    }
    const ir::Tensor& tensor = graph_->tensors[at(id)];
    walk_.complete(tensor, tensor.name, static_cast<ir::NodeId>(graph_->nodes.size()) - 1, type);
    walk_.typed.types[at(id)] = std::move(type);
  }
}

/// Lets tensor `id` share the memory of `source`, unless that shares its own already.
void Expander::share(ir::TensorId id, ir::TensorId source) {
  std::vector<ir::TensorId>& storage = walk_.typed.storage;
  ir::TensorId root = source;
  while (storage[at(root)] != root) root = storage[at(root)];
  if (storage[at(id)] == id && root != id) storage[at(id)] = root;
}

std::size_t Expander::graph_size(const ir::Graph& graph) {
  const auto [known, is_new] = sizes_.try_emplace(&graph, 0);
  if (!is_new) return known->second;
  std::size_t size = sizeof(Scope);
  for (const ir::Node& node : graph.nodes) {
    size += sizeof(ir::Node) + sizeof(NodeCost) + node.name.size() + node.op_type.size() +
            sizeof(ir::TensorId) * (node.inputs.size() + node.outputs.size());
    for (const ir::Attribute& attribute : node.attributes) size += size_of(attribute);
  }
  for (const ir::Tensor& tensor : graph.tensors) {
    size += sizeof(ir::Tensor) + sizeof(ir::TensorType) + 2 * tensor.name.size();
  }
  return known->second = size;
}

}  // namespace roofline::infer
