// Owns a graph of kernels while passes rewrite it: who writes and reads what, and in which order.
// Refuses to know any operator.
#include "rewrite.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace roofline::plan {
namespace {

using ir::TensorId;

}  // namespace

Rewrite::Rewrite(Draft& draft) : sizes(draft.graph), draft_(draft) {
  const ir::Graph& graph = draft.graph.graph();
  constant_.resize(graph.tensors.size());
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    constant_[t] = graph.tensors[t].constant.has_value();
  }
  grow();
  launches_.reserve(graph.nodes.size() + graph.nodes.size() / 4);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    // A node that breaks the specification, or that no table has, is none that rules are about.
    const bool known = draft.cost(static_cast<ir::NodeId>(n)).spec != nullptr;
    launches_.push_back({.op = known ? std::string_view(node.op_type) : std::string_view(),
                         .nodes = {static_cast<ir::NodeId>(n)},
                         .inputs = node.inputs,
                         .outputs = node.outputs});
    regions_.push_back(draft.graph.scope(static_cast<ir::NodeId>(n)).region);
    link(static_cast<LaunchId>(n));
  }
}

void Rewrite::grow() {
  const std::size_t tensors = sizes.count();
  const std::size_t before = root_.size();
  if (before == tensors) return;
  producers_.resize(tensors, kNoLaunch);
  readers_.resize(tensors);
  uses_.resize(tensors);
  constant_.resize(tensors);
  root_.resize(tensors);
  for (std::size_t t = before; t < tensors; ++t) root_[t] = static_cast<TensorId>(t);
}

bool Rewrite::is(LaunchId l, std::initializer_list<std::string_view> ops) const {
  return is_live(l) && std::find(ops.begin(), ops.end(), at(l).op) != ops.end();
}

const ir::Node* Rewrite::node(LaunchId l) const {
  return at(l).nodes.empty() ? nullptr : &draft_.node(at(l).nodes.front());
}

TensorId Rewrite::input(LaunchId l, std::size_t i) const {
  return i < at(l).inputs.size() ? at(l).inputs[i] : ir::kNoTensor;
}

int Rewrite::region(LaunchId l) const { return regions_[ir::at(l)]; }

LaunchId Rewrite::producer(TensorId t) const {
  return t == ir::kNoTensor ? kNoLaunch : producers_[ir::at(t)];
}

std::size_t Rewrite::uses(TensorId t) const { return t == ir::kNoTensor ? 0 : uses_[ir::at(t)]; }

bool Rewrite::is_current(const Use& use, TensorId t) const {
  const Launch& launch = at(use.launch);
  return launch.live && use.operand < launch.inputs.size() && launch.inputs[use.operand] == t;
}

const std::vector<Rewrite::Use>& Rewrite::current_uses(TensorId t) {
  auto& list = readers_[ir::at(t)];
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  std::erase_if(list, [&](const Use& use) { return !is_current(use, t); });
  return list;
}

std::vector<LaunchId> Rewrite::readers(TensorId t) {
  std::vector<LaunchId> launches;
  if (t == ir::kNoTensor) return launches;
  for (const Use& use : current_uses(t)) {
    if (launches.empty() || launches.back() != use.launch) launches.push_back(use.launch);
  }
  return launches;
}

bool Rewrite::is_wanted(TensorId t) const {
  return t != ir::kNoTensor && ir::at(t) < draft_.kept.size() && draft_.kept[ir::at(t)];
}

LaunchId Rewrite::sole_reader(TensorId t) {
  if (t == ir::kNoTensor || uses_[ir::at(t)] != 1 || is_wanted(t)) return kNoLaunch;
  auto& list = readers_[ir::at(t)];
  // Entries are stale at most once: each is looked at until it is dropped.
  while (!list.empty() && !is_current(list.back(), t)) list.pop_back();
  return list.empty() ? kNoLaunch : list.back().launch;
}

LaunchId Rewrite::next(LaunchId l, std::initializer_list<std::string_view> ops) {
  if (at(l).outputs.empty()) return kNoLaunch;
  const LaunchId reader = sole_reader(at(l).outputs[0]);
  return is(reader, ops) && same_region(reader, l) ? reader : kNoLaunch;
}

LaunchId Rewrite::previous(LaunchId l, std::size_t i,
                           std::initializer_list<std::string_view> ops) const {
  const LaunchId from = producer(input(l, i));
  return is(from, ops) && same_region(from, l) ? from : kNoLaunch;
}

TensorId Rewrite::other_input(LaunchId l, TensorId t) const {
  const auto& inputs = at(l).inputs;
  if (inputs.size() < 2) return ir::kNoTensor;
  return inputs[0] == t ? inputs[1] : inputs[0];
}

bool Rewrite::is_constant(TensorId t) const { return t != ir::kNoTensor && constant_[ir::at(t)]; }

void Rewrite::set_constant(TensorId t) {
  if (t != ir::kNoTensor) constant_[ir::at(t)] = true;
}

std::optional<double> Rewrite::number(TensorId t) const {
  if (!is_constant(t)) return std::nullopt;
  const ir::SmallValue* value = sizes.value(t);
  if (value == nullptr || ir::size(*value) != 1) return std::nullopt;
  if (const auto* list = ir::ints(*value)) return static_cast<double>(list->front());
  return std::get<std::vector<double>>(*value).front();
}

const std::vector<std::int64_t>* Rewrite::integers(TensorId t) const {
  if (!is_constant(t)) return nullptr;
  const ir::SmallValue* value = sizes.value(t);
  return value == nullptr ? nullptr : ir::ints(*value);
}

ir::DType Rewrite::dtype(TensorId t) const {
  return t == ir::kNoTensor ? ir::DType::kUndefined : draft_.type(sizes.origin(t)).dtype;
}

TensorId Rewrite::root(TensorId t) const {
  while (root_[ir::at(t)] != t) t = root_[ir::at(t)];
  return t;
}

void Rewrite::set_root(TensorId t, TensorId to) {
  const TensorId own = sizes.origin(t);
  const TensorId end = root(sizes.origin(to));
  if (end != own) root_[ir::at(own)] = end;
}

void Rewrite::add_use(TensorId t, LaunchId l, std::size_t operand) {
  if (t == ir::kNoTensor || constant_[ir::at(t)]) return;
  ++uses_[ir::at(t)];
  readers_[ir::at(t)].push_back({.launch = l, .operand = static_cast<std::uint32_t>(operand)});
}

void Rewrite::drop_use(TensorId t) {
  if (t == ir::kNoTensor || constant_[ir::at(t)]) return;
  if (uses_[ir::at(t)] > 0) --uses_[ir::at(t)];
}

void Rewrite::link(LaunchId l) {
  for (std::size_t i = 0; i < at(l).inputs.size(); ++i) add_use(at(l).inputs[i], l, i);
  for (const TensorId t : at(l).outputs) {
    if (t != ir::kNoTensor) producers_[ir::at(t)] = l;
  }
  order_valid_ = false;
}

void Rewrite::unlink(LaunchId l) {
  for (const TensorId t : at(l).inputs) drop_use(t);
  for (const TensorId t : at(l).outputs) {
    if (t != ir::kNoTensor && producers_[ir::at(t)] == l) producers_[ir::at(t)] = kNoLaunch;
  }
  order_valid_ = false;
  modified_ = true;
}

std::int64_t Rewrite::axis(LaunchId l, std::int64_t otherwise) const {
  return at(l).axis ? *at(l).axis : integer_attribute(node(l), "axis", otherwise);
}

std::vector<std::int64_t> Rewrite::reduced_axes(LaunchId l) const {
  if (!at(l).axes.empty()) return at(l).axes;
  const auto rank = sizes.rank(input(l, 0));
  const auto* list =
      input(l, 1) == ir::kNoTensor ? integers_attribute(node(l), "axes") : integers(input(l, 1));
  if (!rank || list == nullptr) return {};
  std::vector<std::int64_t> axes = *list;
  for (std::int64_t& axis : axes) axis += axis < 0 ? static_cast<std::int64_t>(*rank) : 0;
  const auto is_axis = [&](std::int64_t a) {
    return a >= 0 && a < static_cast<std::int64_t>(*rank);
  };
  return std::all_of(axes.begin(), axes.end(), is_axis) ? axes : std::vector<std::int64_t>{};
}

std::string Rewrite::name(LaunchId l) const {
  if (at(l).nodes.empty()) return std::string(at(l).op);
  return draft_.name(at(l).nodes.front());
}

void Rewrite::explain(LaunchId l, std::string reason) {
  if (at(l).nodes.empty()) return;
  auto& reasons = draft_.reasons[ir::at(at(l).nodes.front())];
  if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
    reasons.push_back(std::move(reason));
  }
}

void Rewrite::fuse(const std::vector<LaunchId>& members, std::string_view op,
                   std::vector<TensorId> operands, std::vector<TensorId> results) {
  const LaunchId lead = members.front();
  const std::string into = name(lead);
  std::vector<ir::NodeId> nodes = at(lead).nodes;
  for (const LaunchId l : members) {
    unlink(l);
    if (l == lead) continue;
    explain(l, fmt::format("fused {} into {}", at(l).op, into));
    nodes.insert(nodes.end(), at(l).nodes.begin(), at(l).nodes.end());
    at(l).live = false;
    at(l).nodes.clear();
  }
  if (nodes.size() > 2) std::sort(nodes.begin() + 1, nodes.end());
  Launch& launch = at(lead);
  launch.nodes = std::move(nodes);
  launch.op = op;
  launch.inputs = std::move(operands);
  launch.outputs = std::move(results);
  link(lead);
}

bool Rewrite::eliminate(LaunchId l, std::size_t i, std::string_view why) {
  const TensorId from = output(l);
  const TensorId to = input(l, i);
  if (to == ir::kNoTensor) return false;
  const LaunchId source = producer(to);
  if (is_wanted(from)) {
    // The producer then writes the output itself: nobody else may know its result.
    if (!draft_.graph.storage.empty() || is_wanted(to) || source == kNoLaunch || uses(to) != 1) {
      return false;
    }
    remove(l, std::string(why));
    auto& outputs = at(source).outputs;
    std::replace(outputs.begin(), outputs.end(), to, from);
    producers_[ir::at(to)] = kNoLaunch;
    producers_[ir::at(from)] = source;
    set_root(to, from);
    return true;
  }
  remove(l, std::string(why));
  replace_uses(from, to);
  set_root(from, to);
  return true;
}

void Rewrite::remove(LaunchId l, const std::string& why) {
  for (const ir::NodeId n : at(l).nodes) {
    if (!why.empty()) draft_.reasons[ir::at(n)].push_back(why);
    draft_.host[ir::at(n)] = true;
  }
  unlink(l);
  at(l).live = false;
}

void Rewrite::remove_unread(LaunchId first, const std::string& why) {
  std::vector<LaunchId> unread = {first};
  while (!unread.empty()) {
    const LaunchId l = unread.back();
    unread.pop_back();
    if (!is_live(l)) continue;
    const auto& results = at(l).outputs;
    if (std::any_of(results.begin(), results.end(),
                    [&](TensorId t) { return uses(t) > 0 || is_wanted(t); })) {
      continue;
    }
    const std::vector<TensorId> operands = at(l).inputs;
    remove(l, why);
    for (const TensorId t : operands) {
      if (producer(t) != kNoLaunch) unread.push_back(producer(t));
    }
  }
}

LaunchId Rewrite::insert(Launch launch, LaunchId beside) {
  const Launch& near = at(beside);
  launch.beside =
      near.nodes.empty() ? near.beside : *std::max_element(near.nodes.begin(), near.nodes.end());
  regions_.push_back(region(beside));
  launches_.push_back(std::move(launch));
  const LaunchId l = count() - 1;
  link(l);
  modified_ = true;
  return l;
}

void Rewrite::set_input(LaunchId l, std::size_t i, TensorId t) {
  drop_use(at(l).inputs[i]);
  at(l).inputs[i] = t;
  add_use(t, l, i);
  order_valid_ = false;
  modified_ = true;
}

void Rewrite::set_inputs(LaunchId l, std::vector<TensorId> inputs) {
  for (const TensorId t : at(l).inputs) drop_use(t);
  at(l).inputs = std::move(inputs);
  for (std::size_t i = 0; i < at(l).inputs.size(); ++i) add_use(at(l).inputs[i], l, i);
  order_valid_ = false;
  modified_ = true;
}

void Rewrite::set_output(LaunchId l, std::size_t i, TensorId t) {
  const TensorId before = at(l).outputs[i];
  if (before != ir::kNoTensor && producers_[ir::at(before)] == l) {
    producers_[ir::at(before)] = kNoLaunch;
  }
  at(l).outputs[i] = t;
  producers_[ir::at(t)] = l;
  order_valid_ = false;
  modified_ = true;
}

void Rewrite::replace_uses(TensorId from, TensorId to) {
  for (const Use& use : std::vector<Use>(current_uses(from))) {
    set_input(use.launch, use.operand, to);
  }
}

const std::vector<LaunchId>& Rewrite::order() {
  if (order_valid_) return order_;
  order_.clear();
  // Depth first along operands, in the order of the launches: producers come before readers.
  std::vector<char> state(launches_.size());
  std::vector<std::pair<LaunchId, std::size_t>> path;
  for (LaunchId first = 0; first < count(); ++first) {
    if (!at(first).live || state[ir::at(first)] != 0) continue;
    path.emplace_back(first, 0);
    state[ir::at(first)] = 1;
    while (!path.empty()) {
      auto& [l, operand] = path.back();
      if (operand == at(l).inputs.size()) {
        order_.push_back(l);
        path.pop_back();
        continue;
      }
      const LaunchId source = producer(at(l).inputs[operand++]);
      if (source == kNoLaunch || state[ir::at(source)] != 0 || !at(source).live) continue;
      state[ir::at(source)] = 1;
      path.emplace_back(source, 0);
    }
  }
  order_valid_ = true;
  return order_;
}

std::int64_t integer_attribute(const ir::Node* node, std::string_view name,
                               std::int64_t otherwise) {
  const ir::Attribute* a = node == nullptr ? nullptr : node->attribute(name);
  const auto* value = a == nullptr ? nullptr : std::get_if<std::int64_t>(&a->value);
  return value == nullptr ? otherwise : *value;
}

const std::vector<std::int64_t>* integers_attribute(const ir::Node* node, std::string_view name) {
  const ir::Attribute* a = node == nullptr ? nullptr : node->attribute(name);
  return a == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(&a->value);
}

std::string_view text_attribute(const ir::Node* node, std::string_view name,
                                std::string_view otherwise) {
  const ir::Attribute* a = node == nullptr ? nullptr : node->attribute(name);
  const auto* value = a == nullptr ? nullptr : std::get_if<std::string>(&a->value);
  return value == nullptr ? otherwise : std::string_view(*value);
}

std::optional<double> number_attribute(const ir::Node* node, std::string_view name) {
  const ir::Attribute* a = node == nullptr ? nullptr : node->attribute(name);
  const auto* value = a == nullptr ? nullptr : std::get_if<double>(&a->value);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

}  // namespace roofline::plan
